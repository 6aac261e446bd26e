/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_RANDOM_H
#define TESTS_SIM_RANDOM_H

/* Chance that a seed repeats: splitmix64. */

#include "proto/bytes.h"

struct random {
    uint64_t state;
};

struct random random_from(uint64_t seed);
/* A stream of its own, so that what one part draws does not move the others. */
struct random random_split(struct random *r);
uint64_t random_next(struct random *r);
uint64_t random_below(struct random *r, uint64_t bound);                 /* 0 .. bound - 1; bound is not 0. */
uint64_t random_between(struct random *r, uint64_t low, uint64_t high); /* Both included. */
bool random_chance(struct random *r, unsigned per_thousand);
void random_fill(struct random *r, uint8_t *at, size_t len);

#endif
