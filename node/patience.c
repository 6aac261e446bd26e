/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/patience.h"

void patience_begin(struct patience *p, unsigned seconds, uint64_t now)
{
    *p = (struct patience){.wait_ms = (uint64_t)seconds * 1000, .end_ms = now + (uint64_t)seconds * 1000};
}

bool patience_is_over(struct patience *p, uint64_t received, uint64_t now)
{
    if (received < p->mark)
        p->mark = received;
    if (received - p->mark >= p->wait_ms * PATIENCE_RATE / 1000) {
        p->mark = received;
        p->end_ms = now + p->wait_ms;
    }
    return now >= p->end_ms;
}
