/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_RECEIPTS_H
#define TESTS_SIM_RECEIPTS_H

/* Receipts in a world: what a node owes its replica, and that none says more than its disk holds. */

#include "tests/sim/world.h"

/* A node's receipt is due: signs it, keeps it, lets it go. */
void receipts_sign(struct world *w, uint32_t node);
/* Receipts are new at a node: each was signed by whom it names; they are written down. */
void receipts_look(struct world *w, uint32_t node);
/* A start: what was written down, unless it was lost. */
void receipts_load(struct world *w, uint32_t node);
/* Power was cut: what is derived may be lost, what was signed is not. */
void receipts_crash(struct world *w, uint32_t node);
/* At rest: everybody's newest is with everybody, and says that all is held. */
void receipts_check(struct world *w);

#endif
