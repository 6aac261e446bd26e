/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_ADVERTISE_H
#define NODE_ADVERTISE_H

/*
 * This node tells the network where it can be called: a `transport` entry signed by its own key, whenever the addresses are
 * other than those that it told last.  Addresses that come and go are told of four times at once, and then every ten minutes.
 */

#include "node/running.h"

void advertise_begin(struct node *node, uint64_t now);
void advertise_run(struct node *node, uint64_t now); /* When it is due. */
uint64_t advertise_deadline(const struct node *node);
void advertise_hurry(struct node *node); /* The addresses may have changed: it looks at once. */

#define ADVERTISE_TAG UINT64_MAX /* Of its publication. */
void advertise_published(struct node *node, enum err outcome);

#endif
