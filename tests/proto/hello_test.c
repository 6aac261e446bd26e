/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/hello.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FIXED_LEN (1 + 1 + 4 + 4 + 1)

static const char SOFTWARE[] = "0123456789012345678901234567890123456789012345678901234567890123";

static struct hello example(size_t software_len)
{
    return (struct hello){.version_min = 1,
                          .version_max = 2,
                          .features = 0x10203040,
                          .clock_min = 0x01020304,
                          .software = bytes_of(SOFTWARE, software_len)};
}

static void what_is_told_is_read(void **state)
{
    (void)state;
    for (size_t len = 0; len <= HELLO_SOFTWARE_MAX; len += 16) {
        struct buffer out = BUFFER(HELLO_LEN_MAX);
        struct hello hello = example(len), read;

        hello_encode(&out, &hello);
        assert_int_equal(out.len, FIXED_LEN + len);
        assert_int_equal(hello_decode(buffer_bytes(&out), &read), ERR_OK);
        assert_int_equal(read.version_min, 1);
        assert_int_equal(read.version_max, 2);
        assert_int_equal(read.features, hello.features);
        assert_int_equal(read.clock_min, hello.clock_min);
        assert_true(bytes_equal(read.software, hello.software));
        assert_int_equal(read.first_type, 0);
        buffer_free(&out);
    }
}

static void a_first_message_rides_along(void **state)
{
    static const uint8_t first[HELLO_FIRST_MAX + 1] = {7, 8};

    (void)state;
    for (size_t len = 0; len <= HELLO_FIRST_MAX; len += HELLO_FIRST_MAX / 2) {
        struct buffer out = BUFFER(HELLO_LEN_MAX + 1);
        struct hello hello = example(HELLO_SOFTWARE_MAX), read;

        hello.first_type = 0x10;
        hello.first = bytes_of(first, len);
        hello_encode(&out, &hello);
        assert_int_equal(hello_decode(buffer_bytes(&out), &read), ERR_OK);
        assert_int_equal(read.first_type, 0x10);
        assert_true(bytes_equal(read.first, hello.first));
        if (len == HELLO_FIRST_MAX) {
            buffer_u8(&out, 0);
            assert_int_equal(hello_decode(buffer_bytes(&out), &read), ERR_FORMAT);
        }
        buffer_free(&out);
    }
}

static void a_hello_of_another_length_is_refused(void **state)
{
    struct buffer out = BUFFER(HELLO_LEN_MAX);
    struct hello hello = example(HELLO_SOFTWARE_MAX), read;

    (void)state;
    hello_encode(&out, &hello);
    for (size_t len = 0; len < out.len; len++)
        assert_int_equal(hello_decode(bytes_of(out.at, len), &read), ERR_FORMAT);
    buffer_u8(&out, 0); /* A message of this type is none. */
    assert_int_equal(hello_decode(buffer_bytes(&out), &read), ERR_FORMAT);
    out.at[FIXED_LEN - 1] = HELLO_SOFTWARE_MAX + 1;
    assert_int_equal(hello_decode(buffer_bytes(&out), &read), ERR_FORMAT);
    buffer_free(&out);
}

static void an_empty_range_of_versions_is_refused(void **state)
{
    struct buffer out = BUFFER(HELLO_LEN_MAX);
    struct hello hello = example(0), read;

    (void)state;
    hello.version_min = 3;
    hello_encode(&out, &hello);
    assert_int_equal(hello_decode(buffer_bytes(&out), &read), ERR_FORMAT);
    buffer_free(&out);
}

static enum err agree(uint8_t own_min, uint8_t own_max, uint8_t min, uint8_t max, uint8_t used)
{
    return hello_agree(&(struct hello){.version_min = own_min, .version_max = own_max},
                       &(struct hello){.version_min = min, .version_max = max}, used);
}

static void a_downgrade_shows_itself(void **state)
{
    (void)state;
    assert_int_equal(agree(1, 1, 1, 1, 1), ERR_OK);
    assert_int_equal(agree(1, 2, 1, 1, 1), ERR_OK);
    assert_int_equal(agree(1, 1, 1, 9, 1), ERR_OK);
    assert_int_equal(agree(1, 2, 1, 2, 1), ERR_VERSION);
    assert_int_equal(agree(1, 2, 1, 2, 2), ERR_OK);
    assert_int_equal(agree(1, 3, 1, 2, 1), ERR_VERSION);
    assert_int_equal(agree(1, 3, 2, 3, 1), ERR_VERSION);
    assert_int_equal(agree(1, 1, 2, 3, 1), ERR_VERSION);
    assert_int_equal(agree(1, 2, 1, 1, 2), ERR_VERSION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_is_read),
        cmocka_unit_test(a_first_message_rides_along),
        cmocka_unit_test(a_hello_of_another_length_is_refused),
        cmocka_unit_test(an_empty_range_of_versions_is_refused),
        cmocka_unit_test(a_downgrade_shows_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
