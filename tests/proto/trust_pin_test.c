/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* One log under its pins: T4 to T7. */

#include "proto/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/story.h"

/* A coordinator of a with four documents in a row, and its steward. */
struct row {
    struct story s;
    struct id documents[4];
};

static void begin(struct row *r)
{
    story_begin(&r->s, "abc", 0, 1);
    story_grant(&r->s, "Sa", "Ca", "coordinator");
    for (size_t i = 0; i < 4; i++)
        r->documents[i] = story_publish(&r->s, "Ca", 1);
}

/* A second entry after the `at`th document: a fork at the one that follows. */
static struct id fork_after(struct row *r, size_t at)
{
    struct id last = story_last(&r->s, "Ca"), other;

    story_go_back(&r->s, "Ca", &r->documents[at]);
    other = story_publish(&r->s, "Ca", 1);
    story_go_back(&r->s, "Ca", &last);
    return other;
}

/* One sign a document: + good, ! contested, - void. */
static void assert_marks(struct row *r, const char *marks)
{
    for (size_t i = 0; i < 4; i++) {
        enum trust_status status = trust_entry(r->s.trust, &r->documents[i]).status;
        char mark = status == TRUST_GOOD ? '+' : status == TRUST_CONTESTED ? '!' : '-';

        assert_int_equal(mark, marks[i]);
    }
}

static void a_pin_keeps_the_chain_that_ends_in_it(void **state)
{
    struct row r;

    (void)state;
    begin(&r);
    assert_marks(&r, "++++");
    struct id revoke = story_revoke(&r.s, "Sa", "Ca", 2, &r.documents[1]);
    assert_marks(&r, "++--");
    struct id id = story_key("Ca");
    struct trust_key key = trust_key(r.s.trust, &id);
    assert_int_equal(key.status, TRUST_VOID);
    assert_int_equal(key.cause, TRUST_REVOKED);
    assert_memory_equal(key.because.at, revoke.at, ID_LEN);
    assert_true(key.is_cut && !key.compromised);
    assert_int_equal(key.cut, 2);
    struct trust_verdict verdict = trust_entry(r.s.trust, &r.documents[2]);
    assert_int_equal(verdict.cause, TRUST_REVOKED);
    assert_memory_equal(verdict.because.at, revoke.at, ID_LEN);
    assert_int_equal(trust_entry(r.s.trust, &r.documents[1]).cause, TRUST_STANDS);
    story_end(&r.s);
}

static void what_comes_after_a_pin_is_void_when_it_comes(void **state)
{
    struct row r;

    (void)state;
    begin(&r);
    story_revoke(&r.s, "Sa", "Ca", 4, &r.documents[3]);
    assert_marks(&r, "++++");
    struct id late = story_publish(&r.s, "Ca", 1);
    assert_int_equal(story_state(&r.s, &late), TRUST_NULL);
    assert_int_equal(story_state(&r.s, &r.documents[3]), TRUST_IN_FORCE);
    story_grant(&r.s, "Sa", "Ca", "coordinator"); /* A grant repeated brings nothing back. */
    assert_int_equal(story_state(&r.s, &late), TRUST_NULL);
    story_end(&r.s);
}

static void of_several_pins_all_must_be_passed(void **state)
{
    struct row r;

    (void)state;
    begin(&r);
    story_revoke(&r.s, "Sa", "Ca", 3, &r.documents[2]);
    story_revoke(&r.s, "Sa", "Ca", 1, &r.documents[0]);
    assert_marks(&r, "+---");
    story_revoke(&r.s, "Sa", "Ca", 0, NULL);
    assert_marks(&r, "----");
    struct id key = story_key("Ca");
    assert_int_equal(trust_key(r.s.trust, &key).cut, 0);
    story_end(&r.s);
}

static void pins_on_two_branches_keep_what_they_share(void **state)
{
    struct row r;

    (void)state;
    begin(&r);
    struct id other = fork_after(&r, 1);
    story_revoke(&r.s, "Sa", "Ca", 4, &r.documents[3]);
    assert_marks(&r, "++++");
    story_revoke(&r.s, "Sa", "Ca", 3, &other);
    assert_marks(&r, "++--");
    assert_int_equal(trust_entry(r.s.trust, &other).status, TRUST_VOID);
    story_end(&r.s);
}

static void a_fork_is_contested_until_a_pin_settles_it(void **state)
{
    struct row r;

    (void)state;
    begin(&r);
    assert_int_equal(trust_fork_count(r.s.trust), 0);
    struct id other = fork_after(&r, 1);
    assert_marks(&r, "++!!");
    assert_int_equal(trust_entry(r.s.trust, &other).status, TRUST_CONTESTED);
    assert_int_equal(trust_entry(r.s.trust, &other).cause, TRUST_FORKED);
    assert_int_equal(story_status(&r.s, "Ca"), TRUST_CONTESTED);
    assert_int_equal(trust_fork_count(r.s.trust), 1);
    struct trust_fork fork = trust_fork_at(r.s.trust, 0);
    assert_int_equal(fork.seq, 3);
    assert_false(fork.settled);
    assert_true(id_compare(&fork.a, &fork.b) < 0);
    assert_true(id_equal(&fork.a, &other) || id_equal(&fork.b, &other));
    story_revoke(&r.s, "Sa", "Ca", 3, &other);
    assert_marks(&r, "++--");
    assert_int_equal(trust_entry(r.s.trust, &other).status, TRUST_GOOD);
    assert_true(trust_fork_at(r.s.trust, 0).settled);
    story_end(&r.s);
}

static void what_grows_on_either_branch_is_contested_too(void **state)
{
    struct row r;

    (void)state;
    begin(&r);
    struct id other = fork_after(&r, 1);
    assert_marks(&r, "++!!");
    struct id next = story_publish(&r.s, "Ca", 1);
    assert_int_equal(story_state(&r.s, &next), TRUST_DISPUTED);
    story_go_back(&r.s, "Ca", &other);
    next = story_publish(&r.s, "Ca", 1);
    assert_int_equal(story_state(&r.s, &next), TRUST_DISPUTED);
    fork_after(&r, 0); /* And a lower fork lowers more. */
    assert_marks(&r, "+!!!");
    story_end(&r.s);
}

static void a_pinned_entry_that_is_not_here_is_not_guessed(void **state)
{
    struct row r;
    struct story_entry unsent;

    (void)state;
    begin(&r);
    fork_after(&r, 1);
    unsent = r.s.entries[--r.s.count]; /* The other branch is not known here: a trust without it. */
    trust_free(r.s.trust);
    r.s.trust = story_fresh(&r.s);
    for (size_t i = 0; i < r.s.count; i++)
        assert_int_equal(trust_add(r.s.trust, &r.s.entries[i].entry, &r.s.entries[i].id), ERR_OK);
    assert_marks(&r, "++++");
    story_revoke(&r.s, "Sa", "Ca", 3, &unsent.id);
    assert_marks(&r, "!!!-");
    assert_int_equal(trust_add(r.s.trust, &unsent.entry, &unsent.id), ERR_OK);
    assert_marks(&r, "++--");
    assert_int_equal(trust_entry(r.s.trust, &unsent.id).status, TRUST_GOOD);
    buffer_free(&unsent.body);
    story_end(&r.s);
}

static void a_pin_far_ahead_changes_nothing_until_it_is_reached(void **state)
{
    struct row r;
    struct id nowhere = story_key("nowhere");

    (void)state;
    begin(&r);
    story_revoke(&r.s, "Sa", "Ca", 5, &nowhere);
    assert_marks(&r, "++++");
    struct id fifth = story_publish(&r.s, "Ca", 1);
    assert_marks(&r, "!!!!");
    assert_int_equal(story_state(&r.s, &fifth), TRUST_DISPUTED);
    struct id sixth = story_publish(&r.s, "Ca", 1);
    assert_int_equal(story_state(&r.s, &sixth), TRUST_NULL);
    story_end(&r.s);
}

/* A root that keeps the steward's log up to here, and lets it go on. */
static void checkpoint(struct story *s, uint64_t seq, const struct id *last)
{
    story_council(s, &s->network, 2, 1);
    story_line(s, 'a', true, "Ra", "Sa");
    story_line(s, 'b', true, "Rb", "Sb");
    story_line(s, 'c', true, "Rc", "Sc");
    story_cut(s, true, "Sa", 'a', seq, last);
    struct id root = story_write(s, "Sb", ACT_COUNCIL);
    story_approve(s, "Sc", &root);
    struct id present = trust_root(s->trust);
    assert_memory_equal(present.at, root.at, ID_LEN);
}

static void a_fork_below_a_checkpoint_is_void_and_the_log_goes_on(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    struct id first = story_transport(&s, "Sa", "one");
    struct id grant = story_grant(&s, "Sa", "Ca", "coordinator");
    struct id document = story_publish(&s, "Ca", 1);
    story_go_back(&s, "Sa", NULL);
    struct id forged = story_transport(&s, "Sa", "forged");
    assert_int_equal(story_state(&s, &document), TRUST_DISPUTED);
    checkpoint(&s, 2, &grant);
    assert_int_equal(story_state(&s, &document), TRUST_IN_FORCE);
    assert_int_equal(trust_entry(s.trust, &first).status, TRUST_GOOD);
    assert_int_equal(trust_entry(s.trust, &forged).status, TRUST_VOID);
    assert_int_equal(trust_entry(s.trust, &forged).cause, TRUST_CUT);
    assert_int_equal(story_status(&s, "Sa"), TRUST_GOOD);
    story_go_back(&s, "Sa", &grant);
    story_grant(&s, "Sa", "Ca2", "coordinator"); /* It goes on from there. */
    assert_int_equal(story_status(&s, "Ca2"), TRUST_GOOD);
    story_go_back(&s, "Sa", &forged);
    story_grant(&s, "Sa", "Ca3", "coordinator"); /* And not from the other branch. */
    assert_int_equal(story_status(&s, "Ca3"), TRUST_VOID);
    story_go_back(&s, "Sa", &grant);
    story_transport(&s, "Sa", "again"); /* A fork above it is one. */
    assert_int_equal(story_status(&s, "Sa"), TRUST_CONTESTED);
    assert_int_equal(story_state(&s, &document), TRUST_IN_FORCE);
    story_end(&s);
}

static void a_checkpoint_of_nothing_changes_nothing(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    checkpoint(&s, 0, NULL);
    struct id grant = story_grant(&s, "Sa", "Ca", "coordinator");
    assert_int_equal(trust_entry(s.trust, &grant).status, TRUST_GOOD);
    assert_int_equal(story_status(&s, "Sa"), TRUST_GOOD);
    story_end(&s);
}

static void an_entry_whose_chain_is_not_here_takes_no_part(void **state)
{
    struct row r;

    (void)state;
    begin(&r);
    struct trust *t = story_fresh(&r.s);
    for (size_t i = r.s.count; i-- > 0;) { /* The log comes backwards. */
        if (id_equal(&r.s.entries[i].id, &r.documents[0]))
            continue;
        assert_int_equal(trust_add(t, &r.s.entries[i].entry, &r.s.entries[i].id), ERR_OK);
    }
    assert_int_equal(trust_entry(t, &r.documents[3]).status, TRUST_UNKNOWN);
    assert_int_equal(trust_add(t, &r.s.entries[1].entry, &r.s.entries[1].id), ERR_OK);
    assert_int_equal(trust_entry(t, &r.documents[3]).status, TRUST_GOOD);
    trust_free(t);
    story_end(&r.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pin_keeps_the_chain_that_ends_in_it),
        cmocka_unit_test(what_comes_after_a_pin_is_void_when_it_comes),
        cmocka_unit_test(of_several_pins_all_must_be_passed),
        cmocka_unit_test(pins_on_two_branches_keep_what_they_share),
        cmocka_unit_test(a_fork_is_contested_until_a_pin_settles_it),
        cmocka_unit_test(what_grows_on_either_branch_is_contested_too),
        cmocka_unit_test(a_pinned_entry_that_is_not_here_is_not_guessed),
        cmocka_unit_test(a_pin_far_ahead_changes_nothing_until_it_is_reached),
        cmocka_unit_test(a_fork_below_a_checkpoint_is_void_and_the_log_goes_on),
        cmocka_unit_test(a_checkpoint_of_nothing_changes_nothing),
        cmocka_unit_test(an_entry_whose_chain_is_not_here_takes_no_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
