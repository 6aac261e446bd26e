/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_DEFLATE_H
#define STORE_DEFLATE_H

/* Git's objects as it compresses them: zlib streams (RFC 1950).  The only user of libdeflate. */

#include "proto/buffer.h"

/* One thread at a time. */
struct deflate;

struct deflate *deflate_new(int level); /* Of compression, 0 to 12.  NULL when memory is out. */
void deflate_free(struct deflate *d);   /* Accepts NULL. */

/* Appends a stream of these bytes; large ones that are dense already are stored.  ERR_LIMIT, ERR_MEMORY. */
enum err deflate_add(struct deflate *d, struct bytes plain, struct buffer *out);

/* The same, and all of it is stored, for whoever waits. */
enum err deflate_store(struct deflate *d, struct bytes plain, struct buffer *out);

/* Whether the stream that begins so says that it was stored in haste, so that deflating it is worth while. */
bool deflate_is_hasty(struct bytes start);

/* What a whole stream says.  ERR_AUTH: it is damaged, or there is more.  ERR_LIMIT, ERR_MEMORY. */
enum err deflate_read(struct deflate *d, struct bytes stream, struct buffer *plain);

/* Appends the `size` bytes that the stream at the beginning of these says.  ERR_AUTH: it is damaged, or cut off.  ERR_LIMIT, ERR_MEMORY. */
enum err deflate_read_sized(struct deflate *d, struct bytes stream, size_t size, struct buffer *plain);

/* CRC-32, as the index of a pack has it of each object. */
uint32_t deflate_crc(struct bytes bytes);

#endif
