/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/check.h"

#include <inttypes.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "tests/sim/hostile.h"
#include "tests/sim/kept.h"
#include "tests/sim/people.h"
#include "tests/sim/receipts.h"
#include "tests/sim/scenario.h"

#define CONVERGE_MS (3 * LIMIT_ROOTS_MS)
#define PROBE_MS 20000
#define SETTLE_MS 15000
#define DRAIN_MS 400000
#define QUIET_MS 130000
#define QUIET_BYTES 1500 /* Of one direction of a link in that time: three comparisons of roots, and room. */
#define QUIET_RECEIPT                                                                                                  \
    400 /* One that somebody signed in that time, and the roots told for it; it lists what is missing. */
#define QUIET_ASKS 3
#define PUSHES_MAX 2 /* Of an entry over a link. */
#define STORM 20     /* The same by one node at any time, whatever crashed: far from any doubt. */

/* One batch under way, and for each link a message in, one out, an answer being filled. */
#define MEMORY_BASE (LIMIT_BUNDLE + LIMIT_COMMITS + MIB(2))
#define MEMORY_LINK (2 * LIMIT_MESSAGE_BULK + LIMIT_BUNDLE + LIMIT_OUTPUT + MIB(2))

void check_name(char text[40], const struct head *head)
{
    char id[ID_TEXT_LEN + 1];

    id_to_text(&head->log, id);
    snprintf(text, 40, "%.8s/%" PRIu64, id, head->seq);
}

bool check_may_hold(struct world *w, const struct signed_entry *e, const struct id *kibbutz)
{
    (void)w;
    return e->audience != ACT_FOR_KIBBUTZ || id_equal(&e->kibbutz, kibbutz);
}

/* ---- always ---- */

void check_held_at_origin(struct world *w, const struct signed_entry *e, const char *invariant)
{
    const struct disk_record *record = disk_find(&w->nodes[e->origin].disk, &e->head.log, e->head.seq, &e->head.entry);
    char text[40];

    check_name(text, &e->head);
    if (!record || !bytes_equal(record->entry, buffer_bytes(&e->wire)))
        world_fail(w, invariant, "%s at node %u", text, e->origin);
    else if (record->content.len != e->content_len)
        world_fail(w, invariant, "the content of %s at node %u", text, e->origin);
}

void check_nobody_holds(struct world *w, const struct signed_entry *e)
{
    char text[40];

    for (uint32_t i = 0; i < w->node_count; i++) {
        const struct disk_record *record = disk_find(&w->nodes[i].disk, &e->head.log, e->head.seq, &e->head.entry);

        check_name(text, &e->head);
        if (record)
            world_fail(w, "sent_before_durable", "%s was lost at node %u, and node %u has it", text, e->origin, i);
    }
}

static void check_entry(struct world *w, uint32_t node, const struct item *item)
{
    struct signed_entry *e = people_entry(w, &item->head.log, item->head.seq, &item->head.entry);
    char text[40];

    check_name(text, &item->head);
    if (hostile_log(w, &item->head.log))
        return;
    if (!e) {
        world_fail(w, people_knows_log(w, &item->head.log) ? "stored_forged" : "stored_stranger", "%s at node %u", text,
                   node);
        return;
    }
    if (!bytes_equal(item->entry, buffer_bytes(&e->wire)))
        world_fail(w, "stored_forged", "%s at node %u has another signature", text, node);
    if (e->origin == node || e->fate == FATE_LOST)
        return;
    const struct disk_record *record = disk_find(&w->nodes[e->origin].disk, &e->head.log, e->head.seq, &e->head.entry);
    if (e->fate == FATE_NEVER || !record)
        world_fail(w, "sent_before_durable", "%s reached node %u before it was durable at node %u", text, node,
                   e->origin);
}

static void check_content(struct world *w, uint32_t node, const struct item *item)
{
    static struct content content;
    const struct disk_record *record =
        disk_find(&w->nodes[node].disk, &item->head.log, item->head.seq, &item->head.entry);
    struct entry entry;
    struct id wanted;
    char text[40];
    struct bytes wire = item->entry.len || !record ? item->entry : record->entry;

    check_name(text, &item->head);
    if (content_open(item->content, &content) || entry_decode(wire, &w->federation.network, &entry) ||
        act_id(entry.body, ACT_CONTENT, 0, &wanted) || !id_equal(&wanted, &content.id)) {
        world_fail(w, "stored_wrong_content", "%s at node %u", text, node);
        return;
    }
    const struct signed_entry *e = people_entry(w, &item->head.log, item->head.seq, &item->head.entry);
    if (e && !check_may_hold(w, e, &w->nodes[node].kibbutz))
        world_fail(w, "restricted_content_leaked", "%s of kibbutz %02x%02x is at node %u of %02x%02x", text,
                   e->kibbutz.at[0], e->kibbutz.at[1], node, w->nodes[node].kibbutz.at[0],
                   w->nodes[node].kibbutz.at[1]);
}

void check_store(struct world *w, uint32_t node, const struct item items[], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i].entry.len)
            check_entry(w, node, &items[i]);
        if (items[i].content.len)
            check_content(w, node, &items[i]);
    }
}

static size_t links_of(const struct world *w, uint32_t node)
{
    return w->ends[node].count;
}

void check_node(struct world *w, uint32_t node)
{
    struct replica *r = w->nodes[node].replica;
    size_t memory = replica_memory(r);

    if (memory > MEMORY_BASE && memory > MEMORY_BASE + links_of(w, node) * MEMORY_LINK)
        world_fail(w, "memory", "node %u holds %zu bytes for %zu links", node, memory, links_of(w, node));
    if (replica_deadline(r) <= w->now)
        world_fail(w, "spins", "node %u wants to be woken at %" PRIu64, node, replica_deadline(r));
    if (replica_pushes(r).sent > STORM * (w->entry_count + 10) * (w->links + 1))
        world_fail(w, "storm", "node %u pushed %" PRIu64 " times", node, replica_pushes(r).sent);
}

void check_closed(struct world *w, uint32_t node, uint32_t other, enum err cause, const char *reason)
{
    bool accuses =
        cause == ERR_FORMAT || cause == ERR_AUTH || cause == ERR_LIMIT || cause == ERR_VERSION || cause == ERR_NETWORK;

    if (accuses && world_is_node(w, other))
        world_fail(w, "honest_accused", "node %u of node %u: %s, %s", node, other, err_text(cause), reason);
}

/* An honest node is doubted only for what it lost: set back, or by a crash. */
void check_contradiction(struct world *w, uint32_t node, const struct replica_event *event)
{
    const struct connection *c = w->connections[event->connection / 2];
    uint32_t other = c ? c->actors[1 - event->connection % 2] : NOBODY;

    if (other == NOBODY || !world_is_node(w, other) || !w->nodes[other].up || hostile_log(w, &event->log))
        return;
    const struct disk_record *record = disk_find(&w->nodes[other].disk, &event->log, event->from, &event->digest);
    if (record && record->content.len)
        world_fail(w, "honest_accused", "node %u doubts the receipt of node %u, which has the content", node, other);
    else if (!record && !w->nodes[other].set_back)
        world_fail(w, "honest_accused", "node %u doubts the receipt of node %u, which never had it", node, other);
}

/* ---- a node that was removed ---- */

#define WATCH_MS 100
#define LEAVES_MS 1000 /* In which whoever knows that a node was removed ends its sessions with it. */

static bool knows_removed(struct world *w, uint32_t node, uint32_t other)
{
    struct node *n = &w->nodes[node];
    bool knows = n->up && trust_key(replica_trust(n->replica), &w->nodes[other].key.key.public).status == TRUST_VOID;

    if (knows && !n->knows_ms)
        n->knows_ms = w->now;
    return knows && w->now > n->knows_ms + LEAVES_MS;
}

void check_removed(struct world *w, uint32_t node)
{
    for (uint32_t i = w->first_connection; i < w->connection_count; i++) {
        const struct connection *c = w->connections[i];
        struct replica_peer peer;

        for (int side = 0; c && side < 2; side++) {
            uint32_t other = c->actors[side];

            if (c->actors[1 - side] == node && world_is_node(w, other) && c->there[side] &&
                knows_removed(w, other, node) && !replica_peer(w->nodes[other].replica, net_id(c, side), &peer) &&
                peer.is_open)
                world_fail(w, "removed_served", "node %u keeps a session with node %u, which was removed", other, node);
        }
    }
    world_push(w, w->now + WATCH_MS, EVENT_WATCH, node, 0);
}

/* ---- at rest ---- */

bool check_is_member(const struct world *w, uint32_t node)
{
    return w->nodes[node].used && !w->nodes[node].removed;
}

static bool same_frontiers(const struct node *a, const struct node *b)
{
    struct id x = frontier_root(replica_frontier(a->replica)), y = frontier_root(replica_frontier(b->replica));

    return id_equal(&x, &y);
}

/* What is only for a kibbutz is given to those of its nodes that stand without a doubt. */
static bool is_given(struct world *w, const struct signed_entry *e, uint32_t node)
{
    return e->audience != ACT_FOR_KIBBUTZ ||
           (check_may_hold(w, e, &w->nodes[node].kibbutz) &&
            trust_key(replica_trust(w->nodes[node].replica), &w->nodes[node].key.key.public).status == TRUST_GOOD);
}

static bool has_all(struct world *w, uint32_t node, char text[40])
{
    for (size_t i = 0; i < w->entry_count; i++) {
        const struct signed_entry *e = &w->entries[i];

        if (e->fate != FATE_STANDS || !w->nodes[e->origin].used)
            continue;
        const struct disk_record *record = disk_find(&w->nodes[node].disk, &e->head.log, e->head.seq, &e->head.entry);
        check_name(text, &e->head);
        if (!record)
            return false;
        if (e->content_len && is_given(w, e, node) && record->content.len != e->content_len)
            return false;
    }
    return true;
}

static bool between_members(const struct world *w, const struct connection *c)
{
    return c && c->there[0] && c->there[1] && c->established && world_is_node(w, c->actors[0]) &&
           world_is_node(w, c->actors[1]) && check_is_member(w, c->actors[0]) && check_is_member(w, c->actors[1]);
}

/* Whether both sides of a connection have let each other in. */
static bool is_link(struct world *w, const struct connection *c)
{
    struct replica_peer peer;

    for (int side = 0; side < 2; side++)
        if (!between_members(w, c) || replica_peer(w->nodes[c->actors[side]].replica, net_id(c, side), &peer) ||
            !peer.is_open)
            return false;
    return true;
}

/*
 * Whether news can go from each to each: who was shut when the last entry came may be equal before it has called anybody, and
 * calls again only when its turn comes.
 */
static bool is_connected(struct world *w, char why[100])
{
    static bool reached[WORLD_NODES];
    bool grows = true;

    memset(reached, 0, sizeof reached);
    reached[0] = true;

    while (grows) {
        grows = false;
        for (uint32_t i = w->first_connection; i < w->connection_count; i++) {
            const struct connection *c = w->connections[i];

            if (is_link(w, c) && reached[c->actors[0]] != reached[c->actors[1]])
                reached[c->actors[0]] = reached[c->actors[1]] = grows = true;
        }
    }
    for (uint32_t i = 0; i < w->node_count; i++)
        if (check_is_member(w, i) && !reached[i]) {
            snprintf(why, 100, "no way from node 0 to %u", i);
            return false;
        }
    return true;
}

bool check_is_equal(struct world *w, char why[100])
{
    char text[40] = "";

    for (uint32_t i = 0; i < w->node_count; i++) {
        if (!check_is_member(w, i))
            continue;
        if (!w->nodes[i].up || w->nodes[i].store_number) {
            snprintf(why, 100, "node %u is at work", i);
            return false;
        }
        if (!same_frontiers(&w->nodes[i], &w->nodes[0])) {
            snprintf(why, 100, "nodes 0 and %u differ", i);
            return false;
        }
        if (!has_all(w, i, text)) {
            snprintf(why, 100, "node %u lacks %s", i, text);
            return false;
        }
    }
    return true;
}

/* Slow links may have to carry what came to their reader by another way long ago. */
static bool is_drained(const struct world *w)
{
    for (uint32_t i = w->first_connection; i < w->connection_count; i++)
        if (between_members(w, w->connections[i]) &&
            (w->connections[i]->pipes[0].len || w->connections[i]->pipes[1].len))
            return false;
    return true;
}

/* Who has caught up says so at once, not at the next comparison that is due anyway. */
static void check_aware(struct world *w)
{
    for (uint32_t i = w->first_connection; i < w->connection_count; i++)
        for (int side = 0; side < 2; side++) {
            const struct connection *c = w->connections[i];
            struct replica_peer peer;

            if (between_members(w, c) && c->begun + SETTLE_MS < w->now &&
                !replica_peer(w->nodes[c->actors[side]].replica, net_id(c, side), &peer) && peer.is_open &&
                !peer.is_equal)
                world_fail(w, "unaware", "node %u does not know that it is equal with node %u", c->actors[side],
                           c->actors[1 - side]);
        }
}

/* Two sessions with one node are settled to one. */
static void check_twins(struct world *w)
{
    for (uint32_t i = 0; i < w->node_count; i++) {
        const struct ends *ends = &w->ends[i];
        uint8_t open[WORLD_NODES] = {0};

        for (size_t j = 0; j < ends->count; j++) {
            const struct connection *c = w->connections[ends->at[j] / 2];
            uint32_t other = c->actors[1 - ends->at[j] % 2];
            struct replica_peer peer;

            if (between_members(w, c) && c->begun + SETTLE_MS < w->now &&
                !replica_peer(w->nodes[i].replica, ends->at[j], &peer) && peer.is_open && open[other]++)
                world_fail(w, "twins", "nodes %u and %u keep two sessions", i, other);
        }
    }
}

static void begin_quiet(struct world *w)
{
    check_aware(w);
    check_twins(w);
    w->quiet_at = w->now;
    w->quiet_receipts = w->receipts_signed;
    for (uint32_t i = w->first_connection; i < w->connection_count; i++)
        for (int side = 0; side < 2 && w->connections[i]; side++)
            w->connections[i]->quiet_bytes[side] = w->connections[i]->pipes[side].total;
}

static void check_quiet(struct world *w)
{
    uint64_t receipts = w->receipts_signed - w->quiet_receipts;

    for (uint32_t i = w->first_connection; i < w->connection_count; i++) {
        const struct connection *c = w->connections[i];

        if (!between_members(w, c) || c->begun + 60000 > w->quiet_at)
            continue;
        for (int side = 0; side < 2; side++) {
            uint64_t bytes = c->pipes[side].total - c->quiet_bytes[side];
            struct replica_peer peer;

            /* A content that a crash lost everywhere is asked for at each comparison, and named by each receipt, in 56 bytes. */
            uint64_t lost = 56 * replica_missing(w->nodes[c->actors[side]].replica);
            if (bytes > QUIET_BYTES + QUIET_ASKS * lost + receipts * (QUIET_RECEIPT + lost))
                world_fail(
                    w, "storm", "node %u said %" PRIu64 " bytes to node %u when all was quiet, %zu contents missing",
                    c->actors[side], bytes, c->actors[1 - side], replica_missing(w->nodes[c->actors[side]].replica));
            if (!replica_peer(w->nodes[c->actors[side]].replica, net_id(c, side), &peer) && peer.is_open &&
                !peer.is_equal)
                world_fail(w, "unaware", "node %u does not know that it is equal with node %u", c->actors[side],
                           c->actors[1 - side]);
        }
    }
}

/* While nobody forgets what it was told, news cross a link at most once in each direction. */
static void check_pushes(struct world *w)
{
    uint64_t pushes = 0, entries = 0;

    for (uint32_t i = 0; i < w->node_count; i++) {
        const struct node *n = &w->nodes[i];

        if (!n->used)
            continue;
        if (n->starts > 1)
            return;
        pushes += replica_pushes(n->replica).sent;
        entries = n->disk.count > entries ? n->disk.count : entries;
    }
    if (pushes > PUSHES_MAX * entries * w->links)
        world_fail(w, "storm", "%" PRIu64 " pushes of %" PRIu64 " entries over %u links", pushes, entries, w->links);
}

static bool probe_arrived(const struct world *w, uint32_t *lacks)
{
    for (uint32_t i = 0; i < w->node_count; i++) {
        bool found = !check_is_member(w, i);

        for (size_t j = 0; !found && j < w->nodes[i].disk.count; j++)
            found = id_equal(&w->nodes[i].disk.records[j].head.entry, &w->probe);
        *lacks = i;
        if (!found)
            return false;
    }
    return true;
}

void check_look(struct world *w)
{
    char why[100] = "";
    uint32_t lacks = 0;

    world_push(w, w->now + 1000, EVENT_LOOK, 0, 0);
    if (w->starts_due)
        w->calm_since = w->now;
    else if (!w->probe_at && w->now > w->calm_since + 3000 && check_is_equal(w, why) && is_connected(w, why)) {
        trace_note(&w->trace, w->now, "all are equal");
        kept_check(w);
        w->probe_at = w->now;
        if (!people_probe(w))
            begin_quiet(w);
    } else if (!w->probe_at && w->now > w->calm_since + CONVERGE_MS) {
        (void)(check_is_equal(w, why) && is_connected(w, why));
        world_fail(w, "convergence", "after %d s without faults: %s", CONVERGE_MS / 1000, why);
    } else if (w->probe_at && !w->quiet_at && probe_arrived(w, &lacks)) {
        if (w->now > w->probe_at + SETTLE_MS && is_drained(w))
            begin_quiet(w);
        else if (w->now > w->probe_at + DRAIN_MS)
            world_fail(w, "storm", "there is still something on its way after %d s", DRAIN_MS / 1000);
    } else if (w->probe_at && !w->quiet_at && w->now > w->probe_at + PROBE_MS) {
        world_fail(w, "probe", "a document of node %u did not reach node %u in %d s", w->probe_home, lacks,
                   PROBE_MS / 1000);
    } else if (w->quiet_at && w->now > w->quiet_at + QUIET_MS) {
        if (!check_is_equal(w, why))
            world_fail(w, "convergence", "at the end: %s", why);
        kept_check(w);
        check_quiet(w);
        check_pushes(w);
        receipts_check(w);
        scenario_check(w);
        w->done = true;
    }
}
