/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/caution.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define START 1000

static struct caution begin(void)
{
    struct caution c;

    caution_begin(&c, START);
    return c;
}

static void lone_office_signs_at_once(void **state)
{
    struct caution c = begin();

    (void)state;
    assert_false(caution_waits(&c, false, 0, START));
}

static void others_are_asked_before_the_first_signature(void **state)
{
    struct caution c = begin();

    (void)state;
    assert_true(caution_waits(&c, false, 2, START));
    assert_true(caution_waits(&c, false, 1, START + 1));
    assert_false(caution_waits(&c, false, 0, START + 2));
    /* Once is enough: a contact that is added later does not hold a signature up. */
    assert_false(caution_waits(&c, false, 1, START + 3));
}

static void silent_contact_is_not_waited_for_for_ever(void **state)
{
    struct caution c = begin();

    (void)state;
    assert_true(caution_waits(&c, false, 1, START + CAUTION_ASK_MS - 1));
    assert_false(caution_waits(&c, false, 1, START + CAUTION_ASK_MS));
}

static void entry_that_was_told_of_is_waited_for(void **state)
{
    struct caution c = begin();

    (void)state;
    assert_true(caution_waits(&c, true, 0, START + 5));
    assert_true(caution_waits(&c, true, 0, START + 6));
    assert_false(caution_waits(&c, false, 0, START + 7));
}

static void entry_that_never_comes_only_delays(void **state)
{
    struct caution c = begin();

    (void)state;
    assert_true(caution_waits(&c, true, 0, START));
    assert_true(caution_waits(&c, true, 0, START + CAUTION_BEHIND_MS - 1));
    assert_false(caution_waits(&c, true, 0, START + CAUTION_BEHIND_MS));
}

static void news_prolong_the_wait(void **state)
{
    struct caution c = begin();

    (void)state;
    assert_true(caution_waits(&c, true, 0, START));
    caution_news(&c, START + CAUTION_BEHIND_MS - 1);
    assert_true(caution_waits(&c, true, 0, START + CAUTION_BEHIND_MS));
    assert_false(caution_waits(&c, true, 0, START + 2 * CAUTION_BEHIND_MS - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lone_office_signs_at_once),
        cmocka_unit_test(others_are_asked_before_the_first_signature),
        cmocka_unit_test(silent_contact_is_not_waited_for_for_ever),
        cmocka_unit_test(entry_that_was_told_of_is_waited_for),
        cmocka_unit_test(entry_that_never_comes_only_delays),
        cmocka_unit_test(news_prolong_the_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
