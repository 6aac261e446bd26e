/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/store/index_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/limits.h"

static void entry_is_found_by_its_place_and_by_its_id(void **state)
{
    struct place *place = *state;
    struct index_entry entry = place_entry(7, 3, ROLE_COORDINATOR), found;

    place_add(place, 7, 1, ROLE_COORDINATOR);
    place_add(place, 7, 2, ROLE_COORDINATOR);
    entry.clock = ENTRY_CLOCK(LIMIT_CLOCK_SECONDS * 1000 - 1, 0xffff);
    assert_int_equal(index_add_entry(place->index, &entry), ERR_OK);
    assert_int_equal(index_find(place->index, &entry.log, 3, &found), ERR_OK);
    place_assert_entry(&entry, &found);
    assert_int_equal(index_find_id(place->index, &entry.entry, &found), ERR_OK);
    place_assert_entry(&entry, &found);

    assert_int_equal(index_find(place->index, &entry.log, 0, &found), ERR_MISSING);
    assert_int_equal(index_find(place->index, &entry.log, 4, &found), ERR_MISSING);
    entry.entry.at[31] ^= 1;
    assert_int_equal(index_find_id(place->index, &entry.entry, &found), ERR_MISSING);
}

static void entry_without_content_or_document_reads_back_as_zeros(void **state)
{
    struct place *place = *state;
    struct index_entry entry = place_entry(7, 1, ROLE_NODE), found;

    entry.act = ACT_UNKNOWN;
    entry.document = (struct id){0};
    entry.content = (struct id){0};
    entry.has_content = INDEX_NO_CONTENT;
    assert_int_equal(index_add_entry(place->index, &entry), ERR_OK);
    assert_int_equal(index_find(place->index, &entry.log, 1, &found), ERR_OK);
    place_assert_entry(&entry, &found);
    assert_int_equal(index_set_content(place->index, &entry.entry, INDEX_HERE), ERR_MISSING);
}

static void head_is_the_greatest_seq(void **state)
{
    struct place *place = *state;
    struct index_entry second = place_entry(7, 2, ROLE_STEWARD);
    struct head head;

    place_add(place, 7, 1, ROLE_STEWARD);
    place_add(place, 7, 2, ROLE_STEWARD);
    place_add(place, 7, 1, ROLE_STEWARD); /* Again. */
    assert_int_equal(index_find_head(place->index, &second.log, &head), ERR_OK);
    assert_int_equal(head.seq, 2);
    assert_true(id_equal(&head.entry, &second.entry));
    assert_memory_equal(head.commit.at, second.commit.at, SHA1_LEN);
    assert_int_equal(head.clock, second.clock);
    assert_true(id_equal(&head.kibbutz, &second.kibbutz));
    assert_int_equal(head.role, ROLE_STEWARD);
    place_add(place, 7, 3, ROLE_STEWARD);
    assert_int_equal(index_find_head(place->index, &second.log, &head), ERR_OK);
    assert_int_equal(head.seq, 3);
    assert_int_equal(index_find_head(place->index, &second.entry, &head), ERR_MISSING);
}

/* ---- branches ---- */

/* Entry `seq` of a branch that hangs from entry `from` of another; 0 is the first branch. */
static struct index_entry branch_entry(uint8_t branch, uint64_t seq, uint8_t parent, uint64_t from)
{
    struct index_entry entry = place_entry(7, seq, ROLE_COORDINATOR);
    struct id none = {0};

    if (branch > 0)
        entry.entry = place_id(7, 100u * branch + seq);
    entry.branch = branch > 0 ? place_id(7, 100u * branch + from + 1) : none;
    entry.prev = seq == 1         ? none
                 : seq > from + 1 ? place_id(7, 100u * branch + seq - 1)
                                  : place_id(7, 100u * parent + from);
    entry.commit.at[2] = branch;
    entry.content = place_id(0xcc, 100u * branch + seq);
    return entry;
}

static void add_branch(struct place *place, uint8_t branch, uint8_t parent, uint64_t from, uint64_t to)
{
    for (uint64_t seq = from + 1; seq <= to; seq++) {
        struct index_entry entry = branch_entry(branch, seq, parent, from);

        assert_int_equal(index_add_entry(place->index, &entry), ERR_OK);
    }
}

/* Entries 1 to 4; another 3 and 4 after 2; after that 4 one more 5; and a second first entry. */
static void add_tree(struct place *place)
{
    add_branch(place, 0, 0, 0, 4);
    add_branch(place, 1, 0, 2, 4);
    add_branch(place, 2, 1, 4, 5);
    add_branch(place, 3, 0, 0, 1);
}

static void assert_found(enum err err, const struct index_entry *found, uint8_t branch, uint64_t seq)
{
    struct id id = place_id(7, 100u * branch + seq);

    assert_int_equal(err, ERR_OK);
    assert_true(id_equal(&found->entry, &id));
}

static void entries_are_found_on_the_way_to_the_main_head(void **state)
{
    struct place *place = *state;
    struct id log = place_id(7, 0);
    struct index_entry found;
    struct head head;

    add_tree(place);
    assert_int_equal(index_find_head(place->index, &log, &head), ERR_OK);
    assert_int_equal(head.seq, 5);
    assert_found(index_find(place->index, &log, 5, &found), &found, 2, 5);
    assert_found(index_find(place->index, &log, 4, &found), &found, 1, 4);
    assert_found(index_find(place->index, &log, 3, &found), &found, 1, 3);
    assert_found(index_find(place->index, &log, 2, &found), &found, 0, 2);
    assert_found(index_find(place->index, &log, 1, &found), &found, 0, 1);
    assert_int_equal(index_find(place->index, &log, 6, &found), ERR_MISSING);
}

static void entries_are_found_on_the_way_to_any_other(void **state)
{
    struct place *place = *state;
    struct id log = place_id(7, 0), tip = place_id(7, 4), wanted = place_id(7, 103), first = place_id(7, 301);
    struct index_entry found;

    add_tree(place);
    assert_found(index_find_before(place->index, &tip, 3, &found), &found, 0, 3);
    assert_found(index_find_before(place->index, &first, 1, &found), &found, 3, 1);
    assert_int_equal(index_find_before(place->index, &first, 2, &found), ERR_MISSING);
    assert_found(index_find_beginning(place->index, &log, 3, bytes_of(wanted.at, 16), &found), &found, 1, 3);
    assert_int_equal(index_find_beginning(place->index, &log, 2, bytes_of(wanted.at, 16), &found), ERR_MISSING);
}

static void every_branch_has_its_head(void **state)
{
    struct place *place = *state;
    struct id log = place_id(7, 0), none = {0}, name = place_id(7, 103);
    struct seen heads = {0};
    struct head head;

    add_tree(place);
    assert_int_equal(index_each_head(place->index, seen_head, &heads), ERR_OK);
    assert_string_equal(heads.text, "7/1 7/4 7/4 7/5");
    assert_int_equal(index_find_branch(place->index, &log, &none, &head), ERR_OK);
    assert_int_equal(head.seq, 4);
    assert_int_equal(index_find_branch(place->index, &log, &name, &head), ERR_OK);
    assert_int_equal(head.seq, 4);
    assert_int_equal(index_find_branch(place->index, &log, &log, &head), ERR_MISSING);
}

static void branch_that_hangs_from_nothing_is_refused(void **state)
{
    struct place *place = *state;
    struct index_entry entry = branch_entry(1, 3, 0, 2);

    add_branch(place, 0, 0, 0, 1);
    assert_int_equal(index_add_entry(place->index, &entry), ERR_MISSING);
}

struct chain {
    size_t count;
};

/* Each entry comes with the one before it, and with its lines. */
static enum err check_chain(void *context, const struct index_entry *entry)
{
    struct chain *chain = context;
    uint64_t number = (uint64_t)entry->entry.at[1] << 8 | entry->entry.at[2];
    static const uint64_t befores[][2] = {{103, 2}, {205, 104}, {301, 0}};
    uint64_t before = number - 1;

    for (size_t i = 0; i < 3; i++)
        if (befores[i][0] == number)
            before = befores[i][1];
    struct id prev = before ? place_id(7, before) : (struct id){0};
    assert_true(id_equal(&entry->prev, &prev));
    assert_true(bytes_equal(entry->lines, bytes_text("content 1\n")));
    chain->count++;
    return ERR_OK;
}

static void all_entries_come_with_what_trust_reads(void **state)
{
    struct place *place = *state;
    struct chain chain = {0};

    add_tree(place);
    assert_int_equal(index_each_entry(place->index, check_chain, &chain), ERR_OK);
    assert_int_equal(chain.count, 8);
}

/* ---- entries, all logs ---- */

static void heads_come_in_order_of_their_keys(void **state)
{
    struct place *place = *state;
    struct seen seen = {0};

    place_add(place, 9, 1, ROLE_NODE);
    place_add(place, 2, 1, ROLE_STEWARD);
    place_add(place, 2, 2, ROLE_STEWARD);
    place_add(place, 200, 1, ROLE_COORDINATOR);
    assert_int_equal(index_each_head(place->index, seen_head, &seen), ERR_OK);
    assert_string_equal(seen.text, "2/2 9/1 200/1");
}

static void what_is_for_another_kibbutz_is_no_gap(void **state)
{
    struct place *place = *state;
    struct index_entry entries[] = {place_entry(5, 1, ROLE_COORDINATOR), place_entry(6, 1, ROLE_COORDINATOR),
                                    place_entry(6, 2, ROLE_COORDINATOR), place_entry(6, 3, ROLE_COORDINATOR)};
    struct id own = entries[0].kibbutz, other = entries[1].kibbutz;
    uint64_t awaited = 9;

    entries[0].audience = entries[1].audience = entries[3].audience = ACT_FOR_KIBBUTZ;
    entries[3].act = ACT_ADMIT; /* Which has no audience. */
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++)
        assert_int_equal(index_add_entry(place->index, &entries[i]), ERR_OK);
    assert_int_equal(index_count_awaited(place->index, &own, &awaited), ERR_OK);
    assert_int_equal(awaited, 3);
    assert_int_equal(index_count_awaited(place->index, &other, &awaited), ERR_OK);
    assert_int_equal(awaited, 3);
    assert_int_equal(index_count_awaited(place->index, NULL, &awaited), ERR_OK);
    assert_int_equal(awaited, 2);
    assert_int_equal(index_set_content(place->index, &entries[1].entry, INDEX_HERE), ERR_OK);
    assert_int_equal(index_count_awaited(place->index, &own, &awaited), ERR_OK);
    assert_int_equal(awaited, 3);
}

static void content_that_came_is_no_longer_missing(void **state)
{
    struct place *place = *state;
    struct id log = place_id(5, 0), first = place_id(5, 1), third = place_id(5, 3);
    struct seen seen = {0}, after = {0};
    struct index_counts counts;
    struct index_entry found;

    place_add(place, 5, 1, ROLE_COORDINATOR);
    place_add(place, 5, 2, ROLE_COORDINATOR);
    assert_int_equal(index_each_missing(place->index, seen_entry, &seen), ERR_OK);
    assert_string_equal(seen.text, "5/1 5/2");
    assert_int_equal(index_set_content(place->index, &first, INDEX_HERE), ERR_OK);
    assert_int_equal(index_each_missing(place->index, seen_entry, &after), ERR_OK);
    assert_string_equal(after.text, "5/2");
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.entries, 2);
    assert_int_equal(counts.contents_missing, 1);
    assert_int_equal(index_find(place->index, &log, 1, &found), ERR_OK);
    assert_int_equal(found.has_content, INDEX_HERE);
    assert_int_equal(index_set_content(place->index, &first, INDEX_MISSING), ERR_OK);
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.contents_missing, 2);
    assert_int_equal(index_set_content(place->index, &third, INDEX_HERE), ERR_MISSING);
}

static void newest_entries_come_first_and_are_limited(void **state)
{
    struct place *place = *state;
    struct seen all = {0}, page = {0}, none = {0};

    place_add(place, 5, 1, ROLE_COORDINATOR);
    place_add(place, 4, 1, ROLE_STEWARD);
    place_add(place, 4, 2, ROLE_STEWARD);
    assert_int_equal(index_each_newest(place->index, 10, 0, seen_entry, &all), ERR_OK);
    assert_string_equal(all.text, "4/2 5/1 4/1");
    assert_int_equal(index_each_newest(place->index, 1, 1, seen_entry, &page), ERR_OK);
    assert_string_equal(page.text, "5/1");
    assert_int_equal(index_each_newest(place->index, 0, 0, seen_entry, &none), ERR_OK);
    assert_string_equal(none.text, "");
}

static void callback_ends_the_iteration_with_its_own_error(void **state)
{
    struct place *place = *state;
    struct seen seen = {.stop_at = 1}, again = {0};

    place_add(place, 5, 1, ROLE_COORDINATOR);
    place_add(place, 5, 2, ROLE_COORDINATOR);
    assert_int_equal(index_each_newest(place->index, 10, 0, seen_entry, &seen), ERR_MISSING);
    assert_int_equal(seen.count, 1);
    assert_int_equal(index_each_newest(place->index, 10, 0, seen_entry, &again), ERR_OK);
    assert_int_equal(again.count, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(entry_is_found_by_its_place_and_by_its_id),
        TEST(entry_without_content_or_document_reads_back_as_zeros),
        TEST(head_is_the_greatest_seq),
        TEST(heads_come_in_order_of_their_keys),
        TEST(entries_are_found_on_the_way_to_the_main_head),
        TEST(entries_are_found_on_the_way_to_any_other),
        TEST(every_branch_has_its_head),
        TEST(branch_that_hangs_from_nothing_is_refused),
        TEST(all_entries_come_with_what_trust_reads),
        TEST(what_is_for_another_kibbutz_is_no_gap),
        TEST(content_that_came_is_no_longer_missing),
        TEST(newest_entries_come_first_and_are_limited),
        TEST(callback_ends_the_iteration_with_its_own_error),
    };

    return cmocka_run_group_tests_name("store.index_entry", tests, NULL, NULL);
}
