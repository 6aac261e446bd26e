/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_FILE_H
#define PROTO_FILE_H

/*
 * An attachment as it travels and is kept: chunks of LIMIT_CHUNK, each of which can be verified by itself.  A file of one chunk
 * is known by the hash of its bytes; a larger one by its size and the list of the hashes of its chunks (docs/FORMAT.md, 1).
 */

#include "proto/buffer.h"
#include "proto/id.h"
#include "proto/limits.h"

/* How many chunks a file of that size has; an empty one has one, which is empty. */
size_t file_chunks(uint64_t size);
/* The size of one of them. */
size_t file_chunk_size(uint64_t size, size_t index);

/* The digest of a file of that size whose chunks have these hashes, one after another. */
struct id file_digest(uint64_t size, struct bytes list);

/* Whether `list` is that of the file: empty where one chunk is all, else a hash for each, which together are the digest. */
bool file_list_is(const struct id *digest, uint64_t size, struct bytes list);

/* Whether `bytes` are the chunk at `index` of the file with this list, which was verified. */
bool file_chunk_is(const struct id *digest, uint64_t size, struct bytes list, size_t index, struct bytes bytes);

/* One verified chunk on its way to the disk. */
struct file_chunk {
    struct id digest; /* Of the file. */
    uint64_t size;    /* Likewise. */
    struct bytes list;
    size_t index;
    struct bytes bytes;
    bool settle; /* What came so far is to be found after a crash; else that may wait for one of the next. */
};

/* What is here of a file. */
struct file_state {
    bool whole;
    size_t count; /* Chunks here. */
    uint8_t have[LIMIT_CHUNKS / 8];
    size_t list_len;
    uint8_t list[LIMIT_CHUNKS * ID_LEN]; /* Of a file that is larger than one chunk: the hashes of its chunks. */
};

static inline bool file_state_has(const struct file_state *state, size_t index)
{
    return state->whole || (state->have[index / 8] >> index % 8 & 1);
}

void file_state_add(struct file_state *state, size_t index);

#endif
