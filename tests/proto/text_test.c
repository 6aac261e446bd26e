/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/limits.h"

static bool utf8(const char *text)
{
    return text_is_utf8(bytes_text(text));
}

static bool line(const char *text)
{
    return text_is_line(bytes_text(text), 100);
}

static bool address(const char *text)
{
    return text_is_address(bytes_text(text));
}

/* The shortest form of a code point; the caller gives only those that have one. */
static size_t encode(uint32_t point, uint8_t out[4])
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (uint8_t)(0xc0 | point >> 6);
        out[1] = (uint8_t)(0x80 | (point & 63));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (uint8_t)(0xe0 | point >> 12);
        out[1] = (uint8_t)(0x80 | (point >> 6 & 63));
        out[2] = (uint8_t)(0x80 | (point & 63));
        return 3;
    }
    out[0] = (uint8_t)(0xf0 | point >> 18);
    out[1] = (uint8_t)(0x80 | (point >> 12 & 63));
    out[2] = (uint8_t)(0x80 | (point >> 6 & 63));
    out[3] = (uint8_t)(0x80 | (point & 63));
    return 4;
}

static void every_code_point_is_utf8_and_surrogates_are_not(void **state)
{
    uint8_t bytes[4];

    (void)state;
    for (uint32_t point = 0; point < 0x120000; point++) {
        size_t len = encode(point, bytes);
        bool is_point = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);

        if (text_is_utf8(bytes_of(bytes, len)) != is_point)
            fail_msg("U+%04X", point);
        if (len > 1 && text_is_utf8(bytes_of(bytes, len - 1)))
            fail_msg("U+%04X cut short", point);
    }
}

/* Wherever it stands in a long text, between points of any length. */
static void one_bad_byte_in_a_long_text_is_found(void **state)
{
    static const char *const points[] = {"a", "\xd7\xa9", "\xe2\x82\xaa", "\xf0\x9f\x98\x80"};
    char text[1200];

    (void)state;
    for (size_t which = 0; which < 4; which++) {
        size_t size = strlen(points[which]), len = 0;

        while (len + size <= 700)
            for (size_t i = 0; i < size; i++)
                text[len++] = points[which][i];
        assert_true(text_is_utf8(bytes_of(text, len)));
        for (size_t at = 0; at < len; at++) {
            char kept = text[at];

            text[at] = (char)0xc1;
            assert_false(text_is_utf8(bytes_of(text, len)));
            text[at] = kept;
            assert_true(text_is_utf8(bytes_of(text, at)) == (at % size == 0));
        }
    }
}

static void longer_forms_and_stray_bytes_are_no_utf8(void **state)
{
    static const char *const bad[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf",
        "\xf8\x88\x80\x80\x80",
        "\xfc\x84\x80\x80\x80\x80",
        "\xfe",
        "\xff",
        "a\x80",
        "\xc3",
        "\xc3(",
        "\xe2\x82",
        "\xe2(\xa1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (utf8(bad[i]))
            fail_msg("text %zu", i);
    assert_true(utf8(""));
    assert_true(utf8("\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"));
}

/* By the list in text.h; spaces inside are allowed. */
static void a_line_has_no_control_and_no_bidirectional_formatting(void **state)
{
    uint8_t bytes[6] = {'a'};

    (void)state;
    for (uint32_t point = 0; point < 0x110000; point++) {
        bool surrogate = point >= 0xd800 && point <= 0xdfff;
        bool control = point < 0x20 || (point >= 0x7f && point <= 0x9f);
        bool formatting = point == 0x61c || point == 0x200e || point == 0x200f ||
                          (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) ||
                          point == 0xfeff;
        size_t len = encode(point, bytes + 1);

        bytes[len + 1] = 'b';
        if (text_is_line(bytes_of(bytes, len + 2), 100) == (surrogate || control || formatting))
            fail_msg("U+%04X", point);
        if (text_is_prose(bytes_of(bytes, len + 2)) == (surrogate || (control && point != '\n' && point != '\t')))
            fail_msg("U+%04X in prose", point);
    }
}

static void a_line_has_no_space_at_its_ends_and_a_limit(void **state)
{
    (void)state;
    assert_true(line("a b"));
    assert_false(line(" a"));
    assert_false(line("a "));
    assert_false(line(" "));
    assert_false(line(""));
    assert_true(text_is_line(bytes_text("abc"), 3));
    assert_false(text_is_line(bytes_text("abcd"), 3));
    assert_true(text_is_prose(bytes_of(NULL, 0)));
}

static void a_file_name_is_no_path(void **state)
{
    static const char *const bad[] = {"",     ".",   "..",    "/",        "a/b",      "\\",
                                      "a\\b", "a\n", "a\x7f", "\xc2\x80", "\xc0\xae", "a\xff"};
    static const char *const good[] = {"a", "...", ".a", "a.", "..a", " a ", "\xd7\x90.md", "a:b", "-a"};
    uint8_t longest[LIMIT_FILE_NAME + 1];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (text_is_file_name(bytes_text(bad[i])))
            fail_msg("bad name %zu", i);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!text_is_file_name(bytes_text(good[i])))
            fail_msg("good name %zu", i);
    assert_false(text_is_file_name(bytes_of("a\0b", 3)));
    memset(longest, 'n', sizeof longest);
    assert_true(text_is_file_name(bytes_of(longest, LIMIT_FILE_NAME)));
    assert_false(text_is_file_name(bytes_of(longest, LIMIT_FILE_NAME + 1)));
}

static void an_address_is_host_and_port(void **state)
{
    static const char *const good[] = {"a:1",      "archive.example:7117", "10.0.0.1:65535",
                                       "[::1]:80", "[fe80::1%eth0]:80",    "a-b_c.D:1"};
    static const char *const bad[] = {
        "",
        ":",
        "a",
        "a:",
        ":1",
        "a:0",
        "a:65536",
        "a:01",
        "a:-1",
        "a:1 ",
        " a:1",
        "a b:1",
        "a/b:1",
        "a@b:1",
        "::1:80",
        "[]:80",
        "[a]:80",
        "[::1]",
        "[::1]:",
        "[::1]80",
        "[::1:80",
        "[::1]:0",
        "::1]:80",
        "[[::1]]:80",
        "a:1:2",
        "\xd7\x90:1",
        "a\n:1",
        "a%b:1",
        "a:18446744073709551617",
    };
    uint8_t longest[LIMIT_ADDRESS + 1];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!address(good[i]))
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (address(bad[i]))
            fail_msg("%s", bad[i]);
    memset(longest, 'h', sizeof longest);
    memcpy(longest + LIMIT_ADDRESS - 2, ":12", 3);
    assert_true(text_is_address(bytes_of(longest, LIMIT_ADDRESS)));
    assert_false(text_is_address(bytes_of(longest, LIMIT_ADDRESS + 1)));
}

static void a_number_has_one_form(void **state)
{
    static const char *const bad[] = {"",
                                      "00",
                                      "01",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1a",
                                      "0x1",
                                      "9007199254740992",
                                      "10000000000000000",
                                      "99999999999999999999999999"};
    uint64_t number = 5;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (text_to_number(bytes_text(bad[i]), &number))
            fail_msg("%s", bad[i]);
    assert_int_equal(number, 5);
    assert_true(text_to_number(bytes_text("0"), &number));
    assert_int_equal(number, 0);
    assert_true(text_to_number(bytes_text("9007199254740991"), &number));
    assert_true(number == LIMIT_NUMBER);
}

static void text_is_taken_up_to_an_end(void **state)
{
    struct bytes rest = bytes_text("ab cd");
    struct bytes taken = bytes_of(NULL, 0);

    (void)state;
    assert_true(text_take(&rest, ' ', &taken));
    assert_true(bytes_equal(taken, bytes_text("ab")));
    assert_true(bytes_equal(rest, bytes_text("cd")));
    assert_false(text_take(&rest, ' ', &taken));
    assert_true(bytes_equal(rest, bytes_text("cd")));
    rest = bytes_text("\n");
    assert_true(text_take(&rest, '\n', &taken));
    assert_int_equal(taken.len, 0);
    assert_int_equal(rest.len, 0);
    assert_false(text_take(&rest, '\n', &taken));
}

static void a_prefix_is_taken_whole_or_not(void **state)
{
    struct bytes rest = bytes_text("abc");

    (void)state;
    assert_false(text_take_prefix(&rest, "abd"));
    assert_false(text_take_prefix(&rest, "abcd"));
    assert_int_equal(rest.len, 3);
    assert_true(text_take_prefix(&rest, "ab"));
    assert_true(bytes_equal(rest, bytes_text("c")));
    assert_true(text_take_prefix(&rest, "c"));
    assert_int_equal(rest.len, 0);
    assert_false(text_take_prefix(&rest, "c"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_is_utf8_and_surrogates_are_not),
        cmocka_unit_test(one_bad_byte_in_a_long_text_is_found),
        cmocka_unit_test(longer_forms_and_stray_bytes_are_no_utf8),
        cmocka_unit_test(a_line_has_no_control_and_no_bidirectional_formatting),
        cmocka_unit_test(a_line_has_no_space_at_its_ends_and_a_limit),
        cmocka_unit_test(a_file_name_is_no_path),
        cmocka_unit_test(an_address_is_host_and_port),
        cmocka_unit_test(a_number_has_one_form),
        cmocka_unit_test(text_is_taken_up_to_an_end),
        cmocka_unit_test(a_prefix_is_taken_whole_or_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
