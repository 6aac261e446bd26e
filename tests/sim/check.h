/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_CHECK_H
#define TESTS_SIM_CHECK_H

/* What must always hold, and what must hold at rest. */

#include "tests/sim/world.h"

/* An entry that stands is at its origin, with its content. */
void check_held_at_origin(struct world *w, const struct signed_entry *e, const char *invariant);
/* An entry that its origin lost in a crash was never sent. */
void check_nobody_holds(struct world *w, const struct signed_entry *e);
/* What a replica wants to store: signed by those who may, not before its origin has it, only what it may hold. */
void check_store(struct world *w, uint32_t node, const struct item items[], size_t count);
/* After each event of a node: bounded memory, a timer that lies ahead. */
void check_node(struct world *w, uint32_t node);
/* Honest nodes do not accuse each other. */
void check_closed(struct world *w, uint32_t node, uint32_t other, enum err cause, const char *reason);
void check_contradiction(struct world *w, uint32_t node, const struct replica_event *event);

/* Whether all members are at rest and have everything; else says why not. */
bool check_is_equal(struct world *w, char why[100]);

/* While a removed node polls on: nobody who knows it keeps a session with it. */
void check_removed(struct world *w, uint32_t node);

/* After the faults ended: looks whether all is equal, then goes on to the probe and the quiet; ends the run. */
void check_look(struct world *w);

bool check_is_member(const struct world *w, uint32_t node);
void check_name(char text[40], const struct head *head); /* For messages. */

/* Whether this content may be at a node of `kibbutz`. */
bool check_may_hold(struct world *w, const struct signed_entry *e, const struct id *kibbutz);

#endif
