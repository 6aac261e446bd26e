/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* What may be kept at all. */

#include "proto/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/story.h"

/* Whether an entry by this key may be kept: its first, publishing something. */
static enum err kept(struct story *s, const char *key)
{
    struct entry entry = {.network = s->network, .log = story_key(key), .seq = 1, .act = ACT_PUBLISH};

    entry.kibbutz = story_kibbutz(s, key[1]);
    entry.role = key[0] == 'S' ? ROLE_STEWARD : key[0] == 'C' ? ROLE_COORDINATOR : ROLE_CARD;
    return trust_admits(s->trust, &entry);
}

static void whoever_was_once_granted_is_kept_for_ever(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    assert_int_equal(kept(&s, "Ca"), ERR_STRANGER);
    assert_int_equal(kept(&s, "Sa"), ERR_OK);
    assert_int_equal(kept(&s, "Ra"), ERR_OK);
    assert_int_equal(kept(&s, "Sb9"), ERR_STRANGER);
    story_grant(&s, "Sa", "Ca", "coordinator");
    assert_int_equal(kept(&s, "Ca"), ERR_OK);
    story_revoke(&s, "Sa", "Ca", 0, NULL);
    assert_int_equal(kept(&s, "Ca"), ERR_OK);
    story_go_back(&s, "Sa", NULL);
    story_transport(&s, "Sa", "fork");
    assert_int_equal(kept(&s, "Ca"), ERR_OK);
    story_end(&s);
}

static void a_grant_by_someone_else_lets_nobody_in(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    story_grant(&s, "Sa", "Ca", "coordinator");
    story_grant(&s, "Ca", "Ca2", "coordinator"); /* No steward. */
    story_grant(&s, "Sb", "Ca3", "coordinator"); /* Of another kibbutz than the log names. */
    assert_int_equal(kept(&s, "Ca2"), ERR_STRANGER);
    assert_int_equal(kept(&s, "Ca3"), ERR_STRANGER);
    story_end(&s);
}

static void an_unapproved_admission_and_a_failed_root_are_kept_too(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 2);
    struct id entry = story_admit(&s, "Sa", "Ed", 'd');
    assert_int_equal(kept(&s, "Sd"), ERR_STRANGER);
    story_accept(&s, "Ed", &entry, "Sd", "Rd");
    assert_int_equal(kept(&s, "Sd"), ERR_OK);
    assert_int_equal(kept(&s, "Rd"), ERR_OK);
    assert_int_equal(story_status(&s, "Sd"), TRUST_UNKNOWN);
    story_council(&s, &s.network, 1, 1);
    story_line(&s, 'a', true, "Ra7", "Sa7");
    story_write(&s, "Sb", ACT_COUNCIL);
    assert_int_equal(kept(&s, "Sa7"), ERR_OK);
    assert_int_equal(kept(&s, "Ra7"), ERR_OK);
    assert_int_equal(story_status(&s, "Sa7"), TRUST_UNKNOWN);
    story_council(&s, &s.network, 1, 1);
    story_line(&s, 'a', true, "Ra8", "Sa8");
    story_write(&s, "Cb", ACT_COUNCIL); /* By nobody's voice. */
    assert_int_equal(kept(&s, "Sa8"), ERR_STRANGER);
    story_end(&s);
}

static void who_a_card_names_is_kept(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    struct id kibbutz = story_kibbutz(&s, 'a'), key = story_key("Sa2");
    act_write_id(&s.lines, ACT_KIBBUTZ, &kibbutz);
    act_write_id(&s.lines, ACT_KEY, &key);
    story_write(&s, "Ra", ACT_RECOVER);
    assert_int_equal(kept(&s, "Sa2"), ERR_OK);
    key = story_key("Sa3");
    act_write_id(&s.lines, ACT_KIBBUTZ, &kibbutz);
    act_write_id(&s.lines, ACT_KEY, &key);
    story_write(&s, "Ra9", ACT_RECOVER); /* No card of anybody. */
    assert_int_equal(kept(&s, "Sa3"), ERR_STRANGER);
    story_end(&s);
}

/* Grants of grants, each known before what it rests on. */
static void what_rests_on_what_comes_later_is_kept_then(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    struct id entry = story_admit(&s, "Sa", "Ed", 'd');
    story_accept(&s, "Ed", &entry, "Sd", "Rd");
    story_grant(&s, "Sd", "Cd", "coordinator");
    trust_free(s.trust);
    s.trust = story_fresh(&s);
    for (size_t i = s.count; i-- > 0;) {
        assert_int_equal(kept(&s, "Cd"), ERR_STRANGER);
        assert_int_equal(trust_add(s.trust, &s.entries[i].entry, &s.entries[i].id), ERR_OK);
    }
    assert_int_equal(kept(&s, "Cd"), ERR_OK);
    story_end(&s);
}

static void an_undo_takes_back_what_it_let_in(void **state)
{
    struct story s;

    (void)state;
    story_begin(&s, "abc", 0, 1);
    trust_undo(s.trust, trust_mark(s.trust)); /* Nothing came after it. */
    story_grant(&s, "Sa", "Ca", "coordinator");
    size_t mark = trust_mark(s.trust);
    story_grant(&s, "Sa", "Ca2", "coordinator");
    assert_int_equal(kept(&s, "Ca2"), ERR_OK);
    trust_undo(s.trust, mark);
    assert_int_equal(kept(&s, "Ca"), ERR_OK);
    assert_int_equal(kept(&s, "Ca2"), ERR_STRANGER);
    assert_int_equal(story_status(&s, "Ca"), TRUST_GOOD);
    assert_int_equal(story_status(&s, "Ca2"), TRUST_UNKNOWN);
    story_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_was_once_granted_is_kept_for_ever),
        cmocka_unit_test(a_grant_by_someone_else_lets_nobody_in),
        cmocka_unit_test(an_unapproved_admission_and_a_failed_root_are_kept_too),
        cmocka_unit_test(who_a_card_names_is_kept),
        cmocka_unit_test(what_rests_on_what_comes_later_is_kept_then),
        cmocka_unit_test(an_undo_takes_back_what_it_let_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
