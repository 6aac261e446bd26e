/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_SUMMARY_H
#define NODE_SUMMARY_H

/* What list and show tell of a document, in the fields that others build on. */

#include "node/office.h"
#include "node/output.h"
#include "store/reach.h"

/* The contract's word: proposed, in force, superseded, withdrawn, contested, void. */
const char *summary_state(const struct index_revision *revision);

/* The same for people, to be translated: what is no decision is "published" and not "in force"; what is erased is so called. */
const char *summary_words(const struct index_revision *revision);

/* "3 of 5 approvals", where more than the author's own was asked for; else "".  Translated. */
#define SUMMARY_APPROVALS_SIZE 80
void summary_approvals(const struct index_revision *revision, char text[SUMMARY_APPROVALS_SIZE]);

/* How many kibbutzim have it, of how many that may; of none where that is not known. */
struct reach_count summary_reach(struct office *o, const struct index_revision *revision);

/* Attachments of a revision that are not here. */
uint64_t summary_files_missing(struct office *o, const struct index_revision *revision);

/* The fields document, title, kind, number, date, kibbutz, author, revision, state, reached, of, and some more. */
void summary_write(struct office *o, const struct index_revision *revision, struct output_json *json);

/* The date that the document says, else the day of the entry: yyyy-mm-dd. */
#define SUMMARY_DATE_LEN 10
void summary_date(const struct index_revision *revision, char date[SUMMARY_DATE_LEN + 1]);

#endif
