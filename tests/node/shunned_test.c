/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/shunned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define MINUTE UINT64_C(60000)

static struct id key(uint8_t number)
{
    return (struct id){.at = {number}};
}

static void each_offence_doubles_the_time_up_to_an_hour(void **state)
{
    static const unsigned minutes[] = {1, 2, 4, 8, 16, 32, 60, 60};
    struct shunned shunned = {0};
    struct id a = key(1), b = key(2);

    (void)state;
    for (size_t i = 0; i < sizeof minutes / sizeof minutes[0]; i++) {
        shunned_note(&shunned, &a, 1000);
        assert_int_equal(shunned_until(&shunned, &a), 1000 + minutes[i] * MINUTE);
    }
    assert_int_equal(shunned_until(&shunned, &b), 0);
}

/* A thousand keys cost no memory; whoever is shunned for long is remembered before the others. */
static void the_first_to_be_free_is_forgotten(void **state)
{
    struct shunned shunned = {0};
    struct id bad = key(255), newest;

    (void)state;
    shunned_note(&shunned, &bad, 0);
    shunned_note(&shunned, &bad, 0);
    for (uint8_t i = 0; i < SHUNNED_PLACES; i++) {
        newest = key(i);
        shunned_note(&shunned, &newest, i);
    }
    newest = key(0);
    assert_int_equal(shunned_until(&shunned, &newest), 0);
    newest = key(1);
    assert_int_equal(shunned_until(&shunned, &newest), 1 + MINUTE);
    assert_int_equal(shunned_until(&shunned, &bad), 2 * MINUTE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_offence_doubles_the_time_up_to_an_hour),
        cmocka_unit_test(the_first_to_be_free_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
