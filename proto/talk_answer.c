/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/bundle.h"
#include "proto/compress.h"
#include "proto/mutant.h"
#include "proto/talk_private.h"

/* Answering what a peer asked for: ranges are read one after another, and go out in bundles that grow. */

#define SMALL_ANSWER KIB(4) /* A few entries. */

void talk_on_want(struct replica *r, struct link *l, struct bytes payload, bool content_only)
{
    if (l->serving || message_read_ranges(payload, content_only, &l->serve_request, l->serve, &l->serve_count)) {
        replica_drop(l, ERR_FORMAT, "it asked wrongly");
        return;
    }
    /* One that we called by a name may still be nobody whom anything grants to be served. */
    if (r->trust)
        l->peer = trust_channel(r->trust, &l->peer.channel);
    if (!r->trust || !talk_serves(&l->peer)) {
        struct buffer nothing = BUFFER(KIB(1));

        /* Closing would keep a newcomer from ever learning from it that it is granted. */
        message_write_bundle(&nothing, l->serve_request, MESSAGE_LAST, bytes_of(NULL, 0));
        talk_say(l, SESSION_BULK, MESSAGE_BUNDLE, &nothing);
        buffer_free(&nothing);
        return;
    }
    l->serving = true;
    l->reading = false;
    l->serve_content = content_only;
    l->serve_index = 0;
    l->fill = r->small_answers ? SMALL_ANSWER : LIMIT_BUNDLE_FIRST;
    buffer_free(&l->served);
    l->bundle_open = false;
}

/* A frame may have answered ranges before their turn. */
static void skip_answered(struct link *l)
{
    while (l->serve_index < l->serve_count && l->serve[l->serve_index].from > l->serve[l->serve_index].to)
        l->serve_index++;
}

void talk_read_next(struct replica *r, struct link *l)
{
    const struct message_range *range = &l->serve[l->serve_index];

    if (!l->bundle_open) {
        buffer_clear(&l->bundle);
        bundle_begin(&l->bundle, &r->network);
        l->bundle_open = true;
        l->serve_entries = 0;
    }
    l->reading = true;
    l->full = false;
    replica_tell(r, (struct replica_event){.kind = REPLICA_READ,
                                           .connection = l->connection,
                                           .peer = l->peer,
                                           .log = range->log,
                                           .from = range->from,
                                           .to = range->to,
                                           .beginning = bytes_of(range->tag, MESSAGE_TAG_LEN),
                                           .content_only = l->serve_content});
}

bool talk_supply(struct replica *r, struct link *l, const struct id *log, uint64_t seq, struct bytes wire,
                 struct bytes content)
{
    struct message_range *range = &l->serve[l->serve_index];
    struct entry entry;

    if (!l->reading || l->full || seq != range->from || !id_equal(log, &range->log) ||
        entry_decode(wire, &r->network, &entry))
        return false;
    if (content.len && !replica_may_hold(r, &l->peer, &entry))
        content = bytes_of(NULL, 0);
    size_t size = (l->serve_content ? 0 : wire.len) + content.len + KIB(1);
    if (l->serve_entries > 0 && (l->bundle.len + size > l->fill || l->serve_entries >= LIMIT_BUNDLE_ENTRIES)) {
        l->full = true;
        return false;
    }
    if (!l->serve_content)
        bundle_add_entry(&l->bundle, wire);
    if (content.len && !(l->serve_content && MUTANT(MUTANT_NO_CONTENT_ANSWER)))
        bundle_add_content(&l->bundle, log, seq, content);
    l->serve_entries++;
    range->from++;
    return range->from <= range->to;
}

/* The range that such a run begins, or NULL.  Where a log forks, what was asked for may be another branch. */
static struct message_range *find_range(const struct replica *r, struct link *l, const struct replica_run *run)
{
    size_t first;

    for (size_t i = l->serve_index; i < l->serve_count; i++)
        if (id_equal(&l->serve[i].log, &run->log) && l->serve[i].from == run->from && l->serve[i].to >= run->to)
            return frontier_tips(r->frontier, &run->log, &first) == 1 ? &l->serve[i] : NULL;
    return NULL;
}

/* One BUNDLE, of the plain text that was filled or of a frame that was kept; whether it was the last says serve_index. */
static void send_bundle(struct link *l, uint8_t flags, struct bytes frame)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE_BULK);
    bool last = l->serve_index == l->serve_count;

    message_write_bundle(&body, l->serve_request, flags | (last ? MESSAGE_LAST : 0), frame);
    talk_say(l, SESSION_BULK, MESSAGE_BUNDLE, &body);
    buffer_free(&body);
    buffer_free(&l->served);
    if (!last && l->serve_entries > 0)
        buffer_add(&l->served, bytes_end(buffer_bytes(&l->bundle), LIMIT_PUSH_BASE));
    buffer_free(&l->bundle);
    l->bundle_open = false;
    l->serving = !last;
}

bool talk_supply_frame(struct replica *r, struct link *l, const struct replica_run runs[], size_t count,
                       struct bytes frame)
{
    if (!l->reading || l->serve_content || l->serve_entries > 0 || frame.len > LIMIT_BUNDLE)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!find_range(r, l, &runs[i]))
            return false;
    for (size_t i = 0; i < count; i++)
        find_range(r, l, &runs[i])->from = runs[i].to + 1;
    skip_answered(l);
    l->reading = false;
    send_bundle(l, 0, frame);
    return true;
}

/* What is short is pressed harder, and goes on from the one before it; what is long has room enough in itself. */
static enum err compress(struct link *l, struct buffer *frame, uint8_t *flags)
{
    if (l->bundle.len > LIMIT_BUNDLE_SMALL || buffer_error(&l->served))
        return compress_frame(buffer_bytes(&l->bundle), COMPRESS_BULK, frame);
    *flags = l->served.len > 0 ? MESSAGE_AFTER : 0;
    return compress_after(buffer_bytes(&l->served), buffer_bytes(&l->bundle), frame);
}

void talk_supply_end(struct link *l)
{
    struct buffer frame = BUFFER(LIMIT_MESSAGE_BULK);
    uint8_t flags = 0;

    if (!l->reading)
        return;
    l->reading = false;
    if (!l->full)
        l->serve_index++; /* All of the range that we have. */
    skip_answered(l);
    if (l->serve_index < l->serve_count && !l->full)
        return;
    if (l->serve_entries > 0 && compress(l, &frame, &flags))
        replica_drop(l, ERR_MEMORY, "out of memory");
    send_bundle(l, flags, buffer_bytes(&frame));
    buffer_free(&frame);
    if (l->fill != SMALL_ANSWER)
        l->fill = l->fill == LIMIT_BUNDLE_FIRST ? LIMIT_BUNDLE_SMALL : LIMIT_BUNDLE_FILL;
}
