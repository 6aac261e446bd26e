/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_PARALLEL_H
#define PROTO_PARALLEL_H

/*
 * Work whose parts can be done in any order, and at once.  The lower layers start no threads: whoever has some lends them by
 * this.  The parts share nothing that one of them writes.
 */

#include <stddef.h>

typedef void parallel_part_fn(void *context, size_t index);

struct parallel {
    /* Calls part(context, i) once for each i below `count`, on any threads, and returns when all of them have returned. */
    void (*run)(void *self, size_t count, parallel_part_fn *part, void *context);
    void *self;
    size_t width; /* So many at once, at least 1. */
};

/* `parallel` NULL: one after the other, here. */
static inline void parallel_run(const struct parallel *parallel, size_t count, parallel_part_fn *part, void *context)
{
    if (parallel && parallel->width > 1 && count > 1)
        parallel->run(parallel->self, count, part, context);
    else
        for (size_t i = 0; i < count; i++)
            part(context, i);
}

static inline size_t parallel_width(const struct parallel *parallel)
{
    return parallel ? parallel->width : 1;
}

#endif
