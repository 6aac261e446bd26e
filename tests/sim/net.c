/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/net.h"

#include <stdlib.h>

#include "tests/sim/world.h"

#define CALL_TIMEOUT_MS 10000
#define POLL_MS 200 /* How often a stalled direction is looked at. */

bool net_passes(const struct world *w, uint32_t from, uint32_t to)
{
    return !w->blocked[from][to] && !w->offline[from] && !w->offline[to];
}

static void draw_link(struct world *w, struct connection *c)
{
    struct random *r = &w->net_chance;
    bool slow = w->swarm.slow_net && random_chance(r, 300);
    uint64_t least = w->swarm.big ? 100 : 30; /* Bytes a ms: megabytes have to pass in the minutes that are given. */

    c->latency = slow ? random_between(r, 100, 800) : random_between(r, 1, 60);
    c->bytes_per_ms = slow ? random_between(r, least, 200) : random_between(r, 100, 5000);
    c->window = (size_t)1 << random_between(r, 12, 18);
    if (c->window < 2 * c->latency * least)
        c->window = 2 * c->latency * least;
    c->choppy = w->swarm.choppy && random_chance(r, 300);
}

static void hold(struct world *w, uint32_t actor, uint32_t id)
{
    struct ends *ends = &w->ends[actor];

    if (ends->count == ends->size) {
        ends->size = ends->size ? ends->size * 2 : 8;
        ends->at = realloc(ends->at, ends->size * sizeof *ends->at);
        if (!ends->at)
            abort();
    }
    ends->at[ends->count++] = id;
}

static void let_go(struct world *w, uint32_t actor, uint32_t id)
{
    struct ends *ends = &w->ends[actor];

    for (size_t i = 0; i < ends->count; i++)
        if (ends->at[i] == id) {
            memmove(ends->at + i, ends->at + i + 1, (--ends->count - i) * sizeof *ends->at);
            return;
        }
}

struct connection *net_call(struct world *w, uint32_t from, uint32_t to)
{
    struct connection *c;

    if (w->connection_count == WORLD_CONNECTIONS || !(c = calloc(1, sizeof *c)))
        return NULL;
    if (w->connection_count == w->connection_size) {
        w->connection_size = w->connection_size ? w->connection_size * 2 : 256;
        w->connections = realloc(w->connections, w->connection_size * sizeof(struct connection *));
        if (!w->connections)
            abort();
    }
    c->number = w->connection_count;
    c->actors[0] = from;
    c->actors[1] = to;
    c->begun = w->now;
    c->there[0] = true;
    draw_link(w, c);
    w->connections[w->connection_count++] = c;
    hold(w, from, net_id(c, 0));
    world_push(w, w->now + c->latency, EVENT_ARRIVE, c->number, 0);
    return c;
}

static void drop(struct world *w, struct connection *c)
{
    if (c->there[0] || c->there[1])
        return;
    free(c->pipes[0].at);
    free(c->pipes[1].at);
    w->connections[c->number] = NULL;
    free(c);
    while (w->first_connection < w->connection_count && !w->connections[w->first_connection])
        w->first_connection++;
}

void net_free(struct world *w)
{
    for (uint32_t i = 0; i < w->connection_count; i++) {
        if (!w->connections[i])
            continue;
        w->connections[i]->there[0] = w->connections[i]->there[1] = false;
        drop(w, w->connections[i]);
    }
    for (size_t i = 0; i < WORLD_ACTORS; i++)
        free(w->ends[i].at);
    free(w->connections);
}

void net_arrive(struct world *w, uint32_t number)
{
    struct connection *c = w->connections[number];
    uint64_t age;

    if (!c || !c->there[0])
        return;
    age = w->now - c->begun;
    if (!net_passes(w, c->actors[0], c->actors[1]) || !net_passes(w, c->actors[1], c->actors[0]) ||
        w->hanging[c->actors[1]]) {
        if (age >= CALL_TIMEOUT_MS)
            net_answer(w, number, false);
        else
            world_push(w, w->now + 1000, EVENT_ARRIVE, number, 0);
        return;
    }
    bool accepted = world_accepts(w, c);
    c->there[1] = accepted;
    if (accepted)
        hold(w, c->actors[1], net_id(c, 1));
    world_push(w, w->now + c->latency, EVENT_ANSWER, number, accepted);
}

void net_answer(struct world *w, uint32_t number, bool accepted)
{
    struct connection *c = w->connections[number];

    if (!c || !c->there[0])
        return;
    c->established = accepted;
    w->links += accepted;
    world_called(w, c, accepted);
    if (!accepted && c->there[0]) {
        c->there[0] = false;
        let_go(w, c->actors[0], net_id(c, 0));
        drop(w, c);
    }
}

/* ---- sending ---- */

static size_t room_of(const struct connection *c, const struct pipe *p)
{
    return p->chunk_count == NET_CHUNKS || p->len >= c->window ? 0 : c->window - p->len;
}

static void send(struct world *w, struct connection *c, int side, struct bytes bytes)
{
    struct pipe *p = &c->pipes[side];

    p->total += bytes.len;
    if (p->deaf)
        return;
    if (p->len + bytes.len > p->size) {
        p->size = (p->len + bytes.len) * 2;
        p->at = realloc(p->at, p->size);
        if (!p->at)
            abort();
    }
    memcpy(p->at + p->len, bytes.at, bytes.len);
    p->len += bytes.len;
    uint64_t start = w->now + c->latency > p->last_arrival ? w->now + c->latency : p->last_arrival;
    p->last_arrival = start + bytes.len / c->bytes_per_ms;
    p->chunks[p->chunk_count].len = bytes.len;
    p->chunks[p->chunk_count].arrives = p->last_arrival;
    p->chunk_count++;
    world_push(w, p->last_arrival, EVENT_DELIVER, c->number, (uint32_t)side);
}

static bool flush_side(struct world *w, struct connection *c, int side)
{
    struct pipe *p = &c->pipes[side];
    uint32_t actor = c->actors[side], id = net_id(c, side);
    bool moved = false;

    while (w->connections[id / 2] == c && c->there[side]) {
        struct bytes out = world_output(w, actor, id);
        size_t room = p->deaf ? out.len : room_of(c, p);

        p->was_full = out.len > room;
        if (out.len > room)
            out.len = room;
        if (out.len == 0)
            return moved;
        send(w, c, side, out);
        world_sent(w, actor, id, out.len);
        moved = true;
    }
    return moved;
}

bool net_flush(struct world *w, uint32_t actor)
{
    bool moved = false;

    for (size_t i = 0; i < w->ends[actor].count; i++) {
        struct connection *c = w->connections[w->ends[actor].at[i] / 2];
        int side = (int)(w->ends[actor].at[i] % 2);

        if (side == 1 || c->established)
            moved = flush_side(w, c, side) || moved;
    }
    return moved;
}

/* ---- receiving ---- */

void net_deliver(struct world *w, uint32_t number, int side)
{
    struct connection *c = w->connections[number];
    size_t arrived = 0;

    if (!c)
        return;
    struct pipe *p = &c->pipes[side];
    if (w->now < p->stalled_until || !net_passes(w, c->actors[side], c->actors[1 - side])) {
        if (c->there[1 - side])
            world_push(w, w->now + POLL_MS, EVENT_DELIVER, number, (uint32_t)side);
        return;
    }
    while (arrived < p->chunk_count && p->chunks[arrived].arrives <= w->now)
        p->arrived += p->chunks[arrived++].len;
    p->chunk_count -= arrived;
    memmove(p->chunks, p->chunks + arrived, p->chunk_count * sizeof *p->chunks);
    if (side == 1 && !c->established)
        return; /* Its caller has not heard of it yet; it takes this with the answer. */
    if (c->there[1 - side])
        world_pump(w, c->actors[1 - side]);
}

static size_t piece(struct world *w, const struct connection *c, size_t arrived)
{
    if (!c->choppy || !random_chance(&w->net_chance, 500))
        return arrived;
    size_t len = (size_t)random_between(&w->net_chance, 1, random_chance(&w->net_chance, 500) ? 3 : 400);
    return len < arrived ? len : arrived;
}

static bool feed_side(struct world *w, struct connection *c, int side)
{
    struct pipe *p = &c->pipes[1 - side];

    if (p->arrived > 0) {
        size_t len = piece(w, c, p->arrived);
        size_t taken = world_receive(w, c->actors[side], net_id(c, side), bytes_of(p->at, len));

        p->len -= taken;
        p->arrived -= taken;
        memmove(p->at, p->at + taken, p->len);
        if (taken > 0 && p->was_full) {
            p->was_full = false;
            world_push(w, w->now + 1, EVENT_WAKE, c->actors[1 - side], 0);
        }
        return taken > 0;
    }
    if (p->ends && p->len == 0 && !c->told[side]) {
        c->told[side] = true;
        world_cut(w, c->actors[side], net_id(c, side));
        return true;
    }
    return false;
}

bool net_feed(struct world *w, uint32_t actor)
{
    bool took = false;

    for (size_t i = 0; i < w->ends[actor].count; i++) {
        struct connection *c = w->connections[w->ends[actor].at[i] / 2];
        int side = (int)(w->ends[actor].at[i] % 2);

        if (side == 1 || c->established)
            took = feed_side(w, c, side) || took;
    }
    return took;
}

/* ---- ends ---- */

static void end_pipe(struct world *w, struct connection *c, int from)
{
    c->pipes[from].ends = true;
    world_push(w, w->now + c->latency, EVENT_DELIVER, c->number, (uint32_t)from);
    if (c->pipes[from].last_arrival > w->now)
        world_push(w, c->pipes[from].last_arrival + 1, EVENT_DELIVER, c->number, (uint32_t)from);
}

void net_leave(struct world *w, struct connection *c, int side, bool silently)
{
    if (!c->there[side])
        return;
    c->there[side] = false;
    let_go(w, c->actors[side], net_id(c, side));
    c->pipes[1 - side].deaf = true;
    if (!silently && c->there[1 - side])
        end_pipe(w, c, side);
    drop(w, c);
}

/* Keeps the first `len` bytes of a pipe. */
static void shorten(struct pipe *p, size_t len)
{
    if (len < p->arrived)
        len = p->arrived;
    if (len >= p->len)
        return;
    size_t rest = len - p->arrived;
    for (size_t i = 0; i < p->chunk_count; i++) {
        if (p->chunks[i].len > rest)
            p->chunks[i].len = rest;
        rest -= p->chunks[i].len;
    }
    p->len = len;
}

void net_cut(struct world *w, struct connection *c)
{
    for (int side = 0; side < 2; side++) {
        struct pipe *p = &c->pipes[side];

        shorten(p, (size_t)random_below(&w->fault_chance, p->len + 1));
        p->deaf = true;
        end_pipe(w, c, side);
    }
}
