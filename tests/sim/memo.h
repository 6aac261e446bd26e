/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_MEMO_H
#define TESTS_SIM_MEMO_H

/* Cheaper verdicts on signatures, key agreements, seals and frames, for simulated nodes only. */

#include <stdint.h>

/* Before anything of a world is made: some have what the program has. */
void memo_choose(uint64_t seed);

#endif
