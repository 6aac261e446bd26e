/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * A responder under a script.  First byte: bit 0 opens the session first, by a peer whose key is right.  Then steps of
 * `u8 step, u8 number` and what the step takes; so the fuzzer gets behind the seal.  Whatever comes, the session keeps
 * to its bounds of memory, opens for nobody without the key, and tells nothing after its end.
 */

#include "proto/frame.h"
#include "proto/hello.h"
#include "proto/noise.h"
#include "proto/session.h"
#include "proto/wire.h"
#include "tests/fuzz/fuzz.h"

#define STEPS_MAX 2000

struct world {
    struct session *session;
    struct wire_reader script;
    struct noise_cipher send; /* The peer's. */
    bool has_key, closed, expected;
    size_t bare; /* Memory at the start. */
    uint64_t now;
    unsigned steps;
};

static const uint8_t SECRETS[4][NOISE_KEY_LEN] = {{1}, {2}, {3}, {4}};
static uint8_t zeros[FRAME_BODY_MAX];

static void check_memory(const struct world *w)
{
    size_t message = w->expected ? LIMIT_MESSAGE_BULK : LIMIT_MESSAGE;
    size_t bound = w->has_key ? w->bare + LIMIT_MESSAGE + message + 2 * (LIMIT_OUTPUT + LIMIT_MESSAGE) + KIB(96)
                              : w->bare + LIMIT_BEFORE_AUTH;

    FUZZ_REQUIRE(session_memory(w->session) <= bound);
}

static void drain(struct world *w)
{
    for (;;) {
        struct session_event event = session_next(w->session);

        if (event.kind == SESSION_IDLE)
            break;
        FUZZ_REQUIRE(!w->closed);
        FUZZ_REQUIRE(event.kind != SESSION_OPENED || w->has_key);
        FUZZ_REQUIRE(event.kind != SESSION_MESSAGE || (w->has_key && event.type >= SESSION_FIRST_MESSAGE));
        w->closed = event.kind == SESSION_CLOSED;
    }
    check_memory(w);
}

/* Hands bytes over in pieces of `chunk`, as long as they are taken. */
static void feed(struct world *w, struct bytes in, size_t chunk)
{
    while (in.len > 0) {
        size_t len = chunk && chunk < in.len ? chunk : in.len;
        size_t taken = session_receive(w->session, bytes_of(in.at, len), w->now);

        FUZZ_REQUIRE(taken <= len);
        check_memory(w);
        drain(w);
        in = bytes_from(in, taken);
        if (taken == 0)
            break;
    }
}

static void write_out(struct world *w, size_t most)
{
    struct bytes out = session_output(w->session, w->now);

    FUZZ_REQUIRE(!w->closed || out.len == 0);
    session_sent(w->session, most && most < out.len ? most : out.len);
    drain(w);
}

/* What the script says next: at most `len` bytes of it. */
static struct bytes take(struct world *w, size_t len)
{
    return wire_read(&w->script, len < w->script.rest.len ? len : w->script.rest.len);
}

static void feed_sealed(struct world *w, struct bytes plain, size_t chunk)
{
    struct buffer wire = BUFFER(KIB(32));

    if (!w->has_key)
        return;
    buffer_u16(&wire, (uint16_t)(plain.len + NOISE_TAG_LEN));
    noise_seal(&w->send, bytes_text(""), plain, &wire);
    if (w->send.nonce % LIMIT_REKEY == 0)
        noise_rekey(&w->send);
    feed(w, buffer_bytes(&wire), chunk);
    buffer_free(&wire);
}

static void feed_frame(struct world *w, size_t chunk)
{
    struct buffer plain = BUFFER(LIMIT_RECORD);
    struct frame frame = {.type = wire_u8(&w->script)};
    uint8_t bits = wire_u8(&w->script);

    /* The body is of the script, or long and of zeros. */
    frame.flags = bits & FRAME_LAST;
    frame.stream = bits >> 1 & 3;
    frame.body = bits & 8 ? bytes_of(zeros, (size_t)(bits >> 4) * FRAME_BODY_MAX / 15) : take(w, bits >> 4);
    frame_encode(&plain, &frame);
    feed_sealed(w, buffer_bytes(&plain), chunk);
    buffer_free(&plain);
}

static void step(struct world *w)
{
    uint8_t kind = wire_u8(&w->script);
    uint8_t number = wire_u8(&w->script);
    enum session_stream stream = number & 1 ? SESSION_BULK : SESSION_LIVE;

    switch (kind % 10) {
    case 0: feed(w, take(w, number), 0); break;
    case 1: feed(w, take(w, 56), number); break;
    case 2: feed_sealed(w, take(w, number), 7); break;
    case 3:
    case 4: feed_frame(w, number); break;
    case 5: write_out(w, number); break;
    case 6:
        w->now += (uint64_t)number * 500;
        session_expire(w->session, w->now);
        FUZZ_REQUIRE(w->now < session_deadline(w->session));
        break;
    case 7:
        if (w->has_key) /* What waits to be sent is our own memory, not a stranger's. */
            (void)session_send(w->session, stream, SESSION_FIRST_MESSAGE, bytes_of(zeros, (size_t)number * 60));
        break;
    case 8:
        session_expect_bulk(w->session, number & 1);
        w->expected |= number & 1;
        break;
    case 9:
        if (number % 8 == 0)
            session_close(w->session, number);
        else if (number % 8 == 1)
            session_cut(w->session);
        break;
    default: break;
    }
    drain(w);
}

/* ---- the peer with the right key ---- */

static struct noise caller(const struct id *network, const struct noise_key_pair *responder)
{
    uint8_t prologue[38] = {'I', 'G', 'U', 'M', 1, 1};
    struct noise_key_pair own;
    struct noise noise;

    memcpy(prologue + 6, network->at, ID_LEN);
    noise_key_pair_from_secret(&own, SECRETS[1]);
    noise_begin(&noise, &(struct noise_options){.pattern = NOISE_XK,
                                                .initiator = true,
                                                .prologue = bytes_of(prologue, sizeof prologue),
                                                .fixed = &own,
                                                .remote_fixed = responder->public,
                                                .ephemeral_secret = SECRETS[3]});
    return noise;
}

static void open_session(struct world *w, const struct id *network, const struct noise_key_pair *responder)
{
    struct noise noise = caller(network, responder);
    struct buffer wire = BUFFER(KIB(1)), hello = BUFFER(HELLO_LEN_MAX);
    struct noise_cipher receive;

    buffer_add(&wire, bytes_of("IGUM\1\1\0\x30", 8));
    FUZZ_REQUIRE(noise_write(&noise, bytes_text(""), &wire) == ERR_OK);
    feed(w, buffer_bytes(&wire), 0);
    struct bytes answer = session_output(w->session, 0);
    FUZZ_REQUIRE(answer.len == 50 && noise_read(&noise, bytes_from(answer, 2), &hello) == ERR_OK);
    session_sent(w->session, answer.len);
    hello_encode(&hello, &(struct hello){.version_min = 1, .version_max = 1, .software = bytes_text("fuzz")});
    buffer_clear(&wire);
    buffer_u16(&wire, (uint16_t)(64 + hello.len));
    FUZZ_REQUIRE(noise_write(&noise, buffer_bytes(&hello), &wire) == ERR_OK);
    noise_split(&noise, &w->send, &receive);
    w->has_key = true;
    feed(w, buffer_bytes(&wire), 0);
    FUZZ_REQUIRE(!w->closed);
    buffer_free(&wire);
    buffer_free(&hello);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct id network = {{7}};
    struct noise_key_pair responder;
    struct session_options options = {.network = network, .channel = &responder, .software = "fuzzed"};
    struct world w = {.script = wire_reader(bytes_of(data, size))};

    noise_key_pair_from_secret(&responder, SECRETS[0]);
    memcpy(options.seed, SECRETS[2], sizeof options.seed);
    w.session = session_new(&options, 0);
    FUZZ_REQUIRE(w.session != NULL);
    w.bare = session_memory(w.session);
    if (wire_u8(&w.script) & 1)
        open_session(&w, &network, &responder);
    while (w.script.rest.len > 0 && w.steps++ < STEPS_MAX)
        step(&w);
    session_cut(w.session);
    drain(&w);
    FUZZ_REQUIRE(w.closed);
    session_free(w.session);
    return 0;
}
