/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/git_backend.h"
#include "tests/store/contract.h"
#include "tests/store/contract_liar.h"
#include "tests/support/home.h"

#define SEEDS 6
#define STEPS 50

/* The linker sends these calls of ours (the libraries' own not) here: see tests/CMakeLists.txt. */
int __real_fsync(int descriptor);
int __wrap_fsync(int descriptor);
ssize_t __real_write(int descriptor, const void *at, size_t len);
ssize_t __wrap_write(int descriptor, const void *at, size_t len);
enum err __real_git_backend_move(struct git_backend *git, const char *ref, const struct sha1 *from,
                                 const struct sha1 *to);
enum err __wrap_git_backend_move(struct git_backend *git, const char *ref, const struct sha1 *from,
                                 const struct sha1 *to);

static uint64_t syncs_left, writes_left, moves_left; /* Until one fails; 0: none does. */
static bool moves_yet;                               /* The move that fails was made nevertheless. */

int __wrap_fsync(int descriptor)
{
    if (syncs_left > 0 && --syncs_left == 0) {
        errno = EIO;
        return -1;
    }
    return __real_fsync(descriptor);
}

ssize_t __wrap_write(int descriptor, const void *at, size_t len)
{
    if (writes_left > 0 && --writes_left == 0) {
        errno = ENOSPC;
        return -1;
    }
    return __real_write(descriptor, at, len);
}

enum err __wrap_git_backend_move(struct git_backend *git, const char *ref, const struct sha1 *from,
                                 const struct sha1 *to)
{
    bool fails = moves_left > 0 && --moves_left == 0;
    enum err err = fails && !moves_yet ? ERR_OK : __real_git_backend_move(git, ref, from, to);

    return fails ? ERR_IO : err;
}

struct store {
    struct home home;
    char path[160];
    struct archive *archive;
};

static void open_archive(struct store *s)
{
    enum err err = archive_open(s->path, ARCHIVE_WRITE, &s->archive);

    if (err)
        fail_msg("open: %s: %s", err_text(err), archive_open_reason());
}

static void *create(const struct id *network)
{
    struct store *s = calloc(1, sizeof *s);

    assert_non_null(s);
    s->home = home_make();
    snprintf(s->path, sizeof s->path, "%s/home", s->home.path);
    assert_int_equal(archive_create(s->path, network), ERR_OK);
    open_archive(s);
    return s;
}

static void destroy(void *store)
{
    struct store *s = store;

    archive_close(s->archive);
    home_remove(&s->home);
    free(s);
}

static void reopen(void *store)
{
    struct store *s = store;

    archive_close(s->archive);
    open_archive(s);
}

static enum err append(void *store, const struct item items[], size_t count)
{
    struct store *s = store;

    return archive_append(s->archive, items, count);
}

/* A write fails for lack of room, a sync fails, or a ref does not move.  What is left then is what a crash leaves. */
static enum err append_badly(void *store, const struct item items[], size_t count, struct random *r)
{
    struct store *s = store;
    uint64_t kind = random_below(r, 4);

    if (kind == 0)
        writes_left = random_between(r, 1, 2);
    else if (kind == 1)
        syncs_left = random_between(r, 1, 4);
    else
        moves_left = random_between(r, 1, count > 1 ? 6 : 2);
    moves_yet = random_chance(r, 500);
    enum err err = archive_append(s->archive, items, count);
    writes_left = syncs_left = moves_left = 0;
    if (err == ERR_IO) {
        assert_int_equal(archive_append(s->archive, items, count), ERR_IO);
        reopen(s);
    }
    return err;
}

static enum err read_entry(void *store, const struct id *log, uint64_t seq, struct buffer *wire)
{
    struct store *s = store;

    return archive_read_entry(s->archive, log, seq, wire);
}

static enum err read_content(void *store, const struct id *log, uint64_t seq, struct buffer *packed)
{
    struct store *s = store;

    return archive_read_content(s->archive, log, seq, packed);
}

static enum err load_frontier(void *store, struct frontier *frontier)
{
    struct store *s = store;

    return archive_load_frontier(s->archive, frontier);
}

struct telling {
    struct archive *archive;
    contract_missing_fn *each;
    void *context;
};

static enum err tell_missing(void *context, const struct id *entry, const struct id *content)
{
    const struct telling *t = context;
    struct id log;
    uint64_t seq;
    enum err err = archive_find(t->archive, entry, &log, &seq);

    return err ? err : t->each(t->context, &log, seq, content);
}

static enum err load_missing(void *store, contract_missing_fn *each, void *context)
{
    struct store *s = store;

    return archive_load_missing(s->archive, tell_missing, &(struct telling){s->archive, each, context});
}

static const struct contract_store archive = {create,     destroy,      reopen,        append,      append_badly,
                                              read_entry, read_content, load_frontier, load_missing};

static void archive_keeps_to_the_contract(void **state)
{
    struct contract_report report, sum = {0};

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        if (!contract_run(&archive, seed, STEPS, &report))
            fail_msg("seed %llu, %s", (unsigned long long)seed, report.fault);
        sum.steps += report.steps;
        sum.full += report.full;
        sum.crashes += report.crashes;
        sum.torn += report.torn;
        sum.entries += report.entries;
        sum.contents += report.contents;
    }
    print_message("%u steps, %u full, %u crashes (%u torn); %llu entries, %llu contents\n", sum.steps, sum.full,
                  sum.crashes, sum.torn, (unsigned long long)sum.entries, (unsigned long long)sum.contents);
    assert_true(sum.full > SEEDS && sum.crashes > SEEDS && sum.torn > 0);
}

static void archive_that_breaks_the_contract_is_reported(void **state)
{
    (void)state;
    const char *unnoticed = contract_liar_unnoticed(&archive);

    if (unnoticed)
        fail_msg("an archive that %s", unnoticed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(archive_keeps_to_the_contract),
        cmocka_unit_test(archive_that_breaks_the_contract_is_reported),
    };

    return cmocka_run_group_tests_name("contract.archive", tests, NULL, NULL);
}
