/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_PEER_H
#define NODE_PEER_H

/*
 * One TCP connection, called or accepted, which is one connection of the replica: it moves bytes and does not know what
 * they mean.  Whatever happens to it ends in driver_run().
 */

#include "node/dialer.h"
#include "node/gate.h"
#include "node/running.h"

#define PEER_WRITE KIB(32)           /* Handed to the kernel at a time: a live record waits behind no more than this. */
#define PEER_CALL_MS 10000           /* For finding and reaching a host. */
#define PEER_PROBE_MS 15000          /* After so long a silence its host is asked whether it is there: by the kernel, without a byte of ours. */
#define PEER_GONE_MS 30000           /* A host that acknowledges nothing for so long is gone. */
#define PEER_STALL_PAUSE_MS 5000     /* A peer that takes nothing for so long is not listened to, ... */
#define PEER_STALL_CUT_MS 60000      /* ... and after this it is cut off. */
#define PEER_FINISH_MS 3000          /* For what is still on its way out when the session has ended. */

struct peer {
    struct peer *next;
    struct node *node;
    uint32_t connection;

    bool called;             /* Else it called us. */
    bool connected;          /* The replica knows it. */
    bool open;               /* It has proven who it is ... */
    uint64_t opened_ms;      /* ... when its clock said what replica_peer() tells ... */
    struct id channel;       /* ... namely the holder of this; while a call is under way, who is expected. */
    uint8_t version;         /* Of the protocol, of a call; 0: our best. */
    bool half_open;          /* It counts at the gate, under `address`. */
    struct gate_address address;
    char text[64];           /* Numeric host:port, for people. */

    uv_tcp_t tcp;
    uv_getaddrinfo_t resolve;
    uv_connect_t connect;
    uv_write_t write;
    struct addrinfo *addresses, *tried;
    enum dialer_failure failure; /* Of the addresses tried so far. */
    bool resolving, has_handle, reading, writing, finishing, closing;

    struct buffer in;        /* Read, and not yet taken by the replica. */
    struct buffer out;       /* On its way to the kernel while `writing`. */
    uint64_t received;       /* Bytes. */
    uint64_t equal_entries;  /* What we had when it was last logged that it has the same. */
    uint64_t due_ms;         /* When peer_expire() has something to do. */
    uint64_t write_since_ms;
};

/* Calls a contact, which the dialer counts as being dialled. */
void peer_call(struct node *node, const struct contact *contact);

/* Accepts what waits at a listener, or turns it away. */
void peer_accept(struct node *node, uv_stream_t *listener);

/* Offers held input to the replica again; true when it took some. */
bool peer_offer(struct peer *peer, uint64_t now);

/* Writes what the replica has for it, as far as the kernel takes it at once; true when something was taken. */
bool peer_flush(struct peer *peer, uint64_t now);
bool peer_flush_all(struct node *node, uint64_t now); /* The same of all. */

/* The session ended: what is on its way still goes out, then the socket is closed. */
void peer_finish(struct peer *peer, uint64_t now);

/* The gate's part is over: the session is open, or gone. */
void peer_leave_gate(struct peer *peer);

/* Whether the node with this channel key is connected and holds the same as we. */
bool peer_is_equal(const struct node *node, const struct id *channel);

/* Contacts of which it is not known yet what they hold. */
size_t peer_count_unheard(const struct node *node);

uint64_t peer_deadline(const struct peer *peer);
void peer_expire(struct peer *peer, uint64_t now);

#endif
