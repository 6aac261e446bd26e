/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_LINK_H
#define PROTO_LINK_H

/*
 * What one connection is in the middle of: what the peer told that it has, what we asked of it, and what it asked of us.
 * A link holds state and answers questions about it; replica.c acts.
 */

#include "proto/frontier.h"
#include "proto/limits.h"
#include "proto/message.h"
#include "proto/missing.h"
#include "proto/session.h"
#include "proto/trust.h"
#include "proto/walk.h"

enum link_state {
    LINK_HANDSHAKE, /* Nobody is proven yet. */
    LINK_PROBATION, /* A caller that nothing we know grants: it may show us why it should be. */
    LINK_OPEN,
    LINK_CLOSING, /* Only what is queued goes out. */
};

struct link_told { /* A tip as the peer told of it. */
    struct message_item item;
    uint64_t
        asked_from; /* Where it would be joined to what we have, when we last asked; the same again: it did not help. */
    unsigned tries; /* Each goes back further. */
    bool here;      /* We have it. */
    bool given_up;
};

/* Receipts on a link (talk_receipt.c); nodes go by their places in the replica's receipts. */
struct link_receipts {
    uint64_t *numbers; /* By place: the newest that it is known to have. */
    size_t size;
    bool open;       /* What it has is known, so that it is told what is new. */
    uint64_t due_ms; /* When that is told, and asked. */
    size_t asked[LIMIT_RECEIPT_ASKS], asked_count, answered;
    struct buffer in; /* An answer that is not whole yet. */
    size_t wanted[LIMIT_RECEIPT_ASKS], wanted_count, wanted_next;
    struct id base;    /* What those who ask have. */
    struct buffer out; /* The rest of an answer. */
    bool doubted;      /* It did not give what it signed that it has. */
    uint64_t trusted;  /* The number of its own receipt when it was last asked for contents. */
    uint64_t asked_after; /* Only contents of a greater serial were asked for then, */
    bool knew_the_same;   /* and its root was ours. */
    bool answered_now; /* It has answered, and the last of it is on its way to the disk. */
};

struct link_file { /* A chunk that was asked for and has not come. */
    uint32_t request;
    struct id digest;
    uint64_t size;
    size_t chunk; /* WANTED_LIST: the list. */
    bool given_up; /* It may be asked of others. */
};

struct link {
    uint32_t connection;
    enum link_state state;
    bool initiator;
    struct session *session;
    struct trust_key peer;
    enum err cause; /* Why we close it; ERR_OK leaves the session's own cause. */
    const char *reason;
    uint64_t opened_ms;    /* When it became LINK_OPEN. */
    uint64_t heard_ms;
    uint64_t probation_ms; /* When it ends. */
    size_t shown;          /* Bytes that it showed. */
    bool opened; /* REPLICA_OPENED was told.  What is asked before the other side has let us in is not heard, nor answered. */

    /* what it has */
    struct link_told *told; /* In order of log, seq and tag. */
    size_t told_count, told_size;
    struct walk walk;   /* It is being asked for what it has, by its trie. */
    bool told_whole;    /* What it told was all that it has. */
    bool has_theirs, equal;
    bool in_step; /* It has all that we have, contents too, as far as it may: told by equal roots, and by pushes since. */
    struct message_roots theirs;

    /* what we told */
    bool show_due; /* Unless its HELLO tells roots: then it knows us. */
    bool roots_due;
    uint64_t roots_ms;                    /* When they are due again. */
    struct id told_root;                  /* Our frontier root when we last sent ROOTS ... */
    struct id all_ours, all_theirs;       /* ... and the pair for which we told all: our VECTOR, or the top of our trie ... */
    struct id points_ours, points_theirs; /* ... or our POINTS ... */
    struct id delta_ours, delta_theirs;   /* ... or our DELTA. */
    unsigned answers_left;                /* So often it may ask what is below that top. */

    /* what we asked */
    bool want_due;    /* Something changed: look whether there is something to ask. */
    bool reconciling; /* Roots have to be compared when there is nothing more to ask. */
    bool waiting;
    bool more; /* Of the answer that came last, more follows. */
    bool gained; /* What came is news for others. */
    uint32_t request;
    struct buffer got;     /* The end of the last bundle that answered it. */
    uint64_t asked_serial; /* Contents up to this serial were asked for. */
    uint64_t progress_ms;

    /* what it asked */
    bool serving, reading, serve_content;
    uint32_t serve_request;
    struct message_range serve[LIMIT_RANGES];
    size_t serve_count, serve_index, serve_entries;
    struct buffer bundle; /* The answer being filled. */
    size_t fill;          /* Bytes at which the present answer is full. */
    struct buffer served; /* The end of the one before it, in the same request. */
    bool bundle_open, full;

    struct link_receipts receipts;

    /* attachments, both ways: talk_file.c */
    unsigned place; /* What it is known by to the files that are wanted. */
    bool files_due; /* Something changed: look whether there is something to ask. */
    bool files_barred; /* It let an answer wait: nothing is asked of it until link_hope(). */
    struct link_file asked[LIMIT_FILE_ASKS];
    size_t asked_count;
    uint64_t files_ms, files_come; /* When the last answer went on, and how far it was then. */
    struct message_want_file asking[LIMIT_FILE_ASKS]; /* What it asks for, oldest first. */
    size_t asking_count;
    bool file_reading; /* The first of them is being read. */
};

struct link *link_new(uint32_t connection, bool initiator,
                      struct session *session); /* NULL when memory is out; else owns the session. */
void link_free(struct link *l);

/* Notes a tip that the peer told.  ERR_LIMIT, ERR_MEMORY. */
enum err link_told_of(struct link *l, const struct message_item *item);
/* Notes an entry of which it told otherwise: the peer pushed it, or it was pushed to it; `prev` is the one before (zeros at seq 1). */
enum err link_told_entry(struct link *l, const struct id *log, uint64_t seq, const struct id *entry,
                         const struct id *prev);
/* Whether the peer is known to have an entry.  `forks`: its log has several tips, so that a later entry tells nothing. */
bool link_has(const struct link *l, const struct id *log, uint64_t seq, const struct id *entry, bool forks);
/* The newest seq of a log that it told of; 0: none. */
uint64_t link_newest(const struct link *l, const struct id *log);
void link_forget_told(struct link *l);
/* Notes tips, in any order, in the place of all that it told before.  ERR_MEMORY. */
enum err link_told_all(struct link *l, const struct message_item items[], size_t count);

/*
 * Fills `ranges` with what the peer has and we lack: forks and governance logs as long as there is any, then the others.  It is
 * asked for from where it should join what we have; when that did not help, from further back; and at last it is given up
 * until link_hope().
 */
size_t link_ranges(struct link *l, const struct frontier *frontier, struct message_range ranges[LIMIT_RANGES]);
/* The same for contents that were not asked of this peer yet. */
size_t link_contents(struct link *l, const struct missing *missing, struct message_range ranges[LIMIT_RANGES]);
void link_hope(struct link *l);

/* How many entries it lacks, as far as known. */
uint64_t link_behind(const struct link *l, const struct frontier *frontier);

#endif
