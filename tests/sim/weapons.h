/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_WEAPONS_H
#define TESTS_SIM_WEAPONS_H

/* What a hostile actor says on a session that is open, each kind its own: lies, floods, bombs, forgeries, forks. */

#include "tests/sim/hostile.h"

struct hostile {
    enum hostile_kind kind;
    struct writer key;
    struct writer person; /* Whose log it forks. */
    unsigned forks;
    struct noise_key_pair channel;
    struct id channel_id;
    struct session *session;
    struct connection *connection;
    uint32_t target;
    bool open, calling;
    uint64_t condemned_ms, asked_ms, minute_ms;
    unsigned wants;
    unsigned answers; /* Of its target, to what it asked below one top of a trie. */
};

/* One more attack; `condemned_ms` is set by what has to end the session. */
void weapons_strike(struct world *w, struct hostile *h);
/* It hears a TRIE, and asks below its top again and again; it is asked what is below its own, which is nothing. */
void weapons_climb(struct world *w, struct hostile *h, struct bytes trie);
void weapons_lie_below(struct world *w, struct hostile *h, struct bytes want);
void weapons_say(struct hostile *h, enum session_stream stream, uint8_t type, const struct buffer *body);

#endif
