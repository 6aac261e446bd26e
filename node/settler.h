/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_SETTLER_H
#define NODE_SETTLER_H

/*
 * A moment after something was stored by the archive's journal it is made durable in its own place, in a thread, so that neither
 * the loop nor whoever waits for the next entry waits for the disk.
 */

#include "proto/error.h"

struct node;
struct settler;

enum err settler_start(struct settler **settler, struct node *node);

/* Waits for nothing: what is under way ends by itself.  All is free when the loop has run on.  Accepts NULL. */
void settler_stop(struct settler *settler);

/* Something was stored.  Accepts NULL: then the journal is settled when the archive is closed. */
void settler_look(struct settler *settler);

#endif
