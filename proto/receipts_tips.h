/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_RECEIPTS_TIPS_H
#define PROTO_RECEIPTS_TIPS_H

/* The tips of a frontier as receipts share them: made once, counted by their users, never changed. */

#include "proto/receipts.h"

/* Copies a frontier's, for one user.  NULL: memory is out. */
struct receipt_tips *tips_of_frontier(const struct frontier *frontier);
void tips_release(struct receipt_tips *tips); /* Accepts NULL. */
size_t tips_size(const struct receipt_tips *tips);

/* The tips of one log: the first stands at *first. */
size_t tips_of_log(const struct receipt_tips *tips, const struct id *log, size_t *first);

/* Writes what differs from `base` (NULL: from nothing): of each log that differs all tips, or its key with seq 0. */
void tips_write(struct buffer *out, const struct receipt_tips *base, const struct receipt_tips *tips);
/* Makes tips of that again.  ERR_FORMAT, ERR_LIMIT, ERR_MEMORY. */
enum err tips_read(struct bytes in, const struct receipt_tips *base, struct receipt_tips **tips);

#endif
