/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_ROTATION_H
#define NODE_ROTATION_H

/* Nodes whose channel key has changed since we noted whom to call. */

#include "node/running.h"

/*
 * Looks up what the node that once went by `channel` goes by now.  False: it still goes by it, or no entry here tells.
 */
bool rotation_newest(struct node *node, const struct id *channel, struct id *newest);

#endif
