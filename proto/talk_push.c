/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/bundle.h"
#include "proto/compress.h"
#include "proto/talk_private.h"

/* Passing news on. */

/* A bundle of the items for such a node, compressed; without contents when it would be too large with them. */
static enum err make_push(struct replica *r, const struct item items[], size_t count, const struct trust_key *holder,
                          struct buffer *frame)
{
    struct buffer plain = BUFFER(LIMIT_BUNDLE_SMALL);
    enum err err = ERR_LIMIT;
    struct entry entry;

    for (int with_contents = 1; with_contents >= 0 && err == ERR_LIMIT; with_contents--) {
        buffer_clear(&plain);
        buffer_clear(frame);
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
            err = compress_frame(buffer_bytes(&plain), COMPRESS_LIVE, frame);
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

void talk_push(struct replica *r, const struct item items[], size_t count, const struct link *except)
{
    struct buffer frame = BUFFER(LIMIT_PUSH_FRAME);
    struct trust_key made_for = {.status = TRUST_UNKNOWN};

    for (size_t i = 0; i < r->link_count; i++) {
        struct link *l = r->links[i];

        if (l == except || l->state != LINK_OPEN || !is_news(r, l, items, count))
            continue;
        if (frame.len == 0 || made_for.status != l->peer.status || !id_equal(&made_for.kibbutz, &l->peer.kibbutz)) {
            made_for = l->peer;
            if (make_push(r, items, count, &made_for, &frame)) {
                l->roots_due = true;
                continue;
            }
        }
        if (session_send(l->session, SESSION_LIVE, MESSAGE_PUSH, buffer_bytes(&frame))) {
            l->roots_due = true; /* Its queue is full: it fetches when it can. */
            continue;
        }
        r->pushes++;
        for (size_t j = 0; j < count; j++)
            if (items[j].entry.len)
                (void)link_told_entry(l, &items[j].head.log, items[j].head.seq, &items[j].head.entry, &items[j].prev);
    }
    buffer_free(&frame);
}
