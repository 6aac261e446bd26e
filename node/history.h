/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_HISTORY_H
#define NODE_HISTORY_H

/* What became of a document: its revisions, who approved the one at hand, and what ended it. */

#include "node/office.h"
#include "node/output.h"

/* The fields revisions[], approvals_by[], reason and superseded_by. */
void history_write(struct office *o, const struct index_revision *revision, struct output_json *json);

/* The same in words, as far as there is something to say. */
void history_print(struct office *o, const struct index_revision *revision);

#endif
