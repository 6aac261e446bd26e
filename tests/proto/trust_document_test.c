/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Documents: T24 to T30. */

#include "proto/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/story.h"

/* Three kibbutzim, each with a coordinator. */
static void begin(struct story *s)
{
    story_begin(s, "abc", 0, 1);
    story_grant(s, "Sa", "Ca", "coordinator");
    story_grant(s, "Sb", "Cb", "coordinator");
    story_grant(s, "Sc", "Cc", "coordinator");
}

static struct trust_document look(struct story *s, const struct id *document)
{
    struct trust_document found;

    assert_true(trust_document(s->trust, document, &found));
    return found;
}

static void a_document_is_in_force_with_as_many_kibbutzim_as_it_needs(void **state)
{
    struct story s;

    (void)state;
    begin(&s);
    struct id d = story_publish(&s, "Ca", 3);
    assert_int_equal(story_state(&s, &d), TRUST_PROPOSED);
    story_approve(&s, "Ca", &d); /* Its own kibbutz again. */
    story_approve(&s, "Sa", &d);
    story_approve(&s, "Cb", &d);
    story_approve(&s, "Sb", &d);
    assert_int_equal(story_state(&s, &d), TRUST_PROPOSED);
    assert_int_equal(look(&s, &d).approvals, 2);
    assert_int_equal(trust_approval_count(s.trust, &d), 5);
    size_t counted = 0;
    for (size_t i = 0; i < 5; i++)
        counted += trust_approval_at(s.trust, &d, i).counts;
    assert_int_equal(counted, 2);
    story_approve(&s, "Cc", &d);
    assert_int_equal(story_state(&s, &d), TRUST_IN_FORCE);
    assert_memory_equal(look(&s, &d).revision.at, d.at, ID_LEN);
    story_end(&s);
}

static void nodes_and_strangers_have_no_say(void **state)
{
    struct story s;

    (void)state;
    begin(&s);
    story_grant(&s, "Sb", "Nb", "node");
    struct id d = story_publish(&s, "Ca", 2);
    story_approve(&s, "Nb", &d);
    story_approve(&s, "Cb9", &d);
    assert_int_equal(story_state(&s, &d), TRUST_PROPOSED);
    struct id by_node = story_publish(&s, "Nb", 1), by_stranger = story_publish(&s, "Ca9", 1);
    assert_int_equal(story_state(&s, &by_node), TRUST_NULL);
    assert_int_equal(story_state(&s, &by_stranger), TRUST_NULL);
    story_end(&s);
}

static void an_own_decision_counts_keys_of_its_kibbutz(void **state)
{
    struct story s;

    (void)state;
    begin(&s);
    act_write_text(&s.lines, ACT_AUDIENCE, "network");
    act_write_number(&s.lines, ACT_NEED, 2);
    act_write_text(&s.lines, ACT_COUNT, "own");
    struct id d = story_write(&s, "Ca", ACT_PUBLISH);
    story_approve(&s, "Cb", &d);
    assert_int_equal(story_state(&s, &d), TRUST_PROPOSED);
    assert_true(look(&s, &d).own_only);
    story_approve(&s, "Sa", &d);
    assert_int_equal(story_state(&s, &d), TRUST_IN_FORCE);
    story_end(&s);
}

static void what_is_for_the_kibbutz_alone_is_approved_by_it_alone(void **state)
{
    struct story s;

    (void)state;
    begin(&s);
    act_write_text(&s.lines, ACT_AUDIENCE, "kibbutz");
    act_write_number(&s.lines, ACT_NEED, 2);
    act_write_text(&s.lines, ACT_COUNT, "kibbutzim");
    struct id d = story_write(&s, "Ca", ACT_PUBLISH);
    story_approve(&s, "Cb", &d);
    assert_int_equal(story_state(&s, &d), TRUST_PROPOSED);
    assert_int_equal(look(&s, &d).approvals, 1);
    story_end(&s);
}

static void a_revision_starts_anew_and_never_needs_less(void **state)
{
    struct story s;

    (void)state;
    begin(&s);
    struct id d = story_publish(&s, "Ca", 2);
    story_approve(&s, "Cb", &d);
    assert_int_equal(story_state(&s, &d), TRUST_IN_FORCE);
    struct id r = story_revise(&s, "Sa", &d, &d, 1);
    assert_int_equal(story_state(&s, &d), TRUST_IN_FORCE); /* What is in force stays until a later one has passed. */
    assert_memory_equal(look(&s, &d).revision.at, d.at, ID_LEN);
    story_approve(&s, "Cc", &r);
    assert_memory_equal(look(&s, &d).revision.at, r.at, ID_LEN);
    assert_int_equal(look(&s, &d).need, 2);
    story_end(&s);
}

static void a_revision_by_another_kibbutz_is_none(void **state)
{
    struct story s;
    struct id heads[LIMIT_AFTER];

    (void)state;
    begin(&s);
    struct id d = story_publish(&s, "Ca", 1), r = story_revise(&s, "Cb", &d, &d, 1);
    assert_memory_equal(look(&s, &d).revision.at, d.at, ID_LEN);
    assert_int_equal(trust_document_heads(s.trust, &d, heads), 1);
    assert_memory_equal(heads[0].at, d.at, ID_LEN);
    assert_false(trust_document(s.trust, &r, &(struct trust_document){0}));
    story_end(&s);
}

static void two_heads_are_contested_until_one_joins_them(void **state)
{
    struct story s;
    struct id heads[LIMIT_AFTER];

    (void)state;
    begin(&s);
    struct id d = story_publish(&s, "Ca", 1);
    struct id a = story_revise(&s, "Ca", &d, &d, 1), b = story_revise(&s, "Sa", &d, &d, 1);
    assert_int_equal(story_state(&s, &d), TRUST_DISPUTED);
    assert_int_equal(look(&s, &d).head_count, 2);
    assert_int_equal(trust_document_heads(s.trust, &d, heads), 2);
    assert_true(id_compare(&heads[0], &heads[1]) < 0);
    act_write_id(&s.lines, ACT_AFTER, &a);
    struct id joined = story_revise(&s, "Ca", &d, &b, 1);
    assert_int_equal(story_state(&s, &d), TRUST_IN_FORCE);
    assert_memory_equal(look(&s, &d).revision.at, joined.at, ID_LEN);
    assert_int_equal(trust_document_heads(s.trust, &d, heads), 1);
    story_end(&s);
}

static void a_revision_waits_for_what_it_follows(void **state)
{
    struct story s;

    (void)state;
    begin(&s);
    struct id d = story_publish(&s, "Ca", 1), nowhere = story_key("nowhere");
    act_write_id(&s.lines, ACT_AFTER, &nowhere);
    story_revise(&s, "Ca", &d, &d, 1);
    assert_memory_equal(look(&s, &d).revision.at, d.at, ID_LEN);
    assert_int_equal(look(&s, &d).head_count, 1);
    story_end(&s);
}

static void a_withdrawal_is_by_the_own_kibbutz_and_for_good(void **state)
{
    struct story s;

    (void)state;
    begin(&s);
    struct id d = story_publish(&s, "Ca", 1);
    story_withdraw(&s, "Cb", &d);
    assert_int_equal(story_state(&s, &d), TRUST_IN_FORCE);
    struct id end = story_withdraw(&s, "Sa", &d);
    assert_int_equal(story_state(&s, &d), TRUST_WITHDRAWN);
    assert_memory_equal(look(&s, &d).ended_by.at, end.at, ID_LEN);
    story_revise(&s, "Ca", &d, &d, 1);
    assert_int_equal(story_state(&s, &d), TRUST_WITHDRAWN);
    story_end(&s);
}

static void an_erasure_waits_until_it_is_beyond_doubt(void **state)
{
    struct story s;

    (void)state;
    begin(&s);
    struct id d = story_publish(&s, "Ca", 1), e = story_erase(&s, "Ca", &d);
    assert_true(look(&s, &d).erased);
    story_go_back(&s, "Ca", &d);
    story_publish(&s, "Ca", 1); /* A fork at the erasure. */
    assert_false(look(&s, &d).erased);
    story_revoke(&s, "Sa", "Ca", 2, &e);
    assert_true(look(&s, &d).erased && trust_erased(s.trust, &d));
    story_end(&s);
}

static void an_erasure_is_by_the_author_or_the_steward(void **state)
{
    struct story s;

    (void)state;
    begin(&s);
    story_grant(&s, "Sa", "Ca2", "coordinator");
    struct id d = story_publish(&s, "Ca", 1), r = story_revise(&s, "Ca2", &d, &d, 1);
    story_erase(&s, "Ca2", &d);
    story_erase(&s, "Sb", &d);
    assert_false(look(&s, &d).erased);
    story_erase(&s, "Ca2", &r); /* Its own revision. */
    assert_true(trust_erased(s.trust, &r));
    assert_false(trust_erased(s.trust, &d));
    story_erase(&s, "Sa", &d);
    assert_true(trust_erased(s.trust, &r) && trust_erased(s.trust, &d));
    story_end(&s);
}

static void a_later_document_ends_those_of_its_own_kibbutz_once_it_passed(void **state)
{
    struct story s;

    (void)state;
    begin(&s);
    struct id a = story_publish(&s, "Ca", 1), b = story_publish(&s, "Cb", 1);
    struct id lower = id_compare(&a, &b) < 0 ? a : b, upper = id_compare(&a, &b) < 0 ? b : a;
    act_write_id(&s.lines, ACT_SUPERSEDES, &lower);
    act_write_id(&s.lines, ACT_SUPERSEDES, &upper);
    struct id later = story_publish(&s, "Ca", 2);
    assert_int_equal(story_state(&s, &a), TRUST_IN_FORCE);
    struct id changed;
    while (trust_next_changed(s.trust, &changed))
        ;
    story_approve(&s, "Cb", &later);
    bool told = false;
    while (trust_next_changed(s.trust, &changed))
        told = told || id_equal(&changed, &a);
    assert_true(told); /* Whoever follows by it hears of the document that was ended. */
    assert_int_equal(story_state(&s, &a), TRUST_SUPERSEDED);
    assert_memory_equal(look(&s, &a).ended_by.at, later.at, ID_LEN);
    assert_int_equal(story_state(&s, &b), TRUST_IN_FORCE);
    story_withdraw(&s, "Ca", &later);
    assert_int_equal(story_state(&s, &a), TRUST_SUPERSEDED);
    story_end(&s);
}

static void a_contested_successor_ends_nothing_and_is_told(void **state)
{
    struct story s;

    (void)state;
    begin(&s);
    struct id old = story_publish(&s, "Ca", 1);
    story_grant(&s, "Sa", "Ca2", "coordinator");
    struct id first = story_publish(&s, "Ca2", 1);
    act_write_id(&s.lines, ACT_SUPERSEDES, &old);
    story_publish(&s, "Ca2", 1);
    assert_int_equal(story_state(&s, &old), TRUST_SUPERSEDED);
    story_go_back(&s, "Ca2", &first);
    story_publish(&s, "Ca2", 1);
    assert_int_equal(story_state(&s, &old), TRUST_IN_FORCE);
    assert_true(look(&s, &old).replacing_disputed);
    story_end(&s);
}

static void contested_approvals_make_a_decision_contested(void **state)
{
    struct story s;

    (void)state;
    begin(&s);
    struct id d = story_publish(&s, "Ca", 2), first = story_publish(&s, "Cb", 1);
    story_approve(&s, "Cb", &d);
    assert_int_equal(story_state(&s, &d), TRUST_IN_FORCE);
    story_go_back(&s, "Cb", &first);
    story_publish(&s, "Cb", 1);
    assert_int_equal(story_state(&s, &d), TRUST_DISPUTED);
    assert_int_equal(look(&s, &d).approvals, 1);
    assert_int_equal(look(&s, &d).disputed, 1);
    story_approve(&s, "Sb", &d); /* One act of its steward. */
    assert_int_equal(story_state(&s, &d), TRUST_IN_FORCE);
    story_end(&s);
}

static void a_revoked_key_approves_nothing(void **state)
{
    struct story s;

    (void)state;
    begin(&s);
    struct id d = story_publish(&s, "Ca", 2);
    story_revoke(&s, "Sb", "Cb", 0, NULL);
    story_approve(&s, "Cb", &d);
    assert_int_equal(story_state(&s, &d), TRUST_PROPOSED);
    assert_int_equal(trust_approval_at(s.trust, &d, 0).status + trust_approval_at(s.trust, &d, 1).status,
                     TRUST_GOOD + TRUST_VOID);
    story_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_is_in_force_with_as_many_kibbutzim_as_it_needs),
        cmocka_unit_test(nodes_and_strangers_have_no_say),
        cmocka_unit_test(an_own_decision_counts_keys_of_its_kibbutz),
        cmocka_unit_test(what_is_for_the_kibbutz_alone_is_approved_by_it_alone),
        cmocka_unit_test(a_revision_starts_anew_and_never_needs_less),
        cmocka_unit_test(a_revision_by_another_kibbutz_is_none),
        cmocka_unit_test(two_heads_are_contested_until_one_joins_them),
        cmocka_unit_test(a_revision_waits_for_what_it_follows),
        cmocka_unit_test(a_withdrawal_is_by_the_own_kibbutz_and_for_good),
        cmocka_unit_test(an_erasure_waits_until_it_is_beyond_doubt),
        cmocka_unit_test(an_erasure_is_by_the_author_or_the_steward),
        cmocka_unit_test(a_later_document_ends_those_of_its_own_kibbutz_once_it_passed),
        cmocka_unit_test(a_contested_successor_ends_nothing_and_is_told),
        cmocka_unit_test(contested_approvals_make_a_decision_contested),
        cmocka_unit_test(a_revoked_key_approves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
