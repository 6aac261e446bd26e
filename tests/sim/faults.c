/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/faults.h"

#include "tests/sim/office_hours.h"

enum fault {
    FAULT_NONE,
    FAULT_CRASH,
    FAULT_CUT,
    FAULT_STALL,
    FAULT_PARTITION,
    FAULT_HALF_OPEN,
    FAULT_HANG,
    FAULT_FULL,
    FAULT_PARTITION_ENDS,
    FAULT_HANG_ENDS,
    FAULT_FULL_ENDS,
    FAULT_IMAGE,
    FAULT_RESTORE,
};

/* How much likelier a fault is at its moment than the swarm's figure says. */
#define BIAS 3

static void later(struct world *w, uint64_t in_ms, enum fault fault, uint32_t node, uint32_t other)
{
    world_push(w, w->now + in_ms, EVENT_FAULT, node, (uint32_t)fault | other << 8);
}

void faults_begin(struct world *w)
{
    struct random *r = &w->fault_chance;

    later(w, w->swarm.fault_gap_ms, FAULT_NONE, 0, 0);
    if (w->swarm.restore) {
        uint32_t node = (uint32_t)random_below(r, w->node_count);
        uint64_t image_ms = random_between(r, 2000, 60000);

        later(w, image_ms, FAULT_IMAGE, node, 0);
        later(w, image_ms + random_between(r, 1000, 90000), FAULT_RESTORE, node, 0);
    }
}

static uint32_t other_actor(struct world *w, uint32_t node)
{
    return (uint32_t)((node + 1 + random_below(&w->fault_chance, w->node_count > 1 ? w->node_count - 1 : 1)) %
                      w->node_count);
}

static void crash(struct world *w, uint32_t node)
{
    if (!w->nodes[node].up)
        return;
    world_crash(w, node, w->swarm.power && random_chance(&w->fault_chance, 600));
    world_start_at(w, node,
                   w->now + random_between(&w->fault_chance, 100, random_chance(&w->fault_chance, 200) ? 90000 : 5000));
}

static void break_connections(struct world *w, uint32_t node, enum fault fault)
{
    bool all = random_chance(&w->fault_chance, 300);

    for (uint32_t i = w->first_connection; i < w->connection_count; i++) {
        struct connection *c = w->connections[i];
        int side = c && c->actors[1] == node;

        if (!c || c->actors[side] != node || !(all || random_chance(&w->fault_chance, 400)))
            continue;
        if (fault == FAULT_CUT)
            net_cut(w, c);
        else if (fault == FAULT_HALF_OPEN)
            c->pipes[0].deaf = c->pipes[1].deaf = true;
        else
            c->pipes[random_below(&w->fault_chance, 2)].stalled_until =
                w->now + random_between(&w->fault_chance, 500, 40000);
    }
}

static void partition(struct world *w, uint32_t node)
{
    uint32_t other = other_actor(w, node);
    uint64_t ms = random_between(&w->fault_chance, 500, random_chance(&w->fault_chance, 200) ? 200000 : 20000);
    bool alone = random_chance(&w->fault_chance, 300);

    for (uint32_t i = 0; i < w->node_count; i++) {
        if (i == node || (!alone && i != other))
            continue;
        w->blocked[node][i] = true;
        if (random_chance(&w->fault_chance, 600)) /* Else in one direction only. */
            w->blocked[i][node] = true;
        later(w, ms, FAULT_PARTITION_ENDS, node, i);
    }
}

static void take_image(struct world *w, uint32_t node)
{
    if (w->image_of != NOBODY || !w->nodes[node].used)
        return;
    if (random_chance(&w->fault_chance, 300)) /* It will have lost everything. */
        buffer_add(&w->image.charter, buffer_bytes(&w->nodes[node].disk.charter));
    else
        disk_copy(&w->image, &w->nodes[node].disk);
    w->image_of = node;
}

static bool others_have(const struct world *w, const struct head *head)
{
    for (uint32_t i = 0; i < w->node_count; i++)
        if (i != w->image_of && disk_find(&w->nodes[i].disk, &head->log, head->seq, &head->entry))
            return true;
    return false;
}

/* A node goes on from an old image of its disk.  Only where others keep what it loses: else nobody could be right. */
static void restore(struct world *w)
{
    if (w->image_of == NOBODY)
        return;
    struct node *n = &w->nodes[w->image_of];
    if (n->disk.phase != DISK_IDLE) {
        later(w, 10, FAULT_RESTORE, w->image_of, 0);
        return;
    }
    for (size_t i = 0; i < n->disk.count; i++)
        if (!disk_find(&w->image, &n->disk.records[i].head.log, n->disk.records[i].head.seq,
                       &n->disk.records[i].head.entry) &&
            !others_have(w, &n->disk.records[i].head)) {
            later(w, 3000, FAULT_RESTORE, w->image_of, 0);
            return;
        }
    crash(w, w->image_of);
    for (size_t i = 0; i < w->entry_count; i++) {
        struct signed_entry *e = &w->entries[i];

        if (e->origin == w->image_of && !disk_find(&w->image, &e->head.log, e->head.seq, &e->head.entry))
            e->fate = FATE_LOST;
    }
    disk_free(&n->disk);
    n->disk = w->image;
    n->set_back = true;
    disk_begin(&w->image);
    trace_note(&w->trace, w->now, "node %u is set back to %zu entries", w->image_of, n->disk.count);
    w->image_of = NOBODY;
}

static void break_something(struct world *w, enum fault fault, uint32_t node)
{
    uint64_t ms = random_between(&w->fault_chance, 500, 30000);

    trace_note(&w->trace, w->now, "fault %d at node %u", (int)fault, node);
    switch (fault) {
    case FAULT_NONE: break;
    case FAULT_CRASH: crash(w, node); break;
    case FAULT_CUT:
    case FAULT_STALL:
    case FAULT_HALF_OPEN: break_connections(w, node, fault); break;
    case FAULT_PARTITION: partition(w, node); break;
    case FAULT_HANG:
        w->hanging[node] = true;
        later(w, ms, FAULT_HANG_ENDS, node, 0);
        break;
    case FAULT_FULL:
        w->nodes[node].disk.full = true;
        later(w, ms, FAULT_FULL_ENDS, node, 0);
        break;
    case FAULT_IMAGE: take_image(w, node); break;
    case FAULT_RESTORE: restore(w); break;
    case FAULT_PARTITION_ENDS:
    case FAULT_HANG_ENDS:
    case FAULT_FULL_ENDS: break;
    }
}

static enum fault draw(struct world *w)
{
    const struct swarm *s = &w->swarm;
    unsigned weights[] = {0, s->crash, s->cut, s->stall, s->partition, s->half_open, s->hang, s->full};
    unsigned total = 0;

    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++)
        total += weights[i];
    if (total == 0)
        return FAULT_NONE;
    unsigned die = (unsigned)random_below(&w->fault_chance, total);
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
        if (die < weights[i])
            return (enum fault)i;
        die -= weights[i];
    }
    return FAULT_NONE;
}

void faults_event(struct world *w, uint32_t node, uint32_t what)
{
    enum fault fault = (enum fault)(what & 0xff);
    uint32_t other = what >> 8;

    if (w->calm)
        return;
    if (fault == FAULT_NONE) {
        node = (uint32_t)random_below(&w->fault_chance, w->node_count);
        break_something(w, draw(w), node);
        later(w, random_between(&w->fault_chance, 1, 2 * w->swarm.fault_gap_ms), FAULT_NONE, 0, 0);
    } else if (fault == FAULT_PARTITION_ENDS) {
        w->blocked[node][other] = w->blocked[other][node] = false;
    } else if (fault == FAULT_HANG_ENDS) {
        w->hanging[node] = false;
    } else if (fault == FAULT_FULL_ENDS) {
        w->nodes[node].disk.full = false;
    } else {
        break_something(w, fault, node);
    }
}

void faults_after(struct world *w, enum fault_moment moment, uint32_t node)
{
    struct random *r = &w->fault_chance;
    const struct swarm *s = &w->swarm;
    bool crashes_now = moment == FAULT_AT_PUBLISH || moment == FAULT_AT_WRITE || moment == FAULT_AT_DURABLE ||
                       moment == FAULT_AT_PUBLISHED || moment == FAULT_AT_RELAY || moment == FAULT_AT_CHARTER;
    unsigned bias = moment == FAULT_AT_READ || moment == FAULT_AT_RELAY || moment == FAULT_AT_WRITE ? 1 : BIAS;

    if (w->calm)
        return;
    if (random_chance(r, s->crash * bias)) {
        if (crashes_now && random_chance(r, 500))
            break_something(w, FAULT_CRASH, node);
        else
            later(w, random_between(r, 0, random_chance(r, 500) ? 3 : 60), FAULT_CRASH, node, 0);
    } else if (random_chance(r, s->cut * bias / 2)) {
        later(w, random_between(r, 0, 100), FAULT_CUT, node, 0);
    } else if (random_chance(r, s->stall * bias / 3)) {
        later(w, random_between(r, 0, 100), FAULT_STALL, node, 0);
    } else if (random_chance(r, s->half_open * bias / 4)) {
        later(w, random_between(r, 0, 100), FAULT_HALF_OPEN, node, 0);
    } else if (random_chance(r, s->partition * bias / 8)) {
        later(w, random_between(r, 0, 100), FAULT_PARTITION, node, 0);
    } else if (moment == FAULT_AT_PUBLISH && random_chance(r, s->full * bias)) {
        break_something(w, FAULT_FULL, node);
    }
}

void faults_end(struct world *w)
{
    w->calm = true;
    w->calm_since = w->now;
    memset(w->blocked, 0, WORLD_ACTORS * sizeof *w->blocked);
    memset(w->hanging, 0, sizeof w->hanging);
    office_end(w);
    trace_note(&w->trace, w->now, "all faults end");
    for (uint32_t i = w->first_connection; i < w->connection_count; i++) {
        struct connection *c = w->connections[i];

        if (!c)
            continue;
        c->pipes[0].stalled_until = c->pipes[1].stalled_until = 0;
        if (c->there[0] != c->there[1] || c->pipes[0].deaf || c->pipes[1].deaf)
            net_cut(w, c);
    }
    for (uint32_t i = 0; i < w->node_count; i++) {
        w->nodes[i].disk.full = false;
        for (size_t j = 0; j < w->nodes[i].neighbour_count; j++)
            w->nodes[i].neighbours[j].shunned_until = 0;
        if ((w->nodes[i].used && !w->nodes[i].up) || w->nodes[i].broken)
            world_start_at(w, i, w->now + random_below(&w->fault_chance, 1000));
    }
    world_push(w, w->now + 1000, EVENT_LOOK, 0, 0);
}

uint64_t faults_disk_ms(struct world *w, uint32_t node)
{
    (void)node;
    if (!w->calm && w->swarm.slow_disk && random_chance(&w->disk_chance, 100))
        return random_between(&w->disk_chance, 200, 15000);
    return random_between(&w->disk_chance, 0, 12);
}

bool faults_sync_fails(struct world *w, uint32_t node)
{
    (void)node;
    return !w->calm && random_chance(&w->disk_chance, w->swarm.sync_fail);
}
