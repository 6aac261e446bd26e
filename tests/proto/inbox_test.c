/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/inbox.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static uint8_t zeros[FRAME_BODY_MAX];

static enum err add(struct inbox *inbox, uint8_t type, uint8_t flags, size_t len, size_t limit, bool *complete)
{
    const struct frame frame = {.type = type, .flags = flags, .body = bytes_of(zeros, len)};

    *complete = false;
    return inbox_add(inbox, &frame, limit, complete);
}

static void records_make_a_message(void **state)
{
    struct inbox inbox = {0};
    bool complete;

    (void)state;
    assert_int_equal(add(&inbox, 0x10, 0, 5, 10, &complete), ERR_OK);
    assert_false(complete);
    assert_int_equal(add(&inbox, 0x10, 0, 0, 10, &complete), ERR_OK);
    assert_false(complete);
    assert_int_equal(add(&inbox, 0x10, FRAME_LAST, 5, 10, &complete), ERR_OK);
    assert_true(complete);
    assert_int_equal(inbox.body.len, 10);
    inbox_clear(&inbox);
    assert_int_equal(add(&inbox, 0x12, FRAME_LAST, 0, 10, &complete), ERR_OK);
    assert_true(complete);
    assert_int_equal(inbox.type, 0x12);
    assert_int_equal(inbox.body.len, 0);
    inbox_free(&inbox);
}

static void another_type_within_a_message_is_refused(void **state)
{
    struct inbox inbox = {0};
    bool complete;

    (void)state;
    assert_int_equal(add(&inbox, 0x10, 0, 5, 10, &complete), ERR_OK);
    assert_int_equal(add(&inbox, 0x11, FRAME_LAST, 5, 10, &complete), ERR_FORMAT);
    inbox_free(&inbox);
}

static void the_limit_is_that_of_the_first_record(void **state)
{
    struct inbox inbox = {0};
    bool complete;

    (void)state;
    assert_int_equal(add(&inbox, 0x10, 0, 5, 10, &complete), ERR_OK);
    assert_int_equal(add(&inbox, 0x10, 0, 6, 1000, &complete), ERR_LIMIT);
    inbox_free(&inbox);
    assert_int_equal(add(&inbox, 0x10, 0, 11, 11, &complete), ERR_OK);
    assert_int_equal(add(&inbox, 0x10, FRAME_LAST, 0, 5, &complete), ERR_OK);
    inbox_clear(&inbox);
    assert_int_equal(add(&inbox, 0x10, FRAME_LAST, 12, 11, &complete), ERR_LIMIT);
    inbox_free(&inbox);
}

static void only_small_memory_is_kept(void **state)
{
    struct inbox inbox = {0};
    bool complete;

    (void)state;
    assert_int_equal(add(&inbox, 0x10, FRAME_LAST, 100, LIMIT_MESSAGE, &complete), ERR_OK);
    inbox_clear(&inbox);
    assert_true(inbox.body.size > 0);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(add(&inbox, 0x10, 0, FRAME_BODY_MAX, LIMIT_MESSAGE, &complete), ERR_OK);
    inbox_clear(&inbox);
    assert_int_equal(inbox.body.size, 0);
    inbox_free(&inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_make_a_message),
        cmocka_unit_test(another_type_within_a_message_is_refused),
        cmocka_unit_test(the_limit_is_that_of_the_first_record),
        cmocka_unit_test(only_small_memory_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
