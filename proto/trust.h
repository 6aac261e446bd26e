/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_TRUST_H
#define PROTO_TRUST_H

/*
 * Who may do what: a pure function of the set of entries known (docs/ARCHITECTURE.md, "Trust").  Entries are added in
 * any order; what is asked depends on the set alone.  This form knows the charter, admissions, grants and invitations;
 * nothing is ever taken away in it.
 */

#include "proto/charter.h"
#include "proto/entry.h"

struct trust;

enum trust_status {
    TRUST_UNKNOWN,   /* Nothing known grants this key anything: its entries are not taken. */
    TRUST_VOID,      /* It was granted something, but its own first entry claims another seat. */
    TRUST_GOOD,
};

struct trust_key {
    enum trust_status status;
    struct id key;
    struct id kibbutz;
    enum role role;
    struct id grant;     /* The admit, grant or accept entry it rests on; the network id for a founder's. */
    struct id grant_log; /* Where that entry stands ... */
    uint64_t grant_seq;  /* ... or 0: the charter. */
    struct id channel;   /* Of a node; zeros else. */
};

struct trust_kibbutz {
    struct id kibbutz;
    struct id admit_log; /* The log and seq of its admit entry; seq 0: a founder, `founder` is its place in the charter. */
    uint64_t admit_seq;
    size_t founder;
    bool votes;
    bool joined; /* A steward key is known. */
};

/* The charter's text is copied.  NULL when memory is out or the text is no charter. */
struct trust *trust_new(struct bytes charter);
void trust_free(struct trust *t);

const struct charter *trust_charter(const struct trust *t); /* Lent until trust_free(). */

/*
 * Adds a verified entry of id `id`; every entry at seq 1 and every act of a governance log matters, others do not and
 * cost nothing.  Should a log have two first entries, the one of the lower id says its seat.  ERR_MEMORY.
 */
enum err trust_add(struct trust *t, const struct entry *entry, const struct id *id);

/* Begins to note what trust_add() changes; takes back all of it since the last trust_mark(), for what did not become durable. */
void trust_mark(struct trust *t);
void trust_undo(struct trust *t);

/* The root that new entries stand on. */
struct id trust_root(const struct trust *t);

/* What a key may do; status TRUST_UNKNOWN when nothing is known of it. */
struct trust_key trust_key(struct trust *t, const struct id *key);

/* Looks a node up by its channel key. */
struct trust_key trust_channel(struct trust *t, const struct id *channel);

/* All keys ever granted, in ascending order, without ephemeral ones; and all kibbutzim in ascending order of id. */
size_t trust_key_count(struct trust *t);
struct trust_key trust_key_at(struct trust *t, size_t index);
size_t trust_kibbutz_count(struct trust *t);
struct trust_kibbutz trust_kibbutz_at(struct trust *t, size_t index);

/* Whether this entry may be taken in: its key holds the seat that its log names.  ERR_STRANGER. */
enum err trust_admits(struct trust *t, const struct entry *entry);

/* Whether the invitation of this admit or grant entry was used by its own key, and which key it was handed over to. */
bool trust_invitation_used(struct trust *t, const struct id *grant, struct id *key);

/* Whether a document's act of this entry counts: publish and revise by stewards and coordinators. */
bool trust_publishes(struct trust *t, const struct id *key);

/*
 * The chain of authority of a node's grant, nearest the charter first: ranges of logs, each from seq 1 to `to`, that a
 * stranger needs in order to verify it.  Returns how many were written, at most `size`.
 */
struct trust_range {
    struct id log;
    uint64_t to;
};
size_t trust_enrolment(struct trust *t, const struct id *node, struct trust_range ranges[], size_t size);

/* A fingerprint of the whole state, for comparing two evaluations in tests. */
struct id trust_fingerprint(struct trust *t);

#endif
