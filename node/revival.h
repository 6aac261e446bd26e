/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_REVIVAL_H
#define NODE_REVIVAL_H

/*
 * After a disk was full.  A replica whose store failed takes nothing in any more; it goes on serving until there is room
 * again, and then makes way for a new one.  After an input or output error nothing is tried: what is on the disk is
 * unknown, and the office has to look.
 */

#include "node/running.h"

/* Notes that a store failed. */
void revival_note(struct node *node, enum err cause, uint64_t now);

/* Says whether there is room again.  `asked` looks at once; else every few seconds. */
bool revival_is_due(struct node *node, bool asked, uint64_t now);

/* All sessions have ended: puts a new replica in the place of the old one.  False: the old one stays. */
bool revival_run(struct node *node, uint64_t now);

#endif
