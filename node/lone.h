/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_LONE_H
#define NODE_LONE_H

/* A node without network, for a verb that takes in what others signed while no node runs here: it holds the home's lock. */

#include "node/node.h"
#include "proto/file.h"

struct lone;

/* ERR_BUSY: another process holds the home; ERR_MISSING: no archive or node key.  `reason` tells. */
enum err lone_open(const char *home, struct lone **lone, char reason[NODE_REASON]);
void lone_close(struct lone *lone); /* Accepts NULL.  What was taken in is told by a receipt of this node. */

/*
 * Takes a bundle in, durably, as replica_import() does; `left_out` are its entries that rest on what is not here.
 * ERR_EXISTS: all of it is here.
 */
enum err lone_import(struct lone *lone, struct bytes bundle, uint64_t *left_out, char reason[NODE_REASON]);

/* Takes in a chunk of an attachment.  ERR_FULL also where only the reserve is left. */
enum err lone_chunk(struct lone *lone, const struct file_chunk *chunk, char reason[NODE_REASON]);

/* Takes in a receipt with what stands behind it.  ERR_EXISTS: it says nothing new; else as receipts_read(). */
enum err lone_receipt(struct lone *lone, struct bytes whole);

/* Where nothing but the own first entries is here yet: the network's founding text, which must be that.  ERR_AUTH: it is another's. */
enum err lone_keep_charter(const char *home, struct bytes text, char reason[NODE_REASON]);

/* Where no node runs: this home's node signs what it holds, for others to know.  What hinders it is no matter of the caller's. */
void lone_sign(const char *home);

#endif
