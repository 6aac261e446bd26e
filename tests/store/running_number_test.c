/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/running_number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static void numbers_are_read_as_offices_write_them(void **state)
{
    static const struct {
        const char *text;
        unsigned ordinal, year;
    } cases[] = {{"31/26", 31, 2026}, {"31/2026", 31, 2026}, {"9-98", 9, 1998},   {"7.50", 7, 1950},
                 {"12/49", 12, 2049}, {"5", 5, 0},           {"007/26", 7, 2026}, {"99999/26", 99999, 2026}};
    unsigned ordinal, year;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(running_number_read(bytes_text(cases[i].text), &ordinal, &year));
        assert_int_equal(ordinal, cases[i].ordinal);
        assert_int_equal(year, cases[i].year);
    }
}

static void what_is_no_number_is_refused(void **state)
{
    static const char *const bad[] = {"",       "/26",    "a/26",   "0/26",      "31/",     "31/6",   "31/126",
                                      "31/26 ", " 31/26", "31/26a", "100000/26", "31/0026", "31//26", "31/99999"};
    unsigned ordinal = 1, year = 1;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(running_number_read(bytes_text(bad[i]), &ordinal, &year));
        assert_int_equal(ordinal, 0);
        assert_int_equal(year, 0);
    }
}

static void a_year_is_that_of_the_date_or_of_the_time(void **state)
{
    (void)state;
    assert_int_equal(running_number_year(bytes_text("2026-11-17"), 0), 2026);
    assert_int_equal(running_number_year(bytes_text(""), 0), 1970);
    assert_int_equal(running_number_year(bytes_text(""), 951868800000), 2000);  /* 2000-03-01 */
    assert_int_equal(running_number_year(bytes_text(""), 951782400000), 2000);  /* 2000-02-29 */
    assert_int_equal(running_number_year(bytes_text(""), 1735689599999), 2024); /* The last of its moments. */
    assert_int_equal(running_number_year(bytes_text(""), 1735689600000), 2025);
    assert_int_equal(running_number_year(bytes_text("yesterday"), 1735689600000), 2025);
}

static void the_day_is_that_of_the_date_but_no_later_than_the_signature(void **state)
{
    const uint64_t signed_ms = 1735689599999; /* The last moment of 2024, UTC. */

    (void)state;
    assert_int_equal(running_number_day(bytes_text("2019-03-07"), signed_ms), 20190307);
    assert_int_equal(running_number_day(bytes_text(""), signed_ms), 20241231);
    assert_int_equal(running_number_day(bytes_text("last week"), signed_ms), 20241231);
    assert_int_equal(running_number_day(bytes_text("2019-3-07"), signed_ms), 20241231);
    assert_int_equal(running_number_day(bytes_text("2025-01-01"), signed_ms), 20250101); /* It is tomorrow there. */
    assert_int_equal(running_number_day(bytes_text("9999-12-31"), signed_ms), 20250101);
    assert_int_equal(running_number_day(bytes_text(""), 951782400000), 20000229);
    assert_int_equal(running_number_day(bytes_text(""), 951868800000), 20000301);
}

static void gaps_are_what_lies_between(void **state)
{
    struct running_number_gap gap;

    (void)state;
    assert_false(running_number_missing(0, 1, &gap));
    assert_false(running_number_missing(7, 8, &gap));
    assert_false(running_number_missing(7, 7, &gap)); /* A number used twice. */
    assert_true(running_number_missing(0, 2, &gap));
    assert_int_equal(gap.from, 1);
    assert_int_equal(gap.to, 1);
    assert_true(running_number_missing(7, 99999, &gap));
    assert_int_equal(gap.from, 8);
    assert_int_equal(gap.to, 99998);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_as_offices_write_them),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(a_year_is_that_of_the_date_or_of_the_time),
        cmocka_unit_test(the_day_is_that_of_the_date_but_no_later_than_the_signature),
        cmocka_unit_test(gaps_are_what_lies_between),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
