/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_REPLICA_STATE_H
#define PROTO_REPLICA_STATE_H

/* The inside of a replica, shared by the files replica*.c (what a node holds and decides) and talk*.c (what is said on a link). */

#include "proto/absent.h"
#include "proto/intake.h"
#include "proto/link.h"
#include "proto/limits.h"
#include "proto/receipts.h"
#include "proto/replica.h"
#include "proto/wanted.h"

#define REPLICA_EVENTS 256                 /* One step of one link adds a few. */
#define REPLICA_LINKS (LIMIT_SESSIONS * 2) /* Sessions, and connections that have proven nothing yet. */
#define REPLICA_PUSH_PLAIN KIB(256)        /* Larger batches are announced by their roots and fetched. */

/* How a batch came, which says how it is passed on. */
enum replica_way {
    REPLICA_OWN,    /* Published here: pushed when it is durable, and `tag` waits for the outcome. */
    REPLICA_PUSHED, /* Pushed to us: pushed on at once. */
    REPLICA_SHOWN, /* Shown by one who wants in: pushed on, and its bearer let in, only when it is durable.  An invitation
                       may be used by two; if the first use were lost in a crash after others heard of it, both would stand. */
    REPLICA_CHUNK,   /* A part of an attachment: passed on when it is asked for. */
    REPLICA_FETCHED, /* An answer, or too large to push: news for the others' next comparison of roots. */
};

struct replica_batch {
    struct intake *in; /* Of a chunk none. */
    bool told;
    enum replica_way way;
    bool published; /* By us, also when it is too large to push. */
    bool more;      /* Of the answer that it is of, more follows. */
    uint64_t tag, began_ms;
    struct link *from;
};

/* A small push as it goes out, or came in and goes on: the body of a LEAN. */
struct replica_lean {
    struct buffer body;          /* Empty: not made. */
    bool failed;                 /* It cannot be made for the item on its way. */
    struct id logs[MESSAGE_RUNS]; /* Whose contents it rests on. */
    size_t log_count;
    bool restricted; /* Some of it is for the kibbutz alone. */
};

#define REPLICA_HEARD 64

struct replica_heard { /* An entry pushed or passed on of late: it comes again from every side, and is known by its signature. */
    struct signature signature;
    struct id log, entry, prev;
    uint64_t seq;
};

struct replica {
    struct id network;
    struct buffer charter;
    struct noise_key_pair channel;
    struct id node;
    uint64_t store_id;
    uint8_t version_min, version_max; /* Of the protocol; 0: those of this program. */
    char software[SESSION_SOFTWARE_MAX + 1];

    struct frontier *frontier; /* What is durable. */
    struct trust *trust;       /* NULL until the charter is known. */
    struct buffer early;       /* What was loaded before that, as a bundle. */
    struct buffer enrolment;   /* What we show to those who may not know us: a bundle, */
    struct buffer enrolment_frame; /* compressed; empty until then. */
    struct missing *missing;
    bool knows_itself; /* Its own grant is known. */

    /* attachments: talk_file.c */
    struct wanted *wanted;
    struct absent *absent;
    bool on_demand;          /* They are asked for only when somebody here wants them. */
    struct file_chunk chunk; /* On its way to the disk; it lends from these. */
    struct buffer chunk_bytes, chunk_list;
    uint64_t settled_ms, files_resume_ms; /* When the store last settled; until when none is asked for, the disk being full. */

    struct intake *intake; /* What is taken in; */
    struct replica_batch batches[1 + REPLICA_AHEAD]; /* and what is on its way to the disk, the oldest first. */
    size_t batch_count;
    struct intake *idle[1 + REPLICA_AHEAD]; /* For those to come. */
    size_t idle_count;
    const struct parallel *parallel; /* Lent by who made this. */
    size_t left_out; /* Of the last import: entries that nothing known grants, or before which others are missing. */
    bool failed; /* A store failed: nothing is taken in any more. */

    /* Small pushes. */
    struct recent *recent;
    struct replica_lean lean;
    struct replica_heard heard[REPLICA_HEARD];
    size_t heard_next;

    struct link *links[REPLICA_LINKS];
    size_t link_count;
    uint32_t next_request;
    bool forgetful; /* What differs is never told, nor understood, as what differs from a state of the past. */
    struct trie_shape trie;
    size_t vector_most; /* Tips told one by one, and not as a trie. */
    bool small_answers;
    struct replica_pushes pushes;
    uint64_t news_ms; /* See replica_news_ms(). */
    uint8_t refusal[LIMIT_NAME]; /* What a peer said last when it refused us. */

    /* receipts: replica_receipt.c and talk_receipt.c */
    struct receipts *receipts;
    uint64_t last_number;        /* Of the own ones, also of those that were lost with the rest. */
    struct receipt_lack *lacks;  /* Behind the one that is being signed. */
    bool missing_unsure;         /* More texts may be missing than are noted; */
    bool absent_unsure;          /* and more attachments. */
    bool receipt_changed;        /* Since the last one, ... */
    uint64_t receipt_changed_ms; /* ... first then. */
    uint64_t receipt_last_ms, receipt_due_ms;
    uint64_t receipt_beat_ms; /* When an idle node says that it is alive. */
    bool digest_is_known;   /* Of all receipts, for this serial number and governance root. */
    uint64_t digest, digest_serial;
    struct id digest_root;
    bool receipts_new;      /* REPLICA_RECEIPTS is to be told. */
    uint64_t receipts_told; /* Messages with new ones. */

    struct replica_event events[REPLICA_EVENTS];
    size_t event_first, event_count;
};

/* ---- replica.c ---- */
void replica_tell(struct replica *r, struct replica_event event);
/* Ends a link for a reason of ours. */
void replica_drop(struct link *l, enum err cause, const char *reason);

/* ---- replica_load.c ---- */
/* Learns the charter, and all that was loaded before it.  ERR_AUTH: it is another network's. */
enum err replica_learn_charter(struct replica *r, struct bytes text);

/* ---- replica_receipt.c ---- */
/* What is durable has changed: a receipt will tell, soon, and of many changes at once. */
void replica_receipt_changed(struct replica *r, uint64_t now);
/* Whether one is to be signed now. */
bool replica_receipt_due(struct replica *r, uint64_t now);

/* ---- replica_content.c ---- */
/* Whether an entry's content is for its kibbutz alone. */
bool replica_is_restricted(const struct entry *entry);
/* Whether such a node may hold the content of this entry. */
bool replica_may_hold(struct replica *r, const struct trust_key *holder, const struct entry *entry);
/*
 * Notes that an entry's content is not here, if this node may hold it.  A node that does not know yet which kibbutz it
 * is of asks for all: others judge what to give it.
 */
enum err replica_note_missing(struct replica *r, const struct entry *entry, const struct id *id);
/* Once it knows, it forgets what was not for it. */
void replica_forget_others(struct replica *r);
/* What was erased is asked for no more, and a late copy of it is nobody's answer. */
void replica_forget_erased(struct replica *r);

/* ---- replica_store.c ---- */
/* Runs the intake over r->intake->bundle. */
enum err replica_take_in(struct replica *r);
/*
 * Whether this link's answer goes on while parts of it are on their way to the disk: nothing of the next one counts before they
 * do, and nobody else is read in between.
 */
bool replica_looks_ahead(const struct replica *r, const struct link *l);
/* Starts storing what the intake took in, if anything; after the batches before it.  `from` NULL: own publication. */
void replica_begin_store(struct replica *r, struct link *from, enum replica_way way);

/* Wants the attachments that a content names, but for those that are here. */
enum err replica_want_attachments(struct replica *r, const struct wanted_file *context, struct bytes packed);

/* ---- talk*.c ---- */
/* The own newest receipt goes out. */
void talk_receipt_kept(struct replica *r, uint64_t now);
/* A request was answered to its end, and all of it is here: contents that did not come though the peer signed that it has them contradict its receipt. */
void talk_receipt_doubt(struct replica *r, struct link *l);
/* A chunk is durable, or could not be stored. */
void talk_chunk_stored(struct replica *r, enum err err, uint64_t now);
/* There may be something to ask for, of anybody. */
void talk_wake_files(struct replica *r);
/* The link ends: what was asked of it is asked of others. */
void talk_forget_asked(struct replica *r, struct link *l);
uint64_t talk_files_deadline(const struct replica *r, const struct link *l);
void talk_expire_files(struct replica *r, struct link *l, uint64_t now);
/* replica_supply_file() on a link. */
void talk_supply_file(struct replica *r, struct link *l, struct bytes wire, const struct bytes *bytes);
/* Whether a peer is answered and told news. */
bool talk_serves(const struct trust_key *peer);
/* We call a node by its channel key: what goes with the handshake. */
void talk_called(struct replica *r, struct link *l, const struct id *channel);
void talk_opened(struct replica *r, struct link *l, const struct session_peer *peer, uint64_t now);
/* Trust has changed: a caller on probation may be known now, and who was served may be revoked. */
void talk_look_again(struct replica *r, struct link *l, uint64_t now);
void talk_message(struct replica *r, struct link *l, uint8_t type, struct bytes payload, uint64_t now);
/* Says what is due on an open link; true when it did something. */
bool talk_drive(struct replica *r, struct link *l, uint64_t now);
/* replica_supply(), replica_supply_frame() and replica_supply_end() on a link. */
bool talk_supply_frame(struct replica *r, struct link *l, const struct replica_run runs[], size_t count,
                       struct bytes frame);
bool talk_supply(struct replica *r, struct link *l, const struct id *log, uint64_t seq, struct bytes wire,
                 struct bytes content);
void talk_supply_end(struct link *l);
/* Passes the items just verified on to every open link but `except` that is not known to have them. */
void talk_push(struct replica *r, const struct item items[], size_t count, const struct link *except);

#endif
