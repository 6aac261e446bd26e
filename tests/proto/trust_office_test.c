/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Kibbutzim, stewards, coordinators and nodes: T17 to T23. */

#include "proto/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/story.h"

/* Kibbutz d is admitted by a and taken over by "Sd" with the card "Rd". */
static struct id admit(struct story *s)
{
    struct id entry = story_admit(s, "Sa", "Ed", 'd');

    story_accept(s, "Ed", &entry, "Sd", "Rd");
    return entry;
}

static struct trust_kibbutz kibbutz(struct story *s, char letter)
{
    struct trust_kibbutz found;
    struct id id = story_kibbutz(s, letter);

    assert_true(trust_kibbutz(s->trust, &id, &found));
    return found;
}

static void vote_for(struct story *s, const struct id *root, const char *kibbutzim)
{
    for (const char *k = kibbutzim; *k; k++)
        story_approve(s, (char[3]){'S', *k}, root);
    struct id present = trust_root(s->trust);
    assert_memory_equal(present.at, root->at, ID_LEN);
}

static void founders(struct story *s, const struct id *base)
{
    story_council(s, base, 2, 1);
    story_line(s, 'a', true, "Ra", "Sa");
    story_line(s, 'b', true, "Rb", "Sb");
    story_line(s, 'c', true, "Rc", "Sc");
}

static void an_admission_takes_as_many_kibbutzim_as_the_root_says(void **state)
{
    struct story s;
    struct trust_voices voices;
    struct id handed;

    (void)state;
    story_begin(&s, "abc", 0, 2);
    struct id entry = story_admit(&s, "Sa", "Ed", 'd');
    assert_int_equal(kibbutz(&s, 'd').status, TRUST_VOID);
    assert_int_equal(trust_invitation(s.trust, &entry, &handed), TRUST_UNAPPROVED);
    assert_true(trust_admission(s.trust, &entry, &voices));
    assert_true(voices.need == 2 && voices.count == 1);
    story_approve(&s, "Sa", &entry);
    assert_int_equal(kibbutz(&s, 'd').status, TRUST_VOID);
    story_approve(&s, "Sb", &entry);
    assert_int_equal(kibbutz(&s, 'd').status, TRUST_GOOD);
    assert_int_equal(trust_invitation(s.trust, &entry, &handed), TRUST_OPEN);
    story_accept(&s, "Ed", &entry, "Sd", "Rd");
    assert_int_equal(trust_invitation(s.trust, &entry, &handed), TRUST_USED);
    assert_true(kibbutz(&s, 'd').joined && !kibbutz(&s, 'd').votes);
    assert_int_equal(story_status(&s, "Sd"), TRUST_GOOD);
    struct id card = story_card("Rd"), known = kibbutz(&s, 'd').card;
    assert_memory_equal(known.at, card.at, ID_LEN);
    story_end(&s);
}

static void a_fork_does_not_unadmit(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    admit(&s);
    story_go_back(&s, "Sa", NULL);
    story_transport(&s, "Sa", "fork");
    assert_int_equal(story_status(&s, "Sa"), TRUST_CONTESTED);
    assert_int_equal(kibbutz(&s, 'd').status, TRUST_GOOD);
    assert_int_equal(story_status(&s, "Sd"), TRUST_GOOD);
    story_end(&s);
}

static void an_invitation_used_twice_is_contested_until_a_root_registers(void **state)
{
    struct story s;
    struct id handed;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    struct id entry = admit(&s);
    story_grant(&s, "Sd", "Cd", "coordinator");
    struct id document = story_publish(&s, "Cd", 1);
    assert_int_equal(story_state(&s, &document), TRUST_IN_FORCE);
    story_go_back(&s, "Ed", NULL);
    story_accept(&s, "Ed", &entry, "Sd2", "Rd2"); /* By whoever kept the secret. */
    assert_int_equal(trust_invitation(s.trust, &entry, &handed), TRUST_USED_TWICE);
    assert_int_equal(story_state(&s, &document), TRUST_DISPUTED);
    founders(&s, &s.network);
    story_line(&s, 'd', false, "Rd", "Sd");
    struct id root = story_write(&s, "Sb", ACT_COUNCIL);
    vote_for(&s, &root, "c");
    assert_int_equal(story_state(&s, &document), TRUST_IN_FORCE);
    assert_int_equal(story_status(&s, "Sd2"), TRUST_UNKNOWN);
    assert_true(kibbutz(&s, 'd').registered);
    story_end(&s);
}

static void a_card_replaces_the_steward_at_once(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    admit(&s);
    struct id good = story_grant(&s, "Sd", "Cd", "coordinator"), cut = story_key("Sd"), next = story_key("Sd2");
    struct id d = story_publish(&s, "Cd", 1);
    story_grant(&s, "Sd", "Cd9", "coordinator"); /* By the thief of the key. */
    struct id t = story_publish(&s, "Cd9", 1), id = story_kibbutz(&s, 'd');
    act_write_id(&s.lines, ACT_KIBBUTZ, &id);
    act_write_id(&s.lines, ACT_KEY, &next);
    story_cut(&s, false, "Sd", 'd', 1, &good);
    struct id recover = story_write(&s, "Rd", ACT_RECOVER);
    assert_int_equal(story_state(&s, &d), TRUST_IN_FORCE);
    assert_int_equal(story_state(&s, &t), TRUST_NULL);
    assert_int_equal(trust_key(s.trust, &cut).cause, TRUST_RECOVERED);
    struct id because = trust_key(s.trust, &cut).because;
    assert_memory_equal(because.at, recover.at, ID_LEN);
    story_grant(&s, "Sd2", "Cd2", "coordinator");
    assert_int_equal(story_status(&s, "Cd2"), TRUST_GOOD);
    assert_int_equal(kibbutz(&s, 'd').steward_count, 1);
    assert_memory_equal(kibbutz(&s, 'd').stewards[0].at, next.at, ID_LEN);
    story_end(&s);
}

/* A stranger's card names somebody else's steward: it touches nobody. */
static void a_card_has_no_power_over_another_kibbutz(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    admit(&s);
    story_grant(&s, "Sa", "Ca", "coordinator");
    struct id d = story_publish(&s, "Ca", 1), id = story_kibbutz(&s, 'd'), key = story_key("Ca");
    act_write_id(&s.lines, ACT_KIBBUTZ, &id);
    act_write_id(&s.lines, ACT_KEY, &key); /* It takes a coordinator of a for its steward ... */
    story_cut(&s, false, "Sa", 'd', 0, NULL);
    story_write(&s, "Rd", ACT_RECOVER);
    assert_int_equal(story_state(&s, &d), TRUST_IN_FORCE);
    assert_int_equal(story_status(&s, "Sa"), TRUST_GOOD);
    story_revoke(&s, "Sa", "Ca", 0, NULL); /* ... which a may revoke all the same. */
    assert_int_equal(story_state(&s, &d), TRUST_NULL);
    story_end(&s);
}

static void only_the_own_steward_revokes_and_never_a_steward(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    story_grant(&s, "Sa", "Ca", "coordinator");
    struct id d = story_publish(&s, "Ca", 1);
    story_grant(&s, "Sb", "Ca",
                "coordinator"); /* Another kibbutz's grant gives nothing, and its revocation takes nothing. */
    story_revoke(&s, "Sb", "Ca", 0, NULL);
    story_revoke(&s, "Sa", "Sb", 0, NULL);
    story_revoke(&s, "Sa", "Sa", 0, NULL);
    assert_int_equal(story_state(&s, &d), TRUST_IN_FORCE);
    assert_int_equal(story_status(&s, "Sb"), TRUST_GOOD);
    assert_int_equal(story_status(&s, "Sa"), TRUST_GOOD);
    story_end(&s);
}

static void a_contested_revocation_takes_away_and_a_contested_grant_does_not_give(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    struct id first = story_grant(&s, "Sa", "Ca", "coordinator"), d = story_publish(&s, "Ca", 1);
    story_revoke(&s, "Sa", "Ca", 0, NULL);
    assert_int_equal(story_state(&s, &d), TRUST_NULL);
    story_go_back(&s, "Sa", &first);
    story_grant(&s, "Sa", "Ca2", "coordinator");
    assert_int_equal(story_state(&s, &d), TRUST_DISPUTED);
    assert_int_equal(story_status(&s, "Ca"), TRUST_CONTESTED);
    assert_int_equal(story_status(&s, "Ca2"), TRUST_CONTESTED);
    struct id second = story_publish(&s, "Ca2", 1);
    assert_int_equal(story_state(&s, &second), TRUST_DISPUTED);
    struct id key = story_key("Ca2");
    assert_int_equal(trust_key(s.trust, &key).cause, TRUST_RESTS_ON);
    story_end(&s);
}

static void the_council_undoes_what_a_rogue_steward_took(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    struct id grant = story_grant(&s, "Sa", "Ca", "coordinator"), d = story_publish(&s, "Ca", 1);
    story_revoke(&s, "Sa", "Ca", 0, NULL);
    assert_int_equal(story_state(&s, &d), TRUST_NULL);
    story_council(&s, &s.network, 2, 1);
    story_line(&s, 'a', true, "Ra2", "Sa1");
    story_line(&s, 'b', true, "Rb", "Sb");
    story_line(&s, 'c', true, "Rc", "Sc");
    story_cut(&s, false, "Sa", 'a', 1, &grant);
    struct id root = story_write(&s, "Sb", ACT_COUNCIL);
    vote_for(&s, &root, "c");
    assert_int_equal(story_state(&s, &d), TRUST_IN_FORCE); /* A grant outlives its steward's key. */
    story_end(&s);
}

static void a_closed_kibbutz_keeps_what_was_pinned(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    struct id first = story_grant(&s, "Sc", "Cc", "coordinator");
    struct id last = story_grant(&s, "Sc", "Cc2", "coordinator");
    struct id d = story_publish(&s, "Cc", 1), e = story_publish(&s, "Cc2", 1);
    (void)first;
    story_council(&s, &s.network, 2, 1);
    story_line(&s, 'a', true, "Ra", "Sa");
    story_line(&s, 'b', true, "Rb", "Sb");
    story_cut(&s, false, "Sc", 'c', 2, &last);
    story_cut(&s, false, "Cc", 'c', 1, &d);
    story_closed(&s, 'c');
    struct id root = story_write(&s, "Sa", ACT_COUNCIL);
    vote_for(&s, &root, "b");
    assert_int_equal(story_state(&s, &d), TRUST_IN_FORCE);
    assert_int_equal(story_state(&s, &e), TRUST_NULL);
    struct id key = story_key("Cc2");
    assert_int_equal(trust_key(s.trust, &key).cause, TRUST_CLOSED);
    assert_true(kibbutz(&s, 'c').closed && !kibbutz(&s, 'c').votes);
    story_end(&s);
}

static void an_unused_invitation_can_be_withdrawn(void **state)
{
    struct story s;
    struct id handed;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    struct id grant = story_invite(&s, "Sa", "Ea", "coordinator");
    assert_int_equal(trust_invitation(s.trust, &grant, &handed), TRUST_OPEN);
    story_revoke(&s, "Sa", "Ea", 0, NULL);
    assert_int_equal(trust_invitation(s.trust, &grant, &handed), TRUST_ENDED);
    story_accept(&s, "Ea", &grant, "Ca", NULL);
    assert_int_equal(story_status(&s, "Ca"), TRUST_VOID);
    story_end(&s);
}

static void a_void_transport_moves_no_channel(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    story_grant(&s, "Sa", "Na", "node");
    struct id key = story_key("Na"), first = story_key("of Na"), moved = story_key("moved"), channel;
    channel = trust_key(s.trust, &key).channel;
    assert_memory_equal(channel.at, first.at, ID_LEN);
    struct id last = story_transport(&s, "Na", "moved");
    channel = trust_key(s.trust, &key).channel;
    assert_memory_equal(channel.at, moved.at, ID_LEN);
    story_revoke(&s, "Sa", "Na", 1, &last);
    story_transport(&s, "Na", "after the end");
    channel = trust_key(s.trust, &key).channel;
    assert_memory_equal(channel.at, moved.at, ID_LEN);
    assert_int_equal(trust_channel(s.trust, &moved).status, TRUST_VOID);
    assert_int_equal(trust_channel(s.trust, &first).status, TRUST_UNKNOWN);
    story_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_admission_takes_as_many_kibbutzim_as_the_root_says),
        cmocka_unit_test(a_fork_does_not_unadmit),
        cmocka_unit_test(an_invitation_used_twice_is_contested_until_a_root_registers),
        cmocka_unit_test(a_card_replaces_the_steward_at_once),
        cmocka_unit_test(a_card_has_no_power_over_another_kibbutz),
        cmocka_unit_test(only_the_own_steward_revokes_and_never_a_steward),
        cmocka_unit_test(a_contested_revocation_takes_away_and_a_contested_grant_does_not_give),
        cmocka_unit_test(the_council_undoes_what_a_rogue_steward_took),
        cmocka_unit_test(a_closed_kibbutz_keeps_what_was_pinned),
        cmocka_unit_test(an_unused_invitation_can_be_withdrawn),
        cmocka_unit_test(a_void_transport_moves_no_channel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
