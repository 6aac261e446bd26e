/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/missing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/samples.h"

/* Of two branches, 0 and 1.  Those of log 1 are restricted. */
static struct id entry_of(unsigned log, uint64_t seq, unsigned branch)
{
    return sample_id(500000 + branch * 100000 + log * 1000 + (unsigned)seq);
}

static enum err add_on(struct missing *m, unsigned log, uint64_t seq, unsigned branch)
{
    struct missing_content content = {.log = sample_id(log),
                                      .seq = seq,
                                      .entry = entry_of(log, seq, branch),
                                      .content = sample_id(log * 1000 + (unsigned)seq),
                                      .restricted = log == 1};

    return missing_add(m, &content);
}

static enum err add(struct missing *m, unsigned log, uint64_t seq)
{
    return add_on(m, log, seq, 0);
}

static const struct missing_content *find(const struct missing *m, unsigned log, uint64_t seq)
{
    struct id of = sample_id(log);

    return missing_find(m, &of, seq, 0);
}

static void take_on(struct missing *m, unsigned log, uint64_t seq, unsigned branch)
{
    struct id of = sample_id(log), entry = entry_of(log, seq, branch);

    missing_remove(m, &of, seq, &entry);
}

static void take(struct missing *m, unsigned log, uint64_t seq)
{
    take_on(m, log, seq, 0);
}

static struct missing *begin(void)
{
    struct missing *m = missing_new();

    assert_non_null(m);
    return m;
}

static void what_was_added_is_found_until_it_is_removed(void **state)
{
    struct missing *m = begin();
    struct id log = sample_id(2), content = sample_id(2007);

    (void)state;
    assert_int_equal(missing_count(m), 0);
    assert_null(find(m, 2, 7));
    assert_int_equal(add(m, 2, 7), ERR_OK);
    assert_int_equal(add(m, 2, 5), ERR_OK);
    assert_int_equal(add(m, 1, 7), ERR_OK);
    assert_int_equal(missing_count(m), 3);
    const struct missing_content *found = find(m, 2, 7);
    assert_non_null(found);
    assert_memory_equal(found->log.at, log.at, ID_LEN);
    assert_memory_equal(found->content.at, content.at, ID_LEN);
    assert_int_equal(found->seq, 7);
    assert_false(found->restricted);
    assert_true(find(m, 1, 7)->restricted);
    assert_null(find(m, 2, 6));
    assert_null(find(m, 3, 7));
    take(m, 2, 7);
    assert_null(find(m, 2, 7));
    assert_non_null(find(m, 2, 5));
    assert_non_null(find(m, 1, 7));
    assert_int_equal(missing_count(m), 2);
    missing_free(m);
}

static void what_is_known_stays_as_it_is(void **state)
{
    struct missing *m = begin();
    struct id content = sample_id(1001);
    struct missing_content other = {
        .log = sample_id(1), .seq = 1, .entry = entry_of(1, 1, 0), .content = sample_id(99)};

    (void)state;
    assert_int_equal(add(m, 1, 1), ERR_OK);
    assert_int_equal(add(m, 1, 2), ERR_OK);
    take(m, 7, 7); /* Nothing. */
    assert_int_equal(missing_add(m, &other), ERR_OK);
    assert_int_equal(missing_count(m), 2);
    assert_memory_equal(find(m, 1, 1)->content.at, content.at, ID_LEN);
    assert_int_equal(find(m, 1, 1)->serial, 1);
    missing_free(m);
}

/* A peer is asked in the order of addition; what comes back after it was removed counts as new. */
static void serials_lead_through_all_in_the_order_of_addition(void **state)
{
    static const unsigned logs[] = {5, 1, 9, 3};
    struct missing *m = begin();
    const struct missing_content *next;
    uint64_t serial = 0;
    size_t count = 0;

    (void)state;
    assert_null(missing_after(m, 0));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(add(m, logs[i], 1), ERR_OK);
    while ((next = missing_after(m, serial))) {
        struct id log = sample_id(logs[count++]);

        assert_memory_equal(next->log.at, log.at, ID_LEN);
        assert_true(next->serial > serial);
        serial = next->serial;
    }
    assert_int_equal(count, 4);
    take(m, 1, 1);
    assert_int_equal(missing_after(m, 1)->serial, 3);
    assert_null(missing_after(m, serial));
    assert_int_equal(add(m, 1, 1), ERR_OK);
    assert_int_equal(missing_after(m, serial)->serial, serial + 1);
    assert_null(missing_after(m, UINT64_MAX));
    missing_free(m);
}

static void the_limit_is_kept_and_a_place_can_be_taken_again(void **state)
{
    struct missing *m = begin();

    (void)state;
    for (uint64_t seq = 1; seq <= LIMIT_MISSING; seq++)
        assert_int_equal(add(m, 1, seq), ERR_OK);
    assert_int_equal(add(m, 1, LIMIT_MISSING + 1), ERR_LIMIT);
    assert_int_equal(missing_count(m), LIMIT_MISSING);
    assert_null(find(m, 1, LIMIT_MISSING + 1));
    assert_int_equal(add(m, 1, LIMIT_MISSING), ERR_OK); /* Known. */
    take(m, 1, 1);
    assert_int_equal(add(m, 1, LIMIT_MISSING + 1), ERR_OK);
    assert_non_null(find(m, 1, LIMIT_MISSING + 1));
    assert_int_equal(missing_count(m), LIMIT_MISSING);
    missing_free(m);
}

/* A log that forks lacks two contents of one seq, each by its own entry. */
static void contents_of_two_branches_are_told_apart(void **state)
{
    struct missing *m = begin();
    struct id log = sample_id(3);

    (void)state;
    assert_int_equal(add_on(m, 3, 2, 0), ERR_OK);
    assert_int_equal(add_on(m, 3, 2, 1), ERR_OK);
    assert_int_equal(add_on(m, 3, 3, 0), ERR_OK);
    assert_int_equal(missing_count(m), 3);
    assert_non_null(missing_find(m, &log, 2, 1));
    assert_false(id_equal(&missing_find(m, &log, 2, 0)->entry, &missing_find(m, &log, 2, 1)->entry));
    assert_null(missing_find(m, &log, 2, 2));
    take_on(m, 3, 2, 1);
    struct id left = entry_of(3, 2, 0);
    assert_memory_equal(missing_find(m, &log, 2, 0)->entry.at, left.at, ID_LEN);
    assert_null(missing_find(m, &log, 2, 1));
    missing_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_found_until_it_is_removed),
        cmocka_unit_test(what_is_known_stays_as_it_is),
        cmocka_unit_test(serials_lead_through_all_in_the_order_of_addition),
        cmocka_unit_test(contents_of_two_branches_are_told_apart),
        cmocka_unit_test(the_limit_is_kept_and_a_place_can_be_taken_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
