/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/host.h"

#include <sodium.h>
#include <time.h>

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;

    if (clock_gettime(clock, &now) != 0 || now.tv_sec < 0)
        return 0;
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t host_now_ms(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t host_monotonic_ms(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

void host_random(void *to, size_t len)
{
    randombytes_buf(to, len);
}
