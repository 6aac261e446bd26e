/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/log.h"

static void check(const char *details, const char *expected)
{
    struct buffer line = BUFFER(4096);

    log_write(&line, UINT64_C(1795446816042), "peer opened", details);
    buffer_u8(&line, 0);
    assert_int_equal(buffer_error(&line), ERR_OK);
    assert_string_equal((const char *)line.at, expected);
    buffer_free(&line);
}

static void line_has_time_event_and_details(void **state)
{
    (void)state;
    check("key 01020304", "2026-11-23T15:13:36.042Z peer opened: key 01020304\n");
    check("", "2026-11-23T15:13:36.042Z peer opened\n");
}

static void foreign_text_stays_on_its_line_and_steers_nothing(void **state)
{
    struct buffer line = BUFFER(4096);

    (void)state;
    log_write(&line, 0, "peer closed",
              "one\ntwo\r\x1b[31m\xe2\x80\xae"
              "txt.exe\xff");
    assert_int_equal(buffer_error(&line), ERR_OK);
    for (size_t i = 0; i + 1 < line.len; i++)
        assert_true(line.at[i] >= ' ' && line.at[i] != 0x7f);
    assert_int_equal(line.at[line.len - 1], '\n');
    assert_null(memmem(line.at, line.len, "\xe2\x80\xae", 3));
    buffer_free(&line);
}

static void key_is_named_by_its_first_eight_digits(void **state)
{
    struct id key = {.at = {0xde, 0xad, 0xbe, 0xef, 0x55}};
    char text[9];

    (void)state;
    assert_string_equal(log_key(&key, text), "deadbeef");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_has_time_event_and_details),
        cmocka_unit_test(foreign_text_stays_on_its_line_and_steers_nothing),
        cmocka_unit_test(key_is_named_by_its_first_eight_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
