/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_DRIVER_H
#define NODE_DRIVER_H

/* Drives the replica: turns its events into effects until it is idle, writes, calls whom the dialer names, sets the timer. */

#include "node/running.h"

/* After every wake-up, whatever woke it. */
void driver_run(struct node *node);

/* Runs it as soon as the loop is at it again. */
void driver_wake(struct node *node);

/* Waits until nothing is on its way to the disk: for who hands the replica something of their own. */
void driver_settle(struct node *node);

/* Looks whether a disk that was full has room again; true when the node takes in again. */
bool driver_revive(struct node *node);

/* Takes a bundle of others in while there is no network: durable on return.  As replica_import(); `left_out` entries were not taken. */
enum err driver_import(struct node *node, struct bytes bundle, uint64_t *left_out);

/* Stops cleanly: goodbye to all peers, then everything is closed and uv_run() returns. */
void driver_stop(struct node *node);

#endif
