/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_LISTENER_H
#define NODE_LISTENER_H

/* Where the node is called: its listening sockets, and the addresses to tell to people. */

#include "node/running.h"

/*
 * Listens at ADDR:PORT or [ADDR]:PORT; NULL: at all addresses, IPv4 and IPv6, NODE_PEER_PORT.  ERR_FORMAT: not a numeric
 * address; ERR_EXISTS: the port is in use; ERR_IO.  `reason` tells.
 */
enum err listener_open(struct node *node, const char *address, char reason[NODE_REASON]);

/* Calls back with each host:port at which others may find us. */
typedef void listener_address_fn(void *context, const char *address);
void listener_each_address(struct node *node, listener_address_fn *each, void *context);

/* Those of them that other machines may reach: neither the loopback's nor those of one link alone. */
void listener_each_reachable(struct node *node, listener_address_fn *each, void *context);

/* The port; 0: it does not listen. */
int listener_port(struct node *node);

#endif
