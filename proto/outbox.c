/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/outbox.h"

#include <assert.h>
#include <stdlib.h>

struct outbox_message {
    struct outbox_message *next;
    size_t len;
    size_t taken;
    uint8_t type;
    uint8_t payload[];
};

enum err outbox_add(struct outbox *outbox, uint8_t type, struct bytes payload)
{
    struct outbox_message *message = malloc(sizeof *message + payload.len);

    if (!message)
        return ERR_MEMORY;
    *message = (struct outbox_message){.len = payload.len, .type = type};
    if (payload.len > 0)
        memcpy(message->payload, payload.at, payload.len);
    if (outbox->last)
        outbox->last->next = message;
    else
        outbox->first = message;
    outbox->last = message;
    outbox->queued += FRAME_HEADER_LEN + payload.len;
    outbox->memory += sizeof *message + payload.len;
    return ERR_OK;
}

bool outbox_next_part(struct outbox *outbox, size_t most, struct frame *frame)
{
    const struct outbox_message *message = outbox->first;

    if (!message)
        return false;
    size_t rest = message->len - message->taken;
    if (most > FRAME_BODY_MAX)
        most = FRAME_BODY_MAX;
    outbox->lent = rest < most ? rest : most;
    *frame = (struct frame){
        .type = message->type,
        .flags = outbox->lent == rest ? FRAME_LAST : 0,
        .body = bytes_of(message->payload + message->taken, outbox->lent),
    };
    return true;
}

bool outbox_next(struct outbox *outbox, struct frame *frame)
{
    return outbox_next_part(outbox, FRAME_BODY_MAX, frame);
}

void outbox_advance(struct outbox *outbox)
{
    struct outbox_message *message = outbox->first;

    assert(message);
    message->taken += outbox->lent;
    outbox->queued -= outbox->lent;
    if (message->taken < message->len)
        return;
    outbox->queued -= FRAME_HEADER_LEN;
    outbox->memory -= sizeof *message + message->len;
    outbox->first = message->next;
    if (!outbox->first)
        outbox->last = NULL;
    free(message);
}

void outbox_free(struct outbox *outbox)
{
    while (outbox->first) {
        struct outbox_message *message = outbox->first;

        outbox->first = message->next;
        free(message);
    }
    *outbox = (struct outbox){0};
}
