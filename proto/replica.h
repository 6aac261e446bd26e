/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_REPLICA_H
#define PROTO_REPLICA_H

/*
 * One node's whole judgement, without sockets, files, clock or chance (docs/PROTOCOL.md, part 2): its sessions, what it
 * has and trusts, what it asks of each peer, what it passes on, and when a publication may be called published.
 * The running node and the simulator drive the same code:
 *
 *     bytes came, a stream ended, time passed     replica_receive(), replica_cut(), replica_expire()
 *     act on what that meant, until idle          replica_next()
 *         REPLICA_STORE  make the items durable   replica_stored()
 *         REPLICA_READ   read entries, contents   replica_supply() ..., replica_supply_end()
 *     write each connection's output              replica_output(), replica_sent()
 *     set one timer                               replica_deadline()
 *
 * A connection is a small number chosen by the caller.  Every `now` is in milliseconds of one monotonic clock.
 */

#include "proto/frontier.h"
#include "proto/item.h"
#include "proto/parallel.h"
#include "proto/receipts.h"
#include "proto/recent.h"
#include "proto/session.h"
#include "proto/trust.h"
#include "proto/wanted.h"

struct replica;

struct replica_options {
    struct id network;
    struct bytes charter;                 /* Copied.  Empty: a newcomer that still has to ask for it. */
    const struct noise_key_pair *channel; /* Copied. */
    struct id node;
    uint64_t store_id;
    const char *software;   /* Copied. */
    uint8_t version_min, version_max; /* Of the protocol that it speaks; 0: those of this program. */
    frontier_find_fn *find; /* Questions that are asked by a call: see proto/frontier.h ... */
    void *find_context;
    recent_read_fn *read; /* ... and proto/recent.h, of the same context; NULL: pushes are not compressed against what is there. */
    wanted_state_fn *file_state; /* Likewise: what of an attachment is here.  NULL: nothing ever is. */
    const struct parallel *parallel; /* Lent: what verifies several signatures at once; NULL: one after the other. */
    bool on_demand;              /* Attachments are asked for by replica_want_file() alone. */
    bool forgetful;              /* No state of the past is known, as to a node that was away for too long. */
    bool small_trie;             /* Few logs are told as many are: by a trie, and a deep one. */
    bool small_answers;          /* Little that is asked for comes in many parts, as much does. */
};

struct replica *replica_new(const struct replica_options *options);
void replica_free(struct replica *r);

/* ---- what the store holds already; before the first connection ---- */
enum err replica_load_head(struct replica *r, const struct head *head); /* Every tip. */
/* Every entry, in any order; its signature is looked at only while the charter is not known. */
enum err replica_load_entry(struct replica *r, const struct entry *entry, const struct id *id);
/* An entry whose content is not here, after all of the above.  One that this node may not hold is not asked for. */
enum err replica_load_missing(struct replica *r, const struct entry *entry, const struct id *id);
/* An attachment that a content here names and that is not here: asked for, unless they are on demand, and told in receipts. */
enum err replica_load_absent(struct replica *r, const struct entry *entry, const struct id *id, const struct id *digest,
                             uint64_t size);
/*
 * What this node shows to those that may not know it yet: a bundle of the entries that trust_enrolment() names, at most
 * LIMIT_SHOW.  Copied, without the contents that are only for its kibbutz.  ERR_LIMIT: too large; then others must hear of this node from their neighbours first.
 */
enum err replica_load_enrolment(struct replica *r, struct bytes bundle);

/* ---- connections ---- */
struct replica_connection {
    bool initiator;
    struct id expect;               /* The channel key of the node that is called; unused by a responder. */
    uint8_t version;                /* Of the protocol, for an initiator: see struct session_options. */
    uint64_t clock_ms;              /* What the clock on the wall says, which the peer is told. */
    uint8_t seed[SESSION_SEED_LEN]; /* Fresh random bytes. */
};
/* The own channel key has changed: handshakes from now on use the new one; open sessions go on. */
void replica_set_channel(struct replica *r, const struct noise_key_pair *channel);

enum err replica_connect(struct replica *r, uint32_t connection, const struct replica_connection *how, uint64_t now);
size_t replica_receive(struct replica *r, uint32_t connection, struct bytes in, uint64_t now);
void replica_cut(struct replica *r, uint32_t connection);                          /* The stream ended or broke. */
void replica_close(struct replica *r, uint32_t connection);                        /* Say goodbye and close. */
struct bytes replica_output(struct replica *r, uint32_t connection, uint64_t now); /* Lent until the next call. */
void replica_sent(struct replica *r, uint32_t connection, size_t count);

/* ---- publishing ---- */
/*
 * Takes a bundle (before compression) of own new entries with their contents; REPLICA_PUBLISHED with `tag` tells the outcome.
 * Nothing of it leaves before it is durable.  On an error nothing of the bundle was taken.  ERR_GAP, ERR_EXISTS, ERR_FORK:
 * the log has moved on, sign again.  ERR_STRANGER: nothing grants that key this.  ERR_BUSY: a store is under way, call again when idle.
 */
enum err replica_publish(struct replica *r, uint64_t tag, struct bytes bundle);

/*
 * The same for entries of others that came by hand, as the two of a fork proof: what is here already and what nothing grants is
 * passed over, and a fork is no error.  ERR_EXISTS: all of it is here.  ERR_STRANGER, ERR_GAP: nothing of it could be taken.
 */
enum err replica_import(struct replica *r, uint64_t tag, struct bytes bundle);

/* Entries of the last import that rest on what is not here, and so were left out. */
size_t replica_left_out(const struct replica *r);

/* ---- events ---- */
enum replica_event_kind {
    REPLICA_IDLE,
    REPLICA_OPENED, /* `connection` is node `peer`. */
    REPLICA_CLOSED, /* `connection` is gone, by `cause` and `reason`; free its socket.  ERR_VERSION: `from`..`to` it speaks, 0: it did not say. */
    REPLICA_STORE,  /* Make `items`, or (not NULL) `chunk`, durable, then call replica_stored(); lent until then.  In this order, and there may be several. */
    REPLICA_READ,   /* Supply the entries `from`..`to` of `log` (or, if `content_only`, their contents) to `connection`:
                          those on the way to the entry at `to` whose id begins with `beginning`, or nothing. */
    REPLICA_READ_FILE, /* Supply a part of the attachment `digest` to `connection`, once, now or later: chunk `index`, or (`list`)
                          the list of its chunks' hashes; named by the content of the entry of `log` at `to` that begins with
                          `beginning`, or by none. */
    REPLICA_FILE,      /* The attachment `digest` is wholly here. */
    REPLICA_PUBLISHED, /* The publication `tag` is durable (cause ERR_OK), or failed. */
    REPLICA_ADVANCED,  /* Something new is durable: `items` is not lent any more, heads are. */
    REPLICA_CHARTER,   /* The charter came, and is the right one: `text`, lent until the next call.  Keep it. */
    REPLICA_EQUAL,     /* `connection` has the same roots as we. */
    REPLICA_FORK,      /* `log` was found to fork at `from`: one entry more for that seq is durable. */
    REPLICA_REFUSED,   /* `connection` refuses us, by `reason`, and says `text` (lent until the next call), for people. */
    REPLICA_SIGN,          /* The own receipt is due: replica_receipt(), sign it, make it durable, replica_receipt_kept(). */
    REPLICA_RECEIPTS,      /* Receipts of nodes are new: replica_next_receipt() tells whose. */
    REPLICA_CONTRADICTION, /* `connection` did not give the content of entry `digest`, at `from` of `log`, which it signed that it has. */
    REPLICA_BEHIND, /* A peer has entry `from` of this node's own log, and we have not: sign nothing before it is here. */
};

struct replica_event {
    enum replica_event_kind kind;
    uint32_t connection;
    struct trust_key peer;
    enum err cause;
    const char *reason; /* A static string. */
    const struct item *items;
    size_t item_count;
    bool more; /* More is on its way with them: nobody waits for these alone. */
    struct id log;
    uint64_t from, to;
    struct bytes beginning;
    bool content_only;
    uint64_t tag;
    struct bytes text;
    const struct file_chunk *chunk;
    struct id digest;
    bool list;
    size_t index;
};

struct replica_event replica_next(struct replica *r, uint64_t now);

/*
 * While one batch is on its way to the disk, at most so many next parts of its answer are taken in and handed over behind it: whoever
 * stores waits for the disk again and again, and whoever verifies must not wait with it.
 */
#define REPLICA_AHEAD 2

/*
 * Tells the outcome of the oldest REPLICA_STORE.  After an error nothing of it counts, nor of those after it, of which nothing may be
 * stored and nothing is told; and this replica takes nothing in any more (it goes on serving); when the store works again, the caller makes a new one.  ERR_FULL of a chunk only keeps attachments from
 * being asked for, for a minute: whoever stores leaves a reserve for what is signed.
 */
void replica_stored(struct replica *r, enum err err, uint64_t now);

/*
 * Until replica_stored() only the answer that the batch came with goes on: its next parts are verified, so that trust (replica_trust())
 * is ahead of the disk.  REPLICA_STORE hands each out at once, and then trust knows just what will be durable by it.
 */
bool replica_is_storing(const struct replica *r);

/*
 * Hands over one entry of the range asked for, in order of seq, with its content when it is here (else empty); withholds the
 * content from a peer that may not hold it.  Copied.  Returns false when the bundle is full: then call replica_supply_end().
 */
bool replica_supply(struct replica *r, uint32_t connection, const struct id *log, uint64_t seq, struct bytes entry,
                    struct bytes content);
/*
 * Answers with a frame that was made before, of whole runs of entries with those of their contents that everybody may hold, in
 * the place of replica_supply().  True: it was sent, and ends the answer to this REPLICA_READ.  False: not all of it was asked for, or from
 * where it begins; nothing has happened.
 */
struct replica_run {
    struct id log;
    uint64_t from, to;
};
bool replica_supply_frame(struct replica *r, uint32_t connection, const struct replica_run runs[], size_t count,
                          struct bytes frame);
/* Ends the answer to one REPLICA_READ; another may follow. */
void replica_supply_end(struct replica *r, uint32_t connection);

/* ---- receipts ---- */
/* Before the first connection: receipts that are known from before, each whole, as receipts_write() writes it. */
enum err replica_load_receipt(struct replica *r, struct bytes whole);
/*
 * Takes in one that came by hand, from anybody: the same bytes.  ERR_STRANGER: nothing that is known grants its node; a stick could
 * hold the receipts of as many made-up nodes as it likes.  ERR_EXISTS: it is not newer.  ERR_AUTH, ERR_FORMAT, ERR_LIMIT, ERR_MEMORY.
 */
enum err replica_take_receipt(struct replica *r, struct bytes whole, uint64_t now);
/* The last that this node signed itself, whatever became of the rest: no number comes twice.  ERR_AUTH: it is not its own. */
enum err replica_load_own_receipt(struct replica *r, const struct receipt *receipt, uint64_t wall_ms, uint64_t now);
/* What is durable now, as a receipt with the next number that has to be signed.  `wall_ms`: what the clock on the wall says. */
enum err replica_receipt(struct replica *r, uint64_t wall_ms, struct receipt *receipt);
/* It is signed and durable, and nothing was done in between: it goes out. */
void replica_receipt_kept(struct replica *r, const struct receipt *receipt, uint64_t now);
const struct receipts *replica_receipts(const struct replica *r);
/* The place of the next node whose receipt is new; SIZE_MAX: none. */
size_t replica_next_receipt(struct replica *r);
uint64_t replica_receipts_told(const struct replica *r); /* Messages with new receipts sent since it began. */

/* Answers one REPLICA_READ_FILE: with the entry, and `bytes`, or NULL when they are not here.  A peer that may not hold them gets nothing. */
void replica_supply_file(struct replica *r, uint32_t connection, struct bytes entry, const struct bytes *bytes);

/* Asks for an attachment that is wanted here, whatever the configuration says: as replica_load_absent(). */
enum err replica_want_file(struct replica *r, const struct entry *entry, const struct id *id, const struct id *digest,
                           uint64_t size);
/* Asks for it no more. */
void replica_unwant_file(struct replica *r, const struct id *digest);
size_t replica_files_wanted(const struct replica *r);
/* How many connected peers may still give an attachment that is asked for; ERR_MISSING: it is not asked for. */
enum err replica_file_sources(const struct replica *r, const struct id *digest, size_t *count);
/* An entry of which a content here names that attachment, which is not here; NULL: none.  Lent until the next call. */
const struct id *replica_absent_entry(const struct replica *r, const struct id *digest);
/* A chunk that came by hand is durable; `whole`: all of its file is.  What is lacking, asked for and told changes with it. */
void replica_chunk_here(struct replica *r, const struct file_chunk *chunk, bool whole, uint64_t now);

/* ---- time ---- */
uint64_t replica_deadline(const struct replica *r); /* UINT64_MAX: never. */
void replica_expire(struct replica *r, uint64_t now);

/* ---- looking in ---- */
const struct frontier *replica_frontier(const struct replica *r);
struct trust *replica_trust(struct replica *r); /* NULL while the charter is not known. */
bool replica_settled(const struct replica *r);  /* Nothing under way: no store, no request, no output. */
size_t replica_missing(const struct replica *r);
size_t replica_memory(const struct replica *r);
struct replica_pushes { /* Since it began. */
    uint64_t sent;    /* Messages with news. */
    uint64_t lean;    /* Of these, such as rest on what the peer has. */
    uint64_t useless; /* Such as came, and rest on what is not here. */
};
struct replica_pushes replica_pushes(const struct replica *r);

/*
 * Whether a connected peer told of an entry of this log that is not here, of seq `seq` the newest.  Before a key signs: its log
 * may have gone on elsewhere, or this node may have been set back.
 */
bool replica_is_behind(const struct replica *r, const struct id *log, uint64_t *seq);

/* When an entry came from another node last that was new here; 0: never since it began.  A peer that plays on an old world has none. */
uint64_t replica_news_ms(const struct replica *r);

struct replica_peer {
    bool is_open;
    bool is_equal; /* Roots were equal when last compared. */
    struct trust_key key;
    uint64_t behind;   /* Entries we know it lacks, by what it told last. */
    uint64_t heard_ms; /* When it last said something, of the clock of `now`. */
    uint64_t clock_ms; /* What its clock on the wall said when the session opened, as a claim. */
};
/* ERR_MISSING: no such connection. */
enum err replica_peer(const struct replica *r, uint32_t connection, struct replica_peer *peer);

#endif
