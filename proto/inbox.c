/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/inbox.h"

#define KEEP_SIZE LIMIT_RECORD

enum err inbox_add(struct inbox *inbox, const struct frame *frame, size_t limit, bool *complete)
{
    if (!inbox->begun) {
        inbox->begun = true;
        inbox->type = frame->type;
        inbox->body.limit = limit;
    }
    if (frame->type != inbox->type)
        return ERR_FORMAT;
    buffer_add(&inbox->body, frame->body);
    *complete = frame->flags & FRAME_LAST;
    return buffer_error(&inbox->body);
}

void inbox_clear(struct inbox *inbox)
{
    inbox->begun = false;
    if (inbox->body.size > KEEP_SIZE)
        buffer_free(&inbox->body);
    else
        buffer_clear(&inbox->body);
}

void inbox_free(struct inbox *inbox)
{
    inbox->begun = false;
    buffer_free(&inbox->body);
}
