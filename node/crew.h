/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CREW_H
#define NODE_CREW_H

/* Threads that help with work whose parts can be done at once (proto/parallel.h); one for each processor but the caller's own. */

#include "proto/error.h"
#include "proto/parallel.h"

struct crew;

/* ERR_MEMORY.  With one processor there are no threads, and the caller does it all. */
enum err crew_new(struct crew **crew);
void crew_free(struct crew *crew); /* Accepts NULL. */

/* Lent by the crew, to any threads at once. */
const struct parallel *crew_parallel(const struct crew *crew);

#endif
