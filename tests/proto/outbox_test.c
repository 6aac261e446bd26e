/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/outbox.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint8_t zeros[3 * FRAME_BODY_MAX];

static void takes(struct outbox *outbox, uint8_t type, uint8_t flags, size_t len)
{
    struct frame frame;

    assert_true(outbox_next(outbox, &frame));
    assert_int_equal(frame.type, type);
    assert_int_equal(frame.flags, flags);
    assert_int_equal(frame.body.len, len);
    outbox_advance(outbox);
}

static void messages_come_out_in_order_and_in_records(void **state)
{
    struct outbox outbox = {0};
    struct frame frame;

    (void)state;
    assert_false(outbox_next(&outbox, &frame));
    assert_int_equal(outbox_add(&outbox, 0x10, bytes_of(NULL, 0)), ERR_OK);
    assert_int_equal(outbox_add(&outbox, 0x11, bytes_of(zeros, FRAME_BODY_MAX)), ERR_OK);
    assert_int_equal(outbox_add(&outbox, 0x12, bytes_of(zeros, FRAME_BODY_MAX + 1)), ERR_OK);
    assert_int_equal(outbox_add(&outbox, 0x13, bytes_of(zeros, 2 * FRAME_BODY_MAX)), ERR_OK);
    assert_int_equal(outbox.queued, 4 * FRAME_BODY_MAX + 1 + 4 * FRAME_HEADER_LEN);
    assert_true(outbox.memory >= outbox.queued);
    takes(&outbox, 0x10, FRAME_LAST, 0);
    takes(&outbox, 0x11, FRAME_LAST, FRAME_BODY_MAX);
    takes(&outbox, 0x12, 0, FRAME_BODY_MAX);
    assert_int_equal(outbox.queued, 2 * FRAME_BODY_MAX + 1 + 2 * FRAME_HEADER_LEN);
    takes(&outbox, 0x12, FRAME_LAST, 1);
    takes(&outbox, 0x13, 0, FRAME_BODY_MAX);
    takes(&outbox, 0x13, FRAME_LAST, FRAME_BODY_MAX);
    assert_false(outbox_next(&outbox, &frame));
    assert_int_equal(outbox.queued + outbox.memory, 0);
    assert_int_equal(outbox_add(&outbox, 0x14, bytes_of(zeros, 1)), ERR_OK);
    takes(&outbox, 0x14, FRAME_LAST, 1);
}

static void what_is_queued_is_a_copy(void **state)
{
    struct outbox outbox = {0};
    uint8_t byte = 1;
    struct frame frame;

    (void)state;
    assert_int_equal(outbox_add(&outbox, 0x10, bytes_of(&byte, 1)), ERR_OK);
    byte = 2;
    assert_true(outbox_next(&outbox, &frame));
    assert_int_equal(frame.body.at[0], 1);
    outbox_free(&outbox);
    assert_int_equal(outbox.queued + outbox.memory, 0);
    assert_false(outbox_next(&outbox, &frame));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_out_in_order_and_in_records),
        cmocka_unit_test(what_is_queued_is_a_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
