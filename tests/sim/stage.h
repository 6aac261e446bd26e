/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_STAGE_H
#define TESTS_SIM_STAGE_H

/* What players of a scenario can do, and what all members must then agree on. */

#include "tests/sim/world.h"

/* Whoever plays at this node goes through its program; or has put what was signed into the store by other means. */
enum stage_way { STAGE_PUBLISHES, STAGE_SLIPS_IN };

/* A root of the founding kibbutz alone, with one steward key; what it replaces is cut. */
struct stage_plan {
    const struct id *key, *base;
    const struct writer *cut;
    uint64_t cut_seq;
    const struct id *over;
    size_t over_count;
};

/* An entry after the writer's own head, whatever others know of its log; frees the body.  `root` NULL: it stands on the charter. */
struct id stage_act(struct world *w, uint32_t node, enum stage_way way, struct writer *by, enum act act,
                    struct buffer *body, struct bytes content, const struct id *root);
struct id stage_publish(struct world *w, uint32_t node, enum stage_way way, struct writer *by);
struct id stage_propose(struct world *w, uint32_t node, enum stage_way way, struct writer *by, struct stage_plan plan);
void stage_approve(struct world *w, uint32_t node, enum stage_way way, struct writer *by, const struct id *subject,
                   const struct id *root);
/* The founder's steward takes up the pen at node 0, where its log is; and revokes there. */
struct writer *stage_founder(struct world *w);
struct id stage_revoke(struct world *w, const struct id *key, uint64_t seq, const struct id *last);

/* Nodes below `middle` and those from it on do not hear each other any more. */
void stage_part(struct world *w, uint32_t middle);
void stage_heal(struct world *w);

/* What every member must say; else the world fails in the scenario's name. */
void stage_expect_state(struct world *w, const struct id *document, enum trust_state state);
void stage_expect_council(struct world *w, enum trust_council_status status, const struct id *root);
void stage_expect_key(struct world *w, const struct id *key, enum trust_status status);
void stage_expect_entry(struct world *w, const struct id *entry, bool here);
bool stage_has(const struct world *w, uint32_t node, const struct id *entry);
struct trust *stage_trust(struct world *w, uint32_t node);

#endif
