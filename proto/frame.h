/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_FRAME_H
#define PROTO_FRAME_H

/* One record's plain text: header, body, padding (docs/PROTOCOL.md, 1.2). */

#include "proto/buffer.h"
#include "proto/limits.h"

#define FRAME_HEADER_LEN 4
#define FRAME_BODY_MAX (LIMIT_RECORD - FRAME_HEADER_LEN)
#define FRAME_LAST 1 /* Flag: the last record of its message. */
#define FRAME_STREAM_MAX 7

struct frame {
    uint8_t type;
    uint8_t flags;
    uint16_t stream;
    struct bytes body;
};

/* Appends the plain text of a record. */
void frame_encode(struct buffer *out, const struct frame *frame);

/* Reads one, padding and reserved bytes checked; the body is borrowed from `in`.  ERR_FORMAT. */
enum err frame_decode(struct bytes in, struct frame *frame);

#endif
