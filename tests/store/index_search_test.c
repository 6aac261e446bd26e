/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Terms in the index, singly and in batches. */

#include "store/index_search.h"

#include "proto/limits.h"
#include "store/search_batch.h"
#include "tests/store/index_place.h"
#include "tests/support/home.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECRET "\x04\xf1\xe5\xe3\xe9" /* One term. */

static const struct sha1 NO_NAME; /* Of a text that is not to be read. */

static size_t count_secrets(struct index *index)
{
    uint64_t numbers[64];
    size_t count;

    assert_int_equal(index_search_find(index, "\"\xf1\xe5\xe3\xe9\"", 64, numbers, &count), ERR_OK);
    return count;
}

/* With texts that come and go meanwhile. */
static void merging_ends_and_loses_nothing(void **state)
{
    struct place *place = *state;
    struct index *index = place->index;
    struct id revision = {{1}};
    bool more = true;

    for (uint8_t i = 0; i < 30; i++) {
        revision.at[1] = i;
        assert_int_equal(index_search_add(index, &revision, (uint64_t)i << 40, &NO_NAME, bytes_text(SECRET)), ERR_OK);
    }
    assert_int_equal(index_search_merge(index, true, &more), ERR_OK);
    assert_true(more);
    assert_int_equal(index_search_remove(index, &revision, bytes_text(SECRET)), ERR_OK);
    revision.at[1] = 30;
    assert_int_equal(index_search_add(index, &revision, UINT64_C(30) << 40, &NO_NAME, bytes_text(SECRET)), ERR_OK);
    for (int steps = 0; more; steps++) {
        assert_true(steps < 20);
        assert_int_equal(index_search_merge(index, false, &more), ERR_OK);
    }
    assert_int_equal(count_secrets(index), 30);
    assert_int_equal(index_search_merge(index, true, &more), ERR_OK);
    assert_int_equal(index_search_merge(index, true, &more), ERR_OK);
    assert_false(more); /* All is one. */
    assert_int_equal(count_secrets(index), 30);
}

static void a_text_is_added_once_and_taken_out_whole(void **state)
{
    struct place *place = *state;
    struct index *index = place->index;
    struct id one = {{1}}, other = {{2}};
    uint64_t numbers[4];
    size_t count;
    bool has;

    for (int i = 0; i < 2; i++)
        assert_int_equal(index_search_add(index, &one, 5 << 16, &NO_NAME, bytes_text(SECRET)), ERR_OK);
    assert_int_equal(index_search_add(index, &other, 5 << 16, &NO_NAME, bytes_text(SECRET)), ERR_OK);
    assert_int_equal(index_search_find(index, "\"\xf1\xe5\xe3\xe9\"", 4, numbers, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_true(numbers[0] > numbers[1]);
    assert_int_equal(index_search_remove(index, &one, bytes_text(SECRET)), ERR_OK);
    assert_int_equal(index_search_remove(index, &other, bytes_text(SECRET)), ERR_OK);
    assert_int_equal(index_search_has(index, &one, &has), ERR_OK);
    assert_false(has);
    assert_int_equal(index_search_find(index, "\"\xf1\xe5\xe3\xe9\"", 4, numbers, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(index_search_scrub(index), ERR_OK);
    index_scrub(index);
    /* Not only unfound, but gone. */
    struct buffer file = home_read(place->path);
    assert_null(memmem(file.at, file.len, "\xf1\xe5\xe3\xe9", 4));
    buffer_free(&file);
}

static void numbers_follow_clocks_as_far_as_they_can(void **state)
{
    struct place *place = *state;
    struct index *index = place->index;
    uint64_t numbers[100], later = UINT64_C(1577836800000) << 16, clock;
    struct id revision = {{0}};
    size_t count;

    for (uint8_t i = 0; i < 100; i++) { /* Late ones first, then early ones, and many at one moment. */
        revision.at[0] = i;
        clock = i < 30 ? later + ((uint64_t)i << 40) : i < 60 ? (uint64_t)i << 16 : later;
        assert_int_equal(index_search_add(index, &revision, clock, &NO_NAME, bytes_text("\001a")), ERR_OK);
    }
    assert_int_equal(index_search_find(index, "\"a\"", 100, numbers, &count), ERR_OK);
    assert_int_equal(count, 100);
    for (size_t i = 1; i < count; i++)
        assert_true(numbers[i - 1] > numbers[i]);
}

/* Whoever lends threads may have the last part done first. */
static void run_backwards(void *self, size_t count, parallel_part_fn *part, void *context)
{
    ++*(size_t *)self;
    while (count > 0)
        part(context, --count);
}

static size_t find_all(struct index *index, const char *expression, uint64_t numbers[100])
{
    size_t count;

    assert_int_equal(index_search_find(index, expression, 100, numbers, &count), ERR_OK);
    return count;
}

/* Added in any order and by any threads: the newest have the greatest numbers, and each has its own words. */
static void a_batch_is_written_oldest_first(void **state)
{
    struct place *place = *state;
    struct search_batch *batch = search_batch_new();
    struct index *index = place->index;
    struct id revision = {{0}};
    uint64_t numbers[100], even[100], odd[100];
    size_t turns = 0;
    const struct parallel parallel = {.run = run_backwards, .self = &turns, .width = 2};

    assert_non_null(batch);
    for (uint8_t i = 0; i < 100; i++) {
        revision.at[0] = i;
        assert_int_equal(search_batch_take(batch, &revision, (uint64_t)(100 - i) << 50, &NO_NAME,
                                           bytes_text(i % 2 == 0 ? "\005a even" : "\005a odd")),
                         ERR_OK);
    }
    assert_false(search_batch_is_full(batch));
    assert_int_equal(search_batch_count(batch), 100);
    assert_int_equal(search_batch_write(batch, index, &parallel), ERR_OK);
    assert_int_equal(turns, 1);
    search_batch_clear(batch);
    assert_int_equal(search_batch_count(batch), 0);
    assert_int_equal(find_all(index, "\"a\"", numbers), 100);
    assert_int_equal(find_all(index, "\"even\"", even), 50);
    assert_int_equal(find_all(index, "\"odd\"", odd), 50);
    assert_true(even[0] > odd[0]); /* The first that was taken is the newest, and even. */
    revision.at[0] = 0;
    assert_int_equal(search_batch_remove(batch, index, &revision, bytes_text("\005a even")), ERR_OK);
    assert_int_equal(find_all(index, "\"even\"", even), 49);
    search_batch_free(batch);
}

/* Merging is left for later, and what comes alone afterwards is merged as ever. */
static void a_batch_of_many_is_found_before_and_after_merging(void **state)
{
    struct place *place = *state;
    struct search_batch *batch = search_batch_new();
    struct index *index = place->index;
    struct id revision = {{0}};
    uint64_t numbers[100];
    bool more = true;

    assert_non_null(batch);
    for (uint64_t i = 0; i < 640; i++) {
        memcpy(revision.at, &i, sizeof i);
        assert_int_equal(
            search_batch_take(batch, &revision, i << 40, &NO_NAME, bytes_text(i % 16 == 0 ? "\005a rare" : "\005a")),
            ERR_OK);
        if (i % 320 != 319 && i < 635)
            continue;
        assert_int_equal(index_begin(index), ERR_OK);
        assert_int_equal(search_batch_write(batch, index, NULL), ERR_OK);
        assert_int_equal(index_commit(index), ERR_OK);
        search_batch_clear(batch);
        assert_int_equal(find_all(index, "\"a\"", numbers), 100);
    }
    assert_int_equal(find_all(index, "\"rare\"", numbers), 40);
    for (int steps = 0; more; steps++) {
        assert_true(steps < 20);
        assert_int_equal(index_search_merge(index, steps == 0, &more), ERR_OK);
    }
    assert_int_equal(find_all(index, "\"rare\"", numbers), 40);
    search_batch_free(batch);
}

/* FTS5 keeps a page of a part under a number that begins with the part's. */
static uint64_t parts(const struct place *place)
{
    uint64_t count = 0;
    sqlite3 *base;
    sqlite3_stmt *query;

    assert_int_equal(sqlite3_open_v2(place->path, &base, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(base, "SELECT count(DISTINCT id >> 37) FROM search_data WHERE id >> 37 > 0", -1,
                                        &query, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(query), SQLITE_ROW);
    count = (uint64_t)sqlite3_column_int64(query, 0);
    (void)sqlite3_finalize(query);
    (void)sqlite3_close(base);
    return count;
}

/* Nothing is merged while texts are written: that would be for many of them at once, and one would wait for all. */
static void few_texts_are_merged_behind_each(void **state)
{
    struct place *place = *state;
    struct index *index = place->index;
    struct id revision = {{9}};
    uint64_t before = 0, least = UINT64_MAX;

    for (uint8_t i = 0; i < 60; i++) {
        revision.at[1] = i;
        assert_int_equal(index_search_add(index, &revision, (uint64_t)i << 40, &NO_NAME, bytes_text(SECRET)), ERR_OK);
        assert_true(parts(place) == before + 1);
        assert_int_equal(index_search_merge_few(index, 1), ERR_OK);
        before = parts(place);
        least = i > 8 && before < least ? before : least;
        assert_true(before < 4);
    }
    assert_true(least < 6);
    assert_int_equal(count_secrets(index), 60);
}

static void a_batch_of_much_text_is_full(void **state)
{
    struct search_batch *batch = search_batch_new();
    struct buffer text = BUFFER(MIB(1));
    struct id revision = {{1}};

    (void)state;
    assert_non_null(batch);
    memset(buffer_extend(&text, KIB(512)), 'a', KIB(512));
    for (int i = 0; i < 16; i++) {
        assert_false(search_batch_is_full(batch));
        assert_int_equal(search_batch_take(batch, &revision, 1, &NO_NAME, buffer_bytes(&text)), ERR_OK);
    }
    assert_true(search_batch_is_full(batch));
    search_batch_free(batch);
    buffer_free(&text);
}

/* What is no list of terms does not come into the index. */
static void a_list_that_is_cut_is_refused(void **state)
{
    struct place *place = *state;
    struct index *index = place->index;
    struct id revision = {{1}};
    bool has;

    assert_int_not_equal(index_search_add(index, &revision, 1, &NO_NAME, bytes_text("\004abc")), ERR_OK);
    assert_int_equal(index_search_has(index, &revision, &has), ERR_OK);
    assert_false(has);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)
    const struct CMUnitTest tests[] = {
        TEST(merging_ends_and_loses_nothing),
        TEST(a_text_is_added_once_and_taken_out_whole),
        TEST(numbers_follow_clocks_as_far_as_they_can),
        TEST(a_batch_is_written_oldest_first),
        TEST(a_batch_of_many_is_found_before_and_after_merging),
        TEST(few_texts_are_merged_behind_each),
        TEST(a_batch_of_much_text_is_full),
        TEST(a_list_that_is_cut_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
