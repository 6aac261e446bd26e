/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_HOST_H
#define NODE_HOST_H

/* The only caller of the clock and of the random source, and what knows the machine. */

#include "proto/buffer.h"

/* Milliseconds since 1970, as the system believes. */
uint64_t host_now_ms(void);

/* Milliseconds of a clock that never goes back, from an unknown start. */
uint64_t host_monotonic_ms(void);

/* Fills with random bytes that are fit for keys. */
void host_random(void *to, size_t len);

/* Appends what names this machine and stays when it starts again; nothing where there is no such name, as in a container. */
void host_machine(struct buffer *name);

/*
 * Steps back by some ranks of nice: this thread, and those that it starts from now on, have a processor after all others that
 * want it.  Nobody steps forward again.
 */
void host_step_back(int ranks);
/* So far the node and its helpers stand behind the reader: a page goes before what comes in bulk, which goes on by half nevertheless. */
#define HOST_BEHIND_READER 5

#endif
