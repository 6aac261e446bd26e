/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_EFFECTS_H
#define NODE_EFFECTS_H

/* What an event of the replica (proto/replica.h) means on this machine: the disk, the other peers, the log, who waits for an answer. */

#include "node/advertise.h"
#include "node/running.h"

#define EFFECTS_LONE_TAG (ADVERTISE_TAG - 1) /* Of what is taken in without a network. */

void effects_act(struct node *node, const struct replica_event *event);

/* What a batch that was stored means (node/storer.h), `context` being the node. */
void effects_stored(void *context, const struct storer_outcome *outcome);

/* What came in bulk is seen by readers from now on: by node->index_due_ms, or before. */
void effects_flush_index(struct node *node);

#endif
