/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/credit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "proto/limits.h"

/* A line of so many bytes a millisecond and such a round trip, with a sender that always has more. */
static void run(struct credit *c, uint64_t rate, uint64_t round_trip, uint64_t *now, uint64_t rounds)
{
    for (uint64_t i = 0; i < rounds; i++) {
        (void)credit_grant(c, *now);
        uint64_t takes = c->left / rate;

        *now += takes > round_trip ? takes : round_trip;
        assert_true(credit_take(c, c->left, *now));
    }
}

static void a_slow_line_carries_little_at_a_time(void **state)
{
    struct credit c = CREDIT;
    uint64_t now = 1000;

    (void)state;
    run(&c, 125, 20, &now, 200);
    assert_in_range(c.window, LIMIT_CREDIT_LEAST, 125 * 130); /* 130 ms of it. */
}

static void a_fast_line_is_filled(void **state)
{
    struct credit near = CREDIT, far = CREDIT;
    uint64_t now = 1000;

    (void)state;
    run(&near, 1000000, 0, &now, 50);
    assert_int_equal(near.window, LIMIT_CREDIT);
    run(&far, 6000, 100, &now, 200); /* 48 Mbit/s to the other side of the world. */
    assert_true(far.window >= 6000 * 100);
    assert_true(far.window <= 6000 * 170);
}

static void a_line_that_becomes_slow_is_noticed(void **state)
{
    struct credit c = CREDIT;
    uint64_t now = 1000;

    (void)state;
    run(&c, 12500, 20, &now, 100);
    assert_true(c.window > 12500 * 20);
    run(&c, 125, 20, &now, 20);
    assert_true(c.window < 125 * 160);
}

static void nothing_comes_without_credit(void **state)
{
    struct credit c = CREDIT;
    uint32_t granted = credit_grant(&c, 1);

    (void)state;
    assert_int_equal(granted, LIMIT_CREDIT_LEAST);
    assert_int_equal(credit_grant(&c, 1), 0);
    assert_false(credit_take(&c, granted + 1, 2));
    assert_true(credit_take(&c, granted, 2));
    assert_false(credit_take(&c, 1, 2));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_line_carries_little_at_a_time),
        cmocka_unit_test(a_fast_line_is_filled),
        cmocka_unit_test(a_line_that_becomes_slow_is_noticed),
        cmocka_unit_test(nothing_comes_without_credit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
