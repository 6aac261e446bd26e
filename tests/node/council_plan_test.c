/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/council_plan.h"
#include "node/council_step.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/support/samples.h"

/*
 * A network of three voting kibbutzim (0, 1, 2), one that is registered without vote (3), and two that have joined since
 * (4, 5).  Kibbutz n has the steward key KEY(n), which has signed n + 1 entries.
 */
#define KIBBUTZIM 6
#define KIBBUTZ(n) sample_id(50u + (unsigned)(n))
#define KEY(n) sample_key(10u + (unsigned)(n))
#define CARD(n) sample_card(30u + (unsigned)(n))
#define ENTRY(n) sample_id(70u + (unsigned)(n))

struct table {
    struct council_state state;
    struct council_log logs[KIBBUTZIM + 2];
    struct council_request request;
    struct council_plan plan;
    struct buffer told; /* The names of the steps. */
};

static struct council_line line_of(unsigned n, bool votes)
{
    struct council_line line = {.votes = votes, .key_count = 1};

    line.kibbutz = KIBBUTZ(n);
    line.card = CARD(n);
    line.keys[0] = KEY(n);
    return line;
}

static int set_up(void **state)
{
    struct table *t = calloc(1, sizeof *t);

    assert_non_null(t);
    t->state.base = sample_id(1);
    t->state.present.majority = 2;
    t->state.present.admission = 2;
    for (unsigned n = 0; n < 4; n++)
        t->state.present.lines[t->state.present.line_count++] = line_of(n, n < 3);
    for (unsigned n = 0; n < KIBBUTZIM; n++) {
        t->state.joined[t->state.joined_count++] = line_of(n, n < 3);
        t->logs[t->state.log_count++] = (struct council_log){
            .key = KEY(n), .kibbutz = KIBBUTZ(n), .steward = true, .seq = n + 1, .entry = ENTRY(n)};
    }
    t->state.logs = t->logs;
    t->told = BUFFER(4096);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct table *t = *state;

    buffer_free(&t->told);
    free(t);
    return 0;
}

static void wish(struct table *t, enum council_wish_kind kind, struct id kibbutz, struct id id)
{
    t->request.wishes[t->request.wish_count++] = (struct council_wish){kind, kibbutz, id};
}

static void tell(void *context, const struct council_step *step)
{
    struct table *t = context;

    if (t->told.len > 0)
        buffer_text(&t->told, " ");
    buffer_text(&t->told, council_step_name(step->kind));
}

/* Plans, and holds the result to what docs/TRUST.md, T9, says of every root. */
static void must_plan(struct table *t, const char *steps)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    const struct council_root *next = &t->plan.next;
    uint64_t voters;

    assert_int_equal(council_plan(&t->state, &t->request, &t->plan), COUNCIL_SOUND);
    council_root_write(&body, &t->plan.next);
    assert_int_equal(act_check(ACT_COUNCIL, buffer_bytes(&body)), ERR_OK);
    buffer_free(&body);
    voters = council_root_voters(next);
    assert_in_range(next->majority, voters / 2 + 1, voters);
    assert_in_range(next->admission, 1, voters);
    for (size_t i = 0; i < t->state.present.line_count; i++) {
        const struct council_line *before = &t->state.present.lines[i];
        const struct council_line *after = council_root_find(&t->plan.next, &before->kibbutz);

        assert_true((after != NULL) != council_root_closes(next, &before->kibbutz));
        for (size_t k = 0; k < before->key_count; k++)
            assert_true((after != NULL && council_line_has(after, &before->keys[k])) !=
                        (council_root_cut(next, &before->keys[k]) != NULL));
    }
    buffer_clear(&t->told);
    council_steps(&t->state.present, &t->plan.next, tell, t);
    buffer_u8(&t->told, 0);
    assert_string_equal((const char *)t->told.at, steps);
}

static void must_fail(struct table *t, enum council_flaw flaw)
{
    assert_int_equal(council_plan(&t->state, &t->request, &t->plan), flaw);
}

static void vote_is_given_and_all_who_joined_are_registered(void **state)
{
    struct table *t = *state;

    wish(t, COUNCIL_GIVE_VOTE, KIBBUTZ(4), (struct id){{0}});
    must_plan(t, "gives-vote majority registers");
    assert_int_equal(t->plan.next.line_count, 6);
    assert_int_equal(council_root_voters(&t->plan.next), 4);
    assert_int_equal(t->plan.next.majority, 3);
    assert_int_equal(t->plan.next.admission, 2);
    assert_int_equal(t->plan.next.cut_count, 0);
    assert_int_equal(t->plan.next.keep_count, 6);
    assert_int_equal(t->plan.next.keeps[0].seq > 0, 1);
}

static void second_voter_raises_what_admissions_need(void **state)
{
    struct table *t = *state;

    t->state.present.line_count = 1;
    t->state.present.majority = t->state.present.admission = 1;
    wish(t, COUNCIL_GIVE_VOTE, KIBBUTZ(1), (struct id){{0}});
    must_plan(t, "gives-vote majority admission registers registers registers registers");
    assert_int_equal(t->plan.next.majority, 2);
    assert_int_equal(t->plan.next.admission, 2);
}

static void steward_is_replaced_and_the_old_one_keeps_what_it_signed(void **state)
{
    struct table *t = *state;
    struct id old = KEY(1);
    const struct council_pin *cut;

    wish(t, COUNCIL_STEWARD, KIBBUTZ(1), KEY(20));
    wish(t, COUNCIL_CARD, KIBBUTZ(1), CARD(20));
    must_plan(t, "adds-key drops-key new-card registers registers");
    cut = council_root_cut(&t->plan.next, &old);
    assert_non_null(cut);
    assert_int_equal(cut->seq, 2);
    assert_true(id_equal(&cut->entry, &t->logs[1].entry));
    assert_int_equal(t->plan.next.keep_count, 5); /* The new key has signed nothing yet. */
}

static void several_stewards_are_set_at_once(void **state)
{
    struct table *t = *state;

    wish(t, COUNCIL_STEWARD, KIBBUTZ(1), KEY(1));
    wish(t, COUNCIL_STEWARD, KIBBUTZ(1), KEY(20));
    must_plan(t, "adds-key registers registers");
    wish(t, COUNCIL_STEWARD, KIBBUTZ(1), KEY(21));
    must_plan(t, "adds-key adds-key registers registers");
    wish(t, COUNCIL_STEWARD, KIBBUTZ(1), KEY(22));
    must_fail(t, COUNCIL_TOO_MUCH);
}

static void steward_that_never_signed_is_pinned_all_the_same(void **state)
{
    struct table *t = *state;
    struct id old = KEY(2);

    t->logs[2] = t->logs[5];
    t->state.log_count = 5;
    wish(t, COUNCIL_STEWARD, KIBBUTZ(2), KEY(20));
    must_plan(t, "adds-key drops-key registers registers");
    assert_int_equal(council_root_cut(&t->plan.next, &old)->seq, 0);
}

static void vote_is_taken_only_with_a_new_steward(void **state)
{
    struct table *t = *state;

    wish(t, COUNCIL_TAKE_VOTE, KIBBUTZ(2), (struct id){{0}});
    must_fail(t, COUNCIL_NEEDS_STEWARD);
    wish(t, COUNCIL_STEWARD, KIBBUTZ(2), KEY(20));
    must_plan(t, "takes-vote adds-key drops-key registers registers");
    assert_int_equal(council_root_voters(&t->plan.next), 2);
    assert_int_equal(t->plan.next.majority, 2);
}

static void closed_kibbutz_keeps_what_all_its_keys_signed(void **state)
{
    struct table *t = *state;
    struct id coordinator = sample_key(60);

    t->logs[t->state.log_count++] =
        (struct council_log){.key = coordinator, .kibbutz = KIBBUTZ(2), .seq = 9, .entry = sample_id(9)};
    wish(t, COUNCIL_CLOSE, KIBBUTZ(2), (struct id){{0}});
    must_plan(t, "closes ends-key registers registers");
    assert_int_equal(t->plan.next.cut_count, 2);
    assert_int_equal(council_root_cut(&t->plan.next, &coordinator)->seq, 9);
}

static void unused_admission_is_closed_without_more(void **state)
{
    struct table *t = *state;

    wish(t, COUNCIL_CLOSE, sample_id(99), (struct id){{0}});
    must_plan(t, "closes registers registers");
    assert_int_equal(t->plan.next.cut_count, 0);
}

static void copied_keys_and_cards_are_left_out(void **state)
{
    struct table *t = *state;

    t->state.joined[4].card = CARD(0);
    t->state.joined[5].keys[0] = KEY(3);
    t->logs[5].key = sample_key(61);
    t->request.majority = 3;
    must_plan(t, "majority");
    assert_int_equal(t->plan.left_out_count, 2);
    assert_int_equal(t->plan.next.line_count, 4);
    wish(t, COUNCIL_GIVE_VOTE, KIBBUTZ(5), (struct id){{0}});
    must_fail(t, COUNCIL_KEY_IN_USE);
}

static void keys_and_cards_of_others_are_refused(void **state)
{
    struct table *t = *state;

    wish(t, COUNCIL_STEWARD, KIBBUTZ(1), KEY(2));
    must_fail(t, COUNCIL_KEY_IN_USE);
    t->request.wishes[0].id = KEY(1);
    must_fail(t, COUNCIL_KEY_IN_USE);
    t->request.wishes[0] = (struct council_wish){COUNCIL_CARD, KIBBUTZ(1), CARD(1)};
    must_fail(t, COUNCIL_KEY_IN_USE);
    t->request.wishes[0].id = CARD(5);
    must_fail(t, COUNCIL_KEY_IN_USE);
}

static void thresholds_stay_within_the_voters(void **state)
{
    struct table *t = *state;

    t->request.majority = 1;
    must_fail(t, COUNCIL_MAJORITY);
    t->request.majority = 4;
    must_fail(t, COUNCIL_MAJORITY);
    t->request.majority = 3;
    must_plan(t, "majority registers registers");
    t->request.admission = 4;
    must_fail(t, COUNCIL_ADMISSION);
    t->request.admission = 1;
    must_plan(t, "majority admission registers registers");
}

static void majority_that_was_set_higher_is_kept_where_it_can_be(void **state)
{
    struct table *t = *state;

    t->state.present.majority = 3;
    wish(t, COUNCIL_GIVE_VOTE, KIBBUTZ(3), (struct id){{0}});
    must_plan(t, "gives-vote registers registers");
    assert_int_equal(t->plan.next.majority, 3);
    t->request.wishes[0].kind = COUNCIL_CLOSE;
    t->request.wishes[0].kibbutz = KIBBUTZ(0);
    must_plan(t, "closes majority registers registers");
    assert_int_equal(t->plan.next.majority, 2);
}

static void wishes_that_cannot_be_are_named(void **state)
{
    struct table *t = *state;

    wish(t, COUNCIL_GIVE_VOTE, KIBBUTZ(1), (struct id){{0}});
    must_fail(t, COUNCIL_VOTES_ALREADY);
    t->request.wishes[0].kibbutz = sample_id(99);
    must_fail(t, COUNCIL_NOT_JOINED);
    assert_true(id_equal(&t->plan.about, &t->request.wishes[0].kibbutz));
    t->request.wishes[0] = (struct council_wish){.kind = COUNCIL_TAKE_VOTE, .kibbutz = KIBBUTZ(3)};
    must_fail(t, COUNCIL_VOTES_NOT);
    t->request.wishes[0] = (struct council_wish){.kind = COUNCIL_GIVE_VOTE, .kibbutz = KIBBUTZ(3)};
    wish(t, COUNCIL_CLOSE, KIBBUTZ(3), (struct id){{0}});
    must_fail(t, COUNCIL_CROSSED);
}

static void last_voter_stays(void **state)
{
    struct table *t = *state;

    for (unsigned n = 0; n < 3; n++)
        wish(t, COUNCIL_CLOSE, KIBBUTZ(n), (struct id){{0}});
    must_fail(t, COUNCIL_NO_VOTER);
}

static void nothing_to_change_is_said(void **state)
{
    struct table *t = *state;

    t->state.joined_count = 4;
    must_fail(t, COUNCIL_NOTHING);
    t->state.over[t->state.over_count++] = sample_id(7);
    must_plan(t, "sets-aside"); /* The way out of a contest: the root that stands, over its rivals. */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(vote_is_given_and_all_who_joined_are_registered),
        TEST(second_voter_raises_what_admissions_need),
        TEST(steward_is_replaced_and_the_old_one_keeps_what_it_signed),
        TEST(several_stewards_are_set_at_once),
        TEST(steward_that_never_signed_is_pinned_all_the_same),
        TEST(vote_is_taken_only_with_a_new_steward),
        TEST(closed_kibbutz_keeps_what_all_its_keys_signed),
        TEST(unused_admission_is_closed_without_more),
        TEST(copied_keys_and_cards_are_left_out),
        TEST(keys_and_cards_of_others_are_refused),
        TEST(thresholds_stay_within_the_voters),
        TEST(majority_that_was_set_higher_is_kept_where_it_can_be),
        TEST(wishes_that_cannot_be_are_named),
        TEST(last_voter_stays),
        TEST(nothing_to_change_is_said),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
