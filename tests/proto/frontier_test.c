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

        if (governance_only && head->role == ROLE_COORDINATOR)
            continue;
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
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
