/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/bundle.h"
#include "proto/compress.h"
#include "proto/talk_private.h"

/* Passing news on. */

struct frame { /* A bundle, made for nodes of one kibbutz. */
    struct buffer bytes;
    struct trust_key made_for;
    bool whole; /* With all contents that they may hold. */
    enum err err;
};

/* A bundle of the items for such a node, compressed; without contents when it would be too large with them. */
static enum err make_frame(struct replica *r, const struct item items[], size_t count, const struct trust_key *holder,
                           struct frame *frame)
{
    struct buffer plain = BUFFER(LIMIT_BUNDLE_SMALL);
    enum err err = ERR_LIMIT;
    struct entry entry;

    for (int with_contents = 1; with_contents >= 0 && err == ERR_LIMIT; with_contents--) {
        frame->whole = with_contents;
        buffer_clear(&plain);
        buffer_clear(&frame->bytes);
        bundle_begin(&plain, &r->network);
        for (size_t i = 0; i < count; i++) {
            if (items[i].entry.len == 0 || entry_decode(items[i].entry, &r->network, &entry))
                continue;
            bundle_add_entry(&plain, items[i].entry);
            if (with_contents && items[i].content.len && replica_may_hold(r, holder, &entry))
                bundle_add_content(&plain, &entry.log, entry.seq, items[i].content);
        }
        err = buffer_error(&plain);
        if (!err)
            err = compress_frame(buffer_bytes(&plain), COMPRESS_LIVE, &frame->bytes);
    }
    buffer_free(&plain);
    return err;
}

static bool is_news(const struct replica *r, const struct link *l, const struct item items[], size_t count)
{
    size_t first;

    for (size_t i = 0; i < count; i++) {
        const struct head *head = &items[i].head;
        bool forks = items[i].branches || frontier_tips(r->frontier, &head->log, &first) > 1;

        if (items[i].entry.len && !link_has(l, &head->log, head->seq, &head->entry, forks))
            return true;
    }
    return false;
}

/* As a bundle, whatever the peer has. */
static enum err push_frame(struct replica *r, struct link *l, const struct item items[], size_t count,
                           struct frame *frame)
{
    if (frame->bytes.len == 0 || frame->made_for.status != l->peer.status ||
        !id_equal(&frame->made_for.kibbutz, &l->peer.kibbutz)) {
        frame->made_for = l->peer;
        frame->err = make_frame(r, items, count, &frame->made_for, frame);
    }
    l->in_step = l->in_step && frame->whole;
    return frame->err ? frame->err : session_send(l->session, SESSION_LIVE, MESSAGE_PUSH, buffer_bytes(&frame->bytes));
}

void talk_push(struct replica *r, const struct item items[], size_t count, const struct link *except)
{
    struct frame frame = {.bytes = BUFFER(LIMIT_PUSH_FRAME)};

    for (size_t i = 0; i < r->link_count; i++) {
        struct link *l = r->links[i];

        if (l == except || l->state != LINK_OPEN || !is_news(r, l, items, count))
            continue;
        enum err err = count == 1 ? talk_push_lean(r, l, &items[0]) : ERR_MISSING;
        if (err == ERR_MISSING)
            err = push_frame(r, l, items, count, &frame);
        if (err) {
            l->roots_due = true; /* It is too large, or its queue is full: it fetches when it can. */
            l->in_step = false;
            continue;
        }
        r->pushes.sent++;
        for (size_t j = 0; j < count; j++)
            if (items[j].entry.len)
                (void)link_told_entry(l, &items[j].head.log, items[j].head.seq, &items[j].head.entry, &items[j].prev);
    }
    for (size_t i = 0; i < count; i++)
        talk_hear(r, &items[i]);
    talk_end_lean(r);
    buffer_free(&frame.bytes);
}
