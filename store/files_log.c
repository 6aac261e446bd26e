/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/files_private.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Files that grow at their end. */

static enum err write_at(int descriptor, uint64_t offset, struct bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t put = pwrite(descriptor, bytes.at, bytes.len, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return files_error(errno);
        bytes = bytes_from(bytes, (size_t)put);
        offset += (uint64_t)put;
    }
    return ERR_OK;
}

enum err files_log_open(const char *path, unsigned mode, struct files_log *log)
{
    bool is_new = !files_exists(path);
    enum err err = ERR_OK;

    *log = (struct files_log){.descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode)};
    if (log->descriptor < 0)
        return files_error(errno);
    off_t len = lseek(log->descriptor, 0, SEEK_END);
    if (len < 0)
        err = files_error(errno);
    if (!err && is_new)
        err = files_sync_parent(path);
    log->len = err ? 0 : (uint64_t)len;
    if (err)
        files_log_close(log);
    return err;
}

enum err files_log_read(const struct files_log *log, size_t limit, struct buffer *out)
{
    uint64_t len = log->len;
    uint8_t *at;

    if (len > limit)
        return ERR_LIMIT;
    if (len == 0)
        return ERR_OK;
    if (!(at = buffer_extend(out, (size_t)len)))
        return buffer_error(out);
    for (size_t got = 0; got < len;) {
        ssize_t count = pread(log->descriptor, at + got, (size_t)len - got, (off_t)got);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return ERR_IO;
        got += (size_t)count;
    }
    return ERR_OK;
}

enum err files_log_add(struct files_log *log, struct bytes bytes)
{
    enum err err = write_at(log->descriptor, log->len, bytes);

    if (!err && fdatasync(log->descriptor) != 0)
        err = errno == ENOSPC || errno == EDQUOT ? ERR_IO : files_error(errno); /* Part of it may be there. */
    if (!err)
        log->len += bytes.len;
    return err;
}

enum err files_log_empty(struct files_log *log)
{
    if (ftruncate(log->descriptor, 0) != 0)
        return ERR_IO;
    log->len = 0;
    return ERR_OK;
}

enum err files_log_sync(const struct files_log *log)
{
    return fdatasync(log->descriptor) == 0 ? ERR_OK : ERR_IO;
}

void files_log_close(struct files_log *log)
{
    if (log->descriptor >= 0)
        (void)close(log->descriptor);
    *log = (struct files_log){.descriptor = -1};
}

enum err files_handle_sync_system(int handle)
{
    return syncfs(handle) == 0 ? ERR_OK : ERR_IO;
}

enum err files_log_sync_system(const struct files_log *log)
{
    return files_handle_sync_system(log->descriptor);
}

int files_log_handle(const struct files_log *log)
{
    return fcntl(log->descriptor, F_DUPFD_CLOEXEC, 0);
}

void files_handle_close(int handle)
{
    if (handle >= 0)
        (void)close(handle);
}
