/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_COMPRESS_H
#define PROTO_COMPRESS_H

/* The only user of zstd, with the frame profile of docs/PROTOCOL.md, 3. */

#include "proto/buffer.h"

#define COMPRESS_LIVE 3 /* Levels. */
#define COMPRESS_BULK 3

/* Appends one frame.  ERR_MEMORY, ERR_LIMIT. */
enum err compress_frame(struct bytes plain, int level, struct buffer *frame);

/*
 * Checks the profile, then decompresses once into `plain` (appended).  ERR_FORMAT: not exactly one frame of the
 * profile.  ERR_LIMIT: it declares more than `limit`.  No memory is taken before both are known.
 */
enum err compress_open(struct bytes frame, size_t limit, struct buffer *plain);

/* The same of a frame that goes on where `base` ends; whoever opens it has the very same bytes. */
enum err compress_after(struct bytes base, struct bytes plain, struct buffer *frame);
enum err compress_open_after(struct bytes base, struct bytes frame, size_t limit, struct buffer *plain);

#endif
