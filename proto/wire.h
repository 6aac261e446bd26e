/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_WIRE_H
#define PROTO_WIRE_H

/*
 * A cursor over received bytes with a sticky error: after the first short read everything reads as zero, and
 * wire_finish() tells.  So a parser is a straight line that checks once.  Big-endian throughout.
 */

#include "proto/bytes.h"
#include "proto/error.h"

struct wire_reader {
    struct bytes rest;
    enum err err;
};

struct wire_reader wire_reader(struct bytes in);

uint8_t wire_u8(struct wire_reader *r);
uint16_t wire_u16(struct wire_reader *r);
uint32_t wire_u32(struct wire_reader *r);
uint64_t wire_u64(struct wire_reader *r);

/* Lends the next `len` bytes of the input; empty after an error. */
struct bytes wire_read(struct wire_reader *r, size_t len);

/* Copies the next `len` bytes; zeros after an error. */
void wire_copy(struct wire_reader *r, void *to, size_t len);

/* Marks the input as malformed. */
void wire_fail(struct wire_reader *r);

/* ERR_FORMAT after a short read or when bytes are left over. */
enum err wire_finish(const struct wire_reader *r);

#endif
