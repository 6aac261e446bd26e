/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_TRUST_H
#define PROTO_TRUST_H

/*
 * Who may do what, and what stands: a pure function of the set of entries known and of one local memory, the anchor
 * (docs/TRUST.md; rule numbers T1 ... are its).  Entries are added in any order; what is asked depends on the set alone.
 *
 * Nothing here checks a signature: only verified entries are added.  Answers are computed when asked and kept until an
 * entry that can change them is added.  When memory runs out an answer shows less trust, never more, and is computed
 * again by the next question.
 */

#include "proto/charter.h"
#include "proto/entry.h"

struct trust;

enum trust_status { /* In ascending order of standing. */
                    TRUST_UNKNOWN, /* Nothing known grants it anything (of an entry: it is not known, or the chain before it is not). */
                    TRUST_VOID,      /* Counts for nothing. */
                    TRUST_CONTESTED, /* Readable, marked, counts for nothing that gives. */
                    TRUST_GOOD,
};

enum trust_cause { /* Why something is less than good. */
                   TRUST_STANDS,
                   TRUST_NOT_GRANTED, /* Nothing grants the key the seat that its log names. */
                   TRUST_FORKED,      /* Its key signed two entries of one seq. */
                   TRUST_REVOKED,     /* Cut by its kibbutz's steward. */
                   TRUST_CUT,         /* Cut by the pin of a council root. */
                   TRUST_RECOVERED,   /* Cut by the kibbutz's recovery card. */
                   TRUST_CLOSED,      /* Its kibbutz has left the network. */
                   TRUST_RESTS_ON,    /* What it rests on (grant, hand-over, admission) is less than good itself. */
                   TRUST_WAITS,       /* Not enough approvals yet. */
};

/* The charter's text is copied.  NULL when memory is out or the text is no charter. */
struct trust *trust_new(struct bytes charter);
void trust_free(struct trust *t);

const struct charter *trust_charter(const struct trust *t); /* Lent until trust_free(). */

/*
 * Adds a verified entry.  Every entry of every log counts; what it needs is copied.  Its `prev` may come later: until then it
 * takes no part (T1).  Adding it again changes nothing.  ERR_MEMORY.
 */
enum err trust_add(struct trust *t, const struct entry *entry, const struct id *id);

/* Marks what was added so far; takes back all that was added after a mark, for what did not become durable. */
size_t trust_mark(const struct trust *t);
void trust_undo(struct trust *t, size_t mark);

/*
 * Whether this entry may be kept at all: something known, be it void or contested by now or waiting for approvals, once gave its
 * key the seat that its log names.  Grows with the set and never shrinks, so that all nodes keep the same.  ERR_STRANGER.
 */
enum err trust_admits(struct trust *t, const struct entry *entry);

/* ---- the council (T8-T16) ---- */

/* The root that the chain must pass (T15): one that was final here before, or came with an invitation. */
void trust_set_anchor(struct trust *t, const struct id *root);

enum trust_council_status { TRUST_SETTLED, TRUST_RIVALS /* contested */, TRUST_SPLIT, TRUST_WAITING };
const char *trust_council_name(enum trust_council_status status); /* settled, contested, split, waiting */

struct trust_council {
    enum trust_council_status status;
    struct id root;  /* That new entries stand on: the effective one; the network id for the charter. */
    uint64_t number; /* 0: the charter. */
    bool is_final;
    struct id final_root; /* The newest final root of the chain: what an honest node keeps as its anchor. */
    uint64_t majority, admission;
    size_t voters;
};
struct trust_council trust_council(struct trust *t);
struct id trust_root(struct trust *t); /* trust_council().root */

/* Whether a root is one of the chain from the charter to the present one. */
bool trust_in_chain(struct trust *t, const struct id *root);

/* A kibbutz as the present root and the admissions have it; in ascending order of id. */
struct trust_kibbutz {
    struct id kibbutz;
    struct id
        admit_log; /* The log and seq of its admit entry; seq 0: a founder, `founder` is its place in the charter. */
    uint64_t admit_seq;
    size_t founder;
    bool votes;
    bool registered; /* A root lists it; its invitation matters no more (T19). */
    bool closed;
    bool joined;              /* A steward key is known. */
    enum trust_status status; /* TRUST_VOID: its admission waits for approvals (see trust_admission()). */
    struct id card;           /* The digest of its recovery card; zeros: not known. */
    size_t steward_count;
    struct id stewards[LIMIT_STEWARDS]; /* Present keys that are not void, ascending. */
};
size_t trust_kibbutz_count(struct trust *t);
struct trust_kibbutz trust_kibbutz_at(struct trust *t, size_t index);
bool trust_kibbutz(struct trust *t, const struct id *kibbutz, struct trust_kibbutz *found);

/* Who has a say for what waits for approvals: an admission or a candidate root. */
struct trust_voices {
    size_t need, count;               /* Kibbutzim needed and counted. */
    struct id kibbutzim[LIMIT_LINES]; /* Those counted, ascending. */
};
/* The approvals of an admit entry; false: no such entry. */
bool trust_admission(struct trust *t, const struct id *admit, struct trust_voices *voices);

/* The candidates to follow the present root, well formed or not, in ascending order of id; at most LIMIT_OVER are seen. */
struct trust_candidate {
    struct id entry, log; /* `log`: who proposed it. */
    bool well_formed;     /* T9; else it is never counted, and `flaw` says why. */
    const char *flaw;     /* A static sentence in English for people; NULL when well formed. */
    bool passed, is_final;
    struct bytes body;                      /* The act's lines; lent until the next trust_add(). */
    struct trust_voices of_present, of_own; /* Against the present root's majority, and against its own. */
};
size_t trust_candidate_count(struct trust *t);
bool trust_candidate_at(struct trust *t, size_t index, struct trust_candidate *candidate);

/* The body of the council entry that is the present root; empty: the charter. */
struct bytes trust_root_body(struct trust *t);
/* Whether this key is a voice of a voting kibbutz at the present root (steward key or card), and of which. */
bool trust_is_voice(struct trust *t, const struct id *key, struct id *kibbutz);
/* Whether a root of the chain removed it, so that no later one may list it (T9). */
bool trust_was_removed(struct trust *t, const struct id *key);

/* ---- keys (T3, T21-T23) ---- */

struct trust_key {
    enum trust_status status;
    enum trust_cause cause;
    struct id
        because; /* The entry that takes away: the revoke, the root, the recover, the fork's lower entry; zeros: none. */
    struct id key;
    struct id kibbutz;
    enum role role;
    struct id
        grant; /* The admit, grant, accept, recover or council entry it rests on; the network id for a founder's. */
    struct id grant_log; /* Where that entry stands ... */
    uint64_t grant_seq;  /* ... or 0: the charter. */
    struct id told_log;  /* The log of the grant or hand-over whose content tells its holder's name, ... */
    uint64_t told_seq;   /* ... also when a root lists the key since; 0: the charter tells it, or nothing does. */
    struct id channel;   /* Of a node; zeros else. */
    struct id transport; /* The entry by which it last told its channel key and addresses; zeros: none that stands. */
    bool is_cut;         /* A pin applies: entries after `cut` are void. */
    uint64_t cut;
    uint64_t contested; /* The first contested seq; 0: none. */
    bool compromised;   /* The revoke says so, for readers. */
};

/*
 * What a key is; TRUST_UNKNOWN when nothing is known of it.  A key that a pin has ended is TRUST_VOID: it may sign nothing more, whatever
 * of its past stands.  A key whose fork no pin has settled is TRUST_CONTESTED.
 */
struct trust_key trust_key(struct trust *t, const struct id *key);

/* Looks a node up by its channel key: its grant's, or the one that its newest standing `transport` names. */
struct trust_key trust_channel(struct trust *t, const struct id *channel);

/* All keys ever granted, in ascending order, without ephemeral ones. */
size_t trust_key_count(struct trust *t);
struct trust_key trust_key_at(struct trust *t, size_t index);
size_t trust_key_from(struct trust *t, const struct id *least); /* The index of the first that is not less; the count: none. */

/* The invitation of an admit or grant entry. */
enum trust_invitation { TRUST_NO_INVITATION, TRUST_OPEN, TRUST_UNAPPROVED, TRUST_USED, TRUST_USED_TWICE, TRUST_ENDED };
enum trust_invitation trust_invitation(struct trust *t, const struct id *grant, struct id *handed_to);

/* ---- entries ---- */

struct trust_verdict {
    enum trust_status status;
    enum trust_cause cause;
    struct id because;
    struct id kibbutz; /* Of the seat. */
    enum role role;
};
/* The standing of one entry at its office (T4-T7, T21, T22). */
struct trust_verdict trust_entry(struct trust *t, const struct id *entry);

/* Forked logs that are known, in ascending order of key; settled or not. */
struct trust_fork {
    struct id log;
    uint64_t seq;   /* The first seq with two entries. */
    struct id a, b; /* Two of them, ascending. */
    bool settled;   /* A pin decided; then what it kept is `a` or `b` or neither. */
};
size_t trust_fork_count(struct trust *t);
struct trust_fork trust_fork_at(struct trust *t, size_t index);

/*
 * Grows whenever anything may have changed that is told of kibbutzim, keys and forks, but for `cut` of a key that is not cut.
 * Derived tables follow by this.
 */
uint64_t trust_offices(struct trust *t);

/* ---- documents (T24-T30) ---- */

enum trust_state {
    TRUST_PROPOSED,
    TRUST_IN_FORCE,
    TRUST_SUPERSEDED,
    TRUST_WITHDRAWN,
    TRUST_DISPUTED /* contested */,
    TRUST_NULL /* void */
};
const char *trust_state_name(enum trust_state state); /* proposed, in force, superseded, withdrawn, contested, void */

struct trust_document {
    struct id document, log, kibbutz;
    enum trust_state state;
    bool erased;             /* Its content is to be removed everywhere (T28). */
    bool replacing_disputed; /* In force, and a document that supersedes it is contested. */
    struct id ended_by;      /* The withdraw or erase entry, or the superseding document; zeros: none. */
    struct id revision;      /* In force; else the newest that is not void, by clock, then id. */
    size_t head_count;       /* Revisions that none follows; over 1: nobody has joined them yet. */
    uint64_t need;           /* Approvals that `revision` needs, ... */
    bool own_only;           /* ... counted in the own kibbutz, per key. */
    size_t approvals;        /* Good ones of `revision` ... */
    size_t disputed;         /* ... and more that are contested. */
};
/* False: no such document. */
bool trust_document(struct trust *t, const struct id *document, struct trust_document *found);

/* Whether the content of this publish or revise entry is to be removed everywhere (T28): it, or its whole document, was erased. */
bool trust_erased(struct trust *t, const struct id *revision);

struct trust_approval {
    struct id entry, log, kibbutz;
    enum trust_status status;
    bool counts; /* As one of `approvals`: the first of its voice. */
};
/* Who approved a revision, its writer included, in ascending order of entry id; void ones too. */
size_t trust_approval_count(struct trust *t, const struct id *revision);
struct trust_approval trust_approval_at(struct trust *t, const struct id *revision, size_t index);

/* All revisions of a document, its publish entry first, whatever they stand for.  `each` does not add to trust. */
typedef void trust_revision_fn(void *context, const struct id *revision);
void trust_each_revision(struct trust *t, const struct id *document, trust_revision_fn *each, void *context);

/* The revisions of a document that none follows, ascending; for the `after` lines of the next one. */
size_t trust_document_heads(struct trust *t, const struct id *document, struct id heads[LIMIT_AFTER]);

/*
 * Takes the next document whose trust_document() may have changed since it was last taken; false: none.  Derived tables follow by
 * this.  After trust_new() every document counts as changed once it is known.
 */
bool trust_next_changed(struct trust *t, struct id *document);

/* ---- the chain of authority ---- */

enum trust_link_kind {
    TRUST_LINK_CHARTER,
    TRUST_LINK_ROOT,
    TRUST_LINK_ADMIT,
    TRUST_LINK_APPROVE,
    TRUST_LINK_ACCEPT,
    TRUST_LINK_RECOVER,
    TRUST_LINK_GRANT,
    TRUST_LINK_ENTRY,
};
struct trust_link {
    enum trust_link_kind kind;
    struct id entry, log; /* Zeros and the network id for the charter. */
    uint64_t seq, clock;
    struct id about; /* The key or kibbutz that this link gives something. */
    enum trust_status status;
    enum trust_cause cause;
};
#define TRUST_LINKS 64
/* From the charter to this entry, nearest the charter first.  Returns how many; a link that is not TRUST_GOOD is where it fails. */
size_t trust_why(struct trust *t, const struct id *entry, struct trust_link links[TRUST_LINKS]);

/*
 * What a stranger needs in order to verify a node's grant, nearest the charter first: ranges of logs, each from seq 1 to `to`.
 * Returns how many were written, at most `size`.
 */
struct trust_range {
    struct id log;
    uint64_t to;
};
size_t trust_enrolment(struct trust *t, const struct id *node, struct trust_range ranges[], size_t size);

/* A fingerprint of the whole state (council, kibbutzim, keys, cuts, documents), for comparing two evaluations. */
struct id trust_fingerprint(struct trust *t);

#endif
