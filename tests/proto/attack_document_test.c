/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* What nobody can make a document say: who has no voice, a doubtful or a void one, or a voice in another kibbutz. */

#include "proto/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/league.h"

struct fixture {
    struct league l;
    struct league_writer anna, bert, carl; /* Coordinators: two of the first kibbutz, one of the second. */
};

static int begin(void **state)
{
    struct fixture *x = calloc(1, sizeof *x);
    struct league *l;

    assert_non_null(x);
    l = &x->l;
    league_begin(l, (struct league_options){.name = "רשת", .founders = 3, .majority = 2, .admission = 1});
    x->anna = league_writer("anna", &l->kibbutzim[0], ROLE_COORDINATOR);
    x->bert = league_writer("bert", &l->kibbutzim[0], ROLE_COORDINATOR);
    x->carl = league_writer("carl", &l->kibbutzim[1], ROLE_COORDINATOR);
    league_grant(l, &l->stewards[0], &x->anna);
    league_grant(l, &l->stewards[0], &x->bert);
    league_grant(l, &l->stewards[1], &x->carl);
    *state = x;
    return 0;
}

static int end(void **state)
{
    struct fixture *x = *state;

    league_free(&x->l);
    free(x);
    return 0;
}

static struct trust_document judged(const struct fixture *x, const struct id *document)
{
    struct trust *t = league_judge(&x->l);
    struct trust_document found;

    assert_true(trust_document(t, document, &found));
    trust_free(t);
    return found;
}

static void assert_state(const struct fixture *x, const struct id *document, enum trust_state state)
{
    assert_string_equal(trust_state_name(judged(x, document).state), trust_state_name(state));
}

static void a_doubtful_approval_does_not_put_in_force(void **state)
{
    struct fixture *x = *state;
    struct id document = league_publish(&x->l, &x->anna, 2, "kibbutzim");
    struct league_writer twin = x->carl;

    assert_state(x, &document, TRUST_PROPOSED);
    struct id approval = league_approve(&x->l, &x->carl, &document);
    assert_state(x, &document, TRUST_IN_FORCE);
    league_stand(&x->l, &twin); /* Carl's key signs two first entries. */
    assert_state(x, &document, TRUST_DISPUTED);
    assert_int_equal(judged(x, &document).approvals, 1);
    assert_int_equal(judged(x, &document).disputed, 1);
    league_revoke(&x->l, &x->l.stewards[1], &x->carl.key.public, 1, &approval);
    assert_state(x, &document, TRUST_IN_FORCE); /* A pin on it settles the fork. */
}

static void no_branch_of_a_fork_is_taken_for_the_true_one(void **state)
{
    struct fixture *x = *state;
    struct league_writer twin = x->anna;
    struct id one = league_publish(&x->l, &x->anna, 1, "kibbutzim"),
              more = league_publish(&x->l, &x->anna, 1, "kibbutzim");
    struct id other = league_publish(&x->l, &twin, 1, "kibbutzim");

    assert_state(x, &one, TRUST_DISPUTED);
    assert_state(x, &other, TRUST_DISPUTED);
    assert_state(x, &more, TRUST_DISPUTED);
    league_revoke(&x->l, &x->l.stewards[0], &x->anna.key.public, 1, &other);
    assert_state(x, &one, TRUST_NULL);
    assert_state(x, &other, TRUST_IN_FORCE);
    assert_state(x, &more, TRUST_NULL);
}

static void a_revision_never_needs_fewer_approvals(void **state)
{
    struct fixture *x = *state;
    struct id document = league_publish(&x->l, &x->anna, 2, "kibbutzim");
    struct id revision = league_revise(&x->l, &x->anna, &document, &document, 1);

    league_revise(&x->l, &x->anna, &document, &revision, 1);
    assert_state(x, &document, TRUST_PROPOSED);
    assert_int_equal(judged(x, &document).need, 2);
}

static void strangers_have_no_voice_in_what_a_kibbutz_decides_alone(void **state)
{
    struct fixture *x = *state;
    struct id document = league_publish(&x->l, &x->anna, 2, "own");

    league_approve(&x->l, &x->carl, &document);
    league_approve(&x->l, &x->l.stewards[2], &document);
    assert_state(x, &document, TRUST_PROPOSED);
    league_approve(&x->l, &x->bert, &document);
    assert_state(x, &document, TRUST_IN_FORCE);
}

static void what_is_in_doubt_erases_nothing(void **state)
{
    struct fixture *x = *state;
    struct id document = league_publish(&x->l, &x->anna, 1, "kibbutzim");
    struct league_writer twin = x->anna;
    struct id erase = league_sign(&x->l, &x->anna, ACT_ERASE, "subject %s\nreason private\n", league_hex(&document));

    assert_true(judged(x, &document).erased);
    league_stand(&x->l, &twin);
    assert_false(judged(x, &document).erased);
    league_revoke(&x->l, &x->l.stewards[0], &x->anna.key.public, x->anna.head.seq, &erase);
    assert_true(judged(x, &document).erased);
}

static void only_its_kibbutz_erases_withdraws_or_replaces(void **state)
{
    struct fixture *x = *state;
    struct id document = league_publish(&x->l, &x->anna, 1, "kibbutzim");

    league_sign(&x->l, &x->carl, ACT_ERASE, "subject %s\nreason private\n", league_hex(&document));
    league_sign(&x->l, &x->l.stewards[1], ACT_ERASE, "subject %s\nreason private\n", league_hex(&document));
    league_sign(&x->l, &x->bert, ACT_ERASE, "subject %s\nreason private\n",
                league_hex(&document)); /* Not its author. */
    league_sign(&x->l, &x->carl, ACT_WITHDRAW, "document %s\nreason wrong\n", league_hex(&document));
    league_sign(&x->l, &x->carl, ACT_PUBLISH, "audience network\ncontent %s\nneed 1\ncount kibbutzim\nsupersedes %s\n",
                league_hex(&document), league_hex(&document));
    league_revise(&x->l, &x->carl, &document, &document, 1);
    assert_state(x, &document, TRUST_IN_FORCE);
    assert_false(judged(x, &document).erased);
    assert_memory_equal(judged(x, &document).revision.at, document.at, ID_LEN);
    league_sign(&x->l, &x->bert, ACT_PUBLISH, "audience network\ncontent %s\nneed 1\ncount kibbutzim\nsupersedes %s\n",
                league_hex(&document), league_hex(&document));
    assert_state(x, &document, TRUST_SUPERSEDED);
}

/* Of a log whose pinned entry is withheld, nothing beyond the pin counts, and nothing below it is sure. */
static void a_pin_is_not_forgotten_while_its_entry_is_withheld(void **state)
{
    struct fixture *x = *state;
    struct id first = league_publish(&x->l, &x->anna, 1, "kibbutzim");
    struct league_writer twin = x->anna;
    struct id pinned = league_publish(&x->l, &x->anna, 1, "kibbutzim");
    struct id other = league_publish(&x->l, &twin, 1, "kibbutzim"),
              beyond = league_publish(&x->l, &twin, 1, "kibbutzim");

    league_revoke(&x->l, &x->l.stewards[0], &x->anna.key.public, 2, &pinned);
    assert_state(x, &first, TRUST_IN_FORCE);
    league_withhold(&x->l, &pinned);
    assert_state(x, &beyond, TRUST_NULL);
    assert_state(x, &other, TRUST_DISPUTED);
    assert_state(x, &first, TRUST_DISPUTED);
}

static void only_a_steward_revokes(void **state)
{
    struct fixture *x = *state;
    struct id document = league_publish(&x->l, &x->anna, 1, "kibbutzim");

    league_revoke(&x->l, &x->bert, &x->anna.key.public, 0, NULL);
    assert_state(x, &document, TRUST_IN_FORCE);
    league_revoke(&x->l, &x->l.stewards[0], &x->anna.key.public, 0, NULL);
    assert_state(x, &document, TRUST_NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_doubtful_approval_does_not_put_in_force),
        TEST(no_branch_of_a_fork_is_taken_for_the_true_one),
        TEST(a_revision_never_needs_fewer_approvals),
        TEST(strangers_have_no_voice_in_what_a_kibbutz_decides_alone),
        TEST(what_is_in_doubt_erases_nothing),
        TEST(only_its_kibbutz_erases_withdraws_or_replaces),
        TEST(a_pin_is_not_forgotten_while_its_entry_is_withheld),
        TEST(only_a_steward_revokes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
