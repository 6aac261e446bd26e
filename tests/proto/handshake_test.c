/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/handshake.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void begin_pair(struct handshake *caller, struct handshake *responder)
{
    const struct id network = {{7}};
    const uint8_t seeds[2][NOISE_KEY_LEN] = {{1}, {2}};
    struct noise_key_pair keys[2];
    struct id expect;

    noise_key_pair_from_secret(&keys[0], seeds[0]);
    noise_key_pair_from_secret(&keys[1], seeds[1]);
    memcpy(expect.at, keys[1].public, ID_LEN);
    handshake_begin(caller, &network, &keys[0], &expect, seeds[0]);
    handshake_begin(responder, &network, &keys[1], NULL, seeds[1]);
}

/* Writes a message, asks after each byte how many there are, and reads it. */
static void exchange(struct handshake *from, struct handshake *to, size_t header, size_t len, struct bytes payload)
{
    struct buffer wire = BUFFER(HANDSHAKE_LEN_MAX), read = BUFFER(LIMIT_HELLO);
    size_t need;

    assert_true(handshake_writes(from));
    assert_false(handshake_writes(to));
    assert_int_equal(handshake_write(from, payload, &wire), ERR_OK);
    assert_int_equal(wire.len, len);
    for (size_t have = 0; have <= len; have++) {
        assert_int_equal(handshake_need(to, bytes_of(wire.at, have), &need), ERR_OK);
        assert_int_equal(need, have < header ? header : len);
    }
    assert_int_equal(handshake_read(to, buffer_bytes(&wire), &read), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&read), payload));
    buffer_free(&wire);
    buffer_free(&read);
}

static void the_messages_have_the_sizes_of_the_protocol(void **state)
{
    static const uint8_t payload[LIMIT_HELLO];
    struct handshake caller, responder;

    (void)state;
    for (size_t len = 0; len <= LIMIT_HELLO; len += 512) {
        begin_pair(&caller, &responder);
        exchange(&caller, &responder, 8, HANDSHAKE_FIRST_LEN, bytes_of(NULL, 0));
        exchange(&responder, &caller, 2, HANDSHAKE_SECOND_LEN, bytes_of(NULL, 0));
        assert_true(handshake_is_last(&caller));
        exchange(&caller, &responder, 2, HANDSHAKE_THIRD_LEN_MIN + len, bytes_of(payload, len));
        assert_true(caller.noise.done && responder.noise.done);
        assert_false(handshake_writes(&caller) || handshake_writes(&responder));
    }
}

static enum err judge(const struct handshake *h, const char *start, size_t len)
{
    size_t need;

    return handshake_need(h, bytes_of(start, len), &need);
}

static void another_start_is_refused_as_soon_as_it_is_whole(void **state)
{
    struct handshake caller, responder;

    (void)state;
    begin_pair(&caller, &responder);
    assert_int_equal(judge(&responder, "IGUM\1\1\0\x30", 8), ERR_OK);
    assert_int_equal(judge(&responder, "XXXXXXX", 7), ERR_OK);
    assert_int_equal(judge(&responder, "IGUN\1\1\0\x30", 8), ERR_FORMAT);
    assert_int_equal(judge(&responder, "IGUN\2\1\0\x30", 8), ERR_FORMAT);
    assert_int_equal(judge(&responder, "IGUM\2\1\0\x30", 8), ERR_VERSION);
    assert_int_equal(judge(&responder, "IGUM\1\2\0\x30", 8), ERR_VERSION);
    assert_int_equal(judge(&responder, "IGUM\1\1\0\x31", 8), ERR_FORMAT);
    assert_int_equal(judge(&responder, "IGUM\1\1\1\x30", 8), ERR_FORMAT);
}

static void lengths_out_of_bounds_are_refused(void **state)
{
    struct handshake caller, responder;

    (void)state;
    begin_pair(&caller, &responder);
    exchange(&caller, &responder, 8, HANDSHAKE_FIRST_LEN, bytes_of(NULL, 0));
    assert_int_equal(judge(&caller, "\0\x30", 2), ERR_OK);
    assert_int_equal(judge(&caller, "\0\x2f", 2), ERR_FORMAT);
    assert_int_equal(judge(&caller, "\0\x31", 2), ERR_FORMAT);
    exchange(&responder, &caller, 2, HANDSHAKE_SECOND_LEN, bytes_of(NULL, 0));
    assert_int_equal(judge(&responder, "\0\x3f", 2), ERR_FORMAT);
    assert_int_equal(judge(&responder, "\0\x40", 2), ERR_OK);
    assert_int_equal(judge(&responder, "\x04\x40", 2), ERR_OK);
    assert_int_equal(judge(&responder, "\x04\x41", 2), ERR_FORMAT);
    assert_int_equal(judge(&responder, "\xff\xff", 2), ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_messages_have_the_sizes_of_the_protocol),
        cmocka_unit_test(another_start_is_refused_as_soon_as_it_is_whole),
        cmocka_unit_test(lengths_out_of_bounds_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
