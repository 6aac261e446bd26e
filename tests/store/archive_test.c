/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/files.h"
#include "store/index.h"
#include "tests/support/home.h"
#include "tests/support/scribe.h"

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

static struct {
    unsigned syncs, fail_sync_at, writes, fail_write_at;
    int write_error;
} system_calls;

static bool fails(unsigned number, unsigned fail_at, int error)
{
    errno = number == fail_at ? error : errno;
    return number == fail_at;
}

int __wrap_fsync(int descriptor)
{
    return fails(++system_calls.syncs, system_calls.fail_sync_at, EIO) ? -1 : __real_fsync(descriptor);
}

int __wrap_fdatasync(int descriptor)
{
    return fails(++system_calls.syncs, system_calls.fail_sync_at, EIO) ? -1 : __real_fdatasync(descriptor);
}

int __wrap_syncfs(int descriptor)
{
    return fails(++system_calls.syncs, system_calls.fail_sync_at, EIO) ? -1 : __real_syncfs(descriptor);
}

ssize_t __wrap_write(int descriptor, const void *at, size_t len)
{
    return fails(++system_calls.writes, system_calls.fail_write_at, system_calls.write_error)
               ? -1
               : __real_write(descriptor, at, len);
}

ssize_t __wrap_pwrite(int descriptor, const void *at, size_t len, off_t offset)
{
    return fails(++system_calls.writes, system_calls.fail_write_at, system_calls.write_error)
               ? -1
               : __real_pwrite(descriptor, at, len, offset);
}

struct world {
    struct home directory;
    char home[160];
    struct id network;
    struct archive *a;
    struct scribe scribe;
};

static void open_archive(struct world *w)
{
    enum err err = archive_open(w->home, ARCHIVE_WRITE, &w->a);

    if (err)
        fail_msg("open: %s: %s", err_text(err), archive_open_reason());
}

static void close_archive(struct world *w)
{
    archive_close(w->a);
    w->a = NULL;
}

static void reopen(struct world *w)
{
    close_archive(w);
    open_archive(w);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    memset(&system_calls, 0, sizeof system_calls);
    w->directory = home_make();
    snprintf(w->home, sizeof w->home, "%s/home", w->directory.path);
    w->network = id_hash(ID_NETWORK, bytes_text("a charter"));
    assert_int_equal(archive_create(w->home, &w->network), ERR_OK);
    open_archive(w);
    scribe_begin(&w->scribe, &w->network, 1, ROLE_COORDINATOR);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    memset(&system_calls, 0, sizeof system_calls);
    archive_close(w->a);
    home_remove(&w->directory);
    free(w);
    return 0;
}

static const char *in_git(const struct world *w, const char *name)
{
    static char path[4][512];
    static unsigned next;
    char *at = path[next++ % 4];

    snprintf(at, sizeof path[0], "%s/archive.git/%s", w->home, name);
    return at;
}

static bool git_is_content(const struct world *w)
{
    return home_run("git -C %s/archive.git fsck --full --strict", w->home) == 0;
}

static void publish(struct scribe *s, const char *text, struct scribe_item *made)
{
    scribe_publish(s, bytes_text(text), made);
}

static void append(struct world *w, const struct item *item)
{
    enum err err = archive_append(w->a, item, 1);

    if (err)
        fail_msg("append: %s: %s", err_text(err), archive_reason(w->a));
}

/* Publishes and appends one text, then lets go of it. */
static void append_text(struct world *w, struct scribe *s, const char *text)
{
    struct scribe_item made;

    publish(s, text, &made);
    append(w, &made.item);
    scribe_item_free(&made);
}

static void assert_has(struct archive *a, const struct scribe_item *made, bool with_content)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY), packed = BUFFER(LIMIT_BUNDLE);
    const struct head *head = &made->item.head;
    struct id log;
    uint64_t seq = 0;

    assert_int_equal(archive_read_entry(a, &head->log, head->seq, &wire), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&wire), made->item.entry));
    assert_int_equal(archive_find(a, &head->entry, &log, &seq), ERR_OK);
    assert_true(id_equal(&log, &head->log) && seq == head->seq);
    enum err err = archive_read_content(a, &head->log, head->seq, &packed);
    assert_int_equal(err, with_content ? ERR_OK : ERR_MISSING);
    if (with_content)
        assert_true(bytes_equal(buffer_bytes(&packed), made->item.content));
    buffer_free(&wire);
    buffer_free(&packed);
}

static uint64_t head_of(struct archive *a, const struct id *log)
{
    struct frontier *f = frontier_new();

    assert_int_equal(archive_load_frontier(a, f), ERR_OK);
    const struct head *head = frontier_find(f, log);
    uint64_t seq = head ? head->seq : 0;
    frontier_free(f);
    return seq;
}

struct damages {
    struct archive_damage last;
    unsigned count;
};

static void note_damage(void *context, const struct archive_damage *damage)
{
    struct damages *d = context;

    d->last = *damage;
    d->count++;
}

static struct archive_report verify(struct archive *a, struct damages *damages)
{
    struct archive_report report;
    struct damages none = {0};

    if (!damages)
        damages = &none;
    damages->count = 0;
    assert_int_equal(archive_verify(a, note_damage, damages, &report), ERR_OK);
    assert_int_equal(report.bad, damages->count);
    if (damages == &none && none.count > 0)
        fail_msg("damage: %s: %s", none.last.what, none.last.detail);
    return report;
}

/* ---- making and opening ---- */

static void archive_is_made_once(void **state)
{
    struct world *w = *state;
    uint64_t store_id = archive_store_id(w->a);

    assert_int_equal(archive_create(w->home, &w->network), ERR_EXISTS);
    reopen(w);
    assert_int_equal(archive_store_id(w->a), store_id);
    assert_int_not_equal(store_id, 0);
    struct id network = archive_network(w->a);
    assert_true(id_equal(&network, &w->network));
    assert_int_equal(archive_charter(w->a).len, 0);
    assert_true(git_is_content(w));
}

static void missing_archive_is_told(void **state)
{
    struct world *w = *state;
    struct archive *a;

    assert_int_equal(archive_open(w->directory.path, ARCHIVE_READ, &a), ERR_MISSING);
    assert_null(a);
    assert_true(strlen(archive_open_reason()) > 0);
}

static void half_made_archive_is_made_anew(void **state)
{
    struct world *w = *state;
    char home[512];

    snprintf(home, sizeof home, "%s/other", w->directory.path);
    assert_int_equal(home_run("mkdir -p %s/archive.git.new/objects && echo x > %s/network", home, home), 0);
    assert_int_equal(archive_create(home, &w->network), ERR_OK);
}

static void charter_must_be_that_of_the_network(void **state)
{
    struct world *w = *state;

    assert_int_equal(archive_set_charter(w->a, bytes_text("another charter")), ERR_NETWORK);
    assert_int_equal(archive_charter(w->a).len, 0);
    assert_int_equal(archive_set_charter(w->a, bytes_text("a charter")), ERR_OK);
    assert_int_equal(archive_set_charter(w->a, bytes_text("a charter")), ERR_OK);
    reopen(w);
    assert_true(bytes_equal(archive_charter(w->a), bytes_text("a charter")));
    assert_true(git_is_content(w));
}

/* What a restored clone has: the repository and nothing else. */
static void charter_tells_the_network_of_a_restored_archive(void **state)
{
    struct world *w = *state;
    uint64_t store_id = archive_store_id(w->a);
    struct scribe_item made;

    assert_int_equal(archive_set_charter(w->a, bytes_text("a charter")), ERR_OK);
    publish(&w->scribe, "text", &made);
    append(w, &made.item);
    close_archive(w);
    assert_int_equal(
        home_run("cd %s && git clone -q --mirror archive.git clone.git && rm -rf archive.git network store_id "
                 "index.sqlite* && mv clone.git archive.git",
                 w->home),
        0);
    open_archive(w);
    struct id network = archive_network(w->a);
    assert_true(id_equal(&network, &w->network));
    assert_int_not_equal(archive_store_id(w->a), store_id);
    assert_has(w->a, &made, true);
    scribe_item_free(&made);
    append_text(w, &w->scribe, "after the restore");
    assert_int_equal(verify(w->a, NULL).entries, 2);
    assert_true(git_is_content(w));
}

/* ---- appending ---- */

static void appended_entry_is_read_back_the_same(void **state)
{
    struct world *w = *state;
    struct scribe_item made[2];

    publish(&w->scribe, "שלום", &made[0]);
    append(w, &made[0].item);
    scribe_approve(&w->scribe, &made[1]);
    append(w, &made[1].item);
    assert_has(w->a, &made[0], true);
    assert_has(w->a, &made[1], false);
    reopen(w);
    assert_has(w->a, &made[0], true);
    assert_int_equal(head_of(w->a, &w->scribe.key.public), 2);
    assert_true(git_is_content(w));
    scribe_item_free(&made[0]);
    scribe_item_free(&made[1]);
}

/* What the journal was told outlives the loss of all that was done by it, of the index too. */
static void little_is_durable_by_the_journal(void **state)
{
    struct world *w = *state;
    struct scribe_item made[3];

    close_archive(w);
    open_archive(w);
    assert_int_equal(home_run("cp -a %s %s/before", w->home, w->directory.path), 0);
    for (size_t i = 0; i < 3; i++) {
        publish(&w->scribe, "a text", &made[i]);
        append(w, &made[i].item);
    }
    assert_int_equal(home_run("cp %s/archive.git/journal %s/before/archive.git/", w->home, w->directory.path), 0);
    close_archive(w);
    assert_int_equal(home_run("rm -r %s && mv %s/before %s", w->home, w->directory.path, w->home), 0);
    open_archive(w);
    for (size_t i = 0; i < 3; i++) {
        assert_has(w->a, &made[i], true);
        scribe_item_free(&made[i]);
    }
    assert_int_equal(head_of(w->a, &w->scribe.key.public), 3);
    assert_int_equal(verify(w->a, NULL).contents, 3);
    assert_true(git_is_content(w));
}

static void batch_becomes_one_pack(void **state)
{
    struct world *w = *state;
    struct scribe other;
    struct scribe_item made[30];
    struct item items[30];

    scribe_begin(&other, &w->network, 2, ROLE_STEWARD);
    for (size_t i = 0; i < 30; i++) {
        publish(i % 3 ? &w->scribe : &other, "a text", &made[i]);
        items[i] = made[i].item;
    }
    assert_int_equal(archive_append(w->a, items, 30), ERR_OK);
    assert_int_equal(home_run("test $(ls %s/archive.git/objects/pack/*.pack | wc -l) = 1", w->home), 0);
    reopen(w);
    for (size_t i = 0; i < 30; i++) {
        assert_has(w->a, &made[i], true);
        scribe_item_free(&made[i]);
    }
    assert_int_equal(verify(w->a, NULL).contents, 30);
    assert_true(git_is_content(w));
    assert_int_equal(home_run("git clone --mirror %s/archive.git %s/clone.git && git -C %s/clone.git fsck --strict",
                              w->home, w->home, w->home),
                     0);
}

/* How many documents the index lists, and how many of them by the title in their text. */
struct listed {
    size_t all, titled;
};

static enum err count_listed(void *context, const struct index_revision *revision)
{
    struct listed *listed = context;

    listed->all++;
    listed->titled += bytes_equal(revision->title, bytes_text("Minutes"));
    return ERR_OK;
}

static struct listed list_documents(const struct world *w)
{
    const struct index_filter all = {.limit = 1000};
    struct listed listed = {.all = 0};
    struct index *index;
    char path[FILES_PATH_SIZE];

    assert_int_equal(files_join(path, w->home, "index.sqlite"), ERR_OK);
    assert_int_equal(index_open(path, false, &index, NULL), ERR_OK);
    assert_int_equal(index_each_document(index, &all, count_listed, &listed), ERR_OK);
    index_close(index);
    return listed;
}

static void texts_of_a_large_batch_are_read_behind_it(void **state)
{
    enum { COUNT = 40 };
    struct world *w = *state;
    struct scribe_item made[COUNT];
    struct item items[COUNT];
    bool more = true;

    archive_read_later(w->a, 32);
    append_text(w, &w->scribe, "# Minutes\n");
    assert_int_equal(archive_unread(w->a), 0); /* One document is there at once. */
    for (size_t i = 0; i < COUNT; i++) {
        publish(&w->scribe, "# Minutes\n", &made[i]);
        items[i] = made[i].item;
    }
    assert_true(archive_index_is_flushed(w->a));
    assert_int_equal(archive_append(w->a, items, COUNT), ERR_OK);
    assert_int_equal(archive_unread(w->a), COUNT);
    assert_false(archive_index_is_flushed(w->a));
    assert_int_equal(list_documents(w).all, 1); /* Others wait for more of it. */
    assert_int_equal(archive_flush_index(w->a), ERR_OK);
    assert_true(archive_index_is_flushed(w->a));
    assert_int_equal(list_documents(w).all, COUNT + 1);
    assert_int_equal(list_documents(w).titled, 1);
    assert_has(w->a, &made[COUNT - 1], true);
    reopen(w); /* What waits outlives the process. */
    for (size_t rounds = 0; more; rounds++) {
        assert_true(rounds < 4);
        assert_int_equal(archive_read_unread(w->a, 16, &more), ERR_OK);
    }
    assert_int_equal(archive_unread(w->a), 0);
    assert_int_equal(list_documents(w).titled, COUNT + 1);
    for (size_t i = 0; i < COUNT; i++)
        scribe_item_free(&made[i]);
}

static void nothing_is_appended_well(void **state)
{
    struct world *w = *state;

    assert_int_equal(archive_append(w->a, NULL, 0), ERR_OK);
}

/* The buckets of a thousand: names around their border, in the order that git asks for. */
static void long_log_stays_in_the_order_of_git(void **state)
{
    struct world *w = *state;
    struct scribe_item *made = calloc(1102, sizeof *made);
    struct item *items = calloc(1102, sizeof *items);

    for (size_t i = 0; i < 1102; i++) {
        if (i < 95 || i > 995)
            publish(&w->scribe, "x", &made[i]);
        else
            scribe_approve(&w->scribe, &made[i]);
        items[i] = made[i].item;
    }
    assert_int_equal(archive_append(w->a, items, 1101), ERR_OK);
    append(w, &items[1101]);
    assert_true(git_is_content(w));
    assert_int_equal(verify(w->a, NULL).contents, 95 + 106);
    assert_has(w->a, &made[998], true);
    assert_has(w->a, &made[1101], true);
    for (size_t i = 0; i < 1102; i++)
        scribe_item_free(&made[i]);
    free(made);
    free(items);
}

static void assert_refused(struct world *w, const struct item *item, enum err expected)
{
    uint64_t before = head_of(w->a, &w->scribe.key.public);
    struct item two[2] = {*item, *item};

    assert_int_equal(archive_append(w->a, item, 1), expected);
    assert_int_equal(archive_append(w->a, two, 2), expected);
    assert_int_equal(head_of(w->a, &w->scribe.key.public), before);
}

static void what_does_not_follow_is_refused_and_harms_nothing(void **state)
{
    struct world *w = *state;
    struct scribe twin = w->scribe;
    struct scribe_item first, second, third, rival, rival_second;
    struct item wrong;

    publish(&w->scribe, "one", &first);
    publish(&w->scribe, "two", &second);
    publish(&w->scribe, "three", &third);
    publish(&twin, "another one", &rival);
    publish(&twin, "another two", &rival_second);
    assert_refused(w, &second.item, ERR_GAP);
    append(w, &first.item);
    assert_refused(w, &third.item, ERR_GAP);
    assert_refused(w, &rival_second.item, ERR_GAP); /* What it hangs from is not here. */
    wrong = second.item;
    wrong.head.commit.at[0] ^= 1;
    assert_refused(w, &wrong, ERR_AUTH);
    wrong = second.item;
    wrong.content = third.item.content;
    assert_refused(w, &wrong, ERR_AUTH);
    append(w, &second.item);
    append(w, &third.item);
    assert_int_equal(verify(w->a, NULL).contents, 3);
    scribe_item_free(&first);
    scribe_item_free(&second);
    scribe_item_free(&third);
    scribe_item_free(&rival);
    scribe_item_free(&rival_second);
}

static void what_is_here_already_is_passed_over(void **state)
{
    struct world *w = *state;
    struct scribe_item made[3];
    struct item items[3];

    for (size_t i = 0; i < 3; i++) {
        publish(&w->scribe, "text", &made[i]);
        items[i] = made[i].item;
    }
    assert_int_equal(archive_append(w->a, items, 2), ERR_OK);
    assert_int_equal(archive_append(w->a, items, 1), ERR_OK);
    assert_int_equal(archive_append(w->a, items, 3), ERR_OK);
    items[0].content = bytes_of(NULL, 0);
    assert_int_equal(archive_append(w->a, items, 1), ERR_OK);
    assert_int_equal(head_of(w->a, &w->scribe.key.public), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_has(w->a, &made[i], true);
        scribe_item_free(&made[i]);
    }
    assert_int_equal(verify(w->a, NULL).contents, 3);
}

struct missing_digits {
    struct archive *archive;
    uint64_t digits;
};

static enum err count_missing(void *context, const struct id *entry, const struct id *content)
{
    struct missing_digits *m = context;
    struct id log;
    uint64_t seq = 0;

    (void)content;
    assert_int_equal(archive_find(m->archive, entry, &log, &seq), ERR_OK);
    m->digits = m->digits * 10 + seq;
    return ERR_OK;
}

static uint64_t missing(struct archive *a)
{
    struct missing_digits m = {.archive = a};

    assert_int_equal(archive_load_missing(a, count_missing, &m), ERR_OK);
    return m.digits;
}

static void content_may_come_later(void **state)
{
    struct world *w = *state;
    struct scribe_item made[3];
    struct item items[3];

    for (size_t i = 0; i < 3; i++) {
        publish(&w->scribe, "text", &made[i]);
        items[i] = scribe_without_content(&made[i]);
    }
    items[1] = made[1].item;
    assert_int_equal(archive_append(w->a, items, 3), ERR_OK);
    assert_int_equal(missing(w->a), 13);
    assert_has(w->a, &made[0], false);
    items[0] = scribe_late_content(&made[0]);
    append(w, &items[0]);
    assert_int_equal(missing(w->a), 3);
    assert_has(w->a, &made[0], true);
    items[0] = scribe_late_content(&made[2]);
    items[0].content = made[0].item.content;
    assert_int_equal(archive_append(w->a, items, 1), ERR_AUTH);
    items[0] = scribe_late_content(&made[2]);
    items[0].head.seq = 4;
    assert_int_equal(archive_append(w->a, items, 1), ERR_MISSING);
    items[0] = scribe_late_content(&made[2]);
    append(w, &items[0]);
    assert_int_equal(missing(w->a), 0);
    reopen(w);
    assert_int_equal(verify(w->a, NULL).contents_missing, 0);
    for (size_t i = 0; i < 3; i++)
        scribe_item_free(&made[i]);
}

static void content_may_follow_its_entry_in_a_batch(void **state)
{
    struct world *w = *state;
    struct scribe_item made[2];
    struct item items[3];

    publish(&w->scribe, "one", &made[0]);
    publish(&w->scribe, "two", &made[1]);
    items[0] = scribe_without_content(&made[0]);
    items[1] = scribe_without_content(&made[1]);
    items[2] = scribe_late_content(&made[0]);
    assert_int_equal(archive_append(w->a, items, 3), ERR_OK);
    assert_has(w->a, &made[0], true);
    assert_int_equal(missing(w->a), 2);
    scribe_item_free(&made[0]);
    scribe_item_free(&made[1]);
}

static enum err count_entry(void *context, const struct entry *entry, const struct id *id)
{
    (void)id;
    *(uint64_t *)context = *(uint64_t *)context * 10 + entry->seq;
    return ERR_OK;
}

struct loaded {
    struct world *world;
    size_t count;
};

/* What the index tells of an entry is what the entry says, but for its signature. */
static enum err compare_entry(void *context, const struct entry *entry, const struct id *id)
{
    struct loaded *l = context;
    struct buffer kept = BUFFER(LIMIT_ENTRY), told = BUFFER(LIMIT_ENTRY);

    assert_int_equal(archive_read_entry_of(l->world->a, id, &kept), ERR_OK);
    entry_encode(&told, entry);
    assert_int_equal(told.len, kept.len);
    assert_memory_equal(told.at, kept.at, kept.len - SSHSIG_LEN);
    assert_true(id_equal(&entry->network, &l->world->network));
    buffer_free(&kept);
    buffer_free(&told);
    l->count++;
    return ERR_OK;
}

static void all_entries_are_told_as_they_are(void **state)
{
    struct world *w = *state;
    struct scribe_item approval;
    struct scribe steward;
    struct loaded loaded = {.world = w};

    assert_int_equal(archive_set_charter(w->a, bytes_text("a charter")), ERR_OK);
    scribe_begin(&steward, &w->network, 2, ROLE_STEWARD);
    append_text(w, &w->scribe, "one");
    append_text(w, &w->scribe, "two");
    append_text(w, &steward, "one");
    scribe_approve(&steward, &approval);
    append(w, &approval.item);
    assert_int_equal(archive_load_entries(w->a, compare_entry, &loaded), ERR_OK);
    assert_int_equal(loaded.count, 4);
    scribe_item_free(&approval);
}

/* ---- branches ---- */

#define TREE 8

/* 1 2 3 of one log; another 2 and 3; after that 2 one more 3; another 1; and after the first 3 a 4. */
static void make_tree(struct world *w, struct scribe_item made[TREE])
{
    static const int parents[TREE] = {-1, 0, 1, 0, 3, 3, -1, 2};
    struct scribe at[TREE];
    char text[16];

    for (int i = 0; i < TREE; i++) {
        at[i] = parents[i] < 0 ? w->scribe : at[parents[i]];
        at[i].seed = w->scribe.seed + (uint64_t)i; /* Another salt. */
        snprintf(text, sizeof text, "text %d", i);
        publish(&at[i], text, &made[i]);
    }
}

static void assert_in_tree(struct archive *a, const struct scribe_item *made, bool with_content)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY), packed = BUFFER(LIMIT_CONTENT);
    const struct id *id = &made->item.head.entry;

    assert_int_equal(archive_read_entry_of(a, id, &wire), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&wire), made->item.entry));
    assert_int_equal(archive_read_content_of(a, id, &packed), with_content ? ERR_OK : ERR_MISSING);
    assert_true(bytes_equal(buffer_bytes(&packed), with_content ? made->item.content : bytes_of(NULL, 0)));
    buffer_free(&wire);
    buffer_free(&packed);
}

static void assert_on_the_way(struct archive *a, const struct scribe_item *later, uint64_t seq,
                              const struct scribe_item *expected)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct id entry;

    assert_int_equal(archive_read_entry_before(a, &later->item.head.entry, seq, &entry, &wire), ERR_OK);
    assert_true(id_equal(&entry, &expected->item.head.entry));
    assert_true(bytes_equal(buffer_bytes(&wire), expected->item.entry));
    buffer_free(&wire);
}

static void assert_tree(struct archive *a, const struct scribe_item made[TREE], size_t count)
{
    struct frontier *tips = frontier_new();
    struct head head;
    const struct id *log = &made[0].item.head.log;
    size_t first;

    assert_non_null(tips);
    for (size_t i = 0; i < count; i++) {
        const struct id *id = &made[i].item.head.entry;

        assert_in_tree(a, &made[i], true);
        assert_int_equal(archive_find_head(a, log, made[i].item.head.seq, bytes_of(id->at, 16), &head), ERR_OK);
        assert_memory_equal(&head.entry, id, ID_LEN);
        assert_memory_equal(head.commit.at, made[i].item.head.commit.at, SHA1_LEN);
        assert_int_equal(head.clock, made[i].item.head.clock);
        assert_int_equal(head.role, made[i].item.head.role);
    }
    assert_int_equal(archive_load_frontier(a, tips), ERR_OK);
    assert_int_equal(frontier_tips(tips, log, &first), 4);
    assert_int_equal(frontier_count(tips), 4);
    assert_non_null(frontier_tip(tips, log, &made[count - 1].item.head.entry));
    assert_on_the_way(a, &made[5], 3, &made[5]);
    assert_on_the_way(a, &made[5], 2, &made[3]);
    assert_on_the_way(a, &made[4], 1, &made[0]);
    assert_on_the_way(a, &made[6], 1, &made[6]);
    frontier_free(tips);
}

static void append_tree(struct world *w, struct scribe_item made[TREE], bool at_once)
{
    struct item items[TREE];

    make_tree(w, made);
    for (size_t i = 0; i < TREE; i++) {
        items[i] = made[i].item;
        if (!at_once)
            append(w, &items[i]);
    }
    if (at_once)
        assert_int_equal(archive_append(w->a, items, TREE), ERR_OK);
}

static void free_tree(struct scribe_item made[TREE])
{
    for (size_t i = 0; i < TREE; i++)
        scribe_item_free(&made[i]);
}

static void both_sides_of_a_fork_are_kept(void **state)
{
    struct world *w = *state;
    struct scribe_item made[TREE];

    append_tree(w, made, false);
    assert_tree(w->a, made, TREE);
    assert_has(w->a, &made[7], true); /* The way to the main head. */
    assert_has(w->a, &made[1], true);
    for (size_t i = 0; i < TREE; i++)
        append(w, &made[i].item); /* All of it is here. */
    assert_int_equal(verify(w->a, NULL).entries, TREE);
    assert_int_equal(verify(w->a, NULL).contents, TREE);
    free_tree(made);
}

static void a_tree_comes_in_one_batch(void **state)
{
    struct world *w = *state;
    struct scribe_item made[TREE];

    append_tree(w, made, true);
    assert_tree(w->a, made, TREE);
    reopen(w);
    assert_tree(w->a, made, TREE);
    assert_int_equal(verify(w->a, NULL).contents, TREE);
    free_tree(made);
}

static void branches_are_found_again_with_a_new_index_and_without_one(void **state)
{
    struct world *w = *state;
    struct scribe_item made[TREE];
    struct loaded loaded = {.world = w};
    struct archive *reader;

    assert_int_equal(archive_set_charter(w->a, bytes_text("a charter")), ERR_OK);
    append_tree(w, made, false);
    close_archive(w);
    assert_true(git_is_content(w));
    assert_int_equal(home_run("rm -f %s/index.sqlite*", w->home), 0);
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
    assert_tree(reader, made, TREE);
    assert_has(reader, &made[7], true);
    archive_close(reader);
    open_archive(w);
    assert_tree(w->a, made, TREE);
    assert_int_equal(archive_load_entries(w->a, compare_entry, &loaded), ERR_OK);
    assert_int_equal(loaded.count, TREE);
    free_tree(made);
}

/* Each branch has contents of its own: one that comes late reaches its own entry and no other. */
static void late_contents_of_branches_reach_their_own_entries(void **state)
{
    struct world *w = *state;
    struct scribe_item made[TREE];
    struct item item;

    make_tree(w, made);
    for (size_t i = 0; i < TREE; i++) {
        item = scribe_without_content(&made[i]);
        append(w, &item);
    }
    for (size_t i = 0; i < TREE; i += 2) {
        item = scribe_late_content(&made[i]);
        append(w, &item);
    }
    reopen(w);
    for (size_t i = 0; i < TREE; i++)
        assert_in_tree(w->a, &made[i], i % 2 == 0);
    assert_int_equal(verify(w->a, NULL).contents_missing, TREE / 2);
    free_tree(made);
}

static void a_log_may_have_so_many_branches_and_no_more(void **state)
{
    struct world *w = *state;
    struct scribe_item made;

    for (uint64_t i = 0; i <= LIMIT_BRANCHES; i++) {
        struct scribe at = w->scribe;

        at.seed += i;
        publish(&at, "text", &made);
        assert_int_equal(archive_append(w->a, &made.item, 1), i < LIMIT_BRANCHES ? ERR_OK : ERR_LIMIT);
        scribe_item_free(&made);
    }
    assert_int_equal(verify(w->a, NULL).entries, LIMIT_BRANCHES);
}

/* ---- the index is derived ---- */

static void lost_or_damaged_index_is_made_anew(void **state)
{
    static const char *const commands[] = {"rm -f index.sqlite*", "echo rubbish > index.sqlite",
                                           "truncate -s 5000 index.sqlite"};
    struct world *w = *state;
    struct scribe_item made;

    append_text(w, &w->scribe, "one");
    publish(&w->scribe, "two", &made);
    append(w, &made.item);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        close_archive(w);
        assert_int_equal(home_run("cd %s && %s", w->home, commands[i]), 0);
        open_archive(w);
        assert_has(w->a, &made, true);
        assert_int_equal(missing(w->a), 0);
    }
    scribe_item_free(&made);
}

static void reader_without_an_index_finds_everything(void **state)
{
    struct world *w = *state;
    struct archive *reader;
    struct scribe_item made[2];
    struct item without;
    uint64_t digits = 0;

    publish(&w->scribe, "one", &made[0]);
    append(w, &made[0].item);
    publish(&w->scribe, "two", &made[1]);
    without = scribe_without_content(&made[1]);
    append(w, &without);
    close_archive(w);
    assert_int_equal(home_run("rm -f %s/index.sqlite*", w->home), 0);
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
    assert_has(reader, &made[0], true);
    assert_has(reader, &made[1], false);
    assert_int_equal(missing(reader), 2);
    assert_int_equal(archive_load_entries(reader, count_entry, &digits), ERR_OK);
    assert_int_equal(digits, 12);
    archive_close(reader);
    open_archive(w);
    scribe_item_free(&made[0]);
    scribe_item_free(&made[1]);
}

/* A repository that was restored from a backup, beside the index of today. */
static void index_of_another_past_is_forgotten(void **state)
{
    struct world *w = *state;
    struct scribe twin;
    struct scribe_item lost, kept;

    append_text(w, &w->scribe, "one");
    twin = w->scribe;
    close_archive(w);
    assert_int_equal(home_run("cp -a %s/archive.git %s/backup", w->home, w->home), 0);
    open_archive(w);
    publish(&w->scribe, "two", &lost);
    append(w, &lost.item);
    close_archive(w);
    assert_int_equal(home_run("cd %s && rm -rf archive.git && mv backup archive.git", w->home), 0);
    open_archive(w);
    struct id log;
    uint64_t seq;
    assert_int_equal(archive_find(w->a, &lost.item.head.entry, &log, &seq), ERR_MISSING);
    assert_int_equal(head_of(w->a, &twin.key.public), 1);
    publish(&twin, "another two", &kept);
    append(w, &kept.item);
    assert_has(w->a, &kept, true);
    scribe_item_free(&lost);
    scribe_item_free(&kept);
}

static void reader_sees_what_is_appended_beside_it(void **state)
{
    struct world *w = *state;
    struct archive *reader;
    struct scribe_item made[62];
    struct item items[62];

    append_text(w, &w->scribe, "before");
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
    assert_int_equal(head_of(reader, &w->scribe.key.public), 1);
    for (size_t i = 0; i < 62; i++) {
        publish(&w->scribe, "beside", &made[i]);
        items[i] = made[i].item;
    }
    append(w, &items[0]);
    assert_has(reader, &made[0], true);
    assert_int_equal(archive_append(w->a, items + 1, 61), ERR_OK);
    assert_has(reader, &made[61], true);
    assert_int_equal(head_of(reader, &w->scribe.key.public), 63);
    assert_int_equal(archive_append(reader, items, 1), ERR_IO);
    archive_close(reader);
    for (size_t i = 0; i < 62; i++)
        scribe_item_free(&made[i]);
}

/* ---- tidying ---- */

static void packs_are_joined_and_a_reader_does_not_notice(void **state)
{
    struct world *w = *state;
    struct archive *reader;
    struct scribe_item made[100];
    struct item items[2];

    for (size_t i = 0; i < 100; i++)
        publish(&w->scribe, "text", &made[i]);
    for (size_t i = 0; i < 100; i += 2) {
        if (i == 60)
            assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
        items[0] = made[i].item;
        items[1] = made[i + 1].item;
        assert_int_equal(archive_append(w->a, items, 2), ERR_OK);
    }
    assert_int_equal(home_run("test $(ls %s/archive.git/objects/pack/*.pack | wc -l) -le 41", w->home), 0);
    for (size_t i = 0; i < 100; i++) {
        assert_has(w->a, &made[i], true);
        assert_has(reader, &made[i], true);
        scribe_item_free(&made[i]);
    }
    archive_close(reader);
    assert_int_equal(verify(w->a, NULL).contents, 100);
    assert_true(git_is_content(w));
    append_text(w, &w->scribe, "after");
    reopen(w);
    assert_int_equal(verify(w->a, NULL).entries, 101);
}

/* ---- crashes and failures ---- */

static void what_a_crash_left_is_removed(void **state)
{
    static const char *const left[] = {"refs/igum/charter.lock",
                                       "config.lock",
                                       "packed-refs.lock",
                                       "objects/17/tmp_obj_a",
                                       "objects/pack/tmp_pack_x",
                                       "objects/pack/pack_git2_1",
                                       "objects/tmp_object_git2_z",
                                       "objects/17/tmp_igum_1",
                                       "objects/pack/pack-1234.pack",
                                       "objects/pack/pack-5678.idx"};
    struct world *w = *state;
    char lock[160] = "refs/igum/log/";

    append_text(w, &w->scribe, "one");
    id_to_text(&w->scribe.key.public, lock + strlen(lock));
    memcpy(lock + strlen(lock), ".lock", sizeof ".lock");
    close_archive(w);
    home_write(in_git(w, lock), bytes_text(""));
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
        home_write(in_git(w, left[i]), bytes_text("left"));
    open_archive(w);
    assert_false(files_exists(in_git(w, lock)));
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
        assert_false(files_exists(in_git(w, left[i])));
    append_text(w, &w->scribe, "two");
    assert_true(git_is_content(w));
}

/* A reader leaves alone what may belong to a writer at work. */
static void reader_removes_nothing(void **state)
{
    struct world *w = *state;
    struct archive *reader;

    home_write(in_git(w, "objects/17/tmp_igum_1"), bytes_text("at work"));
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
    archive_close(reader);
    assert_true(files_exists(in_git(w, "objects/17/tmp_igum_1")));
}

#define PACKED 12 /* Items that go into a pack and not by the journal. */

/* At every sync in turn; reports, refuses to go on, and is whole again when it is opened. */
static void sweep_failures(struct world *w, size_t count, bool sync)
{
    struct scribe_item made[PACKED];
    struct item items[PACKED];

    for (unsigned n = 1;; n++) {
        uint64_t before = head_of(w->a, &w->scribe.key.public);
        for (size_t i = 0; i < count; i++) {
            publish(&w->scribe, "text", &made[i]);
            items[i] = made[i].item;
        }
        memset(&system_calls, 0, sizeof system_calls);
        system_calls.fail_sync_at = sync ? n : 0;
        system_calls.fail_write_at = sync ? 0 : n;
        system_calls.write_error = ENOSPC;
        enum err err = archive_append(w->a, items, count);
        bool reached = sync ? system_calls.syncs >= n : system_calls.writes >= n;
        memset(&system_calls, 0, sizeof system_calls);
        if (reached) {
            assert_int_equal(err, sync ? ERR_IO : ERR_FULL);
            assert_int_equal(head_of(w->a, &w->scribe.key.public), before);
            /* Poisoned after a failed sync; at work again at once when there is room. */
            assert_int_equal(archive_append(w->a, items, count), sync ? ERR_IO : ERR_OK);
            if (sync)
                reopen(w);
            if (head_of(w->a, &w->scribe.key.public) == before)
                assert_int_equal(archive_append(w->a, items, count), ERR_OK);
        } else
            assert_int_equal(err, ERR_OK);
        for (size_t i = 0; i < count; i++) {
            assert_has(w->a, &made[i], true);
            scribe_item_free(&made[i]);
        }
        if (!reached) {
            assert_true(n > 1);
            break;
        }
    }
    (void)verify(w->a, NULL);
    assert_true(git_is_content(w));
}

static void failed_sync_ends_writing_until_it_is_opened_again(void **state)
{
    sweep_failures(*state, 1, true);
    sweep_failures(*state, PACKED, true);
}

static void full_disk_refuses_and_goes_on_when_there_is_room(void **state)
{
    sweep_failures(*state, 1, false);
    sweep_failures(*state, PACKED, false);
}

/* The refs moved back by hand stand for a crash between the two moves. */
static void content_without_its_entry_is_not_taken_for_another_one_s(void **state)
{
    struct world *w = *state;
    struct scribe twin;
    struct scribe_item lost, other;
    char ref[160] = "refs/igum/log/";

    append_text(w, &w->scribe, "one");
    twin = w->scribe;
    id_to_text(&twin.key.public, ref + strlen(ref));
    struct buffer before = home_read(in_git(w, ref));
    publish(&w->scribe, "two", &lost);
    append(w, &lost.item);
    close_archive(w);
    home_write(in_git(w, ref), buffer_bytes(&before));
    open_archive(w);
    assert_int_equal(head_of(w->a, &twin.key.public), 1);
    publish(&twin, "another two", &other);
    struct item item = scribe_without_content(&other);
    append(w, &item);
    assert_has(w->a, &other, false);
    assert_int_equal(missing(w->a), 2);
    assert_int_equal(verify(w->a, NULL).contents_missing, 1);
    item = scribe_late_content(&other);
    append(w, &item);
    assert_has(w->a, &other, true);
    buffer_free(&before);
    scribe_item_free(&lost);
    scribe_item_free(&other);
}

/* The same for a log of which only contents were reached: its ref, removed by hand, stands for the crash. */
static void content_without_a_log_is_not_taken_for_another_one_s(void **state)
{
    struct world *w = *state;
    struct scribe twin = w->scribe;
    struct scribe_item lost, other;
    char ref[160] = "refs/igum/log/";

    publish(&w->scribe, "one", &lost);
    publish(&twin, "another one", &other);
    append(w, &lost.item);
    close_archive(w);
    id_to_text(&twin.key.public, ref + strlen(ref));
    assert_int_equal(unlink(in_git(w, ref)), 0);
    open_archive(w);
    struct item item = scribe_without_content(&other);
    append(w, &item);
    assert_has(w->a, &other, false);
    assert_int_equal(missing(w->a), 1);
    assert_int_equal(verify(w->a, NULL).contents_missing, 1);
    item = scribe_late_content(&other);
    append(w, &item);
    assert_has(w->a, &other, true);
    assert_true(git_is_content(w));
    scribe_item_free(&lost);
    scribe_item_free(&other);
}

/* ---- damage ---- */

struct file_list {
    char at[400][300];
    size_t count;
};

static void gather_file(void *context, const char *path)
{
    struct file_list *list = context;

    if (list->count < 400)
        snprintf(list->at[list->count++], sizeof list->at[0], "%s", path);
}

static void damaged_file_is_mended_by_appending_again(void **state)
{
    struct world *w = *state;
    struct file_list *files = calloc(1, sizeof *files);
    struct scribe_item made;
    unsigned mended = 0;

    publish(&w->scribe, "text", &made);
    append(w, &made.item);
    close_archive(w);
    home_each_file(in_git(w, "objects"), gather_file, files);
    for (size_t i = 0; i < files->count; i++) {
        struct archive *a;
        struct archive_report report;
        struct damages damages = {0};
        struct buffer text = home_read(files->at[i]);
        home_write(files->at[i], bytes_of(text.at, text.len / 2));
        enum err err = archive_open(w->home, ARCHIVE_WRITE, &a);
        if (!err) {
            assert_int_equal(archive_verify(a, note_damage, &damages, &report), ERR_OK);
            assert_true(report.bad > 0);
            err = archive_append(a, &made.item, 1);
            assert_int_equal(archive_verify(a, note_damage, &damages, &report), ERR_OK);
            assert_true(err == (report.bad == 0 ? ERR_OK : ERR_IO) || strstr(files->at[i], "4b/825dc6"));
            mended += report.bad == 0;
            archive_close(a);
        }
        home_write(files->at[i], buffer_bytes(&text));
        buffer_free(&text);
    }
    /* Manifest, text, their tree.  The head's commit and the trees of the log need more than an append; none is hidden. */
    assert_int_equal(mended, 3);
    open_archive(w);
    assert_int_equal(verify(w->a, NULL).contents, 1);
    scribe_item_free(&made);
    free(files);
}

/* Whether opening or verifying says that something is wrong. */
static bool is_noticed(const struct world *w)
{
    struct archive *a;
    struct archive_report report;
    struct damages damages = {0};

    if (archive_open(w->home, ARCHIVE_READ, &a))
        return true;
    assert_int_equal(archive_verify(a, note_damage, &damages, &report), ERR_OK);
    archive_close(a);
    return report.bad > 0;
}

/*
 * One byte in so many; IGUM_FULL for every one.  What is not noticed must not matter: a bit that the compression does
 * not use.  So each unnoticed flip must leave an archive that stock git, too, finds whole.
 */
static void flipped_byte_is_noticed(void **state)
{
    struct world *w = *state;
    struct file_list *files = calloc(1, sizeof *files);
    struct scribe_item made[2];
    struct item items[2];
    size_t step = getenv("IGUM_FULL") ? 1 : 29, flips = 0, unnoticed = 0;

    append_text(w, &w->scribe, "a single one");
    for (size_t i = 0; i < 2; i++) {
        publish(&w->scribe, "one of a batch", &made[i]);
        items[i] = made[i].item;
    }
    assert_int_equal(archive_append(w->a, items, 2), ERR_OK);
    assert_int_equal(archive_set_charter(w->a, bytes_text("a charter")), ERR_OK);
    close_archive(w);
    assert_false(is_noticed(w));
    home_each_file(in_git(w, "objects"), gather_file, files);
    home_each_file(in_git(w, "refs"), gather_file, files);
    for (size_t i = 0; i < files->count; i++) {
        struct buffer text = home_read(files->at[i]);
        for (size_t at = i % step; at < text.len; at += step, flips++) {
            uint8_t bit = (uint8_t)(1u << (at % 8));
            text.at[at] ^= bit;
            home_write(files->at[i], buffer_bytes(&text));
            if (!is_noticed(w)) {
                unnoticed++;
                if (!git_is_content(w))
                    fail_msg("%s: byte %zu of %zu, bit %u", files->at[i], at, text.len, bit);
            }
            text.at[at] ^= bit;
        }
        home_write(files->at[i], buffer_bytes(&text));
        buffer_free(&text);
    }
    print_message("%zu flips, %zu without effect\n", flips, unnoticed);
    assert_true(flips > 50 && unnoticed < flips / 50 + 2);
    open_archive(w);
    scribe_item_free(&made[0]);
    scribe_item_free(&made[1]);
    free(files);
}

static void damage_is_told_by_log_and_number(void **state)
{
    struct world *w = *state;
    struct scribe other;
    struct scribe_item made[5];
    struct damages damages;
    char path[200];

    scribe_begin(&other, &w->network, 2, ROLE_COORDINATOR);
    append_text(w, &other, "of another");
    for (size_t i = 0; i < 5; i++) {
        publish(&w->scribe, "text", &made[i]);
        append(w, &made[i].item);
    }
    struct sha1 name = made[2].item.head.commit;
    int len = snprintf(path, sizeof path, "objects/%02x/", name.at[0]);
    for (size_t i = 1; i < SHA1_LEN; i++)
        len += snprintf(path + len, sizeof path - (size_t)len, "%02x", name.at[i]);
    home_write(in_git(w, path), bytes_text("rubbish"));
    struct archive_report report = verify(w->a, &damages);
    /* The entry, and the file that holds it; what is before it is found with the help of the index. */
    assert_int_equal(report.bad, 2);
    assert_int_equal(report.entries, 5);
    assert_int_equal(unlink(in_git(w, path)), 0);
    report = verify(w->a, &damages);
    assert_int_equal(report.bad, 1);
    assert_string_equal(damages.last.what, "entry");
    assert_int_equal(damages.last.seq, 3);
    assert_true(id_equal(&damages.last.log, &w->scribe.key.public));
    append(w, &made[2].item);
    assert_int_equal(verify(w->a, NULL).entries, 6);
    for (size_t i = 0; i < 5; i++)
        scribe_item_free(&made[i]);
}

static void ref_that_leads_elsewhere_is_noticed(void **state)
{
    struct world *w = *state;
    struct scribe other;
    struct archive *reader;
    struct damages damages;
    char mine[160] = "refs/igum/log/", theirs[160] = "refs/igum/log/";

    scribe_begin(&other, &w->network, 2, ROLE_COORDINATOR);
    append_text(w, &w->scribe, "mine");
    append_text(w, &other, "theirs");
    id_to_text(&w->scribe.key.public, mine + strlen(mine));
    id_to_text(&other.key.public, theirs + strlen(theirs));
    struct buffer target = home_read(in_git(w, theirs)), before = home_read(in_git(w, mine));
    close_archive(w);
    home_write(in_git(w, mine), buffer_bytes(&target));
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
    assert_int_equal(verify(reader, &damages).bad, 1);
    archive_close(reader);
    assert_int_equal(archive_open(w->home, ARCHIVE_WRITE, &reader), ERR_FORMAT);
    home_write(in_git(w, mine), bytes_text(""));
    assert_int_equal(archive_open(w->home, ARCHIVE_WRITE, &reader), ERR_FORMAT);
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
    assert_int_equal(verify(reader, &damages).bad, 2);
    archive_close(reader);
    assert_int_equal(unlink(in_git(w, mine)), 0);
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
    assert_int_equal(verify(reader, &damages).bad, 1);
    archive_close(reader);
    home_write(in_git(w, mine), buffer_bytes(&before));
    open_archive(w);
    buffer_free(&target);
    buffer_free(&before);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(archive_is_made_once),
        TEST(missing_archive_is_told),
        TEST(half_made_archive_is_made_anew),
        TEST(charter_must_be_that_of_the_network),
        TEST(charter_tells_the_network_of_a_restored_archive),
        TEST(appended_entry_is_read_back_the_same),
        TEST(little_is_durable_by_the_journal),
        TEST(batch_becomes_one_pack),
        TEST(texts_of_a_large_batch_are_read_behind_it),
        TEST(nothing_is_appended_well),
        TEST(long_log_stays_in_the_order_of_git),
        TEST(what_does_not_follow_is_refused_and_harms_nothing),
        TEST(what_is_here_already_is_passed_over),
        TEST(content_may_come_later),
        TEST(content_may_follow_its_entry_in_a_batch),
        TEST(all_entries_are_told_as_they_are),
        TEST(both_sides_of_a_fork_are_kept),
        TEST(a_tree_comes_in_one_batch),
        TEST(branches_are_found_again_with_a_new_index_and_without_one),
        TEST(late_contents_of_branches_reach_their_own_entries),
        TEST(a_log_may_have_so_many_branches_and_no_more),
        TEST(lost_or_damaged_index_is_made_anew),
        TEST(reader_without_an_index_finds_everything),
        TEST(index_of_another_past_is_forgotten),
        TEST(reader_sees_what_is_appended_beside_it),
        TEST(packs_are_joined_and_a_reader_does_not_notice),
        TEST(what_a_crash_left_is_removed),
        TEST(reader_removes_nothing),
        TEST(failed_sync_ends_writing_until_it_is_opened_again),
        TEST(full_disk_refuses_and_goes_on_when_there_is_room),
        TEST(content_without_its_entry_is_not_taken_for_another_one_s),
        TEST(content_without_a_log_is_not_taken_for_another_one_s),
        TEST(damaged_file_is_mended_by_appending_again),
        TEST(flipped_byte_is_noticed),
        TEST(damage_is_told_by_log_and_number),
        TEST(ref_that_leads_elsewhere_is_noticed),
    };

    return cmocka_run_group_tests_name("store.archive", tests, NULL, NULL);
}
