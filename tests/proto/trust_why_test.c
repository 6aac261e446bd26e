/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* The chain of authority, from the charter down. */

#include "proto/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/story.h"

static void assert_kinds(struct story *s, const struct id *entry, const char *kinds)
{
    struct trust_link links[TRUST_LINKS];
    size_t count = trust_why(s->trust, entry, links);
    char seen[TRUST_LINKS + 1] = {0};

    for (size_t i = 0; i < count; i++)
        seen[i] = "cRDPAVGE"[links[i].kind]; /* Charter, root, admit, approve, accept, recover, grant, entry. */
    assert_string_equal(seen, kinds);
}

static void a_document_of_a_founder_rests_on_a_grant(void **state)
{
    struct story s;
    struct trust_link links[TRUST_LINKS];

    (void)state;
    story_begin(&s, "abc", 0, 1);
    struct id grant = story_grant(&s, "Sa", "Ca", "coordinator"), d = story_publish(&s, "Ca", 1);
    assert_kinds(&s, &d, "cGE");
    assert_int_equal(trust_why(s.trust, &d, links), 3);
    assert_memory_equal(links[0].log.at, s.network.at, ID_LEN);
    assert_memory_equal(links[1].entry.at, grant.at, ID_LEN);
    assert_memory_equal(links[2].entry.at, d.at, ID_LEN);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(links[i].status, TRUST_GOOD);
    story_end(&s);
}

static void an_admitted_kibbutz_rests_on_who_admitted_it(void **state)
{
    struct story s;
    struct trust_range ranges[LIMIT_ENROLMENT];

    (void)state;
    story_begin(&s, "abc", 0, 2);
    struct id entry = story_admit(&s, "Sa", "Ed", 'd');
    story_approve(&s, "Sb", &entry);
    story_accept(&s, "Ed", &entry, "Sd", "Rd");
    struct id invite = story_invite(&s, "Sd", "Ed2", "coordinator");
    story_accept(&s, "Ed2", &invite, "Cd", NULL);
    struct id d = story_publish(&s, "Cd", 1), key = story_key("Cd");
    assert_kinds(&s, &d, "cDPAGAE");
    assert_int_equal(trust_enrolment(s.trust, &key, ranges, LIMIT_ENROLMENT), 5);
    assert_int_equal(trust_enrolment(s.trust, &key, ranges, 2), 2);
    story_end(&s);
}

static void a_steward_that_a_root_lists_rests_on_its_votes(void **state)
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
    struct id root = story_write(&s, "Sb", ACT_COUNCIL);
    story_approve(&s, "Sc", &root);
    story_approve(&s, "Sa1", &root);
    struct id grant = story_grant(&s, "Sa1", "Ca", "coordinator");
    assert_kinds(&s, &grant, "cRPPE");
    story_end(&s);
}

static void a_chain_that_fails_says_where(void **state)
{
    struct story s;
    struct trust_link links[TRUST_LINKS];

    (void)state;
    story_begin(&s, "abc", 0, 1);
    story_grant(&s, "Sa", "Ca", "coordinator");
    struct id d = story_publish(&s, "Ca", 1), revoke = story_revoke(&s, "Sa", "Ca", 0, NULL);
    size_t count = trust_why(s.trust, &d, links);
    assert_int_equal(count, 3);
    assert_int_equal(links[1].status, TRUST_GOOD);
    assert_int_equal(links[2].status, TRUST_VOID);
    assert_int_equal(links[2].cause, TRUST_REVOKED);
    struct trust_verdict verdict = trust_entry(s.trust, &d);
    assert_memory_equal(verdict.because.at, revoke.at, ID_LEN);
    struct id stranger = story_publish(&s, "Cb", 1), nothing = story_key("nothing");
    assert_kinds(&s, &stranger, "E"); /* Nothing grants it: the chain does not reach the charter. */
    assert_int_equal(trust_entry(s.trust, &stranger).cause, TRUST_NOT_GRANTED);
    assert_int_equal(trust_why(s.trust, &nothing, links), 0);
    story_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_of_a_founder_rests_on_a_grant),
        cmocka_unit_test(an_admitted_kibbutz_rests_on_who_admitted_it),
        cmocka_unit_test(a_steward_that_a_root_lists_rests_on_its_votes),
        cmocka_unit_test(a_chain_that_fails_says_where),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
