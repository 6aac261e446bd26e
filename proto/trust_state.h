/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_TRUST_STATE_H
#define PROTO_TRUST_STATE_H

/*
 * The inside of trust, shared by trust.c (what is known, what is asked) and trust_rules.c (what follows).  The entries that
 * matter are kept as facts; the state is derived from the facts alone.
 */

#include "proto/sorted.h"
#include "proto/trust.h"

struct trust_seat {
    struct id log;
    struct id entry; /* The log's first entry.  Of two the lower id counts, whichever came first. */
    struct id kibbutz;
    enum role role;
};

struct trust_fact {
    enum act act;
    struct id id; /* Of the entry ... */
    struct id log;
    uint64_t seq;
    struct id subject; /* admit: the invited key.  grant: its subject.  accept: the new key.  approve: what it names. */
    struct id about;   /* accept: the admit or grant entry. */
    struct id channel;
    bool has_card;
    enum role grants;
    bool by_invitation;
};

/* One way in which a key came to a seat. */
struct trust_claim {
    struct trust_key as;
    struct id invitation_role_grant; /* Of an invitation key: the admit or grant it may hand over; else zeros. */
};

struct trust {
    uint8_t *text;
    struct charter charter;
    struct sorted seats;     /* By log. */
    struct sorted facts;     /* In order of entry id. */
    struct sorted claims;    /* By key, kibbutz, role. */
    struct sorted kibbutzim; /* By id. */
    struct sorted shown;     /* struct trust_key: what each key is, by key, without invitations. */
    struct sorted changes;   /* Since the mark, in order. */
    bool marked;
    bool stale;
};

/* The orders of those lists. */
int trust_order_seat(const void *item, const void *wanted);
int trust_order_fact(const void *item, const void *wanted);
int trust_order_claim(const void *item, const void *wanted);
int trust_order_claim_key(const void *item, const void *wanted);
int trust_order_kibbutz(const void *item, const void *wanted);

/* The seat that a log's first entry names; NULL while it is not known. */
const struct trust_seat *trust_seat_of(const struct trust *t, const struct id *log);

/* The fact that an entry states, or NULL. */
const struct trust_fact *trust_fact_of(const struct trust *t, const struct id *id);

/* ---- trust_rules.c ---- */

/* Derives claims, kibbutzim and keys anew when something changed.  Out of memory leaves less trust, never more; the next question tries again. */
void trust_rules_evaluate(struct trust *t);

/* The claim of a key to a seat, or NULL. */
const struct trust_claim *trust_rules_claim_of(const struct trust *t, const struct id *key, const struct id *kibbutz, enum role role);

/*
 * The claim that stands for a key: the one its own first entry names.  Before there is a first entry, a key stands
 * where it was granted, so that a node may connect before it ever signed.
 */
const struct trust_claim *trust_rules_standing(const struct trust *t, const struct id *key);

#endif
