/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_BUNDLE_FILE_H
#define PROTO_BUNDLE_FILE_H

/*
 * Bundles as a file, for a stick (docs/FORMAT.md, 6.1): a header, frames that each stand alone, a trailer.  The reader is handed
 * the bytes as they come, keeps none, and finds the next whole frame after whatever is damaged.  What a frame holds is as
 * trustworthy as what a stranger sends.
 */

#include "proto/buffer.h"
#include "proto/id.h"
#include "proto/limits.h"

#define BUNDLE_FILE_HEADER_LEN 121
#define BUNDLE_FILE_FRAME_LEN 21 /* Before the body. */
#define BUNDLE_FILE_BODY LIMIT_MESSAGE_BULK
#define BUNDLE_FILE_WINDOW (BUNDLE_FILE_FRAME_LEN + BUNDLE_FILE_BODY) /* No more need be held to find a frame. */

enum bundle_file_type {
    BUNDLE_FILE_END = 0,     /* The trailer: body bundle_file_end. */
    BUNDLE_FILE_CHARTER = 1, /* The network's founding text, for an office that has nothing yet. */
    BUNDLE_FILE_BUNDLE = 2,  /* One zstd frame of a bundle. */
    BUNDLE_FILE_RECEIPT = 4, /* One receipt with what stands behind it. */
    BUNDLE_FILE_CHUNK = 6,   /* The entry that publishes an attachment, and one chunk of that (node/control.h). */
};

struct bundle_file_header { /* Told by whoever wrote it: for people, and believed by nobody. */
    struct id network;
    struct id from, to; /* Kibbutzim; zeros: not known, and for anyone. */
    uint64_t clock_ms;
    uint32_t part; /* From 1. */
};

struct bundle_file_writer {
    struct id_hasher hasher; /* Of all bytes so far. */
    uint64_t size, frames;
};

/* Each appends to `out` what goes to the file next. */
void bundle_file_begin(struct bundle_file_writer *w, const struct bundle_file_header *header, struct buffer *out);
void bundle_file_add(struct bundle_file_writer *w, enum bundle_file_type type, struct bytes body, struct buffer *out);
void bundle_file_end(struct bundle_file_writer *w, bool is_last, struct buffer *out); /* No part follows. */

enum bundle_file_event {
    BUNDLE_FILE_MORE,    /* It needs more bytes, of which `used` are done with. */
    BUNDLE_FILE_FRAME,   /* `type` and `body`, lent from the window. */
    BUNDLE_FILE_DAMAGED, /* `used` bytes are no frame: they are passed over. */
    BUNDLE_FILE_ENDED,   /* The trailer: `is_whole` says whether every byte before it is as written. */
    BUNDLE_FILE_CUT,     /* It ends before the trailer. */
};

struct bundle_file_reader {
    struct bundle_file_header header;
    struct id_hasher hasher;
    uint64_t frames;
    uint64_t read, wasted; /* Bytes gone by, and bytes that were looked at and were no frame. */
    /* The present event. */
    size_t used;
    uint8_t type;
    struct bytes body;
    bool is_last, is_whole;
};

/*
 * Reads the header from the first BUNDLE_FILE_HEADER_LEN bytes.  ERR_FORMAT: it is none; ERR_VERSION: of a newer igum; ERR_NETWORK.
 * Frames may follow all the same: of a damaged header nothing is lost.
 */
enum err bundle_file_open(struct bundle_file_reader *r, struct bytes start, const struct id *network);

/*
 * Looks at the window, which goes on where the header or the last `used` bytes ended; `is_all`: nothing comes after it.  A window of
 * BUNDLE_FILE_WINDOW bytes always brings something other than BUNDLE_FILE_MORE with nothing used.  After ENDED and CUT it is over.
 */
enum bundle_file_event bundle_file_next(struct bundle_file_reader *r, struct bytes window, bool is_all);

#endif
