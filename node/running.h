/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_RUNNING_H
#define NODE_RUNNING_H

/* What a running node consists of, for the files that make it run: node.c, driver.c, peer.c and state.c. */

#include "node/caution.h"
#include "node/dialer.h"
#include "node/gate.h"
#include "node/node.h"
#include "node/storer.h"
#include "proto/replica.h"
#include "store/files.h"

#include <uv.h>

#define RUNNING_LISTENERS 2 /* IPv4 and IPv6. */

struct control;
struct discovery;
struct errand_desk;
struct peer;
struct receipt_file;
struct reader_process;
struct settler;
struct tender;

struct node {
    const char *home;
    uv_loop_t loop;
    uv_timer_t timer;
    uv_signal_t terminated, interrupted;
    uv_tcp_t listeners[RUNNING_LISTENERS];
    size_t listener_count;
    struct files_lock lock;
    bool is_locked;

    struct storer *storer;         /* Has the archive. */
    struct replica *replica;
    struct dialer *dialer;
    struct gate *gate;
    struct control *control;       /* NULL unless serving. */
    struct reader_process *reader; /* Likewise. */
    struct errand_desk *desk;      /* Likewise: what the reader may ask. */
    struct discovery *discovery;   /* Likewise, and where it is switched off. */
    struct tender *tender;         /* Likewise. */
    struct settler *settler;       /* Likewise. */
    struct peer *peers;
    size_t peer_count;
    uint64_t stranger_due_ms;      /* When the log tells again of a caller that proved nothing, */
    uint64_t strangers_untold;     /* and how many it did not tell of. */
    uint32_t last_connection;

    struct id channel;             /* Our own channel key's public half. */
    struct id key;                 /* Our node key. */
    uint64_t since_ms;             /* Wall clock. */
    char listen[300];              /* For people. */
    char trouble[NODE_REASON];     /* Why nothing is taken in any more; empty: all is well ... */
    enum err trouble_cause;        /* ... and ERR_FULL: it can become well again, looked for at ... */
    struct crew *crew;
    uint64_t index_due_ms;            /* When the index of large batches is written: UINT64_MAX, there is none. */
    bool governance_is_new;        /* Of what was stored while trust was ahead of it, ... */
    bool unjudged;                 /* ... and documents changed whose states are not written yet. */
    uint64_t revive_ms;            /* ... this time, UINT64_MAX: not at all. */
    char refusal[NODE_REASON];     /* What the last peer that refused us said ... */
    enum err refusal_cause;        /* ... and why. */
    struct caution caution;        /* With own new entries. */
    struct {                       /* The bundle of others that is being taken in (node/request.h, node/lone.h): */
        uint64_t tag, left_out;    /* entries that rest on what is not here; */
        enum err outcome;          /* and what became of it. */
    } import;
    bool learns;                   /* Contacts follow what granted nodes sign (node/address_book.h), ... */
    bool book_is_stale;            /* ... and may be behind it; looked at again at ... */
    uint64_t book_ms;              /* ... this time. */
    struct advertise {             /* Where this node can be called (node/advertise.h). */
        uint64_t due_ms;           /* 0: it is told to nobody. */
        uint64_t paid_ms;          /* What it told by now is no more than one entry each ten minutes until then. */
        bool is_pending;           /* It differed at the last look, ... */
        size_t pending_count;      /* ... when it was these. */
        char pending[LIMIT_ADDRESSES][LIMIT_ADDRESS + 1];
        struct head signed_head;   /* What was signed last. */
    } advertise;
    struct receipt_file *receipts; /* NULL: it cannot be written (keeper.c). */
    struct id world_root;          /* The governance root for which its members were written. */
    uint64_t complete_ms;          /* When it was written that another node has the same. */
    bool driving, stop_asked, stopping, was_interrupted;
    uint64_t stop_ms;              /* When stopping does not wait any longer. */

    /* A verb that syncs or joins watches, after every wake-up, whether it is done. */
    bool (*is_done)(struct node *node, void *context);
    void *context;
};

/* Opens all but the network, under the home's lock; running_run() must follow before running_close().  Errors of node_serve(). */
enum err running_open(const char *home, struct node **opened, char reason[NODE_REASON]);
void running_run(struct node *node); /* Until it is told to stop. */
void running_close(struct node *node);

#endif
