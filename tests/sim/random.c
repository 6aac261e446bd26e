/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/random.h"

struct random random_from(uint64_t seed)
{
    struct random r = {.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1};

    (void)random_next(&r);
    return r;
}

struct random random_split(struct random *r)
{
    return random_from(random_next(r));
}

uint64_t random_next(struct random *r)
{
    uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

uint64_t random_below(struct random *r, uint64_t bound)
{
    return random_next(r) % bound;
}

uint64_t random_between(struct random *r, uint64_t low, uint64_t high)
{
    return low + random_below(r, high - low + 1);
}

bool random_chance(struct random *r, unsigned per_thousand)
{
    return random_below(r, 1000) < per_thousand;
}

void random_fill(struct random *r, uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)random_next(r);
}
