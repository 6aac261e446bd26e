/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/proto/twin.h"

/* ---- the charter ---- */

static void founders_are_stewards_from_the_start(void **state)
{
    struct twin w = twin_begin(1);
    struct trust *t = twin_fresh(&w);
    struct writer stranger = twin_steward("stranger", &w.second.kibbutz);
    struct id root = trust_root(t);

    (void)state;
    twin_assert_good(t, &w.f.founder);
    twin_assert_good(t, &w.second);
    assert_int_equal(twin_status_of(t, &stranger), TRUST_UNKNOWN);
    struct trust_key key = trust_key(t, &w.second.key.public);
    assert_memory_equal(key.grant.at, w.f.network.at, ID_LEN);
    assert_int_equal(key.grant_seq, 0);
    assert_memory_equal(root.at, w.f.network.at, ID_LEN);
    assert_int_equal(trust_charter(t)->founder_count, 2);
    assert_int_equal(trust_kibbutz_count(t), 2);
    for (size_t i = 0; i < 2; i++) {
        struct trust_kibbutz kibbutz = trust_kibbutz_at(t, i);
        const struct id *id = &trust_charter(t)->founders[kibbutz.founder].kibbutz;

        assert_true(kibbutz.votes && kibbutz.joined && kibbutz.admit_seq == 0);
        assert_memory_equal(kibbutz.kibbutz.at, id->at, ID_LEN);
    }
    twin_end(&w, t);
}

static void a_text_that_is_no_charter_makes_no_trust(void **state)
{
    static uint8_t large[LIMIT_CHARTER + 1];
    struct twin w = twin_begin(1);

    (void)state;
    assert_null(trust_new(bytes_of(NULL, 0)));
    assert_null(trust_new(bytes_of(w.f.charter.at, w.f.charter.len - 1)));
    assert_null(trust_new(bytes_of(large, sizeof large)));
    buffer_u8(&w.f.charter, 'x');
    assert_null(trust_new(buffer_bytes(&w.f.charter)));
    twin_end(&w, NULL);
}

/* ---- grants ---- */

static void a_steward_grants_nodes_and_coordinators_of_its_own_kibbutz(void **state)
{
    struct twin w = twin_begin(1);
    struct writer one = twin_node("one", &w.second.kibbutz), anna = twin_coordinator("anna", &w.second.kibbutz);
    struct id grant = federation_grant_node(&w.f, &w.second, &one.key.public, "one", &w.bundle);

    (void)state;
    federation_grant_coordinator(&w.f, &w.second, &anna.key.public, &w.bundle);
    struct trust *t = twin_judged(&w);
    twin_assert_good(t, &one);
    twin_assert_good(t, &anna);
    struct trust_key key = trust_key(t, &one.key.public);
    assert_memory_equal(key.grant.at, grant.at, ID_LEN);
    assert_memory_equal(key.grant_log.at, w.second.key.public.at, ID_LEN);
    assert_int_equal(key.grant_seq, 1);
    twin_end(&w, t);
}

static void a_grant_by_anyone_but_a_steward_counts_for_nothing(void **state)
{
    struct twin w = twin_begin(1);
    struct id kibbutz = w.f.founder.kibbutz;
    struct writer anna = twin_coordinator("anna", &kibbutz), one = twin_node("one", &kibbutz);
    struct writer stranger = twin_steward("stranger", &kibbutz);
    struct writer two = twin_node("two", &kibbutz), three = twin_node("three", &kibbutz);
    struct writer four = twin_node("four", &kibbutz);

    (void)state;
    federation_grant_coordinator(&w.f, &w.f.founder, &anna.key.public, &w.bundle);
    federation_grant_node(&w.f, &w.f.founder, &one.key.public, "one", &w.bundle);
    federation_grant_node(&w.f, &anna, &two.key.public, "two", &w.bundle);
    federation_grant_node(&w.f, &one, &three.key.public, "three", &w.bundle);
    federation_grant_node(&w.f, &stranger, &four.key.public, "four", &w.bundle);
    struct trust *t = twin_judged(&w);
    twin_assert_good(t, &anna);
    twin_assert_good(t, &one);
    assert_int_equal(twin_status_of(t, &two), TRUST_UNKNOWN);
    assert_int_equal(twin_status_of(t, &three), TRUST_UNKNOWN);
    assert_int_equal(twin_status_of(t, &four), TRUST_UNKNOWN);
    assert_int_equal(twin_status_of(t, &stranger), TRUST_UNKNOWN);
    twin_end(&w, t);
}

static void a_key_whose_first_entry_names_another_role_is_void(void **state)
{
    struct twin w = twin_begin(1);
    struct writer one = twin_node("one", &w.f.founder.kibbutz), liar = twin_coordinator("two", &w.f.founder.kibbutz);

    (void)state;
    federation_grant_node(&w.f, &w.f.founder, &one.key.public, "one", &w.bundle);
    federation_grant_node(&w.f, &w.f.founder, &liar.key.public, "two", &w.bundle);
    twin_transport(&w, &one, "one again");
    federation_publish(&w.f, &liar, "# מים\n", ACT_FOR_NETWORK, &w.bundle);
    struct trust *t = twin_judged(&w);
    twin_assert_good(t, &one);
    assert_int_equal(twin_status_of(t, &liar), TRUST_VOID);
    assert_false(twin_publishes(t, &liar.key.public));
    assert_int_equal(twin_channel_status(t, "two"), TRUST_VOID);
    assert_int_equal(trust_key_count(t), 4);
    twin_end(&w, t);
}

static void a_key_whose_first_entry_names_another_kibbutz_is_void(void **state)
{
    struct twin w = twin_begin(1);
    struct writer anna = twin_coordinator("anna", &w.f.founder.kibbutz);
    struct writer liar = twin_coordinator("liar", &w.second.kibbutz);

    (void)state;
    federation_grant_coordinator(&w.f, &w.f.founder, &anna.key.public, &w.bundle);
    federation_grant_coordinator(&w.f, &w.f.founder, &liar.key.public, &w.bundle);
    federation_publish(&w.f, &anna, "# מים\n", ACT_FOR_NETWORK, &w.bundle);
    federation_publish(&w.f, &liar, "# מים\n", ACT_FOR_NETWORK, &w.bundle);
    struct trust *t = twin_judged(&w);
    twin_assert_good(t, &anna);
    assert_true(twin_publishes(t, &anna.key.public));
    assert_int_equal(twin_status_of(t, &liar), TRUST_VOID);
    assert_false(twin_publishes(t, &liar.key.public));
    twin_end(&w, t);
}

static void a_key_granted_by_two_kibbutzim_is_of_the_one_that_it_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct twin w = twin_begin(1);
        struct writer anna = twin_coordinator("anna", i ? &w.f.founder.kibbutz : &w.second.kibbutz);

        federation_grant_coordinator(&w.f, &w.f.founder, &anna.key.public, &w.bundle);
        federation_grant_coordinator(&w.f, &w.second, &anna.key.public, &w.bundle);
        federation_publish(&w.f, &anna, "# מים\n", ACT_FOR_NETWORK, &w.bundle);
        struct trust *t = twin_judged(&w);
        twin_assert_good(t, &anna);
        twin_end(&w, t);
    }
}

/* ---- invitations ---- */

static void an_invitation_hands_over_what_it_was_granted_for(void **state)
{
    struct twin w = twin_begin(1);
    struct id kibbutz = w.f.founder.kibbutz, used;
    struct writer first = twin_invitation("first", &kibbutz), other = twin_invitation("other", &kibbutz);
    struct writer anna = twin_coordinator("anna", &kibbutz), one = twin_node("one", &kibbutz);
    struct id for_anna =
        federation_grant_invitation(&w.f, &w.f.founder, &first.key.public, ROLE_COORDINATOR, &w.bundle);
    struct id for_one = federation_grant_invitation(&w.f, &w.f.founder, &other.key.public, ROLE_NODE, &w.bundle);

    (void)state;
    struct trust *t = twin_judged(&w);
    assert_int_not_equal(trust_invitation(t, &for_anna, &used), TRUST_USED);
    trust_free(t);
    federation_accept(&w.f, &first, &for_anna, &anna, NULL, NULL, &w.bundle);
    federation_accept(&w.f, &other, &for_one, &one, NULL, "one", &w.bundle);
    t = twin_judged(&w);
    twin_assert_good(t, &anna);
    twin_assert_good(t, &one);
    assert_int_equal(twin_channel_status(t, "one"), TRUST_GOOD);
    assert_int_equal(trust_invitation(t, &for_anna, &used), TRUST_USED);
    assert_memory_equal(used.at, anna.key.public.at, ID_LEN);
    twin_end(&w, t);
}

static void an_invitation_hands_over_nothing_else(void **state)
{
    struct twin w = twin_begin(1);
    struct id kibbutz = w.f.founder.kibbutz, gimel = twin_card();
    struct writer a = twin_invitation("a", &kibbutz), b = twin_invitation("b", &kibbutz);
    struct writer c = twin_invitation("c", &kibbutz);
    struct writer one = twin_node("one", &kibbutz), two = twin_node("two", &kibbutz);
    struct writer three = twin_coordinator("three", &kibbutz);
    struct id for_coordinator =
        federation_grant_invitation(&w.f, &w.f.founder, &a.key.public, ROLE_COORDINATOR, &w.bundle);
    struct id for_node = federation_grant_invitation(&w.f, &w.f.founder, &b.key.public, ROLE_NODE, &w.bundle);
    struct id for_another = federation_grant_invitation(&w.f, &w.f.founder, &c.key.public, ROLE_COORDINATOR, &w.bundle);

    (void)state;
    federation_accept(&w.f, &a, &for_coordinator, &one, NULL, "one", &w.bundle); /* As a node. */
    federation_accept(&w.f, &b, &for_node, &two, NULL, NULL, &w.bundle);         /* Without a channel. */
    federation_accept(&w.f, &c, &for_another, &three, &gimel, NULL, &w.bundle);  /* As a kibbutz. */
    struct trust *t = twin_judged(&w);
    assert_int_equal(twin_status_of(t, &one), TRUST_UNKNOWN);
    assert_int_equal(twin_status_of(t, &two), TRUST_UNKNOWN);
    assert_int_equal(twin_status_of(t, &three), TRUST_UNKNOWN);
    assert_int_equal(twin_channel_status(t, "one"), TRUST_UNKNOWN);
    twin_end(&w, t);
}

static void a_kibbutz_is_handed_over_with_its_card_only(void **state)
{
    struct twin w = twin_begin(1);
    struct writer ephemeral = twin_invitation("ephemeral", &w.f.network);
    struct id admit = federation_admit(&w.f, &w.f.founder, &ephemeral.key.public, &w.bundle);
    struct writer third = twin_steward("third", &admit);

    (void)state;
    ephemeral.kibbutz = admit;
    federation_accept(&w.f, &ephemeral, &admit, &third, NULL, NULL, &w.bundle);
    struct trust *t = twin_judged(&w);
    assert_int_equal(twin_status_of(t, &third), TRUST_UNKNOWN);
    twin_end(&w, t);
}

/* Whoever holds one invitation can neither use another one nor make it look used. */
static void an_invitation_accepts_only_its_own_grant(void **state)
{
    struct twin w = twin_begin(1);
    struct id kibbutz = w.f.founder.kibbutz, used;
    struct writer mine = twin_invitation("mine", &kibbutz), theirs = twin_invitation("theirs", &kibbutz);
    struct writer one = twin_node("one", &kibbutz), anna = twin_coordinator("anna", &kibbutz);

    (void)state;
    federation_grant_invitation(&w.f, &w.f.founder, &mine.key.public, ROLE_COORDINATOR, &w.bundle);
    struct id other = federation_grant_invitation(&w.f, &w.f.founder, &theirs.key.public, ROLE_NODE, &w.bundle);
    federation_accept(&w.f, &mine, &other, &one, NULL, "one", &w.bundle);
    federation_accept(&w.f, &anna, &other, &anna, NULL, "one", &w.bundle); /* A key that nothing grants. */
    struct trust *t = twin_judged(&w);
    assert_int_equal(twin_status_of(t, &one), TRUST_UNKNOWN);
    assert_int_equal(twin_status_of(t, &anna), TRUST_UNKNOWN);
    assert_int_not_equal(trust_invitation(t, &other, &used), TRUST_USED);
    twin_end(&w, t);
}

static void an_accept_without_the_newcomer_s_consent_counts_for_nothing(void **state)
{
    struct twin w = twin_begin(1);
    struct id kibbutz = w.f.founder.kibbutz, elsewhere = federation_channel_id("elsewhere"), used;
    struct writer other = twin_node("other", &kibbutz);
    const struct twin_consent consents[] = {
        {.by = NULL},
        {.by = &other.key},
        {.invitation = &kibbutz},
        {.channel = &elsewhere},
    };

    (void)state;
    for (size_t i = 0; i < sizeof consents / sizeof *consents; i++) {
        const char *const labels[] = {"a", "b", "c", "d"};
        const char *const newcomers[] = {"one", "two", "three", "four"};
        struct writer ephemeral = twin_invitation(labels[i], &kibbutz), newcomer = twin_node(newcomers[i], &kibbutz);
        struct id grant = federation_grant_invitation(&w.f, &w.f.founder, &ephemeral.key.public, ROLE_NODE, &w.bundle);

        twin_accept_with(&w, &ephemeral, &grant, &newcomer, consents[i]);
        struct trust *t = twin_judged(&w);
        assert_int_equal(twin_status_of(t, &newcomer), i == 0 ? TRUST_GOOD : TRUST_UNKNOWN);
        assert_int_equal(trust_invitation(t, &grant, &used) == TRUST_USED, i == 0);
        trust_free(t);
    }
    twin_end(&w, NULL);
}

/* Whoever kept the invitation's secret may use it again: neither hand-over counts then, and the order tells nothing. */
static void two_accepts_of_one_invitation_are_contested_in_either_order(void **state)
{
    struct twin w = twin_begin(1);
    struct id kibbutz = w.f.founder.kibbutz, used[2], prints[2];
    struct writer ephemeral = twin_invitation("ephemeral", &kibbutz), again = ephemeral;
    struct writer anna = twin_coordinator("anna", &kibbutz), noa = twin_coordinator("noa", &kibbutz);
    struct id grant =
        federation_grant_invitation(&w.f, &w.f.founder, &ephemeral.key.public, ROLE_COORDINATOR, &w.bundle);
    struct twin_set set;

    (void)state;
    federation_accept(&w.f, &ephemeral, &grant, &anna, NULL, NULL, &w.bundle);
    federation_accept(&w.f, &again, &grant, &noa, NULL, NULL, &w.bundle);
    twin_read_set(&w, &set);
    assert_int_equal(set.count, 3);
    for (size_t i = 0; i < 2; i++) {
        struct trust *t = twin_fresh(&w);

        for (size_t j = 0; j < 3; j++) {
            const struct twin_known *known = &set.at[i ? 2 - j : j];

            assert_int_equal(trust_add(t, &known->entry, &known->id), ERR_OK);
        }
        assert_int_equal(trust_invitation(t, &grant, &used[i]), TRUST_USED_TWICE);
        assert_int_equal(twin_status_of(t, &anna), TRUST_CONTESTED);
        assert_int_equal(twin_status_of(t, &noa), TRUST_CONTESTED);
        prints[i] = trust_fingerprint(t);
        trust_free(t);
    }
    assert_memory_equal(used[0].at, used[1].at, ID_LEN);
    assert_memory_equal(prints[0].at, prints[1].at, ID_LEN);
    twin_end(&w, NULL);
}

/* ---- admissions ---- */

static void an_admitted_kibbutz_has_a_steward_who_grants_and_does_not_vote(void **state)
{
    struct twin w = twin_begin(1);
    struct writer third = twin_admitted(&w), one = twin_node("one", &third.kibbutz);
    struct writer fourth = twin_invitation("fourth", &w.f.network);

    (void)state;
    federation_grant_node(&w.f, &third, &one.key.public, "one", &w.bundle);
    struct id admit = federation_admit(&w.f, &third, &fourth.key.public, &w.bundle);
    struct trust *t = twin_judged(&w);
    twin_assert_good(t, &third);
    twin_assert_good(t, &one);
    fourth.kibbutz = admit;
    assert_int_equal(twin_status_of(t, &fourth), TRUST_UNKNOWN);
    assert_int_equal(trust_kibbutz_count(t), 3);
    for (size_t i = 0; i < 3; i++) {
        struct trust_kibbutz kibbutz = trust_kibbutz_at(t, i);

        assert_true(kibbutz.joined);
        assert_int_equal(kibbutz.votes, !id_equal(&kibbutz.kibbutz, &third.kibbutz));
        assert_int_equal(kibbutz.admit_seq, kibbutz.votes ? 0 : 1);
    }
    twin_end(&w, t);
}

static void a_kibbutz_that_nobody_took_over_is_not_joined(void **state)
{
    struct twin w = twin_begin(1);
    struct writer ephemeral = twin_invitation("ephemeral", &w.f.network);
    struct id admit = federation_admit(&w.f, &w.f.founder, &ephemeral.key.public, &w.bundle);
    struct trust *t = twin_judged(&w);

    (void)state;
    assert_int_equal(trust_kibbutz_count(t), 3);
    for (size_t i = 0; i < 3; i++) {
        struct trust_kibbutz kibbutz = trust_kibbutz_at(t, i);

        assert_int_equal(kibbutz.joined, !id_equal(&kibbutz.kibbutz, &admit));
    }
    twin_end(&w, t);
}

/* Those that are not waiting for approvals. */
static size_t kibbutzim(const struct twin *w)
{
    struct trust *t = twin_judged(w);
    size_t count = 0;

    for (size_t i = 0; i < trust_kibbutz_count(t); i++)
        count += trust_kibbutz_at(t, i).status == TRUST_GOOD;
    trust_free(t);
    return count;
}

static void an_admission_of_two_needs_a_second_founder_s_approval(void **state)
{
    struct twin w = twin_begin(2);
    struct writer third = twin_admitted(&w), anna = twin_coordinator("anna", &w.second.kibbutz);
    struct id unrelated = federation_grant_coordinator(&w.f, &w.second, &anna.key.public, &w.bundle);

    (void)state;
    assert_int_equal(kibbutzim(&w), 2);
    twin_approve(&w, &w.f.founder, &third.kibbutz); /* The same kibbutz again. */
    twin_approve(&w, &anna, &third.kibbutz);        /* No steward. */
    twin_approve(&w, &w.second, &unrelated);        /* Something else. */
    assert_int_equal(kibbutzim(&w), 2);
    struct trust *t = twin_judged(&w);
    assert_int_equal(twin_status_of(t, &third), TRUST_UNKNOWN);
    trust_free(t);
    twin_approve(&w, &w.second, &third.kibbutz);
    assert_int_equal(kibbutzim(&w), 3);
    t = twin_judged(&w);
    twin_assert_good(t, &third);
    twin_end(&w, t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(founders_are_stewards_from_the_start),
        cmocka_unit_test(a_text_that_is_no_charter_makes_no_trust),
        cmocka_unit_test(a_steward_grants_nodes_and_coordinators_of_its_own_kibbutz),
        cmocka_unit_test(a_grant_by_anyone_but_a_steward_counts_for_nothing),
        cmocka_unit_test(a_key_whose_first_entry_names_another_role_is_void),
        cmocka_unit_test(a_key_whose_first_entry_names_another_kibbutz_is_void),
        cmocka_unit_test(a_key_granted_by_two_kibbutzim_is_of_the_one_that_it_names),
        cmocka_unit_test(an_invitation_hands_over_what_it_was_granted_for),
        cmocka_unit_test(an_invitation_hands_over_nothing_else),
        cmocka_unit_test(a_kibbutz_is_handed_over_with_its_card_only),
        cmocka_unit_test(an_invitation_accepts_only_its_own_grant),
        cmocka_unit_test(an_accept_without_the_newcomer_s_consent_counts_for_nothing),
        cmocka_unit_test(two_accepts_of_one_invitation_are_contested_in_either_order),
        cmocka_unit_test(an_admitted_kibbutz_has_a_steward_who_grants_and_does_not_vote),
        cmocka_unit_test(a_kibbutz_that_nobody_took_over_is_not_joined),
        cmocka_unit_test(an_admission_of_two_needs_a_second_founder_s_approval),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
