/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/support/planted_now.h"

#include <stdlib.h>

int planted_now;

__attribute__((constructor)) static void choose(void)
{
    const char *number = getenv("IGUM_PLANTED");

    planted_now = number ? (int)strtol(number, NULL, 10) : 0;
}
