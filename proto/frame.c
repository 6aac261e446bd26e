/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/frame.h"

#include <assert.h>

#include "proto/wire.h"

#define PADDED_BELOW 1024
#define PADDING_STEP 16
#define STREAM_SHIFT 1 /* In the byte of the flags. */

static size_t padded_len(size_t body_len)
{
    size_t len = FRAME_HEADER_LEN + body_len;

    return len < PADDED_BELOW ? (len + PADDING_STEP - 1) / PADDING_STEP * PADDING_STEP : len;
}

void frame_encode(struct buffer *out, const struct frame *frame)
{
    assert(frame->body.len <= FRAME_BODY_MAX && !(frame->flags & ~FRAME_LAST) && frame->stream <= FRAME_STREAM_MAX);
    buffer_u8(out, frame->type);
    buffer_u8(out, (uint8_t)(frame->flags | frame->stream << STREAM_SHIFT));
    buffer_u16(out, (uint16_t)frame->body.len);
    buffer_add(out, frame->body);

    size_t padding = padded_len(frame->body.len) - FRAME_HEADER_LEN - frame->body.len;
    uint8_t *at = buffer_extend(out, padding);
    if (at)
        memset(at, 0, padding);
}

enum err frame_decode(struct bytes in, struct frame *frame)
{
    struct wire_reader r = wire_reader(in);
    struct frame read = {0};
    uint8_t padding = 0;

    read.type = wire_u8(&r);
    uint8_t flags = wire_u8(&r);
    read.flags = flags & FRAME_LAST;
    read.stream = flags >> STREAM_SHIFT;
    size_t body_len = wire_u16(&r);
    if (r.err || read.stream > FRAME_STREAM_MAX || body_len > FRAME_BODY_MAX || in.len != padded_len(body_len))
        return ERR_FORMAT;
    read.body = wire_read(&r, body_len);
    for (size_t i = 0; i < r.rest.len; i++)
        padding |= r.rest.at[i];
    if (r.err || padding)
        return ERR_FORMAT;
    *frame = read;
    return ERR_OK;
}
