/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_HELLO_H
#define PROTO_HELLO_H

/* What both sides say of themselves when a session opens (docs/PROTOCOL.md, 1.2 and 5). */

#include "proto/buffer.h"
#include "proto/id.h"

#define HELLO_SOFTWARE_MAX 64
#define HELLO_LEN_MAX (ID_LEN + 8 + 1 + 1 + 4 + 1 + HELLO_SOFTWARE_MAX)

struct hello {
    struct id node;
    uint64_t store_id;
    uint8_t version_min, version_max;
    uint32_t features;
    struct bytes software; /* Borrowed while encoding, lent by the input after decoding. */
};

void hello_encode(struct buffer *out, const struct hello *hello);

/* ERR_FORMAT. */
enum err hello_decode(struct bytes in, struct hello *hello);

/* ERR_VERSION: the peer does not speak `used`, or both could have spoken a higher version (a downgrade). */
enum err hello_agree(const struct hello *own, const struct hello *peer, uint8_t used);

#endif
