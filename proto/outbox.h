/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_OUTBOX_H
#define PROTO_OUTBOX_H

/* One stream's outgoing messages, handed out record by record. */

#include "proto/frame.h"

struct outbox_message;

struct outbox {
    struct outbox_message *first;
    struct outbox_message *last;
    size_t queued; /* Bytes not handed out yet: bodies, and a record header for each message. */
    size_t memory; /* Bytes held. */
    size_t lent;   /* Of the first message, by outbox_next(). */
};

/* Copies the message to the end of the queue.  ERR_MEMORY. */
enum err outbox_add(struct outbox *outbox, uint8_t type, struct bytes payload);

/* Lends the next record until outbox_advance(); false when nothing waits.  The caller sets the stream. */
bool outbox_next(struct outbox *outbox, struct frame *frame);
/* The same with a body of at most `most` bytes. */
bool outbox_next_part(struct outbox *outbox, size_t most, struct frame *frame);

/* Drops the record that outbox_next() lent. */
void outbox_advance(struct outbox *outbox);

void outbox_free(struct outbox *outbox);

#endif
