/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/effects.h"

#include "node/address_book.h"
#include "node/advertise.h"
#include "node/control.h"
#include "node/driver.h"
#include "node/file_io.h"
#include "node/host.h"
#include "node/keeper.h"
#include "node/log.h"
#include "node/peer.h"
#include "node/revival.h"
#include "node/settler.h"
#include "node/tender.h"
#include "store/anchor.h"
#include "store/segments.h"

#include <inttypes.h>
#include <stdio.h>

#define STRANGER_LOG_MS 10000
#define FLUSH_MS 1000 /* So long what came in bulk may be unseen by readers. */

static struct peer *find_peer(const struct node *node, uint32_t connection)
{
    for (struct peer *peer = node->peers; peer != NULL; peer = peer->next)
        if (peer->connection == connection)
            return peer;
    return NULL;
}

/* ---- what was stored, and what is read ---- */

/* What follows from trust, which knows of nothing now that is not durable. */
static void follow_trust(struct node *node)
{
    struct trust *trust = replica_trust(node->replica);

    if (trust == NULL)
        return;
    if (anchor_keep(node->home, trust) != ERR_OK)
        log_event("anchor not kept", "the council's last final root could not be remembered");
    if (node->governance_is_new)
        address_book_touch(node);
    node->governance_is_new = false;
    if (node->unjudged && archive_judge(storer_archive(node->storer), trust) != ERR_OK)
        log_event("states not written", "%s", archive_reason(storer_archive(node->storer)));
    node->unjudged = false;
    keeper_look(node);
}

void effects_stored(void *context, const struct storer_outcome *outcome)
{
    struct node *node = context;
    uint64_t now = host_monotonic_ms();

    settler_look(node->settler);
    if (outcome->err != ERR_OK)
        revival_note(node, outcome->err, now);
    node->governance_is_new |= outcome->governs;
    node->unjudged |= !outcome->is_judged;
    replica_stored(node->replica, outcome->err, now);
    (void)peer_flush_all(node, now); /* What is durable now goes out before anything is made of it here. */
    if (outcome->err == ERR_OK && !replica_is_storing(node->replica))
        follow_trust(node);
    if (node->index_due_ms == UINT64_MAX && !outcome->is_flushed)
        node->index_due_ms = now + FLUSH_MS;
    if (!node->driving)
        driver_wake(node);
}

/* What is already verified goes on to the others before the disk is waited for. */
static void store(struct node *node, const struct replica_event *event)
{
    uint64_t now = host_monotonic_ms();
    struct storer_batch batch = {.items = event->items,
                                 .count = event->item_count,
                                 .more = event->more,
                                 .trust = replica_trust(node->replica),
                                 .flush = now >= node->index_due_ms};
    enum err err;

    (void)peer_flush_all(node, now);
    tender_hush(node->tender);
    if (event->chunk == NULL) {
        if (batch.flush)
            node->index_due_ms = UINT64_MAX;
        storer_store(node->storer, &batch);
        return;
    }
    err = file_io_store(node, event->chunk);
    if (err != ERR_OK && err != ERR_FULL)
        revival_note(node, err, host_monotonic_ms());
    replica_stored(node->replica, err, host_monotonic_ms());
}

void effects_flush_index(struct node *node)
{
    if (archive_flush_index(storer_archive(node->storer)) != ERR_OK)
        log_event("index behind", "%s", archive_reason(storer_archive(node->storer)));
    node->index_due_ms = UINT64_MAX;
}

static void note_unread(struct node *node, const char *what, const struct id *log, uint64_t seq, enum err err)
{
    char key[9];

    if (err != ERR_OK && err != ERR_MISSING) /* A peer may ask for what nobody has. */
        log_event(what, "log %s, %llu: %s", log_key(log, key), (unsigned long long)seq,
                  archive_reason(storer_archive(node->storer)));
}

/* What was compressed before goes out as it is, where all of it was asked for. */
static bool supply_segment(struct node *node, const struct replica_event *event)
{
    struct segments *segments = event->content_only ? NULL : archive_segments(storer_archive(node->storer));
    struct buffer frame = BUFFER(LIMIT_BUNDLE);
    struct segment segment;
    bool sent =
        segments != NULL && segments_find(segments, &event->log, event->from, &segment) &&
        segments_read(segments, &segment, &frame) == ERR_OK &&
        replica_supply_frame(node->replica, event->connection, segment.runs, segment.count, buffer_bytes(&frame));

    buffer_free(&frame);
    return sent;
}

static void supply(struct node *node, const struct replica_event *event)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct buffer packed = BUFFER(LIMIT_CONTENT);
    struct head last;
    struct id entry;
    enum err err;

    tender_hush(node->tender);
    if (supply_segment(node, event))
        return;
    err = archive_find_head(storer_archive(node->storer), &event->log, event->to, event->beginning, &last);
    note_unread(node, "entry not read", &event->log, event->to, err);
    for (uint64_t seq = event->from; err == ERR_OK && seq <= event->to; seq++) {
        buffer_clear(&wire);
        buffer_clear(&packed);
        err = archive_read_entry_before(storer_archive(node->storer), &last.entry, seq, &entry, &wire);
        note_unread(node, "entry not read", &event->log, seq, err);
        if (err != ERR_OK)
            break;
        enum err unread = archive_read_content_of(storer_archive(node->storer), &entry, &packed);
        note_unread(node, "content not read", &event->log, seq, unread);
        if (unread != ERR_OK)
            buffer_clear(&packed);
        if (!replica_supply(node->replica, event->connection, &event->log, seq, buffer_bytes(&wire),
                            buffer_bytes(&packed)))
            break;
    }
    replica_supply_end(node->replica, event->connection);
    buffer_free(&wire);
    buffer_free(&packed);
}

static void opened(struct node *node, const struct replica_event *event)
{
    struct peer *peer = find_peer(node, event->connection);
    uint64_t now = host_monotonic_ms();
    char key[9];

    if (peer == NULL)
        return;
    peer->open = true;
    peer->opened_ms = now;
    if (!peer->called)
        peer->channel = event->peer.channel;
    peer_leave_gate(peer);
    log_event("peer opened", "%s at %s, %s", log_key(&peer->channel, key), peer->text,
              peer->called ? "called by us" : "it called");
    dialer_opened(node->dialer, &peer->channel, peer->called, now);
    if (dialer_shuns(node->dialer, &peer->channel, now) ||
        dialer_bars(node->dialer, &peer->channel, &event->peer.key)) {
        log_event("peer shunned", "%s", key);
        replica_close(node->replica, event->connection);
    }
}

/* What the end of a call tells that did not become a session. */
static enum dialer_failure failure_of(const struct peer *peer, enum err cause)
{
    switch (cause) {
    case ERR_OK:
    case ERR_IO: return peer->received == 0 ? DIALER_OTHER_KEY : DIALER_STRANGER;
    case ERR_TIMEOUT: return peer->received == 0 ? DIALER_SILENT : DIALER_STRANGER;
    case ERR_AUTH:
    case ERR_FORMAT: return DIALER_OTHER_KEY;
    case ERR_STRANGER:
    case ERR_EXISTS:
    case ERR_VERSION:
    case ERR_NETWORK:
    case ERR_BUSY:
    case ERR_MEMORY:
    case ERR_FULL:
    case ERR_LIMIT:
    case ERR_GAP:
    case ERR_FORK:
    case ERR_MISSING: break;
    }
    return DIALER_REFUSED;
}

/* It speaks other versions than we called it with: again with the best of both, if there is one. */
static void settle_version(struct node *node, const struct peer *peer, const struct replica_event *event, uint64_t now,
                           uint32_t random)
{
    const struct session_versions own = session_versions();
    uint64_t best = event->to < own.max ? event->to : own.max;
    char versions[32];

    if (best >= event->from && best >= own.min) {
        dialer_speak(node->dialer, &peer->channel, (uint8_t)best, now, random);
        return;
    }
    snprintf(versions, sizeof versions, event->from == event->to ? "%u" : "%u-%u", (unsigned)event->from,
             (unsigned)event->to);
    dialer_failed(node->dialer, &peer->channel, DIALER_VERSION, versions, now, random);
}

/* Who breaks the protocol is left alone for a while; silence and cuts are nobody's fault (docs/PROTOCOL.md, 4). */
static bool is_offence(enum err cause)
{
    return cause == ERR_FORMAT || cause == ERR_AUTH || cause == ERR_LIMIT || cause == ERR_VERSION ||
           cause == ERR_NETWORK;
}

/* Strangers come as often as they like: the log tells of some, and counts the others. */
static void log_stranger(struct node *node, const struct peer *peer, const char *reason, uint64_t now)
{
    if (node->stranger_due_ms > now) {
        node->strangers_untold++;
        return;
    }
    if (node->strangers_untold > 0)
        log_event("callers left", "%" PRIu64 " more", node->strangers_untold);
    log_event("caller left", "%s: %s", peer->text, reason);
    node->strangers_untold = 0;
    node->stranger_due_ms = now + STRANGER_LOG_MS;
}

/* Two nodes that call each other at once keep one connection, and the other's end is no news. */
static bool is_connected_otherwise(const struct node *node, const struct peer *peer)
{
    for (const struct peer *other = node->peers; other != NULL; other = other->next)
        if (other != peer && other->open && id_equal(&other->channel, &peer->channel))
            return true;
    return false;
}

static void closed(struct node *node, const struct replica_event *event)
{
    struct peer *peer = find_peer(node, event->connection);
    uint64_t now = host_monotonic_ms();
    uint32_t random;
    char key[9];

    if (peer == NULL)
        return;
    if (event->cause == ERR_EXISTS && is_connected_otherwise(node, peer)) {
        log_event("peer closed", "%s: %s", peer->text, event->reason);
        peer_finish(peer, now);
        return;
    }
    host_random(&random, sizeof random);
    if (peer->called && (event->cause == ERR_STRANGER || event->cause == ERR_EXISTS || event->cause == ERR_GAP)) {
        snprintf(node->refusal, sizeof node->refusal, "%s", event->reason);
        node->refusal_cause = event->cause;
    }
    if (peer->open) {
        log_event("peer closed", "%s at %s: %s", log_key(&peer->channel, key), peer->text, event->reason);
        if (is_offence(event->cause))
            dialer_shun(node->dialer, &peer->channel, now);
        dialer_heard(node->dialer, &peer->channel, host_now_ms());
        dialer_closed(node->dialer, &peer->channel, peer->called, is_offence(event->cause) ? DIALER_BROKE : DIALER_LOST,
                      event->reason, now, random);
    } else if (peer->called && event->cause == ERR_VERSION && event->to > 0) {
        settle_version(node, peer, event, now, random);
        log_event("other version", "%s: %s", peer->text, event->reason);
    } else if (peer->called) {
        dialer_failed(node->dialer, &peer->channel, failure_of(peer, event->cause), event->reason, now, random);
        log_event("call failed", "%s: %s", peer->text, event->reason);
    } else {
        log_stranger(node, peer, event->reason, now);
    }
    peer_finish(peer, now);
}

/* Roots are compared every minute; the log tells when that says something new. */
static void equal(struct node *node, const struct replica_event *event)
{
    struct peer *peer = find_peer(node, event->connection);
    uint64_t entries = frontier_entries(replica_frontier(node->replica));
    char key[9];

    if (peer == NULL || peer->equal_entries == entries)
        return;
    peer->equal_entries = entries;
    log_event("peer equal", "%s has the same %llu entries", log_key(&peer->channel, key), (unsigned long long)entries);
}

static void keep_charter(struct node *node, const struct replica_event *event)
{
    enum err err = archive_set_charter(storer_archive(node->storer), event->text);

    if (err == ERR_OK)
        err = anchor_load(node->home, replica_trust(node->replica));
    if (err != ERR_OK)
        revival_note(node, err, host_monotonic_ms());
    else
        log_event("charter kept", "%s", "");
    address_book_touch(node);
}

/* The verb reads how many entries were left out. */
static void answer_import(struct node *node)
{
    char left_out[24];

    snprintf(left_out, sizeof left_out, "%llu", (unsigned long long)node->import.left_out);
    control_answer(node->control, node->import.tag, ERR_OK, left_out);
    node->import.tag = 0;
}

void effects_act(struct node *node, const struct replica_event *event)
{
    char key[9], other[9];

    switch (event->kind) {
    case REPLICA_IDLE: break;
    case REPLICA_ADVANCED: caution_news(&node->caution, host_monotonic_ms()); break;
    case REPLICA_OPENED: opened(node, event); break;
    case REPLICA_CLOSED: closed(node, event); break;
    case REPLICA_STORE: store(node, event); break;
    case REPLICA_READ: supply(node, event); break;
    case REPLICA_READ_FILE: file_io_supply(node, event); break;
    case REPLICA_FILE: log_event("attachment here", "%s", log_key(&event->digest, key)); break;
    case REPLICA_PUBLISHED:
        log_event("published", "%s", event->cause == ERR_OK ? "durable" : err_text(event->cause));
        if (event->tag == ADVERTISE_TAG)
            advertise_published(node, event->cause);
        else if (event->tag == EFFECTS_LONE_TAG)
            node->import.outcome = event->cause;
        else if (node->control != NULL && event->tag == node->import.tag && event->cause == ERR_OK)
            answer_import(node);
        else if (node->control != NULL)
            control_answer(node->control, event->tag, event->cause,
                           event->cause == ERR_OK     ? ""
                           : node->trouble[0] != '\0' ? node->trouble
                                                      : err_text(event->cause));
        break;
    case REPLICA_CHARTER: keep_charter(node, event); break;
    case REPLICA_EQUAL:
        equal(node, event);
        effects_flush_index(node);
        keeper_equal(node);
        break;
    case REPLICA_SIGN: keeper_sign(node); break;
    case REPLICA_RECEIPTS: keeper_write(node); break;
    case REPLICA_CONTRADICTION:
        log_event("receipt contradicted", "%s signed that it has the content of log %s, %llu, and did not give it",
                  log_key(&event->peer.key, key), log_key(&event->log, other), (unsigned long long)event->from);
        break;
    case REPLICA_FORK:
        log_event("fork", "the key of log %s signed one more entry %llu: both are kept", log_key(&event->log, key),
                  (unsigned long long)event->from);
        break;
    case REPLICA_REFUSED:
        log_event("refused", "%s: '%.*s'", event->reason, (int)event->text.len, (const char *)event->text.at);
        break;
    case REPLICA_BEHIND:
        log_event("behind", "a peer has entry %llu of this node's own log, which is not here",
                  (unsigned long long)event->from);
        break;
    }
}
