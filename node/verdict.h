/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_VERDICT_H
#define NODE_VERDICT_H

/* What trust says of an entry, in words for people. */

#include "node/office.h"

/* good, contested, void, unknown: for JSON, and through _() for people. */
const char *verdict_name(enum trust_status status);

/* The cause as one word for JSON: revoked, forked ...; NULL when it stands. */
const char *verdict_cause_name(enum trust_cause cause);

/*
 * Why an entry is less than good: "signed after a steward of X retired this key".  `because` is the entry that takes away,
 * zeros: none; `kibbutz` is that of the seat.  Translated, one line, NUL-terminated.
 */
#define VERDICT_SIZE 512
void verdict_explain(struct office *o, enum trust_status status, enum trust_cause cause, const struct id *because,
                     const struct id *kibbutz, char text[VERDICT_SIZE]);

#endif
