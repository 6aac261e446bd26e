/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SUPPORT_PLANTED_NOW_H
#define TESTS_SUPPORT_PLANTED_NOW_H

/* Included before every source by tests/sim/mutants and tests/trust/mutants: one build has all planted bugs, and IGUM_PLANTED says which one it makes. */

extern int planted_now;
#define IGUM_MUTANT planted_now

#endif
