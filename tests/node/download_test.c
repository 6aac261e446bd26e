/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/download.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_range_is_read_as_the_standard_says(void **state)
{
    static const struct {
        const char *range;
        enum download_wish wish;
        uint64_t from, count;
    } cases[] = {
        {NULL, DOWNLOAD_ALL, 0, 1000},
        {"bytes=0-", DOWNLOAD_PART, 0, 1000},
        {"bytes=0-0", DOWNLOAD_PART, 0, 1},
        {"bytes=500-", DOWNLOAD_PART, 500, 500},
        {"bytes=-1", DOWNLOAD_PART, 999, 1},
        {"bytes=-5000", DOWNLOAD_PART, 0, 1000},
        {"bytes=10-19", DOWNLOAD_PART, 10, 10},
        {"bytes=900-5000", DOWNLOAD_PART, 900, 100},
        {"bytes=1000-", DOWNLOAD_NOTHING, 0, 1000},
        {"bytes=-0", DOWNLOAD_NOTHING, 0, 1000},
        {"bytes=5-4", DOWNLOAD_ALL, 0, 1000},
        {"bytes=-", DOWNLOAD_ALL, 0, 1000},
        {"bytes=0-1,5-6", DOWNLOAD_ALL, 0, 1000},
        {"lines=0-1", DOWNLOAD_ALL, 0, 1000},
        {"bytes=0x1-5", DOWNLOAD_ALL, 0, 1000},
        {"bytes=99999999999999999999-", DOWNLOAD_ALL, 0, 1000},
    };
    uint64_t from, count;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(download_range(cases[i].range, 1000, &from, &count), cases[i].wish);
        if (cases[i].wish == DOWNLOAD_NOTHING)
            continue;
        assert_int_equal(from, cases[i].from);
        assert_int_equal(count, cases[i].count);
    }
    assert_int_equal(download_range("bytes=0-", 0, &from, &count), DOWNLOAD_NOTHING);
    assert_int_equal(download_range(NULL, 0, &from, &count), DOWNLOAD_ALL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(a_range_is_read_as_the_standard_says)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
