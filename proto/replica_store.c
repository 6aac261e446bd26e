/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <assert.h>

#include "proto/mutant.h"
#include "proto/replica_state.h"

/* One batch of news: taken in, on its way to the disk, and what follows once it is there. */

enum err replica_take_in(struct replica *r)
{
    struct intake_base base = {.network = &r->network,
                               .frontier = r->frontier,
                               .before = r->batch_count ? r->batches[r->batch_count - 1].in : NULL,
                               .trust = r->trust,
                               .missing = r->missing,
                               .parallel = r->parallel};

    assert(r->batch_count <= REPLICA_AHEAD);
    return intake_run(r->intake, &base);
}

bool replica_looks_ahead(const struct replica *r, const struct link *l)
{
    const struct replica_batch *newest = r->batch_count ? &r->batches[r->batch_count - 1] : NULL;

    return newest && newest->way == REPLICA_FETCHED && newest->from == l && r->batch_count <= REPLICA_AHEAD &&
           !r->failed;
}

void replica_begin_store(struct replica *r, struct link *from, enum replica_way way)
{
    struct replica_batch batch = {.in = r->intake,
                                  .from = from,
                                  .way = way,
                                  .published = !from,
                                  .more = way == REPLICA_FETCHED && from && from->more};
    struct intake *in = r->intake;

    if (in->count == 0) {
        intake_clear(in);
        return;
    }
    r->batches[r->batch_count++] = batch;
    r->intake = r->idle[--r->idle_count];
    bool at_once = way == REPLICA_PUSHED || (way == REPLICA_OWN && MUTANT(MUTANT_SEND_BEFORE_STORE));
    if (at_once && !MUTANT(MUTANT_NO_RELAY))
        talk_push(r, in->items, in->count, from); /* What others signed and keep may go on before it is durable here. */
}

/* An own log must not fork; what others forked is taken as it is. */
static enum err judge_published(const struct intake *in, bool is_own)
{
    if (is_own && in->forks)
        return ERR_FORK;
    if (in->gaps && (is_own || in->count == 0))
        return ERR_GAP;
    if (in->strangers && (is_own || in->count == 0))
        return ERR_STRANGER;
    return in->known && (is_own || in->count == 0) ? ERR_EXISTS : ERR_OK;
}

/* What is only for another kibbutz is not kept here, whoever carried it. */
static void drop_contents_of_others(struct replica *r)
{
    struct trust_key own = trust_key(r->trust, &r->node);
    struct entry entry;

    for (size_t i = 0; i < r->intake->count; i++) {
        struct item *item = &r->intake->items[i];

        if (item->content.len && item->entry.len && !entry_read(item->entry, &r->network, &entry) &&
            !replica_may_hold(r, &own, &entry))
            item->content = bytes_of(NULL, 0);
    }
}

/* All of an own bundle, or nothing of it. */
static enum err take_published(struct replica *r, struct bytes bundle, bool is_own)
{
    struct intake *in = r->intake;
    enum err err;

    intake_clear(in);
    buffer_add(&in->bundle, bundle);
    if ((err = buffer_error(&in->bundle)))
        return err;
    err = replica_take_in(r);
    if (!err)
        err = judge_published(in, is_own);
    if (!err && in->count == 0)
        err = ERR_FORMAT;
    if (!err && !is_own)
        drop_contents_of_others(r);
    r->left_out = is_own ? 0 : in->strangers + in->gaps + in->crowded;
    if (err)
        trust_undo(r->trust, in->mark);
    return err;
}

static enum err publish(struct replica *r, uint64_t tag, struct bytes bundle, bool is_own)
{
    enum err err;

    if (r->failed)
        return ERR_IO;
    if (r->batch_count || r->event_count > REPLICA_EVENTS / 2)
        return ERR_BUSY;
    if (!r->trust)
        return ERR_STRANGER;
    if ((err = take_published(r, bundle, is_own))) {
        intake_clear(r->intake);
        return err;
    }
    replica_begin_store(r, NULL, bundle.len <= REPLICA_PUSH_PLAIN ? REPLICA_OWN : REPLICA_FETCHED);
    r->batches[0].tag = tag;
    if (MUTANT(MUTANT_ACK_BEFORE_STORE))
        replica_tell(r, (struct replica_event){.kind = REPLICA_PUBLISHED, .tag = tag});
    return ERR_OK;
}

enum err replica_publish(struct replica *r, uint64_t tag, struct bytes bundle)
{
    return publish(r, tag, bundle, true);
}

enum err replica_import(struct replica *r, uint64_t tag, struct bytes bundle)
{
    return publish(r, tag, bundle, false);
}

size_t replica_left_out(const struct replica *r)
{
    return r->left_out;
}

/* What the content that came names beside its text. */
static void want_attachments(struct replica *r, const struct item *item)
{
    struct wanted_file context = {.log = item->head.log, .seq = item->head.seq, .entry = item->head.entry};
    const struct missing_content *late = missing_find(r->missing, &context.log, context.seq, 0);
    struct entry entry;

    if (item->entry.len && !entry_read(item->entry, &r->network, &entry))
        context.restricted = replica_is_restricted(&entry);
    else
        context.restricted = !late || late->restricted; /* Of several of that seq, at worst fewer are asked. */
    (void)replica_want_attachments(r, &context, item->content);
}

/* Contents that entries of this batch name and that did not come with them. */
static void note_contents(struct replica *r, const struct intake *in)
{
    struct entry entry;
    bool any_erased = false;

    for (size_t i = 0; i < in->count; i++) {
        const struct item *item = &in->items[i];

        if (item->entry.len && !entry_read(item->entry, &r->network, &entry))
            any_erased = any_erased || entry.act == ACT_ERASE;
        if (item->content.len) {
            want_attachments(r, item);
            missing_remove(r->missing, &item->head.log, item->head.seq, &item->head.entry);
        } else if (!MUTANT(MUTANT_FORGET_MISSING) && !entry_read(item->entry, &r->network, &entry))
            (void)replica_note_missing(r, &entry, &item->head.entry); /* Too many: found again at the next start. */
    }
    replica_forget_others(r);
    if (any_erased)
        replica_forget_erased(r);
}

static bool advance_by(struct replica *r, const struct intake *in)
{
    for (size_t i = 0; i < in->count; i++)
        if (in->items[i].entry.len && frontier_add(r->frontier, &in->items[i].prev, &in->items[i].head, NULL))
            return false;
    note_contents(r, in);
    return true;
}

static bool advance(struct replica *r)
{
    bool done = advance_by(r, r->batches[0].in);

    for (size_t i = 1; MUTANT(MUTANT_AHEAD_COUNTS) && i < r->batch_count; i++)
        done = done && advance_by(r, r->batches[i].in);
    return done;
}

static void tell_forks(struct replica *r, const struct replica_batch *batch)
{
    const struct intake *in = batch->in;

    for (size_t i = 0; i < in->count && r->event_count < REPLICA_EVENTS / 2; i++)
        if (in->items[i].branches)
            replica_tell(r, (struct replica_event){.kind = REPLICA_FORK,
                                                   .connection = batch->from ? batch->from->connection : 0,
                                                   .log = in->items[i].head.log,
                                                   .from = in->items[i].head.seq});
}

/* What is durable now may be news for every link, and may make what was refused admissible. */
static void wake_links(struct replica *r, const struct replica_batch *batch, uint64_t now)
{
    struct id ours = frontier_root(r->frontier);

    for (size_t i = 0; i < r->link_count; i++) {
        struct link *l = r->links[i];

        if (l->state == LINK_PROBATION || l->state == LINK_OPEN)
            talk_look_again(r, l, now);
        if (l->state != LINK_OPEN)
            continue;
        l->files_due = true;
        if (missing_count(r->missing) || l->told_whole)
            l->want_due = true;
        if (batch->way == REPLICA_FETCHED)
            l->in_step = false; /* It was not pushed on. */
        if (batch->way == REPLICA_FETCHED && batch->published)
            l->roots_due = true;
        if (l == batch->from && batch->way == REPLICA_FETCHED)
            l->gained = true;
        if (l->has_theirs && !l->equal && id_equal(&l->theirs.frontier, &ours))
            l->roots_due = true; /* We caught up by way of others: it cannot know, and will not ask. */
    }
}

/* What is new is what the next push is compressed against. */
static void note_recent(struct replica *r, const struct intake *in)
{
    for (size_t i = 0; i < in->count; i++)
        if (in->items[i].entry.len)
            recent_note(r->recent, &in->items[i]);
        else
            recent_clear(r->recent); /* A content that came late: the text was without it. */
}

static bool has_entry(const struct intake *in)
{
    bool found = false;

    for (size_t i = 0; i < in->count; i++)
        found = found || in->items[i].entry.len;
    return found;
}

/* It is on its way no more, and the one after it is the oldest. */
static void release(struct replica *r, uint64_t now)
{
    struct intake *in = r->batches[0].in;

    memmove(r->batches, r->batches + 1, --r->batch_count * sizeof r->batches[0]);
    if (in) {
        intake_clear(in);
        r->idle[r->idle_count++] = in;
    }
    if (r->batch_count) {
        r->batches[0].in->before = NULL;
        r->batches[0].began_ms = now;
    }
}

/* Nothing of it counts, nor of what was taken in upon it. */
static void give_up(struct replica *r, const struct replica_batch *batch, enum err err, uint64_t now)
{
    r->failed = true;
    trust_undo(r->trust, batch->in->mark);
    if (batch->published)
        replica_tell(r, (struct replica_event){.kind = REPLICA_PUBLISHED, .tag = batch->tag, .cause = err});
    while (r->batch_count)
        release(r, now);
    intake_clear(r->intake);
}

/* A peer that keeps step has this, too, or will in a moment. */
static void remember(struct replica *r)
{
    bool shared = false;

    for (size_t i = 0; i < r->link_count; i++)
        shared = shared || (r->links[i]->state == LINK_OPEN && r->links[i]->in_step);
    (void)(shared ? receipts_remember_shared : receipts_remember)(r->receipts, r->frontier);
}

void replica_stored(struct replica *r, enum err err, uint64_t now)
{
    struct replica_batch batch = r->batches[0];

    assert(r->batch_count && batch.told);
    for (size_t i = 0; i < r->link_count; i++)
        r->links[i]->progress_ms += now - batch.began_ms; /* Nobody was read meanwhile: it is not their silence. */
    for (size_t i = 0; i < r->link_count; i++)
        r->links[i]->files_ms += now - batch.began_ms;
    if (batch.way == REPLICA_CHUNK) {
        release(r, now);
        talk_chunk_stored(r, err, now);
        return;
    }
    if (MUTANT(MUTANT_IGNORE_STORE_ERROR))
        err = ERR_OK;
    if (err || !advance(r)) {
        give_up(r, &batch, err ? err : ERR_MEMORY, now);
        return;
    }
    if ((batch.way == REPLICA_OWN && !MUTANT(MUTANT_SEND_BEFORE_STORE)) || batch.way == REPLICA_SHOWN)
        talk_push(r, batch.in->items, batch.in->count, batch.from);
    note_recent(r, batch.in);
    tell_forks(r, &batch);
    if (batch.way != REPLICA_OWN && has_entry(batch.in))
        r->news_ms = now;
    release(r, now);
    if (batch.way != REPLICA_FETCHED)
        remember(r);
    replica_receipt_changed(r, now);
    if (batch.from && batch.from->receipts.answered_now && !r->batch_count)
        talk_receipt_doubt(r, batch.from);
    wake_links(r, &batch, now);
    if (batch.published && !MUTANT(MUTANT_ACK_BEFORE_STORE))
        replica_tell(r, (struct replica_event){.kind = REPLICA_PUBLISHED, .tag = batch.tag});
    replica_tell(r, (struct replica_event){.kind = REPLICA_ADVANCED});
}
