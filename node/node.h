/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_NODE_H
#define NODE_NODE_H

/*
 * The running node: it owns the event loop, the archive, the replica and the connections, and decides nothing that the
 * replica (proto/replica.h) can decide.
 */

#include "proto/buffer.h"
#include "proto/invitation.h"

#define NODE_REASON 320
#define NODE_PEER_PORT 8610
#define NODE_READER_PORT 8611
#define NODE_SYNC_TIMEOUT_S 30

struct node;

struct node_serve {
    const char *home;
    const char *listen; /* ADDR:PORT, [ADDR]:PORT; NULL: of the configuration, or all addresses, NODE_PEER_PORT. */
    const char *http;   /* Likewise for the reader, NODE_READER_PORT. */
    bool no_http;       /* Start no reader. */
    bool no_discovery;  /* Neither tell nor hear on the local network who is here. */
    int ready_fd;       /* Gets "ready\n" once all listens; -1: stdout does. */
};

/*
 * Runs the node until SIGTERM, SIGINT or CONTROL_STOP.  ERR_BUSY: another process holds the home; ERR_MISSING: no archive
 * or no node key here; ERR_EXISTS: the port is in use.  `reason` tells, for people.
 */
enum err node_serve(const struct node_serve *options, char reason[NODE_REASON]);

struct node_sync {
    const char *home;
    const char *peer;    /* CHANNELKEY@HOST:PORT, a configured peer's key or address; NULL: all configured peers. */
    unsigned timeout_s;  /* Without anything that comes (node/patience.h); 0: NODE_SYNC_TIMEOUT_S. */
};
struct node_sync_result {
    size_t peers, reached, equal;
    bool interrupted; /* By SIGINT. */
};

/*
 * Without a running node: dials, until all reachable peers are equal or nothing came for so long.  ERR_BUSY: a node runs here, ask
 * it by control_request().  ERR_TIMEOUT: not all were equal in time, or no such peer is known: `result` tells.
 * ERR_MISSING: there is no archive.
 */
enum err node_sync(const struct node_sync *options, struct node_sync_result *result, char reason[NODE_REASON]);

/* Notes a node in the configuration as one to call; one that is there already stays.  ERR_MEMORY, ERR_IO ... */
enum err node_remember(const char *home, const struct id *channel, const char *address);

/*
 * Joins: dials the node that the invitation names, shows it our own first entries (durable in the archive already), gets
 * the charter and everything else, and notes that node as a peer in the configuration.  The caller does not hold the
 * home's lock.  ERR_EXISTS: the invitation was used before.  ERR_TIMEOUT: nobody answers there, or nothing came for
 * `timeout_s`; it may be tried again, now
 * or later by `igum serve`.
 */
enum err node_join_contact(const char *home, const struct invitation *invitation, unsigned timeout_s,
                           char reason[NODE_REASON]);

#endif
