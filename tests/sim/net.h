/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_NET_H
#define TESTS_SIM_NET_H

/*
 * Connections as TCP makes them: ordered bytes in two directions, with latency, bandwidth and a window; they stall, are
 * cut after any byte, stay half open, and are handed over in pieces of any size.
 */

#include "proto/bytes.h"
#include "tests/sim/random.h"

#define NET_CHUNKS 64

struct world;

struct pipe {
    uint8_t *at; /* In flight, and arrived but not taken. */
    size_t len, size, arrived;
    struct {
        size_t len;
        uint64_t arrives;
    } chunks[NET_CHUNKS];
    size_t chunk_count;
    uint64_t last_arrival;
    uint64_t stalled_until;
    uint64_t total;   /* Bytes ever sent. */
    bool deaf;        /* What is written goes nowhere. */
    bool ends;        /* After what is in it the reader sees the end. */
    bool was_full;
};

struct connection {
    uint32_t number;
    uint32_t actors[2]; /* 0 called 1. */
    bool there[2];      /* That side has it still. */
    bool told[2];       /* That it has ended. */
    bool established;
    uint64_t begun;
    uint64_t latency;   /* One way, in ms. */
    uint64_t bytes_per_ms;
    size_t window;
    bool choppy;
    struct pipe pipes[2];     /* From side 0, from side 1. */
    uint64_t quiet_bytes[2]; /* `total` of each when all was quiet. */
};

/* The id of a side towards its replica or session. */
static inline uint32_t net_id(const struct connection *c, int side)
{
    return c->number * 2 + (uint32_t)side;
}

/* Calls `to`; NULL when too many connections were made. */
struct connection *net_call(struct world *w, uint32_t from, uint32_t to);
void net_free(struct world *w);

/* The events that net.c asks for. */
void net_arrive(struct world *w, uint32_t number);   /* The call reaches the other side. */
void net_answer(struct world *w, uint32_t number, bool accepted);
void net_deliver(struct world *w, uint32_t number, int side);

/* Moves what an actor wants to send into its pipes; true when something moved. */
bool net_flush(struct world *w, uint32_t actor);
/* Hands an actor what has arrived for it; true when it took something. */
bool net_feed(struct world *w, uint32_t actor);

/* One side is gone: the other sees the end after what is under way, or (silently) nothing. */
void net_leave(struct world *w, struct connection *c, int side, bool silently);
/* Both sides see the end, after at most some of what is under way. */
void net_cut(struct world *w, struct connection *c);
/* Whether bytes pass from one actor to another now. */
bool net_passes(const struct world *w, uint32_t from, uint32_t to);

#endif
