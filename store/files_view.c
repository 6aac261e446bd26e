/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/files_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS 100           /* Some file systems tell of what happens within 10 ms the same time, ... */
#define WHOLE_SECONDS_MS 2100 /* ... or count two seconds, and nothing less. */

/* Files of which parts are read again and again. */

enum err files_view_open(const char *path, struct files_view *view)
{
    view->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    return view->descriptor < 0 ? files_error(errno) : ERR_OK;
}

enum err files_view_read(const struct files_view *view, uint64_t offset, size_t len, struct buffer *out)
{
    return files_read_at(view->descriptor, offset, len, out);
}

bool files_view_is(const struct files_view *view, const char *path)
{
    struct stat own, named;

    return fstat(view->descriptor, &own) == 0 && stat(path, &named) == 0 && own.st_dev == named.st_dev &&
           own.st_ino == named.st_ino;
}

void files_view_close(struct files_view *view)
{
    if (view->descriptor >= 0)
        (void)close(view->descriptor);
    *view = FILES_VIEW;
}

/* Of a time to come the clock was set back since: another change would have another time. */
static bool is_long_ago(const struct timespec *then, const struct timespec *now)
{
    int64_t age_ms = (now->tv_sec - then->tv_sec) * INT64_C(1000) + (now->tv_nsec - then->tv_nsec) / 1000000;

    return age_ms < 0 || age_ms > (then->tv_nsec == 0 ? WHOLE_SECONDS_MS : TICK_MS);
}

enum err files_view_change(const char *directory, struct files_change *change, bool *is_past)
{
    struct stat status;
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0 || stat(directory, &status) != 0)
        return files_error(errno);
    *is_past = is_long_ago(&status.st_mtim, &now);
    *change = (struct files_change){.inode = status.st_ino,
                                    .seconds = (uint64_t)status.st_mtim.tv_sec,
                                    .nanoseconds = (uint64_t)status.st_mtim.tv_nsec};
    return ERR_OK;
}
