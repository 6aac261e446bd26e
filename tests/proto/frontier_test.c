/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/frontier.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/samples.h"

static struct head head_of(unsigned log, uint64_t seq, enum role role)
{
    return (struct head){
        .log = sample_id(log), .seq = seq, .entry = sample_id(log * 1000 + (unsigned)seq), .role = role};
}

static void set(struct frontier *f, unsigned log, uint64_t seq, enum role role)
{
    struct head head = head_of(log, seq, role);

    assert_int_equal(frontier_set(f, &head), ERR_OK);
}

/* The root as docs/PROTOCOL.md says it, over the heads in the frontier's own order. */
static struct id root_by_the_document(const struct frontier *f, bool governance_only)
{
    struct buffer run = BUFFER(MIB(2));
    struct id root;

    for (size_t i = 0; i < frontier_count(f); i++) {
        const struct head *head = frontier_at(f, i);
        const struct head crowd = {.log = head->log};
        size_t first;

        if (governance_only && head->role == ROLE_COORDINATOR)
            continue;
        if (!governance_only && frontier_tips(f, &crowd.log, &first) == LIMIT_BRANCHES) {
            if (i > first)
                continue;
            head = &crowd;
        }
        buffer_add(&run, id_bytes(&head->log));
        buffer_u64(&run, head->seq);
        buffer_add(&run, id_bytes(&head->entry));
    }
    root = id_hash(ID_FRONTIER, buffer_bytes(&run));
    buffer_free(&run);
    return root;
}

static void assert_roots(const struct frontier *f)
{
    struct id all = frontier_root(f);
    struct id governance = frontier_governance_root(f);
    struct id want = root_by_the_document(f, false);

    assert_true(id_equal(&all, &want));
    want = root_by_the_document(f, true);
    assert_true(id_equal(&governance, &want));
}

static void an_empty_frontier_has_the_root_of_nothing(void **state)
{
    struct frontier *f = frontier_new();
    struct id log = sample_id(1);

    (void)state;
    assert_int_equal(frontier_count(f), 0);
    assert_int_equal(frontier_entries(f), 0);
    assert_null(frontier_find(f, &log));
    assert_roots(f);
    frontier_free(f);
    frontier_free(NULL);
}

static void logs_stand_in_ascending_order_and_are_found(void **state)
{
    struct frontier *f = frontier_new();

    (void)state;
    for (unsigned log = 0; log < 300; log++)
        set(f, log, log + 1, ROLE_NODE);
    assert_int_equal(frontier_count(f), 300);
    assert_int_equal(frontier_entries(f), 300 * 301 / 2);
    for (size_t i = 1; i < 300; i++)
        assert_true(id_compare(&frontier_at(f, i - 1)->log, &frontier_at(f, i)->log) < 0);
    for (unsigned log = 0; log < 310; log++) {
        struct id id = sample_id(log);
        const struct head *head = frontier_find(f, &id);

        if (log >= 300)
            assert_null(head);
        else
            assert_int_equal(head->seq, log + 1);
    }
    frontier_free(f);
}

static void a_newer_head_takes_the_place_of_the_older(void **state)
{
    struct frontier *f = frontier_new();
    struct id log = sample_id(1);
    struct id entry = sample_id(1007);

    (void)state;
    set(f, 1, 3, ROLE_STEWARD);
    set(f, 2, 5, ROLE_STEWARD);
    set(f, 1, 7, ROLE_STEWARD);
    assert_int_equal(frontier_count(f), 2);
    assert_int_equal(frontier_entries(f), 12);
    assert_true(id_equal(&frontier_find(f, &log)->entry, &entry));
    frontier_free(f);
}

static void a_head_lent_from_the_frontier_may_be_set_again(void **state)
{
    struct frontier *f = frontier_new();

    (void)state;
    for (unsigned log = 0; log < 64; log++)
        set(f, log, 1, ROLE_NODE);
    assert_int_equal(frontier_set(f, frontier_at(f, 5)), ERR_OK);
    assert_int_equal(frontier_entries(f), 64);
    frontier_free(f);
}

static void roots_follow_each_change(void **state)
{
    struct frontier *f = frontier_new();

    (void)state;
    for (unsigned step = 0; step < 60; step++) {
        set(f, step % 11, step + 1, step % 11 < 4 ? ROLE_COORDINATOR : step % 2 ? ROLE_STEWARD : ROLE_CARD);
        assert_roots(f);
        assert_roots(f); /* From the cache. */
    }
    frontier_free(f);
}

static void the_order_of_arrival_does_not_change_a_root(void **state)
{
    struct frontier *forth = frontier_new();
    struct frontier *back = frontier_new();
    struct id roots[2];

    (void)state;
    for (unsigned log = 0; log < 100; log++) {
        set(forth, log, 2, ROLE_NODE);
        set(back, 99 - log, 1, ROLE_NODE);
        set(back, 99 - log, 2, ROLE_NODE);
    }
    roots[0] = frontier_root(forth);
    roots[1] = frontier_root(back);
    assert_true(id_equal(&roots[0], &roots[1]));
    set(back, 5, 3, ROLE_NODE);
    roots[1] = frontier_root(back);
    assert_false(id_equal(&roots[0], &roots[1]));
    frontier_free(forth);
    frontier_free(back);
}

static void only_logs_of_coordinators_stay_out_of_governance(void **state)
{
    static const enum role roles[] = {ROLE_STEWARD, ROLE_COORDINATOR, ROLE_NODE, ROLE_INVITATION, ROLE_CARD};

    (void)state;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        struct frontier *f = frontier_new();
        struct id before = frontier_governance_root(f);
        struct id after;

        set(f, 1, 1, roles[i]);
        after = frontier_governance_root(f);
        assert_int_equal(id_equal(&before, &after), roles[i] == ROLE_COORDINATOR);
        frontier_free(f);
    }
}

static void logs_are_bounded(void **state)
{
    struct frontier *f = frontier_new();
    struct head head = {.seq = 1};

    (void)state;
    for (unsigned log = 0; log < LIMIT_LOGS; log++) {
        head.log.at[0] = (uint8_t)(log >> 8);
        head.log.at[1] = (uint8_t)log;
        assert_int_equal(frontier_set(f, &head), ERR_OK);
    }
    head.log.at[0] = 0xff;
    assert_int_equal(frontier_set(f, &head), ERR_LIMIT);
    assert_int_equal(frontier_count(f), LIMIT_LOGS);
    assert_int_equal(frontier_entries(f), LIMIT_LOGS);
    head.log.at[0] = 0;
    head.seq = 2;
    assert_int_equal(frontier_set(f, &head), ERR_OK);
    frontier_free(f);
}

/* ---- logs that fork ---- */

static struct head branch_head(unsigned log, uint64_t seq, unsigned branch)
{
    return (struct head){
        .log = sample_id(log), .seq = seq, .entry = {{(uint8_t)branch, (uint8_t)seq}}, .role = ROLE_NODE};
}

static bool add_after(struct frontier *f, const struct head *head, const struct head *prev)
{
    bool branches;

    assert_int_equal(frontier_add(f, prev ? &prev->entry : NULL, head, &branches), ERR_OK);
    return branches;
}

static void a_tip_gives_way_to_what_follows_it_and_to_nothing_else(void **state)
{
    struct frontier *f = frontier_new();
    struct head a1 = branch_head(5, 1, 1), a2 = branch_head(5, 2, 1), b2 = branch_head(5, 2, 2),
                b3 = branch_head(5, 3, 2), c1 = branch_head(5, 1, 3);
    size_t first;

    (void)state;
    set(f, 4, 9, ROLE_NODE);
    set(f, 6, 9, ROLE_NODE);
    assert_false(add_after(f, &a1, NULL));
    assert_false(add_after(f, &a2, &a1));
    assert_int_equal(frontier_tips(f, &a1.log, &first), 1);
    assert_true(add_after(f, &b2, &a1)); /* a1 is no tip any more. */
    assert_false(add_after(f, &b3, &b2));
    assert_false(add_after(f, &b3, &b2)); /* Again. */
    assert_true(add_after(f, &c1, NULL));
    assert_int_equal(frontier_tips(f, &a1.log, &first), 3);
    assert_int_equal(frontier_count(f), 5);
    assert_int_equal(frontier_logs(f), 3);
    assert_int_equal(frontier_entries(f), 9 + 3 + 9);
    assert_memory_equal(&frontier_find(f, &a1.log)->entry, &b3.entry, ID_LEN);
    assert_non_null(frontier_tip(f, &a1.log, &a2.entry));
    assert_null(frontier_tip(f, &a1.log, &b2.entry));
    assert_roots(f);
    frontier_free(f);
}

/* Whatever came first: the main head and the roots are those of the set. */
static void the_order_of_arrival_does_not_matter(void **state)
{
    struct frontier *one = frontier_new(), *two = frontier_new();
    struct head tips[] = {branch_head(5, 7, 9), branch_head(5, 7, 2), branch_head(5, 3, 4), branch_head(5, 7, 5)};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        add_after(one, &tips[i], NULL);
        add_after(two, &tips[3 - i], NULL);
    }
    struct id x = frontier_root(one), y = frontier_root(two);
    assert_true(id_equal(&x, &y));
    assert_memory_equal(&frontier_find(one, &tips[0].log)->entry, &tips[1].entry, ID_LEN);
    assert_memory_equal(&frontier_find(two, &tips[0].log)->entry, &tips[1].entry, ID_LEN);
    assert_roots(one);
    frontier_free(one);
    frontier_free(two);
}

static void a_log_has_so_many_tips_and_no_more(void **state)
{
    struct frontier *f = frontier_new();

    (void)state;
    for (unsigned i = 0; i < LIMIT_BRANCHES; i++) {
        struct head head = branch_head(5, 1, i);
        add_after(f, &head, NULL);
    }
    struct head more = branch_head(5, 1, LIMIT_BRANCHES), last = branch_head(5, 1, 3), next = branch_head(5, 2, 3);
    assert_int_equal(frontier_add(f, NULL, &more, NULL), ERR_LIMIT);
    assert_false(add_after(f, &next, &last)); /* What is here goes on. */
    assert_int_equal(frontier_count(f), LIMIT_BRANCHES);
    frontier_free(f);
}

/* Two nodes took in other branches of a log that has too many: they are equal, and each knows when it changed. */
static void a_crowded_log_keeps_nobody_from_being_equal(void **state)
{
    struct frontier *one = frontier_new(), *two = frontier_new();
    struct head other = branch_head(7, 2, 1), last = branch_head(5, 1, 3), next = branch_head(5, 2, 3);

    (void)state;
    add_after(one, &other, NULL);
    add_after(two, &other, NULL);
    for (unsigned i = 0; i < LIMIT_BRANCHES; i++) {
        struct head ours = branch_head(5, 1, i), theirs = branch_head(5, 1, i + 7);
        struct id x = frontier_root(one), y = frontier_root(two);

        assert_false(frontier_is_crowded(one, &ours.log));
        assert_int_equal(id_equal(&x, &y), i == 0);
        add_after(one, &ours, NULL);
        add_after(two, &theirs, NULL);
    }
    assert_true(frontier_is_crowded(one, &last.log));
    assert_false(frontier_is_crowded(one, &other.log));
    assert_roots(one);
    struct id x = frontier_root(one), y = frontier_root(two), before = frontier_stamp(one);
    assert_true(id_equal(&x, &y));
    assert_false(add_after(one, &next, &last));
    x = frontier_root(one);
    struct id after = frontier_stamp(one);
    assert_true(id_equal(&x, &y));
    assert_false(id_equal(&before, &after));
    struct head news = branch_head(7, 3, 1);
    assert_false(add_after(one, &news, &other));
    x = frontier_root(one);
    assert_false(id_equal(&x, &y));
    frontier_free(one);
    frontier_free(two);
}

static enum err find_entry(void *context, const struct id *log, uint64_t seq, struct bytes beginning, struct head *head)
{
    ++*(unsigned *)context;
    *head = (struct head){.log = *log, .seq = seq};
    return seq == 2 && beginning.len == 1 ? ERR_OK : ERR_MISSING;
}

/* The store is asked for what others follow, and for nothing else. */
static void the_store_is_asked_for_what_is_no_tip(void **state)
{
    struct frontier *f = frontier_new();
    struct head tip = branch_head(5, 4, 1), found;
    struct id other = sample_id(77);
    unsigned asked = 0;

    (void)state;
    add_after(f, &tip, NULL);
    assert_int_equal(frontier_entry(f, &tip.log, 2, bytes_of(tip.entry.at, 1), &found), ERR_MISSING);
    frontier_ask(f, find_entry, &asked);
    assert_int_equal(frontier_entry(f, &tip.log, 4, bytes_of(tip.entry.at, 16), &found), ERR_OK);
    assert_int_equal(frontier_entry(f, &tip.log, 5, bytes_of(tip.entry.at, 1), &found), ERR_MISSING);
    assert_int_equal(frontier_entry(f, &other, 2, bytes_of(tip.entry.at, 1), &found), ERR_MISSING);
    assert_int_equal(asked, 0);
    assert_int_equal(frontier_entry(f, &tip.log, 2, bytes_of(tip.entry.at, 1), &found), ERR_OK);
    assert_int_equal(found.seq, 2);
    assert_int_equal(asked, 1);
    frontier_free(f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tip_gives_way_to_what_follows_it_and_to_nothing_else),
        cmocka_unit_test(the_order_of_arrival_does_not_matter),
        cmocka_unit_test(a_log_has_so_many_tips_and_no_more),
        cmocka_unit_test(a_crowded_log_keeps_nobody_from_being_equal),
        cmocka_unit_test(the_store_is_asked_for_what_is_no_tip),
        cmocka_unit_test(an_empty_frontier_has_the_root_of_nothing),
        cmocka_unit_test(logs_stand_in_ascending_order_and_are_found),
        cmocka_unit_test(a_newer_head_takes_the_place_of_the_older),
        cmocka_unit_test(a_head_lent_from_the_frontier_may_be_set_again),
        cmocka_unit_test(roots_follow_each_change),
        cmocka_unit_test(the_order_of_arrival_does_not_change_a_root),
        cmocka_unit_test(only_logs_of_coordinators_stay_out_of_governance),
        cmocka_unit_test(logs_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
