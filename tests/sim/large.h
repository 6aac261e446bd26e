/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_LARGE_H
#define TESTS_SIM_LARGE_H

/* Networks of a given shape and size, in which what news cost is counted. */

#include "tests/sim/scenario.h"

/* NULL after the last. */
const struct scenario *large_at(size_t place);

#endif
