/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_MEMO_H
#define TESTS_SIM_MEMO_H

/* Cheaper signatures' verdicts and key agreements, for simulated nodes only. */

#include <stdint.h>

/* Before anything of a world is made: some have the real curve. */
void memo_choose(uint64_t seed);

#endif
