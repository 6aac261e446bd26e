/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

/*
 * One seed's world: nodes with their disks, the people who sign, hostile actors, a clock and a heap of events.  The parts
 * share this state; each has a header of its own for what the others may call.
 */

#include "proto/replica.h"
#include "tests/sim/disk.h"
#include "tests/sim/net.h"
#include "tests/sim/random.h"
#include "tests/sim/trace.h"
#include "tests/support/federation.h"

#define WORLD_NODES 1024
#define WORLD_KIBBUTZIM 64
#define WORLD_PEOPLE 64
#define WORLD_LOOKED_AT 64 /* Of so many nodes receipts are followed one by one. */
#define WORLD_HOSTILES 9
#define WORLD_HOSTILES_DRAWN 3
#define WORLD_ACTORS (WORLD_NODES + WORLD_HOSTILES)
#define WORLD_CONNECTIONS 4000000 /* In all its time. */
#define WORLD_ENTRIES 8192
#define WORLD_LABEL 48
#define WORLD_DIAL_MS 700 /* How often a node looks whom to call. */
#define NOBODY UINT32_MAX

enum event_kind {
    EVENT_WAKE,    /* actor */
    EVENT_ARRIVE,  /* connection */
    EVENT_ANSWER,  /* connection, accepted */
    EVENT_DELIVER, /* connection, side */
    EVENT_DISK,    /* node, its store's number */
    EVENT_DIAL,    /* node */
    EVENT_WORK,
    EVENT_FAULT,
    EVENT_START,   /* node */
    EVENT_HOSTILE, /* which */
    EVENT_LOOK,
    EVENT_SCENE, /* which */
    EVENT_WATCH,  /* node */
    EVENT_OFFICE, /* node, what of its day */
};

struct event {
    uint64_t at, serial;
    enum event_kind kind;
    uint32_t a, b;
};

struct neighbour {
    uint32_t actor;
    uint64_t due, shunned_until;
    unsigned failures, offences;
    bool calling;
};

struct node {
    bool used, up, broken; /* `broken`: its replica takes nothing in any more. */
    bool invited;          /* It came by an invitation. */
    uint32_t host;         /* Who let it in, */
    bool let_in;           /* and did so: before, it knows nobody else. */
    bool set_back;         /* Its disk became once what it was before. */
    char label[WORLD_LABEL];
    struct writer key;
    struct noise_key_pair channel;
    struct id channel_id;
    struct id kibbutz;
    struct replica *replica;
    struct disk disk;
    uint32_t store_number; /* Of the store under way, others may wait behind it; 0: none. */
    uint32_t stores, starts;
    uint64_t wake_at;
    struct neighbour *neighbours;
    size_t neighbour_count;
    bool shut; /* The office is closed: nobody starts it before it opens. */
    bool removed;        /* A steward has revoked it: it is no member any more, */
    unsigned refusals;   /* and was told so that often. */
    uint64_t knows_ms;   /* Since when it knows that another was removed. */
    struct id joined_by; /* The accept entry that it rests on, when it was invited as a kibbutz or node. */
    struct id joined_log;
    struct receipt receipt;  /* The last that it signed, durable; number 0: none. */
    struct buffer receipts;  /* Those of all, as it wrote them down: lengths and receipts. */
    uint64_t signed_number;  /* The greatest that it ever signed. */
    uint64_t wall_back_ms;   /* How far its clock on the wall was set back. */
    uint64_t known_numbers[WORLD_LOOKED_AT]; /* Of others' receipts that it knows, since it started. */
};

/* Of a signed entry: handed over, acknowledged, refused or lost; it stood, and its node was set back to before it. */
enum fate { FATE_SENT, FATE_STANDS, FATE_NEVER, FATE_LOST };

struct signed_entry {
    struct head head;
    struct buffer wire;
    struct id content;
    size_t content_len;
    enum act_audience audience;
    struct id kibbutz;
    uint32_t origin; /* Node. */
    enum fate fate;
    uint64_t tag;
};

enum plan_kind { PLAN_NOTHING, PLAN_AUTHOR, PLAN_NODE, PLAN_KIBBUTZ, PLAN_INVITED_AUTHOR, PLAN_INVITED_NODE };

struct person {
    struct writer key;
    uint32_t home;
    bool granted; /* It may sign: its grant was acknowledged somewhere. */
    int64_t clock_off_ms;
    uint64_t tag;          /* Of the publication under way; 0: none. */
    enum plan_kind plan;   /* What follows when that is acknowledged, */
    struct writer subject; /* and for which key. */
    uint32_t place;        /* Where. */
    struct id entry;       /* The last one signed. */
};

/* What is asked of a world beside its seed. */
struct world_kind {
    const struct scenario *scenario; /* NULL: people do what chance has them do. */
    bool years;                      /* Offices open by day, and their lines come up now and then: months pass. */
};

struct swarm { /* Drawn from the seed. */
    unsigned node_goal, kibbutz_goal;
    unsigned work_count;
    uint64_t work_gap_ms, fault_gap_ms;
    unsigned crash, cut, stall, partition, half_open, hang, full, sync_fail; /* Per thousand, or weights. */
    unsigned big, bulk;
    bool slow_net, choppy, slow_disk, wild_clocks, power;
    unsigned hostiles;
    bool hostile_to_the_end;
    bool twice;
    bool restore; /* A node is set back to what its disk was. */
    bool forgetful; /* Most nodes know no state of the past: they tell all that they have, ... */
    bool small_trie; /* ... and by a trie though it is little. */
    bool small_answers; /* What is asked for comes in many parts, so that some are taken in while others are stored. */
    bool large;   /* All nodes are there from the beginning, each with a few neighbours. */
    bool years;
};

struct ends { /* What an actor has of connections: net_id() of each, the oldest first. */
    uint32_t *at;
    size_t count, size;
};

struct hostile;
struct scenario;

struct world {
    uint64_t seed;
    const struct scenario *scenario; /* NULL: people do what chance has them do. */
    struct id anchor;                /* What every node keeps beside its store. */
    bool has_anchor;
    bool parted; /* By a scenario. */
    struct random chance, net_chance, fault_chance, work_chance, disk_chance;
    struct swarm swarm;
    uint64_t now;
    struct event *heap;
    size_t heap_count, heap_size;
    uint64_t serial, steps;
    struct trace trace;

    struct federation federation;
    struct node *nodes; /* WORLD_NODES of them. */
    size_t node_count;
    struct person people[WORLD_PEOPLE];
    size_t person_count;
    struct signed_entry *entries; /* WORLD_ENTRIES of them. */
    size_t entry_count;
    uint64_t last_tag;
    struct hostile *hostiles[WORLD_HOSTILES];
    size_t hostile_count;
    struct id kibbutzim[WORLD_KIBBUTZIM];
    size_t kibbutz_count;
    struct disk image;    /* Of a node's disk, as it was once. */
    uint32_t image_of;    /* NOBODY: there is none. */
    struct writer shared; /* An invitation that will be used twice. */

    struct connection **connections;
    uint32_t connection_count, connection_size, first_connection;
    struct ends *ends; /* Of each actor. */
    uint32_t links; /* Connections ever answered. */
    bool (*blocked)[WORLD_ACTORS]; /* From, to. */
    uint64_t receipts_signed, quiet_receipts; /* The second: until all was quiet. */
    bool hanging[WORLD_ACTORS], offline[WORLD_ACTORS];

    bool work_ends, calm;                    /* `calm`: no more faults. */
    uint64_t calm_since, probe_at, quiet_at; /* When these phases began; 0: not yet. */
    struct id probe;
    uint32_t probe_home;
    unsigned starts_due;
    bool done;
    bool failed;
    char failure[200];
};

/* ---- world.c: events, nodes ---- */
struct world *world_new(uint64_t seed, const struct world_kind *kind);
void world_free(struct world *w);
void world_run(struct world *w);
void world_step(struct world *w); /* One event. */
void world_push(struct world *w, uint64_t at, enum event_kind kind, uint32_t a, uint32_t b);
void world_fail(struct world *w, const char *invariant, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Adds a node, down, with its keys and an empty disk. */
uint32_t world_add_node(struct world *w, const struct id *kibbutz, bool with_charter);
void world_befriend(struct world *w, uint32_t node, uint32_t actor);
void world_start(struct world *w, uint32_t node);
void world_start_at(struct world *w, uint32_t node, uint64_t at);
void world_crash(struct world *w, uint32_t node, bool power);
/* Lets an actor act until it is idle. */
void world_pump(struct world *w, uint32_t actor);
static inline bool world_is_node(const struct world *w, uint32_t actor)
{
    (void)w;
    return actor < WORLD_NODES;
}

/* ---- what net.c asks of the ends ---- */
bool world_accepts(struct world *w, struct connection *c); /* Side 1 answers the call. */
void world_called(struct world *w, struct connection *c, bool accepted);
struct bytes world_output(struct world *w, uint32_t actor, uint32_t id);
void world_sent(struct world *w, uint32_t actor, uint32_t id, size_t count);
size_t world_receive(struct world *w, uint32_t actor, uint32_t id, struct bytes in);
void world_cut(struct world *w, uint32_t actor, uint32_t id);

#endif
