/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/overview.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void young_one_serves_until_something_is_taken_back(void **state)
{
    const struct overview_stamp made = {.version = 7, .recalls = 2}, later = {.version = 8, .recalls = 2},
                                taken_back = {.version = 8, .recalls = 3};

    (void)state;
    assert_true(overview_serves(&made, &made, false));
    assert_true(overview_serves(&made, &later, true));
    assert_false(overview_serves(&made, &later, false));
    assert_false(overview_serves(&made, &taken_back, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(young_one_serves_until_something_is_taken_back)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
