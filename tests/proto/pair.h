/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_PROTO_PAIR_H
#define TESTS_PROTO_PAIR_H

/* Two sessions in one process, and a peer made of bare Noise that can send any record.  All keys are fixed. */

#include "proto/frame.h"
#include "proto/noise.h"
#include "proto/session.h"

#define TRACE_MAX 65536

/* Options of a side; `expect` names the responder's key when `initiator`.  Lent until the next call. */
struct session_options *pair_options(bool initiator);

/* A session with what it told, one event a line, and what it wrote. */
struct side {
    struct session *session;
    uint64_t now;
    struct buffer written; /* Not yet taken by pair_pump(). */
    struct buffer trace;   /* "opened", "live 10 5 <hash>", "closed 0" ... */
    size_t chunk;          /* Bytes handed over at a time, 0 for all. */
    bool deaf;             /* Does not ask for events. */
};

void side_begin(struct side *side, const struct session_options *options);
void side_end(struct side *side);

/* Hands bytes over as a node does; returns how many were taken. */
size_t side_feed(struct side *side, struct bytes in);

/* Asks for events and bytes until there are none. */
void side_turn(struct side *side);
bool side_is(struct side *side, const char *trace);

/* What each of a pair tells when it opens. */
#define OPENED_BY_CALLER "opened caller/1\n"
#define OPENED_BY_RESPONDER "opened responder/1\n"

/* Two sessions before the handshake; the same after it, with empty traces. */
void pair_begin(struct side *caller, struct side *responder);
void pair_open(struct side *caller, struct side *responder);
void pair_end(struct side *caller, struct side *responder);

/* Carries bytes both ways until nothing moves. */
void pair_pump(struct side *a, struct side *b);

/* A peer of bare Noise. */
struct raw {
    struct noise noise;
    struct noise_cipher send, receive;
    struct buffer wire; /* The last record sealed. */
};

/* Goes through the handshake with a session of the other role, up to and with its HELLO. */
void raw_open(struct raw *raw, struct side *side, bool initiator);
void raw_end(struct raw *raw);

/* Seals any plain text as a record; the record of a frame.  Lent until the next call. */
struct bytes raw_seal(struct raw *raw, struct bytes plain);
struct bytes raw_frame(struct raw *raw, uint8_t type, uint8_t flags, uint16_t stream, struct bytes body);

/* Opens the next record in what the side wrote, and takes it out.  False when there is none whole. */
bool raw_next(struct raw *raw, struct side *side, struct buffer *plain, struct frame *frame);

/* A HELLO of version range 1 to 1. */
struct bytes raw_hello(void);

#endif
