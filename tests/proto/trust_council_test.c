/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* The chain of roots: T8 to T16. */

#include "proto/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/story.h"

/* Starts a candidate with the founding line of each kibbutz: "Sa" and "Ra" for a. */
static void begin_root(struct story *s, const struct id *base, const char *kibbutzim)
{
    story_council(s, base, strlen(kibbutzim) / 2 + 1, 1);
    for (const char *k = kibbutzim; *k; k++) {
        char key[3] = {'S', *k}, card[3] = {'R', *k};

        story_line(s, *k, true, card, key);
    }
}

static struct id propose(struct story *s, const char *by, const struct id *base, const char *kibbutzim)
{
    begin_root(s, base, kibbutzim);
    return story_write(s, by, ACT_COUNCIL);
}

static void approve_by(struct story *s, const char *kibbutzim, const struct id *root)
{
    for (const char *k = kibbutzim; *k; k++) {
        char key[3] = {'S', *k};

        story_approve(s, key, root);
    }
}

static void stand_by(struct story *s, const char *kibbutzim, const struct id *root)
{
    struct id before = s->root;

    s->root = *root;
    for (const char *k = kibbutzim; *k; k++) {
        char key[3] = {'S', *k};

        story_transport(s, key, key);
    }
    s->root = before;
}

static void assert_root(struct story *s, const struct id *root, enum trust_council_status status)
{
    struct trust_council council = trust_council(s->trust);

    assert_int_equal(council.status, status);
    assert_memory_equal(council.root.at, root->at, ID_LEN);
}

static const char *flaw_of(struct story *s, const struct id *root)
{
    struct trust_candidate candidate;

    for (size_t i = 0; trust_candidate_at(s->trust, i, &candidate); i++)
        if (id_equal(&candidate.entry, root)) {
            assert_int_equal(candidate.well_formed, candidate.flaw == NULL);
            return candidate.flaw;
        }
    return "not a candidate";
}

static void a_root_follows_when_the_majority_votes_for_it(void **state)
{
    struct story s;
    struct trust_candidate candidate;

    (void)state;
    story_begin(&s, "abc", 0, 2);
    struct id root = propose(&s, "Sa", &s.network, "abc");
    assert_root(&s, &s.network, TRUST_SETTLED);
    assert_int_equal(trust_candidate_count(s.trust), 1);
    assert_true(trust_candidate_at(s.trust, 0, &candidate));
    assert_true(candidate.well_formed && !candidate.passed);
    assert_int_equal(candidate.of_present.count, 1);
    assert_int_equal(candidate.of_present.need, 2);
    story_approve(&s, "Sa", &root); /* The same voice again. */
    assert_root(&s, &s.network, TRUST_SETTLED);
    story_approve(&s, "Sb", &root);
    assert_root(&s, &root, TRUST_SETTLED);
    assert_int_equal(trust_council(s.trust).number, 1);
    assert_int_equal(trust_candidate_count(s.trust), 0);
    assert_true(trust_root_body(s.trust).len > 0);
    story_end(&s);
}

static void a_root_is_proposed_by_a_voice_alone(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    story_grant(&s, "Sa", "Ca", "coordinator");
    struct id root = propose(&s, "Ca", &s.network, "abc");
    approve_by(&s, "abc", &root);
    assert_root(&s, &s.network, TRUST_SETTLED);
    struct id by_card = propose(&s, "Ra", &s.network, "abc");
    approve_by(&s, "b", &by_card);
    assert_root(&s, &by_card, TRUST_SETTLED);
    story_end(&s);
}

static void a_vote_survives_the_fork_of_its_log(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    story_transport(&s, "Sa", "one");
    struct id root = propose(&s, "Sb", &s.network, "abc");
    story_approve(&s, "Sa", &root);
    story_go_back(&s, "Sa", NULL);
    story_transport(&s, "Sa", "two");
    assert_int_equal(story_status(&s, "Sa"), TRUST_CONTESTED);
    assert_root(&s, &root, TRUST_SETTLED);
    story_end(&s);
}

static void stale_votes_of_a_stolen_key_undo_nothing_that_is_backed(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abcde", 0, 1);
    struct id a = propose(&s, "Sa", &s.network, "abcde"), b = propose(&s, "Sd", &s.network, "abcde");
    approve_by(&s, "bc", &a);
    approve_by(&s, "e", &b);
    assert_root(&s, &a, TRUST_SETTLED);
    stand_by(&s, "abd", &a);
    assert_false(trust_council(s.trust).is_final);
    stand_by(&s, "e", &a);
    assert_true(trust_council(s.trust).is_final);
    struct id final = trust_council(s.trust).final_root;
    assert_memory_equal(final.at, a.at, ID_LEN);
    approve_by(&s, "c", &b);
    assert_root(&s, &a, TRUST_SETTLED);
    story_end(&s);
}

static void two_roots_that_pass_are_contested_until_one_is_over_both(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abcde", 0, 1);
    begin_root(&s, &s.network, "abcd");
    story_cut(&s, false, "Se", 'e', 0, NULL);
    story_closed(&s, 'e');
    struct id a = story_write(&s, "Sa", ACT_COUNCIL);
    begin_root(&s, &s.network, "bcde");
    story_cut(&s, false, "Sa", 'a', 0, NULL);
    story_closed(&s, 'a');
    struct id b = story_write(&s, "Se", ACT_COUNCIL);
    approve_by(&s, "bc", &a);
    assert_root(&s, &a, TRUST_SETTLED);
    assert_int_equal(story_status(&s, "Se"), TRUST_VOID);
    approve_by(&s, "cd", &b);
    assert_root(&s, &s.network, TRUST_RIVALS);
    assert_int_equal(story_status(&s, "Sa"), TRUST_CONTESTED); /* In doubt, what takes away counts. */
    assert_int_equal(story_status(&s, "Se"), TRUST_CONTESTED);
    assert_int_equal(story_status(&s, "Sb"), TRUST_GOOD);
    begin_root(&s, &s.network, "abcde");
    story_over(&s, &a);
    story_over(&s, &b);
    struct id c = story_write(&s, "Sb", ACT_COUNCIL);
    approve_by(&s, "cd", &c);
    assert_root(&s, &c, TRUST_SETTLED);
    assert_int_equal(story_status(&s, "Sa"), TRUST_GOOD);
    story_end(&s);
}

static void two_backed_roots_split_the_council_and_an_anchor_chooses(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    struct id a = propose(&s, "Sa", &s.network, "abc"), b = propose(&s, "Sb", &s.network, "abc");
    approve_by(&s, "bc", &a);
    approve_by(&s, "ac", &b);
    assert_root(&s, &s.network, TRUST_RIVALS);
    stand_by(&s, "abc", &a);
    assert_root(&s, &a, TRUST_SETTLED);
    stand_by(&s, "abc", &b);
    assert_root(&s, &s.network, TRUST_SPLIT);
    trust_set_anchor(s.trust, &b);
    assert_root(&s, &b, TRUST_SETTLED);
    assert_true(trust_council(s.trust).is_final);
    trust_set_anchor(s.trust, &a);
    assert_root(&s, &a, TRUST_SETTLED);
    story_end(&s);
}

static void an_anchor_without_its_approvals_waits(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    struct id a = propose(&s, "Sa", &s.network, "abc"), b = propose(&s, "Sb", &s.network, "abc");
    approve_by(&s, "bc", &a);
    trust_set_anchor(s.trust, &b);
    assert_root(&s, &s.network, TRUST_WAITING);
    approve_by(&s, "a", &b);
    assert_root(&s, &b, TRUST_SETTLED);
    story_end(&s);
}

static void a_lost_key_is_replaced_by_the_card_even_alone(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "a", 0, 1);
    struct id last = story_transport(&s, "Sa", "one");
    story_council(&s, &s.network, 1, 1);
    story_line(&s, 'a', true, "Ra2", "Sa1");
    story_cut(&s, false, "Sa", 'a', 1, &last);
    struct id root = story_write(&s, "Ra", ACT_COUNCIL);
    assert_root(&s, &s.network, TRUST_SETTLED); /* The new key has not shown yet that it can sign. */
    story_approve(&s, "Sa1", &root);
    assert_root(&s, &root, TRUST_SETTLED);
    assert_int_equal(story_status(&s, "Sa"), TRUST_VOID);
    assert_int_equal(story_status(&s, "Sa1"), TRUST_GOOD);
    struct id key = story_key("Sa"), kibbutz;
    assert_true(trust_was_removed(s.trust, &key));
    assert_false(trust_is_voice(s.trust, &key, &kibbutz));
    key = story_key("Ra2");
    assert_true(trust_is_voice(s.trust, &key, &kibbutz));
    story_end(&s);
}

static void each_flaw_of_a_root_is_told(void **state)
{
    struct story s;
    struct id last;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    last = story_transport(&s, "Sb", "one");
    struct id good = propose(&s, "Sa", &s.network, "abc");
    assert_null(flaw_of(&s, &good));
    story_council(&s, &s.network, 1, 1); /* One of three is no majority. */
    for (const char *k = "abc"; *k; k++)
        story_line(&s, *k, true, (char[3]){'R', *k}, (char[3]){'S', *k});
    struct id one = story_write(&s, "Sa", ACT_COUNCIL);
    assert_string_equal(flaw_of(&s, &one), "its majority is not more than half of its votes");
    begin_root(&s, &s.network, "ab");
    one = story_write(&s, "Sa", ACT_COUNCIL);
    assert_string_equal(flaw_of(&s, &one), "it leaves out a kibbutz that has a vote");
    begin_root(&s, &s.network, "ab");
    story_closed(&s, 'c');
    one = story_write(&s, "Sa", ACT_COUNCIL);
    assert_string_equal(flaw_of(&s, &one), "it drops a steward key without a pin");
    story_council(&s, &s.network, 2, 1);
    story_line(&s, 'a', true, "Ra", "Sa");
    story_line(&s, 'b', true, "Rb", "Sa");
    story_line(&s, 'c', true, "Rc", "Sc");
    one = story_write(&s, "Sa", ACT_COUNCIL);
    assert_string_equal(flaw_of(&s, &one), "it names a kibbutz, a key or a card twice");
    begin_root(&s, &s.network, "abc");
    story_cut(&s, false, "Sb", 'b', 1, &last);
    one = story_write(&s, "Sa", ACT_COUNCIL);
    assert_string_equal(flaw_of(&s, &one), "it lists a key that it removes itself");
    story_council(&s, &s.network, 2, 1);
    story_line(&s, 'a', true, "Ra", "Sa");
    story_line(&s, 'b', true, "Rb", "Ra"); /* A card's key as a steward's. */
    story_line(&s, 'c', true, "Rc", "Sc");
    one = story_write(&s, "Sa", ACT_COUNCIL);
    assert_string_equal(flaw_of(&s, &one), "it lists the key of a recovery card as a steward's");
    approve_by(&s, "abc", &one);
    assert_root(&s, &s.network, TRUST_SETTLED);
    story_end(&s);
}

static void a_removed_key_is_never_listed_again(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    struct id last = story_transport(&s, "Sa", "one");
    story_council(&s, &s.network, 2, 1);
    story_line(&s, 'a', true, "Ra", "Sa1");
    story_line(&s, 'b', true, "Rb", "Sb");
    story_line(&s, 'c', true, "Rc", "Sc");
    story_cut(&s, false, "Sa", 'a', 1, &last);
    struct id first = story_write(&s, "Sb", ACT_COUNCIL);
    approve_by(&s, "c", &first);
    story_approve(&s, "Sa1", &first);
    assert_root(&s, &first, TRUST_SETTLED);
    story_council(&s, &first, 2, 1);
    story_line(&s, 'a', true, "Ra", "Sa");
    story_line(&s, 'b', true, "Rb", "Sb");
    story_line(&s, 'c', true, "Rc", "Sc");
    story_cut(&s, false, "Sa1", 'a', 0, NULL);
    struct id back = story_write(&s, "Sb", ACT_COUNCIL);
    assert_string_equal(flaw_of(&s, &back), "it lists a key that was removed before");
    approve_by(&s, "ac", &back);
    assert_root(&s, &first, TRUST_SETTLED);
    story_end(&s);
}

/* What nobody approves costs no more than its reading, however much of it there is. */
static void many_candidates_are_all_seen_up_to_a_limit(void **state)
{
    struct story s;
    struct trust_candidate last = {.passed = false}, candidate;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    for (size_t i = 0; i < LIMIT_OVER + 10; i++)
        propose(&s, "Sa", &s.network, "abc");
    assert_int_equal(trust_candidate_count(s.trust), LIMIT_OVER);
    for (size_t i = 0; trust_candidate_at(s.trust, i, &candidate); i++) {
        assert_true(i == 0 || id_compare(&last.entry, &candidate.entry) < 0);
        last = candidate;
    }
    assert_root(&s, &s.network, TRUST_SETTLED);
    story_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_follows_when_the_majority_votes_for_it),
        cmocka_unit_test(a_root_is_proposed_by_a_voice_alone),
        cmocka_unit_test(a_vote_survives_the_fork_of_its_log),
        cmocka_unit_test(stale_votes_of_a_stolen_key_undo_nothing_that_is_backed),
        cmocka_unit_test(two_roots_that_pass_are_contested_until_one_is_over_both),
        cmocka_unit_test(two_backed_roots_split_the_council_and_an_anchor_chooses),
        cmocka_unit_test(an_anchor_without_its_approvals_waits),
        cmocka_unit_test(a_lost_key_is_replaced_by_the_card_even_alone),
        cmocka_unit_test(each_flaw_of_a_root_is_told),
        cmocka_unit_test(a_removed_key_is_never_listed_again),
        cmocka_unit_test(many_candidates_are_all_seen_up_to_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
