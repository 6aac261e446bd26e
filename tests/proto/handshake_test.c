/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/handshake.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct handshake_versions one = {1, 1};

/* The caller speaks `version`. */
static void begin_versions(struct handshake *caller, struct handshake *responder, struct handshake_versions theirs,
                           uint8_t version)
{
    const struct id network = {{7}};
    const uint8_t seeds[2][NOISE_KEY_LEN] = {{1}, {2}};
    struct noise_key_pair keys[2];
    struct id expect;

    noise_key_pair_from_secret(&keys[0], seeds[0]);
    noise_key_pair_from_secret(&keys[1], seeds[1]);
    memcpy(expect.at, keys[1].public, ID_LEN);
    handshake_begin(caller, &network, &keys[0], &expect, seeds[0], (struct handshake_versions){1, version}, version);
    handshake_begin(responder, &network, &keys[1], NULL, seeds[1], theirs, theirs.max);
}

static void begin_pair(struct handshake *caller, struct handshake *responder)
{
    begin_versions(caller, responder, one, 1);
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
    assert_int_equal(judge(&responder, "IGUM\2\1\0\x30", 8), ERR_OK); /* What it speaks is answered, if it knows us. */
    assert_int_equal(judge(&responder, "IGUM\0\1\0\x30", 8), ERR_VERSION);
    assert_int_equal(judge(&responder, "IGUM\1\2\0\x30", 8), ERR_VERSION);
    assert_int_equal(judge(&responder, "IGUM\1\1\0\x31", 8), ERR_FORMAT);
    assert_int_equal(judge(&responder, "IGUM\1\1\1\x30", 8), ERR_FORMAT);
}

static void version_that_is_not_spoken_is_told_apart(void **state)
{
    struct handshake caller, responder;
    struct buffer wire = BUFFER(HANDSHAKE_LEN_MAX), read = BUFFER(LIMIT_HELLO);

    (void)state;
    begin_versions(&caller, &responder, (struct handshake_versions){1, 3}, 4);
    exchange(&caller, &responder, 8, HANDSHAKE_FIRST_LEN, bytes_of(NULL, 0));
    assert_true(responder.refuses);
    assert_int_equal(handshake_write(&responder, bytes_of(NULL, 0), &wire), ERR_OK);
    assert_int_equal(wire.len, HANDSHAKE_REFUSAL_LEN);
    assert_int_equal(handshake_read(&caller, buffer_bytes(&wire), &read), ERR_OK);
    assert_true(caller.is_refused);
    assert_int_equal(caller.told.min, 1);
    assert_int_equal(caller.told.max, 3);
    buffer_free(&wire);
    buffer_free(&read);
}

static void version_that_both_speak_goes_on(void **state)
{
    struct handshake caller, responder;

    (void)state;
    begin_versions(&caller, &responder, (struct handshake_versions){1, 3}, 2);
    exchange(&caller, &responder, 8, HANDSHAKE_FIRST_LEN, bytes_of(NULL, 0));
    exchange(&responder, &caller, 2, HANDSHAKE_SECOND_LEN, bytes_of(NULL, 0));
    exchange(&caller, &responder, 2, HANDSHAKE_THIRD_LEN_MIN, bytes_of(NULL, 0));
    assert_false(responder.refuses || caller.is_refused);
    assert_int_equal(responder.version, 2);
    assert_memory_equal(caller.noise.hash, responder.noise.hash, NOISE_HASH_LEN);
}

/* Whoever does not know the key gets no answer, whatever version it claims; nor does one whose version was changed on the way. */
static void stranger_of_another_version_is_not_answered(void **state)
{
    struct handshake caller, responder;
    struct buffer wire = BUFFER(HANDSHAKE_LEN_MAX), read = BUFFER(LIMIT_HELLO);

    (void)state;
    for (uint8_t version = 2; version < 5; version++) {
        begin_pair(&caller, &responder);
        buffer_clear(&wire);
        assert_int_equal(handshake_write(&caller, bytes_of(NULL, 0), &wire), ERR_OK);
        wire.at[4] = version;
        assert_int_equal(handshake_read(&responder, buffer_bytes(&wire), &read), ERR_AUTH);
    }
    buffer_free(&wire);
    buffer_free(&read);
}

static void refusal_that_makes_no_sense_is_refused(void **state)
{
    static const uint8_t ranges[][2] = {{0, 1}, {3, 1}, {1, 2}, {2, 2}};

    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        struct handshake caller, responder;
        struct buffer wire = BUFFER(HANDSHAKE_LEN_MAX), read = BUFFER(LIMIT_HELLO);

        begin_versions(&caller, &responder, one, 2);
        exchange(&caller, &responder, 8, HANDSHAKE_FIRST_LEN, bytes_of(NULL, 0));
        responder.own = (struct handshake_versions){ranges[i][0], ranges[i][1]};
        assert_int_equal(handshake_write(&responder, bytes_of(NULL, 0), &wire), ERR_OK);
        assert_int_equal(handshake_read(&caller, buffer_bytes(&wire), &read), ERR_FORMAT);
        buffer_free(&wire);
        buffer_free(&read);
    }
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
    assert_int_equal(judge(&caller, "\0\x32", 2), ERR_OK);
    assert_int_equal(judge(&caller, "\0\x33", 2), ERR_FORMAT);
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
        cmocka_unit_test(version_that_is_not_spoken_is_told_apart),
        cmocka_unit_test(version_that_both_speak_goes_on),
        cmocka_unit_test(stranger_of_another_version_is_not_answered),
        cmocka_unit_test(refusal_that_makes_no_sense_is_refused),
        cmocka_unit_test(lengths_out_of_bounds_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
