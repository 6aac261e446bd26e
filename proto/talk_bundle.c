/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/compress.h"
#include "proto/mutant.h"
#include "proto/refusal.h"
#include "proto/talk_private.h"

/* Bundles that arrive: shown, pushed, or asked for. */

/* Takes in what was opened; ends the link for what is the peer's fault.  What was good before the fault is kept. */
static bool take(struct replica *r, struct link *l, enum err err)
{
    if (!err)
        err = replica_take_in(r);
    if (err)
        replica_drop(l, err, "it sent a bundle that does not verify");
    return err == ERR_OK;
}

static bool take_frame(struct replica *r, struct link *l, struct bytes frame, size_t limit)
{
    intake_clear(r->intake);
    return take(r, l, compress_open(frame, MUTANT(MUTANT_NO_FRAME_LIMIT) ? LIMIT_BUNDLE : limit, &r->intake->bundle));
}

/* An answer may go on where the one before it ended. */
static void take_answer(struct replica *r, struct link *l, const struct message_bundle *bundle)
{
    struct bytes nothing = bytes_of(NULL, 0), before = buffer_bytes(&l->got);
    bool after = bundle->flags & MESSAGE_AFTER;
    enum err err = after && before.len == 0 ? ERR_FORMAT : ERR_OK;

    intake_clear(r->intake);
    if (!err)
        err = compress_open_after(after ? before : nothing, bundle->frame, LIMIT_BUNDLE, &r->intake->bundle);
    if (!err) {
        buffer_clear(&l->got);
        buffer_add(&l->got, bytes_end(buffer_bytes(&r->intake->bundle), LIMIT_PUSH_BASE));
        err = buffer_error(&l->got);
    }
    (void)take(r, l, err);
}

/* Tells whoever showed this why it is not let in; what was shown is kept all the same. */
static bool refuse_shown(struct replica *r, struct link *l)
{
    struct trust_key peer = trust_channel(r->trust, &l->peer.channel);
    enum err cause = refusal_find(r->trust, &r->network, r->intake, talk_serves(&peer));

    if (cause)
        talk_refuse(l,
                    cause == ERR_EXISTS ? MESSAGE_REFUSED_USED
                    : cause == ERR_GAP  ? MESSAGE_REFUSED_WAITING
                                        : MESSAGE_REFUSED_STRANGER,
                    refusal_reason(cause), cause, refusal_reason(cause));
    return cause != ERR_OK;
}

void talk_on_show(struct replica *r, struct link *l, struct bytes frame, uint64_t now)
{
    if (l->state != LINK_PROBATION || r->failed)
        return;
    l->shown += frame.len;
    if (l->shown > LIMIT_SHOW) {
        replica_drop(l, ERR_LIMIT, "it showed too much");
        return;
    }
    if (take_frame(r, l, frame, LIMIT_BUNDLE_SMALL) && !refuse_shown(r, l) && r->intake->count == 0)
        talk_look_again(r, l, now);
    replica_begin_store(r, l, REPLICA_SHOWN);
}

void talk_note_pushed(struct replica *r, struct link *l)
{
    const struct intake *in = r->intake;

    for (size_t i = 0; i < in->count; i++)
        if (in->items[i].entry.len)
            (void)link_told_entry(l, &in->items[i].head.log, in->items[i].head.seq, &in->items[i].head.entry,
                                  &in->items[i].prev);
    for (size_t i = 0; i < in->known; i++)
        (void)link_told_entry(l, &in->seen[i].log, in->seen[i].seq, &in->seen[i].entry, &in->seen[i].prev);
}

void talk_on_push(struct replica *r, struct link *l, struct bytes frame)
{
    if (r->failed || !r->trust)
        return;
    if (take_frame(r, l, frame, LIMIT_BUNDLE_SMALL))
        talk_note_pushed(r, l);
    if (r->intake->gaps || r->intake->strangers)
        l->roots_due = true; /* Something before it is missing here: compare, and fetch. */
    if (MUTANT(MUTANT_RELAY_ALWAYS) && r->intake->count == 0)
        for (size_t i = 0; i < r->link_count; i++)
            if (r->links[i] != l && r->links[i]->state == LINK_OPEN)
                r->pushes.sent += !session_send(r->links[i]->session, SESSION_LIVE, MESSAGE_PUSH, frame);
    replica_begin_store(r, l, REPLICA_PUSHED);
}

void talk_on_bundle(struct replica *r, struct link *l, struct bytes payload, uint64_t now)
{
    struct message_bundle bundle;

    if (message_read_bundle(payload, &bundle) || !l->waiting || bundle.request != l->request) {
        replica_drop(l, ERR_FORMAT, "it answered what was not asked");
        return;
    }
    l->progress_ms = now;
    l->more = !(bundle.flags & MESSAGE_LAST);
    if (bundle.frame.len > 0 && !r->failed) {
        take_answer(r, l, &bundle);
        replica_begin_store(r, l, REPLICA_FETCHED);
    }
    if (bundle.flags & MESSAGE_LAST) {
        buffer_free(&l->got);
        l->waiting = false;
        l->want_due = !MUTANT(MUTANT_ASK_ONCE);
        session_expect_bulk(l->session, false);
        if (r->batch_count)
            l->receipts.answered_now = true; /* What came last still counts as missing. */
        else
            talk_receipt_doubt(r, l);
    }
}
