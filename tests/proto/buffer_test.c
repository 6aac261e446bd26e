/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/buffer.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_holds(const struct buffer *b, const void *want, size_t len)
{
    assert_true(bytes_equal(buffer_bytes(b), bytes_of(want, len)));
    assert_int_equal(buffer_error(b), ERR_OK);
}

static void numbers_are_written_big_endian(void **state)
{
    static const uint8_t want[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    struct buffer b = BUFFER(100);

    (void)state;
    buffer_u8(&b, 0x01);
    buffer_u16(&b, 0x0203);
    buffer_u32(&b, 0x04050607);
    buffer_u64(&b, 0x08090a0b0c0d0e0f);
    assert_holds(&b, want, sizeof want);
    buffer_free(&b);
}

static void decimals_and_digits_have_one_form(void **state)
{
    static const uint8_t run[] = {0x00, 0x9a, 0xff};
    struct buffer b = BUFFER(100);

    (void)state;
    buffer_number(&b, 0);
    buffer_text(&b, " ");
    buffer_number(&b, UINT64_MAX);
    buffer_text(&b, " ");
    buffer_hex(&b, bytes_of(run, sizeof run));
    assert_holds(&b, "0 18446744073709551615 009aff", 29);
    buffer_free(&b);
}

static void a_buffer_grows_to_its_limit_and_no_further(void **state)
{
    struct buffer b = BUFFER(1000);

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        buffer_u8(&b, (uint8_t)i);
    assert_int_equal(buffer_error(&b), ERR_OK);
    assert_int_equal(b.len, 1000);
    assert_true(b.size <= 1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(b.at[i], (uint8_t)i);
    buffer_u8(&b, 0);
    assert_int_equal(buffer_error(&b), ERR_LIMIT);
    assert_int_equal(b.len, 1000);
    buffer_free(&b);
}

static void the_first_failure_sticks(void **state)
{
    struct buffer b = BUFFER(4);

    (void)state;
    buffer_text(&b, "abc");
    buffer_text(&b, "de");
    buffer_text(&b, "f");
    assert_int_equal(buffer_error(&b), ERR_LIMIT);
    assert_true(bytes_equal(buffer_bytes(&b), bytes_text("abc")));
    assert_null(buffer_extend(&b, 1));
    buffer_clear(&b);
    buffer_text(&b, "defg");
    assert_holds(&b, "defg", 4);
    buffer_free(&b);
}

static void no_length_overflows(void **state)
{
    struct buffer b = BUFFER(SIZE_MAX / 2);

    (void)state;
    buffer_u8(&b, 1);
    assert_null(buffer_extend(&b, SIZE_MAX));
    assert_int_equal(buffer_error(&b), ERR_LIMIT);
    assert_int_equal(b.len, 1);
    buffer_free(&b);
}

static void bytes_drop_from_the_front(void **state)
{
    struct buffer b = BUFFER(100);

    (void)state;
    buffer_text(&b, "abcdef");
    buffer_drop(&b, 0);
    assert_holds(&b, "abcdef", 6);
    buffer_drop(&b, 2);
    assert_holds(&b, "cdef", 4);
    buffer_drop(&b, 5);
    assert_holds(&b, NULL, 0);
    buffer_free(&b);
}

static void a_freed_buffer_can_be_used_again(void **state)
{
    struct buffer b = BUFFER(3);

    (void)state;
    buffer_text(&b, "abc");
    buffer_free(&b);
    assert_int_equal(b.limit, 3);
    assert_holds(&b, NULL, 0);
    buffer_text(&b, "xyz");
    assert_holds(&b, "xyz", 3);
    buffer_free(&b);
}

static void nothing_added_changes_nothing(void **state)
{
    struct buffer b = BUFFER(0);

    (void)state;
    buffer_add(&b, bytes_of(NULL, 0));
    buffer_text(&b, "");
    assert_holds(&b, NULL, 0);
    buffer_u8(&b, 0);
    assert_int_equal(buffer_error(&b), ERR_LIMIT);
    buffer_free(&b);
}

/* ---- borrowed runs ---- */

static void runs_order_as_memcmp_a_prefix_first(void **state)
{
    static const char *const ascending[] = {"", "a", "a\x01", "ab", "b", "\xff"};

    (void)state;
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 6; j++) {
            int order = bytes_compare(bytes_text(ascending[i]), bytes_text(ascending[j]));

            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
            assert_int_equal(bytes_equal(bytes_text(ascending[i]), bytes_text(ascending[j])), i == j);
        }
}

static void the_rest_of_a_run_stays_inside_it(void **state)
{
    struct bytes run = bytes_text("abc");

    (void)state;
    assert_true(bytes_equal(bytes_from(run, 0), run));
    assert_true(bytes_equal(bytes_from(run, 2), bytes_text("c")));
    assert_int_equal(bytes_from(run, 3).len, 0);
    assert_int_equal(bytes_from(run, 4).len, 0);
    assert_int_equal(bytes_from(run, SIZE_MAX).len, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_big_endian),
        cmocka_unit_test(decimals_and_digits_have_one_form),
        cmocka_unit_test(a_buffer_grows_to_its_limit_and_no_further),
        cmocka_unit_test(the_first_failure_sticks),
        cmocka_unit_test(no_length_overflows),
        cmocka_unit_test(bytes_drop_from_the_front),
        cmocka_unit_test(a_freed_buffer_can_be_used_again),
        cmocka_unit_test(nothing_added_changes_nothing),
        cmocka_unit_test(runs_order_as_memcmp_a_prefix_first),
        cmocka_unit_test(the_rest_of_a_run_stays_inside_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
