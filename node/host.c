/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/host.h"

#include <sodium.h>
#include <sys/resource.h>
#include <time.h>

#include "store/files.h"

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

/* A container's machine-id is that of its image, or a new one each time: it tells nothing. */
static bool is_container(void)
{
    return files_exists("/.dockerenv") || files_exists("/run/.containerenv") || files_exists("/run/systemd/container");
}

void host_machine(struct buffer *name)
{
    enum err err;

    if (is_container())
        return;
    err = files_read("/etc/machine-id", KIB(1), name);
    if (err)
        buffer_clear(name);
}

void host_step_back(int ranks)
{
    (void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + ranks); /* The last rank is as far as it goes. */
}
