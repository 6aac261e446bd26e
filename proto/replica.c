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
    r->version_min = options->version_min;
    r->version_max = options->version_max;
    strncpy(r->software, options->software, SESSION_SOFTWARE_MAX);
    r->charter = BUFFER(LIMIT_CHARTER);
    r->enrolment = BUFFER(LIMIT_SHOW);
    r->enrolment_frame = BUFFER(LIMIT_MESSAGE);
    r->early = BUFFER(LIMIT_BUNDLE);
    bundle_begin(&r->early, &r->network);
    r->frontier = frontier_new();
    r->missing = missing_new();
    r->wanted = wanted_new(options->file_state, options->find_context);
    r->absent = absent_new();
    r->on_demand = options->on_demand;
    r->forgetful = options->forgetful;
    r->trie = options->small_trie ? (struct trie_shape){.bits = 1, .leaf = 1} : trie_shape();
    r->vector_most = options->small_trie ? 2 : LIMIT_VECTOR;
    r->small_answers = options->small_answers;
    r->parallel = options->parallel;
    r->chunk_bytes = BUFFER(LIMIT_CHUNK);
    r->chunk_list = BUFFER(LIMIT_CHUNKS * ID_LEN);
    r->intake = intake_new();
    while (r->idle_count < 1 + REPLICA_AHEAD && (r->idle[r->idle_count] = intake_new()))
        r->idle_count++;
    r->receipts = receipts_new(&r->network);
    r->recent = recent_new(&r->network, options->read, options->find_context);
    r->lean.body = BUFFER(LIMIT_PUSH_FRAME);
    if (!r->frontier || !r->missing || !r->wanted || !r->intake || r->idle_count < 1 + REPLICA_AHEAD || !r->receipts ||
        !r->recent || (options->charter.len && replica_learn_charter(r, options->charter))) {
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
    buffer_free(&r->enrolment_frame);
    frontier_free(r->frontier);
    trust_free(r->trust);
    missing_free(r->missing);
    wanted_free(r->wanted);
    absent_free(r->absent);
    buffer_free(&r->chunk_bytes);
    buffer_free(&r->chunk_list);
    intake_free(r->intake);
    for (size_t i = 0; i < r->batch_count; i++)
        intake_free(r->batches[i].in);
    for (size_t i = 0; i < r->idle_count; i++)
        intake_free(r->idle[i]);
    receipts_free(r->receipts);
    free(r->lacks);
    recent_free(r->recent);
    buffer_free(&r->lean.body);
    noise_key_pair_wipe(&r->channel);
    free(r);
}

/* ---- connections ---- */

static struct link *link_of(const struct replica *r, uint32_t connection)
{
    for (size_t i = 0; i < r->link_count; i++)
        if (r->links[i]->connection == connection)
            return r->links[i];
    return NULL;
}

/* The lowest that no link has. */
static unsigned free_place(const struct replica *r)
{
    bool taken[REPLICA_LINKS] = {false};
    unsigned place = 0;

    for (size_t i = 0; i < r->link_count; i++)
        taken[r->links[i]->place] = true;
    while (taken[place])
        place++;
    return place;
}

enum err replica_connect(struct replica *r, uint32_t connection, const struct replica_connection *how, uint64_t now)
{
    struct session_options options = {
        .initiator = how->initiator,
        .network = r->network,
        .channel = &r->channel,
        .expect = how->initiator ? &how->expect : NULL,
        .software = r->software,
        .version = how->version,
        .version_min = r->version_min,
        .version_max = r->version_max,
        .clock_ms = how->clock_ms,
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
    l->place = free_place(r);
    r->links[r->link_count++] = l;
    if (how->initiator)
        talk_called(r, l, &how->expect);
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
    uint64_t come = session_bulk_come(l->session);
    size_t taken = session_receive(l->session, in, now);
    if (taken)
        l->heard_ms = now;
    if (session_bulk_come(l->session) > come)
        l->progress_ms = now;
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

bool replica_supply(struct replica *r, uint32_t connection, const struct id *log, uint64_t seq, struct bytes entry,
                    struct bytes content)
{
    struct link *l = link_of(r, connection);

    return l && talk_supply(r, l, log, seq, entry, content);
}

bool replica_supply_frame(struct replica *r, uint32_t connection, const struct replica_run runs[], size_t count,
                          struct bytes frame)
{
    struct link *l = link_of(r, connection);

    return l && talk_supply_frame(r, l, runs, count, frame);
}

void replica_supply_file(struct replica *r, uint32_t connection, struct bytes entry, const struct bytes *bytes)
{
    struct link *l = link_of(r, connection);

    if (l)
        talk_supply_file(r, l, entry, bytes);
}

void replica_supply_end(struct replica *r, uint32_t connection)
{
    struct link *l = link_of(r, connection);

    if (l)
        talk_supply_end(l);
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
        .clock_ms = session_peer_of(l->session).clock_ms,
    };
    return ERR_OK;
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
    struct session_peer peer = session_peer_of(l->session);

    replica_tell(r, (struct replica_event){.kind = REPLICA_CLOSED,
                                           .connection = l->connection,
                                           .peer = l->peer,
                                           .cause = ours ? l->cause : cause,
                                           .from = peer.version_min,
                                           .to = peer.version_max,
                                           .reason = ours ? l->reason : session_reason(l->session)});
    for (size_t i = 0; i < r->batch_count; i++)
        if (r->batches[i].from == l)
            r->batches[i].from = NULL;
    talk_forget_asked(r, l);
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

/* But for the next part of the answer that is being stored. */
static bool goes_on(const struct replica *r, const struct link *l)
{
    return replica_looks_ahead(r, l) && l->waiting && session_waits(l->session) == MESSAGE_BUNDLE;
}

static struct replica_event store(struct replica *r, struct replica_batch *batch, uint64_t now)
{
    batch->told = true;
    batch->began_ms = now;
    if (batch->way == REPLICA_CHUNK)
        return (struct replica_event){.kind = REPLICA_STORE, .chunk = &r->chunk};
    return (struct replica_event){
        .kind = REPLICA_STORE, .items = batch->in->items, .item_count = batch->in->count, .more = batch->more};
}

static bool step(struct replica *r, uint64_t now)
{
    /* While a batch is on its way to the disk nobody is read: back-pressure, and one order of things. */
    for (size_t i = 0; i < r->link_count; i++)
        if ((!r->batch_count || goes_on(r, r->links[i])) && step_session(r, i, now))
            return true;
    for (size_t i = 0; i < r->link_count; i++)
        if (r->links[i]->state == LINK_OPEN && talk_drive(r, r->links[i], now))
            return true;
    return false;
}

struct replica_event replica_next(struct replica *r, uint64_t now)
{
    do {
        for (size_t i = 0; i < r->batch_count; i++)
            if (!r->batches[i].told)
                return store(r, &r->batches[i], now);
        if (r->event_count > 0) {
            struct replica_event event = r->events[r->event_first];

            r->event_first = (r->event_first + 1) % REPLICA_EVENTS;
            r->event_count--;
            return event;
        }
        if (replica_receipt_due(r, now))
            return (struct replica_event){.kind = REPLICA_SIGN};
        if (r->receipts_new) {
            r->receipts_new = false;
            return (struct replica_event){.kind = REPLICA_RECEIPTS};
        }
    } while (step(r, now));
    return (struct replica_event){.kind = REPLICA_IDLE};
}

/* ---- time ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* When its answer has not gone on for too long: a slow line may carry something else for a while. */
static uint64_t stalls_ms(const struct replica *r, const struct link *l)
{
    uint64_t heard_ms = l->heard_ms > l->progress_ms ? l->heard_ms : l->progress_ms;

    if (l->state != LINK_OPEN || (!l->waiting && !l->walk.open) || r->batch_count)
        return UINT64_MAX; /* While we store, what it sends waits for us. */
    return earlier(heard_ms + LIMIT_STALL_MS, l->progress_ms + LIMIT_ANSWER_MS);
}

uint64_t replica_deadline(const struct replica *r)
{
    uint64_t deadline = r->receipt_due_ms;

    for (size_t i = 0; i < r->link_count; i++) {
        const struct link *l = r->links[i];

        deadline = earlier(deadline, session_deadline(l->session));
        if (l->state == LINK_OPEN)
            deadline = earlier(deadline, l->receipts.due_ms);
        if (l->state == LINK_PROBATION)
            deadline = earlier(deadline, l->probation_ms);
        deadline = earlier(deadline, stalls_ms(r, l));
        if (l->state == LINK_OPEN)
            deadline = earlier(earlier(deadline, l->roots_ms), talk_files_deadline(r, l));
    }
    return deadline;
}

void replica_expire(struct replica *r, uint64_t now)
{
    for (size_t i = 0; i < r->link_count; i++) {
        struct link *l = r->links[i];

        session_expire(l->session, now);
        if (l->state == LINK_PROBATION && now >= l->probation_ms)
            replica_drop(l, ERR_STRANGER, "it showed nothing that grants it");
        else if (now >= stalls_ms(r, l) && !MUTANT(MUTANT_STALL_FOREVER))
            replica_drop(l, ERR_TIMEOUT, "it does not answer what we asked");
        else if (l->state == LINK_OPEN && now >= l->roots_ms) {
            l->roots_ms = now + LIMIT_ROOTS_MS;
            l->roots_due = true;
            l->asked_serial = 0;
            l->want_due = l->want_due || l->told_whole;
            link_hope(l);
            wanted_hope(r->wanted, l->place);
            l->files_barred = false;
            l->files_due = true;
        }
        if (l->state == LINK_OPEN)
            talk_expire_files(r, l, now);
    }
}
