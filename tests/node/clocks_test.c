/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/clocks.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HOUR INT64_C(3600000)

static void a_clock_within_ten_minutes_is_good(void **state)
{
    const int64_t ahead[] = {CLOCKS_OFF_MS, -CLOCKS_OFF_MS, CLOCKS_OFF_MS + 1};

    (void)state;
    assert_int_equal(clocks_judge(ahead, 3, 0), CLOCKS_GOOD);
    assert_int_equal(clocks_judge(ahead, 3, 1), CLOCKS_GOOD);
    assert_int_equal(clocks_judge(ahead, 3, 2), CLOCKS_THEIRS);
}

static void of_two_nobody_can_tell_whose_is_wrong(void **state)
{
    const int64_t ahead[] = {-3 * HOUR, 2, 3 * HOUR, 3 * HOUR};

    (void)state;
    assert_int_equal(clocks_judge(ahead, 1, 0), CLOCKS_EITHER);
    assert_int_equal(clocks_judge(ahead, 4, 2), CLOCKS_EITHER); /* Two and two. */
    assert_int_equal(clocks_judge(ahead, 4, 0), CLOCKS_THEIRS);
}

static void the_greater_number_is_right(void **state)
{
    const int64_t ahead[] = {3 * HOUR, 3 * HOUR + 1, -30 * 24 * HOUR};

    (void)state;
    assert_int_equal(clocks_judge(ahead, 3, 0), CLOCKS_OURS);
    assert_int_equal(clocks_judge(ahead, 3, 1), CLOCKS_OURS);
    assert_int_equal(clocks_judge(ahead, 3, 2), CLOCKS_EITHER); /* It is alone with its time, and so are we. */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_within_ten_minutes_is_good),
        cmocka_unit_test(of_two_nobody_can_tell_whose_is_wrong),
        cmocka_unit_test(the_greater_number_is_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
