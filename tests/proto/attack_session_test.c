/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Attacks on a connection, numbered as in docs/PROTOCOL.md, 7. */

#include "tests/proto/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/handshake.h"
#include "proto/limits.h"

static const struct id *network(void)
{
    static struct id id;

    id = pair_options(false)->network;
    return &id;
}

static struct noise_key_pair attacker_key(void)
{
    struct noise_key_pair pair;
    uint8_t secret[NOISE_KEY_LEN];

    memset(secret, 0x66, sizeof secret);
    noise_key_pair_from_secret(&pair, secret);
    return pair;
}

/* A responder's answer to a first message of these bytes; how it closed is in its trace. */
static size_t answer_to(struct bytes first, struct side *responder)
{
    side_begin(responder, pair_options(false));
    side_feed(responder, first);
    return responder->written.len;
}

/* Goal: nobody is led to speak an older form.  Method: every bit of magic, version, suite and length of message (1) flipped. */
static void attack_20_transport_downgrade(void **state)
{
    struct side caller, responder;
    struct buffer first = BUFFER(KIB(1));

    (void)state;
    side_begin(&caller, pair_options(true));
    buffer_add(&first, buffer_bytes(&caller.written));
    assert_int_equal(first.len, HANDSHAKE_FIRST_LEN);
    for (size_t bit = 0; bit < 8 * 8; bit++) {
        first.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(answer_to(buffer_bytes(&first), &responder), 0);
        assert_true(responder.trace.len > 0 && memcmp(responder.trace.at, "closed", 6) == 0);
        side_end(&responder);
        first.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(answer_to(buffer_bytes(&first), &responder) > 0);
    side_end(&responder);
    side_end(&caller);
    buffer_free(&first);
}

/* Who stands in the way changes version and suite on both sides alike, and the prologue of each still says what it meant. */
static void attack_20_transport_downgrade_in_the_prologue(void **state)
{
    struct side caller, responder;
    struct session_options options = *pair_options(true);

    (void)state;
    options.network.at[31] ^= 1;
    side_begin(&caller, &options);
    side_begin(&responder, pair_options(false));
    pair_pump(&caller, &responder);
    assert_true(side_is(&responder, "closed authentication failed\n"));
    assert_true(side_is(&caller, ""));
    pair_end(&caller, &responder);
}

/* Goal: who stands in the responder's place without its key learns nothing of the caller, not even its name. */
static void attack_21_wrong_responder(void **state)
{
    struct session_options options = *pair_options(false);
    struct noise_key_pair key = attacker_key();
    struct side caller, attacker;
    uint8_t forged[HANDSHAKE_SECOND_LEN] = {0, HANDSHAKE_SECOND_LEN - 2, 9};

    (void)state;
    options.channel = &key;
    side_begin(&caller, pair_options(true));
    side_begin(&attacker, &options);
    size_t said = caller.written.len;
    pair_pump(&caller, &attacker);
    assert_true(side_is(&attacker, "closed authentication failed\n")); /* It cannot read even message (1), */
    side_feed(&caller, bytes_of(forged, sizeof forged));               /* and an answer of its own making ends it. */
    assert_true(side_is(&caller, "closed authentication failed\n"));
    assert_int_equal(said, HANDSHAKE_FIRST_LEN);
    assert_int_equal(caller.written.len, 0);
    pair_end(&caller, &attacker);
}

/*
 * Goal: the responder's stolen channel key does not let a thief pose as others towards it (key compromise impersonation).
 * Method: a caller that claims another's public key, and knows the responder's secret, but not that of whom it claims to be.
 */
static void attack_22_stolen_responder_key(void **state)
{
    struct noise_key_pair honest = *pair_options(true)->channel, posing = attacker_key();
    struct session_options options = *pair_options(true);
    struct side caller, responder;

    (void)state;
    memcpy(posing.public, honest.public, NOISE_KEY_LEN);
    options.channel = &posing;
    side_begin(&caller, &options);
    side_begin(&responder, pair_options(false));
    pair_pump(&caller, &responder);
    assert_true(side_is(&responder, "closed authentication failed\n"));
    pair_end(&caller, &responder);
    options.channel = &honest;
    side_begin(&caller, &options);
    side_begin(&responder, pair_options(false));
    pair_pump(&caller, &responder);
    assert_true(side_is(&responder, OPENED_BY_CALLER));
    pair_end(&caller, &responder);
}

/* Goal: a session's records are worth nothing in another.  Method: both sides' bytes of one session fed into the next. */
static void attack_22_session_substitution(void **state)
{
    struct session_options options = *pair_options(false);
    struct side caller, responder, next;
    struct buffer said = BUFFER(KIB(64));

    (void)state;
    pair_begin(&caller, &responder);
    buffer_add(&said, buffer_bytes(&caller.written));
    side_feed(&responder, buffer_bytes(&caller.written));
    side_feed(&caller, buffer_bytes(&responder.written));
    buffer_drop(&caller.written, HANDSHAKE_FIRST_LEN);
    buffer_add(&said, buffer_bytes(&caller.written));
    options.seed[0] ^= 1; /* A responder never draws the same twice. */
    side_begin(&next, &options);
    side_feed(&next, buffer_bytes(&said));
    assert_true(side_is(&next, "closed authentication failed\n"));
    side_end(&next);
    pair_end(&caller, &responder);
    buffer_free(&said);
}

/* Goal: a line that is cut is never taken for a goodbye, so nothing is concluded from what did not come. */
static void attack_23_truncation(void **state)
{
    (void)state;
    for (size_t kept = 0;; kept++) {
        struct side side;
        struct raw raw;

        side_begin(&side, pair_options(false));
        raw_open(&raw, &side, true);
        struct bytes record = raw_frame(&raw, 0x10, FRAME_LAST, 0, bytes_text("a message"));
        if (kept < record.len) {
            side_feed(&side, bytes_of(record.at, kept));
            assert_true(side_is(&side, ""));
        }
        session_cut(side.session);
        side_turn(&side);
        assert_true(side_is(&side, "closed input or output failed\n"));
        side_end(&side);
        raw_end(&raw);
        if (kept >= record.len)
            break;
    }
}

/* Goal: no nonce is used twice, and none is passed over.  Method: a spoilt record, then the same record as it was. */
static void attack_24_nonce_after_failure(void **state)
{
    (void)state;
    for (size_t bit = 0, bits = 1; bit < bits; bit++) {
        struct side side;
        struct raw raw;

        side_begin(&side, pair_options(false));
        raw_open(&raw, &side, true);
        struct bytes good = raw_frame(&raw, 0x10, FRAME_LAST, 0, bytes_text("five!"));
        uint8_t *spoilt = malloc(good.len);
        assert_non_null(spoilt);
        bits = good.len * 8;
        memcpy(spoilt, good.at, good.len);
        spoilt[bit / 8] ^= (uint8_t)(1 << bit % 8);
        side_feed(&side, bytes_of(spoilt, good.len));
        side_feed(&side, good);
        assert_true(side.trace.len == 0 || memcmp(side.trace.at, "closed", 6) == 0); /* Nothing of it was a message. */
        assert_int_equal(side.written.len, 0);
        free(spoilt);
        side_end(&side);
        raw_end(&raw);
    }
}

/* Goal: a caller that says nothing, or a byte now and then, costs little memory and a known time. */
static void attack_25_slow_handshake(void **state)
{
    (void)state;
    for (uint64_t every_ms = 100; every_ms <= LIMIT_HANDSHAKE_MS; every_ms *= 3) {
        struct side caller, responder;

        side_begin(&caller, pair_options(true));
        side_begin(&responder, pair_options(false));
        for (size_t i = 0; i < caller.written.len && responder.trace.len == 0; i++) {
            responder.now += every_ms;
            session_expire(responder.session, responder.now);
            side_turn(&responder);
            if (responder.trace.len == 0)
                side_feed(&responder, bytes_of(caller.written.at + i, 1));
            assert_true(session_memory(responder.session) <= LIMIT_BEFORE_AUTH + sizeof(struct noise) + KIB(2));
        }
        if (every_ms * HANDSHAKE_FIRST_LEN > LIMIT_FIRST_MS)
            assert_true(responder.trace.len > 0 && responder.now <= LIMIT_HANDSHAKE_MS + every_ms);
        pair_end(&caller, &responder);
    }
}

/* Goal: what is not a member learns neither version, network nor key: nothing identifying leaves in the clear. */
static void attack_54_metadata_in_the_clear(void **state)
{
    struct side caller, responder;
    struct buffer seen = BUFFER(KIB(64));
    const struct session_options *options;

    (void)state;
    pair_begin(&caller, &responder);
    for (int i = 0; i < 3; i++) {
        buffer_add(&seen, buffer_bytes(&caller.written));
        side_feed(&responder, buffer_bytes(&caller.written));
        buffer_clear(&caller.written);
        buffer_add(&seen, buffer_bytes(&responder.written));
        side_feed(&caller, buffer_bytes(&responder.written));
        buffer_clear(&responder.written);
    }
    assert_true(side_is(&responder, OPENED_BY_CALLER));
    assert_true(seen.len > HANDSHAKE_FIRST_LEN + HANDSHAKE_SECOND_LEN + HANDSHAKE_THIRD_LEN_MIN);
    for (int side = 0; side < 2; side++) {
        options = pair_options(side == 1);
        assert_null(memmem(seen.at, seen.len, network()->at, ID_LEN));
        assert_null(memmem(seen.at, seen.len, options->channel->public, NOISE_KEY_LEN));
        assert_null(memmem(seen.at, seen.len, options->software, strlen(options->software)));
    }
    buffer_free(&seen);
    pair_end(&caller, &responder);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(attack_20_transport_downgrade),
        cmocka_unit_test(attack_20_transport_downgrade_in_the_prologue),
        cmocka_unit_test(attack_21_wrong_responder),
        cmocka_unit_test(attack_22_stolen_responder_key),
        cmocka_unit_test(attack_22_session_substitution),
        cmocka_unit_test(attack_23_truncation),
        cmocka_unit_test(attack_24_nonce_after_failure),
        cmocka_unit_test(attack_25_slow_handshake),
        cmocka_unit_test(attack_54_metadata_in_the_clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
