/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/store/index_place.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- transactions, readers, damage ---- */

static void rollback_leaves_nothing_and_commit_everything(void **state)
{
    struct place *place = *state;
    struct index_counts counts;

    assert_int_equal(index_begin(place->index), ERR_OK);
    place_add(place, 5, 1, ROLE_COORDINATOR);
    place_revise(place, 1, 1, 10, "one");
    index_rollback(place->index);
    index_rollback(place->index);
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.entries + counts.documents, 0);
    assert_int_equal(index_begin(place->index), ERR_OK);
    place_add(place, 5, 1, ROLE_COORDINATOR);
    place_revise(place, 1, 1, 10, "one");
    assert_int_equal(index_commit(place->index), ERR_OK);
    place_reopen(place, false);
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.entries, 1);
    assert_int_equal(counts.documents, 1);
    assert_int_equal(index_clear(place->index), ERR_OK);
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.entries + counts.documents, 0);
}

static void reader_sees_what_is_committed_and_cannot_write(void **state)
{
    struct place *place = *state;
    struct index *reader = NULL;
    struct index_counts counts;
    struct index_entry entry = place_entry(5, 1, ROLE_COORDINATOR);

    assert_int_equal(index_open(place->path, false, &reader, NULL), ERR_OK);
    assert_int_equal(index_begin(place->index), ERR_OK);
    place_add(place, 5, 1, ROLE_COORDINATOR);
    assert_int_equal(index_count(reader, &counts), ERR_OK);
    assert_int_equal(counts.entries, 0);
    assert_int_equal(index_commit(place->index), ERR_OK);
    assert_int_equal(index_count(reader, &counts), ERR_OK);
    assert_int_equal(counts.entries, 1);
    assert_int_equal(index_add_entry(reader, &entry), ERR_FULL);
    index_close(reader);
}

/* In as many commits as it takes. */
static uint64_t make_log_long(struct place *place, uint64_t number)
{
    uint64_t until = number + 3000;

    for (; !index_log_is_long(place->index); number++) {
        assert_true(number < until);
        place_revise(place, number, number, number, "one");
    }
    return number;
}

static void assert_documents(struct index *index, uint64_t expected)
{
    struct index_counts counts;

    assert_int_equal(index_count(index, &counts), ERR_OK);
    assert_int_equal(counts.documents, expected);
}

static void a_long_log_is_emptied_beside_who_writes_and_reads(void **state)
{
    struct place *place = *state;
    struct index *reader = NULL;
    uint64_t number;

    assert_false(index_log_is_long(place->index));
    number = make_log_long(place, 1);
    assert_int_equal(index_join(place->index), ERR_OK);
    assert_false(index_log_is_long(place->index)); /* Much is under way: not now. */
    assert_int_equal(index_flush(place->index), ERR_OK);
    assert_true(index_log_is_long(place->index));
    assert_int_equal(index_open(place->path, false, &reader, NULL), ERR_OK);
    assert_int_equal(index_begin(place->index), ERR_OK);
    place_revise(place, number, number, number, "amid");
    index_empty_log(place->path);
    assert_documents(reader, number - 1);
    assert_int_equal(index_commit(place->index), ERR_OK);
    assert_documents(reader, number++);
    index_empty_log(place->path);
    place_revise(place, number, number, number, "behind");
    assert_false(index_log_is_long(place->index)); /* Begun anew. */
    assert_documents(reader, number);
    index_close(reader);
    place_reopen(place, false);
    assert_documents(place->index, number);
}

static void no_log_is_emptied_where_there_is_none(void **state)
{
    struct place *place = *state;
    char path[128];

    index_empty_log(place->path);
    (void)snprintf(path, sizeof path, "%s/none.sqlite", place->directory);
    index_empty_log(path);
    assert_int_equal(access(path, F_OK), -1);
    assert_documents(place->index, 0);
}

static void reader_needs_no_writer(void **state)
{
    struct place *place = *state;
    struct index *reader = NULL;
    struct index_counts counts;

    place_add(place, 5, 1, ROLE_COORDINATOR);
    index_close(place->index);
    place->index = NULL;
    assert_int_equal(index_open(place->path, false, &reader, NULL), ERR_OK);
    assert_int_equal(index_count(reader, &counts), ERR_OK);
    assert_int_equal(counts.entries, 1);
    index_close(reader);
}

static void reader_of_no_file_is_told_so_and_makes_none(void **state)
{
    struct place *place = *state;
    struct index *reader = NULL;
    char path[128];

    (void)snprintf(path, sizeof path, "%s/none.sqlite", place->directory);
    assert_int_equal(index_open(path, false, &reader, NULL), ERR_MISSING);
    assert_int_equal(access(path, F_OK), -1);
}

static void damage(const char *path, off_t offset, const char *bytes)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);

    assert_true(file >= 0);
    assert_int_equal(pwrite(file, bytes, strlen(bytes), offset), strlen(bytes));
    assert_int_equal(close(file), 0);
}

/* Closes, damages, reads (refused) and writes (begun anew). */
static void assert_thrown_away(struct place *place, off_t truncate_to, off_t offset, const char *bytes)
{
    struct index *reader = NULL;
    struct index_counts counts;

    index_close(place->index);
    place->index = NULL;
    if (truncate_to >= 0)
        assert_int_equal(truncate(place->path, truncate_to), 0);
    else
        damage(place->path, offset, bytes);
    assert_int_equal(index_open(place->path, false, &reader, NULL), ERR_FORMAT);
    place_reopen(place, true);
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.entries, 0);
    place_add(place, 5, 1, ROLE_COORDINATOR);
    place_reopen(place, false);
}

static void damaged_file_is_thrown_away(void **state)
{
    struct place *place = *state;

    place_add(place, 5, 1, ROLE_COORDINATOR);
    assert_thrown_away(place, -1, 0, "no database at all");
    assert_thrown_away(place, 50, 0, NULL);
    assert_thrown_away(place, 4096, 0, NULL);
    assert_thrown_away(place, 0, 0, NULL);
}

static void file_of_another_version_is_thrown_away(void **state)
{
    struct place *place = *state;

    place_add(place, 5, 1, ROLE_COORDINATOR);
    assert_thrown_away(place, -1, 63, "\x7f"); /* The last byte of user_version. */
}

static void damage_behind_the_header_is_found_when_opened_for_writing(void **state)
{
    struct place *place = *state;
    struct stat status;

    place_add(place, 5, 1, ROLE_COORDINATOR);
    index_close(place->index);
    place->index = NULL;
    assert_int_equal(stat(place->path, &status), 0);
    for (off_t page = 4096; page < status.st_size; page += 4096)
        damage(place->path, page, "\xff\xff\xff\xff\xff\xff\xff\xff");
    place_reopen(place, true);
}

static void directory_in_its_place_is_an_error_and_stays(void **state)
{
    struct place *place = *state;
    struct index *index = NULL;
    bool rebuilt;

    assert_int_equal(index_open(place->directory, true, &index, &rebuilt), ERR_IO);
    assert_null(index);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rollback_leaves_nothing_and_commit_everything),
        TEST(reader_sees_what_is_committed_and_cannot_write),
        TEST(a_long_log_is_emptied_beside_who_writes_and_reads),
        TEST(no_log_is_emptied_where_there_is_none),
        TEST(reader_needs_no_writer),
        TEST(reader_of_no_file_is_told_so_and_makes_none),
        TEST(damaged_file_is_thrown_away),
        TEST(file_of_another_version_is_thrown_away),
        TEST(damage_behind_the_header_is_found_when_opened_for_writing),
        TEST(directory_in_its_place_is_an_error_and_stays),
    };

    return cmocka_run_group_tests_name("store.index", tests, NULL, NULL);
}
