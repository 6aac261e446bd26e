/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_CREDIT_H
#define PROTO_CREDIT_H

/*
 * How much of attachments a peer may have under way towards us.  It sends no byte without credit, so what it and the network
 * hold is bounded; and the credit is as much as the line carries in its round trip and LIMIT_QUEUE_MS, found by the time that
 * it takes from a grant to its last byte.  So nothing urgent ever waits long behind an attachment, however slow the line is.
 */

#include <stdbool.h>
#include <stdint.h>

struct credit { /* Begin with CREDIT. */
    uint32_t window;
    uint32_t left; /* Granted, and not come. */
    uint64_t granted, come;
    uint64_t mark, mark_ms; /* What is granted up to `mark` was granted then: measured when it is here.  0: nothing is. */
    uint64_t least_ms;      /* The shortest time measured. */
};

#define CREDIT ((struct credit){.window = LIMIT_CREDIT_LEAST, .least_ms = UINT64_MAX})

/* How much to grant now; 0: nothing yet. */
uint32_t credit_grant(struct credit *c, uint64_t now);

/* So much has come.  False: it was not granted. */
bool credit_take(struct credit *c, uint32_t len, uint64_t now);

#endif
