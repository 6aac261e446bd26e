/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/index_private.h"
#include "tests/store/index_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void document_shows_the_revision_that_it_is_judged_by(void **state)
{
    struct place *place = *state;
    struct trust_document judged = place_judged(1, 1, TRUST_IN_FORCE);

    place_revise(place, 1, 1, 10, "in force");
    place_revise(place, 1, 11, 30, "draft");
    place_assert_shown(place, false, "draft");
    assert_int_equal(index_judge(place->index, &judged), ERR_OK);
    place_assert_shown(place, false, "in force");
    place_revise(place, 1, 12, 40, "newer draft"); /* Not before it is judged. */
    place_assert_shown(place, false, "in force");
    judged.revision = place_id(0xdd, 12);
    assert_int_equal(index_judge(place->index, &judged), ERR_OK);
    place_assert_shown(place, false, "newer draft");
    judged.revision = place_id(0xdd, 99); /* Of which the index does not know. */
    assert_int_equal(index_judge(place->index, &judged), ERR_OK);
    place_assert_shown(place, false, "newer draft");
}

static void void_documents_are_left_out_unless_asked_for(void **state)
{
    struct place *place = *state;
    struct trust_document judged = place_judged(1, 1, TRUST_NULL), disputed = place_judged(3, 3, TRUST_DISPUTED);
    struct index_counts counts;

    place_revise(place, 1, 1, 10, "void");
    place_revise(place, 2, 2, 20, "other");
    place_revise(place, 3, 3, 30, "contested");
    assert_int_equal(index_judge(place->index, &judged), ERR_OK);
    assert_int_equal(index_judge(place->index, &disputed), ERR_OK);
    place_assert_shown(place, false, "contested other");
    place_assert_shown(place, true, "contested other void");
    assert_int_equal(index_count(place->index, &counts), ERR_OK);
    assert_int_equal(counts.documents_void, 1);
    assert_int_equal(counts.documents_contested, 1);
}

static enum err keep_last(void *context, const struct index_revision *revision)
{
    *(struct index_revision *)context = *revision;
    return ERR_OK;
}

static void judgement_reads_back_as_it_was_written(void **state)
{
    struct place *place = *state;
    struct trust_document judged = place_judged(1, 1, TRUST_SUPERSEDED);
    struct trust_verdict verdict = {.status = TRUST_VOID, .cause = TRUST_REVOKED, .because = place_id(7, 7)};
    struct index_revision read;

    place_revise(place, 1, 1, 10, "title");
    judged.erased = judged.replacing_disputed = judged.own_only = true;
    judged.ended_by = place_id(8, 8);
    judged.head_count = 2;
    judged.need = 5;
    judged.approvals = 3;
    judged.disputed = 1;
    assert_int_equal(index_judge(place->index, &judged), ERR_OK);
    assert_int_equal(index_judge_revision(place->index, &judged.revision, &verdict, NULL, 0), ERR_OK);
    place_revise(place, 1, 1, 10, "title again"); /* Its texts change, and what was judged does not. */
    assert_int_equal(index_each_revision(place->index, &judged.document, keep_last, &read), ERR_OK);
    assert_int_equal(read.verdict.status, TRUST_VOID);
    assert_int_equal(read.verdict.cause, TRUST_REVOKED);
    assert_true(id_equal(&read.verdict.because, &verdict.because));
    assert_int_equal(read.judged.state, TRUST_SUPERSEDED);
    assert_true(read.judged.erased && read.judged.replacing_disputed && read.judged.own_only);
    assert_true(id_equal(&read.judged.ended_by, &judged.ended_by));
    assert_true(id_equal(&read.judged.revision, &judged.revision));
    assert_int_equal(read.judged.head_count, 2);
    assert_int_equal(read.judged.need, 5);
    assert_int_equal(read.judged.approvals, 3);
    assert_int_equal(read.judged.disputed, 1);
}

static enum err see_approval(void *context, const struct trust_approval *approval)
{
    struct seen *seen = context;

    snprintf(seen->text + strlen(seen->text), sizeof seen->text - strlen(seen->text), "%s%u/%d%s",
             seen->count++ > 0 ? " " : "", approval->entry.at[2], approval->status, approval->counts ? "+" : "");
    return ERR_OK;
}

static void approvals_replace_the_earlier_ones(void **state)
{
    struct place *place = *state;
    struct trust_verdict verdict = {.status = TRUST_GOOD};
    struct id revision = place_id(0xdd, 1);
    struct trust_approval approvals[] = {
        {place_id(1, 1), place_id(2, 1), place_id(3, 1), TRUST_GOOD, true},
        {place_id(1, 2), place_id(2, 2), place_id(3, 1), TRUST_CONTESTED, false},
    };
    struct seen both = {0}, one = {0}, none = {0};

    place_revise(place, 1, 1, 10, "title");
    assert_int_equal(index_judge_revision(place->index, &revision, &verdict, approvals, 2), ERR_OK);
    assert_int_equal(index_each_approval(place->index, &revision, see_approval, &both), ERR_OK);
    assert_string_equal(both.text, "1/3+ 2/2");
    assert_int_equal(index_judge_revision(place->index, &revision, &verdict, approvals + 1, 1), ERR_OK);
    assert_int_equal(index_each_approval(place->index, &revision, see_approval, &one), ERR_OK);
    assert_string_equal(one.text, "2/2");
    revision = place_id(0xdd, 2);
    assert_int_equal(index_each_approval(place->index, &revision, see_approval, &none), ERR_OK);
    assert_int_equal(none.count, 0);
}

static void stamp_is_zeros_until_it_is_set(void **state)
{
    struct place *place = *state;
    struct id stamp = place_id(5, 5), read;

    assert_int_equal(index_stamp(place->index, &read), ERR_OK);
    assert_true(id_is_zero(&read));
    assert_int_equal(index_set_stamp(place->index, &stamp), ERR_OK);
    assert_int_equal(index_set_stamp(place->index, &stamp), ERR_OK);
    assert_int_equal(index_stamp(place->index, &read), ERR_OK);
    assert_true(id_equal(&read, &stamp));
    assert_int_equal(index_clear(place->index), ERR_OK);
    assert_int_equal(index_stamp(place->index, &read), ERR_OK);
    assert_true(id_is_zero(&read));
}

static void roster_is_empty_until_it_is_set_and_its_number_tells_of_another_one(void **state)
{
    struct place *place = *state;
    struct buffer read = BUFFER(16), small = BUFFER(3);
    uint64_t first = 0, second = 0, third = 0, last = 0;

    assert_int_equal(index_roster(place->index, &first, &read), ERR_OK);
    assert_int_equal(read.len, 0);
    assert_int_equal(index_set_roster(place->index, bytes_text("one")), ERR_OK);
    assert_int_equal(index_roster(place->index, &second, NULL), ERR_OK);
    assert_int_equal(index_set_roster(place->index, bytes_text("another")), ERR_OK);
    assert_int_equal(index_roster(place->index, &third, &read), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&read), bytes_text("another")));
    assert_int_equal(index_roster(place->index, &third, &small), ERR_LIMIT);
    assert_int_equal(index_clear(place->index), ERR_OK);
    buffer_clear(&read);
    assert_int_equal(index_roster(place->index, &last, &read), ERR_OK);
    assert_int_equal(read.len, 0);
    assert_true(first < second && second < third && third < last);
    buffer_free(&read);
    buffer_free(&small);
}

/* Says whether anything was taken back since it was asked last. */
static bool recalled(struct place *place, uint64_t *before)
{
    uint64_t now;
    bool more;

    assert_int_equal(index_recalls(place->index, &now), ERR_OK);
    more = now > *before;
    *before = now;
    return more;
}

static void judge_as(struct place *place, uint64_t revision, enum trust_state state)
{
    struct trust_document judged = place_judged(1, revision, state);

    assert_int_equal(index_judge(place->index, &judged), ERR_OK);
}

static void what_is_taken_back_is_counted(void **state)
{
    struct place *place = *state;
    struct trust_document erased = place_judged(1, 1, TRUST_WITHDRAWN);
    struct index_revision row = place_revision(1, 13, 50, "for the kibbutz");
    struct id entry = place_id(5, 1);
    uint64_t count = 0;

    (void)recalled(place, &count);
    place_add(place, 5, 1, ROLE_COORDINATOR);
    place_revise(place, 1, 1, 10, "first");
    judge_as(place, 1, TRUST_PROPOSED);
    judge_as(place, 1, TRUST_IN_FORCE);
    place_revise(place, 1, 12, 20, "second");
    judge_as(place, 12, TRUST_IN_FORCE);
    assert_int_equal(index_set_content(place->index, &entry, INDEX_HERE), ERR_OK);
    assert_false(recalled(place, &count));
    judge_as(place, 1, TRUST_IN_FORCE); /* The second is void. */
    assert_true(recalled(place, &count));
    row.audience = ACT_FOR_KIBBUTZ;
    assert_int_equal(index_add_revision(place->index, &row), ERR_OK);
    assert_false(recalled(place, &count));
    judge_as(place, 13, TRUST_IN_FORCE);
    assert_true(recalled(place, &count));
    for (enum trust_state state_then = TRUST_WITHDRAWN; state_then <= TRUST_NULL; state_then++) {
        judge_as(place, 13, state_then);
        assert_true(recalled(place, &count));
        judge_as(place, 13, state_then);
        assert_false(recalled(place, &count));
    }
    erased.revision = place_id(0xdd, 13);
    erased.state = TRUST_NULL;
    erased.erased = true;
    assert_int_equal(index_judge(place->index, &erased), ERR_OK);
    assert_true(recalled(place, &count));
    assert_int_equal(index_set_content(place->index, &entry, INDEX_ERASED), ERR_OK);
    assert_true(recalled(place, &count));
    assert_int_equal(index_clear(place->index), ERR_OK);
    assert_true(recalled(place, &count));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(document_shows_the_revision_that_it_is_judged_by),
        TEST(void_documents_are_left_out_unless_asked_for),
        TEST(judgement_reads_back_as_it_was_written),
        TEST(approvals_replace_the_earlier_ones),
        TEST(stamp_is_zeros_until_it_is_set),
        TEST(roster_is_empty_until_it_is_set_and_its_number_tells_of_another_one),
        TEST(what_is_taken_back_is_counted),
    };

    return cmocka_run_group_tests_name("store.index_judgement", tests, NULL, NULL);
}
