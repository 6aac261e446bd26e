/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/world.h"

#include <inttypes.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "tests/sim/office_hours.h"
#include "tests/sim/people.h"
#include "tests/sim/planted.h"
#include "tests/sim/receipts.h"

/* A node is made, starts with what its disk has, and crashes. */

/* ---- nodes ---- */

uint32_t world_add_node(struct world *w, const struct id *kibbutz, bool with_charter)
{
    if (w->node_count == WORLD_NODES)
        return NOBODY;
    uint32_t at = (uint32_t)w->node_count++;
    struct node *n = &w->nodes[at];

    *n = (struct node){.kibbutz = *kibbutz, .host = at};
    snprintf(n->label, sizeof n->label, "node %" PRIu64 " %u", w->seed, at);
    n->key = federation_writer(n->label, kibbutz, ROLE_NODE);
    n->channel = federation_channel(n->label);
    memcpy(n->channel_id.at, n->channel.public, ID_LEN);
    disk_begin(&n->disk);
    trace_note(&w->trace, w->now, "node %u of kibbutz %02x%02x", at, kibbutz->at[0], kibbutz->at[1]);
    if (with_charter)
        buffer_add(&n->disk.charter, buffer_bytes(&w->federation.charter));
    if (w->swarm.years)
        office_begin(w, at);
    return at;
}

void world_befriend(struct world *w, uint32_t node, uint32_t actor)
{
    struct node *n = &w->nodes[node];

    for (size_t i = 0; i < n->neighbour_count; i++)
        if (n->neighbours[i].actor == actor)
            return;
    n->neighbours = realloc(n->neighbours, (n->neighbour_count + 1) * sizeof *n->neighbours);
    if (!n->neighbours)
        abort();
    n->neighbours[n->neighbour_count++] = (struct neighbour){.actor = actor};
}

/* ---- a start: what node/loader.c does ---- */

static void load_records(struct world *w, struct node *n, bool entries)
{
    const struct disk *d = &n->disk;

    for (size_t i = 0; i < d->count; i++) {
        const struct disk_record *record = &d->records[i];
        struct entry entry;
        struct id content;
        bool is_last = i + 1 == d->count || !id_equal(&d->records[i + 1].head.log, &record->head.log);

        if ((entries || record->content.len == 0) && entry_decode(record->entry, &w->federation.network, &entry))
            abort();
        if (entries) {
            bool is_tip = disk_is_tip(d, record);
            bool stale = PLANTED(PLANTED_LOAD_STALE) && i + 2 < d->count &&
                         id_equal(&d->records[i + 1].head.log, &record->head.log) &&
                         !id_equal(&d->records[i + 2].head.log, &record->head.log);

            if ((stale || (is_tip && !PLANTED(PLANTED_LOAD_STALE))) && replica_load_head(n->replica, &record->head))
                abort();
            if (PLANTED(PLANTED_LOAD_STALE) && is_last && record->head.seq == 1 &&
                replica_load_head(n->replica, &record->head))
                abort();
            if (replica_load_entry(n->replica, &entry, &record->head.entry))
                abort();
        } else if (record->content.len == 0 && !act_id(entry.body, ACT_CONTENT, 0, &content)) {
            (void)replica_load_missing(n->replica, &entry, &record->head.entry);
        }
    }
}

static void add_log(const struct disk *d, const struct id *log, uint64_t to, struct buffer *bundle)
{
    struct head head = disk_head(d, log);

    for (uint64_t seq = 1; seq <= to; seq++) {
        const struct disk_record *record = disk_find_before(d, &head, seq);

        if (!record)
            return;
        bundle_add_entry(bundle, record->entry);
        if (record->content.len)
            bundle_add_content(bundle, log, seq, record->content);
    }
}

static void load_enrolment(struct world *w, struct node *n)
{
    struct trust *trust = replica_trust(n->replica);
    const struct frontier *frontier = replica_frontier(n->replica);
    struct buffer bundle = BUFFER(LIMIT_SHOW);
    struct trust_range ranges[LIMIT_ENROLMENT];
    size_t count =
        trust ? trust_enrolment(trust, &n->key.key.public, ranges, LIMIT_ENROLMENT) : frontier_count(frontier);

    bundle_begin(&bundle, &w->federation.network);
    for (size_t i = 0; i < count; i++) {
        if (trust)
            add_log(&n->disk, &ranges[i].log, ranges[i].to, &bundle);
        else
            add_log(&n->disk, &frontier_at(frontier, i)->log, frontier_at(frontier, i)->seq, &bundle);
    }
    if (count > 0 && !buffer_error(&bundle))
        (void)replica_load_enrolment(n->replica, buffer_bytes(&bundle));
    buffer_free(&bundle);
}

static enum err find(void *context, const struct id *log, uint64_t seq, struct bytes beginning, struct head *head)
{
    const struct node *n = context;
    const struct disk_record *record = disk_find_beginning(&n->disk, log, seq, beginning);

    if (!record)
        return ERR_MISSING;
    *head = record->head;
    return ERR_OK;
}

static enum err read_recent(void *context, const struct id *entry, struct buffer *wire, struct buffer *packed)
{
    const struct node *n = context;

    for (size_t i = 0; i < n->disk.count; i++)
        if (id_equal(&n->disk.records[i].head.entry, entry)) {
            buffer_add(wire, n->disk.records[i].entry);
            buffer_add(packed, n->disk.records[i].content);
            return ERR_OK;
        }
    return ERR_MISSING;
}

void world_start(struct world *w, uint32_t node)
{
    struct node *n = &w->nodes[node];
    struct replica_options options = {.network = w->federation.network,
                                      .charter = buffer_bytes(&n->disk.charter),
                                      .channel = &n->channel,
                                      .node = n->key.key.public,
                                      .store_id = node + 1,
                                      .forgetful = w->swarm.forgetful && (node + w->seed / 4) % 3 != 0,
                                      .small_trie = w->swarm.small_trie,
                                      .small_answers = w->swarm.small_answers,
                                      .software = "sim",
                                      .find = find,
                                      .read = read_recent,
                                      .find_context = n};

    if (n->up)
        return;
    n->used = n->up = true;
    if (w->calm)
        w->calm_since = w->now;
    n->broken = false;
    n->wake_at = 0;
    trace_note(&w->trace, w->now, "node %u starts with %zu entries", node, n->disk.count);
    n->replica = replica_new(&options);
    if (!n->replica)
        abort();
    if (w->has_anchor)
        trust_set_anchor(replica_trust(n->replica), &w->anchor);
    load_records(w, n, true);
    load_records(w, n, false);
    load_enrolment(w, n);
    receipts_load(w, node);
    people_look(w, node);
    for (size_t i = 0; i < n->neighbour_count; i++)
        n->neighbours[i].calling = false;
    world_push(w, w->now + random_below(&w->chance, WORLD_DIAL_MS), EVENT_DIAL, node, ++n->starts);
}

void world_start_at(struct world *w, uint32_t node, uint64_t at)
{
    w->starts_due++;
    world_push(w, at, EVENT_START, node, 0);
}

void world_crash(struct world *w, uint32_t node, bool power)
{
    struct node *n = &w->nodes[node];
    enum disk_loss loss = power ? (enum disk_loss)random_below(&w->disk_chance, DISK_LOSSES) : DISK_LOSE_NOTHING;

    if (!n->up)
        return;
    trace_note(&w->trace, w->now, "node %u crashes%s, store phase %d", node, power ? " by a power cut" : "",
               (int)n->disk.phase);
    n->up = false;
    n->store_number = 0;
    replica_free(n->replica);
    n->replica = NULL;
    disk_crash(&n->disk, loss, &w->disk_chance);
    if (power)
        receipts_crash(w, node);
    while (w->ends[node].count > 0) {
        uint32_t id = w->ends[node].at[0];

        net_leave(w, w->connections[id / 2], (int)(id % 2), power && random_chance(&w->fault_chance, 700));
    }
}
