/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/wire.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const uint8_t RUN[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 'a', 'b', 'c', 'd'};

static void numbers_are_read_big_endian(void **state)
{
    struct wire_reader r = wire_reader(bytes_of(RUN, sizeof RUN));
    char copy[2];

    (void)state;
    assert_int_equal(wire_u8(&r), 0x01);
    assert_int_equal(wire_u16(&r), 0x0203);
    assert_int_equal(wire_u32(&r), 0x04050607);
    assert_true(wire_u64(&r) == 0x08090a0b0c0d0e0f);
    assert_true(bytes_equal(wire_read(&r, 2), bytes_text("ab")));
    wire_copy(&r, copy, 2);
    assert_memory_equal(copy, "cd", 2);
    assert_int_equal(wire_finish(&r), ERR_OK);
}

static void a_byte_left_over_is_an_error(void **state)
{
    struct wire_reader r = wire_reader(bytes_of(RUN, 3));

    (void)state;
    wire_u16(&r);
    assert_int_equal(r.err, ERR_OK);
    assert_int_equal(wire_finish(&r), ERR_FORMAT);
}

static void a_short_read_is_zero_and_so_is_all_after_it(void **state)
{
    struct wire_reader r = wire_reader(bytes_of(RUN, 3));
    uint8_t copy[2] = {9, 9};

    (void)state;
    assert_int_equal(wire_u32(&r), 0);
    assert_int_equal(r.err, ERR_FORMAT);
    assert_int_equal(wire_u8(&r), 0); /* Though a byte was there. */
    assert_int_equal(wire_u16(&r), 0);
    assert_true(wire_u64(&r) == 0);
    assert_int_equal(wire_read(&r, 1).len, 0);
    wire_copy(&r, copy, sizeof copy);
    assert_memory_equal(copy, "\0\0", 2);
    assert_int_equal(wire_read(&r, 0).len, 0);
    assert_int_equal(wire_finish(&r), ERR_FORMAT);
}

static void each_read_needs_its_last_byte(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 8; len++) {
        struct wire_reader r = wire_reader(bytes_of(RUN, len));
        struct wire_reader s = wire_reader(bytes_of(RUN, len));
        struct wire_reader t = wire_reader(bytes_of(RUN, len));

        wire_u64(&r);
        assert_int_equal(r.err, len < 8 ? ERR_FORMAT : ERR_OK);
        wire_u32(&s);
        assert_int_equal(s.err, len < 4 ? ERR_FORMAT : ERR_OK);
        wire_read(&t, 5);
        assert_int_equal(t.err, len < 5 ? ERR_FORMAT : ERR_OK);
    }
}

static void a_length_from_outside_cannot_overflow(void **state)
{
    struct wire_reader r = wire_reader(bytes_of(RUN, sizeof RUN));

    (void)state;
    assert_int_equal(wire_read(&r, SIZE_MAX).len, 0);
    assert_int_equal(wire_finish(&r), ERR_FORMAT);
}

static void an_empty_input_is_finished(void **state)
{
    struct wire_reader r = wire_reader(bytes_of(NULL, 0));

    (void)state;
    assert_int_equal(wire_read(&r, 0).len, 0);
    assert_int_equal(wire_finish(&r), ERR_OK);
    wire_u8(&r);
    assert_int_equal(wire_finish(&r), ERR_FORMAT);
}

static void a_parser_may_fail_by_itself(void **state)
{
    struct wire_reader r = wire_reader(bytes_of(RUN, 2));

    (void)state;
    wire_fail(&r);
    assert_int_equal(wire_u16(&r), 0);
    assert_int_equal(wire_finish(&r), ERR_FORMAT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_big_endian),
        cmocka_unit_test(a_byte_left_over_is_an_error),
        cmocka_unit_test(a_short_read_is_zero_and_so_is_all_after_it),
        cmocka_unit_test(each_read_needs_its_last_byte),
        cmocka_unit_test(a_length_from_outside_cannot_overflow),
        cmocka_unit_test(an_empty_input_is_finished),
        cmocka_unit_test(a_parser_may_fail_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
