/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/deflate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"

static void what_was_written_is_read(void **state)
{
    static const size_t lengths[] = {0, 1, 1000, 70000, 300000};
    struct deflate *d = deflate_new(1);

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct buffer stream = BUFFER(MIB(1)), plain = BUFFER(MIB(1));
        uint8_t *bytes = calloc(1, lengths[i] + 1);

        assert_non_null(bytes);
        for (size_t at = 0; at < lengths[i]; at++)
            bytes[at] = (uint8_t)(at * at % 251);
        assert_int_equal(deflate_add(d, bytes_of(bytes, lengths[i]), &stream), ERR_OK);
        assert_int_equal(deflate_read(d, buffer_bytes(&stream), &plain), ERR_OK);
        assert_true(bytes_equal(buffer_bytes(&plain), bytes_of(bytes, lengths[i])));
        free(bytes);
        buffer_free(&stream);
        buffer_free(&plain);
    }
    deflate_free(d);
}

static void damage_is_seen(void **state)
{
    struct deflate *d = deflate_new(1);
    struct buffer stream = BUFFER(MIB(1)), plain = BUFFER(MIB(1));

    (void)state;
    assert_int_equal(deflate_add(d, bytes_text("one text, and one text, and one text"), &stream), ERR_OK);
    assert_int_equal(deflate_read(d, bytes_of(stream.at, stream.len - 1), &plain), ERR_AUTH);
    assert_int_equal(deflate_read(d, bytes_of(stream.at, 0), &plain), ERR_AUTH);
    stream.at[stream.len - 1] ^= 1; /* Of the checksum. */
    assert_int_equal(deflate_read(d, buffer_bytes(&stream), &plain), ERR_AUTH);
    stream.at[stream.len - 1] ^= 1;
    buffer_u8(&stream, 0);
    assert_int_equal(deflate_read(d, buffer_bytes(&stream), &plain), ERR_AUTH); /* There is more. */
    buffer_free(&stream);
    buffer_free(&plain);
    deflate_free(d);
}

static void a_limit_holds(void **state)
{
    struct deflate *d = deflate_new(1);
    struct buffer stream = BUFFER(16), bomb = BUFFER(KIB(64)), plain = BUFFER(MIB(1));
    uint8_t *zeros = calloc(1, MIB(4));

    (void)state;
    assert_non_null(zeros);
    assert_int_equal(deflate_add(d, bytes_of(zeros, 100000), &stream), ERR_LIMIT);
    assert_int_equal(deflate_add(d, bytes_of(zeros, MIB(4)), &bomb),
                     ERR_LIMIT); /* Room for the worst case is wanted. */
    bomb = BUFFER(MIB(8));
    assert_int_equal(deflate_add(d, bytes_of(zeros, MIB(4)), &bomb), ERR_OK);
    assert_int_equal(deflate_read(d, buffer_bytes(&bomb), &plain), ERR_LIMIT);
    free(zeros);
    buffer_free(&stream);
    buffer_free(&bomb);
    buffer_free(&plain);
    deflate_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(damage_is_seen),
        cmocka_unit_test(a_limit_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
