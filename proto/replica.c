/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/replica.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/bundle.h"
#include "proto/mutant.h"
#include "proto/replica_state.h"

/* ---- life ---- */

struct replica *replica_new(const struct replica_options *options)
{
    struct replica *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    r->network = options->network;
    r->channel = *options->channel;
    r->node = options->node;
    r->store_id = options->store_id;
    strncpy(r->software, options->software, SESSION_SOFTWARE_MAX);
    r->charter = BUFFER(LIMIT_CHARTER);
    r->enrolment = BUFFER(LIMIT_SHOW);
    r->early = BUFFER(LIMIT_BUNDLE);
    bundle_begin(&r->early, &r->network);
    r->frontier = frontier_new();
    r->missing = missing_new();
    r->intake = intake_new();
    if (!r->frontier || !r->missing || !r->intake ||
        (options->charter.len && replica_learn_charter(r, options->charter))) {
        replica_free(r);
        return NULL;
    }
    frontier_ask(r->frontier, options->find, options->find_context);
    return r;
}

void replica_free(struct replica *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->link_count; i++)
        link_free(r->links[i]);
    buffer_free(&r->charter);
    buffer_free(&r->early);
    buffer_free(&r->enrolment);
    frontier_free(r->frontier);
    trust_free(r->trust);
    missing_free(r->missing);
    intake_free(r->intake);
    noise_key_pair_wipe(&r->channel);
    free(r);
}

enum err replica_load_head(struct replica *r, const struct head *head)
{
    return frontier_add(r->frontier, NULL, head, NULL);
}

enum err replica_load_entry(struct replica *r, const struct entry *entry, const struct id *id)
{
    if (r->trust)
        return trust_add(r->trust, entry, id);
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    entry_encode(&wire, entry);
    enum err err = buffer_error(&wire);
    if (!err) {
        bundle_add_entry(&r->early, buffer_bytes(&wire));
        err = buffer_error(&r->early);
    }
    buffer_free(&wire);
    return err;
}

static bool is_restricted(const struct entry *entry)
{
    enum act_audience audience;

    return !act_audience(entry->body, &audience) && audience == ACT_FOR_KIBBUTZ;
}

/*
 * Notes that an entry's content is not here, if this node may hold it.  A node that does not know yet which kibbutz it
 * is of asks for all: others judge what to give it.
 */
static enum err note_missing(struct replica *r, const struct entry *entry, const struct id *id)
{
    struct missing_content missing = {.log = entry->log, .seq = entry->seq, .entry = *id};
    struct trust_key own = trust_key(r->trust, &r->node);
    bool knows_itself = own.status == TRUST_GOOD;

    if (act_id(entry->body, ACT_CONTENT, 0, &missing.content) || (knows_itself && !replica_may_hold(r, &own, entry)) ||
        trust_erased(r->trust, id))
        return ERR_OK;
    missing.restricted = is_restricted(entry);
    return missing_add(r->missing, &missing);
}

/* Once it knows, it forgets what was not for it. */
static void forget_others(struct replica *r)
{
    struct trust_key own = trust_key(r->trust, &r->node);
    const struct missing_content *next;

    if (r->knows_itself || own.status != TRUST_GOOD)
        return;
    r->knows_itself = true;
    for (uint64_t serial = 0; (next = missing_after(r->missing, serial));) {
        struct trust_key author = trust_key(r->trust, &next->log);
        struct missing_content one = *next;

        serial = one.serial;
        if (one.restricted && !id_equal(&author.kibbutz, &own.kibbutz))
            missing_remove(r->missing, &one.log, one.seq, &one.entry);
    }
}

/* What was erased is asked for no more, and a late copy of it is nobody's answer. */
static void forget_erased(struct replica *r)
{
    const struct missing_content *next;

    for (uint64_t serial = 0; (next = missing_after(r->missing, serial));) {
        struct missing_content one = *next;

        serial = one.serial;
        if (trust_erased(r->trust, &one.entry))
            missing_remove(r->missing, &one.log, one.seq, &one.entry);
    }
}

enum err replica_load_missing(struct replica *r, const struct entry *entry, const struct id *id)
{
    return r->trust ? note_missing(r, entry, id) : ERR_OK;
}

enum err replica_load_enrolment(struct replica *r, struct bytes bundle)
{
    struct bundle_reader reader;
    struct bundle_record record;
    struct entry entry;
    bool shown = false;
    enum err err = bundle_open(&reader, bundle, &r->network);

    buffer_clear(&r->enrolment);
    bundle_begin(&r->enrolment, &r->network);
    while (!err && !(err = bundle_next(&reader, &record)) && record.kind != BUNDLE_END) {
        if (record.kind == BUNDLE_ENTRY && !(err = entry_decode(record.bytes, &r->network, &entry))) {
            bundle_add_entry(&r->enrolment, record.bytes);
            shown = !is_restricted(&entry); /* Whoever is shown this may be of any kibbutz. */
        } else if (record.kind == BUNDLE_CONTENT && shown) {
            bundle_add_content(&r->enrolment, &record.log, record.seq, record.bytes);
        }
    }
    if (!err)
        err = buffer_error(&r->enrolment);
    if (err)
        buffer_free(&r->enrolment);
    return err;
}

/* What a newcomer loaded are its own entries: they verify from seq 1 on without anything else. */
static enum err learn_early(struct replica *r)
{
    struct bundle_reader reader;
    struct bundle_record record;
    struct head head = {.seq = 0}, after;
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct entry entry;
    enum err err = bundle_open(&reader, buffer_bytes(&r->early), &r->network);

    while (!err && !(err = bundle_next(&reader, &record)) && record.kind == BUNDLE_ENTRY) {
        if ((err = entry_decode(record.bytes, &r->network, &entry)))
            break;
        if (entry.seq == 1)
            head = (struct head){.log = entry.log};
        buffer_clear(&commit);
        if (!(err = entry_verify(&entry, &head, &after, &commit)))
            err = trust_add(r->trust, &entry, &after.entry);
        head = after;
    }
    buffer_free(&commit);
    return err;
}

enum err replica_learn_charter(struct replica *r, struct bytes text)
{
    enum err err;
    struct id network = id_hash(ID_NETWORK, text);

    if (!id_equal(&network, &r->network))
        return ERR_AUTH;
    buffer_clear(&r->charter);
    buffer_add(&r->charter, text);
    if ((err = buffer_error(&r->charter)))
        return err;
    if (!(r->trust = trust_new(text)))
        return ERR_FORMAT;
    err = learn_early(r);
    buffer_free(&r->early);
    return err;
}

/* ---- connections ---- */

static struct link *link_of(const struct replica *r, uint32_t connection)
{
    for (size_t i = 0; i < r->link_count; i++)
        if (r->links[i]->connection == connection)
            return r->links[i];
    return NULL;
}

enum err replica_connect(struct replica *r, uint32_t connection, const struct replica_connection *how, uint64_t now)
{
    struct session_options options = {
        .initiator = how->initiator,
        .network = r->network,
        .channel = &r->channel,
        .expect = how->initiator ? &how->expect : NULL,
        .node = r->node,
        .store_id = r->store_id,
        .software = r->software,
    };

    assert(!link_of(r, connection));
    if (r->link_count == REPLICA_LINKS)
        return ERR_LIMIT;
    memcpy(options.seed, how->seed, sizeof options.seed);
    struct session *session = session_new(&options, now);
    struct link *l = session ? link_new(connection, how->initiator, session) : NULL;
    if (!l) {
        session_free(session);
        return ERR_MEMORY;
    }
    l->heard_ms = now;
    r->links[r->link_count++] = l;
    return ERR_OK;
}

void replica_set_channel(struct replica *r, const struct noise_key_pair *channel)
{
    noise_key_pair_wipe(&r->channel);
    r->channel = *channel;
}

size_t replica_receive(struct replica *r, uint32_t connection, struct bytes in, uint64_t now)
{
    struct link *l = link_of(r, connection);

    if (!l)
        return in.len;
    size_t taken = session_receive(l->session, in, now);
    if (taken)
        l->heard_ms = now;
    return taken;
}

void replica_cut(struct replica *r, uint32_t connection)
{
    struct link *l = link_of(r, connection);

    if (l)
        session_cut(l->session);
}

void replica_close(struct replica *r, uint32_t connection)
{
    struct link *l = link_of(r, connection);

    if (l)
        session_close(l->session, 0);
}

struct bytes replica_output(struct replica *r, uint32_t connection, uint64_t now)
{
    struct link *l = link_of(r, connection);

    return l ? session_output(l->session, now) : bytes_of(NULL, 0);
}

void replica_sent(struct replica *r, uint32_t connection, size_t count)
{
    struct link *l = link_of(r, connection);

    if (l)
        session_sent(l->session, count);
}

void replica_drop(struct link *l, enum err cause, const char *reason)
{
    if (l->state == LINK_CLOSING)
        return;
    l->state = LINK_CLOSING;
    l->cause = cause;
    l->reason = reason;
    session_close(l->session, (uint8_t)(cause != ERR_OK));
}

/* ---- storing ---- */

enum err replica_take_in(struct replica *r)
{
    assert(!r->batch.storing);
    trust_mark(r->trust);
    return intake_run(r->intake, &r->network, r->frontier, r->trust, r->missing);
}

bool replica_may_hold(struct replica *r, const struct trust_key *holder, const struct entry *entry)
{
    enum act_audience audience;

    if (MUTANT(MUTANT_LEAK_AUDIENCE) || act_audience(entry->body, &audience) || audience != ACT_FOR_KIBBUTZ)
        return true;
    struct trust_key author = trust_key(r->trust, &entry->log);
    return holder->status == TRUST_GOOD && author.status != TRUST_UNKNOWN &&
           id_equal(&author.kibbutz, &holder->kibbutz);
}

void replica_begin_store(struct replica *r, struct link *from, enum replica_way way)
{
    struct intake *in = r->intake;

    if (in->count == 0) {
        intake_clear(in);
        return;
    }
    r->batch = (struct replica_batch){.storing = true, .from = from, .way = way, .published = !from};
    bool at_once = way == REPLICA_PUSHED || (way == REPLICA_OWN && MUTANT(MUTANT_SEND_BEFORE_STORE));
    if (at_once && !MUTANT(MUTANT_NO_RELAY))
        talk_push(r, in->items, in->count, from); /* What others signed and keep may go on before it is durable here. */
}

/* All of an own bundle, or nothing of it. */
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
    if (err)
        trust_undo(r->trust);
    return err;
}

static enum err publish(struct replica *r, uint64_t tag, struct bytes bundle, bool is_own)
{
    enum err err;

    if (r->failed)
        return ERR_IO;
    if (r->batch.storing || r->event_count > REPLICA_EVENTS / 2)
        return ERR_BUSY;
    if (!r->trust)
        return ERR_STRANGER;
    if ((err = take_published(r, bundle, is_own))) {
        intake_clear(r->intake);
        return err;
    }
    replica_begin_store(r, NULL, bundle.len <= REPLICA_PUSH_PLAIN ? REPLICA_OWN : REPLICA_FETCHED);
    r->batch.tag = tag;
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

/* Contents that entries of this batch name and that did not come with them. */
static void note_contents(struct replica *r)
{
    struct intake *in = r->intake;
    struct entry entry;
    bool any_erased = false;

    for (size_t i = 0; i < in->count; i++) {
        const struct item *item = &in->items[i];

        if (item->entry.len && !entry_decode(item->entry, &r->network, &entry))
            any_erased = any_erased || entry.act == ACT_ERASE;
        if (item->content.len)
            missing_remove(r->missing, &item->head.log, item->head.seq, &item->head.entry);
        else if (!MUTANT(MUTANT_FORGET_MISSING) && !entry_decode(item->entry, &r->network, &entry))
            (void)note_missing(r, &entry, &item->head.entry); /* Too many: found again at the next start. */
    }
    forget_others(r);
    if (any_erased)
        forget_erased(r);
}

static bool advance(struct replica *r)
{
    const struct intake *in = r->intake;

    for (size_t i = 0; i < in->count; i++)
        if (in->items[i].entry.len && frontier_add(r->frontier, &in->items[i].prev, &in->items[i].head, NULL))
            return false;
    note_contents(r);
    return true;
}

static void tell_forks(struct replica *r, const struct replica_batch *batch)
{
    const struct intake *in = r->intake;

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
    for (size_t i = 0; i < r->link_count; i++) {
        struct link *l = r->links[i];

        if (l->state == LINK_PROBATION || l->state == LINK_OPEN)
            talk_look_again(r, l, now);
        if (l->state != LINK_OPEN)
            continue;
        if (missing_count(r->missing) || l->vector_whole)
            l->want_due = true;
        if (batch->way == REPLICA_FETCHED && batch->published)
            l->roots_due = true;
        if (l == batch->from && batch->way == REPLICA_FETCHED)
            l->gained = true;
    }
}

static bool has_entry(const struct intake *in)
{
    bool found = false;

    for (size_t i = 0; i < in->count; i++)
        found = found || in->items[i].entry.len;
    return found;
}

void replica_stored(struct replica *r, enum err err, uint64_t now)
{
    struct replica_batch batch = r->batch;

    assert(batch.storing);
    r->batch.storing = false;
    for (size_t i = 0; i < r->link_count; i++)
        r->links[i]->progress_ms += now - batch.began_ms; /* Nobody was read meanwhile: it is not their silence. */
    if (MUTANT(MUTANT_IGNORE_STORE_ERROR))
        err = ERR_OK;
    if (err || !advance(r)) {
        r->failed = true;
        trust_undo(r->trust);
        if (batch.published)
            replica_tell(r, (struct replica_event){
                                .kind = REPLICA_PUBLISHED, .tag = batch.tag, .cause = err ? err : ERR_MEMORY});
        intake_clear(r->intake);
        return;
    }
    if ((batch.way == REPLICA_OWN && !MUTANT(MUTANT_SEND_BEFORE_STORE)) || batch.way == REPLICA_SHOWN)
        talk_push(r, r->intake->items, r->intake->count, batch.from);
    tell_forks(r, &batch);
    if (batch.way != REPLICA_OWN && has_entry(r->intake))
        r->news_ms = now;
    intake_clear(r->intake);
    wake_links(r, &batch, now);
    if (batch.published && !MUTANT(MUTANT_ACK_BEFORE_STORE))
        replica_tell(r, (struct replica_event){.kind = REPLICA_PUBLISHED, .tag = batch.tag});
    replica_tell(r, (struct replica_event){.kind = REPLICA_ADVANCED});
}

bool replica_supply(struct replica *r, uint32_t connection, const struct id *log, uint64_t seq, struct bytes entry,
                    struct bytes content)
{
    struct link *l = link_of(r, connection);

    return l && talk_supply(r, l, log, seq, entry, content);
}

void replica_supply_end(struct replica *r, uint32_t connection)
{
    struct link *l = link_of(r, connection);

    if (l)
        talk_supply_end(l);
}

/* ---- events ---- */

void replica_tell(struct replica *r, struct replica_event event)
{
    assert(r->event_count < REPLICA_EVENTS);
    r->events[(r->event_first + r->event_count++) % REPLICA_EVENTS] = event;
}

static void remove_link(struct replica *r, size_t index, enum err cause)
{
    struct link *l = r->links[index];
    bool ours = l->cause != ERR_OK;

    replica_tell(r, (struct replica_event){.kind = REPLICA_CLOSED,
                                           .connection = l->connection,
                                           .peer = l->peer,
                                           .cause = ours ? l->cause : cause,
                                           .reason = ours ? l->reason : session_reason(l->session)});
    if (r->batch.from == l)
        r->batch.from = NULL;
    link_free(l);
    r->links[index] = r->links[--r->link_count];
}

/* Takes one thing that a link's session says; true when there was one. */
static bool step_session(struct replica *r, size_t index, uint64_t now)
{
    struct link *l = r->links[index];
    struct session_event event = session_next(l->session);

    switch (event.kind) {
    case SESSION_IDLE: return false;
    case SESSION_OPENED: talk_opened(r, l, event.peer, now); return true;
    case SESSION_MESSAGE: talk_message(r, l, event.type, event.payload, now); return true;
    case SESSION_CLOSED: remove_link(r, index, event.cause); return true;
    }
    return false;
}

static bool step(struct replica *r, uint64_t now)
{
    /* While a batch is on its way to the disk nobody is read: back-pressure, and one order of things. */
    for (size_t i = 0; !r->batch.storing && i < r->link_count; i++)
        if (step_session(r, i, now))
            return true;
    for (size_t i = 0; i < r->link_count; i++)
        if (r->links[i]->state == LINK_OPEN && talk_drive(r, r->links[i], now))
            return true;
    return false;
}

struct replica_event replica_next(struct replica *r, uint64_t now)
{
    do {
        if (r->batch.storing && !r->batch.told) {
            r->batch.told = true;
            r->batch.began_ms = now;
            return (struct replica_event){
                .kind = REPLICA_STORE, .items = r->intake->items, .item_count = r->intake->count};
        }
        if (r->event_count > 0) {
            struct replica_event event = r->events[r->event_first];

            r->event_first = (r->event_first + 1) % REPLICA_EVENTS;
            r->event_count--;
            return event;
        }
    } while (step(r, now));
    return (struct replica_event){.kind = REPLICA_IDLE};
}

/* ---- time ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t replica_deadline(const struct replica *r)
{
    uint64_t deadline = UINT64_MAX;

    for (size_t i = 0; i < r->link_count; i++) {
        const struct link *l = r->links[i];

        deadline = earlier(deadline, session_deadline(l->session));
        if (l->state == LINK_PROBATION)
            deadline = earlier(deadline, l->probation_ms);
        if (l->state == LINK_OPEN && l->waiting && !r->batch.storing) /* What it sends then waits for us. */
            deadline =
                earlier(deadline, (l->heard_ms > l->progress_ms ? l->heard_ms : l->progress_ms) + LIMIT_STALL_MS);
        if (l->state == LINK_OPEN)
            deadline = earlier(deadline, l->roots_ms);
    }
    return deadline;
}

void replica_expire(struct replica *r, uint64_t now)
{
    for (size_t i = 0; i < r->link_count; i++) {
        struct link *l = r->links[i];
        uint64_t alive = l->heard_ms > l->progress_ms ? l->heard_ms : l->progress_ms;

        session_expire(l->session, now);
        if (l->state == LINK_PROBATION && now >= l->probation_ms)
            replica_drop(l, ERR_STRANGER, "it showed nothing that grants it");
        else if (l->state == LINK_OPEN && l->waiting && now >= alive + LIMIT_STALL_MS && !r->batch.storing &&
                 !MUTANT(MUTANT_STALL_FOREVER))
            replica_drop(l, ERR_TIMEOUT, "it does not answer what we asked");
        else if (l->state == LINK_OPEN && now >= l->roots_ms) {
            l->roots_ms = now + LIMIT_ROOTS_MS;
            l->roots_due = true;
            l->asked_serial = 0;
            l->want_due = l->want_due || l->vector_whole;
            link_hope(l);
        }
    }
}

/* ---- looking in ---- */

const struct frontier *replica_frontier(const struct replica *r)
{
    return r->frontier;
}

struct trust *replica_trust(struct replica *r)
{
    return r->trust;
}

bool replica_settled(const struct replica *r)
{
    if (r->batch.storing || r->event_count)
        return false;
    for (size_t i = 0; i < r->link_count; i++) {
        const struct link *l = r->links[i];

        if (l->state != LINK_OPEN || l->waiting || l->want_due || l->roots_due || l->serving ||
            session_queued(l->session, SESSION_LIVE) || session_queued(l->session, SESSION_BULK))
            return false;
    }
    return true;
}

size_t replica_missing(const struct replica *r)
{
    return missing_count(r->missing);
}

uint64_t replica_news_ms(const struct replica *r)
{
    return r->news_ms;
}

uint64_t replica_pushes(const struct replica *r)
{
    return r->pushes;
}

size_t replica_memory(const struct replica *r)
{
    size_t bytes = sizeof *r + r->intake->bundle.size + r->intake->commits.size + r->early.size;

    for (size_t i = 0; i < r->link_count; i++)
        bytes += sizeof(struct link) + r->links[i]->bundle.size + r->links[i]->told_size * sizeof(struct link_told) +
                 session_memory(r->links[i]->session);
    return bytes;
}

bool replica_is_behind(const struct replica *r, const struct id *log, uint64_t *seq)
{
    *seq = 0;
    for (size_t i = 0; i < r->link_count; i++)
        for (size_t j = 0; j < r->links[i]->told_count; j++) {
            const struct message_item *item = &r->links[i]->told[j].item;
            struct head head;

            if (id_equal(&item->log, log) && item->seq > *seq &&
                frontier_entry(r->frontier, log, item->seq, bytes_of(item->tag, MESSAGE_TAG_LEN), &head))
                *seq = item->seq;
        }
    return *seq > 0;
}

enum err replica_peer(const struct replica *r, uint32_t connection, struct replica_peer *peer)
{
    const struct link *l = link_of(r, connection);

    if (!l)
        return ERR_MISSING;
    *peer = (struct replica_peer){
        .is_open = l->state == LINK_OPEN,
        .is_equal = l->equal,
        .key = l->peer,
        .behind = link_behind(l, r->frontier),
        .heard_ms = l->heard_ms,
    };
    return ERR_OK;
}
