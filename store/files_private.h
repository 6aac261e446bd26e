/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_FILES_PRIVATE_H
#define STORE_FILES_PRIVATE_H

/* What the files files*.c share; nobody else includes it. */

#include "store/files.h"

/* What the system's error means here. */
enum err files_error(int number);

/* Appends at most `len` bytes from `offset` on. */
enum err files_read_at(int descriptor, uint64_t offset, size_t len, struct buffer *out);

/* Makes the name of a file durable. */
enum err files_sync_parent(const char *path);

#endif
