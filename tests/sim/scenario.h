/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_SCENARIO_H
#define TESTS_SIM_SCENARIO_H

/*
 * Attacks that are played by a script, in worlds that differ by their seed: who hears what first.  Numbered and named as in
 * docs/TRUST.md and docs/PROTOCOL.md, 7.  After the last scene all that check.h asks must hold, and what the scenario says.
 */

#include "tests/sim/world.h"

#define SCENARIO_SCENES 6

struct scenario {
    const char *name;
    unsigned nodes;
    uint64_t gap_ms; /* Between scenes, at least; 0: the usual. */
    void (*scenes[SCENARIO_SCENES])(struct world *w);
    void (*check)(struct world *w); /* When all are at rest. */
    const int *hostiles;            /* Kinds of hostile.h, ended by HOSTILE_KINDS; NULL: none. */
    uint32_t victim;                /* Whom they all call, if `has_victim`. */
    bool has_victim;
    void (*befriend)(struct world *w); /* Who calls whom; NULL: by chance. */
};

/* NULL: no such scenario.  By place: NULL after the last. */
const struct scenario *scenario_named(const char *name);
const struct scenario *scenario_at(size_t place);

/* Sets the world's swarm, before anybody is there. */
void scenario_begin(struct world *w);
/* Grants the keys of those who play in it, in the founder's log. */
void scenario_enrol(struct world *w, struct buffer *bundle);
/* A scene is due. */
void scenario_play(struct world *w, uint32_t scene);
/* All are at rest. */
void scenario_check(struct world *w);

#endif
