/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/frame.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint8_t body[FRAME_BODY_MAX];

static void encode(struct buffer *out, size_t body_len)
{
    buffer_clear(out);
    frame_encode(out,
                 &(struct frame){
                     .type = 0x12, .flags = FRAME_LAST, .stream = FRAME_STREAM_MAX, .body = bytes_of(body, body_len)});
    assert_int_equal(buffer_error(out), ERR_OK);
}

static void the_padding_is_as_written_in_the_protocol(void **state)
{
    static const size_t lens[][2] = {{0, 16},
                                     {1, 16},
                                     {12, 16},
                                     {13, 32},
                                     {1004, 1008},
                                     {1005, 1024},
                                     {1019, 1024},
                                     {1020, 1024},
                                     {1021, 1025},
                                     {1022, 1026},
                                     {FRAME_BODY_MAX - 1, 16383},
                                     {FRAME_BODY_MAX, 16384}};
    struct buffer out = BUFFER(LIMIT_RECORD);
    struct frame frame;

    (void)state;
    memset(body, 0xaa, sizeof body);
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        encode(&out, lens[i][0]);
        assert_int_equal(out.len, lens[i][1]);
        assert_int_equal(frame_decode(buffer_bytes(&out), &frame), ERR_OK);
        assert_int_equal(frame.type, 0x12);
        assert_int_equal(frame.flags, FRAME_LAST);
        assert_int_equal(frame.stream, FRAME_STREAM_MAX);
        assert_true(bytes_equal(frame.body, bytes_of(body, lens[i][0])));
    }
    buffer_free(&out);
}

static void a_length_that_does_not_fit_is_refused(void **state)
{
    static const size_t lens[] = {0, 11, 12, 13, 1019, 1020, 1021, FRAME_BODY_MAX};
    uint8_t copy[LIMIT_RECORD + 1] = {0};
    struct buffer out = BUFFER(LIMIT_RECORD);
    struct frame frame;

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        encode(&out, lens[i]);
        memset(copy, 0, sizeof copy);
        memcpy(copy, out.at, out.len);
        assert_int_equal(frame_decode(bytes_of(copy, out.len), &frame), ERR_OK);
        assert_int_equal(frame_decode(bytes_of(copy, out.len - 1), &frame), ERR_FORMAT);
        assert_int_equal(frame_decode(bytes_of(copy, out.len + 1), &frame), ERR_FORMAT);
    }
    for (size_t len = 0; len < FRAME_HEADER_LEN; len++)
        assert_int_equal(frame_decode(bytes_of(copy, len), &frame), ERR_FORMAT);
    /* One more block of padding than needed is another form of the same record. */
    encode(&out, 1);
    memset(copy, 0, sizeof copy);
    memcpy(copy, out.at, out.len);
    assert_int_equal(frame_decode(bytes_of(copy, 32), &frame), ERR_FORMAT);
    buffer_free(&out);
}

static void every_reserved_bit_is_checked(void **state)
{
    const size_t body_len = 5;
    struct buffer out = BUFFER(LIMIT_RECORD);
    struct frame frame;

    (void)state;
    encode(&out, body_len);
    for (size_t i = 0; i < out.len * 8; i++) {
        size_t at = i / 8;
        bool free_bit =
            at == 0 || (at == 1 && i % 8 < 4) || (at >= FRAME_HEADER_LEN && at < FRAME_HEADER_LEN + body_len);

        out.at[at] ^= (uint8_t)(1 << i % 8);
        enum err err = frame_decode(buffer_bytes(&out), &frame);
        /* A changed length of the body is refused when what it no longer covers is not zero, or does not fit. */
        if (at == 2)
            assert_int_equal(err, ERR_FORMAT);
        else if (at == 3)
            assert_true(err == ERR_FORMAT || frame.body.len > body_len);
        else
            assert_int_equal(err, free_bit ? ERR_OK : ERR_FORMAT);
        out.at[at] ^= (uint8_t)(1 << i % 8);
    }
    buffer_free(&out);
}

static void a_failed_read_leaves_the_frame_alone(void **state)
{
    static const uint8_t zeros[15];
    struct frame frame = {.type = 9};

    (void)state;
    assert_int_equal(frame_decode(bytes_of(zeros, sizeof zeros), &frame), ERR_FORMAT);
    assert_int_equal(frame.type, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_padding_is_as_written_in_the_protocol),
        cmocka_unit_test(a_length_that_does_not_fit_is_refused),
        cmocka_unit_test(every_reserved_bit_is_checked),
        cmocka_unit_test(a_failed_read_leaves_the_frame_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
