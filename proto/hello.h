/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_HELLO_H
#define PROTO_HELLO_H

/* What both sides say of themselves when a session opens (docs/PROTOCOL.md, 1.2 and 5). */

#include "proto/buffer.h"
#include "proto/error.h"

#define HELLO_SOFTWARE_MAX 64
#define HELLO_FIRST_MAX 256 /* Roots fit. */
#define HELLO_CLOCK_MS 60000 /* One of `clock_min`. */
#define HELLO_LEN_MAX (1 + 1 + 4 + 4 + 1 + HELLO_SOFTWARE_MAX + 1 + HELLO_FIRST_MAX)

struct hello {
    uint8_t version_min, version_max;
    uint32_t features;
    uint32_t clock_min;    /* The clock on the wall, in minutes since 1970: for people alone, and 0 where it is not told. */
    struct bytes software; /* Borrowed while encoding, lent by the input after decoding. */
    uint8_t first_type;    /* The first message on the live stream rides along; 0: none does. */
    struct bytes first;    /* Likewise. */
};

void hello_encode(struct buffer *out, const struct hello *hello);
/* Appends the first message to a HELLO that was encoded without one. */
void hello_add_first(struct buffer *out, uint8_t type, struct bytes first);

/* ERR_FORMAT. */
enum err hello_decode(struct bytes in, struct hello *hello);

/* ERR_VERSION: the peer does not speak `used`, or both could have spoken a higher version (a downgrade). */
enum err hello_agree(const struct hello *own, const struct hello *peer, uint8_t used);

#endif
