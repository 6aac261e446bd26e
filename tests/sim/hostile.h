/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_HOSTILE_H
#define TESTS_SIM_HOSTILE_H

/* Those who do not keep to the protocol: a driver of its own over sessions, with a granted or a foreign key. */

#include "tests/sim/world.h"

enum hostile_kind {
    HOSTILE_FORGER,
    HOSTILE_UNKNOWN_KEYS,
    HOSTILE_WRONG_CONTENT,
    HOSTILE_BOMB,
    HOSTILE_OVERSIZE,
    HOSTILE_LIAR,
    HOSTILE_WITHHOLDER,
    HOSTILE_REPLAYER,
    HOSTILE_FORKER,
    HOSTILE_FLOODER,
    HOSTILE_FLIPPER,
    HOSTILE_STRANGER,
    HOSTILE_EQUIVOCATOR,   /* Signs over and over from some entry of its log, and tells each node something else. */
    HOSTILE_FALSE_STEWARD, /* The same with the key of a kibbutz that was admitted. */
    HOSTILE_REVOKED,       /* A node whose steward has revoked it: it must hear that, and nothing else. */
    HOSTILE_FOREIGNER,     /* Pushes what the founder signed in another network, as if it were ours. */
    HOSTILE_KINDS
};

/* Adds hostile actors, granting some of them as nodes and coordinators in the founder's log. */
void hostile_enrol(struct world *w, struct buffer *bundle);
void hostile_free(struct world *w);
void hostile_tick(struct world *w, uint32_t which);
void hostile_pump(struct world *w, uint32_t which);
void hostile_called(struct world *w, uint32_t which, struct connection *c, bool accepted);
struct bytes hostile_output(struct world *w, uint32_t which, uint32_t id);
void hostile_sent(struct world *w, uint32_t which, uint32_t id, size_t count);
size_t hostile_receive(struct world *w, uint32_t which, uint32_t id, struct bytes in);
void hostile_cut(struct world *w, uint32_t which, uint32_t id);
/* Whether this is a log of a hostile actor that was granted. */
bool hostile_log(const struct world *w, const struct id *log);

#endif
