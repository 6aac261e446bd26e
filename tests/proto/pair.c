/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/proto/pair.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "proto/hello.h"
#include "proto/limits.h"
#include "proto/wire.h"

static struct noise_key_pair key_of(uint8_t byte)
{
    uint8_t secret[NOISE_KEY_LEN];
    struct noise_key_pair pair;

    memset(secret, byte, sizeof secret);
    noise_key_pair_from_secret(&pair, secret);
    return pair;
}

struct session_options *pair_options(bool initiator)
{
    static struct session_options options;
    static struct noise_key_pair own;
    static struct id responder;

    own = key_of(initiator ? 0x11 : 0x22);
    struct noise_key_pair other = key_of(0x22);
    memcpy(responder.at, other.public, ID_LEN);
    options = (struct session_options){.initiator = initiator,
                                       .channel = &own,
                                       .expect = initiator ? &responder : NULL,
                                       .software = initiator ? "caller/1" : "responder/1"};
    memset(options.network.at, 0x77, ID_LEN);
    memset(options.seed, initiator ? 0x33 : 0x44, SESSION_SEED_LEN);
    return &options;
}

/* ---- a session ---- */

void side_begin(struct side *side, const struct session_options *options)
{
    *side = (struct side){.written = BUFFER(MIB(16)), .trace = BUFFER(TRACE_MAX)};
    side->session = session_new(options, 0);
    assert_non_null(side->session);
    side_turn(side);
}

void side_end(struct side *side)
{
    session_free(side->session);
    buffer_free(&side->written);
    buffer_free(&side->trace);
}

static void tell(struct side *side, struct session_event event)
{
    struct id hash;

    switch (event.kind) {
    case SESSION_IDLE: return;
    case SESSION_OPENED:
        buffer_text(&side->trace, "opened ");
        buffer_text(&side->trace, event.peer->software);
        break;
    case SESSION_MESSAGE:
        hash = id_hash(ID_BLOB, event.payload);
        buffer_text(&side->trace, event.stream == SESSION_LIVE ? "live " : "bulk ");
        buffer_number(&side->trace, event.type);
        buffer_text(&side->trace, " ");
        buffer_number(&side->trace, event.payload.len);
        buffer_text(&side->trace, " ");
        buffer_hex(&side->trace, bytes_of(hash.at, 4));
        break;
    case SESSION_CLOSED:
        buffer_text(&side->trace, "closed ");
        buffer_text(&side->trace, err_text(event.cause));
        break;
    }
    buffer_text(&side->trace, "\n");
}

void side_turn(struct side *side)
{
    struct session_event event;
    struct bytes out;

    do {
        event = side->deaf ? (struct session_event){0} : session_next(side->session);
        tell(side, event);
    } while (event.kind != SESSION_IDLE);
    while ((out = session_output(side->session, side->now)).len > 0) {
        /* Written in two pieces, as a socket may. */
        size_t part = (out.len + 1) / 2;
        buffer_add(&side->written, bytes_of(out.at, part));
        session_sent(side->session, part);
    }
    if (!side->deaf) {
        event = session_next(side->session);
        tell(side, event);
    }
    assert_int_equal(buffer_error(&side->written), ERR_OK);
    assert_int_equal(buffer_error(&side->trace), ERR_OK);
}

size_t side_feed(struct side *side, struct bytes in)
{
    size_t fed = 0;

    while (fed < in.len) {
        size_t chunk = side->chunk && side->chunk < in.len - fed ? side->chunk : in.len - fed;
        size_t taken = session_receive(side->session, bytes_of(in.at + fed, chunk), side->now);

        assert_true(taken <= chunk);
        side_turn(side);
        if (taken == 0 && (taken = session_receive(side->session, bytes_of(in.at + fed, chunk), side->now)) == 0)
            break;
        side_turn(side);
        fed += taken;
    }
    return fed;
}

bool side_is(struct side *side, const char *trace)
{
    bool same = bytes_equal(buffer_bytes(&side->trace), bytes_text(trace));

    if (!same)
        print_error("told:\n%.*swanted:\n%s", (int)side->trace.len, (const char *)side->trace.at, trace);
    return same;
}

void pair_pump(struct side *a, struct side *b)
{
    side_turn(a);
    side_turn(b);
    while (a->written.len + b->written.len > 0) {
        buffer_drop(&a->written, side_feed(b, buffer_bytes(&a->written)));
        buffer_drop(&b->written, side_feed(a, buffer_bytes(&b->written)));
        side_turn(a);
        side_turn(b);
    }
}

void pair_begin(struct side *caller, struct side *responder)
{
    side_begin(responder, pair_options(false));
    side_begin(caller, pair_options(true));
}

void pair_open(struct side *caller, struct side *responder)
{
    pair_begin(caller, responder);
    pair_pump(caller, responder);
    assert_true(side_is(caller, OPENED_BY_RESPONDER));
    assert_true(side_is(responder, OPENED_BY_CALLER));
    buffer_clear(&caller->trace);
    buffer_clear(&responder->trace);
}

void pair_end(struct side *caller, struct side *responder)
{
    side_end(caller);
    side_end(responder);
}

/* ---- a peer of bare Noise ---- */

struct bytes raw_hello(void)
{
    static uint8_t room[HELLO_LEN_MAX];
    struct buffer out = {.at = room, .size = sizeof room, .limit = sizeof room};

    hello_encode(&out, &(struct hello){.version_min = 1, .version_max = 1, .software = bytes_text("raw")});
    return bytes_of(room, out.len);
}

static struct bytes framed(struct buffer *out, struct bytes header, struct raw *raw, struct bytes payload)
{
    buffer_clear(out);
    buffer_add(out, header);
    assert_int_equal(noise_write(&raw->noise, payload, out), ERR_OK);
    return buffer_bytes(out);
}

static void read_from(struct raw *raw, struct side *side, size_t header, size_t len)
{
    struct buffer payload = BUFFER(LIMIT_HELLO);

    assert_true(side->written.len >= len);
    assert_int_equal(noise_read(&raw->noise, bytes_of(side->written.at + header, len - header), &payload), ERR_OK);
    buffer_drop(&side->written, len);
    buffer_free(&payload);
}

void raw_open(struct raw *raw, struct side *side, bool initiator)
{
    const struct session_options *options = pair_options(initiator);
    uint8_t prologue[38] = {'I', 'G', 'U', 'M', 1, 1};
    struct bytes hello = raw_hello();
    struct buffer plain = BUFFER(LIMIT_RECORD);
    struct frame frame;
    uint8_t third[] = {0, (uint8_t)(64 + hello.len)};

    memcpy(prologue + 6, options->network.at, ID_LEN);
    *raw = (struct raw){.wire = BUFFER(KIB(64))};
    noise_begin(&raw->noise, &(struct noise_options){.pattern = NOISE_XK,
                                                     .initiator = initiator,
                                                     .prologue = bytes_of(prologue, sizeof prologue),
                                                     .fixed = options->channel,
                                                     .remote_fixed = initiator ? options->expect->at : NULL,
                                                     .ephemeral_secret = options->seed});
    if (initiator) {
        side_feed(side, framed(&raw->wire, bytes_of("IGUM\1\1\0\x30", 8), raw, bytes_text("")));
        read_from(raw, side, 2, 50);
        side_feed(side, framed(&raw->wire, bytes_of(third, 2), raw, hello));
        noise_split(&raw->noise, &raw->send, &raw->receive);
        assert_true(raw_next(raw, side, &plain, &frame));
        assert_int_equal(frame.type, 1);
    } else {
        read_from(raw, side, 8, 56);
        side_feed(side, framed(&raw->wire, bytes_of("\0\x30", 2), raw, bytes_text("")));
        read_from(raw, side, 2, side->written.len);
        noise_split(&raw->noise, &raw->send, &raw->receive);
        side_feed(side, raw_frame(raw, 1, FRAME_LAST, 0, hello));
    }
    assert_true(side_is(side, "opened raw\n"));
    buffer_clear(&side->trace);
    buffer_free(&plain);
}

void raw_end(struct raw *raw)
{
    buffer_free(&raw->wire);
}

struct bytes raw_seal(struct raw *raw, struct bytes plain)
{
    buffer_clear(&raw->wire);
    buffer_u16(&raw->wire, (uint16_t)(plain.len + NOISE_TAG_LEN));
    noise_seal(&raw->send, bytes_text(""), plain, &raw->wire);
    return buffer_bytes(&raw->wire);
}

struct bytes raw_frame(struct raw *raw, uint8_t type, uint8_t flags, uint16_t stream, struct bytes body)
{
    struct buffer plain = BUFFER(LIMIT_RECORD);

    frame_encode(&plain, &(struct frame){.type = type, .flags = flags, .stream = stream, .body = body});
    raw_seal(raw, buffer_bytes(&plain));
    buffer_free(&plain);
    return buffer_bytes(&raw->wire);
}

bool raw_next(struct raw *raw, struct side *side, struct buffer *plain, struct frame *frame)
{
    struct wire_reader r = wire_reader(buffer_bytes(&side->written));
    size_t len = wire_u16(&r);
    struct bytes sealed = wire_read(&r, len);

    if (r.err)
        return false;
    buffer_clear(plain);
    assert_int_equal(noise_open(&raw->receive, bytes_text(""), sealed, plain), ERR_OK);
    assert_int_equal(frame_decode(buffer_bytes(plain), frame), ERR_OK);
    buffer_drop(&side->written, 2 + len);
    return true;
}
