/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_STREAM_FILE_H
#define STORE_STREAM_FILE_H

/*
 * One large file, written or read from its beginning to its end.  A written one is under its name whole and durable, or not at
 * all.  What is read is a plain file: no directory, no device and no pipe is ever opened for its contents.
 */

#include "proto/buffer.h"

struct stream_file;

/* Begins a file under a temporary name beside `path`.  ERR_MISSING: no such directory; ERR_FULL, ERR_IO, ERR_MEMORY. */
enum err stream_file_create(const char *path, struct stream_file **file);
enum err stream_file_write(struct stream_file *f, struct bytes run); /* ERR_FULL, ERR_IO. */
/* Makes it durable and puts it in its place; frees it in any case, and then an error leaves nothing behind. */
enum err stream_file_finish(struct stream_file *f);

/* ERR_MISSING; ERR_FORMAT: it is no plain file; ERR_IO, ERR_MEMORY. */
enum err stream_file_open(const char *path, struct stream_file **file);
uint64_t stream_file_size(const struct stream_file *f);
/* Appends up to `most` bytes; fewer only at the end.  ERR_IO, ERR_MEMORY. */
enum err stream_file_read(struct stream_file *f, size_t most, struct buffer *to);

void stream_file_close(struct stream_file *f); /* Accepts NULL; one that is being written is given up. */

#endif
