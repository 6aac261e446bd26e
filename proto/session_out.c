/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/session_private.h"

#include <assert.h>

#include "proto/frame.h"

#define SLIVER KIB(1) /* A smaller part of a file is worth no record. */

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

static void seal(struct session *s, const struct frame *frame)
{
    uint8_t room[LIMIT_RECORD];
    struct buffer plain = {.at = room, .size = sizeof room, .limit = sizeof room};

    frame_encode(&plain, frame);
    buffer_u16(&s->out, (uint16_t)(plain.len + NOISE_TAG_LEN));
    noise_seal(&s->send, bytes_of(NULL, 0), buffer_bytes(&plain), &s->out);
    session_step_key(&s->send);
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
            session_finish(s, err, "the peer's key is no key");
            return;
        }
        if (s->handshake.refuses) { /* It is said, and nothing more. */
            s->state = CLOSING;
            s->closing = s->now;
            return;
        }
        if (s->handshake.noise.done)
            session_begin_records(s);
    }
    if (s->state == AWAIT_HANDSHAKE || s->handshake.refuses)
        return;
    while (s->out.len + SESSION_LENGTH_LEN + SESSION_SEALED_MAX <= SESSION_OUT_MAX && seal_next(s))
        ;
    if (buffer_error(&s->out))
        session_finish(s, ERR_MEMORY, "out of memory");
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
        session_finish(s, ERR_VERSION, SESSION_NOT_THE_BEST);
    else if (s->state == CLOSING && s->handshake.refuses)
        session_finish(s, ERR_VERSION, "it speaks a version of the protocol that we do not");
    else if (s->state == CLOSING && !s->close_due)
        session_finish(s, ERR_OK, "closed by this side");
}
