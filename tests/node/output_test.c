/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/output.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void check(const char *dirty, size_t len, bool lines, const char *clean)
{
    struct buffer out = BUFFER(1000);

    output_clean(&out, bytes_of(dirty, len), lines);
    buffer_u8(&out, 0);
    assert_int_equal(buffer_error(&out), ERR_OK);
    assert_string_equal((const char *)out.at, clean);
    buffer_free(&out);
}

#define CHECK(dirty, lines, clean) check(dirty, sizeof(dirty) - 1, lines, clean)

static void plain_text_in_any_script_stays(void **state)
{
    (void)state;
    CHECK("minutes 9/18", false, "minutes 9/18");
    CHECK("פרוטוקול אסיפה", false, "פרוטוקול אסיפה");
    CHECK("\xe2\x80\x8f\xd7\x90\xe2\x80\x8e", false, "\xe2\x80\x8f\xd7\x90\xe2\x80\x8e");
}

static void controls_and_escapes_are_taken_out(void **state)
{
    (void)state;
    CHECK("a\x1b[31mb\x07\x7f", false, "a[31mb");
    CHECK("a\xc2\x9b"
          "31mb",
          false, "a31mb");
    CHECK("a\xc2\xa0"
          "b",
          false,
          "a\xc2\xa0"
          "b");
    CHECK("a\0b", false, "ab");
}

static void overrides_of_direction_are_taken_out(void **state)
{
    (void)state;
    CHECK("a\xe2\x80\xae"
          "b\xe2\x81\xa6"
          "c\xe2\x81\xa9\xe2\x80\xa8",
          false, "abc");
}

static void lines_are_kept_only_where_asked(void **state)
{
    (void)state;
    CHECK("a\nb\tc\r", true, "a\nb\tc");
    CHECK("a\nb\tc\r", false, "a b c");
}

static void bytes_that_are_no_text_are_shown_as_such(void **state)
{
    (void)state;
    CHECK("a\xff"
          "b",
          false,
          "a\xef\xbf\xbd"
          "b");
    CHECK("\xd7", false, "\xef\xbf\xbd");
    CHECK("\xed\xa0\x80", false, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void times_are_those_of_rfc_3339(void **state)
{
    char text[OUTPUT_TIME_LEN + 1];

    (void)state;
    output_time(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    output_time(UINT64_C(1795446816999), text);
    assert_string_equal(text, "2026-11-23T15:13:36Z");
    output_time(UINT64_MAX, text);
    assert_string_equal(text, "0000-00-00T00:00:00Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_text_in_any_script_stays),
        cmocka_unit_test(controls_and_escapes_are_taken_out),
        cmocka_unit_test(overrides_of_direction_are_taken_out),
        cmocka_unit_test(lines_are_kept_only_where_asked),
        cmocka_unit_test(bytes_that_are_no_text_are_shown_as_such),
        cmocka_unit_test(times_are_those_of_rfc_3339),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
