/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_PACKED_REFS_H
#define STORE_PACKED_REFS_H

/*
 * The file packed-refs of a repository: many refs in one, so that many move at the cost of one (git-pack-refs(1)).  A ref with
 * a file of its own hides the one of its name here.  No I/O.
 */

#include "proto/buffer.h"
#include "proto/sha1.h"

struct packed_ref {
    const char *name;
    struct sha1 target;
};

/* Appends what the file is to be with these refs, whatever was there of their names: sorted, all other lines kept.  ERR_MEMORY, ERR_LIMIT. */
enum err packed_refs_write(struct bytes file, const struct packed_ref refs[], size_t count, struct buffer *out);

#endif
