/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/office_hours.h"

#define MINUTE_MS UINT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define OPENS_MS (7 * HOUR_MS)
#define OPEN_MS (8 * HOUR_MS)
#define LINE_MS (4 * HOUR_MS) /* All lines come up at the same hours, more or less. */
#define WORK_DAYS 5
#define NODES 7 /* The last two come later. */
#define WORKS 150
#define WORK_GAP_MS (9 * HOUR_MS) /* Between what somebody somewhere does: two months in all. */

enum hour { OPENS, LINE_UP, LINE_DOWN, CLOSES };

static void later(struct world *w, uint64_t at, uint32_t node, enum hour what)
{
    world_push(w, at, EVENT_OFFICE, node, (uint32_t)what);
}

void office_draw(struct world *w)
{
    struct swarm *s = &w->swarm;

    s->years = s->large = true;
    s->node_goal = NODES;
    s->work_count = WORKS;
    s->work_gap_ms = WORK_GAP_MS;
    s->fault_gap_ms = random_between(&w->chance, 2, 40) * HOUR_MS;
    s->hostiles = 0;
    s->big = s->restore = false;
}

static uint64_t next_opening(struct world *w)
{
    uint64_t day = (w->now + DAY_MS - OPENS_MS) / DAY_MS;

    while (day % 7 >= WORK_DAYS)
        day++;
    return day * DAY_MS + OPENS_MS + random_below(&w->chance, HOUR_MS);
}

void office_begin(struct world *w, uint32_t node)
{
    w->offline[node] = true;
    later(w, next_opening(w), node, OPENS);
    later(w, (w->now / LINE_MS + 1) * LINE_MS + random_below(&w->chance, MINUTE_MS), node, LINE_UP);
}

static void open_office(struct world *w, uint32_t node)
{
    w->nodes[node].shut = false;
    if (w->nodes[node].used)
        world_start(w, node);
    later(w, w->now + OPEN_MS, node, CLOSES);
}

static void close_office(struct world *w, uint32_t node)
{
    w->nodes[node].shut = true;
    world_crash(w, node, w->swarm.power && random_chance(&w->fault_chance, 100));
    later(w, next_opening(w), node, OPENS);
}

static void line_up(struct world *w, uint32_t node)
{
    w->offline[node] = false;
    if (w->nodes[node].up)
        world_push(w, w->now, EVENT_DIAL, node, w->nodes[node].starts);
    later(w, w->now + random_between(&w->chance, 4, 9) * MINUTE_MS, node, LINE_DOWN);
    later(w, (w->now / LINE_MS + 1) * LINE_MS + random_below(&w->chance, MINUTE_MS), node, LINE_UP);
}

/* What is connected then ends at once, or is silent until both give it up. */
static void line_down(struct world *w, uint32_t node)
{
    w->offline[node] = true;
    for (size_t i = 0; i < w->ends[node].count; i++) {
        struct connection *c = w->connections[w->ends[node].at[i] / 2];

        if (random_chance(&w->net_chance, 700))
            net_cut(w, c);
        else
            c->pipes[0].deaf = c->pipes[1].deaf = true;
    }
}

void office_hour(struct world *w, uint32_t node, uint32_t what)
{
    if (w->calm)
        return;
    switch ((enum hour)what) {
    case OPENS: open_office(w, node); break;
    case LINE_UP: line_up(w, node); break;
    case LINE_DOWN: line_down(w, node); break;
    case CLOSES: close_office(w, node); break;
    }
}

void office_end(struct world *w)
{
    for (uint32_t i = 0; i < w->node_count; i++) {
        w->offline[i] = w->nodes[i].shut = false;
        if (w->swarm.years && w->nodes[i].up)
            world_push(w, w->now, EVENT_DIAL, i, w->nodes[i].starts);
    }
}
