/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_FILES_H
#define STORE_FILES_H

/*
 * Files that are there after a power cut, or never were.  The only code of ours that opens, renames, syncs and locks.
 * ERR_FULL: no space, over quota or read-only.  ERR_IO: everything else; errno tells.  After ERR_IO from anything
 * that writes, what is on the disk is unknown: an fsync is never tried again.
 */

#include "proto/buffer.h"
#include "proto/limits.h"

#define FILES_PATH_SIZE 4096

/* directory/name; ERR_LIMIT when it is too long. */
enum err files_join(char path[FILES_PATH_SIZE], const char *directory, const char *name);

bool files_exists(const char *path);
bool files_is_directory(const char *path);

/* Appends the whole file.  ERR_MISSING; ERR_LIMIT: it is longer than `limit`. */
enum err files_read(const char *path, size_t limit, struct buffer *out);

/* Appends its first bytes, at most `size`. */
enum err files_read_start(const char *path, size_t size, struct buffer *out);

/* Whether a file holds these bytes and no others: ERR_AUTH when not. */
enum err files_compare(const char *path, struct bytes bytes);

/* Appends at most `len` bytes from `offset` on; fewer where the file ends. */
enum err files_read_part(const char *path, uint64_t offset, size_t len, struct buffer *out);

/* Writes the file under a temporary name beside it, then puts it in its place, durably.  `mode` as in chmod. */
enum err files_replace(const char *path, struct bytes text, unsigned mode);

/* The same in two steps, for several files: files_stage() makes `from` durable, files_rename() puts it in place. */
enum err files_stage(const char *from, struct bytes text, unsigned mode);
enum err files_rename(const char *from, const char *to);

/* The same, durable only after files_sync_system(), or never. */
enum err files_replace_unsynced(const char *path, struct bytes text, unsigned mode);
/* The same with the bytes durable on return, and the name not. */
enum err files_replace_unnamed(const char *path, struct bytes text, unsigned mode);
enum err files_stage_unsynced(const char *from, struct bytes text, unsigned mode);
enum err files_rename_unsynced(const char *from, const char *to);

/*
 * A file that grows at its end: what files_log_add() was given is durable when it returns.  Emptying it is so only after
 * files_log_sync().  ERR_FULL from adding: it is as long as before.
 */
struct files_log {
    int descriptor;
    uint64_t len;
};
enum err files_log_open(const char *path, unsigned mode, struct files_log *log);
enum err files_log_read(const struct files_log *log, size_t limit, struct buffer *out);
enum err files_log_add(struct files_log *log, struct bytes bytes);
enum err files_log_empty(struct files_log *log);
enum err files_log_sync(const struct files_log *log);
void files_log_close(struct files_log *log);

/*
 * Makes everything durable on the file system where the file is, and tells of every failure since it was opened.
 * files_log_handle() is for another thread, which closes it; -1: there is none.
 */
enum err files_log_sync_system(const struct files_log *log);
int files_log_handle(const struct files_log *log);
enum err files_handle_sync_system(int handle);
void files_handle_close(int handle);

/* A file of which parts are read again and again, as it is then; fewer bytes are appended where it ends. */
struct files_view {
    int descriptor;
};
#define FILES_VIEW ((struct files_view){.descriptor = -1})
enum err files_view_open(const char *path, struct files_view *view);
enum err files_view_read(const struct files_view *view, uint64_t offset, size_t len, struct buffer *out);
bool files_view_is(const struct files_view *view, const char *path); /* Whether that still names this very file. */
void files_view_close(struct files_view *view); /* Fine when it is not open. */

/*
 * When names came into a directory or went, as far as the file system tells: two of them are compared.  `is_past`: it is long ago
 * enough that a later one has another time; many file systems tell of several within some milliseconds the same.
 */
struct files_change {
    uint64_t inode, seconds, nanoseconds;
};
enum err files_view_change(const char *directory, struct files_change *change, bool *is_past);

/*
 * What tells this very file from every copy of it and stays when it is renamed: the time when it was made, or its inode where
 * the file system does not say.  One word.
 */
#define FILES_STAMP_SIZE 48
enum err files_stamp(const char *path, char stamp[FILES_STAMP_SIZE]);

/* files_replace() of a text that ends in a line of its own stamp: "stamp ", the stamp, and LF are added to it. */
enum err files_replace_stamped(const char *path, struct bytes text, unsigned mode);

/* Begins the name of every temporary file that files_replace() makes. */
#define FILES_TEMPORARY "tmp_igum_"

/*
 * For trees that are made durable as a whole by files_sync_system(), before they are given their name.  files_claim() makes
 * an empty file of a name that is nobody's: ERR_EXISTS, ERR_MISSING (the directory).
 */
enum err files_claim(const char *path, unsigned mode);
enum err files_append_unsynced(const char *path, struct bytes bytes);

/* Makes a directory, durable on return.  ERR_EXISTS: something of that name is there; ERR_MISSING: its parent is not. */
enum err files_make_directory(const char *path, unsigned mode);

/* The same, durable only after files_sync_directory() of its parent: for many at once. */
enum err files_make_unsynced_directory(const char *path, unsigned mode);

/* Makes the names in a directory durable. */
enum err files_sync_directory(const char *path);

/* Makes everything on that file system durable. */
enum err files_sync_system(const char *path);

/* Removes a file, or a directory with everything in it; fine when it is not there.  Not durable by itself. */
enum err files_remove(const char *path);
enum err files_remove_tree(const char *path);

/* Calls back for each name in a directory but "." and "..", in no order; ERR_MISSING.  The callback may remove it. */
typedef enum err files_name_fn(void *context, const char *name);
enum err files_each(const char *path, files_name_fn *each, void *context);

/* The size in bytes. */
enum err files_size(const char *path, uint64_t *size);

/*
 * One node per home: holds HOME/lock until files_unlock() or the end of the process.  ERR_BUSY: another process has it,
 * and `holder` (may be NULL) gets its process id, 0 when it did not say.
 */
struct files_lock {
    int descriptor;
};
enum err files_lock(const char *home, struct files_lock *lock, long *holder);
void files_unlock(struct files_lock *lock);

#endif
