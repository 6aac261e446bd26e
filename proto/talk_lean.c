/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/bundle.h"
#include "proto/compress.h"
#include "proto/talk_private.h"

/* Small pushes: one entry, without what follows from the one before it, compressed against what the receiver has. */

/* ---- making one ---- */

/* The revision that this one follows; ERR_MISSING: none, or none that helps. */
static enum err add_revised(struct replica *r, const struct entry *entry, struct recent_run *run, struct buffer *base)
{
    struct id after;

    if (act_id(entry->body, ACT_AFTER, 0, &after) || id_equal(&after, &entry->prev))
        return ERR_MISSING;
    return recent_one(r->recent, &after, base->limit - base->len, run, base);
}

/* What it is compressed against: of a revision the one before, of anything else what its author wrote before. */
static enum err add_runs(struct replica *r, const struct entry *entry, struct recent_run runs[MESSAGE_RUNS],
                         size_t *count, struct buffer *base)
{
    bool revises = entry->act == ACT_REVISE;
    enum err err =
        recent_run(r->recent, &entry->log, &entry->prev, revises ? 1 : 0, base->limit - base->len, &runs[0], base);

    *count = 1;
    if (!err && revises && !add_revised(r, entry, &runs[1], base))
        *count = 2;
    return err;
}

static void name_run(struct message_run *named, const struct recent_run *run)
{
    memcpy(named->log, run->log.at, MESSAGE_SHORT_TAG_LEN);
    memcpy(named->entry, run->entry.at, MESSAGE_SHORT_TAG_LEN);
    named->seq = run->seq;
    named->count = (uint8_t)run->count;
}

static enum err write_lean(struct replica *r, const struct entry *entry, struct bytes content,
                           const struct recent_run runs[], size_t count, struct bytes base)
{
    struct message_lean m = {.run_count = count, .has_root = !id_equal(&entry->root, &runs[0].root)};
    struct buffer text = BUFFER(LIMIT_BUNDLE_SMALL), frame = BUFFER(LIMIT_PUSH_FRAME);
    struct id last[MESSAGE_RUNS];
    enum err err = lean_write(entry, content, &text, &m.lean);

    for (size_t i = 0; i < count; i++) {
        if (runs[i].seq > UINT32_MAX)
            err = ERR_LIMIT;
        name_run(&m.runs[i], &runs[i]);
        last[i] = runs[i].entry;
    }
    message_check(last, count, base, m.check);
    if (!err)
        err = compress_after(base, buffer_bytes(&text), &frame);
    if (!err) {
        m.frame = buffer_bytes(&frame);
        message_write_lean(&r->lean.body, &m);
        err = buffer_error(&r->lean.body);
    }
    buffer_free(&text);
    buffer_free(&frame);
    return err;
}

static enum err make(struct replica *r, const struct item *item)
{
    struct replica_lean *lean = &r->lean;
    struct buffer base = BUFFER(LIMIT_PUSH_BASE);
    struct recent_run runs[MESSAGE_RUNS];
    struct entry entry;
    enum err err = entry_decode(item->entry, &r->network, &entry);

    lean->log_count = 0;
    if (!err && (entry.seq < 2 || item->branches))
        err = ERR_MISSING;
    if (!err)
        err = add_runs(r, &entry, runs, &lean->log_count, &base);
    if (!err)
        err = write_lean(r, &entry, item->content, runs, lean->log_count, buffer_bytes(&base));
    lean->restricted = !err && item->content.len > 0 && replica_is_restricted(&entry);
    for (size_t i = 0; !err && i < lean->log_count; i++) {
        lean->logs[i] = runs[i].log;
        lean->restricted = lean->restricted || runs[i].restricted;
    }
    buffer_free(&base);
    return err;
}

/* Whether a peer holds, and may hold, all that the push rests on. */
static bool holds(struct replica *r, const struct link *l)
{
    const struct replica_lean *lean = &r->lean;

    if (!l->in_step)
        return false;
    for (size_t i = 0; i < lean->log_count; i++) {
        struct trust_key author = trust_key(r->trust, &lean->logs[i]);
        size_t first;

        if (frontier_tips(r->frontier, &lean->logs[i], &first) > 1 ||
            (lean->restricted && (l->peer.status != TRUST_GOOD || !id_equal(&author.kibbutz, &l->peer.kibbutz))))
            return false;
    }
    return true;
}

enum err talk_push_lean(struct replica *r, struct link *l, const struct item *item)
{
    struct replica_lean *lean = &r->lean;

    if (!l->in_step || lean->failed)
        return ERR_MISSING;
    if (lean->body.len == 0 && make(r, item)) {
        lean->failed = true;
        buffer_clear(&lean->body);
        return ERR_MISSING;
    }
    if (!holds(r, l))
        return ERR_MISSING;
    enum err err = session_send(l->session, SESSION_LIVE, MESSAGE_LEAN, buffer_bytes(&lean->body));
    r->pushes.lean += !err;
    return err;
}

void talk_end_lean(struct replica *r)
{
    buffer_clear(&r->lean.body);
    r->lean.failed = false;
}

/* ---- what was heard already ---- */

void talk_hear(struct replica *r, const struct item *item)
{
    struct replica_heard *heard = &r->heard[r->heard_next++ % REPLICA_HEARD];
    struct entry entry;

    if (!item->entry.len || entry_decode(item->entry, &r->network, &entry))
        return;
    *heard = (struct replica_heard){.signature = entry.signature,
                                    .log = item->head.log,
                                    .entry = item->head.entry,
                                    .prev = item->prev,
                                    .seq = item->head.seq};
}

static bool was_heard(const struct replica *r, struct link *l, const struct signature *signature)
{
    for (size_t i = 0; i < REPLICA_HEARD; i++) {
        const struct replica_heard *heard = &r->heard[i];

        if (heard->seq && memcmp(&heard->signature, signature, sizeof *signature) == 0) {
            (void)link_told_entry(l, &heard->log, heard->seq, &heard->entry, &heard->prev);
            return true;
        }
    }
    return false;
}

/* ---- taking one in ---- */

static enum err find_run(struct replica *r, const struct message_run *named, struct head *head)
{
    struct id log;

    if (frontier_log(r->frontier, bytes_of(named->log, MESSAGE_SHORT_TAG_LEN), &log))
        return ERR_MISSING;
    return frontier_entry(r->frontier, &log, named->seq, bytes_of(named->entry, MESSAGE_SHORT_TAG_LEN), head);
}

/* Gathers what the push rests on.  ERR_MISSING: it is not here, or not the same here. */
static enum err gather(struct replica *r, const struct message_lean *m, struct recent_run runs[], struct buffer *base)
{
    uint8_t check[MESSAGE_SHORT_TAG_LEN];
    struct id last[MESSAGE_RUNS];

    r->lean.restricted = false;
    r->lean.log_count = m->run_count;
    for (size_t i = 0; i < m->run_count; i++) {
        size_t room = base->limit - base->len;
        struct head head;
        enum err err = find_run(r, &m->runs[i], &head);

        if (!err)
            err = i == 0 ? recent_run(r->recent, &head.log, &head.entry, m->runs[i].count, room, &runs[i], base)
                         : recent_one(r->recent, &head.entry, room, &runs[i], base);
        if (err || runs[i].count != m->runs[i].count)
            return ERR_MISSING;
        last[i] = runs[i].entry;
        r->lean.logs[i] = runs[i].log;
        r->lean.restricted = r->lean.restricted || runs[i].restricted;
    }
    message_check(last, m->run_count, buffer_bytes(base), check);
    return memcmp(check, m->check, sizeof check) == 0 ? ERR_OK : ERR_MISSING;
}

/* Puts the entry and its content together, as a bundle. */
static enum err rebuild(struct replica *r, struct message_lean *m, const struct recent_run *before, struct bytes base)
{
    struct buffer text = BUFFER(LIMIT_BUNDLE_SMALL), wire = BUFFER(LIMIT_ENTRY), packed = BUFFER(LIMIT_CONTENT);
    struct entry entry = {.network = r->network, .log = before->log, .seq = before->seq + 1, .prev = before->entry};
    struct buffer *bundle = &r->intake->bundle;
    enum err err = compress_open_after(base, m->frame, LIMIT_BUNDLE_SMALL, &text);

    if (!m->has_root)
        m->lean.root = before->root;
    if (!err)
        err = lean_read(buffer_bytes(&text), &m->lean, &entry, &wire, &packed);
    intake_clear(r->intake);
    if (!err) {
        bundle_begin(bundle, &r->network);
        bundle_add_entry(bundle, buffer_bytes(&wire));
        if (m->lean.has_content)
            bundle_add_content(bundle, &entry.log, entry.seq, buffer_bytes(&packed));
        err = buffer_error(bundle);
    }
    buffer_free(&text);
    buffer_free(&wire);
    buffer_free(&packed);
    return err;
}

static bool is_restricted(const struct replica *r, const struct item *item)
{
    struct entry entry;

    return !entry_decode(item->entry, &r->network, &entry) && replica_is_restricted(&entry);
}

static enum err take(struct replica *r, struct message_lean *m, struct bytes base, const struct recent_run *before)
{
    enum err err = rebuild(r, m, before, base);

    return err ? err : replica_take_in(r);
}

void talk_on_lean(struct replica *r, struct link *l, struct bytes payload)
{
    struct buffer base = BUFFER(LIMIT_PUSH_BASE);
    struct recent_run runs[MESSAGE_RUNS];
    struct message_lean m;
    enum err err = message_read_lean(payload, &m);

    if (r->failed || !r->trust || (!err && was_heard(r, l, &m.lean.signature)))
        return;
    if (!err && gather(r, &m, runs, &base)) {
        r->pushes.useless++;
        l->roots_due = true; /* Something of it is missing here: compare, and fetch. */
        goto out;
    }
    if (!err)
        err = take(r, &m, buffer_bytes(&base), &runs[0]);
    if (err)
        replica_drop(l, err, "it sent a push that does not verify");
    else
        talk_note_pushed(r, l);
    if (r->intake->gaps || r->intake->strangers)
        l->roots_due = true;
    if (r->intake->count == 1 && !err) {
        r->lean.restricted = r->lean.restricted || (m.lean.has_content && is_restricted(r, &r->intake->items[0]));
        buffer_add(&r->lean.body, payload);
    }
    replica_begin_store(r, l, REPLICA_PUSHED);
    talk_end_lean(r);
out:
    buffer_free(&base);
}
