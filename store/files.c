/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/files_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_TEXT_SIZE 64

enum err files_error(int number)
{
    switch (number) {
    case ENOENT: return ERR_MISSING;
    case EEXIST: return ERR_EXISTS;
    case ENOSPC:
    case EDQUOT:
    case EROFS: return ERR_FULL;
    case ENOMEM: return ERR_MEMORY;
    default: return ERR_IO;
    }
}

/* Closing must not hide why something failed before. */
static void close_quietly(int descriptor)
{
    int number = errno;

    (void)close(descriptor);
    errno = number;
}

enum err files_join(char path[FILES_PATH_SIZE], const char *directory, const char *name)
{
    int len = snprintf(path, FILES_PATH_SIZE, "%s/%s", directory, name);

    return len < 0 || len >= FILES_PATH_SIZE ? ERR_LIMIT : ERR_OK;
}

bool files_exists(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0;
}

bool files_is_directory(const char *path)
{
    struct stat status;

    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

enum err files_size(const char *path, uint64_t *size)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return files_error(errno);
    *size = (uint64_t)status.st_size;
    return ERR_OK;
}

static enum err read_all(int descriptor, size_t limit, struct buffer *out)
{
    uint8_t piece[KIB(16)];
    size_t total = 0;

    for (;;) {
        ssize_t got = read(descriptor, piece, sizeof piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ERR_IO;
        if (got == 0)
            return buffer_error(out);
        total += (size_t)got;
        if (total > limit)
            return ERR_LIMIT;
        buffer_add(out, bytes_of(piece, (size_t)got));
    }
}

enum err files_read(const char *path, size_t limit, struct buffer *out)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);

    if (descriptor < 0)
        return files_error(errno);
    enum err err = read_all(descriptor, limit, out);
    close_quietly(descriptor);
    return err;
}

/* Reads up to `size` bytes; less only at the end of the file. */
static enum err read_some(int descriptor, uint8_t *at, size_t size, size_t *len)
{
    for (*len = 0; *len < size;) {
        ssize_t got = read(descriptor, at + *len, size - *len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return files_error(errno);
        if (got == 0)
            break;
        *len += (size_t)got;
    }
    return ERR_OK;
}

enum err files_read_start(const char *path, size_t size, struct buffer *out)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *at = descriptor < 0 ? NULL : buffer_extend(out, size);
    size_t len = 0;

    if (descriptor < 0)
        return files_error(errno);
    enum err err = at ? read_some(descriptor, at, size, &len) : buffer_error(out);
    if (at)
        out->len -= size - len;
    close_quietly(descriptor);
    return err;
}

enum err files_compare(const char *path, struct bytes bytes)
{
    uint8_t part[16384];
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    enum err err = ERR_OK;
    size_t len = 0;

    if (descriptor < 0)
        return files_error(errno);
    do {
        err = read_some(descriptor, part, sizeof part, &len);
        if (!err && (len > bytes.len || (len > 0 && memcmp(part, bytes.at, len) != 0)))
            err = ERR_AUTH;
        if (!err)
            bytes = bytes_from(bytes, len);
    } while (!err && len == sizeof part);
    close_quietly(descriptor);
    return err ? err : bytes.len == 0 ? ERR_OK : ERR_AUTH;
}

enum err files_read_at(int descriptor, uint64_t offset, size_t len, struct buffer *out)
{
    uint8_t *at = buffer_extend(out, len);
    size_t got = 0;

    if (!at)
        return buffer_error(out);
    while (got < len) {
        ssize_t count = pread(descriptor, at + got, len - got, (off_t)(offset + got));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return ERR_IO;
        if (count == 0)
            break;
        got += (size_t)count;
    }
    out->len -= len - got;
    return ERR_OK;
}

enum err files_read_part(const char *path, uint64_t offset, size_t len, struct buffer *out)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);

    if (descriptor < 0)
        return files_error(errno);
    enum err err = files_read_at(descriptor, offset, len, out);
    close_quietly(descriptor);
    return err;
}

static enum err write_all(int descriptor, struct bytes text)
{
    while (text.len > 0) {
        ssize_t put = write(descriptor, text.at, text.len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return files_error(errno);
        text = bytes_from(text, (size_t)put);
    }
    return ERR_OK;
}

static enum err stamp_of(int directory, const char *path, int flags, char stamp[FILES_STAMP_SIZE])
{
    struct statx status;

    if (statx(directory, path, flags, STATX_BTIME | STATX_INO, &status) != 0)
        return files_error(errno);
    if ((status.stx_mask & STATX_BTIME) != 0)
        snprintf(stamp, FILES_STAMP_SIZE, "made-%lld.%09u", (long long)status.stx_btime.tv_sec,
                 status.stx_btime.tv_nsec);
    else
        snprintf(stamp, FILES_STAMP_SIZE, "inode-%llu", (unsigned long long)status.stx_ino);
    return ERR_OK;
}

enum err files_stamp(const char *path, char stamp[FILES_STAMP_SIZE])
{
    return stamp_of(AT_FDCWD, path, 0, stamp);
}

static enum err write_stamp(int descriptor)
{
    char stamp[FILES_STAMP_SIZE], line[FILES_STAMP_SIZE + 8];
    enum err err = stamp_of(descriptor, "", AT_EMPTY_PATH, stamp);

    if (err)
        return err;
    snprintf(line, sizeof line, "stamp %s\n", stamp);
    return write_all(descriptor, bytes_text(line));
}

enum how { PLAIN, STAMPED, UNNAMED, UNSYNCED };

static enum err stage_new(const char *from, struct bytes text, unsigned mode, enum how how)
{
    int descriptor = open(from, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return files_error(errno);
    enum err err = write_all(descriptor, text);
    if (!err && how == STAMPED)
        err = write_stamp(descriptor);
    if (!err && fchmod(descriptor, mode) != 0)
        err = files_error(errno);
    if (!err && how != UNSYNCED && fsync(descriptor) != 0)
        err = files_error(errno);
    if (err)
        close_quietly(descriptor);
    else if (close(descriptor) != 0)
        err = files_error(errno);
    if (err) {
        int number = errno;
        (void)unlink(from);
        errno = number;
    }
    return err;
}

static enum err stage(const char *from, struct bytes text, unsigned mode, enum how how)
{
    /* A file of that name is left from a crash; it may be one that cannot be written. */
    if (unlink(from) != 0 && errno != ENOENT)
        return files_error(errno);
    return stage_new(from, text, mode, how);
}

enum err files_stage(const char *from, struct bytes text, unsigned mode)
{
    return stage(from, text, mode, PLAIN);
}

enum err files_stage_unsynced(const char *from, struct bytes text, unsigned mode)
{
    return stage(from, text, mode, UNSYNCED);
}

/* The directory that holds `path`. */
static enum err parent_of(const char *path, char parent[FILES_PATH_SIZE])
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;

    if (len >= FILES_PATH_SIZE)
        return ERR_LIMIT;
    if (!slash)
        memcpy(parent, ".", 2);
    else if (len == 0)
        memcpy(parent, "/", 2);
    else {
        memcpy(parent, path, len);
        parent[len] = '\0';
    }
    return ERR_OK;
}

enum err files_sync_parent(const char *path)
{
    char parent[FILES_PATH_SIZE];
    enum err err = parent_of(path, parent);

    return err ? err : files_sync_directory(parent);
}

static enum err put_in_place(const char *from, const char *to)
{
    return rename(from, to) == 0 ? ERR_OK : files_error(errno);
}

/* A plain rename over a file makes ext4 write out the new one at once, some milliseconds each; this does not. */
static bool exchange(const char *from, const char *to)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) != 0)
        return false;
    (void)unlink(from); /* Else it stays as a file that counts for nothing. */
    return true;
}

enum err files_rename_unsynced(const char *from, const char *to)
{
    return exchange(from, to) ? ERR_OK : put_in_place(from, to);
}

enum err files_claim(const char *path, unsigned mode)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

    if (descriptor < 0)
        return files_error(errno);
    return close(descriptor) == 0 ? ERR_OK : files_error(errno);
}

enum err files_append_unsynced(const char *path, struct bytes bytes)
{
    int descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    enum err err;

    if (descriptor < 0)
        return files_error(errno);
    err = write_all(descriptor, bytes);
    if (close(descriptor) != 0 && err == ERR_OK)
        err = files_error(errno);
    return err;
}

enum err files_rename(const char *from, const char *to)
{
    enum err err = put_in_place(from, to);

    return err ? err : files_sync_parent(to);
}

static enum err replace(const char *path, struct bytes text, unsigned mode, enum how how)
{
    char parent[FILES_PATH_SIZE], name[64], temporary[FILES_PATH_SIZE];
    enum err err = parent_of(path, parent);

    if (err)
        return err;
    snprintf(name, sizeof name, FILES_TEMPORARY "%ld", (long)getpid());
    err = files_join(temporary, parent, name);
    if (!err)
        err = stage(temporary, text, mode, how);
    if (err)
        return err;
    err = how >= UNNAMED ? put_in_place(temporary, path) : files_rename(temporary, path);
    if (err) {
        int number = errno;
        (void)unlink(temporary);
        errno = number;
    }
    return err;
}

enum err files_replace(const char *path, struct bytes text, unsigned mode)
{
    return replace(path, text, mode, PLAIN);
}

enum err files_replace_stamped(const char *path, struct bytes text, unsigned mode)
{
    return replace(path, text, mode, STAMPED);
}

enum err files_replace_unnamed(const char *path, struct bytes text, unsigned mode)
{
    return replace(path, text, mode, UNNAMED);
}

enum err files_replace_unsynced(const char *path, struct bytes text, unsigned mode)
{
    return replace(path, text, mode, UNSYNCED);
}

enum err files_make_unsynced_directory(const char *path, unsigned mode)
{
    return mkdir(path, mode) == 0 ? ERR_OK : files_error(errno);
}

enum err files_make_directory(const char *path, unsigned mode)
{
    enum err err = files_make_unsynced_directory(path, mode);

    return err ? err : files_sync_parent(path);
}

static enum err sync_with(const char *path, int (*sync_call)(int))
{
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (descriptor < 0)
        return files_error(errno);
    enum err err = sync_call(descriptor) == 0 ? ERR_OK : files_error(errno);
    close_quietly(descriptor);
    return err;
}

enum err files_sync_directory(const char *path)
{
    return sync_with(path, fsync);
}

enum err files_sync_system(const char *path)
{
    return sync_with(path, syncfs);
}

enum err files_remove(const char *path)
{
    return unlink(path) == 0 || errno == ENOENT ? ERR_OK : files_error(errno);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

enum err files_remove_tree(const char *path)
{
    return nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT ? ERR_OK : files_error(errno);
}

enum err files_each(const char *path, files_name_fn *each, void *context)
{
    DIR *directory = opendir(path);
    enum err err = ERR_OK;

    if (!directory)
        return files_error(errno);
    while (!err) {
        errno = 0;
        const struct dirent *found = readdir(directory);
        if (!found) {
            err = errno ? files_error(errno) : ERR_OK;
            break;
        }
        if (strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0)
            err = each(context, found->d_name);
    }
    (void)closedir(directory);
    return err;
}

static long read_holder(int descriptor)
{
    char text[LOCK_TEXT_SIZE] = "";

    return pread(descriptor, text, sizeof text - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;
}

enum err files_lock(const char *home, struct files_lock *lock, long *holder)
{
    char path[FILES_PATH_SIZE], text[LOCK_TEXT_SIZE];
    enum err err = files_join(path, home, "lock");

    lock->descriptor = -1;
    if (err)
        return err;
    int descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return files_error(errno);
    /* flock() and not fcntl(): those locks end as soon as any descriptor of the file is closed. */
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        err = errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO;
        if (holder)
            *holder = read_holder(descriptor);
        close_quietly(descriptor);
        return err;
    }
    /* Who holds it is information only: a full disk does not matter. */
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, text, (size_t)len, 0) != len)
        errno = 0;
    lock->descriptor = descriptor;
    return ERR_OK;
}

void files_unlock(struct files_lock *lock)
{
    if (lock->descriptor >= 0)
        (void)close(lock->descriptor);
    lock->descriptor = -1;
}
