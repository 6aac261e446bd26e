/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_OFFICE_HOURS_H
#define TESTS_SIM_OFFICE_HOURS_H

/*
 * Months of offices: each opens on five days of seven, for eight hours, and its line comes up every other hour for some
 * minutes.  Between them nothing happens, and time jumps.
 */

#include "tests/sim/world.h"

/* Turns what was drawn for minutes into what is drawn for months. */
void office_draw(struct world *w);
void office_begin(struct world *w, uint32_t node);
void office_hour(struct world *w, uint32_t node, uint32_t what);
/* All offices stay open, and every line is up. */
void office_end(struct world *w);

#endif
