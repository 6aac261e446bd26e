/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/caution.h"

void caution_begin(struct caution *c, uint64_t now)
{
    *c = (struct caution){.start_ms = now, .news_ms = now};
}

void caution_news(struct caution *c, uint64_t now)
{
    c->news_ms = now;
}

/* News keep the hope up: an archive that was put back from an old backup takes long to catch up. */
static bool waits_for_delivery(struct caution *c, bool is_behind, uint64_t now)
{
    if (!is_behind) {
        c->behind_ms = 0;
        return false;
    }
    if (c->behind_ms == 0)
        c->behind_ms = now;
    return now < c->behind_ms + CAUTION_BEHIND_MS || now < c->news_ms + CAUTION_BEHIND_MS;
}

bool caution_waits(struct caution *c, bool is_behind, size_t unheard, uint64_t now)
{
    if (unheard == 0 || now >= c->start_ms + CAUTION_ASK_MS)
        c->is_asked = true;
    return !c->is_asked || waits_for_delivery(c, is_behind, now);
}
