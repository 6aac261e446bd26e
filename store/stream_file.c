/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/stream_file.h"

#include "store/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct stream_file {
    int descriptor;
    uint64_t size;
    bool is_written;
    char path[FILES_PATH_SIZE], directory[FILES_PATH_SIZE], temporary[FILES_PATH_SIZE];
};

static enum err error_of(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR: return ERR_MISSING;
    case ELOOP: return ERR_FORMAT;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EROFS: return ERR_FULL;
    case ENOMEM: return ERR_MEMORY;
    default: return ERR_IO;
    }
}

static enum err name_it(struct stream_file *f, const char *path)
{
    const char *slash = strrchr(path, '/');
    int len = snprintf(f->path, sizeof f->path, "%s", path);

    if (len < 0 || (size_t)len >= sizeof f->path)
        return ERR_LIMIT;
    if (slash == NULL)
        snprintf(f->directory, sizeof f->directory, ".");
    else
        snprintf(f->directory, sizeof f->directory, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    return files_join(f->temporary, f->directory, FILES_TEMPORARY "XXXXXX");
}

enum err stream_file_create(const char *path, struct stream_file **file)
{
    struct stream_file *f = calloc(1, sizeof *f);
    enum err err;

    if (f == NULL)
        return ERR_MEMORY;
    f->descriptor = -1;
    f->is_written = true;
    if ((err = name_it(f, path)) == ERR_OK && (f->descriptor = mkostemp(f->temporary, O_CLOEXEC)) < 0)
        err = error_of(errno);
    if (err != ERR_OK) {
        free(f);
        return err;
    }
    (void)fchmod(f->descriptor, 0644); /* A file system of a stick knows no modes. */
    *file = f;
    return ERR_OK;
}

enum err stream_file_write(struct stream_file *f, struct bytes run)
{
    while (run.len > 0) {
        ssize_t count = write(f->descriptor, run.at, run.len);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return error_of(errno);
        run = bytes_from(run, (size_t)count);
        f->size += (uint64_t)count;
    }
    return ERR_OK;
}

enum err stream_file_finish(struct stream_file *f)
{
    enum err err = ERR_OK;

    if (fsync(f->descriptor) != 0 || close(f->descriptor) != 0)
        err = error_of(errno);
    else
        f->descriptor = -1;
    if (err == ERR_OK && rename(f->temporary, f->path) != 0)
        err = error_of(errno);
    if (err == ERR_OK) {
        f->is_written = false; /* It is in its place. */
        err = files_sync_directory(f->directory);
    }
    stream_file_close(f);
    return err;
}

enum err stream_file_open(const char *path, struct stream_file **file)
{
    struct stream_file *f = calloc(1, sizeof *f);
    struct stat status;
    enum err err = ERR_OK;

    if (f == NULL)
        return ERR_MEMORY;
    f->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (f->descriptor < 0 || fstat(f->descriptor, &status) != 0)
        err = error_of(errno);
    else if (!S_ISREG(status.st_mode))
        err = ERR_FORMAT;
    if (err != ERR_OK) {
        stream_file_close(f);
        return err;
    }
    f->size = (uint64_t)status.st_size;
    *file = f;
    return ERR_OK;
}

uint64_t stream_file_size(const struct stream_file *f)
{
    return f->size;
}

enum err stream_file_read(struct stream_file *f, size_t most, struct buffer *to)
{
    uint8_t *at = buffer_extend(to, most);
    size_t got = 0;
    ssize_t count = 1;

    if (at == NULL)
        return buffer_error(to) != ERR_OK ? buffer_error(to) : ERR_OK;
    while (got < most && count != 0) {
        count = read(f->descriptor, at + got, most - got);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            break;
        got += (size_t)count;
    }
    to->len -= most - got;
    return count < 0 ? error_of(errno) : ERR_OK;
}

void stream_file_close(struct stream_file *f)
{
    if (f == NULL)
        return;
    if (f->descriptor >= 0)
        (void)close(f->descriptor);
    if (f->is_written)
        (void)unlink(f->temporary);
    free(f);
}
