/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_ERRAND_DESK_H
#define NODE_ERRAND_DESK_H

/*
 * Where the running node hears what its reader asks for (node/errand.h).  The reader speaks with whoever is on the office's
 * network, so it is believed nothing: what it names must be an attachment of a document whose text is here, and lacking.  What is
 * brought for it is kept like all that is here; so the bounds are those below, and the reserve of the disk.
 */

#include "node/errand.h"

#define ERRAND_DESK_OPEN 32    /* Brought for readers at once. */
#define ERRAND_DESK_MINUTE 20  /* New ones in a minute; so many at once when it was quiet. */
#define ERRAND_DESK_BATCH 16   /* Messages heard before others are served. */
#define ERRAND_DESK_SECOND 64  /* Messages in a second; a reader that says more is heard no more. */

struct node;
struct errand_desk;

enum err errand_desk_new(struct node *node, struct errand_desk **desk);
/* The end of a new channel for a reader that is about to start; the one before is closed.  The caller closes it.  -1: there is none. */
int errand_desk_open(struct errand_desk *desk);
/* All is free when the loop has run on.  Accepts NULL. */
void errand_desk_close(struct errand_desk *desk);

/* How many new ones may be asked for; zero-initialised: none was for long. */
struct errand_allowance {
    uint64_t spent_until_ms; /* A clock that runs ahead of the time by what was asked for. */
};
bool errand_allows(struct errand_allowance *a, uint64_t now);

#endif
