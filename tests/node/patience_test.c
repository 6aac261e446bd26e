/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/patience.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define START 1000
#define SECONDS 30
#define ENOUGH (SECONDS * PATIENCE_RATE)

static struct patience begin(void)
{
    struct patience p;

    patience_begin(&p, SECONDS, START);
    return p;
}

static void silence_ends_it(void **state)
{
    struct patience p = begin();

    (void)state;
    assert_false(patience_is_over(&p, 0, START + SECONDS * 1000 - 1));
    assert_true(patience_is_over(&p, 0, START + SECONDS * 1000));
}

static void it_goes_on_for_hours_while_something_comes(void **state)
{
    struct patience p = begin();
    uint64_t now = START, received = 0;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        now += SECONDS * 1000 - 1;
        received += ENOUGH;
        assert_false(patience_is_over(&p, received, now));
    }
    assert_false(patience_is_over(&p, received, now + SECONDS * 1000 - 1));
    assert_true(patience_is_over(&p, received, now + SECONDS * 1000));
}

static void signs_of_life_are_not_enough(void **state)
{
    struct patience p = begin();

    (void)state;
    for (unsigned i = 1; i < SECONDS; i++)
        assert_false(patience_is_over(&p, i * (PATIENCE_RATE - 1), START + i * 1000));
    assert_true(patience_is_over(&p, ENOUGH - 1, START + SECONDS * 1000));
}

static void one_that_went_and_came_back_starts_anew(void **state)
{
    struct patience p = begin();

    (void)state;
    assert_false(patience_is_over(&p, 10 * ENOUGH, START + 1000));
    assert_false(patience_is_over(&p, 5, START + 2000));
    assert_false(patience_is_over(&p, 5 + ENOUGH, START + 30000));
    assert_false(patience_is_over(&p, 0, START + 59999));
    assert_true(patience_is_over(&p, 0, START + 60000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_ends_it),
        cmocka_unit_test(it_goes_on_for_hours_while_something_comes),
        cmocka_unit_test(signs_of_life_are_not_enough),
        cmocka_unit_test(one_that_went_and_came_back_starts_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
