/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_PATIENCE_H
#define NODE_PATIENCE_H

/*
 * How long a verb waits for peers: it gives up when hardly anything came for so many seconds, however long all of it takes
 * while something does.  What keeps an idle connection alive is hardly anything.  Reads no clock.
 */

#include <stdbool.h>
#include <stdint.h>

#define PATIENCE_RATE 100 /* Bytes a second: less is no line. */

struct patience {
    uint64_t wait_ms, end_ms;
    uint64_t mark; /* What had come when it last began to wait. */
};

void patience_begin(struct patience *p, unsigned seconds, uint64_t now);

/* Whether it is over.  `received`: bytes from those that are waited for; it may fall, when one of them goes. */
bool patience_is_over(struct patience *p, uint64_t received, uint64_t now);

#endif
