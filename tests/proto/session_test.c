/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/session.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>

#include "proto/hello.h"
#include "proto/limits.h"
#include "tests/proto/pair.h"

static uint8_t zeros[LIMIT_MESSAGE_BULK + 1];

static void send(struct side *side, enum session_stream stream, uint8_t type, size_t len)
{
    assert_int_equal(session_send(side->session, stream, type, bytes_of(zeros, len)), ERR_OK);
}

/* ---- a whole conversation, recorded ---- */

struct recording {
    struct buffer wire[2];  /* What the responder, what the caller wrote. */
    struct buffer trace[2]; /* What the responder, what the caller told. */
};

/* Carries what `from` wrote to `to`, and records it. */
static bool carry(struct recording *r, struct side *from, struct side *to, bool caller)
{
    size_t len = from->written.len;

    buffer_add(&r->wire[caller], buffer_bytes(&from->written));
    assert_int_equal(side_feed(to, buffer_bytes(&from->written)), len);
    buffer_clear(&from->written);
    return len > 0;
}

static void record(struct recording *r)
{
    struct side sides[2];

    *r = (struct recording){.wire = {BUFFER(MIB(1)), BUFFER(MIB(1))}, .trace = {BUFFER(TRACE_MAX), BUFFER(TRACE_MAX)}};
    pair_begin(&sides[1], &sides[0]);
    for (size_t step = 0; step < 8; step++) {
        while (carry(r, &sides[1], &sides[0], true) || carry(r, &sides[0], &sides[1], false))
            ;
        if (step == 0) {
            send(&sides[1], SESSION_LIVE, 0x10, 5);
            send(&sides[0], SESSION_LIVE, 0x11, 0);
            send(&sides[1], SESSION_BULK, 0x12, 20000);
            send(&sides[0], SESSION_BULK, 0x13, 17000);
            send(&sides[1], SESSION_LIVE, 0xff, 1000);
            side_turn(&sides[0]);
            side_turn(&sides[1]);
        } else if (step == 1) {
            session_close(sides[1].session, 0);
            side_turn(&sides[1]);
        }
    }
    for (size_t i = 0; i < 2; i++)
        buffer_add(&r->trace[i], buffer_bytes(&sides[i].trace));
    pair_end(&sides[1], &sides[0]);
}

static void end_recording(struct recording *r)
{
    for (size_t i = 0; i < 2; i++) {
        buffer_free(&r->wire[i]);
        buffer_free(&r->trace[i]);
    }
}

static void a_conversation_is_told_as_it_was_sent(void **state)
{
    struct recording r;

    (void)state;
    record(&r);
    buffer_u8(&r.trace[0], 0);
    buffer_u8(&r.trace[1], 0);
    assert_string_equal((char *)r.trace[0].at, OPENED_BY_CALLER "live 16 5 4c78f725\nlive 255 1000 4ff7b7cd\n"
                                                                "bulk 18 20000 89998b3b\nclosed no error\n");
    assert_string_equal((char *)r.trace[1].at, OPENED_BY_RESPONDER "live 17 0 dcb6c051\nbulk 19 17000 c65d6040\n"
                                                                   "closed no error\n");
    end_recording(&r);
}

/* Feeds one side its part of the recording, in two pieces or byte by byte. */
static void replay(const struct recording *r, bool caller, size_t split, size_t chunk, struct side *side)
{
    struct bytes in = buffer_bytes(&r->wire[!caller]);

    side_begin(side, pair_options(caller));
    side->chunk = chunk;
    side_feed(side, bytes_of(in.at, split));
    side_feed(side, bytes_from(in, split));
}

static void every_split_of_the_stream_is_the_same(void **state)
{
    struct recording r;
    struct side side;

    (void)state;
    record(&r);
    for (size_t i = 0; i < 2; i++) {
        bool caller = i == 1;
        size_t len = r.wire[!caller].len;
        size_t told = r.trace[i].len - (caller ? strlen("closed no error\n") : 0); /* The caller closes by itself. */

        for (size_t split = 0; split <= len; split += split < 600 || len - split < 200 ? 1 : 97) {
            replay(&r, caller, split, 0, &side);
            assert_true(bytes_equal(buffer_bytes(&side.trace), bytes_of(r.trace[i].at, told)));
            side_end(&side);
        }
        for (size_t chunk = 1; chunk < 20; chunk++) {
            replay(&r, caller, 0, chunk, &side);
            assert_true(bytes_equal(buffer_bytes(&side.trace), bytes_of(r.trace[i].at, told)));
            side_end(&side);
        }
    }
    end_recording(&r);
}

static void a_cut_anywhere_is_no_goodbye(void **state)
{
    struct recording r;
    struct side side;

    (void)state;
    record(&r);
    struct bytes in = buffer_bytes(&r.wire[1]);
    struct bytes told = buffer_bytes(&r.trace[0]);
    for (size_t len = 0; len < in.len; len += len < 600 || in.len - len < 200 ? 1 : 97) {
        side_begin(&side, pair_options(false));
        side_feed(&side, bytes_of(in.at, len));
        /* What was told so far is how the whole conversation begins. */
        assert_true(side.trace.len < told.len - strlen("closed no error\n") + 1);
        assert_true(side.trace.len == 0 || memcmp(side.trace.at, told.at, side.trace.len) == 0);
        buffer_clear(&side.trace);
        session_cut(side.session);
        side_turn(&side);
        assert_true(side_is(&side, "closed input or output failed\n"));
        side_end(&side);
    }
    side_begin(&side, pair_options(false));
    side_feed(&side, in);
    session_cut(side.session);
    side_turn(&side);
    assert_true(bytes_equal(buffer_bytes(&side.trace), told));
    side_end(&side);
    end_recording(&r);
}

static void no_flipped_bit_of_the_handshake_opens_a_session(void **state)
{
    struct recording r;
    struct side side;

    (void)state;
    record(&r);
    const size_t hello_len = HELLO_LEN_MAX - HELLO_SOFTWARE_MAX - 1 - HELLO_FIRST_MAX;
    /* The three messages and the responder's HELLO in a record of 32 bytes. */
    const size_t lens[2] = {56 + 2 + 64 + hello_len + 8, 50 + 2 + 32 + 16};
    for (size_t i = 0; i < 2; i++) {
        struct buffer *wire = &r.wire[i == 0];
        size_t untouched = 0;

        for (size_t bit = 0; bit < lens[i] * 8; bit++) {
            wire->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
            side_begin(&side, pair_options(i == 1));
            untouched = side.written.len;
            side_feed(&side, bytes_of(wire->at, lens[i]));
            assert_true(side.trace.len == 0 || memcmp(side.trace.at, "closed", 6) == 0);
            /* Not a byte comes back for a bad message (1), nor for a bad message (2). */
            if (bit / 8 < (i == 0 ? 56 : 50)) {
                assert_int_equal(side.written.len, untouched);
                assert_true(side.trace.len > 0);
            }
            side_end(&side);
            wire->at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        side_begin(&side, pair_options(i == 1));
        side_feed(&side, bytes_of(wire->at, lens[i]));
        assert_true(side_is(&side, i == 0 ? OPENED_BY_CALLER : OPENED_BY_RESPONDER));
        side_end(&side);
    }
    end_recording(&r);
}

static void any_flipped_bit_of_a_record_ends_the_session(void **state)
{
    struct side side;
    struct raw raw;

    (void)state;
    for (size_t bit = 16; bit < (2 + 16 + 16) * 8; bit++) {
        side_begin(&side, pair_options(false));
        raw_open(&raw, &side, true);
        raw_frame(&raw, 0x10, FRAME_LAST, 0, bytes_text("five!"));
        raw.wire.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
        side_feed(&side, buffer_bytes(&raw.wire));
        assert_true(side_is(&side, "closed authentication failed\n"));
        assert_int_equal(side.written.len, 0);
        side_end(&side);
        raw_end(&raw);
    }
}

static void a_record_of_a_wrong_length_is_refused_by_its_length(void **state)
{
    static const uint8_t lengths[][2] = {{0, 0}, {0, 15}, {0x40, 0x11}, {0xff, 0xff}};
    struct side side;
    struct raw raw;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        side_begin(&side, pair_options(false));
        raw_open(&raw, &side, true);
        side_feed(&side, bytes_of(lengths[i], 2));
        assert_true(side_is(&side, "closed malformed bytes\n"));
        side_end(&side);
        raw_end(&raw);
    }
}

static void a_replayed_or_reordered_record_ends_the_session(void **state)
{
    struct side side;
    struct raw raw;

    (void)state;
    side_begin(&side, pair_options(false));
    raw_open(&raw, &side, true);
    raw_frame(&raw, 0x10, FRAME_LAST, 0, bytes_text(""));
    side_feed(&side, buffer_bytes(&raw.wire));
    buffer_clear(&side.trace);
    side_feed(&side, buffer_bytes(&raw.wire));
    assert_true(side_is(&side, "closed authentication failed\n"));
    side_end(&side);
    raw_end(&raw);
}

/* ---- strangers ---- */

static void strangers_get_silence(void **state)
{
    static const struct {
        uint8_t at[8];
        const char *trace;
    } starts[] = {
        {"GET / HT", "closed malformed bytes\n"},       {"IGUX\1\1\0\x30", "closed malformed bytes\n"},
        {"IGUM\0\1\0\x30", "closed unknown version\n"}, {"IGUM\1\2\0\x30", "closed unknown version\n"},
        {"IGUM\1\1\0\x31", "closed malformed bytes\n"}, {"IGUM\1\1\0\x2f", "closed malformed bytes\n"},
        {"IGUM\1\1\1\x30", "closed malformed bytes\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        struct side side;

        side_begin(&side, pair_options(false));
        side_feed(&side, bytes_of(starts[i].at, 7));
        assert_true(side_is(&side, ""));
        side_feed(&side, bytes_of(starts[i].at + 7, 1));
        assert_true(side_is(&side, starts[i].trace));
        assert_int_equal(side.written.len, 0);
        assert_string_not_equal(session_reason(side.session), "open");
        side_end(&side);
    }
}

static void another_network_or_key_gets_silence(void **state)
{
    (void)state;
    for (int wrong = 0; wrong < 2; wrong++) {
        struct side caller, responder;
        struct session_options *options = pair_options(true);
        struct id other = {{9}};

        if (wrong == 0)
            options->network = other;
        else
            options->expect = &other;
        side_begin(&caller, options);
        side_begin(&responder, pair_options(false));
        pair_pump(&caller, &responder);
        assert_true(side_is(&responder, "closed authentication failed\n"));
        assert_true(side_is(&caller, ""));
        session_cut(caller.session);
        side_turn(&caller);
        assert_true(side_is(&caller, "closed input or output failed\n"));
        pair_end(&caller, &responder);
    }
}

static void a_caller_takes_nothing_before_it_has_spoken(void **state)
{
    struct session *session = session_new(pair_options(true), 0);

    (void)state;
    assert_int_equal(session_receive(session, bytes_of(zeros, 50), 0), 0);
    assert_int_equal(session_output(session, 0).len, 56);
    assert_int_equal(session_receive(session, bytes_of(zeros, 50), 0), 2);
    assert_int_equal(session_next(session).kind, SESSION_CLOSED);
    session_free(session);
}

static void the_peer_is_told_by_its_proven_key_and_claims(void **state)
{
    struct session_options *options = pair_options(true);
    struct side caller, responder;

    (void)state;
    struct id channel;
    memcpy(channel.at, options->channel->public, ID_LEN);
    options->software = "bell\a\x7f\xff";
    options->clock_ms = UINT64_C(1767225659999);
    side_begin(&caller, options);
    side_begin(&responder, pair_options(false));
    responder.deaf = true;
    pair_pump(&caller, &responder);
    struct session_event event = session_next(responder.session);
    assert_int_equal(event.kind, SESSION_OPENED);
    assert_true(id_equal(&event.peer->channel, &channel));
    assert_int_equal(event.peer->version_min, 1);
    assert_int_equal(event.peer->version_max, 1);
    assert_string_equal(event.peer->software, "bell???");
    assert_true(event.peer->clock_ms == UINT64_C(1767225600000)); /* By the minute. */
    pair_end(&caller, &responder);
}

static void a_small_first_message_rides_in_the_hello(void **state)
{
    static const size_t lens[] = {0, HELLO_FIRST_MAX, HELLO_FIRST_MAX + 1};
    static const uint8_t body[HELLO_FIRST_MAX + 1] = {1, 2, 3};

    (void)state;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        struct side caller, responder;

        pair_begin(&caller, &responder);
        assert_int_equal(session_send(caller.session, SESSION_LIVE, 0x10, bytes_of(body, lens[i])), ERR_OK);
        side_feed(&responder, buffer_bytes(&caller.written));
        buffer_clear(&caller.written);
        side_feed(&caller, buffer_bytes(&responder.written));
        buffer_clear(&responder.written);
        session_receive(responder.session, buffer_bytes(&caller.written), 0);
        assert_int_equal(session_next(responder.session).kind, SESSION_OPENED);
        struct session_event event = session_next(responder.session);
        if (lens[i] <= HELLO_FIRST_MAX) {
            assert_int_equal(event.kind, SESSION_MESSAGE);
            assert_int_equal(event.type, 0x10);
            assert_int_equal(event.stream, SESSION_LIVE);
            assert_true(bytes_equal(event.payload, bytes_of(body, lens[i])));
        } else {
            assert_int_equal(event.kind, SESSION_IDLE);
        }
        /* What a responder says at once goes with its first record. */
        assert_int_equal(session_send(responder.session, SESSION_LIVE, 0x12, bytes_of(body, 5)), ERR_OK);
        side_turn(&responder);
        assert_int_equal(responder.written.len, 2 + 32 + NOISE_TAG_LEN);
        side_feed(&caller, buffer_bytes(&responder.written));
        buffer_u8(&caller.trace, 0);
        assert_non_null(strstr((char *)caller.trace.at, "live 18 5 "));
        pair_end(&caller, &responder);
    }
}

/* ---- records ---- */

/* What a session tells of one record by a peer whose key is right. */
static void judge(struct bytes plain, const char *trace)
{
    struct side side;
    struct raw raw;

    side_begin(&side, pair_options(false));
    raw_open(&raw, &side, true);
    side_feed(&side, raw_seal(&raw, plain));
    assert_true(side_is(&side, trace));
    side_end(&side);
    raw_end(&raw);
}

static void judge_frame(uint8_t type, uint8_t flags, uint16_t stream, const char *body, const char *trace)
{
    struct buffer plain = BUFFER(LIMIT_RECORD);

    frame_encode(&plain, &(struct frame){.type = type, .flags = flags, .stream = stream, .body = bytes_text(body)});
    judge(buffer_bytes(&plain), trace);
    buffer_free(&plain);
}

static void odd_record_types_are_optional(void **state)
{
    (void)state;
    for (unsigned type = 5; type < SESSION_FIRST_MESSAGE; type += type == 5 ? 2 : 1) /* 6 is CREDIT. */
        judge_frame((uint8_t)type, FRAME_LAST, 0, "x", type % 2 == 1 ? "" : "closed unknown version\n");
    judge_frame(0, FRAME_LAST, 0, "", "closed unknown version\n");
    judge_frame(5, 0, 7, "x", "");
}

static void records_of_the_session_are_whole_and_on_stream_0(void **state)
{
    (void)state;
    judge_frame(1, FRAME_LAST, 0, "", "closed malformed bytes\n");
    for (uint8_t type = 2; type <= 3; type++) {
        judge_frame(type, FRAME_LAST, 0, "", "");
        judge_frame(type, 0, 0, "", "closed malformed bytes\n");
        judge_frame(type, FRAME_LAST, 1, "", "closed malformed bytes\n");
        judge_frame(type, FRAME_LAST, 0, "x", "closed malformed bytes\n");
    }
    judge_frame(6, FRAME_LAST, 0, "abc", "closed malformed bytes\n");
    judge_frame(6, FRAME_LAST, 1, "abcd", "closed malformed bytes\n");
    judge_frame(6, FRAME_LAST, 0, "abcd", "closed malformed bytes\n"); /* More than anybody may grant. */
    judge_frame(4, FRAME_LAST, 0, "", "closed malformed bytes\n");
    judge_frame(4, FRAME_LAST, 0, "x", "closed no error\n");
    judge_frame(4, FRAME_LAST, 0, "xy", "closed malformed bytes\n");
    judge_frame(4, 0, 0, "x", "closed malformed bytes\n");
}

static void a_malformed_record_ends_the_session(void **state)
{
    uint8_t plain[32] = {0x10, FRAME_LAST};

    (void)state;
    judge(bytes_of(plain, 16), "live 16 0 dcb6c051\n");
    judge(bytes_of(plain, 0), "closed malformed bytes\n");
    judge(bytes_of(plain, 15), "closed malformed bytes\n");
    judge(bytes_of(plain, 32), "closed malformed bytes\n");
    plain[15] = 1;
    judge(bytes_of(plain, 16), "closed malformed bytes\n");
    judge_frame(0x10, FRAME_LAST, 3, "", "closed malformed bytes\n");
    judge_frame(0x10, FRAME_LAST, 2, "", "bulk 16 0 dcb6c051\n"); /* Of a file; no byte of it without credit. */
    judge_frame(0x10, FRAME_LAST, 2, "x", "closed malformed bytes\n");
}

static void two_messages_do_not_mix_on_one_stream(void **state)
{
    struct side side;
    struct raw raw;

    (void)state;
    side_begin(&side, pair_options(false));
    raw_open(&raw, &side, true);
    side_feed(&side, raw_frame(&raw, 0x10, 0, 0, bytes_text("a")));
    side_feed(&side, raw_frame(&raw, 0x12, 0, 1, bytes_text("b")));
    side_feed(&side, raw_frame(&raw, 0x02, FRAME_LAST, 0, bytes_text("")));
    side_feed(&side, raw_frame(&raw, 0x12, FRAME_LAST, 1, bytes_text("b")));
    side_feed(&side, raw_frame(&raw, 0x10, FRAME_LAST, 0, bytes_text("a")));
    assert_true(side_is(&side, "bulk 18 2 074ee562\nlive 16 2 d7851a3a\n"));
    buffer_clear(&side.trace);
    side_feed(&side, raw_frame(&raw, 0x10, 0, 0, bytes_text("a")));
    side_feed(&side, raw_frame(&raw, 0x12, FRAME_LAST, 0, bytes_text("b")));
    assert_true(side_is(&side, "closed malformed bytes\n"));
    side_end(&side);
    raw_end(&raw);
}

static void a_responders_first_record_is_its_hello(void **state)
{
    static const struct {
        uint8_t type, flags;
        uint16_t stream;
        bool hello;
        const char *trace;
    } firsts[] = {
        {1, FRAME_LAST, 0, true, "opened raw\n"},
        {1, FRAME_LAST, 0, false, "closed malformed bytes\n"},
        {1, 0, 0, true, "closed malformed bytes\n"},
        {1, FRAME_LAST, 1, true, "closed malformed bytes\n"},
        {3, FRAME_LAST, 0, false, "closed malformed bytes\n"},
        {5, FRAME_LAST, 0, false, "closed malformed bytes\n"},
        {0x10, FRAME_LAST, 0, false, "closed malformed bytes\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        struct side side, other;
        struct raw raw;

        /* The keys of the session under test are those of the one that raw_open() talks to. */
        side_begin(&other, pair_options(true));
        raw_open(&raw, &other, false);
        side_begin(&side, pair_options(true));
        struct side responder;
        side_begin(&responder, pair_options(false));
        side_feed(&responder, buffer_bytes(&side.written));
        side_feed(&side, buffer_bytes(&responder.written));
        raw.send.nonce = 0;
        side_feed(&side, raw_frame(&raw, firsts[i].type, firsts[i].flags, firsts[i].stream,
                                   firsts[i].hello ? raw_hello() : bytes_text("")));
        assert_true(side_is(&side, firsts[i].trace));
        side_end(&other);
        side_end(&responder);
        side_end(&side);
        raw_end(&raw);
    }
}

/* A caller of versions 1 to `max` that speaks `version`, and a responder of `theirs` to `theirs_max`. */
static void meet(struct side *caller, struct side *responder, uint8_t max, uint8_t version, uint8_t theirs,
                 uint8_t theirs_max)
{
    struct session_options options = *pair_options(true);

    options.version_min = 1;
    options.version_max = max;
    options.version = version;
    side_begin(caller, &options);
    options = *pair_options(false);
    options.version_min = theirs;
    options.version_max = theirs_max;
    side_begin(responder, &options);
    pair_pump(caller, responder);
}

static void of_two_versions_the_lower_is_spoken(void **state)
{
    struct side caller, responder;

    (void)state;
    meet(&caller, &responder, 2, 0, 1, 1); /* Its best is not spoken there, which it is told ... */
    assert_true(side_is(&caller, "closed unknown version\n"));
    assert_true(side_is(&responder, "closed unknown version\n"));
    assert_int_equal(session_peer_of(caller.session).version_min, 1);
    assert_int_equal(session_peer_of(caller.session).version_max, 1);
    pair_end(&caller, &responder);
    meet(&caller, &responder, 2, 1, 1, 1); /* ... and then it speaks the other's. */
    assert_true(side_is(&caller, OPENED_BY_RESPONDER));
    pair_end(&caller, &responder);
    meet(&caller, &responder, 1, 0, 1, 2);
    assert_true(side_is(&caller, OPENED_BY_RESPONDER));
    pair_end(&caller, &responder);
}

/* Whoever makes two new nodes speak an old version shows himself. */
static void version_below_what_both_speak_is_not_used(void **state)
{
    struct side caller, responder;

    (void)state;
    meet(&caller, &responder, 2, 1, 1, 2);
    assert_true(side_is(&caller, "closed unknown version\n"));
    assert_true(side_is(&responder, "closed unknown version\n"));
    assert_int_equal(session_peer_of(caller.session).version_max, 2); /* So that it calls again with that. */
    pair_end(&caller, &responder);
}

static void other_key_is_told_apart_from_another_version(void **state)
{
    struct side caller, responder;
    struct session_options options = *pair_options(true);
    struct id other = *options.expect;

    (void)state;
    other.at[3] ^= 1;
    options.expect = &other;
    options.version_min = options.version_max = 2;
    side_begin(&caller, &options);
    side_begin(&responder, pair_options(false));
    pair_pump(&caller, &responder);
    assert_int_equal(responder.written.len, 0); /* Not a byte. */
    assert_int_equal(session_peer_of(caller.session).version_max, 0);
    pair_end(&caller, &responder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conversation_is_told_as_it_was_sent),
        cmocka_unit_test(every_split_of_the_stream_is_the_same),
        cmocka_unit_test(a_cut_anywhere_is_no_goodbye),
        cmocka_unit_test(no_flipped_bit_of_the_handshake_opens_a_session),
        cmocka_unit_test(of_two_versions_the_lower_is_spoken),
        cmocka_unit_test(version_below_what_both_speak_is_not_used),
        cmocka_unit_test(other_key_is_told_apart_from_another_version),
        cmocka_unit_test(any_flipped_bit_of_a_record_ends_the_session),
        cmocka_unit_test(a_record_of_a_wrong_length_is_refused_by_its_length),
        cmocka_unit_test(a_replayed_or_reordered_record_ends_the_session),
        cmocka_unit_test(strangers_get_silence),
        cmocka_unit_test(another_network_or_key_gets_silence),
        cmocka_unit_test(a_caller_takes_nothing_before_it_has_spoken),
        cmocka_unit_test(the_peer_is_told_by_its_proven_key_and_claims),
        cmocka_unit_test(odd_record_types_are_optional),
        cmocka_unit_test(records_of_the_session_are_whole_and_on_stream_0),
        cmocka_unit_test(a_small_first_message_rides_in_the_hello),
        cmocka_unit_test(a_malformed_record_ends_the_session),
        cmocka_unit_test(two_messages_do_not_mix_on_one_stream),
        cmocka_unit_test(a_responders_first_record_is_its_hello),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
