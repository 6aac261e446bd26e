/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <assert.h>

#include "proto/bundle.h"
#include "proto/compress.h"
#include "proto/mutant.h"
#include "proto/refusal.h"
#include "proto/replica_state.h"

/* What is said on a link once it is authenticated: docs/PROTOCOL.md, part 2. */

static void say(struct link *l, enum session_stream stream, uint8_t type, const struct buffer *body)
{
    enum err err = buffer_error(body);

    if (!err)
        err = session_send(l->session, stream, type, buffer_bytes(body));
    if (err == ERR_LIMIT)
        replica_drop(l, ERR_TIMEOUT, "it does not read what we send"); /* Slow, or gone: nobody's fault. */
    else if (err == ERR_MEMORY)
        replica_drop(l, ERR_MEMORY, "out of memory");
    /* ERR_IO: the session is ending, and will say why itself. */
}

static void say_frame(struct link *l, uint8_t type, struct bytes plain)
{
    struct buffer frame = BUFFER(LIMIT_MESSAGE);

    if (!compress_frame(plain, COMPRESS_LIVE, &frame))
        say(l, SESSION_LIVE, type, &frame);
    buffer_free(&frame);
}

/* ---- opening ---- */

static void tell_opened(struct replica *r, struct link *l)
{
    if (l->opened)
        return;
    l->opened = true;
    replica_tell(r, (struct replica_event){.kind = REPLICA_OPENED, .connection = l->connection, .peer = l->peer});
}

/* In doubt, content goes on: only what is void, or unknown, is served nothing. */
bool talk_serves(const struct trust_key *peer)
{
    return peer->status > TRUST_VOID || MUTANT(MUTANT_SERVE_STRANGERS) ||
           (peer->status == TRUST_VOID && MUTANT(MUTANT_SERVE_REVOKED));
}

static void refuse(struct link *l, enum message_refusal code, const char *text, enum err cause, const char *reason)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE);

    message_write_refused(&body, code, text);
    say(l, SESSION_LIVE, MESSAGE_REFUSED, &body);
    buffer_free(&body);
    replica_drop(l, cause, reason);
}

/* Tells a node that is served no more, or not yet, why; true when there was a reason. */
static bool refuse_void(struct replica *r, struct link *l, const struct trust_key *peer)
{
    enum message_refusal code;
    const char *text = talk_serves(peer) ? NULL : refusal_of_key(r->trust, peer, &code);

    if (text)
        refuse(l, code, text, ERR_STRANGER,
               code == MESSAGE_REFUSED_WAITING ? "its admission waits for approvals" : "it was revoked");
    return text != NULL;
}

/* Of two connections to one node both sides keep the one that the lower node id dialled; of two by one side, the newer. */
static void settle_twins(struct replica *r, struct link *l)
{
    bool keep_ours = id_compare(&r->node, &l->peer.key) < 0;

    for (size_t i = 0; i < r->link_count; i++) {
        struct link *other = r->links[i];

        if (other == l || other->state != LINK_OPEN || !talk_serves(&l->peer) ||
            !id_equal(&other->peer.key, &l->peer.key))
            continue;
        bool drop_new = other->initiator != l->initiator && l->initiator != keep_ours;
        replica_drop(drop_new ? l : other, ERR_EXISTS, "another connection to the same node is kept");
    }
}

static void open_link(struct replica *r, struct link *l, uint64_t now)
{
    l->state = LINK_OPEN;
    l->roots_due =
        r->trust != NULL; /* A newcomer asks for the charter first: before it, a vector would say nothing to it. */
    l->roots_ms = now + LIMIT_ROOTS_MS;
    settle_twins(r, l);
    if (l->state != LINK_OPEN)
        return;
    if (!l->initiator)
        tell_opened(r, l); /* A caller knows only by the first answer that it was let in. */
    else if (r->enrolment.len)
        say_frame(l, MESSAGE_SHOW, buffer_bytes(&r->enrolment));
}

void talk_opened(struct replica *r, struct link *l, const struct session_peer *peer, uint64_t now)
{
    l->peer = r->trust ? trust_channel(r->trust, &peer->channel) : (struct trust_key){.status = TRUST_UNKNOWN};
    l->peer.channel = peer->channel;
    if (memcmp(peer->channel.at, r->channel.public, ID_LEN) == 0)
        replica_drop(l, ERR_EXISTS, "it is this node itself");
    else if (r->trust && refuse_void(r, l, &l->peer))
        return;
    else if (!l->initiator && !r->trust)
        replica_drop(l, ERR_STRANGER, "this node has not joined yet itself");
    else if (!l->initiator && !talk_serves(&l->peer)) {
        l->state = LINK_PROBATION;
        l->probation_ms = now + LIMIT_HANDSHAKE_MS;
    } else
        open_link(r, l, now);
}

void talk_look_again(struct replica *r, struct link *l, uint64_t now)
{
    struct trust_key peer = trust_channel(r->trust, &l->peer.channel);

    peer.channel = l->peer.channel;
    if (!talk_serves(&peer)) {
        (void)refuse_void(r, l, &peer);
        return;
    }
    l->peer = peer;
    if (l->state == LINK_PROBATION)
        open_link(r, l, now);
}

/* ---- taking in ---- */

/* Decompresses and takes in; ends the link for what is the peer's fault.  What was good before the fault is kept. */
static bool take_frame(struct replica *r, struct link *l, struct bytes frame, size_t limit)
{
    struct intake *in = r->intake;
    enum err err;

    intake_clear(in);
    err = compress_open(frame, MUTANT(MUTANT_NO_FRAME_LIMIT) ? LIMIT_BUNDLE : limit, &in->bundle);
    if (!err)
        err = replica_take_in(r);
    if (err)
        replica_drop(l, err, "it sent a bundle that does not verify");
    return err == ERR_OK;
}

/* Tells whoever showed this why it is not let in; what was shown is kept all the same. */
static bool refuse_shown(struct replica *r, struct link *l)
{
    struct trust_key peer = trust_channel(r->trust, &l->peer.channel);
    enum err cause = refusal_find(r->trust, &r->network, r->intake, talk_serves(&peer));

    if (cause)
        refuse(l,
               cause == ERR_EXISTS ? MESSAGE_REFUSED_USED
               : cause == ERR_GAP  ? MESSAGE_REFUSED_WAITING
                                   : MESSAGE_REFUSED_STRANGER,
               refusal_reason(cause), cause, refusal_reason(cause));
    return cause != ERR_OK;
}

static void on_show(struct replica *r, struct link *l, struct bytes frame, uint64_t now)
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

/* Whoever pushes an entry has it, also where we had it before. */
static void note_pushed(struct replica *r, struct link *l)
{
    const struct intake *in = r->intake;

    for (size_t i = 0; i < in->count; i++)
        if (in->items[i].entry.len)
            (void)link_told_entry(l, &in->items[i].head.log, in->items[i].head.seq, &in->items[i].head.entry,
                                  &in->items[i].prev);
    for (size_t i = 0; i < in->known; i++)
        (void)link_told_entry(l, &in->seen[i].log, in->seen[i].seq, &in->seen[i].entry, &in->seen[i].prev);
}

static void on_push(struct replica *r, struct link *l, struct bytes frame)
{
    if (r->failed || !r->trust)
        return;
    if (take_frame(r, l, frame, LIMIT_BUNDLE_SMALL))
        note_pushed(r, l);
    if (r->intake->gaps || r->intake->strangers)
        l->roots_due = true; /* Something before it is missing here: compare, and fetch. */
    if (MUTANT(MUTANT_RELAY_ALWAYS) && r->intake->count == 0)
        for (size_t i = 0; i < r->link_count; i++)
            if (r->links[i] != l && r->links[i]->state == LINK_OPEN)
                r->pushes += !session_send(r->links[i]->session, SESSION_LIVE, MESSAGE_PUSH, frame);
    replica_begin_store(r, l, REPLICA_PUSHED);
}

static void on_bundle(struct replica *r, struct link *l, struct bytes payload, uint64_t now)
{
    struct message_bundle bundle;

    if (message_read_bundle(payload, &bundle) || !l->waiting || bundle.request != l->request) {
        replica_drop(l, ERR_FORMAT, "it answered what was not asked");
        return;
    }
    l->progress_ms = now;
    if (bundle.frame.len > 0 && !r->failed) {
        (void)take_frame(r, l, bundle.frame, LIMIT_BUNDLE);
        replica_begin_store(r, l, REPLICA_FETCHED);
    }
    if (bundle.flags & MESSAGE_LAST) {
        l->waiting = false;
        l->want_due = true;
        session_expect_bulk(l->session, false);
    }
}

/* ---- comparing ---- */

static void become_equal(struct replica *r, struct link *l)
{
    l->equal = true;
    link_forget_told(l);
    l->reconciling = false;
    l->want_due = missing_count(r->missing) > 0;
    replica_tell(r, (struct replica_event){.kind = REPLICA_EQUAL, .connection = l->connection, .peer = l->peer});
}

static void send_roots(struct replica *r, struct link *l)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE);
    struct message_roots roots = {.store_id = r->store_id,
                                  .frontier = frontier_root(r->frontier),
                                  .governance = frontier_governance_root(r->frontier),
                                  .logs = (uint32_t)frontier_count(r->frontier)};

    l->roots_due = false;
    l->told_root = roots.frontier;
    message_write_roots(&body, &roots);
    say(l, SESSION_LIVE, MESSAGE_ROOTS, &body);
    buffer_free(&body);
    /* We caught up by way of others: it sees that it is equal and has no reason to tell. */
    if (l->has_theirs && !l->equal && id_equal(&l->theirs.frontier, &roots.frontier))
        become_equal(r, l);
}

static void send_vector(struct replica *r, struct link *l)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE);
    size_t count = frontier_count(r->frontier), next = 0;

    do {
        size_t end = next + LIMIT_VECTOR_PART < count ? next + LIMIT_VECTOR_PART : count;

        buffer_clear(&body);
        buffer_u8(&body, end == count ? MESSAGE_LAST : 0);
        for (; next < end; next++)
            if (!MUTANT(MUTANT_MAIN_TIP_ONLY) ||
                frontier_at(r->frontier, next) == frontier_find(r->frontier, &frontier_at(r->frontier, next)->log))
                message_write_item(&body, frontier_at(r->frontier, next));
        say(l, SESSION_LIVE, MESSAGE_VECTOR, &body);
    } while (next < count && l->state == LINK_OPEN);
    buffer_free(&body);
}

/* Sends our VECTOR, once for each pair of roots. */
static void offer_vector(struct replica *r, struct link *l, const struct id *ours)
{
    if (id_equal(&l->vector_ours, ours) && id_equal(&l->vector_theirs, &l->theirs.frontier))
        return;
    l->vector_ours = *ours;
    l->vector_theirs = l->theirs.frontier;
    send_vector(r, l);
}

static void compare_roots(struct replica *r, struct link *l)
{
    struct id ours = frontier_root(r->frontier);

    l->equal = id_equal(&l->theirs.frontier, &ours);
    if (!id_equal(&l->told_root, &ours))
        l->roots_due = true; /* So that the other side compares too. */
    if (l->equal)
        become_equal(r, l);
    else
        offer_vector(r, l, &ours);
}

static void on_roots(struct replica *r, struct link *l, struct bytes payload)
{
    if (message_read_roots(payload, &l->theirs)) {
        replica_drop(l, ERR_FORMAT, "it sent malformed roots");
        return;
    }
    l->has_theirs = true;
    tell_opened(r, l);
    if (!r->trust) {
        struct buffer empty = BUFFER(1);

        say(l, SESSION_LIVE, MESSAGE_WANT_CHARTER, &empty);
        return;
    }
    compare_roots(r, l);
}

/* A peer has something of our own log that we lack: this node was set back, or its key is used elsewhere. */
static void look_for_own(struct replica *r, struct link *l, const struct message_item *item)
{
    struct head head;

    if (id_equal(&item->log, &r->node) && r->event_count < REPLICA_EVENTS / 2 &&
        frontier_entry(r->frontier, &item->log, item->seq, bytes_of(item->tag, MESSAGE_TAG_LEN), &head))
        replica_tell(r, (struct replica_event){
                            .kind = REPLICA_BEHIND, .connection = l->connection, .log = item->log, .from = item->seq});
}

static void on_vector(struct replica *r, struct link *l, struct bytes payload)
{
    struct message_item item;

    if (!r->trust)
        return;
    if (payload.len == 0 || payload.at[0] > MESSAGE_LAST) {
        replica_drop(l, ERR_FORMAT, "it sent a malformed vector");
        return;
    }
    if (!l->vector_open)
        link_forget_told(l);
    l->vector_open = payload.at[0] != MESSAGE_LAST;
    for (struct bytes rest = bytes_from(payload, 1); rest.len > 0;) {
        if (message_next_item(&rest, &item) || link_told_of(l, &item)) {
            replica_drop(l, ERR_FORMAT, "it sent a malformed vector");
            return;
        }
        look_for_own(r, l, &item);
    }
    if (!l->vector_open) {
        struct id ours = frontier_root(r->frontier);

        l->vector_whole = true;
        l->want_due = true;
        l->reconciling = true;
        if (l->has_theirs) /* It saw unequal roots; where it had told its own before, we did not. */
            offer_vector(r, l, &ours);
    }
}

/* ---- asking ---- */

static void send_want(struct replica *r, struct link *l, const struct message_range ranges[], size_t count,
                      bool content_only, uint64_t now)
{
    struct buffer body = BUFFER(LIMIT_MESSAGE);

    l->waiting = true;
    l->request = ++r->next_request;
    l->progress_ms = now;
    session_expect_bulk(l->session, true);
    buffer_u32(&body, l->request);
    for (size_t i = 0; i < count; i++)
        message_write_range(&body, &ranges[i], content_only);
    say(l, SESSION_LIVE, content_only ? MESSAGE_WANT_CONTENT : MESSAGE_WANT, &body);
    buffer_free(&body);
}

static void ask(struct replica *r, struct link *l, uint64_t now)
{
    struct message_range ranges[LIMIT_RANGES];
    size_t count = l->vector_whole ? link_ranges(l, r->frontier, ranges) : 0;

    l->want_due = false;
    if (count) {
        l->reconciling = true;
        send_want(r, l, ranges, count, false, now);
        return;
    }
    if ((count = link_contents(l, r->missing, ranges))) {
        send_want(r, l, ranges, count, true, now);
        return;
    }
    if (l->reconciling && !MUTANT(MUTANT_NO_ROOTS_AGAIN)) {
        struct id ours = frontier_root(r->frontier);

        l->roots_due = !id_equal(&l->told_root, &ours);
    }
    l->reconciling = false;
    for (size_t i = 0; l->gained && i < r->link_count; i++)
        if (r->links[i] != l && r->links[i]->state == LINK_OPEN)
            r->links[i]->roots_due = true;
    l->gained = false;
}

/* ---- answering ---- */

static void on_want(struct replica *r, struct link *l, struct bytes payload, bool content_only)
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
        say(l, SESSION_BULK, MESSAGE_BUNDLE, &nothing);
        buffer_free(&nothing);
        return;
    }
    l->serving = true;
    l->reading = false;
    l->serve_content = content_only;
    l->serve_index = 0;
    l->fill = LIMIT_BUNDLE_FIRST;
    l->bundle_open = false;
}

static void read_next(struct replica *r, struct link *l)
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
    if (content.len)
        bundle_add_content(&l->bundle, log, seq, content);
    l->serve_entries++;
    range->from++;
    return range->from <= range->to;
}

void talk_supply_end(struct link *l)
{
    struct buffer frame = BUFFER(LIMIT_MESSAGE_BULK), body = BUFFER(LIMIT_MESSAGE_BULK);

    if (!l->reading)
        return;
    l->reading = false;
    if (!l->full)
        l->serve_index++; /* All of the range that we have. */
    bool last = l->serve_index == l->serve_count;
    if (!last && !l->full)
        return;
    if (l->serve_entries > 0 && compress_frame(buffer_bytes(&l->bundle), COMPRESS_BULK, &frame))
        replica_drop(l, ERR_MEMORY, "out of memory");
    message_write_bundle(&body, l->serve_request, last ? MESSAGE_LAST : 0, buffer_bytes(&frame));
    say(l, SESSION_BULK, MESSAGE_BUNDLE, &body);
    buffer_free(&frame);
    buffer_free(&body);
    buffer_free(&l->bundle);
    l->bundle_open = false;
    l->fill = l->fill * 2 < LIMIT_BUNDLE_FILL ? l->fill * 2 : LIMIT_BUNDLE_FILL;
    l->serving = !last;
}

static void on_want_charter(struct replica *r, struct link *l)
{
    say(l, SESSION_LIVE, MESSAGE_CHARTER, &r->charter);
}

static void on_charter(struct replica *r, struct link *l, struct bytes text)
{
    if (r->trust)
        return;
    if (replica_learn_charter(r, text)) {
        replica_drop(l, ERR_AUTH, "it sent a charter that is not this network's");
        return;
    }
    replica_tell(r, (struct replica_event){
                        .kind = REPLICA_CHARTER, .connection = l->connection, .text = buffer_bytes(&r->charter)});
    l->roots_due = true;
    if (l->has_theirs)
        compare_roots(r, l);
}

/* What they say goes to the operator as it is; what follows from it, by its cause. */
static void on_refused(struct replica *r, struct link *l, struct bytes payload)
{
    static const char *const reasons[] = {
        [MESSAGE_REFUSED_USED] = "they say that the invitation was used before",
        [MESSAGE_REFUSED_STRANGER] = "they say that nothing grants us this",
        [MESSAGE_REFUSED_WAITING] = "they say that the admission waits for approvals",
        [MESSAGE_REFUSED_REVOKED] = "they say that this node was revoked",
    };
    enum message_refusal cause = MESSAGE_REFUSED_STRANGER;
    struct bytes text = bytes_of(NULL, 0);

    (void)message_read_refused(payload, &cause, &text);
    if (text.len > 0)
        memcpy(r->refusal, text.at, text.len);
    replica_tell(r, (struct replica_event){.kind = REPLICA_REFUSED,
                                           .connection = l->connection,
                                           .peer = l->peer,
                                           .reason = reasons[cause],
                                           .text = bytes_of(r->refusal, text.len)});
    replica_drop(l,
                 cause == MESSAGE_REFUSED_USED      ? ERR_EXISTS
                 : cause == MESSAGE_REFUSED_WAITING ? ERR_GAP
                                                    : ERR_STRANGER,
                 reasons[cause]);
}

void talk_message(struct replica *r, struct link *l, uint8_t type, struct bytes payload, uint64_t now)
{
    if (l->state == LINK_PROBATION && type == MESSAGE_ROOTS) {
        l->has_theirs = !message_read_roots(payload, &l->theirs); /* It need not tell them again once it is let in. */
        return;
    }
    if (l->state == LINK_PROBATION && type != MESSAGE_SHOW)
        return; /* Nothing else is processed or answered. */
    if (l->state == LINK_CLOSING)
        return;
    if (!r->trust && type != MESSAGE_ROOTS && type != MESSAGE_CHARTER && type != MESSAGE_REFUSED &&
        type != MESSAGE_WANT && type != MESSAGE_WANT_CONTENT)
        return;
    switch (type) {
    case MESSAGE_ROOTS: on_roots(r, l, payload); break;
    case MESSAGE_VECTOR: on_vector(r, l, payload); break;
    case MESSAGE_WANT: on_want(r, l, payload, false); break;
    case MESSAGE_WANT_CONTENT: on_want(r, l, payload, true); break;
    case MESSAGE_BUNDLE: on_bundle(r, l, payload, now); break;
    case MESSAGE_PUSH: on_push(r, l, payload); break;
    case MESSAGE_SHOW: on_show(r, l, payload, now); break;
    case MESSAGE_WANT_CHARTER: on_want_charter(r, l); break;
    case MESSAGE_CHARTER: on_charter(r, l, payload); break;
    case MESSAGE_REFUSED: on_refused(r, l, payload); break;
    default:
        if (type % 2 == 0)
            replica_drop(l, ERR_VERSION, "it sent a message that this version does not know");
    }
}

bool talk_drive(struct replica *r, struct link *l, uint64_t now)
{
    if (r->trust && l->want_due && !l->waiting && !l->vector_open && !r->batch.storing && !r->failed) {
        ask(r, l, now);
        return true;
    }
    if (r->trust && l->roots_due && !l->waiting && !l->vector_open && !l->want_due) {
        send_roots(r, l);
        return true;
    }
    if (l->serving && !l->reading && (l->bundle_open || session_queued(l->session, SESSION_BULK) == 0)) {
        read_next(r, l);
        return true;
    }
    return false;
}

/* ---- passing on ---- */

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
