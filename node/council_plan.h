/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_COUNCIL_PLAN_H
#define NODE_COUNCIL_PLAN_H

/*
 * Makes the next root of the council from the present one and from what is asked for: a pure function.  What it makes
 * is well formed (docs/TRUST.md, T9), registers every kibbutz that has joined (T19), holds a checkpoint for the log of
 * every steward (T5), and a pin for every key that it takes away.
 */

#include "node/council_root.h"

/* What is asked for, combined at will. */
enum council_wish_kind {
    COUNCIL_GIVE_VOTE,
    COUNCIL_TAKE_VOTE, /* Needs COUNCIL_STEWARD for the same kibbutz. */
    COUNCIL_CLOSE,
    COUNCIL_STEWARD, /* `id` is one of the kibbutz's steward keys from now on; the others end. */
    COUNCIL_CARD,    /* `id` is the digest of its recovery card from now on. */
};
struct council_wish {
    enum council_wish_kind kind;
    struct id kibbutz, id;
};
#define COUNCIL_WISHES 64

struct council_request {
    struct council_wish wishes[COUNCIL_WISHES];
    size_t wish_count;
    uint64_t majority, admission; /* 0: what follows from the number of voters. */
};

/* How things stand: the present root, and what has come up beside it. */
struct council_log {
    struct id key, kibbutz;
    bool steward;
    uint64_t seq; /* The last entry that may be kept ... */
    struct id entry;
};
struct council_state {
    struct id base; /* The id of the present root. */
    struct council_root present;
    size_t joined_count; /* Kibbutzim that have joined, listed by `present` or not, as they stand. */
    struct council_line joined[LIMIT_LINES];
    size_t log_count;
    struct council_log *logs; /* Of every key known that may still sign; borrowed. */
    size_t over_count;
    struct id over[LIMIT_OVER]; /* Open proposals that a new one has to set aside (T13). */
};

enum council_flaw {
    COUNCIL_SOUND,
    COUNCIL_NOT_JOINED, /* The kibbutz has no steward known here. */
    COUNCIL_VOTES_ALREADY,
    COUNCIL_VOTES_NOT,
    COUNCIL_NEEDS_STEWARD, /* A kibbutz that loses its vote gets a new steward key. */
    COUNCIL_KEY_IN_USE,    /* By this kibbutz already, or by another: a key or card belongs to one. */
    COUNCIL_CROSSED,       /* Two wishes that exclude each other. */
    COUNCIL_NO_VOTER,      /* Nobody would have a vote. */
    COUNCIL_MAJORITY,      /* Less than more than half, or more than there are voters. */
    COUNCIL_ADMISSION,
    COUNCIL_NOTHING,  /* It changes nothing. */
    COUNCIL_TOO_MUCH, /* A limit of proto/limits.h. */
};

struct council_plan { /* Too large for the stack. */
    struct council_root next;
    enum council_flaw flaw;
    struct id about; /* The kibbutz, or key, that the flaw is about. */
    size_t left_out_count;
    struct id left_out[LIMIT_LINES]; /* Kibbutzim that repeat another's key or card: not registered. */
};

/* The least majority of so many voters. */
uint64_t council_least_majority(uint64_t voters);

enum council_flaw council_plan(const struct council_state *state, const struct council_request *request,
                               struct council_plan *plan);

#endif
