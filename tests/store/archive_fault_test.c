/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/store/archive_world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/files.h"

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

static int begin(void **state)
{
    memset(&system_calls, 0, sizeof system_calls);
    return world_setup(state);
}

static int end(void **state)
{
    memset(&system_calls, 0, sizeof system_calls);
    return world_teardown(state);
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

    archive_make_room(w->a);
    world_append_text(w, &w->scribe, "one");
    id_to_text(&w->scribe.key.public, lock + strlen(lock));
    memcpy(lock + strlen(lock), ".lock", sizeof ".lock");
    world_close(w);
    home_write(world_path(w, lock), bytes_text(""));
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
        home_write(world_path(w, left[i]), bytes_text("left"));
    world_open(w);
    assert_false(files_exists(world_path(w, lock)));
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++)
        assert_false(files_exists(world_path(w, left[i])));
    world_append_text(w, &w->scribe, "two");
    assert_true(world_git_is_content(w));
}

/* A reader leaves alone what may belong to a writer at work. */
static void reader_removes_nothing(void **state)
{
    struct world *w = *state;
    struct archive *reader;

    archive_make_room(w->a);
    home_write(world_path(w, "objects/17/tmp_igum_1"), bytes_text("at work"));
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
    archive_close(reader);
    assert_true(files_exists(world_path(w, "objects/17/tmp_igum_1")));
}

#define PACKED 12 /* Items that go into a pack and not by the journal. */

/* At every sync in turn; reports, refuses to go on, and is whole again when it is opened. */
static void sweep_failures(struct world *w, size_t count, bool sync)
{
    struct scribe_item made[PACKED];
    struct item items[PACKED];

    for (unsigned n = 1;; n++) {
        uint64_t before = world_head_of(w->a, &w->scribe.key.public);
        for (size_t i = 0; i < count; i++) {
            world_publish(&w->scribe, "text", &made[i]);
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
            assert_int_equal(world_head_of(w->a, &w->scribe.key.public), before);
            /* Poisoned after a failed sync; at work again at once when there is room. */
            assert_int_equal(archive_append(w->a, items, count), sync ? ERR_IO : ERR_OK);
            if (sync)
                world_reopen(w);
            if (world_head_of(w->a, &w->scribe.key.public) == before)
                assert_int_equal(archive_append(w->a, items, count), ERR_OK);
        } else
            assert_int_equal(err, ERR_OK);
        for (size_t i = 0; i < count; i++) {
            world_assert_has(w->a, &made[i], true);
            scribe_item_free(&made[i]);
        }
        if (!reached) {
            assert_true(n > 1);
            break;
        }
    }
    (void)world_verify(w->a, NULL);
    assert_true(world_git_is_content(w));
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

    world_append_text(w, &w->scribe, "one");
    twin = w->scribe;
    id_to_text(&twin.key.public, ref + strlen(ref));
    struct buffer before = home_read(world_path(w, ref));
    world_publish(&w->scribe, "two", &lost);
    world_append(w, &lost.item);
    world_close(w);
    home_write(world_path(w, ref), buffer_bytes(&before));
    world_open(w);
    assert_int_equal(world_head_of(w->a, &twin.key.public), 1);
    world_publish(&twin, "another two", &other);
    struct item item = scribe_without_content(&other);
    world_append(w, &item);
    world_assert_has(w->a, &other, false);
    assert_int_equal(world_missing(w->a), 2);
    assert_int_equal(world_verify(w->a, NULL).contents_missing, 1);
    item = scribe_late_content(&other);
    world_append(w, &item);
    world_assert_has(w->a, &other, true);
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

    world_publish(&w->scribe, "one", &lost);
    world_publish(&twin, "another one", &other);
    world_append(w, &lost.item);
    world_close(w);
    id_to_text(&twin.key.public, ref + strlen(ref));
    assert_int_equal(unlink(world_path(w, ref)), 0);
    world_open(w);
    struct item item = scribe_without_content(&other);
    world_append(w, &item);
    world_assert_has(w->a, &other, false);
    assert_int_equal(world_missing(w->a), 1);
    assert_int_equal(world_verify(w->a, NULL).contents_missing, 1);
    item = scribe_late_content(&other);
    world_append(w, &item);
    world_assert_has(w->a, &other, true);
    assert_true(world_git_is_content(w));
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

    world_publish(&w->scribe, "text", &made);
    world_append(w, &made.item);
    world_close(w);
    home_each_file(world_path(w, "objects"), gather_file, files);
    for (size_t i = 0; i < files->count; i++) {
        struct archive *a;
        struct archive_report report;
        struct damages damages = {0};
        struct buffer text = home_read(files->at[i]);
        home_write(files->at[i], bytes_of(text.at, text.len / 2));
        enum err err = archive_open(w->home, ARCHIVE_WRITE, &a);
        if (!err) {
            assert_int_equal(archive_verify(a, world_note_damage, &damages, &report), ERR_OK);
            assert_true(report.bad > 0);
            err = archive_append(a, &made.item, 1);
            assert_int_equal(archive_verify(a, world_note_damage, &damages, &report), ERR_OK);
            assert_true(err == (report.bad == 0 ? ERR_OK : ERR_IO) || strstr(files->at[i], "4b/825dc6"));
            mended += report.bad == 0;
            archive_close(a);
        }
        home_write(files->at[i], buffer_bytes(&text));
        buffer_free(&text);
    }
    /* Manifest, text, their tree.  The head's commit and the trees of the log need more than an append; none is hidden. */
    assert_int_equal(mended, 3);
    world_open(w);
    assert_int_equal(world_verify(w->a, NULL).contents, 1);
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
    assert_int_equal(archive_verify(a, world_note_damage, &damages, &report), ERR_OK);
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

    world_append_text(w, &w->scribe, "a single one");
    for (size_t i = 0; i < 2; i++) {
        world_publish(&w->scribe, "one of a batch", &made[i]);
        items[i] = made[i].item;
    }
    assert_int_equal(archive_append(w->a, items, 2), ERR_OK);
    assert_int_equal(archive_set_charter(w->a, bytes_text("a charter")), ERR_OK);
    world_close(w);
    assert_false(is_noticed(w));
    home_each_file(world_path(w, "objects"), gather_file, files);
    home_each_file(world_path(w, "refs"), gather_file, files);
    for (size_t i = 0; i < files->count; i++) {
        struct buffer text = home_read(files->at[i]);
        for (size_t at = i % step; at < text.len; at += step, flips++) {
            uint8_t bit = (uint8_t)(1u << (at % 8));
            text.at[at] ^= bit;
            home_write(files->at[i], buffer_bytes(&text));
            if (!is_noticed(w)) {
                unnoticed++;
                if (!world_git_is_content(w))
                    fail_msg("%s: byte %zu of %zu, bit %u", files->at[i], at, text.len, bit);
            }
            text.at[at] ^= bit;
        }
        home_write(files->at[i], buffer_bytes(&text));
        buffer_free(&text);
    }
    print_message("%zu flips, %zu without effect\n", flips, unnoticed);
    assert_true(flips > 50 && unnoticed < flips / 50 + 2);
    world_open(w);
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
    world_append_text(w, &other, "of another");
    for (size_t i = 0; i < 5; i++) {
        world_publish(&w->scribe, "text", &made[i]);
        world_append(w, &made[i].item);
    }
    struct sha1 name = made[2].item.head.commit;
    int len = snprintf(path, sizeof path, "objects/%02x/", name.at[0]);
    for (size_t i = 1; i < SHA1_LEN; i++)
        len += snprintf(path + len, sizeof path - (size_t)len, "%02x", name.at[i]);
    home_write(world_path(w, path), bytes_text("rubbish"));
    struct archive_report report = world_verify(w->a, &damages);
    /* The entry, and the file that holds it; what is before it is found with the help of the index. */
    assert_int_equal(report.bad, 2);
    assert_int_equal(report.entries, 5);
    assert_int_equal(unlink(world_path(w, path)), 0);
    report = world_verify(w->a, &damages);
    assert_int_equal(report.bad, 1);
    assert_string_equal(damages.last.what, "entry");
    assert_int_equal(damages.last.seq, 3);
    assert_true(id_equal(&damages.last.log, &w->scribe.key.public));
    world_append(w, &made[2].item);
    assert_int_equal(world_verify(w->a, NULL).entries, 6);
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
    world_append_text(w, &w->scribe, "mine");
    world_append_text(w, &other, "theirs");
    id_to_text(&w->scribe.key.public, mine + strlen(mine));
    id_to_text(&other.key.public, theirs + strlen(theirs));
    struct buffer target = home_read(world_path(w, theirs)), before = home_read(world_path(w, mine));
    world_close(w);
    home_write(world_path(w, mine), buffer_bytes(&target));
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
    assert_int_equal(world_verify(reader, &damages).bad, 1);
    archive_close(reader);
    assert_int_equal(archive_open(w->home, ARCHIVE_WRITE, &reader), ERR_FORMAT);
    home_write(world_path(w, mine), bytes_text(""));
    assert_int_equal(archive_open(w->home, ARCHIVE_WRITE, &reader), ERR_FORMAT);
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
    assert_int_equal(world_verify(reader, &damages).bad, 2);
    archive_close(reader);
    assert_int_equal(unlink(world_path(w, mine)), 0);
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
    assert_int_equal(world_verify(reader, &damages).bad, 1);
    archive_close(reader);
    home_write(world_path(w, mine), buffer_bytes(&before));
    world_open(w);
    buffer_free(&target);
    buffer_free(&before);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
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

    return cmocka_run_group_tests_name("store.archive_fault", tests, NULL, NULL);
}
