/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * Preloaded into igum by tests: the wall clock is off by IGUM_TEST_CLOCK_SHIFT seconds, or by what the file that
 * IGUM_TEST_CLOCK_FILE names holds as an int64_t at the moment, so that it can jump in a running node.
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t fixed_shift;
static const volatile int64_t *shift = &fixed_shift;

__attribute__((constructor)) static void begin(void)
{
    const char *seconds = getenv("IGUM_TEST_CLOCK_SHIFT"), *path = getenv("IGUM_TEST_CLOCK_FILE");
    int file = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;

    if (seconds != NULL)
        fixed_shift = strtol(seconds, NULL, 10);
    if (file < 0)
        return;
    void *at = mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, file, 0);
    if (at != MAP_FAILED)
        shift = at;
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    long failed = syscall(SYS_clock_gettime, clock, now);

    if (failed == 0 && clock == CLOCK_REALTIME)
        now->tv_sec += *shift;
    return (int)failed;
}
