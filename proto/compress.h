/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_COMPRESS_H
#define PROTO_COMPRESS_H

/* The only user of zstd, with the frame profile of docs/PROTOCOL.md, 3. */

#include "proto/buffer.h"

#define COMPRESS_LIVE 3 /* Levels. */
#define COMPRESS_BULK 3
/* Takes three seconds for a bundle, and a fifth less room than level 3; 19 takes half as long again for one in a hundred. */
#define COMPRESS_KEPT 16

/* Appends one frame.  ERR_MEMORY, ERR_LIMIT. */
enum err compress_frame(struct bytes plain, int level, struct buffer *frame);

/* The same in pieces; given up with ERR_BUSY when `stop` says so between two of them.  For what is kept and sent many times. */
typedef bool compress_stop_fn(void *context);
enum err compress_slowly(struct bytes plain, int level, compress_stop_fn *stop, void *context, struct buffer *frame);

/*
 * Checks the profile, then decompresses once into `plain` (appended).  ERR_FORMAT: not exactly one frame of the
 * profile.  ERR_LIMIT: it declares more than `limit`.  No memory is taken before both are known.
 */
enum err compress_open(struct bytes frame, size_t limit, struct buffer *plain);

/* The same of a frame that goes on where `base` ends; whoever opens it has the very same bytes. */
enum err compress_after(struct bytes base, struct bytes plain, struct buffer *frame);
enum err compress_open_after(struct bytes base, struct bytes frame, size_t limit, struct buffer *plain);

#endif
