/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_SESSION_H
#define PROTO_SESSION_H

/*
 * One authenticated, encrypted connection to a peer (docs/PROTOCOL.md, part 1).
 *
 * A session does no I/O, reads no clock and draws no randomness.  After every wake-up its caller, in this order,
 *     hands over what the socket read         session_receive()
 *     acts on what that meant, until idle     session_next()
 *     writes what waits to be sent            session_output(), session_sent()
 *     sets the session's one timer            session_deadline(), session_expire()
 * Every `now` is in milliseconds of one monotonic clock.
 *
 * What a peer does wrong is never a return code: it ends the session, and the caller learns of it as SESSION_CLOSED.
 */

#include "proto/bytes.h"
#include "proto/error.h"
#include "proto/id.h"
#include "proto/noise.h"

#define SESSION_SEED_LEN 32
#ifndef SESSION_VERSION_MAX /* The tests build a program of the next version. */
#define SESSION_VERSION_MIN 1
#define SESSION_VERSION_MAX 1
#endif
#define SESSION_SUITE 1
#define SESSION_FIRST_MESSAGE 0x10 /* Lower record types are the session's own. */
#define SESSION_SOFTWARE_MAX 64

struct session_versions {
    uint8_t min, max;
};
struct session_versions session_versions(void); /* Of the protocol, that this program speaks. */

enum session_stream {
    SESSION_LIVE = 0,
    SESSION_BULK = 1,
    SESSION_FILES = 2, /* Attachments: after everything else, and only with the receiver's credit. */
    SESSION_STREAMS = 3
};

struct session;

struct session_options {
    bool initiator;
    struct id network;
    const struct noise_key_pair *channel; /* Own channel key pair.  Copied. */
    const struct id *expect;              /* The peer's channel key, NULL exactly for a responder.  Copied. */
    const char *software;                 /* Name and version, at most SESSION_SOFTWARE_MAX bytes.  Copied. */
    uint8_t seed[SESSION_SEED_LEN];       /* Fresh random bytes, never used twice.  Copied. */
    uint8_t version; /* Of the protocol, for an initiator: the best that both are known to speak; 0: our best. */
    uint8_t version_min, version_max; /* That we speak; 0: those of this program. */
    uint64_t clock_ms; /* What our clock on the wall says, for the peer's people; 0: it is not told. */
};

struct session_peer {
    struct id channel; /* Proven by the handshake. */
    uint8_t version_min, version_max;
    uint64_t clock_ms; /* What its clock on the wall said when it made its HELLO, by the minute, as a claim. */
    char software[SESSION_SOFTWARE_MAX + 1]; /* Printable ASCII; other bytes are '?'. */
};

enum session_event_kind {
    SESSION_IDLE,    /* Nothing more until bytes come or the deadline passes. */
    SESSION_OPENED,  /* Handshake and HELLO are done: `peer` is lent until session_free(). */
    SESSION_MESSAGE, /* `type`, `stream` and `payload`, lent until the next call on this session. */
    SESSION_CLOSED,  /* Final, told once.  `cause` is ERR_OK after a goodbye of either side, ERR_IO after a cut, ERR_VERSION where
                          `peer` tells which versions the other side speaks, if it told (0: not). */
};

struct session_event {
    enum session_event_kind kind;
    const struct session_peer *peer;
    uint8_t type;
    enum session_stream stream;
    struct bytes payload;
    enum err cause;
};

/* Returns a session for the caller to free, or NULL when memory is out. */
struct session *session_new(const struct session_options *options, uint64_t now);

/* Wipes the keys and frees the session.  Accepts NULL. */
void session_free(struct session *s);

/* Returns how many bytes it took; offer the rest again once session_next() is idle. */
size_t session_receive(struct session *s, struct bytes in, uint64_t now);

/* Tells that the stream ended: SESSION_CLOSED follows (ERR_IO unless one side had said goodbye). */
void session_cut(struct session *s);

/* Returns the next thing that happened. */
struct session_event session_next(struct session *s);

/* The type of the message that session_next() will return, 0 when that is something else or nothing. */
uint8_t session_waits(const struct session *s);

/*
 * Queues a copy of one message of a type from SESSION_FIRST_MESSAGE on.  Live messages overtake bulk ones between
 * records.  ERR_LIMIT: the stream's queue holds LIMIT_OUTPUT already, so that one message of any permitted size
 * (LIMIT_MESSAGE live, LIMIT_MESSAGE_BULK bulk, LIMIT_MESSAGE_FILE files) is always taken into an empty queue.  ERR_IO: the session is closing
 * or closed.  ERR_MEMORY.  A small first live message rides in our HELLO when it is queued before that is written: at
 * once by a caller, and by a responder after SESSION_OPENED, which comes before its HELLO leaves.
 */
enum err session_send(struct session *s, enum session_stream stream, uint8_t type, struct bytes payload);

/* Bytes queued and not yet sealed on a stream, with a header for each message: bulk is supplied when this is 0. */
size_t session_queued(const struct session *s, enum session_stream stream);

/* Permits messages up to LIMIT_MESSAGE_BULK to begin on SESSION_BULK while an answer is awaited, else LIMIT_MESSAGE. */
void session_expect_bulk(struct session *s, bool expected);

/* How many bytes came on SESSION_BULK. */
uint64_t session_bulk_come(const struct session *s);

/* Gives the peer credit for SESSION_FILES, again and again, as long as answers of that kind are awaited. */
void session_expect_files(struct session *s, bool expected);
/* How many bytes came on SESSION_FILES. */
uint64_t session_files_come(const struct session *s);

/*
 * Says goodbye with a code (0: nothing is wrong) behind the live messages queued, and closes once it is written.  Bulk
 * that is not sealed yet is dropped, and so is what the peer still sends.
 */
void session_close(struct session *s, uint8_t code);

/*
 * Lends the bytes to write, sealed now, until session_sent() has dropped them all or session_free(): more are sealed
 * only after that.  session_sent() drops the first `count` of them.
 */
struct bytes session_output(struct session *s, uint64_t now);
void session_sent(struct session *s, size_t count);

/* Returns when session_expire() is due, UINT64_MAX for never. */
uint64_t session_deadline(const struct session *s);
void session_expire(struct session *s, uint64_t now);

/* Bytes of memory held for this peer. */
size_t session_memory(const struct session *s);

/* What the peer said of itself so far; zeros: nothing. */
struct session_peer session_peer_of(const struct session *s);

/* Says why the session closed, for the log: a static string, never NULL. */
const char *session_reason(const struct session *s);

#endif
