/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_GATE_H
#define NODE_GATE_H

/*
 * Who may knock: bounds the connections that have proven nothing yet, for each address and in all, and how fast they come.
 * Pure: the address is 16 bytes, the time an argument.
 */

#include "proto/bytes.h"

#define GATE_HALF_OPEN 64            /* Connections before the handshake, in all: 128 KiB of memory. */
#define GATE_HALF_OPEN_ADDRESS 16    /* Of one address: an office behind one router has a few nodes. */
#define GATE_BURST 64                /* Knocks of one address at once ... */
#define GATE_PER_SECOND 8            /* ... and how fast they may come after that. */
#define GATE_ADDRESSES 256           /* Addresses remembered: the one that was quiet longest is forgotten first. */

struct gate_address {
    uint8_t at[16]; /* IPv6, or IPv4 mapped into it; of IPv6 only the first 8 bytes are looked at: one subscriber's network. */
};

struct gate;

struct gate *gate_new(void); /* NULL when memory is out. */
void gate_free(struct gate *g);

/* Says whether this connection may stay; if so, gate_leave() must follow when its handshake is done or it is closed. */
bool gate_enter(struct gate *g, const struct gate_address *address, uint64_t now);
/*
 * Whether it would be let in if only one of all those that are half open were not: the one that waits longest is to be
 * turned out for it then, or a few who hold all places silently would keep everybody out.
 */
bool gate_is_crowded(struct gate *g, const struct gate_address *address, uint64_t now);
size_t gate_half_open(const struct gate *g);
void gate_leave(struct gate *g, const struct gate_address *address);

#endif
