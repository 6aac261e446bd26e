/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_FILTER_H
#define NODE_FILTER_H

/* Which documents a verb is asked for: the flags that list, log and decisions share. */

#include "node/arguments.h"
#include "node/office.h"

struct filter {
    /* As they were typed; NULL: not. */
    const char *kind, *kibbutz, *body, *topic, *year, *state, *author, *since, *limit;
    /* What they mean. */
    struct index_filter documents;
    struct id kibbutz_id, author_id;
    enum trust_state state_value;
};

/* Reads what was typed, with the names that the office knows.  Exit codes of node/command.h; what is wrong has been told. */
int filter_read(struct office *o, struct filter *f);

/* The clock at which a day begins here; or of a whole RFC 3339 time.  False: it is neither. */
bool filter_read_time(const char *text, uint64_t *clock);

#endif
