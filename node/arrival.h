/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_ARRIVAL_H
#define NODE_ARRIVAL_H

/* How far the revision of a document that counts has come, and waiting until it has come far enough: whereis, publish --wait. */

#include "node/whereabouts.h"

/* As --wait and --timeout say it. */
struct arrival_wait {
    bool is_asked, all;
    uint64_t count; /* Of kibbutzim. */
    uint64_t timeout_s;
};

/* Reads both flags, each NULL where it was not given.  False: they are wrong, and that was told. */
bool arrival_read_wait(const char *count, const char *timeout, struct arrival_wait *wait);

struct arrival {
    struct index_revision revision; /* Its texts but the title are not kept. */
    char title[LIMIT_NAME * 4 + 1];
    bool is_found;
};

/*
 * The revision of a document in an office whose index is open; one that was made durable a moment ago may not be in the index
 * yet, and is looked for until `end_ms` of the monotonic clock (0: once).  An exit code; not found is none.
 */
int arrival_find(struct office *o, const struct id *document, uint64_t end_ms, struct arrival *arrival);

/* Looks until `end_ms`, or at least once, whether it has come so far. */
struct reach_count arrival_await(struct office *o, const struct arrival *arrival, const struct arrival_wait *wait,
                                 uint64_t end_ms);
/* Without being asked to wait: whether it is everywhere. */
bool arrival_is_far_enough(const struct arrival_wait *wait, struct reach_count count);

/* Who has it, and who is missing: in words, or as the fields reached, of, kibbutzim[]. */
void arrival_print(struct office *o, const struct arrival *arrival, struct reach_count count);
void arrival_write(struct office *o, const struct arrival *arrival, struct reach_count count,
                   struct output_json *json);

#endif
