/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_FORK_VIEW_H
#define NODE_FORK_VIEW_H

/* What people are told of forks: which two entries a key signed for one place, and whether that is settled. */

#include "node/office.h"
#include "node/output.h"

/* Says it in a few lines; the index is open where titles are to be told. */
void fork_view_print(struct office *o, const struct trust_fork *fork);

/* The fields log, seq, name, kibbutz, role, settled, settled_by, entries[]: entry, title, act, time, state. */
struct output_json *fork_view_write(struct office *o, const struct trust_fork *fork);

/* One entry in a line, with `indent` before it. */
void fork_view_print_entry(struct office *o, const struct index_entry *entry, const char *indent);
struct output_json *fork_view_write_entry(struct office *o, const struct index_entry *entry);

#endif
