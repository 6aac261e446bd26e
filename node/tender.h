/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_TENDER_H
#define NODE_TENDER_H

/*
 * What a node does while nothing else is to be done.  It reads the Hebrew dictionary before that is asked for; it reads the texts
 * of what came in bulk into the index, some at a time, compresses the packs that were stored as they came, one at a time
 * (archive_shrink()), and gives memory back; and in a thread of the lowest rank, on an archive of
 * its own, it compresses old history well, once, so that it can be sent as it is (store/segments.h).
 */

#include "proto/error.h"

struct node;
struct tender;

enum err tender_start(struct tender **tender, struct node *node);

/* Gives up what is under way; all is free when the loop has run on.  Accepts NULL. */
void tender_stop(struct tender *tender);

/* Something was stored or sent, or is asked of the node: now is no time for it. */
void tender_hush(struct tender *tender);

#endif
