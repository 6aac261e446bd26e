/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Sessions in use: time, queues, limits, memory, new keys, the end. */

#include "proto/session.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "tests/proto/pair.h"

static uint8_t zeros[LIMIT_MESSAGE_BULK + 1];

static enum err send(struct side *side, enum session_stream stream, uint8_t type, size_t len)
{
    return session_send(side->session, stream, type, bytes_of(zeros, len));
}

/* ---- time ---- */

static void closes_at(struct side *side, uint64_t deadline)
{
    assert_int_equal(session_deadline(side->session), deadline);
    session_expire(side->session, deadline - 1);
    side_turn(side);
    assert_true(side_is(side, ""));
    session_expire(side->session, deadline);
    side_turn(side);
    assert_true(side_is(side, "closed timed out\n"));
    assert_true(session_deadline(side->session) == UINT64_MAX);
    assert_int_equal(side->written.len, 0);
}

static void a_silent_peer_is_dropped_at_the_deadline_not_before(void **state)
{
    struct side caller, responder;

    (void)state;
    /* A caller that says nothing, or not all of message (1). */
    for (size_t len = 0; len < 56; len += 55) {
        pair_begin(&caller, &responder);
        responder.now = 1000;
        side_feed(&responder, bytes_of(caller.written.at, len));
        closes_at(&responder, LIMIT_FIRST_MS);
        pair_end(&caller, &responder);
    }
    /* One that stops after message (1); and a responder that does not answer. */
    pair_begin(&caller, &responder);
    side_feed(&responder, buffer_bytes(&caller.written));
    buffer_clear(&responder.written);
    closes_at(&responder, LIMIT_HANDSHAKE_MS);
    buffer_clear(&caller.written);
    closes_at(&caller, LIMIT_HANDSHAKE_MS);
    pair_end(&caller, &responder);
    /* A responder that withholds its HELLO. */
    pair_begin(&caller, &responder);
    side_feed(&responder, buffer_bytes(&caller.written));
    caller.now = 9000;
    side_feed(&caller, buffer_bytes(&responder.written));
    buffer_clear(&caller.written);
    closes_at(&caller, LIMIT_HANDSHAKE_MS);
    pair_end(&caller, &responder);
}

static void silence_is_asked_about_and_then_ends_the_session(void **state)
{
    const uint64_t opened = 3000;
    struct side side;
    struct raw raw;
    struct buffer plain = BUFFER(LIMIT_RECORD);
    struct frame frame;

    (void)state;
    side_begin(&side, pair_options(false));
    side.now = opened;
    raw_open(&raw, &side, true);
    assert_int_equal(session_deadline(side.session), opened + LIMIT_PING_MS);
    session_expire(side.session, opened + LIMIT_PING_MS - 1);
    side_turn(&side);
    assert_int_equal(side.written.len, 0);
    session_expire(side.session, opened + LIMIT_PING_MS);
    side_turn(&side);
    assert_true(raw_next(&raw, &side, &plain, &frame));
    assert_int_equal(frame.type, 2);
    assert_int_equal(frame.body.len, 0);
    /* Any record is an answer. */
    side.now = opened + LIMIT_PING_MS + 500;
    side_feed(&side, raw_frame(&raw, 3, FRAME_LAST, 0, bytes_text("")));
    assert_int_equal(session_deadline(side.session), side.now + LIMIT_PING_MS);
    session_expire(side.session, side.now + LIMIT_PING_MS);
    side_turn(&side);
    assert_true(raw_next(&raw, &side, &plain, &frame));
    assert_int_equal(frame.type, 2);
    closes_at(&side, side.now + LIMIT_SILENCE_MS);
    buffer_free(&plain);
    side_end(&side);
    raw_end(&raw);
}

static void part_of_a_record_does_not_break_the_silence(void **state)
{
    struct side side;
    struct raw raw;

    (void)state;
    side_begin(&side, pair_options(false));
    raw_open(&raw, &side, true);
    raw_frame(&raw, 0x10, FRAME_LAST, 0, bytes_text("x"));
    side.now = 40000;
    side_feed(&side, bytes_of(raw.wire.at, 20));
    assert_int_equal(session_deadline(side.session), LIMIT_PING_MS);
    side_end(&side);
    raw_end(&raw);
}

static void a_ping_is_answered_and_many_are_answered_once(void **state)
{
    struct side side;
    struct raw raw;
    struct buffer plain = BUFFER(LIMIT_RECORD);
    struct frame frame;

    (void)state;
    side_begin(&side, pair_options(false));
    raw_open(&raw, &side, true);
    size_t before = session_memory(side.session);
    /* Without session_output(): nothing of ours is written. */
    for (size_t i = 0; i < 10000; i++) {
        struct bytes ping = raw_frame(&raw, 2, FRAME_LAST, 0, bytes_text(""));

        assert_int_equal(session_receive(side.session, ping, 0), ping.len);
        assert_int_equal(session_next(side.session).kind, SESSION_IDLE);
    }
    assert_true(session_memory(side.session) <= before + KIB(1));
    side_turn(&side);
    assert_true(raw_next(&raw, &side, &plain, &frame));
    assert_int_equal(frame.type, 3);
    assert_int_equal(side.written.len, 0);
    buffer_free(&plain);
    side_end(&side);
    raw_end(&raw);
}

/* ---- queues ---- */

static void a_live_message_overtakes_bulk_between_records(void **state)
{
    struct side side;
    struct raw raw;
    struct buffer plain = BUFFER(LIMIT_RECORD);
    struct frame frame;
    size_t records = 0, live_at = 0, live_after = 0, bulk = 0;

    (void)state;
    side_begin(&side, pair_options(false));
    raw_open(&raw, &side, true);
    assert_int_equal(send(&side, SESSION_BULK, 0x18, KIB(300)), ERR_OK);
    struct bytes out = session_output(side.session, 0);
    assert_in_range(out.len, KIB(32), KIB(64));
    /* Sealed already: about to be written, and not to be moved by what follows. */
    assert_int_equal(send(&side, SESSION_LIVE, 0x1a, KIB(20)), ERR_OK);
    assert_ptr_equal(session_output(side.session, 0).at, out.at);
    assert_int_equal(session_output(side.session, 0).len, out.len);
    live_after = out.len / LIMIT_RECORD;
    side_turn(&side);
    while (raw_next(&raw, &side, &plain, &frame)) {
        records++;
        assert_int_equal(frame.type, frame.stream == SESSION_LIVE ? 0x1a : 0x18);
        if (frame.stream == SESSION_LIVE && live_at == 0)
            live_at = records;
        bulk += frame.stream == SESSION_BULK ? frame.body.len : 0;
    }
    assert_int_equal(live_at, live_after + 1);
    assert_int_equal(bulk, KIB(300));
    assert_int_equal(session_queued(side.session, SESSION_BULK), 0);
    buffer_free(&plain);
    side_end(&side);
    raw_end(&raw);
}

static void what_is_lent_to_be_written_stays_until_it_is(void **state)
{
    struct side side;
    struct raw raw;

    (void)state;
    side_begin(&side, pair_options(false));
    raw_open(&raw, &side, true);
    assert_int_equal(send(&side, SESSION_LIVE, 0x10, 10), ERR_OK);
    struct bytes out = session_output(side.session, 0);
    assert_int_equal(out.len, 34);
    assert_int_equal(send(&side, SESSION_LIVE, 0x10, KIB(20)), ERR_OK);
    session_sent(side.session, 2);
    struct bytes rest = session_output(side.session, 0);
    assert_ptr_equal(rest.at, out.at + 2);
    assert_int_equal(rest.len, 32);
    /* Even when the session ends meanwhile. */
    session_cut(side.session);
    assert_int_equal(out.at[0] << 8 | out.at[1], 32);
    assert_int_equal(session_output(side.session, 0).len, 0);
    session_sent(side.session, 32);
    side_end(&side);
    raw_end(&raw);
}

static void a_queue_takes_messages_until_it_is_full(void **state)
{
    struct side caller, responder;
    size_t count = 0;

    (void)state;
    pair_open(&caller, &responder);
    while (send(&caller, SESSION_LIVE, 0x10, KIB(10)) == ERR_OK)
        count++;
    assert_in_range(count, LIMIT_OUTPUT / KIB(11), LIMIT_OUTPUT / KIB(10) + 1);
    assert_int_equal(send(&caller, SESSION_LIVE, 0x10, 0), ERR_LIMIT);
    assert_true(session_queued(caller.session, SESSION_LIVE) >= LIMIT_OUTPUT);
    /* The other queue is another matter, and takes any permitted message while it is empty. */
    assert_int_equal(session_queued(caller.session, SESSION_BULK), 0);
    assert_int_equal(send(&caller, SESSION_BULK, 0x10, LIMIT_MESSAGE_BULK), ERR_OK);
    assert_int_equal(send(&caller, SESSION_BULK, 0x10, 1), ERR_LIMIT);
    session_expect_bulk(responder.session, true);
    pair_pump(&caller, &responder);
    assert_int_equal(session_queued(caller.session, SESSION_LIVE) + session_queued(caller.session, SESSION_BULK), 0);
    assert_int_equal(send(&caller, SESSION_LIVE, 0x10, 0), ERR_OK);
    pair_end(&caller, &responder);
}

/* ---- limits ---- */

/* What becomes of a message of `len` bytes, sent by a peer that keeps to no limit. */
static void receive(bool expected, uint16_t stream, size_t len, bool accepted)
{
    struct side side;
    struct raw raw;

    side_begin(&side, pair_options(false));
    raw_open(&raw, &side, true);
    session_expect_bulk(side.session, expected);
    for (size_t at = 0; at < len; at += FRAME_BODY_MAX) {
        size_t rest = len - at;
        size_t part = rest < FRAME_BODY_MAX ? rest : FRAME_BODY_MAX;

        side_feed(&side, raw_frame(&raw, 0x18, part == rest ? FRAME_LAST : 0, stream, bytes_of(zeros, part)));
        assert_true(session_memory(side.session) <= KIB(64) + 2 * (expected ? LIMIT_MESSAGE_BULK : LIMIT_MESSAGE));
    }
    if (accepted)
        assert_true(side.trace.len > 4 && memcmp(side.trace.at, stream ? "bulk" : "live", 4) == 0);
    else
        assert_true(side_is(&side, "closed a limit would be passed\n"));
    /* A large message leaves no large memory behind. */
    assert_true(session_memory(side.session) <= KIB(64));
    side_end(&side);
    raw_end(&raw);
}

static void messages_are_bounded_by_their_stream_and_by_what_is_awaited(void **state)
{
    (void)state;
    receive(false, SESSION_LIVE, LIMIT_MESSAGE, true);
    receive(false, SESSION_LIVE, LIMIT_MESSAGE + 1, false);
    receive(true, SESSION_LIVE, LIMIT_MESSAGE + 1, false);
    receive(false, SESSION_BULK, LIMIT_MESSAGE, true);
    receive(false, SESSION_BULK, LIMIT_MESSAGE + 1, false);
    receive(true, SESSION_BULK, LIMIT_MESSAGE_BULK, true);
    receive(true, SESSION_BULK, LIMIT_MESSAGE_BULK + 1, false);
}

static void nothing_is_taken_while_an_event_waits(void **state)
{
    struct side side;
    struct raw raw;
    struct buffer flood = BUFFER(MIB(1));
    size_t before, offered = 0;

    (void)state;
    side_begin(&side, pair_options(false));
    raw_open(&raw, &side, true);
    before = session_memory(side.session);
    for (size_t i = 0; i < 1000; i++)
        buffer_add(&flood, raw_frame(&raw, 0x10, FRAME_LAST, 0, bytes_of(zeros, 500)));
    for (size_t i = 0; i < 100; i++)
        offered += session_receive(side.session, bytes_from(buffer_bytes(&flood), offered), 0);
    assert_int_equal(offered, flood.len / 1000);
    assert_true(session_memory(side.session) <= before + KIB(4));
    assert_int_equal(side_feed(&side, bytes_from(buffer_bytes(&flood), offered)), flood.len - offered);
    assert_int_equal(side.trace.len, 1000 * strlen("live 16 500 01234567\n"));
    buffer_free(&flood);
    side_end(&side);
    raw_end(&raw);
}

static void a_message_is_lent_until_the_next_call(void **state)
{
    struct side side;
    struct raw raw;

    (void)state;
    side_begin(&side, pair_options(false));
    raw_open(&raw, &side, true);
    struct bytes record = raw_frame(&raw, 0x10, FRAME_LAST, 0, bytes_text("lent"));
    session_receive(side.session, record, 0);
    struct session_event event = session_next(side.session);
    assert_int_equal(event.kind, SESSION_MESSAGE);
    session_cut(side.session);
    assert_true(bytes_equal(event.payload, bytes_text("lent")));
    assert_int_equal(session_next(side.session).kind, SESSION_CLOSED);
    assert_int_equal(session_next(side.session).kind, SESSION_IDLE);
    side_end(&side);
    raw_end(&raw);
}

static void a_stranger_takes_two_kibibytes_at_most(void **state)
{
    uint8_t third[2 + 64 + LIMIT_HELLO] = {(64 + LIMIT_HELLO) >> 8, (64 + LIMIT_HELLO) & 0xff};
    struct side caller, responder;

    (void)state;
    pair_begin(&caller, &responder);
    size_t bare = session_memory(responder.session);
    for (size_t i = 0; i < 56; i++) {
        session_receive(responder.session, bytes_of(caller.written.at + i, 1), 0);
        assert_true(session_memory(responder.session) <= bare + LIMIT_BEFORE_AUTH);
    }
    session_output(responder.session, 0); /* Not written. */
    for (size_t i = 0; i < sizeof third; i++) {
        assert_int_equal(session_receive(responder.session, bytes_of(third + i, 1), 0), 1);
        assert_true(session_memory(responder.session) <= bare + LIMIT_BEFORE_AUTH);
    }
    assert_int_equal(session_next(responder.session).kind, SESSION_CLOSED);
    pair_end(&caller, &responder);

    /* One byte more is refused by its length. */
    third[1] = ((64 + LIMIT_HELLO) & 0xff) + 1;
    pair_begin(&caller, &responder);
    side_feed(&responder, buffer_bytes(&caller.written));
    side_feed(&responder, bytes_of(third, 2));
    assert_true(side_is(&responder, "closed malformed bytes\n"));
    pair_end(&caller, &responder);
}

/* ---- new keys ---- */

static void each_direction_takes_a_new_key_after_65536_records(void **state)
{
    struct side side;
    struct raw raw;
    struct buffer plain = BUFFER(LIMIT_RECORD);
    struct frame frame;
    uint32_t sent = 1; /* The HELLO. */

    (void)state;
    side_begin(&side, pair_options(false));
    raw_open(&raw, &side, true);
    struct noise_cipher first = raw.receive;
    for (; sent < LIMIT_REKEY; sent++) {
        assert_int_equal(send(&side, SESSION_LIVE, 0x10, 0), ERR_OK);
        side_turn(&side);
        assert_true(raw_next(&raw, &side, &plain, &frame));
    }
    assert_int_equal(raw.receive.nonce, LIMIT_REKEY);
    assert_int_equal(send(&side, SESSION_LIVE, 0x10, 0), ERR_OK);
    side_turn(&side);
    /* The next one does not open with the key so far, and does with the next. */
    buffer_clear(&plain);
    assert_int_equal(noise_open(&raw.receive, bytes_text(""), bytes_from(buffer_bytes(&side.written), 2), &plain),
                     ERR_AUTH);
    noise_rekey(&raw.receive);
    assert_memory_not_equal(raw.receive.key, first.key, NOISE_KEY_LEN);
    assert_true(raw_next(&raw, &side, &plain, &frame));

    /* The other direction is still on its first key; it changes by its own count. */
    for (sent = 0; sent < LIMIT_REKEY; sent++) {
        side.trace.len = 0;
        assert_int_equal(side_feed(&side, raw_frame(&raw, 0x10, FRAME_LAST, 0, bytes_text(""))), 34);
        assert_true(side.trace.len > 4 && memcmp(side.trace.at, "live", 4) == 0);
    }
    side.trace.len = 0;
    noise_rekey(&raw.send);
    side_feed(&side, raw_frame(&raw, 0x10, FRAME_LAST, 0, bytes_text("")));
    assert_true(side.trace.len > 4 && memcmp(side.trace.at, "live", 4) == 0);
    buffer_free(&plain);
    side_end(&side);
    raw_end(&raw);
}

static void a_peer_that_does_not_change_its_key_is_dropped(void **state)
{
    struct side side;
    struct raw raw;

    (void)state;
    side_begin(&side, pair_options(false));
    raw_open(&raw, &side, true);
    for (uint32_t sent = 0; sent < LIMIT_REKEY; sent++)
        side_feed(&side, raw_frame(&raw, 5, FRAME_LAST, 0, bytes_text("")));
    assert_true(side_is(&side, ""));
    side_feed(&side, raw_frame(&raw, 5, FRAME_LAST, 0, bytes_text("")));
    assert_true(side_is(&side, "closed authentication failed\n"));
    side_end(&side);
    raw_end(&raw);
}

/* ---- the end ---- */

static void a_goodbye_follows_live_messages_and_drops_bulk(void **state)
{
    struct side side;
    struct raw raw;
    struct buffer plain = BUFFER(LIMIT_RECORD);
    struct frame frame;

    (void)state;
    side_begin(&side, pair_options(false));
    raw_open(&raw, &side, true);
    assert_int_equal(send(&side, SESSION_BULK, 0x18, KIB(100)), ERR_OK);
    assert_int_equal(send(&side, SESSION_LIVE, 0x22, 10), ERR_OK);
    session_close(side.session, 7);
    assert_int_equal(send(&side, SESSION_LIVE, 0x22, 10), ERR_IO);
    /* What still comes is dropped; the session ends when the goodbye is written. */
    assert_int_equal(session_receive(side.session, bytes_of(zeros, 1000), 0), 1000);
    assert_int_equal(session_next(side.session).kind, SESSION_IDLE);
    struct bytes out = session_output(side.session, 0);
    buffer_add(&side.written, out);
    session_sent(side.session, out.len - 1);
    assert_int_equal(session_next(side.session).kind, SESSION_IDLE);
    session_sent(side.session, 1);
    side_turn(&side);
    assert_true(side_is(&side, "closed no error\n"));

    assert_true(raw_next(&raw, &side, &plain, &frame));
    assert_int_equal(frame.type, 0x22);
    assert_true(raw_next(&raw, &side, &plain, &frame));
    assert_int_equal(frame.type, 4);
    assert_int_equal(frame.body.len, 1);
    assert_int_equal(frame.body.at[0], 7);
    assert_int_equal(side.written.len, 0);
    buffer_free(&plain);
    side_end(&side);
    raw_end(&raw);
}

static void a_goodbye_waits_for_what_is_being_written(void **state)
{
    struct side side;
    struct raw raw;
    struct buffer plain = BUFFER(LIMIT_RECORD);
    struct frame frame;

    (void)state;
    side_begin(&side, pair_options(false));
    raw_open(&raw, &side, true);
    assert_int_equal(send(&side, SESSION_LIVE, 0x22, 10), ERR_OK);
    struct bytes out = session_output(side.session, 0);
    buffer_add(&side.written, out);
    session_close(side.session, 0);
    session_sent(side.session, out.len);
    assert_int_equal(session_next(side.session).kind, SESSION_IDLE);
    side_turn(&side);
    assert_true(side_is(&side, "closed no error\n"));
    assert_true(raw_next(&raw, &side, &plain, &frame));
    assert_true(raw_next(&raw, &side, &plain, &frame));
    assert_int_equal(frame.type, 4);
    buffer_free(&plain);
    side_end(&side);
    raw_end(&raw);
}

static void a_goodbye_that_nobody_reads_ends_by_time(void **state)
{
    struct side side;
    struct raw raw;

    (void)state;
    side_begin(&side, pair_options(false));
    side.now = 2000;
    raw_open(&raw, &side, true);
    session_close(side.session, 0);
    session_output(side.session, 2000);
    assert_int_equal(session_deadline(side.session), 2000 + LIMIT_STALL_MS);
    session_expire(side.session, 2000 + LIMIT_STALL_MS);
    assert_int_equal(session_next(side.session).cause, ERR_TIMEOUT);
    side_end(&side);
    raw_end(&raw);
}

static void a_session_closed_before_it_opened_says_nothing(void **state)
{
    struct side caller, responder;

    (void)state;
    pair_begin(&caller, &responder);
    session_close(responder.session, 0);
    side_turn(&responder);
    assert_true(side_is(&responder, "closed no error\n"));
    side_feed(&responder, buffer_bytes(&caller.written));
    assert_int_equal(responder.written.len, 0);
    assert_true(side_is(&responder, "closed no error\n"));
    pair_end(&caller, &responder);
}

static bool holds(const struct side *side, size_t size, const uint8_t *secret)
{
    return memmem((const void *)side->session, size, secret, NOISE_KEY_LEN) != NULL;
}

static void an_ended_session_holds_no_key(void **state)
{
    struct session_options *options = pair_options(false);
    uint8_t channel[NOISE_KEY_LEN], seed[NOISE_KEY_LEN];
    struct side side;
    struct raw raw;

    (void)state;
    memcpy(channel, options->channel->secret, sizeof channel);
    memcpy(seed, options->seed, sizeof seed);
    side_begin(&side, options);
    size_t size = session_memory(side.session); /* Nothing but the struct yet. */
    assert_true(holds(&side, size, channel) && holds(&side, size, seed));
    raw_open(&raw, &side, true);
    assert_true(!holds(&side, size, channel) && !holds(&side, size, seed));
    assert_true(holds(&side, size, raw.send.key) && holds(&side, size, raw.receive.key));
    session_cut(side.session);
    assert_true(!holds(&side, size, raw.send.key) && !holds(&side, size, raw.receive.key));
    side_end(&side);
    raw_end(&raw);

    side_begin(&side, pair_options(false));
    session_cut(side.session);
    assert_true(!holds(&side, size, channel) && !holds(&side, size, seed));
    side_end(&side);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_peer_is_dropped_at_the_deadline_not_before),
        cmocka_unit_test(silence_is_asked_about_and_then_ends_the_session),
        cmocka_unit_test(part_of_a_record_does_not_break_the_silence),
        cmocka_unit_test(a_ping_is_answered_and_many_are_answered_once),
        cmocka_unit_test(a_live_message_overtakes_bulk_between_records),
        cmocka_unit_test(what_is_lent_to_be_written_stays_until_it_is),
        cmocka_unit_test(a_queue_takes_messages_until_it_is_full),
        cmocka_unit_test(messages_are_bounded_by_their_stream_and_by_what_is_awaited),
        cmocka_unit_test(nothing_is_taken_while_an_event_waits),
        cmocka_unit_test(a_message_is_lent_until_the_next_call),
        cmocka_unit_test(a_stranger_takes_two_kibibytes_at_most),
        cmocka_unit_test(each_direction_takes_a_new_key_after_65536_records),
        cmocka_unit_test(a_peer_that_does_not_change_its_key_is_dropped),
        cmocka_unit_test(a_goodbye_follows_live_messages_and_drops_bulk),
        cmocka_unit_test(a_goodbye_waits_for_what_is_being_written),
        cmocka_unit_test(a_goodbye_that_nobody_reads_ends_by_time),
        cmocka_unit_test(a_session_closed_before_it_opened_says_nothing),
        cmocka_unit_test(an_ended_session_holds_no_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
