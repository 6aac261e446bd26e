/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/index_private.h"
#include "tests/store/index_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <sqlite3.h>

static enum err keep_revision(void *context, const struct index_revision *revision)
{
    struct index_revision expected = place_revision(1, 1, 10, "כותרת");

    assert_true(id_equal(&revision->document, &expected.document));
    assert_true(id_equal(&revision->revision, &expected.revision));
    assert_true(id_equal(&revision->log, &expected.log));
    assert_int_equal(revision->seq, expected.seq);
    assert_int_equal(revision->clock, expected.clock);
    assert_true(id_equal(&revision->kibbutz, &expected.kibbutz));
    assert_int_equal(revision->role, expected.role);
    assert_int_equal(revision->audience, expected.audience);
    assert_int_equal(revision->verdict.status, TRUST_UNKNOWN);
    assert_int_equal(revision->judged.state, TRUST_PROPOSED);
    assert_true(bytes_equal(revision->title, expected.title));
    assert_true(bytes_equal(revision->kind, expected.kind));
    assert_true(bytes_equal(revision->number, expected.number));
    assert_true(bytes_equal(revision->date, expected.date));
    assert_true(bytes_equal(revision->body, expected.body));
    assert_true(bytes_equal(revision->language, expected.language));
    assert_int_equal(revision->revisions, 1);
    assert_false(revision->here);
    *(size_t *)context += 1;
    return ERR_OK;
}

static void revision_reads_back_as_it_was_written(void **state)
{
    struct place *place = *state;
    struct index_filter filter = {0};
    size_t count = 0;

    place_revise(place, 1, 1, 10, "כותרת");
    assert_int_equal(index_each_document(place->index, &filter, keep_revision, &count), ERR_OK);
    assert_int_equal(count, 1);
}

static void document_shows_its_newest_revision_whatever_comes_first(void **state)
{
    struct place *place = *state;
    struct index_filter filter = {0};
    struct seen seen = {0}, all = {0};
    struct id document = place_id(0xdd, 1);
    struct index_extent extent = {.documents = 7};
    struct index_counts counts;

    assert_int_equal(index_extent(place->index, &extent), ERR_OK);
    assert_int_equal(extent.documents + extent.newest, 0);
    place_revise(place, 1, 11, 30, "third");
    place_revise(place, 1, 1, 10, "first");
    place_revise(place, 2, 2, 25, "other");
    place_revise(place, 1, 12, 20, "second");
    assert_int_equal(index_each_document(place->index, &filter, seen_revision, &seen), ERR_OK);
    assert_string_equal(seen.text, "third other");
    assert_int_equal(index_each_revision(place->index, &document, seen_revision, &all), ERR_OK);
    assert_string_equal(all.text, "third second first");
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.documents, 2);
    assert_int_equal(index_extent(place->index, &extent), ERR_OK);
    assert_int_equal(extent.documents, 2);
}

static void erased_content_is_neither_here_nor_missing(void **state)
{
    struct place *place = *state;
    struct id log = place_id(5, 0), first = place_id(5, 1);
    struct index_entry entry;
    struct index_counts counts;

    place_add(place, 5, 1, ROLE_COORDINATOR);
    assert_int_equal(index_find(place->index, &log, 1, &entry), ERR_OK);
    assert_int_equal(index_set_content(place->index, &first, INDEX_ERASED), ERR_OK);
    assert_int_equal(index_set_content(place->index, &first, INDEX_HERE), ERR_OK);
    assert_int_equal(index_find(place->index, &log, 1, &entry), ERR_OK);
    assert_int_equal(entry.has_content, INDEX_ERASED);
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.contents_missing, 0);
    assert_int_equal(counts.contents_erased, 1);
}

static void revision_that_is_added_again_replaces_its_texts(void **state)
{
    struct place *place = *state;
    struct index_filter filter = {0};
    struct seen seen = {0};

    place_revise(place, 1, 1, 10, "");
    place_revise(place, 1, 1, 10, "title");
    assert_int_equal(index_each_document(place->index, &filter, seen_revision, &seen), ERR_OK);
    assert_string_equal(seen.text, "title");
}

static void filters_choose_documents(void **state)
{
    struct place *place = *state;
    struct id kibbutz = place_id(0xee, 1);
    struct index_filter filters[] = {{.kind = bytes_text("minutes")},
                                     {.kibbutz = &kibbutz},
                                     {.since = 20},
                                     {.since = 21},
                                     {.limit = 1},
                                     {.limit = 2, .offset = 1},
                                     {.kind = bytes_text("minute")},
                                     {.limit = 1, .offset = 3}};
    static const char *const expected[] = {"three one", "three one", "three two", "three", "three", "two one", "", ""};

    place_revise(place, 1, 1, 10, "one");
    place_revise(place, 2, 2, 20, "two");
    place_revise(place, 3, 3, 30, "three");
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        struct seen seen = {0};

        assert_int_equal(index_each_document(place->index, &filters[i], seen_revision, &seen), ERR_OK);
        assert_string_equal(seen.text, expected[i]);
    }
}

/* A page is found by other statements than a list: whatever is asked for, all pages together are the list. */
static void pages_together_are_the_list(void **state)
{
    struct place *place = *state;
    struct id kibbutz = place_id(0xee, 1), other = place_id(0xee, 7);
    struct trust_document judged = place_judged(3, 3, TRUST_NULL);
    const struct index_filter filters[] = {{.kind = bytes_text("minutes")},
                                           {.kind = bytes_text("decision")},
                                           {.kind = bytes_text("card")},
                                           {.kibbutz = &kibbutz},
                                           {.kibbutz = &other},
                                           {.kibbutz = &kibbutz, .kind = bytes_text("decision")},
                                           {.kibbutz = &kibbutz, .kind = bytes_text("minutes")},
                                           {.limit = 0}};
    static const char *const expected[] = {"7 5 3 1", "8 6 4 2", "", "7 5 3 1", "", "", "7 5 3 1", "8 7 6 5 4 3 2 1"};

    for (uint64_t i = 1; i <= 8; i++) {
        char title[] = {(char)('0' + i), '\0'};

        place_revise(place, i, i, i < 5 ? 10 : 10 * i, title); /* Some were signed at one time. */
    }
    assert_int_equal(index_judge(place->index, &judged), ERR_OK);
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        struct index_filter page = filters[i];
        struct seen list = {0}, pages = {0};
        size_t before = 1;

        page.with_void = true;
        assert_int_equal(index_each_document(place->index, &page, seen_revision, &list), ERR_OK);
        assert_string_equal(list.text, expected[i]);
        for (page.limit = 3; pages.count != before; page.offset += page.limit) {
            before = pages.count;
            assert_int_equal(index_each_document(place->index, &page, seen_revision, &pages), ERR_OK);
        }
        assert_string_equal(pages.text, expected[i]);
    }
}

/* Its kind came with its text, or another revision is shown, which has another one. */
static void document_moves_to_the_list_of_its_kind(void **state)
{
    struct place *place = *state;
    struct index_revision row = place_revision(1, 1, 10, "one"), later = place_revision(1, 11, 20, "later");
    struct index_filter filter = {.kind = bytes_text("card"), .with_void = true, .limit = 5};
    struct seen early = {0}, read = {0}, revised = {0}, whole = {0};

    row.kind = bytes_text("");
    assert_int_equal(index_add_revision(place->index, &row), ERR_OK);
    assert_int_equal(index_each_document(place->index, &filter, seen_revision, &early), ERR_OK);
    assert_string_equal(early.text, "");
    row.kind = bytes_text("card");
    assert_int_equal(index_add_revision(place->index, &row), ERR_OK);
    assert_int_equal(index_each_document(place->index, &filter, seen_revision, &read), ERR_OK);
    assert_string_equal(read.text, "one");
    later.kibbutz = place_id(0xee, 5);
    assert_int_equal(index_add_revision(place->index, &later), ERR_OK);
    assert_int_equal(index_each_document(place->index, &filter, seen_revision, &revised), ERR_OK);
    assert_string_equal(revised.text, "");
    filter.kind = bytes_text("minutes");
    filter.kibbutz = &later.kibbutz;
    assert_int_equal(index_each_document(place->index, &filter, seen_revision, &whole), ERR_OK);
    assert_string_equal(whole.text, "later");
}

/* SQLite's plan of a statement, a line for each step. */
static void write_plan(struct place *place, int which, char *plan, size_t size)
{
    sqlite3_stmt *statement = (sqlite3_stmt *)(void *)database_start(place->index->database, which), *explained;
    char sql[4096];
    size_t len = 0;

    assert_in_range(snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", sqlite3_sql(statement)), 1, sizeof sql - 1);
    assert_int_equal(sqlite3_prepare_v2(sqlite3_db_handle(statement), sql, -1, &explained, NULL), SQLITE_OK);
    while (sqlite3_step(explained) == SQLITE_ROW && len < size)
        len += (size_t)snprintf(plan + len, size - len, "%s\n", (const char *)sqlite3_column_text(explained, 3));
    assert_in_range(len, 1, size - 1);
    (void)sqlite3_finalize(explained);
}

/* What does not match is not walked through, nor what stands before a page looked at, nor are more than a page's rows sorted. */
static void lists_are_found_by_an_index(void **state)
{
    static const struct {
        int statement;
        bool sorts; /* The page's rows. */
        const char *by;
    } lists[] = {
        {INDEX_EACH_DOCUMENT, false, "SCAN d USING INDEX document_day\n"},
        {INDEX_EACH_OF_KIND, false, "SEARCH d USING INDEX document_kind (kind=?)\n"},
        {INDEX_EACH_OF_KIBBUTZ, false, "SEARCH d USING INDEX document_kibbutz (kibbutz=?)\n"},
        {INDEX_PAGE, true, "SCAN d USING COVERING INDEX document_day\n"},
        {INDEX_PAGE_OF_KIND, true, "SEARCH d USING COVERING INDEX document_kind (kind=?)\n"},
        {INDEX_PAGE_OF_KIBBUTZ, true, "SEARCH d USING COVERING INDEX document_kibbutz (kibbutz=?)\n"},
        {INDEX_EACH_RULING, false, "SEARCH d USING INDEX document_decision (state=?)\n"},
    };
    char plan[2000];

    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        write_plan(*state, lists[i].statement, plan, sizeof plan);
        const char *found = strstr(plan, lists[i].by), *sort = strstr(plan, "TEMP B-TREE FOR ORDER BY");
        assert_non_null(found);
        if (lists[i].sorts) /* After the page was found. */
            assert_true(sort > found && strstr(sort + 1, "TEMP B-TREE FOR ORDER BY") == NULL);
        else
            assert_null(sort);
    }
}

static void add_dated(struct place *place, uint64_t document, uint64_t signed_ms, const char *date, const char *title)
{
    struct index_revision row = place_revision(document, document, ENTRY_CLOCK(signed_ms, 0), title);

    row.date = bytes_text(date);
    assert_int_equal(index_add_revision(place->index, &row), ERR_OK);
}

static void documents_stand_by_their_own_date(void **state)
{
    const uint64_t day = 86400000, now = 20000 * day; /* 2024-10-04 */
    struct place *place = *state;
    struct index_filter by_arrival = {.by_arrival = true}, newest = {.limit = 2, .offset = 1};
    struct seen seen = {0}, page = {0};

    add_dated(place, 1, now, "2024-10-01", "new");
    add_dated(place, 2, now + 1, "1998-02-03", "scanned");
    add_dated(place, 3, now - 30 * day, "", "undated");
    add_dated(place, 4, now - 60 * day, "2099-01-01", "to-come");
    add_dated(place, 5, now + 2, "2024-10-01", "same-day");
    place_assert_shown(place, false, "same-day new undated to-come scanned");
    assert_int_equal(index_each_document(place->index, &by_arrival, seen_revision, &seen), ERR_OK);
    assert_string_equal(seen.text, "same-day scanned new undated to-come");
    assert_int_equal(index_each_document(place->index, &newest, seen_revision, &page), ERR_OK);
    assert_string_equal(page.text, "new undated");
    add_dated(place, 2, now + 1, "2024-10-03", "scanned"); /* Its text came. */
    place_assert_shown(place, false, "scanned same-day new undated to-come");
}

static void assert_arrivals(struct place *place, const struct index_filter *filter, const char *expected)
{
    struct seen seen = {0};

    assert_int_equal(index_each_document(place->index, filter, seen_revision, &seen), ERR_OK);
    assert_string_equal(seen.text, expected);
}

/* Few of a kind or of a kibbutz are found otherwise than many, and in the same order. */
static void the_newest_of_few_and_of_many_come_first(void **state)
{
    struct place *place = *state;
    struct id kibbutz = place_id(0xee, 0);
    struct index_filter decisions = {.by_arrival = true, .kind = bytes_text("decision"), .limit = 3},
                        minutes = {.by_arrival = true, .kind = bytes_text("minutes"), .limit = 2},
                        none = {.by_arrival = true, .kind = bytes_text("notice"), .limit = 2},
                        body = {.by_arrival = true, .kibbutz = &kibbutz, .body = bytes_text("ועדה"), .limit = 2};
    char title[16];

    assert_int_equal(index_begin(place->index), ERR_OK);
    for (uint64_t i = 1; i <= 2400; i++) {
        (void)snprintf(title, sizeof title, "%u", (unsigned)i);
        struct index_revision row = place_revision(i, i, ENTRY_CLOCK(i, 0), title);
        row.kind = bytes_text(i % 400 == 7 ? "decision" : "minutes");
        row.body = bytes_text(i % 1000 == 0 ? "ועדה" : "אסיפה");
        row.date = bytes_text(i % 2 ? "2018-05-01" : "1998-02-03");
        assert_int_equal(index_add_revision(place->index, &row), ERR_OK);
    }
    assert_int_equal(index_commit(place->index), ERR_OK);
    assert_arrivals(place, &minutes, "2400 2399");
    assert_arrivals(place, &decisions, "2007 1607 1207");
    assert_arrivals(place, &none, "");
    assert_arrivals(place, &body, "2000 1000");
}

static uint64_t changed(struct place *place, uint64_t document)
{
    struct id id = place_id(0xdd, document);
    uint64_t count;

    assert_int_equal(index_changed(place->index, &id, &count), ERR_OK);
    return count;
}

static void what_changes_of_a_document_is_counted(void **state)
{
    struct place *place = *state;
    struct trust_document judged = place_judged(1, 1, TRUST_IN_FORCE);
    struct id none = place_id(0xdd, 9);
    uint64_t before, other;

    place_revise(place, 1, 1, 10, "first");
    place_revise(place, 2, 2, 10, "other");
    before = changed(place, 1);
    other = changed(place, 2);
    place_revise(place, 1, 1, 10, "its text");
    assert_true(changed(place, 1) > before);
    before = changed(place, 1);
    assert_int_equal(index_judge(place->index, &judged), ERR_OK);
    assert_true(changed(place, 1) > before);
    before = changed(place, 1);
    place_revise(place, 1, 11, 20, "second");
    assert_true(changed(place, 1) > before);
    assert_int_equal(changed(place, 2), other);
    assert_int_equal(index_changed(place->index, &none, &before), ERR_MISSING);
}

static void document_is_found_by_the_beginning_of_its_id(void **state)
{
    struct place *place = *state;
    struct id found, second = place_id(0xdd, 0x1235);
    char text[ID_TEXT_LEN + 2];

    place_revise(place, 0x1234, 1, 10, "one");
    place_revise(place, 0x1235, 2, 20, "two");
    assert_int_equal(index_find_document(place->index, "dd1235", &found), ERR_OK);
    assert_true(id_equal(&found, &second));
    assert_int_equal(index_find_document(place->index, "DD1235", &found), ERR_OK);
    assert_int_equal(index_find_document(place->index, "dd123", &found), ERR_EXISTS);
    assert_int_equal(index_find_document(place->index, "dd1236", &found), ERR_MISSING);
    id_to_text(&second, text);
    assert_int_equal(index_find_document(place->index, text, &found), ERR_OK);
    text[ID_TEXT_LEN] = '0';
    text[ID_TEXT_LEN + 1] = '\0';
    assert_int_equal(index_find_document(place->index, text, &found), ERR_MISSING);
    assert_int_equal(index_find_document(place->index, "dd1", &found), ERR_MISSING);
    assert_int_equal(index_find_document(place->index, "dd1x", &found), ERR_MISSING);
    assert_string_equal(index_reason(place->index), "the beginning of an id is 4 to 64 digits of 0-9 and a-f");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(revision_reads_back_as_it_was_written),
        TEST(document_shows_its_newest_revision_whatever_comes_first),
        TEST(erased_content_is_neither_here_nor_missing),
        TEST(revision_that_is_added_again_replaces_its_texts),
        TEST(filters_choose_documents),
        TEST(pages_together_are_the_list),
        TEST(document_moves_to_the_list_of_its_kind),
        TEST(lists_are_found_by_an_index),
        TEST(documents_stand_by_their_own_date),
        TEST(the_newest_of_few_and_of_many_come_first),
        TEST(what_changes_of_a_document_is_counted),
        TEST(document_is_found_by_the_beginning_of_its_id),
    };

    return cmocka_run_group_tests_name("store.index_document", tests, NULL, NULL);
}
