/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/scenario.h"

#include <stdlib.h>

#include "proto/limits.h"
#include "tests/sim/check.h"
#include "tests/sim/hostile.h"
#include "tests/sim/large.h"
#include "tests/sim/stage.h"

#define NOTHING bytes_of(NULL, 0)
#define FLIGHT_MS 10000u    /* What was on its way when the network parted has come. */
#define PATIENCE_MS 300000u /* In which all hear of a scene, over the worst of lines. */

/* What a scenario remembers. */
static struct {
    struct writer anna, next; /* A coordinator; the steward's next key. */
    struct writer founder;    /* Its key as it was when something was copied. */
    struct writer old_anna;
    struct id documents[4];
    struct id roots[3];
    struct head heads[2];
    size_t kept;
    uint64_t frozen_ms;
    uint64_t waits_ms; /* Since when the next scene waits for all to be equal. */
} stage;

/* ---- 3, 8: a coordinator forks, or goes on after it was revoked ---- */

static void anna_publishes(struct world *w)
{
    stage.documents[0] = stage_publish(w, 1, STAGE_PUBLISHES, &stage.anna);
    stage.heads[0] = stage.anna.head;
}

static void part_in_half(struct world *w)
{
    stage_part(w, (uint32_t)w->node_count / 2);
}

static void anna_forks(struct world *w)
{
    struct writer copy = stage.anna;

    stage.documents[1] = stage_publish(w, 1, STAGE_PUBLISHES, &stage.anna);
    stage.documents[2] = stage_publish(w, (uint32_t)w->node_count - 2, STAGE_PUBLISHES, &copy);
}

static void the_fork_is_seen(struct world *w)
{
    stage_expect_entry(w, &stage.documents[1], true);
    stage_expect_entry(w, &stage.documents[2], true);
    stage_expect_state(w, &stage.documents[0], TRUST_IN_FORCE);
    stage_expect_state(w, &stage.documents[1], TRUST_DISPUTED);
    stage_expect_state(w, &stage.documents[2], TRUST_DISPUTED);
    stage_expect_key(w, &stage.anna.key.public, TRUST_CONTESTED);
    stage_revoke(w, &stage.anna.key.public, 2, &stage.documents[1]);
}

static void the_fork_is_settled(struct world *w)
{
    stage_expect_state(w, &stage.documents[0], TRUST_IN_FORCE);
    stage_expect_state(w, &stage.documents[1], TRUST_IN_FORCE);
    stage_expect_state(w, &stage.documents[2], TRUST_NULL);
    stage_expect_key(w, &stage.anna.key.public, TRUST_VOID);
}

static void anna_is_revoked_and_goes_on(struct world *w)
{
    stage_revoke(w, &stage.anna.key.public, 1, &stage.documents[0]);
    stage.documents[1] = stage_publish(w, (uint32_t)w->node_count - 2, STAGE_PUBLISHES, &stage.anna);
    stage_approve(w, (uint32_t)w->node_count - 2, STAGE_PUBLISHES, &stage.anna, &stage.documents[0], NULL);
}

static void anna_goes_on_still(struct world *w)
{
    stage.documents[2] = stage_publish(w, 2, STAGE_SLIPS_IN, &stage.anna); /* With a program of her own. */
}

static void only_the_pinned_stands(struct world *w)
{
    stage_expect_state(w, &stage.documents[0], TRUST_IN_FORCE);
    stage_expect_state(w, &stage.documents[1], TRUST_NULL);
    stage_expect_state(w, &stage.documents[2], TRUST_NULL);
    stage_expect_key(w, &stage.anna.key.public, TRUST_VOID);
}

/* ---- 13, 14: the council ---- */

static void two_roots(struct world *w)
{
    struct writer *one = stage_founder(w), copy = *one;

    stage.roots[0] = stage_propose(w, 0, STAGE_PUBLISHES, one, (struct stage_plan){.key = &one->key.public});
    stage.roots[1] = stage_propose(w, (uint32_t)w->node_count - 1, STAGE_PUBLISHES, &copy,
                                   (struct stage_plan){.key = &one->key.public});
}

static void neither_is_taken(struct world *w)
{
    stage_expect_council(w, TRUST_RIVALS, &w->federation.network);
    stage.documents[1] = stage_publish(w, 1, STAGE_PUBLISHES, &stage.anna);
}

static void the_way_out(struct world *w)
{
    struct writer *by = stage_founder(w);

    stage_expect_council(w, TRUST_RIVALS, &w->federation.network);
    stage_expect_entry(w, &stage.documents[1], true);
    stage.roots[2] = stage_propose(w, 0, STAGE_PUBLISHES, by,
                                   (struct stage_plan){.key = &by->key.public, .over = stage.roots, .over_count = 2});
}

static void the_way_out_is_taken(struct world *w)
{
    stage_expect_council(w, TRUST_SETTLED, &stage.roots[2]);
}

static void the_key_is_changed(struct world *w)
{
    struct writer *by = stage_founder(w);
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    stage.founder = *by;
    struct stage_plan plan = {.key = &stage.next.key.public, .cut = &stage.founder, .cut_seq = by->head.seq};
    stage.roots[0] = stage_propose(w, 0, STAGE_PUBLISHES, by, plan);
    stage_approve(w, 0, STAGE_PUBLISHES, &stage.next, &stage.roots[0], NULL);
    act_write_id(&body, ACT_CHANNEL, &w->nodes[0].channel_id);
    stage_act(w, 0, STAGE_PUBLISHES, &stage.next, ACT_TRANSPORT, &body, NOTHING, &stage.roots[0]);
}

static void all_take_it_for_final(struct world *w)
{
    stage_expect_council(w, TRUST_SETTLED, &stage.roots[0]);
    for (uint32_t i = 0; i < w->node_count; i++) {
        struct trust_council council = trust_council(stage_trust(w, i));

        if (!council.is_final || !id_equal(&council.final_root, &stage.roots[0]))
            world_fail(w, w->scenario->name, "node %u does not take the root for final", i);
    }
    w->anchor = stage.roots[0]; /* What a node keeps beside its store. */
    w->has_anchor = true;
    for (uint32_t i = 0; i < w->node_count; i++)
        trust_set_anchor(stage_trust(w, i), &w->anchor);
}

static void the_old_key_is_stolen(struct world *w)
{
    uint32_t node = (uint32_t)w->node_count - 1;
    struct writer old = stage.founder, thief = federation_writer("thief", &old.kibbutz, ROLE_STEWARD);
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    stage.roots[1] = stage_propose(w, node, STAGE_SLIPS_IN, &old,
                                   (struct stage_plan){.key = &thief.key.public, .cut = &old, .cut_seq = old.head.seq});
    stage_approve(w, node, STAGE_SLIPS_IN, &thief, &stage.roots[1], NULL);
    act_write_id(&body, ACT_CHANNEL, &w->nodes[node].channel_id);
    stage_act(w, node, STAGE_SLIPS_IN, &thief, ACT_TRANSPORT, &body, NOTHING, &stage.roots[1]);
    struct buffer grant = BUFFER(LIMIT_ENTRY_BODY);
    struct writer puppet = federation_writer("puppet", &old.kibbutz, ROLE_COORDINATOR);
    act_write_id(&grant, ACT_SUBJECT, &puppet.key.public);
    act_write_text(&grant, ACT_GRANTS, "coordinator");
    act_write_text(&grant, ACT_BY, "key");
    act_write_id(&grant, ACT_CONTENT, &w->federation.network); /* Nobody has that. */
    stage_act(w, node, STAGE_SLIPS_IN, &thief, ACT_GRANT, &grant, NOTHING, &stage.roots[1]);
    stage.documents[1] = stage_publish(w, node, STAGE_SLIPS_IN, &puppet);
}

static void the_anchor_holds(struct world *w)
{
    struct trust *fresh = trust_new(buffer_bytes(&w->federation.charter));
    const struct disk *d = &w->nodes[0].disk;

    stage_expect_council(w, TRUST_SETTLED, &stage.roots[0]);
    stage_expect_state(w, &stage.documents[0], TRUST_IN_FORCE);
    stage_expect_state(w, &stage.documents[1], TRUST_NULL);
    for (size_t i = 0; i < d->count; i++) { /* A newcomer without an anchor follows nobody, and says so. */
        struct entry entry;

        if (entry_decode(d->records[i].entry, &w->federation.network, &entry) ||
            trust_add(fresh, &entry, &d->records[i].head.entry))
            abort();
    }
    if (trust_council(fresh).status != TRUST_SPLIT)
        world_fail(w, w->scenario->name, "without an anchor the council is %s",
                   trust_council_name(trust_council(fresh).status));
    trust_free(fresh);
}

/* ---- 15, 16, 27, 33: hostile neighbours ---- */

static void more_is_published(struct world *w)
{
    stage.documents[2] = stage_publish(w, 0, STAGE_PUBLISHES, &stage.anna);
}

static void it_came_in_time(struct world *w)
{
    stage_expect_entry(w, &stage.documents[2], true);
    stage_expect_state(w, &stage.documents[2], TRUST_IN_FORCE);
}

static void anna_is_revoked(struct world *w)
{
    stage.heads[0] = stage.anna.head;
    stage_revoke(w, &stage.anna.key.public, 1, &stage.documents[0]);
}

static void nothing_comes_back(struct world *w)
{
    stage_expect_key(w, &stage.anna.key.public, TRUST_VOID);
    stage_expect_state(w, &stage.documents[0], TRUST_IN_FORCE);
    stage_expect_state(w, &stage.documents[2], TRUST_NULL);
}

/* ---- 35: a granted key writes without end ---- */

#define JUNK 1200 /* More than a bundle of the usual size holds. */

static void anna_writes_junk(struct world *w)
{
    for (unsigned i = 0; i < JUNK; i++)
        stage_approve(w, 1, STAGE_PUBLISHES, &stage.anna, &stage.documents[0], NULL);
    stage.documents[2] = stage_publish(w, 0, STAGE_PUBLISHES, stage_founder(w));
}

/* ---- 49: all crash while they store ---- */

static void all_crash_again_and_again(struct world *w)
{
    for (unsigned i = 0; i < 12; i++) {
        uint32_t node = (uint32_t)random_below(&w->fault_chance, w->node_count);

        (void)stage_publish(w, 0, STAGE_PUBLISHES, &stage.anna);
        for (unsigned steps = (unsigned)random_below(&w->fault_chance, 40); steps > 0; steps--)
            world_step(w);
        if (node == 0 || !w->nodes[node].up)
            continue; /* Who signed there would have to look again. */
        world_crash(w, node, true);
        world_start_at(w, node, w->now + random_between(&w->fault_chance, 1, 500));
    }
}

/* ---- 28: a node hears nothing but an old world ---- */

static void one_is_frozen(struct world *w)
{
    for (uint32_t i = 2; i < w->node_count; i++) /* The others know each other. */
        world_befriend(w, i, i - 1);
    stage_part(w, 1); /* Node 0 is alone with those who play to it what it knows. */
    stage.frozen_ms = w->now;
}

static void others_go_on(struct world *w)
{
    stage.documents[2] = stage_publish(w, 1, STAGE_PUBLISHES, &stage.anna);
}

static void it_knows_since_when(struct world *w)
{
    uint64_t frozen = replica_news_ms(w->nodes[0].replica), other = replica_news_ms(w->nodes[2].replica);

    if (stage_has(w, 0, &stage.documents[2]) || frozen > stage.frozen_ms + FLIGHT_MS)
        world_fail(w, w->scenario->name, "node 0 takes an old world for news");
    if (!stage_has(w, 2, &stage.documents[2]) || other <= stage.frozen_ms)
        world_fail(w, w->scenario->name, "node 2 has no news");
    stage_heal(w);
}

static void it_has_news(struct world *w)
{
    if (replica_news_ms(w->nodes[0].replica) <= stage.frozen_ms + FLIGHT_MS)
        world_fail(w, w->scenario->name, "node 0 has no news");
    stage_expect_state(w, &stage.documents[2], TRUST_IN_FORCE);
}

/* ---- 30: a disk is lost ---- */

static void a_disk_is_lost(struct world *w)
{
    uint32_t node = 1 + (uint32_t)random_below(&w->fault_chance, w->node_count - 1);
    struct disk *d = &w->nodes[node].disk;

    stage.kept = w->nodes[0].disk.count;
    world_crash(w, node, true);
    disk_free(d);
    disk_begin(d);
    buffer_add(&d->charter, buffer_bytes(&w->federation.charter));
    for (size_t i = 0; i < w->entry_count; i++)
        if (w->entries[i].origin == node)
            w->entries[i].fate = FATE_LOST;
    trace_note(&w->trace, w->now, "node %u has lost its disk", node);
    world_start_at(w, node, w->now + random_between(&w->fault_chance, 10, 5000));
}

static void all_is_there_again(struct world *w)
{
    for (uint32_t i = 0; i < w->node_count; i++)
        if (w->nodes[i].disk.count < stage.kept)
            world_fail(w, w->scenario->name, "node %u has %zu of %zu entries", i, w->nodes[i].disk.count, stage.kept);
}

/* ---- 55: a node is removed ---- */

static void a_node_is_removed(struct world *w)
{
    uint32_t node = (uint32_t)w->node_count - 1;

    w->nodes[node].removed = true;
    stage_revoke(w, &w->nodes[node].key.key.public, 0, NULL);
    world_push(w, w->now, EVENT_WATCH, node, 0);
}

static void it_hears_nothing(struct world *w)
{
    uint32_t node = (uint32_t)w->node_count - 1;

    if (w->nodes[node].refusals == 0)
        world_fail(w, w->scenario->name, "node %u was not told that it is removed", node);
    if (stage_has(w, node, &stage.documents[2]))
        world_fail(w, w->scenario->name, "node %u was given what came after its removal", node);
}

/* ---- the list ---- */

static const int REPLAYERS[] = {HOSTILE_REPLAYER, HOSTILE_REPLAYER, HOSTILE_KINDS};
static const int FOREIGNERS[] = {HOSTILE_FOREIGNER, HOSTILE_FOREIGNER, HOSTILE_KINDS};
static const int CLAIMERS[] = {HOSTILE_LIAR, HOSTILE_WITHHOLDER, HOSTILE_LIAR, HOSTILE_KINDS};
static const int LIARS[] = {HOSTILE_LIAR, HOSTILE_LIAR, HOSTILE_LIAR, HOSTILE_KINDS};
static const int WITHHOLDERS[] = {HOSTILE_WITHHOLDER, HOSTILE_WITHHOLDER, HOSTILE_WITHHOLDER, HOSTILE_KINDS};
static const int FLOODERS[] = {HOSTILE_FLOODER, HOSTILE_FLOODER, HOSTILE_FLOODER, HOSTILE_KINDS};
static const int NINE[] = {HOSTILE_LIAR,       HOSTILE_WITHHOLDER, HOSTILE_REPLAYER, HOSTILE_FLOODER,
                           HOSTILE_WITHHOLDER, HOSTILE_REPLAYER,   HOSTILE_LIAR,     HOSTILE_FORGER,
                           HOSTILE_WITHHOLDER, HOSTILE_KINDS};

static const struct scenario SCENARIOS[] = {
    {.name = "attack_03_author_equivocates",
     .nodes = 10,
     .scenes = {anna_publishes, part_in_half, anna_forks, stage_heal, the_fork_is_seen},
     .check = the_fork_is_settled},
    {.name = "attack_08_concurrent_after_revocation",
     .nodes = 8,
     .scenes = {anna_publishes, part_in_half, anna_is_revoked_and_goes_on, stage_heal, anna_goes_on_still},
     .check = only_the_pinned_stands},
    {.name = "attack_13_two_council_successors",
     .nodes = 7,
     .scenes = {anna_publishes, part_in_half, two_roots, stage_heal, neither_is_taken, the_way_out},
     .check = the_way_out_is_taken},
    {.name = "attack_14_stolen_retired_keys",
     .nodes = 6,
     .scenes = {anna_publishes, the_key_is_changed, all_take_it_for_final, the_old_key_is_stolen},
     .check = the_anchor_holds},
    {.name = "attack_15_cross_network_replay",
     .nodes = 5,
     .scenes = {anna_publishes, more_is_published},
     .check = it_came_in_time,
     .hostiles = FOREIGNERS},
    {.name = "attack_16_replayed_old_state",
     .nodes = 5,
     .scenes = {anna_publishes, more_is_published, anna_is_revoked},
     .check = nothing_comes_back,
     .hostiles = REPLAYERS},
    {.name = "attack_27_eclipse",
     .nodes = 2,
     .scenes = {anna_publishes, more_is_published, it_came_in_time},
     .check = it_came_in_time,
     .hostiles = NINE,
     .has_victim = true,
     .victim = 1},
    {.name = "attack_28_freeze",
     .nodes = 4,
     .gap_ms = 240000,
     .scenes = {anna_publishes, one_is_frozen, others_go_on, it_knows_since_when},
     .check = it_has_news,
     .hostiles = REPLAYERS,
     .has_victim = true,
     .victim = 0},
    {.name = "attack_30_amnesia",
     .nodes = 6,
     .scenes = {anna_publishes, a_disk_is_lost, more_is_published, a_disk_is_lost, all_is_there_again},
     .check = all_is_there_again},
    {.name = "attack_31_lying_frontier",
     .nodes = 4,
     .scenes = {anna_publishes, more_is_published, it_came_in_time},
     .check = it_came_in_time,
     .hostiles = LIARS},
    {.name = "attack_32_withholding",
     .nodes = 4,
     .scenes = {anna_publishes, more_is_published, it_came_in_time},
     .check = it_came_in_time,
     .hostiles = WITHHOLDERS},
    {.name = "attack_34_announcement_storm",
     .nodes = 4,
     .scenes = {anna_publishes, more_is_published, it_came_in_time},
     .check = it_came_in_time,
     .hostiles = FLOODERS},
    {.name = "attack_35_junk_chain",
     .nodes = 4,
     .scenes = {anna_publishes, anna_writes_junk, it_came_in_time},
     .check = it_came_in_time},
    {.name = "attack_49_crash_before_the_refs",
     .nodes = 5,
     .scenes = {anna_publishes, all_crash_again_and_again, more_is_published},
     .check = it_came_in_time},
    {.name = "attack_33_false_receipts",
     .nodes = 5,
     .scenes = {anna_publishes, more_is_published, it_came_in_time},
     .check = it_came_in_time,
     .hostiles = CLAIMERS},
    {.name = "attack_55_removed_node_polls_on",
     .nodes = 5,
     .scenes = {anna_publishes, a_node_is_removed, more_is_published, it_hears_nothing},
     .check = it_hears_nothing},
};

const struct scenario *scenario_at(size_t place)
{
    return place < sizeof SCENARIOS / sizeof *SCENARIOS ? &SCENARIOS[place] : NULL;
}

const struct scenario *scenario_named(const char *name)
{
    for (size_t i = 0; scenario_at(i); i++)
        if (strcmp(scenario_at(i)->name, name) == 0)
            return scenario_at(i);
    for (size_t i = 0; large_at(i); i++)
        if (strcmp(large_at(i)->name, name) == 0)
            return large_at(i);
    return NULL;
}

static uint64_t gap_of(const struct world *w)
{
    return w->scenario->gap_ms ? w->scenario->gap_ms : 20000;
}

/* The lines may be slow and break; nothing else does. */
void scenario_begin(struct world *w)
{
    struct swarm *s = &w->swarm;
    unsigned count = 0;

    while (w->scenario->hostiles && w->scenario->hostiles[count] != HOSTILE_KINDS)
        count++;
    s->node_goal = w->scenario->nodes;
    s->crash = s->partition = s->hang = s->full = s->sync_fail = 0;
    s->slow_disk = s->wild_clocks = s->power = s->restore = s->twice = false;
    s->work_count = 0;
    s->hostiles = count;
    s->hostile_to_the_end = true;
    memset(&stage, 0, sizeof stage);
}

void scenario_enrol(struct world *w, struct buffer *bundle)
{
    struct writer *f = &w->federation.founder;

    stage.anna = federation_writer("anna", &f->kibbutz, ROLE_COORDINATOR);
    stage.next = federation_writer("next", &f->kibbutz, ROLE_STEWARD);
    federation_grant_coordinator(&w->federation, f, &stage.anna.key.public, bundle);
    world_push(w, gap_of(w), EVENT_SCENE, 0, 0);
}

/* A scene begins when all have heard of the one before; in a parted network it does not wait for that. */
void scenario_play(struct world *w, uint32_t scene)
{
    char why[100] = "";

    if (!w->parted && !check_is_equal(w, why)) {
        stage.waits_ms = stage.waits_ms ? stage.waits_ms : w->now;
        if (w->now > stage.waits_ms + PATIENCE_MS)
            world_fail(w, w->scenario->name, "before scene %u, after %u s: %s", scene, PATIENCE_MS / 1000, why);
        world_push(w, w->now + 1000, EVENT_SCENE, scene, 0);
        return;
    }
    stage.waits_ms = 0;
    trace_note(&w->trace, w->now, "scene %u", scene);
    w->scenario->scenes[scene](w);
    if (scene + 1 == SCENARIO_SCENES || !w->scenario->scenes[scene + 1])
        w->work_ends = true;
    else
        world_push(w, w->now + gap_of(w), EVENT_SCENE, scene + 1, 0);
}

void scenario_check(struct world *w)
{
    if (w->scenario && w->scenario->check)
        w->scenario->check(w);
}
