/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_BUFFER_H
#define PROTO_BUFFER_H

/*
 * Bytes that grow up to a limit.  The first failure sticks: later writes are no-ops, and buffer_error() tells at the
 * end, so that a writer is a straight line.  Zero-initialise with BUFFER(limit); buffer_free() gives the memory back.
 */

#include "proto/bytes.h"
#include "proto/error.h"

struct buffer {
    uint8_t *at;
    size_t len;
    size_t size;
    size_t limit; /* Bytes it may grow to. */
    enum err err;
};

#define BUFFER(bound) ((struct buffer){.limit = (bound)})

void buffer_free(struct buffer *b); /* Leaves an empty buffer with the same limit. */
void buffer_clear(struct buffer *b); /* Empties it, forgets the error, keeps the memory. */
void buffer_drop(struct buffer *b, size_t count); /* Drops the first `count` bytes. */

void buffer_add(struct buffer *b, struct bytes run);
void buffer_text(struct buffer *b, const char *text);
void buffer_number(struct buffer *b, uint64_t number); /* In decimal. */
void buffer_hex(struct buffer *b, struct bytes run);   /* Lower-case digits. */
void buffer_u8(struct buffer *b, uint8_t value);
void buffer_u16(struct buffer *b, uint16_t value);
void buffer_u32(struct buffer *b, uint32_t value);
void buffer_u64(struct buffer *b, uint64_t value);

/* Makes room for `count` bytes and returns where they go, or NULL; they count as written. */
uint8_t *buffer_extend(struct buffer *b, size_t count);

/* Lent until the next change of the buffer. */
static inline struct bytes buffer_bytes(const struct buffer *b)
{
    return bytes_of(b->at, b->len);
}

/* ERR_MEMORY, or ERR_LIMIT when the limit would have been passed. */
static inline enum err buffer_error(const struct buffer *b)
{
    return b->err;
}

#endif
