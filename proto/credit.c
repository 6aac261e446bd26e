/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/credit.h"

#include "proto/limits.h"

uint32_t credit_grant(struct credit *c, uint64_t now)
{
    uint32_t amount = c->left <= c->window / 2 ? c->window - c->left : 0;

    c->left += amount;
    c->granted += amount;
    if (amount > 0 && c->mark == 0) {
        c->mark = c->granted;
        c->mark_ms = now;
    }
    return amount;
}

static uint32_t bounded(uint64_t window)
{
    return (uint32_t)(window > LIMIT_CREDIT ? LIMIT_CREDIT : window < LIMIT_CREDIT_LEAST ? LIMIT_CREDIT_LEAST : window);
}

/* From the grant to its last byte: the round trip, and the time that the line takes for the window. */
static void measure(struct credit *c, uint64_t took)
{
    if (took < c->least_ms)
        c->least_ms = took;
    if (took <= c->least_ms + LIMIT_QUEUE_MS / 2)
        c->window = bounded((uint64_t)c->window * 2);
    else if (took > c->least_ms + LIMIT_QUEUE_MS)
        c->window = bounded(c->window * (c->least_ms + LIMIT_QUEUE_MS) / took);
}

bool credit_take(struct credit *c, uint32_t len, uint64_t now)
{
    if (len > c->left)
        return false;
    c->left -= len;
    c->come += len;
    if (c->mark != 0 && c->come >= c->mark) {
        measure(c, now - c->mark_ms);
        c->mark = 0;
    }
    return true;
}
