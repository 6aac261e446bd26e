/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_KEPT_H
#define TESTS_SIM_KEPT_H

#include "tests/sim/world.h"

/*
 * At rest: what the members keep verifies from its bytes alone, and is the same everywhere, and so is what follows from it; but for
 * the branches of keys that forked beyond measure.
 */
void kept_check(struct world *w);

#endif
