/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_DISCOVERY_H
#define NODE_DISCOVERY_H

/*
 * Nodes of one network on one local network find each other without being told: each says by multicast where it is
 * (proto/beacon.h), and the dialer hears of those that are granted.  Where it does not work, nothing else is disturbed.
 */

#include "node/running.h"

struct discovery;

/* NULL: it cannot be begun, which the log tells. */
struct discovery *discovery_begin(struct node *node, uint64_t now);
void discovery_end(struct discovery *d); /* Accepts NULL.  All is free when the loop has run on. */

void discovery_run(struct discovery *d, uint64_t now); /* Accepts NULL. */
uint64_t discovery_deadline(const struct discovery *d); /* Likewise. */

#endif
