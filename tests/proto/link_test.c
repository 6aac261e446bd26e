/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/samples.h"

struct fixture {
    struct link *link;
    struct frontier *frontier;
    struct missing *missing;
    size_t asked; /* Of the store. */
    struct message_range ranges[LIMIT_RANGES];
};
static frontier_find_fn find;

static int begin(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    f->link = link_new(1, true, NULL);
    f->frontier = frontier_new();
    f->missing = missing_new();
    if (f->frontier)
        frontier_ask(f->frontier, find, f);
    *state = f;
    return f->link && f->frontier && f->missing ? 0 : -1;
}

static int end(void **state)
{
    struct fixture *f = *state;

    link_free(f->link);
    frontier_free(f->frontier);
    missing_free(f->missing);
    free(f);
    return 0;
}

/* Ids whose order is that of their numbers. */
static struct id log_of(unsigned number)
{
    return (struct id){{(uint8_t)(number >> 8), (uint8_t)number, 1}};
}

/* The id of an entry of a branch; that of the frontier is branch 0. */
static struct id entry_of(unsigned log, uint64_t seq, unsigned branch)
{
    return seq ? (struct id){{(uint8_t)(log >> 8), (uint8_t)log, (uint8_t)seq, (uint8_t)(seq >> 8), (uint8_t)branch, 7}}
               : (struct id){{0}};
}

static enum err tell_on(struct fixture *f, unsigned log, uint64_t seq, unsigned branch, enum role role)
{
    struct message_item item = {.log = log_of(log), .seq = seq, .role = role};
    struct id entry = entry_of(log, seq, branch);

    memcpy(item.tag, entry.at, sizeof item.tag);
    return link_told_of(f->link, &item);
}

static enum err tell(struct fixture *f, unsigned log, uint64_t seq, enum role role)
{
    return tell_on(f, log, seq, 0, role);
}

static enum err tell_entry(struct fixture *f, unsigned log, uint64_t seq, unsigned branch)
{
    struct id id = log_of(log), entry = entry_of(log, seq, branch), prev = entry_of(log, seq - 1, branch);

    return link_told_entry(f->link, &id, seq, &entry, &prev);
}

static uint64_t has(struct fixture *f, unsigned log)
{
    struct id id = log_of(log);

    return link_newest(f->link, &id);
}

static bool has_entry(struct fixture *f, unsigned log, uint64_t seq, unsigned branch, bool forks)
{
    struct id id = log_of(log), entry = entry_of(log, seq, branch);

    return link_has(f->link, &id, seq, &entry, forks);
}

static struct head head_of(unsigned log, uint64_t seq, unsigned branch)
{
    return (struct head){.log = log_of(log), .seq = seq, .entry = entry_of(log, seq, branch), .role = ROLE_COORDINATOR};
}

static void have(struct fixture *f, unsigned log, uint64_t seq)
{
    struct head head = head_of(log, seq, 0);

    assert_int_equal(frontier_set(f->frontier, &head), ERR_OK);
}

/* All entries of branch 0 that have others after them, and no others, are in the store. */
static enum err find(void *context, const struct id *log, uint64_t seq, struct bytes beginning, struct head *head)
{
    struct id wanted = entry_of((unsigned)(log->at[0] << 8 | log->at[1]), seq, 0);
    struct fixture *f = context;

    f->asked++;
    *head = (struct head){.log = *log, .seq = seq};
    return memcmp(wanted.at, beginning.at, beginning.len) == 0 ? ERR_OK : ERR_MISSING;
}

static size_t ranges(struct fixture *f)
{
    return link_ranges(f->link, f->frontier, f->ranges);
}

static void assert_range(const struct message_range *range, unsigned log, uint64_t from, uint64_t to)
{
    struct id id = log_of(log);

    assert_memory_equal(range->log.at, id.at, ID_LEN);
    assert_int_equal(range->from, from);
    assert_int_equal(range->to, to);
}

static void what_a_peer_told_is_remembered_and_never_shrinks(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(has(f, 3), 0);
    assert_int_equal(tell(f, 3, 5, ROLE_COORDINATOR), ERR_OK);
    assert_int_equal(tell(f, 1, 2, ROLE_STEWARD), ERR_OK);
    assert_int_equal(has(f, 3), 5);
    assert_int_equal(has(f, 1), 2);
    assert_int_equal(has(f, 2), 0);
    assert_int_equal(tell(f, 3, 4, ROLE_COORDINATOR), ERR_OK);
    assert_int_equal(has(f, 3), 5);
    assert_int_equal(tell_entry(f, 3, 6, 0), ERR_OK);
    assert_int_equal(tell_entry(f, 7, 1, 0), ERR_OK);
    assert_int_equal(has(f, 3), 6);
    assert_int_equal(has(f, 7), 1);
    link_forget_told(f->link);
    assert_int_equal(has(f, 3), 0);
}

/* Ascending logs, so that none has to be moved. */
static void a_peer_may_tell_of_so_many_logs_and_no_more(void **state)
{
    struct fixture *f = *state;

    const unsigned most = LIMIT_LOGS + LIMIT_FORKS;

    for (unsigned i = 0; i < most; i++)
        assert_int_equal(tell(f, i, 1, ROLE_NODE), ERR_OK);
    assert_int_equal(tell(f, most, 1, ROLE_NODE), ERR_LIMIT);
    assert_int_equal(tell_entry(f, most - 1, 2, 0), ERR_OK); /* It takes the place of the one before. */
    assert_int_equal(has(f, most - 1), 2);
    assert_int_equal(has(f, most), 0);
}

static void what_it_has_and_we_lack_is_asked_for_governance_first(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tell(f, 1, 9, ROLE_COORDINATOR), ERR_OK);
    assert_int_equal(tell(f, 2, 4, ROLE_STEWARD), ERR_OK);
    assert_int_equal(tell(f, 3, 4, ROLE_NODE), ERR_OK);
    assert_int_equal(tell(f, 4, 4, ROLE_INVITATION), ERR_OK);
    have(f, 1, 6);
    have(f, 3, 4);
    have(f, 4, 5);
    assert_int_equal(ranges(f), 1);
    assert_range(&f->ranges[0], 2, 1, 4);
    have(f, 2, 4);
    assert_int_equal(ranges(f), 1);
    assert_range(&f->ranges[0], 1, 7, 9);
    have(f, 1, 9);
    assert_int_equal(ranges(f), 0);
}

static void a_log_that_did_not_advance_is_given_up_until_there_is_hope(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tell(f, 1, 9, ROLE_COORDINATOR), ERR_OK);
    assert_int_equal(ranges(f), 1);
    have(f, 1, 4); /* A part came: it goes on from there. */
    assert_int_equal(ranges(f), 1);
    assert_range(&f->ranges[0], 1, 5, 9);
    assert_int_equal(ranges(f), 1); /* Perhaps it is a branch that hangs from further back. */
    assert_range(&f->ranges[0], 1, 1, 9);
    assert_int_equal(ranges(f), 0);
    assert_int_equal(ranges(f), 0);
    link_hope(f->link);
    assert_int_equal(ranges(f), 1);
    assert_range(&f->ranges[0], 1, 5, 9);
    assert_int_equal(ranges(f), 1);
    assert_int_equal(ranges(f), 0);
    assert_int_equal(tell(f, 1, 9, ROLE_COORDINATOR), ERR_OK); /* No news. */
    assert_int_equal(ranges(f), 0);
    assert_int_equal(tell_entry(f, 1, 10, 0), ERR_OK);
    assert_int_equal(ranges(f), 1);
    assert_range(&f->ranges[0], 1, 5, 10);
}

static void a_given_up_governance_log_does_not_hold_back_the_others(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tell(f, 1, 1, ROLE_STEWARD), ERR_OK);
    assert_int_equal(tell(f, 2, 1, ROLE_COORDINATOR), ERR_OK);
    assert_int_equal(ranges(f), 1);
    assert_range(&f->ranges[0], 1, 1, 1);
    assert_int_equal(ranges(f), 1);
    assert_range(&f->ranges[0], 2, 1, 1);
    assert_int_equal(ranges(f), 0);
}

/* One log above the limit waits for the next question. */
static void so_many_ranges_are_asked_for_at_once_and_no_more(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < LIMIT_RANGES + 1; i++)
        assert_int_equal(tell(f, i, 1, ROLE_NODE), ERR_OK);
    assert_int_equal(ranges(f), LIMIT_RANGES);
    assert_range(&f->ranges[LIMIT_RANGES - 1], LIMIT_RANGES - 1, 1, 1);
    for (unsigned i = 0; i < LIMIT_RANGES; i++)
        have(f, i, 1);
    assert_int_equal(ranges(f), 1);
    assert_range(&f->ranges[0], LIMIT_RANGES, 1, 1);
    assert_int_equal(ranges(f), 0);
}

static void lack(struct fixture *f, unsigned log, uint64_t seq)
{
    struct missing_content content = {
        .log = log_of(log), .seq = seq, .entry = entry_of(log, seq, 0), .content = sample_id(log)};

    assert_int_equal(missing_add(f->missing, &content), ERR_OK);
}

static void a_missing_content_is_asked_for_once(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(link_contents(f->link, f->missing, f->ranges), 0);
    lack(f, 2, 5);
    lack(f, 1, 3);
    assert_int_equal(link_contents(f->link, f->missing, f->ranges), 2);
    assert_range(&f->ranges[0], 2, 5, 5);
    assert_range(&f->ranges[1], 1, 3, 3);
    assert_int_equal(link_contents(f->link, f->missing, f->ranges), 0);
    lack(f, 1, 4);
    assert_int_equal(link_contents(f->link, f->missing, f->ranges), 1);
    assert_range(&f->ranges[0], 1, 4, 4);
    assert_int_equal(link_contents(f->link, f->missing, f->ranges), 0);
}

static void so_many_contents_are_asked_for_at_once_and_no_more(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < LIMIT_RANGES + 1; i++)
        lack(f, i, 1);
    assert_int_equal(link_contents(f->link, f->missing, f->ranges), LIMIT_RANGES);
    assert_int_equal(link_contents(f->link, f->missing, f->ranges), 1);
    assert_range(&f->ranges[0], LIMIT_RANGES, 1, 1);
    assert_int_equal(link_contents(f->link, f->missing, f->ranges), 0);
}

static void a_peer_is_behind_by_what_it_did_not_tell_of(void **state)
{
    struct fixture *f = *state;

    have(f, 1, 5);
    have(f, 2, 3);
    have(f, 3, 1);
    assert_int_equal(tell(f, 1, 2, ROLE_COORDINATOR), ERR_OK);
    assert_int_equal(tell(f, 3, 8, ROLE_COORDINATOR), ERR_OK);
    assert_int_equal(link_behind(f->link, f->frontier), 0); /* Its vector is not whole. */
    f->link->told_whole = true;
    assert_int_equal(link_behind(f->link, f->frontier), 3 + 3);
    f->link->equal = true;
    assert_int_equal(link_behind(f->link, f->frontier), 0);
}

static void assert_tag(const struct message_range *range, unsigned log, uint64_t seq, unsigned branch)
{
    struct id entry = entry_of(log, seq, branch);

    assert_memory_equal(range->tag, entry.at, sizeof range->tag);
}

/* What is older and ours costs one question to the store, and never two. */
static void an_older_entry_that_we_have_is_not_asked_for(void **state)
{
    struct fixture *f = *state;

    have(f, 1, 9);
    assert_int_equal(tell(f, 1, 5, ROLE_COORDINATOR), ERR_OK);
    assert_int_equal(ranges(f), 0);
    assert_int_equal(ranges(f), 0);
    assert_int_equal(f->asked, 1);
}

static void nothing_is_asked_of_the_store_where_we_are_behind_or_equal(void **state)
{
    struct fixture *f = *state;

    have(f, 1, 9);
    have(f, 2, 9);
    assert_int_equal(tell(f, 1, 9, ROLE_COORDINATOR), ERR_OK);
    assert_int_equal(tell(f, 2, 12, ROLE_COORDINATOR), ERR_OK);
    assert_int_equal(tell(f, 3, 12, ROLE_COORDINATOR), ERR_OK);
    assert_int_equal(ranges(f), 2);
    assert_range(&f->ranges[0], 2, 10, 12);
    assert_tag(&f->ranges[0], 2, 12, 0);
    assert_int_equal(f->asked, 0);
}

/* The other side of a fork, of a coordinator too, comes before what governs others. */
static void another_branch_is_asked_for_first_and_from_further_back_each_time(void **state)
{
    struct fixture *f = *state;

    have(f, 1, 400);
    assert_int_equal(tell_on(f, 1, 400, 1, ROLE_COORDINATOR), ERR_OK);
    assert_int_equal(tell(f, 2, 3, ROLE_COORDINATOR), ERR_OK);
    assert_int_equal(ranges(f), 1);
    assert_range(&f->ranges[0], 1, 384, 400);
    assert_tag(&f->ranges[0], 1, 400, 1);
    assert_int_equal(ranges(f), 1);
    assert_range(&f->ranges[0], 1, 144, 400);
    assert_int_equal(ranges(f), 1);
    assert_range(&f->ranges[0], 1, 1, 400);
    assert_int_equal(ranges(f), 1); /* It did not help at all: the others' turn. */
    assert_range(&f->ranges[0], 2, 1, 3);
}

static void a_branch_that_goes_on_is_asked_for_after_each_of_its_tips(void **state)
{
    struct fixture *f = *state;
    struct head other = head_of(1, 4, 1);

    have(f, 1, 9);
    assert_int_equal(frontier_add(f->frontier, NULL, &other, NULL), ERR_OK);
    assert_int_equal(tell(f, 1, 9, ROLE_COORDINATOR), ERR_OK);
    assert_int_equal(tell_on(f, 1, 12, 1, ROLE_COORDINATOR), ERR_OK);
    assert_int_equal(ranges(f), 1);
    assert_range(&f->ranges[0], 1, 10, 12);
    assert_int_equal(ranges(f), 1);
    assert_range(&f->ranges[0], 1, 5, 12);
}

static void what_a_peer_has_of_a_log_that_forks_is_told_apart(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(tell(f, 1, 5, ROLE_COORDINATOR), ERR_OK);
    assert_true(has_entry(f, 1, 5, 0, false));
    assert_true(has_entry(f, 1, 4, 0, false));
    assert_false(has_entry(f, 1, 4, 0, true));
    assert_false(has_entry(f, 1, 5, 1, false));
    assert_false(has_entry(f, 1, 6, 0, false));
    assert_int_equal(tell_entry(f, 1, 5, 1), ERR_OK);
    assert_true(has_entry(f, 1, 5, 0, true));
    assert_true(has_entry(f, 1, 5, 1, true));
    assert_int_equal(tell_entry(f, 1, 6, 1), ERR_OK); /* It leads on from one of them. */
    assert_true(has_entry(f, 1, 5, 0, true));
    assert_true(has_entry(f, 1, 6, 1, true));
    assert_int_equal(f->link->told_count, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_peer_told_is_remembered_and_never_shrinks),
        TEST(a_peer_may_tell_of_so_many_logs_and_no_more),
        TEST(what_it_has_and_we_lack_is_asked_for_governance_first),
        TEST(a_log_that_did_not_advance_is_given_up_until_there_is_hope),
        TEST(a_given_up_governance_log_does_not_hold_back_the_others),
        TEST(so_many_ranges_are_asked_for_at_once_and_no_more),
        TEST(an_older_entry_that_we_have_is_not_asked_for),
        TEST(nothing_is_asked_of_the_store_where_we_are_behind_or_equal),
        TEST(another_branch_is_asked_for_first_and_from_further_back_each_time),
        TEST(a_branch_that_goes_on_is_asked_for_after_each_of_its_tips),
        TEST(what_a_peer_has_of_a_log_that_forks_is_told_apart),
        TEST(a_missing_content_is_asked_for_once),
        TEST(so_many_contents_are_asked_for_at_once_and_no_more),
        TEST(a_peer_is_behind_by_what_it_did_not_tell_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
