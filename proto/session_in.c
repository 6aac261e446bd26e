/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/session_private.h"

#include <assert.h>

#include "proto/frame.h"

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
        session_finish(s, ERR_FORMAT, "a malformed HELLO");
    else if (inbox_add(inbox, &frame, LIMIT_MESSAGE, &complete))
        session_finish(s, ERR_MEMORY, "out of memory");
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
        session_finish(s, ERR_VERSION, SESSION_NOT_THE_BEST);
    }
}

static void take_hello(struct session *s, struct bytes in)
{
    struct hello own;
    struct hello peer;

    if (hello_decode(bytes_of(s->hello, s->hello_len), &own) || hello_decode(in, &peer)) {
        session_finish(s, ERR_FORMAT, "a malformed HELLO");
        return;
    }
    s->peer.version_min = peer.version_min;
    s->peer.version_max = peer.version_max;
    s->peer.clock_ms = (uint64_t)peer.clock_min * HELLO_CLOCK_MS;
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

static void take_handshake(struct session *s, struct bytes in)
{
    uint8_t room[LIMIT_HELLO];
    struct buffer payload = {.at = room, .size = sizeof room, .limit = sizeof room};
    enum err err = handshake_read(&s->handshake, in, &payload);

    if (err) {
        session_finish(s, err, "a handshake message does not open: another key or network, or tampering");
        return;
    }
    if (s->handshake.is_refused) {
        s->peer.version_min = s->handshake.told.min;
        s->peer.version_max = s->handshake.told.max;
        session_finish(s, ERR_VERSION, "it does not speak our version of the protocol");
        return;
    }
    if (s->handshake.noise.done) {
        session_begin_records(s);
        s->hello_due = true;
        take_hello(s, buffer_bytes(&payload));
    }
}

static void take_close(struct session *s, struct bytes body)
{
    if (body.len != 1)
        session_finish(s, ERR_FORMAT, "a malformed CLOSE");
    else
        session_finish(s, ERR_OK, body.at[0] == 0 ? "the peer said goodbye" : "the peer closed because of an error");
}

static void take_credit(struct session *s, struct bytes body)
{
    uint64_t more = 0;

    for (size_t i = 0; i < body.len && i < 4; i++)
        more = more << 8 | body.at[i];
    if (body.len != 4 || more > LIMIT_CREDIT - s->file_allowed)
        session_finish(s, ERR_FORMAT, "a malformed CREDIT");
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
        session_finish(s, ERR_FORMAT, "a record of the session in parts or on another stream");
    else if (frame->type == CLOSE)
        take_close(s, frame->body);
    else if (frame->type == HELLO)
        session_finish(s, ERR_FORMAT, "a second HELLO");
    else if (frame->type == CREDIT_RECORD)
        take_credit(s, frame->body);
    else if (known && frame->body.len > 0)
        session_finish(s, ERR_FORMAT, "a PING or PONG with a body");
    else if (frame->type == PING)
        s->pong_due = true;
    else if (!known && frame->type % 2 == 0)
        session_finish(s, ERR_VERSION, "an unknown record that must be understood");
}

static void take_message(struct session *s, const struct frame *frame)
{
    if (frame->stream >= SESSION_STREAMS) {
        session_finish(s, ERR_FORMAT, "a record of an unknown stream");
        return;
    }
    struct inbox *inbox = &s->inbox[frame->stream];
    bool files = frame->stream == SESSION_FILES;
    bool large = frame->stream == SESSION_BULK && s->bulk_expected;
    bool complete = false;
    size_t limit = files ? LIMIT_MESSAGE_FILE : large ? LIMIT_MESSAGE_BULK : LIMIT_MESSAGE;

    if (files && !credit_take(&s->credit, (uint32_t)frame->body.len, s->now)) {
        session_finish(s, ERR_FORMAT, "more of a file than was asked for");
        return;
    }
    if (files)
        grant(s);
    if (frame->stream == SESSION_BULK)
        s->bulk_come += frame->body.len;
    enum err err = inbox_add(inbox, frame, limit, &complete);

    if (err)
        session_finish(s, err, err == ERR_FORMAT ? "two messages mixed on one stream" : "a message is too large");
    else if (complete)
        s->waiting = inbox;
}

static void take_record(struct session *s, struct bytes in)
{
    uint8_t room[LIMIT_RECORD];
    struct buffer plain = {.at = room, .size = sizeof room, .limit = sizeof room};
    struct frame frame;

    if (noise_open(&s->receive, bytes_of(NULL, 0), bytes_from(in, SESSION_LENGTH_LEN), &plain)) {
        session_finish(s, ERR_AUTH, "a record does not open");
        return;
    }
    session_step_key(&s->receive);
    if (frame_decode(buffer_bytes(&plain), &frame)) {
        session_finish(s, ERR_FORMAT, "a malformed record");
        return;
    }
    s->heard = s->now;
    s->pinged = false;
    if (s->state == AWAIT_HELLO) {
        if (frame.type == HELLO && frame.flags == FRAME_LAST && frame.stream == SESSION_LIVE)
            take_hello(s, frame.body);
        else
            session_finish(s, ERR_FORMAT, "the first record is not a HELLO");
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
    *len = SESSION_LENGTH_LEN;
    if (s->in.len < SESSION_LENGTH_LEN)
        return ERR_OK;
    size_t sealed = (size_t)at[0] << 8 | at[1];
    *len += sealed;
    return sealed >= NOISE_TAG_LEN && sealed <= SESSION_SEALED_MAX ? ERR_OK : ERR_FORMAT;
}

/* Acts on what has come so far of the item under way. */
static void judge(struct session *s)
{
    struct buffer item = s->in;
    size_t len;
    enum err err = need(s, &len);

    if (err) {
        session_finish(s, err,
                       err == ERR_VERSION ? "another version or suite of the protocol" : "bytes that are not igum's");
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
            session_finish(s, ERR_MEMORY, "out of memory");
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

uint8_t session_waits(const struct session *s)
{
    return s->waiting && !s->opened_waits ? s->waiting->type : 0;
}

void session_expect_bulk(struct session *s, bool expected)
{
    s->bulk_expected = expected;
}

uint64_t session_bulk_come(const struct session *s)
{
    return s->bulk_come;
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
