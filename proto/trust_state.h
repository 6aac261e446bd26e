/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_TRUST_STATE_H
#define PROTO_TRUST_STATE_H

/*
 * The inside of trust (docs/TRUST.md).  The set of entries (trust_set.c) is a forest of logs with every id in one table; from
 * it follow what may be kept (trust_claim.c), the council (trust_council.c), the offices (trust_office.c, with trust_pin.c
 * judging one log), and the documents (trust_document.c).  Things refer to each other by their places in these arrays.
 */

#include "proto/limits.h"
#include "proto/sorted.h"
#include "proto/trust.h"

#define NONE UINT32_MAX

enum weight { VOID, DOUBT, GOOD }; /* The three values of every judgement. */

/* One id, whatever it names. */
struct trust_name {
    struct id id;
    uint32_t chain;   /* The next of its bucket. */
    uint32_t entry;   /* The entry of this id. */
    uint32_t party;   /* The key, kibbutz or card of this id. */
    uint32_t stands;  /* Known entries that stand on this root and whose parent does not; linked by `stand_next`. */
    uint32_t refs;    /* Known entries whose subject it is, linked by `ref_next`. */
    uint32_t links;   /* Known entries that name it otherwise: as superseded, or as a channel. */
    uint32_t waiting; /* Entries whose `prev` it is, while it is not known; linked by `sibling`. */
    uint32_t mark;    /* Equal to the last trust_stamp(): counted already. */
    uint32_t mark_good;
    bool is_awaited; /* A pin names it and it is not here. */
};

struct trust_link_to {
    uint32_t entry, next;
};

struct trust_node { /* An entry. */
    uint32_t name, log, root;
    uint32_t prev; /* A name; NONE for a first entry. */
    uint32_t parent, child, sibling;
    uint32_t subject; /* A name: see read_act() in trust_read.c. */
    uint32_t ref_next, act_next, stand_next;
    uint32_t seat;
    uint32_t extra;    /* Where its further words begin. */
    uint32_t place;    /* In the walk of its log; and in queues. */
    uint32_t document; /* publish: its document. */
    uint64_t seq, clock;
    uint8_t act;
    uint8_t standing;   /* At its office. */
    bool known;         /* The chain down to its first entry is here (T1). */
    bool applied;       /* trust_claim.c has read it. */
    uint8_t at_council; /* Under the council's pins alone, where its log was judged by them in this evaluation. */
    uint8_t outcome;    /* publish, revise: whether it passed, of a judged document. */
    uint8_t handed;     /* accept: under those and its kibbutz's revocations, likewise. */
};

/* Words of an entry behind `extra`. */
enum {
    WORD_NEED,
    WORD_FLAGS,
    WORD_SUPERSEDES,
    WORD_AFTER,
    WORD_LISTS
};                                                          /* publish, revise: counts, then after, then superseded. */
enum { WORD_ROLE, WORD_BY_INVITATION, WORD_GRANT_CHANNEL }; /* grant */
enum { WORD_KEY, WORD_CARD, WORD_ACCEPT_CHANNEL };          /* accept: a party, a party, a name */
enum { WORD_SEQ_HIGH, WORD_SEQ_LOW, WORD_LAST, WORD_COMPROMISED }; /* revoke */
enum { WORD_PROPOSAL };                                            /* council, recover */
#define FLAG_OWN 1u
#define FLAG_FOR_KIBBUTZ 2u

struct trust_line {         /* What a root says of one kibbutz. */
    uint32_t kibbutz, card; /* Parties. */
    bool vote;
    uint32_t key_count, keys[LIMIT_STEWARDS],
        key_cards[LIMIT_STEWARDS]; /* Parties: the keys, and the cards that they would be. */
};

struct trust_named_pin {
    uint32_t key, kibbutz; /* Parties. */
    uint64_t seq;
    uint32_t last; /* A name; NONE at seq 0. */
    bool is_open;
};

/* A council entry read, the charter (place 0), or the cuts of a recover entry. */
struct trust_proposal {
    uint32_t entry, name, base;
    uint64_t majority, admission;
    uint32_t new_key; /* recover: a party. */
    size_t line_count, pin_count, closed_count, over_count;
    struct trust_line *lines;
    struct trust_named_pin *pins;
    uint32_t closed[LIMIT_CLOSED]; /* Parties. */
    uint32_t over[LIMIT_OVER];     /* Names. */
    struct bytes body;             /* Owned. */
    bool is_final;
};

/* A key (with its log), a kibbutz or a card. */
struct trust_party {
    uint32_t name;
    /* The log of a key. */
    uint32_t first;      /* First entries, linked by `sibling`; NONE: no log. */
    uint32_t votes;      /* Its admit, council and recover entries, linked by `act_next`. */
    uint32_t transports; /* Likewise. */
    uint32_t entry_count;
    uint64_t top;             /* The highest seq known. */
    uint64_t fork;            /* The first seq with two entries; 0: none. */
    uint32_t seats;           /* Linked by `of_key`. */
    uint32_t card;            /* The card that this key would be: a party. */
    uint32_t card_key;        /* Of a card: the key, if it has a log. */
    bool is_steward, is_card; /* Some known thing once said so. */
    /* The present evaluation. */
    uint32_t ever;      /* The kibbutz for which a root of the chain lists or pins this key. */
    uint32_t listed_by; /* The council entry that does so first; NONE: the charter. */
    uint32_t pins;
    uint32_t line;         /* Of a kibbutz: the line that registers it, in trust.lines. */
    uint32_t present_card; /* Of a kibbutz. */
    uint32_t sources;      /* Of a kibbutz: steward seats, linked by `of_kibbutz`. */
    uint32_t held;         /* Of a key: the kibbutz whose present line lists it. */
    uint32_t stamp, slot;
    uint32_t handed_in, handed_for; /* The evaluation and the kibbutz for which `handed` holds in this log. */
    uint32_t judged_in;             /* The evaluation for which `at_council` holds in this log. */
    bool judged_clean, voted, removed, closed, is_kibbutz, admitted;
    uint32_t admit; /* Of a kibbutz: its admit entry. */
};

/* A key at a kibbutz in a role: named by a log's first entry, granted by somebody, or both.  A card's is under its card. */
struct trust_seat {
    uint32_t key, kibbutz;
    enum role role;
    uint32_t chain, of_key, of_kibbutz;
    uint32_t grants;  /* Grant entries written from it, linked by `act_next`. */
    bool is_claimed;  /* Something known once gave it (trust_claim.c). */
    uint32_t told_by; /* The grant or hand-over of the lowest id that gave it, whatever became of it; NONE: no such. */
    bool is_used;     /* A first entry names it. */
    /* The present evaluation. */
    uint8_t weight;
    uint32_t by;   /* The entry that gives it; NONE: the charter. */
    bool is_named; /* Something says that it gives it, though that may be void. */
    /* What the standing of its entries was last computed from. */
    uint8_t last_weight;
    bool was_clean, is_touched, leaf_is_void, leaf_is_open;
    uint64_t cut, contested;
    uint32_t transport; /* The newest that is not void. */
};

enum trust_pin_level { PIN_COUNCIL = 1, PIN_RECOVER = 2, PIN_REVOKE = 4 };
struct trust_pin {
    uint32_t key, next;
    uint32_t kibbutz; /* A party, whose seats it ends; NONE: all. */
    uint64_t seq;
    uint32_t last;
    uint32_t by; /* An entry. */
    uint8_t weight, level;
    bool is_open;
};

struct trust_paper { /* A document. */
    uint32_t entry;
    bool is_judged, is_changed;
    uint8_t state, gone;
    bool erased;
    uint32_t ended_by, revision;
    uint32_t head_count, approvals, disputed, need;
    uint32_t changed_next;
};

struct trust_rival { /* A candidate to follow the present root. */
    uint32_t proposal;
    bool passed, is_backed;
};

struct trust {
    uint8_t *text;
    struct charter charter;
    struct sorted names, entries, parties, seats, links, words, proposals, papers;
    struct sorted admits, offices, recovers; /* Known entries of these acts; offices: grants and revokes. */
    uint32_t *name_buckets, *seat_buckets;
    uint32_t name_mask, seat_mask;
    uint32_t stamp;

    struct sorted claim_work; /* Entries to be read for claims. */
    bool claims_stale;

    bool stale; /* The evaluation below is. */
    uint32_t evaluation;
    uint64_t office_changes; /* trust_offices() */
    uint32_t anchor;               /* A name; NONE: none. */
    struct sorted chain;           /* Proposals, the charter first. */
    struct sorted rivals, doubted; /* Candidates to the last of the chain; those passed and not chosen. */
    enum trust_council_status council;
    struct sorted lines; /* struct trust_line: registered kibbutzim. */
    struct sorted pins;
    struct sorted kibbutzim;             /* struct trust_kibbutz, by id. */
    struct sorted keys, forks;           /* uint32_t: parties, by id. */
    struct sorted order, status, counts; /* The walk of one log. */
    uint32_t changed;                    /* The first changed document. */
    struct sorted scratch;
    struct sorted approvals; /* struct trust_approval: those of one revision, when this many entries were known. */
    uint32_t approvals_of, approvals_in;
    size_t approvals_at;
};

#define ITEM(list, type, place) (&((type *)(list).at)[place])
#define NAME(t, i) ITEM((t)->names, struct trust_name, i)
#define NODE(t, i) ITEM((t)->entries, struct trust_node, i)
#define PARTY(t, i) ITEM((t)->parties, struct trust_party, i)
#define SEAT(t, i) ITEM((t)->seats, struct trust_seat, i)
#define PAPER(t, i) ITEM((t)->papers, struct trust_paper, i)
#define PROPOSAL(t, i) ITEM((t)->proposals, struct trust_proposal, i)
#define WORDS(t, node) ITEM((t)->words, uint32_t, (node)->extra)
#define ID_OF(t, name) (&NAME(t, name)->id)
#define PARTY_ID(t, party) ID_OF(t, PARTY(t, party)->name)

/* ---- trust_set.c ---- */
enum err trust_set_begin(struct trust *t);
void trust_set_free(struct trust *t);
uint32_t trust_find(const struct trust *t, const struct id *id); /* A name, or NONE. */
uint32_t trust_name_of(struct trust *t, const struct id *id);    /* Made when new; NONE: out of memory. */
uint32_t trust_party_of(struct trust *t, const struct id *id);
uint32_t trust_find_party(const struct trust *t, const struct id *id);
uint32_t trust_find_entry(const struct trust *t, const struct id *id); /* Known ones alone. */
uint32_t trust_find_seat(const struct trust *t, uint32_t key, uint32_t kibbutz, enum role role);
uint32_t trust_seat_of(struct trust *t, uint32_t key, uint32_t kibbutz, enum role role);
bool trust_is_newer_transport(const struct trust *t, const struct trust_seat *seat, const struct trust_node *node);
/* A stamp that no mark has yet. */
uint32_t trust_stamp(struct trust *t);
enum err trust_push(struct sorted *list, uint32_t value);

/* ---- trust_read.c ---- */
/* Reads what trust needs of an entry into `node` and t->words.  ERR_MEMORY: some names may be left, which harms nothing. */
enum err trust_read(struct trust *t, const struct entry *entry, struct trust_node *node);

/* ---- trust_proposal.c ---- */
/* Reads a council or recover entry's lines into a new proposal; NONE: out of memory. */
uint32_t trust_proposal_read(struct trust *t, const struct entry *entry, uint32_t name);
enum err trust_proposal_charter(struct trust *t);
uint32_t trust_card_of(struct trust *t, uint32_t key); /* The card that a key would be; NONE: out of memory. */
void trust_proposals_free(struct trust *t);

/* ---- trust_claim.c ---- */
void trust_claim_charter(struct trust *t);
void trust_claim_read(struct trust *t, uint32_t entry); /* A newly known entry. */
bool trust_claim_ready(struct trust *t);                /* False: out of memory. */

/* ---- trust_pin.c ---- */
/*
 * Judges a log under its pins of these levels, for the seats of `kibbutz`.  False: there is nothing to judge, all of it is
 * good; else trust_judged() tells of each entry until the next call.
 */
struct trust_view {
    bool is_clean;
    bool has_void_leaf; /* A closed pin is decided: nothing new can stand. */
    bool has_open_leaf; /* What a new entry is cannot be told from its parent. */
};
struct trust_view trust_judge(struct trust *t, uint32_t log, unsigned levels, uint32_t kibbutz);
/* Lists the log's entries in t->order, each after its parent; false: out of memory. */
bool trust_walk(struct trust *t, uint32_t log);
enum weight trust_judged(const struct trust *t, const struct trust_view *view, const struct trust_node *node);

/* ---- trust_council.c ---- */
enum err trust_council_walk(struct trust *t);
/* How many voting kibbutzim of a proposal have a voice with the present stamp. */
size_t trust_council_count(const struct trust *t, const struct trust_proposal *p);
const char *trust_council_flaw(struct trust *t,
                               const struct trust_proposal *p); /* Against the present root; NULL: none. */
void trust_council_mark_approvers(struct trust *t, uint32_t name);

/* ---- trust_evaluate.c ---- */
void trust_evaluate(struct trust *t); /* Brings the evaluation up to date. */
enum err trust_show(struct trust *t); /* Lists kibbutzim, keys and forks. */
/* The seat that a key is shown with, or NONE; `holds`: its log, if there is one, names it. */
uint32_t trust_shown_seat(const struct trust *t, uint32_t key, bool *holds);
unsigned trust_levels(const struct trust_seat *seat); /* Of the pins that touch it. */

/* ---- trust_office.c ---- */
enum err trust_office_run(struct trust *t);
/* How many voting kibbutzim admit; `voices` may be NULL. */
size_t trust_office_admitted_by(struct trust *t, uint32_t admit, struct trust_voices *voices);
/* Whether this is the hand-over by the key that an admit or grant entry invites (T18). */
bool trust_hands_over(const struct trust *t, const struct trust_node *accept, const struct trust_node *source);
enum weight trust_office_at_council(struct trust *t, uint32_t entry); /* Under the council's pins alone. */
enum weight trust_office_handed(struct trust *t, uint32_t accept, uint32_t kibbutz);

/* ---- trust_document.c ---- */
void trust_document_touch(struct trust *t, const struct trust_node *node); /* Its standing changed, or it is new. */
/* The document of the publish or revise entry of this name; NONE: no such entry. */
uint32_t trust_paper_of(const struct trust *t, uint32_t name);
/* Whether an entry's writer publishes: a steward or a coordinator, and the entry has any standing. */
bool trust_speaks(const struct trust *t, const struct trust_node *node);
/* The name under which a vote's voice counts once for a revision of the document that `first` publishes; NONE: it has no say. */
uint32_t trust_voice(const struct trust *t, uint32_t first, uint32_t revision, const struct trust_node *vote);
void trust_document_judge(struct trust *t, uint32_t document);

#endif
