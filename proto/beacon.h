/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_BEACON_H
#define PROTO_BEACON_H

/*
 * What a node says on its own network about where it is (docs/PROTOCOL.md, 1.5): one datagram, sealed under the network's id,
 * so that to whoever does not know that it is random bytes, and signed by the node's key.
 */

#include "proto/buffer.h"
#include "proto/sshsig.h"

#define BEACON_SALT_LEN 16
#define BEACON_LEN 138
#define BEACON_BURST 32       /* Datagrams that are looked at at once, ... */
#define BEACON_PER_SECOND 8   /* ... and how many after that: anybody may send them. */
#define BEACON_NODES 128      /* Whose last one is remembered; those that were silent longest are forgotten. */
#define BEACON_AGAIN_MS 600000 /* After this one that is not newer counts again: its sender's clock was set back. */

struct beacon {
    struct id node;
    uint64_t clock_ms; /* Of the sender's wall clock: later in each. */
    uint16_t port;     /* Where it is called, at the address that the datagram came from. */
    struct signature signature;
    uint8_t salt[BEACON_SALT_LEN]; /* Fresh random bytes. */
};

/* Signs and appends BEACON_LEN bytes.  `node` and the signature are filled in. */
void beacon_write(struct buffer *out, const struct id *network, const struct signing_key *key, struct beacon *beacon);

/* ERR_FORMAT: it is none of this network.  Its signature is not looked at: who is no granted node costs no more than this. */
enum err beacon_open(struct bytes datagram, const struct id *network, struct beacon *beacon);
/* ERR_AUTH. */
enum err beacon_verify(const struct beacon *beacon, const struct id *network);

/* Bounds what datagrams cost, and lets the same one in but once. */
struct beacon_guard {
    uint64_t filled_ms;
    unsigned tokens;
    bool is_filled;
    struct beacon_heard {
        struct id node;
        uint64_t clock_ms, heard_ms;
        bool is_used;
    } heard[BEACON_NODES];
};
/* Before it is opened: whether there is time for it. */
bool beacon_guard_admits(struct beacon_guard *guard, uint64_t now);
/* After it is verified: whether it says something new. */
bool beacon_guard_is_news(struct beacon_guard *guard, const struct beacon *beacon, uint64_t now);

#endif
