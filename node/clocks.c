/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/clocks.h"

#include <stdbool.h>
#include <stdlib.h>

static bool goes_with(int64_t a, int64_t b)
{
    return llabs(a - b) <= CLOCKS_OFF_MS;
}

enum clocks_off clocks_judge(const int64_t ahead_ms[], size_t count, size_t which)
{
    size_t with_us = 1, with_them = 0;

    if (goes_with(ahead_ms[which], 0))
        return CLOCKS_GOOD;
    for (size_t i = 0; i < count; i++) {
        with_us += goes_with(ahead_ms[i], 0) ? 1 : 0;
        with_them += goes_with(ahead_ms[i], ahead_ms[which]) ? 1 : 0;
    }
    if (with_us == with_them)
        return CLOCKS_EITHER;
    return with_us > with_them ? CLOCKS_THEIRS : CLOCKS_OURS;
}
