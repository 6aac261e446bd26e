/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "tests/sim/check.h"
#include "tests/sim/faults.h"
#include "tests/sim/hostile.h"
#include "tests/sim/memo.h"
#include "tests/sim/office_hours.h"
#include "tests/sim/people.h"
#include "tests/sim/planted.h"
#include "tests/sim/receipts.h"
#include "tests/sim/scenario.h"

#define STEPS_MAX 4000000
#define STEPS_MAX_YEARS 60000000
#define DIAL_YEARS_MS 5000 /* The same where months pass. */
#define LARGE 30
#define VERY_LARGE 100

/* ---- the heap of events ---- */

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at < b->at || (a->at == b->at && a->serial < b->serial);
}

void world_push(struct world *w, uint64_t at, enum event_kind kind, uint32_t a, uint32_t b)
{
    if (w->heap_count == w->heap_size) {
        w->heap_size = w->heap_size ? w->heap_size * 2 : 1024;
        w->heap = realloc(w->heap, w->heap_size * sizeof *w->heap);
        if (!w->heap)
            abort();
    }
    size_t i = w->heap_count++;
    struct event event = {.at = at, .serial = w->serial++, .kind = kind, .a = a, .b = b};
    for (; i > 0 && is_before(&event, &w->heap[(i - 1) / 2]); i = (i - 1) / 2)
        w->heap[i] = w->heap[(i - 1) / 2];
    w->heap[i] = event;
}

static struct event pop(struct world *w)
{
    struct event first = w->heap[0], last = w->heap[--w->heap_count];
    size_t i = 0;

    for (size_t child; (child = 2 * i + 1) < w->heap_count; i = child) {
        if (child + 1 < w->heap_count && is_before(&w->heap[child + 1], &w->heap[child]))
            child++;
        if (!is_before(&w->heap[child], &last))
            break;
        w->heap[i] = w->heap[child];
    }
    w->heap[i] = last;
    return first;
}

void world_fail(struct world *w, const char *invariant, const char *format, ...)
{
    va_list arguments;

    if (w->failed)
        return;
    w->failed = true;
    int len = snprintf(w->failure, sizeof w->failure, "%s: ", invariant);
    va_start(arguments, format);
    vsnprintf(w->failure + len, sizeof w->failure - (size_t)len, format, arguments);
    va_end(arguments);
    trace_note(&w->trace, w->now, "FAIL %s", w->failure);
}

/* ---- calling ---- */

static struct neighbour *neighbour_of(struct node *n, uint32_t actor)
{
    for (size_t i = 0; i < n->neighbour_count; i++)
        if (n->neighbours[i].actor == actor)
            return &n->neighbours[i];
    return NULL;
}

static uint64_t backoff_ms(struct world *w, unsigned failures)
{
    uint64_t ms = UINT64_C(1000) << (failures < 6 ? failures : 6);

    ms = ms < 60000 ? ms : 60000;
    return ms / 2 + random_below(&w->chance, ms);
}

static bool has_link(struct world *w, uint32_t node, uint32_t other)
{
    for (size_t i = 0; i < w->ends[node].count; i++) {
        const struct connection *c = w->connections[w->ends[node].at[i] / 2];
        struct replica_peer peer;

        if (w->ends[node].at[i] % 2 == 1 && c->actors[0] == other &&
            !replica_peer(w->nodes[node].replica, net_id(c, 1), &peer) && peer.is_open)
            return true;
    }
    return false;
}

static void dial(struct world *w, uint32_t node, uint32_t starts)
{
    struct node *n = &w->nodes[node];

    if (!n->up || n->starts != starts || w->offline[node])
        return;
    for (size_t i = 0; i < n->neighbour_count; i++) {
        struct neighbour *other = &n->neighbours[i];

        if (n->invited && !n->let_in && other->actor != n->host)
            continue;
        if (other->calling || w->now < other->due || w->now < other->shunned_until || has_link(w, node, other->actor))
            continue;
        if (net_call(w, node, other->actor))
            other->calling = true;
    }
    world_push(w, w->now + (w->swarm.years && !w->calm ? DIAL_YEARS_MS : WORLD_DIAL_MS), EVENT_DIAL, node, starts);
}

static void call_failed(struct world *w, struct node *n, uint32_t actor)
{
    struct neighbour *other = neighbour_of(n, actor);

    if (!other)
        return;
    other->calling = false;
    other->due = w->now + backoff_ms(w, other->failures++);
}

static struct replica_connection handshake(struct world *w, bool initiator, const struct id *expect)
{
    struct replica_connection how = {.initiator = initiator};

    if (expect)
        how.expect = *expect;
    random_fill(&w->chance, how.seed, sizeof how.seed);
    return how;
}

bool world_accepts(struct world *w, struct connection *c)
{
    uint32_t actor = c->actors[1];

    if (!world_is_node(w, actor) || !w->nodes[actor].up)
        return false;
    struct replica_connection how = handshake(w, false, NULL);
    bool taken = !replica_connect(w->nodes[actor].replica, net_id(c, 1), &how, w->now);
    faults_after(w, FAULT_AT_HANDSHAKE, actor);
    return taken;
}

void world_called(struct world *w, struct connection *c, bool accepted)
{
    uint32_t actor = c->actors[0];

    if (!world_is_node(w, actor)) {
        hostile_called(w, actor - WORLD_NODES, c, accepted);
        return;
    }
    struct node *n = &w->nodes[actor];
    if (!n->up)
        return;
    if (!accepted) {
        call_failed(w, n, c->actors[1]);
        return;
    }
    struct replica_connection how = handshake(w, true, &w->nodes[c->actors[1]].channel_id);
    if (replica_connect(n->replica, net_id(c, 0), &how, w->now)) {
        call_failed(w, n, c->actors[1]);
        net_leave(w, c, 0, false);
        return;
    }
    world_pump(w, actor);
}

/* ---- the ends of pipes ---- */

struct bytes world_output(struct world *w, uint32_t actor, uint32_t id)
{
    return world_is_node(w, actor) ? replica_output(w->nodes[actor].replica, id, w->now)
                                   : hostile_output(w, actor - WORLD_NODES, id);
}

void world_sent(struct world *w, uint32_t actor, uint32_t id, size_t count)
{
    if (world_is_node(w, actor))
        replica_sent(w->nodes[actor].replica, id, count);
    else
        hostile_sent(w, actor - WORLD_NODES, id, count);
}

size_t world_receive(struct world *w, uint32_t actor, uint32_t id, struct bytes in)
{
    return world_is_node(w, actor) ? replica_receive(w->nodes[actor].replica, id, in, w->now)
                                   : hostile_receive(w, actor - WORLD_NODES, id, in);
}

void world_cut(struct world *w, uint32_t actor, uint32_t id)
{
    if (!world_is_node(w, actor))
        hostile_cut(w, actor - WORLD_NODES, id);
    else if (w->nodes[actor].up && !PLANTED(PLANTED_KEEP_DEAD))
        replica_cut(w->nodes[actor].replica, id);
}

/* ---- events of a replica ---- */

static void supply(struct world *w, uint32_t node, const struct replica_event *event)
{
    struct node *n = &w->nodes[node];
    struct bytes beginning = PLANTED(PLANTED_READ_FIRST_BRANCH) ? bytes_of(NULL, 0) : event->beginning;
    const struct disk_record *last = disk_find_beginning(&n->disk, &event->log, event->to, beginning);

    for (uint64_t seq = event->from; last && seq <= event->to; seq++) {
        const struct disk_record *record = disk_find_before(&n->disk, &last->head, seq), *holder = record;

        if (record && PLANTED(PLANTED_OTHER_CONTENT))
            holder = disk_find_beginning(&n->disk, &event->log, seq, bytes_of(NULL, 0));
        if (!record || !replica_supply(n->replica, event->connection, &event->log, seq, record->entry, holder->content))
            break;
    }
    if (!PLANTED(PLANTED_NO_ANSWER) || random_chance(&w->disk_chance, 700))
        replica_supply_end(n->replica, event->connection);
    faults_after(w, FAULT_AT_READ, node);
}

static void store(struct world *w, uint32_t node, const struct replica_event *event)
{
    struct node *n = &w->nodes[node];

    trace_note(&w->trace, w->now, "node %u stores %zu", node, event->item_count);
    check_store(w, node, event->items, event->item_count);
    if (disk_store(&n->disk, event->items, event->item_count)) {
        n->store_number = ++n->stores;
        world_push(w, w->now + faults_disk_ms(w, node), EVENT_DISK, node, n->store_number);
    }
    faults_after(w, FAULT_AT_RELAY, node);
}

static void step_disk(struct world *w, uint32_t node, uint32_t number)
{
    struct node *n = &w->nodes[node];
    enum err err;

    if (!n->up || n->store_number != number)
        return;
    if (!disk_step(&n->disk, faults_sync_fails(w, node), &w->disk_chance, &err)) {
        world_push(w, w->now + faults_disk_ms(w, node), EVENT_DISK, node, number);
        faults_after(w, n->disk.phase == DISK_DONE ? FAULT_AT_DURABLE : FAULT_AT_WRITE, node);
        return;
    }
    if (PLANTED(PLANTED_STORE_AFTER_FAILURE) && n->broken)
        return; /* It was told. */
    n->store_number = n->disk.phase != DISK_IDLE ? ++n->stores : 0;
    if (n->store_number)
        world_push(w, w->now + faults_disk_ms(w, node), EVENT_DISK, node, n->store_number);
    if (err) {
        trace_note(&w->trace, w->now, "node %u cannot store: %s", node, err_text(err));
        n->broken = true;
        world_start_at(w, node, w->now + random_between(&w->fault_chance, 1000, w->calm ? 2000 : 20000));
    }
    replica_stored(n->replica, err, w->now);
    world_pump(w, node);
}

static void opened(struct world *w, uint32_t node, const struct replica_event *event)
{
    struct node *n = &w->nodes[node];
    struct connection *c = w->connections[event->connection / 2];
    uint32_t actor = c ? c->actors[1 - event->connection % 2] : NOBODY;
    struct neighbour *other = neighbour_of(n, actor);

    trace_note(&w->trace, w->now, "node %u opened to %u on connection %u", node, actor, event->connection / 2);
    if (other && event->connection % 2 == 0)
        other->failures = 0;
    if (other && w->now < other->shunned_until)
        replica_close(n->replica, event->connection);
    if (actor == n->host)
        n->let_in = true;
    faults_after(w, FAULT_AT_OPENED, node);
}

static void closed(struct world *w, uint32_t node, const struct replica_event *event)
{
    struct node *n = &w->nodes[node];
    struct connection *c = w->connections[event->connection / 2];
    int side = (int)(event->connection % 2);

    if (!c)
        return;
    uint32_t actor = c->actors[1 - side];
    trace_note(&w->trace, w->now, "node %u closed to %u on connection %u: %s, %s", node, actor, event->connection / 2,
               err_text(event->cause), event->reason);
    check_closed(w, node, actor, event->cause, event->reason);
    if (side == 0)
        call_failed(w, n, actor);
    struct neighbour *other = neighbour_of(n, actor);
    if (other && (event->cause == ERR_FORMAT || event->cause == ERR_AUTH || event->cause == ERR_LIMIT ||
                  event->cause == ERR_VERSION || event->cause == ERR_NETWORK))
        other->shunned_until = w->now + (UINT64_C(60000) << (other->offences < 6 ? other->offences++ : 6));
    net_leave(w, c, side, false);
}

static void handle(struct world *w, uint32_t node, const struct replica_event *event)
{
    struct node *n = &w->nodes[node];

    switch (event->kind) {
    case REPLICA_STORE: store(w, node, event); break;
    case REPLICA_READ: supply(w, node, event); break;
    case REPLICA_READ_FILE: replica_supply_file(n->replica, event->connection, bytes_of(NULL, 0), NULL); break;
    case REPLICA_FILE: break;
    case REPLICA_OPENED: opened(w, node, event); break;
    case REPLICA_CLOSED: closed(w, node, event); break;
    case REPLICA_PUBLISHED:
        people_published(w, node, event->tag, event->cause);
        faults_after(w, FAULT_AT_PUBLISHED, node);
        break;
    case REPLICA_CHARTER:
        buffer_clear(&n->disk.charter);
        buffer_add(&n->disk.charter, event->text);
        trace_note(&w->trace, w->now, "node %u learnt the charter", node);
        faults_after(w, FAULT_AT_CHARTER, node);
        break;
    case REPLICA_EQUAL: trace_note(&w->trace, w->now, "node %u is equal on %u", node, event->connection / 2); break;
    case REPLICA_FORK: trace_note(&w->trace, w->now, "node %u met a fork at seq %" PRIu64, node, event->from); break;
    case REPLICA_REFUSED:
        n->refusals++;
        trace_note(&w->trace, w->now, "node %u: %s", node, event->reason);
        break;
    case REPLICA_BEHIND:
        trace_note(&w->trace, w->now, "node %u lacks its own entry %" PRIu64, node, event->from);
        break;
    case REPLICA_SIGN: receipts_sign(w, node); break;
    case REPLICA_CONTRADICTION:
        trace_note(&w->trace, w->now, "node %u did not get what another signed that it has", node);
        check_contradiction(w, node, event);
        break;
    case REPLICA_RECEIPTS: receipts_look(w, node); break;
    case REPLICA_ADVANCED:
    case REPLICA_IDLE: break;
    }
}

static uint64_t steps_max(const struct world *w)
{
    return w->swarm.years || w->node_count > VERY_LARGE ? STEPS_MAX_YEARS : STEPS_MAX;
}

static void pump_node(struct world *w, uint32_t node)
{
    struct node *n = &w->nodes[node];
    struct replica_event event;
    bool did = true;

    for (unsigned rounds = 0; did && n->up && !w->failed; rounds++) {
        did = false;
        while (n->up && (event = replica_next(n->replica, w->now)).kind != REPLICA_IDLE) {
            handle(w, node, &event);
            if (++w->steps > steps_max(w) || rounds > 100000) {
                world_fail(w, "endless", "node %u does not come to rest", node);
                return;
            }
        }
        if (!n->up)
            return;
        did = net_feed(w, node);
        did = net_flush(w, node) || did;
    }
}

void world_pump(struct world *w, uint32_t actor)
{
    if (!world_is_node(w, actor)) {
        hostile_pump(w, actor - WORLD_NODES);
        return;
    }
    struct node *n = &w->nodes[actor];
    if (!n->up)
        return;
    pump_node(w, actor);
    if (n->up && replica_deadline(n->replica) <= w->now) {
        replica_expire(n->replica, w->now);
        pump_node(w, actor);
    }
    if (!n->up || w->failed)
        return;
    check_node(w, actor);
    uint64_t deadline = replica_deadline(n->replica);
    if (deadline != UINT64_MAX && (n->wake_at <= w->now || deadline < n->wake_at)) {
        n->wake_at = deadline;
        world_push(w, deadline, EVENT_WAKE, actor, 0);
    }
}

/* ---- the run ---- */

static void handle_event(struct world *w, const struct event *event)
{
    switch (event->kind) {
    case EVENT_WAKE: world_pump(w, event->a); break;
    case EVENT_ARRIVE: net_arrive(w, event->a); break;
    case EVENT_ANSWER: net_answer(w, event->a, event->b); break;
    case EVENT_DELIVER: net_deliver(w, event->a, (int)event->b); break;
    case EVENT_DISK: step_disk(w, event->a, event->b); break;
    case EVENT_DIAL: dial(w, event->a, event->b); break;
    case EVENT_WORK: people_work(w); break;
    case EVENT_FAULT: faults_event(w, event->a, event->b); break;
    case EVENT_START:
        w->starts_due--;
        if (w->nodes[event->a].broken)
            world_crash(w, event->a, false);
        if (!w->nodes[event->a].shut)
            world_start(w, event->a);
        break;
    case EVENT_HOSTILE: hostile_tick(w, event->a); break;
    case EVENT_LOOK: check_look(w); break;
    case EVENT_SCENE: scenario_play(w, event->a); break;
    case EVENT_WATCH: check_removed(w, event->a); break;
    case EVENT_OFFICE: office_hour(w, event->a, event->b); break;
    }
}

static void draw_swarm(struct world *w)
{
    struct random *r = &w->chance;
    struct swarm *s = &w->swarm;
    bool calm = random_chance(r, 100);

    s->node_goal = (unsigned)(random_chance(r, 850) ? random_between(r, 2, 7) : random_between(r, 8, 12));
    s->work_count = (unsigned)random_between(r, 20, 70);
    s->work_gap_ms = random_chance(r, 300) ? random_between(r, 20, 300) : random_between(r, 500, 6000);
    s->fault_gap_ms = random_between(r, 2000, 30000);
    s->crash = calm || random_chance(r, 200) ? 0 : (unsigned)random_between(r, 5, 120);
    s->cut = calm || random_chance(r, 200) ? 0 : (unsigned)random_between(r, 5, 150);
    s->stall = calm || random_chance(r, 300) ? 0 : (unsigned)random_between(r, 5, 100);
    s->partition = calm || random_chance(r, 300) ? 0 : (unsigned)random_between(r, 1, 100);
    s->half_open = calm || random_chance(r, 300) ? 0 : (unsigned)random_between(r, 1, 100);
    s->hang = calm || random_chance(r, 500) ? 0 : (unsigned)random_between(r, 1, 100);
    s->full = calm || random_chance(r, 500) ? 0 : (unsigned)random_between(r, 1, 100);
    s->sync_fail = calm || random_chance(r, 600) ? 0 : (unsigned)random_between(r, 1, 60);
    s->big = random_chance(r, 250);
    s->bulk = (unsigned)random_between(r, 0, 150);
    s->slow_net = random_chance(r, 250);
    s->choppy = random_chance(r, 250);
    s->slow_disk = random_chance(r, 200);
    s->wild_clocks = random_chance(r, 300);
    s->power = random_chance(r, 700);
    s->hostiles = random_chance(r, 500) ? 0 : (unsigned)random_between(r, 1, WORLD_HOSTILES_DRAWN);
    s->hostile_to_the_end = random_chance(r, 400);
    s->twice = random_chance(r, 300);
    s->restore = !calm && random_chance(r, 300);
    s->forgetful = w->seed % 4 == 3;
    s->small_trie = w->seed % 8 == 3;
    s->small_answers = w->seed % 4 == 1;
    s->large = w->seed % 100 == 25 || w->seed % 1000 == 500;
    if (s->large) {
        s->node_goal = w->seed % 1000 == 500 ? VERY_LARGE : LARGE;
        s->big = s->restore = false;
    }
}

struct world *world_new(uint64_t seed, const struct world_kind *kind)
{
    struct world *w = calloc(1, sizeof *w);

    if (!w)
        abort();
    memo_choose(seed);
    w->seed = seed;
    w->scenario = kind->scenario;
    w->nodes = calloc(WORLD_NODES, sizeof *w->nodes);
    w->entries = calloc(WORLD_ENTRIES, sizeof *w->entries);
    w->ends = calloc(WORLD_ACTORS, sizeof *w->ends);
    w->blocked = calloc(WORLD_ACTORS, sizeof *w->blocked);
    if (!w->nodes || !w->entries || !w->ends || !w->blocked)
        abort();
    w->image_of = NOBODY;
    disk_begin(&w->image);
    w->chance = random_from(seed);
    w->net_chance = random_split(&w->chance);
    w->fault_chance = random_split(&w->chance);
    w->work_chance = random_split(&w->chance);
    w->disk_chance = random_split(&w->chance);
    trace_begin(&w->trace);
    draw_swarm(w);
    if (w->scenario)
        scenario_begin(w);
    if (kind->years)
        office_draw(w);
    people_found(w);
    faults_begin(w);
    return w;
}

void world_free(struct world *w)
{
    for (size_t i = 0; i < w->node_count; i++) {
        replica_free(w->nodes[i].replica);
        disk_free(&w->nodes[i].disk);
        free(w->nodes[i].neighbours);
        buffer_free(&w->nodes[i].receipts);
    }
    hostile_free(w);
    disk_free(&w->image);
    for (size_t i = 0; i < w->entry_count; i++)
        buffer_free(&w->entries[i].wire);
    net_free(w);
    federation_free(&w->federation);
    free(w->heap);
    free(w->nodes);
    free(w->entries);
    free(w->ends);
    free(w->blocked);
    free(w);
}

void world_step(struct world *w)
{
    struct event event = pop(w);

    w->now = event.at;
    if (++w->steps > steps_max(w))
        world_fail(w, "endless", "%" PRIu64 " steps", w->steps);
    else
        handle_event(w, &event);
}

void world_run(struct world *w)
{
    while (!w->done && !w->failed && w->heap_count > 0) {
        world_step(w);
        if (w->work_ends && !w->calm)
            faults_end(w);
    }
}
