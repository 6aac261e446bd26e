/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CHANGES_H
#define NODE_CHANGES_H

/* What changed between two texts, line by line: the fewest lines removed and added. */

#include "proto/bytes.h"
#include "proto/error.h"

enum changes_kind { CHANGES_SAME, CHANGES_REMOVED, CHANGES_ADDED };

/* `line` is without its end, lent during the call. */
typedef void changes_line_fn(void *context, enum changes_kind kind, struct bytes line);

/*
 * Calls back for every line of both texts, in order, removed ones before those that stand in their place.  Beyond
 * CHANGES_MAX changed lines what lies between the common beginning and end is told as removed and added whole.  ERR_MEMORY.
 */
#define CHANGES_MAX 1000
enum err changes_each(struct bytes before, struct bytes after, changes_line_fn *each, void *context);

#endif
