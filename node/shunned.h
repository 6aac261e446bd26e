/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_SHUNNED_H
#define NODE_SHUNNED_H

/*
 * Who broke the protocol, and how long each is left alone for it (docs/PROTOCOL.md, 4): a minute, then twice as long each time, up
 * to an hour.  Of more nodes than there are places for, the one that would be free first is forgotten.  Times are in milliseconds
 * of one monotonic clock.
 */

#include "proto/id.h"

#include <stdint.h>

#define SHUNNED_PLACES 64

struct shunned { /* All zeros: nobody. */
    struct shunned_node {
        struct id channel;
        unsigned offences; /* 0: the place is free. */
        uint64_t until_ms;
    } nodes[SHUNNED_PLACES];
};

/* One more offence of the node of that channel key. */
void shunned_note(struct shunned *shunned, const struct id *channel, uint64_t now);

/* Until when it is left alone; 0: it is not known. */
uint64_t shunned_until(const struct shunned *shunned, const struct id *channel);

#endif
