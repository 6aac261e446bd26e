/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_LOADER_H
#define NODE_LOADER_H

/* Makes the node's replica and fills it from the archive and the node's key. */

#include "node/running.h"
#include "store/key_file.h"

/* Sets node->replica, key and channel.  ERR_MISSING: there is no node key here.  `reason` tells. */
enum err loader_fill(struct node *node, char reason[NODE_REASON]);

/* Opens the node's own key; closed with key_file_close_node(). */
enum err loader_open_key(const struct node *node, struct key_file_node **key, char reason[NODE_REASON]);

/* Reads the channel key again, for handshakes from now on. */
enum err loader_read_channel(struct node *node, char reason[NODE_REASON]);

#endif
