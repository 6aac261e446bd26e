/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_LONE_H
#define NODE_LONE_H

/* A node without network, for a verb that takes in what others signed while no node runs here: it holds the home's lock. */

#include "node/node.h"

struct lone;

/* ERR_BUSY: another process holds the home; ERR_MISSING: no archive or node key.  `reason` tells. */
enum err lone_open(const char *home, struct lone **lone, char reason[NODE_REASON]);
void lone_close(struct lone *lone); /* Accepts NULL. */

/*
 * Takes a bundle in, durably, as replica_import() does; `left_out` are its entries that rest on what is not here.
 * ERR_EXISTS: all of it is here.
 */
enum err lone_import(struct lone *lone, struct bytes bundle, uint64_t *left_out, char reason[NODE_REASON]);

#endif
