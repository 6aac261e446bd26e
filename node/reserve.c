/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/reserve.h"

#include "proto/limits.h"

#include <sys/statvfs.h>

#define RESERVE_MAX MIB(500)

bool reserve_allows(const char *home, uint64_t more)
{
    struct statvfs disk;
    uint64_t reserve;

    if (statvfs(home, &disk) != 0)
        return true; /* The write itself will tell. */
    reserve = (uint64_t)disk.f_blocks * disk.f_frsize / 20;
    if (reserve > RESERVE_MAX)
        reserve = RESERVE_MAX;
    return (uint64_t)disk.f_bavail * disk.f_frsize >= reserve + more;
}
