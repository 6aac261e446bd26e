/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_COUNCIL_STEP_H
#define NODE_COUNCIL_STEP_H

/* What a proposed root changes, one step a sentence: so that nobody approves what was not told. */

#include "node/council_root.h"

enum council_step_kind {
    COUNCIL_STEP_REGISTERS, /* A kibbutz stands in the root from now on, without vote. */
    COUNCIL_STEP_GIVES_VOTE,
    COUNCIL_STEP_TAKES_VOTE,
    COUNCIL_STEP_CLOSES,
    COUNCIL_STEP_OMITS, /* A kibbutz that is listed now is neither listed nor closed: no honest program writes that. */
    COUNCIL_STEP_ADDS_KEY,
    COUNCIL_STEP_DROPS_KEY, /* `from`: its last entry that stands, 0: none. */
    COUNCIL_STEP_ENDS_KEY,  /* The same for a key that the present root does not list. */
    COUNCIL_STEP_NEW_CARD,
    COUNCIL_STEP_MAJORITY, /* From `from` to `to`. */
    COUNCIL_STEP_ADMISSION,
    COUNCIL_STEP_SETS_ASIDE, /* `id`: another proposal. */
};

struct council_step {
    enum council_step_kind kind;
    struct id kibbutz, id; /* `id`: a key, a card or a proposal. */
    uint64_t from, to;
};

/* A stable word for JSON: "gives-vote". */
const char *council_step_name(enum council_step_kind kind);

/* Calls back for each step from `present` to `next`, in the order in which people want to know. */
typedef void council_step_fn(void *context, const struct council_step *step);
void council_steps(struct council_root *present, struct council_root *next, council_step_fn *each, void *context);

#endif
