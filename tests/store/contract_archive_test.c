/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "store/git_backend.h"
#include "tests/store/contract.h"
#include "tests/store/contract_liar.h"
#include "tests/support/home.h"
#include "tests/support/scribe.h"

#define SEEDS 6
#define STEPS 50

/* The linker sends these calls of ours (the libraries' own not) here: see tests/CMakeLists.txt. */
int __real_fsync(int descriptor);
int __wrap_fsync(int descriptor);
int __real_fdatasync(int descriptor);
int __wrap_fdatasync(int descriptor);
int __real_syncfs(int descriptor);
int __wrap_syncfs(int descriptor);
ssize_t __real_write(int descriptor, const void *at, size_t len);
ssize_t __wrap_write(int descriptor, const void *at, size_t len);
ssize_t __real_pwrite(int descriptor, const void *at, size_t len, off_t offset);
ssize_t __wrap_pwrite(int descriptor, const void *at, size_t len, off_t offset);
enum err __real_git_backend_move(struct git_backend *git, const char *ref, const struct sha1 *from,
                                 const struct sha1 *to);
enum err __wrap_git_backend_move(struct git_backend *git, const char *ref, const struct sha1 *from,
                                 const struct sha1 *to);

static uint64_t syncs_left, writes_left, moves_left; /* Until one fails; 0: none does. */
static bool moves_yet;                               /* The move that fails was made nevertheless. */

static bool fails(uint64_t *left, int error)
{
    if (*left == 0 || --*left > 0)
        return false;
    errno = error;
    return true;
}

int __wrap_fsync(int descriptor)
{
    return fails(&syncs_left, EIO) ? -1 : __real_fsync(descriptor);
}

int __wrap_fdatasync(int descriptor)
{
    return fails(&syncs_left, EIO) ? -1 : __real_fdatasync(descriptor);
}

int __wrap_syncfs(int descriptor)
{
    return fails(&syncs_left, EIO) ? -1 : __real_syncfs(descriptor);
}

ssize_t __wrap_write(int descriptor, const void *at, size_t len)
{
    return fails(&writes_left, ENOSPC) ? -1 : __real_write(descriptor, at, len);
}

ssize_t __wrap_pwrite(int descriptor, const void *at, size_t len, off_t offset)
{
    return fails(&writes_left, ENOSPC) ? -1 : __real_pwrite(descriptor, at, len, offset);
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
    assert_true(sum.full > SEEDS && sum.crashes > SEEDS); /* Torn are none but by chance: what is not much is one record. */
}

static void archive_that_breaks_the_contract_is_reported(void **state)
{
    (void)state;
    const char *unnoticed = contract_liar_unnoticed(&archive);

    if (unnoticed)
        fail_msg("an archive that %s", unnoticed);
}

/* ---- a log that forks ---- */

#define TREE 8

/* 1 2 3 of one log; another 2 and 3; after that 2 one more 3; another 1; and after the first 3 a 4. */
static void make_tree(const struct id *network, struct scribe_item made[TREE])
{
    static const int parents[TREE] = {-1, 0, 1, 0, 3, 3, -1, 2};
    struct scribe at[TREE], first;
    char text[16];

    scribe_begin(&first, network, 1, ROLE_COORDINATOR);
    for (int i = 0; i < TREE; i++) {
        at[i] = parents[i] < 0 ? first : at[parents[i]];
        at[i].seed = (uint64_t)i + 1; /* Another salt. */
        snprintf(text, sizeof text, "text %d", i);
        scribe_publish(&at[i], bytes_text(text), &made[i]);
    }
}

static void assert_whole(const struct store *s, const struct scribe_item made[TREE])
{
    struct archive_report report;
    struct frontier *tips = frontier_new();

    assert_int_equal(archive_verify(s->archive, NULL, NULL, &report), ERR_OK);
    assert_int_equal(report.bad, 0);
    assert_int_equal(report.entries, TREE);
    assert_int_equal(report.contents, TREE);
    assert_int_equal(archive_load_frontier(s->archive, tips), ERR_OK);
    assert_int_equal(frontier_count(tips), 4);
    for (size_t i = 0; i < TREE; i++) {
        struct buffer packed = BUFFER(LIMIT_CONTENT);

        assert_int_equal(archive_read_content_of(s->archive, &made[i].item.head.entry, &packed), ERR_OK);
        assert_true(bytes_equal(buffer_bytes(&packed), made[i].item.content));
        buffer_free(&packed);
    }
    frontier_free(tips);
}

/* What is there after a crash is a tree whose refs are all tips, and the same items make it whole. */
static void assert_mended(struct store *s, const struct item items[TREE], const struct scribe_item made[TREE])
{
    struct archive_report report;
    struct frontier *tips = frontier_new();

    assert_int_equal(archive_verify(s->archive, NULL, NULL, &report), ERR_OK);
    assert_int_equal(report.bad, 0);
    assert_int_equal(archive_load_frontier(s->archive, tips), ERR_OK);
    for (size_t i = 0; i < TREE; i++)
        if (frontier_tip(tips, &made[i].item.head.log, &made[i].item.head.entry))
            for (size_t j = 0; j < TREE; j++) /* None of them leads on from a tip. */
                assert_false(id_equal(&made[j].item.prev, &made[i].item.head.entry) &&
                             archive_find_head(s->archive, &made[j].item.head.log, made[j].item.head.seq,
                                               id_bytes(&made[j].item.head.entry), &(struct head){0}) == ERR_OK);
    frontier_free(tips);
    assert_int_equal(archive_append(s->archive, items, TREE), ERR_OK);
    assert_whole(s, made);
    reopen(s);
    assert_whole(s, made);
}

/* Whichever ref is the last to be moved, each branch in one batch with the one that it hangs from. */
static void tree_of_branches_survives_a_crash_between_any_two_refs(void **state)
{
    static const size_t orders[2][TREE] = {{0, 1, 2, 3, 4, 5, 6, 7}, {6, 0, 3, 5, 1, 4, 2, 7}};
    struct id network = id_hash(ID_NETWORK, bytes_text("a charter"));
    struct scribe_item made[TREE];
    unsigned crashes = 0;

    (void)state;
    make_tree(&network, made);
    for (size_t order = 0; order < 2; order++)
        for (uint64_t at = 1; at <= 9; at++) {
            struct store *s = create(&network);
            struct item items[TREE];

            for (size_t i = 0; i < TREE; i++)
                items[i] = made[orders[order][i]].item;
            moves_left = at;
            moves_yet = at % 2;
            enum err err = archive_append(s->archive, items, TREE);
            moves_left = 0;
            assert_int_equal(err, at <= 8 ? ERR_IO : ERR_OK);
            crashes += err == ERR_IO;
            reopen(s);
            assert_mended(s, items, made);
            destroy(s);
        }
    assert_int_equal(crashes, 16);
    for (size_t i = 0; i < TREE; i++)
        scribe_item_free(&made[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(archive_keeps_to_the_contract),
        cmocka_unit_test(tree_of_branches_survives_a_crash_between_any_two_refs),
        cmocka_unit_test(archive_that_breaks_the_contract_is_reported),
    };

    return cmocka_run_group_tests_name("contract.archive", tests, NULL, NULL);
}
