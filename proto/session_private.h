/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_SESSION_PRIVATE_H
#define PROTO_SESSION_PRIVATE_H

/* The inside of a session, shared by session.c (its life), session_in.c (what the peer sends) and session_out.c (what we send). */

#include "proto/credit.h"
#include "proto/handshake.h"
#include "proto/hello.h"
#include "proto/inbox.h"
#include "proto/limits.h"
#include "proto/outbox.h"
#include "proto/session.h"

#define SESSION_LENGTH_LEN 2
#define SESSION_SEALED_MAX (LIMIT_RECORD + NOISE_TAG_LEN)
#define SESSION_OUT_MAX KIB(64) /* Sealed at a time: what is sealed cannot be overtaken any more. */
#define SESSION_NOT_THE_BEST "the version in use is not the best that both speak"

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
    uint64_t bulk_come;
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

/* Ends the session.  A message that waits or is lent, and the sealed bytes that the caller may hold, outlive it. */
void session_finish(struct session *s, enum err cause, const char *reason);
/* The handshake is done: each direction has its key. */
void session_begin_records(struct session *s);
/* After each record of a direction. */
void session_step_key(struct noise_cipher *cipher);

#endif
