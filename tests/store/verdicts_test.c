/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/verdicts.h"

#include "store/roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/story.h"

static void begin(struct story *s)
{
    story_begin(s, "ab", 0, 1);
    story_grant(s, "Sa", "Ca", "coordinator");
    story_grant(s, "Sb", "Cb", "coordinator");
}

static const struct verdict_document *first_of(const struct verdicts *v)
{
    return sorted_at(&v->documents, 0);
}

static void what_is_taken_is_what_trust_says(void **state)
{
    struct verdicts v = {.more = true};
    struct story s;

    (void)state;
    begin(&s);
    struct id d = story_publish(&s, "Ca", 1), r = story_revise(&s, "Ca", &d, &d, 1);
    struct id foreign = story_revise(&s, "Cb", &d, &r, 1);
    assert_int_equal(verdicts_take(&v, s.trust, 0, 10), ERR_OK);
    assert_false(v.more);
    assert_int_equal(v.documents.count, 1);
    assert_memory_equal(first_of(&v)->trust.document.at, d.at, ID_LEN);
    assert_int_equal(first_of(&v)->trust.state, TRUST_IN_FORCE);
    assert_memory_equal(first_of(&v)->trust.revision.at, r.at, ID_LEN);
    assert_int_equal(first_of(&v)->revision_count, 3); /* That of another kibbutz as well: it is shown to be none. */
    bool found = false;
    for (size_t i = 0; i < v.revisions.count; i++) {
        const struct verdict *verdict = sorted_at(&v.revisions, i);
        assert_int_equal(verdict->trust.status, trust_entry(s.trust, &verdict->revision).status);
        assert_int_equal(verdict->approval_count, trust_approval_count(s.trust, &verdict->revision));
        assert_true(verdict->first_approval + verdict->approval_count <= v.approvals.count);
        assert_false(verdict->erased);
        found = found || id_equal(&verdict->revision, &foreign);
    }
    assert_true(found);
    struct id root = trust_root(s.trust);
    assert_memory_equal(v.root.at, root.at, ID_LEN);
    verdicts_free(&v);
    story_end(&s);
}

static void those_over_the_limit_are_taken_next(void **state)
{
    struct verdicts v = {.more = true};
    struct story s;
    size_t taken = 0, turns = 0;

    (void)state;
    begin(&s);
    for (size_t i = 0; i < 7; i++)
        (void)story_publish(&s, "Ca", 1);
    for (; v.more; turns++) {
        assert_int_equal(verdicts_take(&v, s.trust, 0, 3), ERR_OK);
        assert_true(v.documents.count <= 3);
        taken += v.documents.count;
    }
    assert_int_equal(taken, 7);
    assert_int_equal(turns, 3);
    assert_int_equal(verdicts_take(&v, s.trust, 0, 3), ERR_OK); /* Nothing has changed since. */
    assert_int_equal(v.documents.count, 0);
    assert_false(v.more);
    verdicts_free(&v);
    story_end(&s);
}

static void what_was_erased_is_told(void **state)
{
    struct verdicts v = {.more = true};
    struct story s;

    (void)state;
    begin(&s);
    struct id d = story_publish(&s, "Ca", 1);
    assert_int_equal(verdicts_take(&v, s.trust, 0, 10), ERR_OK);
    assert_false(((const struct verdict *)sorted_at(&v.revisions, 0))->erased);
    story_erase(&s, "Ca", &d);
    assert_int_equal(verdicts_take(&v, s.trust, 0, 10), ERR_OK);
    assert_int_equal(v.revisions.count, 1);
    assert_true(((const struct verdict *)sorted_at(&v.revisions, 0))->erased);
    verdicts_free(&v);
    story_end(&s);
}

static void offices_are_taken_when_they_changed(void **state)
{
    struct roster roster = {.keys = {.at = NULL}};
    struct verdicts v = {.more = true};
    struct story s;

    (void)state;
    begin(&s);
    assert_int_equal(verdicts_take(&v, s.trust, 0, 10), ERR_OK);
    assert_int_equal(roster_decode(&roster, buffer_bytes(&v.roster)), ERR_OK);
    struct id key = story_key("Ca"), later = story_key("Cx");
    assert_int_equal(roster_key(&roster, &key).role, ROLE_COORDINATOR);
    assert_int_equal(roster_key(&roster, &later).status, TRUST_UNKNOWN);

    uint64_t written = v.offices;
    (void)story_publish(&s, "Ca", 1); /* The first of its log. */
    assert_int_equal(verdicts_take(&v, s.trust, written, 10), ERR_OK);
    written = v.offices;
    (void)story_publish(&s, "Ca", 1); /* Of documents alone. */
    assert_int_equal(verdicts_take(&v, s.trust, written, 10), ERR_OK);
    assert_int_equal(v.offices, written);
    assert_int_equal(v.roster.len, 0);

    story_grant(&s, "Sa", "Cx", "coordinator");
    assert_int_equal(verdicts_take(&v, s.trust, written, 10), ERR_OK);
    assert_int_not_equal(v.offices, written);
    assert_int_equal(roster_decode(&roster, buffer_bytes(&v.roster)), ERR_OK);
    assert_int_equal(roster_key(&roster, &later).status, TRUST_GOOD);
    verdicts_free(&v);
    roster_free(&roster);
    story_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_taken_is_what_trust_says),
        cmocka_unit_test(those_over_the_limit_are_taken_next),
        cmocka_unit_test(what_was_erased_is_told),
        cmocka_unit_test(offices_are_taken_when_they_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
