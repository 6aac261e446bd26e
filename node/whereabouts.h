/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_WHEREABOUTS_H
#define NODE_WHEREABOUTS_H

/* Where documents are, as the verbs tell it: store/reach.h with the names of an office. */

#include "node/office.h"
#include "node/output.h"
#include "store/reach.h"

/* What receipts say now, with the members that trust knows; NULL: it cannot be read, and nothing is known.  Closed with the office. */
struct reach *whereabouts(struct office *o);

/* Reads receipts again.  False: they cannot be read. */
bool whereabouts_refresh(struct office *o);

/* "complete as of ...; not heard from: ...", and plainly that this node may be cut off. */
void whereabouts_print_freshness(struct office *o);
/* The same as fields: complete, silent[] (kibbutz, kibbutz_id, last_heard), cut_off. */
void whereabouts_write_freshness(struct office *o, struct output_json *json);

#endif
