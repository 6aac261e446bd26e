/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_SUMMARY_H
#define NODE_SUMMARY_H

/* What list and show tell of a document, in the fields that others build on. */

#include "node/office.h"
#include "node/output.h"

/* "published"; of a decision "in force" or "proposed"; "not counted" where its author had no say. */
const char *summary_state(struct office *o, const struct index_revision *revision);

/* The fields document, title, kind, number, date, kibbutz, author, revision, state, reached, of, and some more. */
void summary_write(struct office *o, const struct index_revision *revision, struct output_json *json);

/* The date that the document says, else the day of the entry: yyyy-mm-dd. */
#define SUMMARY_DATE_LEN 10
void summary_date(const struct index_revision *revision, char date[SUMMARY_DATE_LEN + 1]);

#endif
