/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_INBOX_H
#define PROTO_INBOX_H

/* One stream's incoming message, put together from its records. */

#include "proto/buffer.h"
#include "proto/frame.h"

struct inbox {
    struct buffer body;
    uint8_t type;
    bool begun;
};

/*
 * Appends a record's body; `complete` tells that the message is whole, and then it must be cleared before the next.
 * `limit` is the message's, and counts from its first record on.
 * ERR_FORMAT: another type within a message.  ERR_LIMIT, ERR_MEMORY.
 */
enum err inbox_add(struct inbox *inbox, const struct frame *frame, size_t limit, bool *complete);

/* Forgets the message; what a large one took is given back. */
void inbox_clear(struct inbox *inbox);
void inbox_free(struct inbox *inbox);

#endif
