/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_KEEPER_H
#define NODE_KEEPER_H

/* Keeps receipts: signs the own one when it is due, and writes down what is known of others, for those that read beside the node. */

#include "node/running.h"
#include "store/receipt_file.h"

/* Hands the replica what is kept; a file that cannot be read is begun anew, for the others tell it again. */
void keeper_load(struct node *node);
void keeper_close(struct node *node);

/* REPLICA_SIGN: signs and makes durable, then lets it go; else it stays, is noted, and is due again. */
void keeper_sign(struct node *node);
/* REPLICA_RECEIPTS: writes down what is new. */
void keeper_write(struct node *node);
/* Writes down who is a member, when that may have changed. */
void keeper_look(struct node *node);
/* Another node has the same as this one: at this time nothing was missing that it had. */
void keeper_equal(struct node *node);

#endif
