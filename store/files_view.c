/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/files_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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

void files_view_close(struct files_view *view)
{
    if (view->descriptor >= 0)
        (void)close(view->descriptor);
    *view = FILES_VIEW;
}

enum err files_view_change(const char *directory, struct files_change *change, bool *is_past)
{
    struct stat status;
    struct timespec now;

    if (clock_gettime(CLOCK_REALTIME, &now) != 0 || stat(directory, &status) != 0)
        return files_error(errno);
    time_t age = now.tv_sec - status.st_mtim.tv_sec;
    *is_past = age < 0 ||
               age > 1; /* Of a time to come the clock was set back since: another change would have another time. */
    *change = (struct files_change){.inode = status.st_ino,
                                    .seconds = (uint64_t)status.st_mtim.tv_sec,
                                    .nanoseconds = (uint64_t)status.st_mtim.tv_nsec};
    return ERR_OK;
}
