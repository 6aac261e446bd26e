/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/large.h"

#include <inttypes.h>

#include "tests/sim/stage.h"

#define PUBLICATIONS 8
#define STORM 4 /* Times entries, times links: what one document may cost a network at most. */

/* ---- who calls whom ---- */

static void ring(struct world *w)
{
    for (uint32_t i = 0; i < w->node_count; i++)
        world_befriend(w, i, (i + 1) % (uint32_t)w->node_count);
}

static void star(struct world *w)
{
    for (uint32_t i = 1; i < w->node_count; i++)
        world_befriend(w, i, 0);
}

static void chain(struct world *w)
{
    for (uint32_t i = 1; i < w->node_count; i++)
        world_befriend(w, i, i - 1);
}

static void mesh(struct world *w)
{
    for (uint32_t i = 1; i < w->node_count; i++)
        for (uint32_t j = 0; j < i; j++)
            world_befriend(w, i, j);
}

static void few(struct world *w)
{
    for (uint32_t i = 1; i < w->node_count; i++) {
        world_befriend(w, i, i - 1);
        for (int j = 0; j < 2; j++)
            world_befriend(w, i, (uint32_t)random_below(&w->work_chance, i));
    }
}

/* ---- scenes ---- */

static uint64_t pushes_before;
static size_t entries_before;

static uint64_t pushes_of_all(const struct world *w)
{
    uint64_t count = 0;

    for (uint32_t i = 0; i < w->node_count; i++)
        count += w->nodes[i].replica ? replica_pushes(w->nodes[i].replica).sent : 0;
    return count;
}

static uint64_t links_of_all(const struct world *w)
{
    uint64_t ends = 0;

    for (uint32_t i = 0; i < w->node_count; i++)
        ends += w->ends[i].count;
    return ends / 2;
}

/* All are equal here: what is counted from now on is what news cost. */
static void several_publish(struct world *w)
{
    struct writer *founder = stage_founder(w);

    pushes_before = pushes_of_all(w);
    entries_before = w->nodes[0].disk.count;
    for (int i = 0; i < PUBLICATIONS; i++)
        (void)stage_publish(w, 0, STAGE_PUBLISHES, founder);
}

static void no_storm(struct world *w)
{
    uint64_t pushes = pushes_of_all(w) - pushes_before, entries = w->nodes[0].disk.count - entries_before;
    uint64_t links = links_of_all(w);

    if (entries < PUBLICATIONS)
        world_fail(w, w->scenario->name, "%" PRIu64 " of %d publications came", entries, PUBLICATIONS);
    if (pushes > STORM * entries * links)
        world_fail(w, "storm", "%" PRIu64 " pushes of %" PRIu64 " entries over %" PRIu64 " links", pushes, entries,
                   links);
}

static void part_in_half(struct world *w)
{
    stage_part(w, (uint32_t)w->node_count / 2);
}

static const struct scenario LARGE[] = {
    {.name = "ring_of_50", .nodes = 50, .scenes = {several_publish}, .check = no_storm, .befriend = ring},
    {.name = "star_of_50", .nodes = 50, .scenes = {several_publish}, .check = no_storm, .befriend = star},
    {.name = "chain_of_50", .nodes = 50, .scenes = {several_publish}, .check = no_storm, .befriend = chain},
    {.name = "mesh_of_50", .nodes = 50, .scenes = {several_publish}, .check = no_storm, .befriend = mesh},
    {.name = "world_of_1000",
     .nodes = 1000,
     .scenes = {several_publish, part_in_half, several_publish, stage_heal},
     .check = no_storm,
     .befriend = few},
};

const struct scenario *large_at(size_t place)
{
    return place < sizeof LARGE / sizeof *LARGE ? &LARGE[place] : NULL;
}
