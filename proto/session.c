/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/session.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "proto/credit.h"
#include "proto/frame.h"
#include "proto/handshake.h"
#include "proto/hello.h"
#include "proto/inbox.h"
#include "proto/limits.h"
#include "proto/mutant.h"
#include "proto/outbox.h"

#define LENGTH_LEN 2
#define SEALED_MAX (LIMIT_RECORD + NOISE_TAG_LEN)
#define SLIVER KIB(1)   /* A smaller part of a file is worth no record. */
#define OUT_MAX KIB(64) /* Sealed at a time: what is sealed cannot be overtaken any more. */

#define NOT_THE_BEST "the version in use is not the best that both speak"

_Static_assert(SESSION_SOFTWARE_MAX == HELLO_SOFTWARE_MAX && SESSION_SEED_LEN == NOISE_KEY_LEN, "one size each");
_Static_assert(SESSION_SUITE == HANDSHAKE_SUITE, "one suite");
_Static_assert(HELLO_LEN_MAX <= LIMIT_HELLO, "a HELLO fits the last handshake message");

enum { HELLO = 0x01, PING = 0x02, PONG = 0x03, CLOSE = 0x04, CREDIT_RECORD = 0x06 };

enum state {
    AWAIT_HANDSHAKE, /* Until both directions have their keys. */
    AWAIT_HELLO,     /* A caller, until the responder's first record. */
    OPEN,
    CLOSING, /* The goodbye is not written yet; what comes in is dropped. */
    CLOSED,
};

struct session {
    enum state state;
    bool initiator;
    struct handshake handshake;
    struct noise_cipher send;
    struct noise_cipher receive;
    uint8_t hello[HELLO_LEN_MAX];
    size_t hello_len;
    struct session_peer peer;

    struct buffer in;  /* The handshake message or record under way. */
    struct buffer out; /* Sealed; `sent` bytes are written.  Not touched before all are: the caller may hold it. */
    size_t sent;
    struct inbox inbox[SESSION_STREAMS];
    struct outbox outbox[SESSION_STREAMS];
    bool bulk_expected, files_expected;
    struct credit credit;  /* What the peer may send of files ... */
    uint32_t credit_due;   /* ... of which it has to be told this, ... */
    uint64_t file_allowed; /* ... and what we may. */

    bool hello_due, ping_due, pong_due, close_due;
    uint8_t close_code;

    bool opened_waits, closed_waits;
    struct inbox *waiting; /* A whole message, not yet told. */
    struct inbox *lent;    /* The message told last. */

    uint64_t now;
    uint64_t begun;
    uint64_t heard; /* When the last record came. */
    uint64_t closing;
    bool pinged;    /* Since then. */
    bool disagrees; /* The caller could have spoken a better version: it is told our HELLO, and no more. */

    enum err cause;
    const char *reason;
};

/* ---- begin and end ---- */

struct session_versions session_versions(void)
{
    return (struct session_versions){.min = SESSION_VERSION_MIN, .max = SESSION_VERSION_MAX};
}

static struct handshake_versions own_versions(const struct session_options *options)
{
    if (options->version_max > 0)
        return (struct handshake_versions){.min = options->version_min, .max = options->version_max};
    return (struct handshake_versions){.min = SESSION_VERSION_MIN, .max = SESSION_VERSION_MAX};
}

static struct hello own_hello(const struct session_options *options)
{
    struct handshake_versions own = own_versions(options);

    return (struct hello){.version_min = own.min, .version_max = own.max, .software = bytes_text(options->software)};
}

struct session *session_new(const struct session_options *options, uint64_t now)
{
    struct session *s = calloc(1, sizeof *s);
    struct hello hello = own_hello(options);

    assert(options->initiator == (options->expect != NULL));
    if (!s)
        return NULL;
    s->initiator = options->initiator;
    s->now = s->begun = s->heard = now;
    s->in.limit = HANDSHAKE_LEN_MAX;
    s->out.limit = OUT_MAX;
    s->credit = CREDIT;
    s->reason = "open";
    handshake_begin(&s->handshake, &options->network, options->channel, options->expect, options->seed,
                    own_versions(options), options->version > 0 ? options->version : own_versions(options).max);

    struct buffer out = {.at = s->hello, .size = sizeof s->hello, .limit = sizeof s->hello};
    hello_encode(&out, &hello);
    s->hello_len = out.len;
    return s;
}

static void wipe_keys(struct session *s)
{
    noise_wipe(&s->handshake.noise);
    sodium_memzero(&s->send, sizeof s->send);
    sodium_memzero(&s->receive, sizeof s->receive);
}

/* Ends the session.  A message that waits or is lent, and the sealed bytes that the caller may hold, outlive it. */
static void finish(struct session *s, enum err cause, const char *reason)
{
    if (s->state == CLOSED)
        return;
    s->state = CLOSED;
    s->closed_waits = true;
    s->cause = cause;
    s->reason = reason;
    wipe_keys(s);
    buffer_free(&s->in);
    for (size_t i = 0; i < SESSION_STREAMS; i++) {
        outbox_free(&s->outbox[i]);
        if (&s->inbox[i] != s->waiting && &s->inbox[i] != s->lent)
            inbox_free(&s->inbox[i]);
    }
}

void session_free(struct session *s)
{
    if (!s)
        return;
    finish(s, ERR_OK, "freed");
    buffer_free(&s->out);
    for (size_t i = 0; i < SESSION_STREAMS; i++)
        inbox_free(&s->inbox[i]);
    sodium_memzero(s, sizeof *s);
    free(s);
}

void session_cut(struct session *s)
{
    switch (s->state) {
    case AWAIT_HANDSHAKE:
        finish(s, ERR_IO,
               s->initiator ? "no answer to the handshake: another key or network, or no igum node"
                            : "the caller left during the handshake");
        break;
    case AWAIT_HELLO:
    case OPEN: finish(s, ERR_IO, "cut without a goodbye"); break;
    case CLOSING: finish(s, ERR_OK, "closed by this side"); break;
    case CLOSED: break;
    }
}

void session_close(struct session *s, uint8_t code)
{
    switch (s->state) {
    case AWAIT_HANDSHAKE: finish(s, ERR_OK, "closed by this side"); break;
    case AWAIT_HELLO:
    case OPEN:
        s->state = CLOSING;
        s->closing = s->now;
        s->close_due = true;
        s->close_code = code;
        outbox_free(&s->outbox[SESSION_BULK]);
        outbox_free(&s->outbox[SESSION_FILES]);
        break;
    case CLOSING:
    case CLOSED: break;
    }
}

/* ---- what the peer sends ---- */

static char printable(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7f ? (char)byte : '?';
}

/* The first message rides in the HELLO, and is told after it. */
static void take_first(struct session *s, const struct hello *hello)
{
    struct frame frame = {.type = hello->first_type, .flags = FRAME_LAST, .body = hello->first};
    struct inbox *inbox = &s->inbox[SESSION_LIVE];
    bool complete = false;

    if (hello->first_type == 0)
        return;
    if (hello->first_type < SESSION_FIRST_MESSAGE)
        finish(s, ERR_FORMAT, "a malformed HELLO");
    else if (inbox_add(inbox, &frame, LIMIT_MESSAGE, &complete))
        finish(s, ERR_MEMORY, "out of memory");
    else
        s->waiting = inbox;
}

/* A caller that does not know our best version learns it from our HELLO, and calls again. */
static void disagree(struct session *s)
{
    if (s->hello_due) {
        s->disagrees = true;
        s->state = CLOSING;
        s->closing = s->now;
    } else {
        finish(s, ERR_VERSION, NOT_THE_BEST);
    }
}

static void take_hello(struct session *s, struct bytes in)
{
    struct hello own;
    struct hello peer;

    if (hello_decode(bytes_of(s->hello, s->hello_len), &own) || hello_decode(in, &peer)) {
        finish(s, ERR_FORMAT, "a malformed HELLO");
        return;
    }
    s->peer.version_min = peer.version_min;
    s->peer.version_max = peer.version_max;
    if (hello_agree(&own, &peer, s->handshake.version)) {
        disagree(s);
        return;
    }
    for (size_t i = 0; i < peer.software.len; i++)
        s->peer.software[i] = printable(peer.software.at[i]);
    s->state = OPEN;
    s->opened_waits = true;
    take_first(s, &peer);
}

static void begin_records(struct session *s)
{
    memcpy(s->peer.channel.at, s->handshake.noise.remote_fixed, ID_LEN);
    noise_split(&s->handshake.noise, &s->send, &s->receive);
    s->in.limit = LENGTH_LEN + SEALED_MAX;
    s->heard = s->now;
    s->state = AWAIT_HELLO;
}

static void take_handshake(struct session *s, struct bytes in)
{
    uint8_t room[LIMIT_HELLO];
    struct buffer payload = {.at = room, .size = sizeof room, .limit = sizeof room};
    enum err err = handshake_read(&s->handshake, in, &payload);

    if (err) {
        finish(s, err, "a handshake message does not open: another key or network, or tampering");
        return;
    }
    if (s->handshake.is_refused) {
        s->peer.version_min = s->handshake.told.min;
        s->peer.version_max = s->handshake.told.max;
        finish(s, ERR_VERSION, "it does not speak our version of the protocol");
        return;
    }
    if (s->handshake.noise.done) {
        begin_records(s);
        s->hello_due = true;
        take_hello(s, buffer_bytes(&payload));
    }
}

static void take_close(struct session *s, struct bytes body)
{
    if (body.len != 1)
        finish(s, ERR_FORMAT, "a malformed CLOSE");
    else
        finish(s, ERR_OK, body.at[0] == 0 ? "the peer said goodbye" : "the peer closed because of an error");
}

static void take_credit(struct session *s, struct bytes body)
{
    uint64_t more = 0;

    for (size_t i = 0; i < body.len && i < 4; i++)
        more = more << 8 | body.at[i];
    if (body.len != 4 || more > LIMIT_CREDIT - s->file_allowed)
        finish(s, ERR_FORMAT, "a malformed CREDIT");
    else
        s->file_allowed += more;
}

static void grant(struct session *s)
{
    if (s->files_expected)
        s->credit_due += credit_grant(&s->credit, s->now);
}

/* A record of the session itself. */
static void take_control(struct session *s, const struct frame *frame)
{
    bool known = (frame->type >= HELLO && frame->type <= CLOSE) || frame->type == CREDIT_RECORD;
    bool whole = frame->flags == FRAME_LAST && frame->stream == SESSION_LIVE;

    if (known && !whole)
        finish(s, ERR_FORMAT, "a record of the session in parts or on another stream");
    else if (frame->type == CLOSE)
        take_close(s, frame->body);
    else if (frame->type == HELLO)
        finish(s, ERR_FORMAT, "a second HELLO");
    else if (frame->type == CREDIT_RECORD)
        take_credit(s, frame->body);
    else if (known && frame->body.len > 0)
        finish(s, ERR_FORMAT, "a PING or PONG with a body");
    else if (frame->type == PING)
        s->pong_due = true;
    else if (!known && frame->type % 2 == 0)
        finish(s, ERR_VERSION, "an unknown record that must be understood");
}

static void take_message(struct session *s, const struct frame *frame)
{
    if (frame->stream >= SESSION_STREAMS) {
        finish(s, ERR_FORMAT, "a record of an unknown stream");
        return;
    }
    struct inbox *inbox = &s->inbox[frame->stream];
    bool files = frame->stream == SESSION_FILES;
    bool large = frame->stream == SESSION_BULK && s->bulk_expected;
    bool complete = false;
    size_t limit = files ? LIMIT_MESSAGE_FILE : large ? LIMIT_MESSAGE_BULK : LIMIT_MESSAGE;

    if (files && !credit_take(&s->credit, (uint32_t)frame->body.len, s->now)) {
        finish(s, ERR_FORMAT, "more of a file than was asked for");
        return;
    }
    if (files)
        grant(s);
    enum err err = inbox_add(inbox, frame, limit, &complete);

    if (err)
        finish(s, err, err == ERR_FORMAT ? "two messages mixed on one stream" : "a message is too large");
    else if (complete)
        s->waiting = inbox;
}

static void step_key(struct noise_cipher *cipher)
{
    if (cipher->nonce % LIMIT_REKEY == 0)
        noise_rekey(cipher);
}

static void take_record(struct session *s, struct bytes in)
{
    uint8_t room[LIMIT_RECORD];
    struct buffer plain = {.at = room, .size = sizeof room, .limit = sizeof room};
    struct frame frame;

    if (noise_open(&s->receive, bytes_of(NULL, 0), bytes_from(in, LENGTH_LEN), &plain)) {
        finish(s, ERR_AUTH, "a record does not open");
        return;
    }
    step_key(&s->receive);
    if (frame_decode(buffer_bytes(&plain), &frame)) {
        finish(s, ERR_FORMAT, "a malformed record");
        return;
    }
    s->heard = s->now;
    s->pinged = false;
    if (s->state == AWAIT_HELLO) {
        if (frame.type == HELLO && frame.flags == FRAME_LAST && frame.stream == SESSION_LIVE)
            take_hello(s, frame.body);
        else
            finish(s, ERR_FORMAT, "the first record is not a HELLO");
    } else if (frame.type < SESSION_FIRST_MESSAGE) {
        take_control(s, &frame);
    } else {
        take_message(s, &frame);
    }
}

/* How long the item under way is, as far as its bytes so far tell. */
static enum err need(const struct session *s, size_t *len)
{
    const uint8_t *at = s->in.at;

    if (s->state == AWAIT_HANDSHAKE)
        return handshake_need(&s->handshake, buffer_bytes(&s->in), len);
    *len = LENGTH_LEN;
    if (s->in.len < LENGTH_LEN)
        return ERR_OK;
    size_t sealed = (size_t)at[0] << 8 | at[1];
    *len += sealed;
    return sealed >= NOISE_TAG_LEN && sealed <= SEALED_MAX ? ERR_OK : ERR_FORMAT;
}

/* Acts on what has come so far of the item under way. */
static void judge(struct session *s)
{
    struct buffer item = s->in;
    size_t len;
    enum err err = need(s, &len);

    if (err) {
        finish(s, err, err == ERR_VERSION ? "another version or suite of the protocol" : "bytes that are not igum's");
        return;
    }
    if (s->in.len < len)
        return;
    /* Taken out, because an end of the session frees what is left in it. */
    s->in = BUFFER(item.limit);
    if (s->state == AWAIT_HANDSHAKE)
        take_handshake(s, buffer_bytes(&item));
    else
        take_record(s, buffer_bytes(&item));
    if (s->state == CLOSED || s->in.limit != item.limit) {
        buffer_free(&item);
    } else {
        buffer_clear(&item);
        s->in = item;
    }
}

static void release(struct session *s)
{
    if (s->lent)
        inbox_clear(s->lent);
    s->lent = NULL;
}

static bool takes(const struct session *s)
{
    bool waits = s->opened_waits || s->closed_waits || s->waiting;

    return !waits && s->state != CLOSED && !(s->state == AWAIT_HANDSHAKE && handshake_writes(&s->handshake));
}

size_t session_receive(struct session *s, struct bytes in, uint64_t now)
{
    size_t taken = 0;

    s->now = now;
    release(s);
    if (s->state == CLOSING || s->state == CLOSED)
        return in.len;
    while (taken < in.len && takes(s)) {
        size_t len;
        enum err err = need(s, &len);

        assert(!err && len > s->in.len);
        (void)err;
        size_t rest = in.len - taken;
        size_t take = len - s->in.len < rest ? len - s->in.len : rest;
        buffer_add(&s->in, bytes_of(in.at + taken, take));
        taken += take;
        if (buffer_error(&s->in))
            finish(s, ERR_MEMORY, "out of memory");
        else
            judge(s);
    }
    return taken;
}

struct session_event session_next(struct session *s)
{
    struct session_event event = {.kind = SESSION_IDLE};

    release(s);
    if (s->opened_waits) {
        s->opened_waits = false;
        event = (struct session_event){.kind = SESSION_OPENED, .peer = &s->peer};
    } else if (s->waiting) {
        s->lent = s->waiting;
        s->waiting = NULL;
        event = (struct session_event){.kind = SESSION_MESSAGE,
                                       .type = s->lent->type,
                                       .stream = (enum session_stream)(s->lent - s->inbox),
                                       .payload = buffer_bytes(&s->lent->body)};
    } else if (s->closed_waits) {
        s->closed_waits = false;
        event = (struct session_event){.kind = SESSION_CLOSED, .cause = s->cause};
    }
    return event;
}

/* ---- what we send ---- */

enum err session_send(struct session *s, enum session_stream stream, uint8_t type, struct bytes payload)
{
    assert(type >= SESSION_FIRST_MESSAGE && stream < SESSION_STREAMS);
    assert(payload.len <= (stream == SESSION_BULK    ? LIMIT_MESSAGE_BULK
                           : stream == SESSION_FILES ? LIMIT_MESSAGE_FILE
                                                     : LIMIT_MESSAGE));
    if (s->state == CLOSING || s->state == CLOSED)
        return ERR_IO;
    if (s->outbox[stream].queued >= LIMIT_OUTPUT)
        return ERR_LIMIT;
    return outbox_add(&s->outbox[stream], type, payload);
}

size_t session_queued(const struct session *s, enum session_stream stream)
{
    return s->outbox[stream].queued;
}

void session_expect_bulk(struct session *s, bool expected)
{
    s->bulk_expected = expected;
}

void session_expect_files(struct session *s, bool expected)
{
    s->files_expected = expected;
    grant(s);
}

uint64_t session_files_come(const struct session *s)
{
    return s->credit.come;
}

static void seal(struct session *s, const struct frame *frame)
{
    uint8_t room[LIMIT_RECORD];
    struct buffer plain = {.at = room, .size = sizeof room, .limit = sizeof room};

    frame_encode(&plain, frame);
    buffer_u16(&s->out, (uint16_t)(plain.len + NOISE_TAG_LEN));
    noise_seal(&s->send, bytes_of(NULL, 0), buffer_bytes(&plain), &s->out);
    step_key(&s->send);
}

/* What is queued by now and small enough rides in our HELLO: a record less, and a turn earlier. */
static struct bytes make_hello(struct session *s)
{
    struct buffer hello = {.at = s->hello, .len = s->hello_len, .size = sizeof s->hello, .limit = sizeof s->hello};
    struct frame frame;

    if (outbox_next(&s->outbox[SESSION_LIVE], &frame) && frame.flags & FRAME_LAST &&
        frame.body.len <= HELLO_FIRST_MAX) {
        hello_add_first(&hello, frame.type, frame.body);
        outbox_advance(&s->outbox[SESSION_LIVE]);
    }
    s->hello_len = hello.len;
    return buffer_bytes(&hello);
}

/* Clears a flag and tells that it was set. */
static bool take_due(bool *due)
{
    bool was = *due;

    *due = false;
    return was;
}

static bool seal_message(struct session *s, enum session_stream stream)
{
    struct frame frame;

    if (!outbox_next(&s->outbox[stream], &frame))
        return false;
    frame.stream = (uint16_t)stream;
    seal(s, &frame);
    outbox_advance(&s->outbox[stream]);
    return true;
}

/* As much of a file as there is credit for; a sliver waits until there is more. */
static bool seal_file(struct session *s)
{
    struct outbox *outbox = &s->outbox[SESSION_FILES];
    struct frame frame;

    if (!outbox_next_part(outbox, s->file_allowed < FRAME_BODY_MAX ? (size_t)s->file_allowed : FRAME_BODY_MAX,
                          &frame) ||
        (frame.body.len < SLIVER && !(frame.flags & FRAME_LAST)))
        return false;
    frame.stream = SESSION_FILES;
    seal(s, &frame);
    s->file_allowed -= frame.body.len;
    outbox_advance(outbox);
    return true;
}

/* Seals the one record that is most urgent; false when nothing waits. */
static bool seal_next(struct session *s)
{
    struct frame frame = {.flags = FRAME_LAST};
    uint8_t amount[4];

    if (take_due(&s->hello_due))
        frame = (struct frame){.type = HELLO, .flags = FRAME_LAST, .body = make_hello(s)};
    else if (take_due(&s->pong_due))
        frame.type = PONG;
    else if (take_due(&s->ping_due))
        frame.type = PING;
    else if (s->credit_due > 0 && s->state == OPEN) {
        for (size_t i = 0; i < sizeof amount; i++)
            amount[i] = (uint8_t)(s->credit_due >> (24 - 8 * i));
        frame = (struct frame){.type = CREDIT_RECORD, .flags = FRAME_LAST, .body = bytes_of(amount, sizeof amount)};
        s->credit_due = 0;
    } else if (seal_message(s, SESSION_LIVE))
        return true;
    else if (take_due(&s->close_due))
        frame = (struct frame){.type = CLOSE, .flags = FRAME_LAST, .body = bytes_of(&s->close_code, 1)};
    else
        return seal_message(s, SESSION_BULK) || seal_file(s);
    seal(s, &frame);
    return true;
}

static void fill(struct session *s)
{
    if (s->state == AWAIT_HANDSHAKE && handshake_writes(&s->handshake)) {
        struct bytes payload = handshake_is_last(&s->handshake) ? make_hello(s) : bytes_of(NULL, 0);
        enum err err = handshake_write(&s->handshake, payload, &s->out);

        if (err) {
            finish(s, err, "the peer's key is no key");
            return;
        }
        if (s->handshake.refuses) { /* It is said, and nothing more. */
            s->state = CLOSING;
            s->closing = s->now;
            return;
        }
        if (s->handshake.noise.done)
            begin_records(s);
    }
    if (s->state == AWAIT_HANDSHAKE || s->handshake.refuses)
        return;
    while (s->out.len + LENGTH_LEN + SEALED_MAX <= OUT_MAX && seal_next(s))
        ;
    if (buffer_error(&s->out))
        finish(s, ERR_MEMORY, "out of memory");
}

struct bytes session_output(struct session *s, uint64_t now)
{
    s->now = now;
    if (s->state != CLOSED && s->sent == s->out.len)
        fill(s);
    return s->state == CLOSED ? bytes_of(NULL, 0) : bytes_from(buffer_bytes(&s->out), s->sent);
}

void session_sent(struct session *s, size_t count)
{
    if (s->state == CLOSED)
        return;
    assert(count <= s->out.len - s->sent);
    s->sent += count;
    if (s->sent < s->out.len)
        return;
    s->sent = 0;
    buffer_clear(&s->out);
    if (s->outbox[SESSION_LIVE].queued + s->outbox[SESSION_BULK].queued + s->outbox[SESSION_FILES].queued == 0)
        buffer_free(&s->out);
    if (s->state == CLOSING && s->disagrees)
        finish(s, ERR_VERSION, NOT_THE_BEST);
    else if (s->state == CLOSING && s->handshake.refuses)
        finish(s, ERR_VERSION, "it speaks a version of the protocol that we do not");
    else if (s->state == CLOSING && !s->close_due)
        finish(s, ERR_OK, "closed by this side");
}

/* ---- time ---- */

uint64_t session_deadline(const struct session *s)
{
    bool first = s->state == AWAIT_HANDSHAKE && !s->initiator && s->handshake.noise.message == 0;

    switch (s->state) {
    case AWAIT_HANDSHAKE:
    case AWAIT_HELLO: return s->begun + (first ? LIMIT_FIRST_MS : LIMIT_HANDSHAKE_MS);
    case OPEN: return s->heard + (s->pinged ? LIMIT_SILENCE_MS : LIMIT_PING_MS);
    case CLOSING: return s->closing + LIMIT_STALL_MS;
    case CLOSED: break;
    }
    return UINT64_MAX;
}

void session_expire(struct session *s, uint64_t now)
{
    s->now = now;
    if (now < session_deadline(s))
        return;
    if (s->state == OPEN && (now < s->heard + LIMIT_SILENCE_MS || MUTANT(MUTANT_NEVER_SILENT))) {
        s->pinged = true;
        s->ping_due = true;
    } else {
        finish(s, ERR_TIMEOUT,
               s->state == AWAIT_HANDSHAKE || s->state == AWAIT_HELLO ? "the handshake took too long"
               : s->state == CLOSING                                  ? "the goodbye could not be written"
                                                                      : "the peer fell silent");
    }
}

size_t session_memory(const struct session *s)
{
    size_t total = sizeof *s + s->in.size + s->out.size;

    for (size_t i = 0; i < SESSION_STREAMS; i++)
        total += s->inbox[i].body.size + s->outbox[i].memory;
    return total;
}

struct session_peer session_peer_of(const struct session *s)
{
    return s->peer;
}

const char *session_reason(const struct session *s)
{
    return s->reason;
}
