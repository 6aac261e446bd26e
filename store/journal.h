/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

/*
 * What was promised to be durable before it was made so in its own place: records in one file, each of which is durable when
 * journal_add() returns (docs/FORMAT.md, 8.2).  It is empty whenever everything is durable in its own place.
 *
 * A record counts only after all those before it, since the file was last empty; what a crash left half written counts for nothing.
 */

#include "proto/sha1.h"
#include "store/files.h"

#define JOURNAL_LIMIT MIB(16) /* What is read at once.  Whoever adds keeps below it. */

struct journal {
    struct files_log file;
    struct sha1 sum; /* Of everything in it; zeros: it is empty. */
    bool is_loose;   /* It was emptied, and a crash may bring back what was in it. */
};

/* ERR_IO, ERR_FULL. */
enum err journal_open(struct journal *j, const char *path);
void journal_close(struct journal *j);

/* Calls back for each record, in their order, until it fails; later ones are added behind them.  Once, after journal_open(). */
typedef enum err journal_fn(void *context, struct bytes record);
enum err journal_each(struct journal *j, journal_fn *each, void *context);

/* ERR_FULL: nothing was added.  ERR_IO: nobody knows. */
enum err journal_add(struct journal *j, struct bytes record);

bool journal_is_empty(const struct journal *j);

/* What it tells of is durable in its own place: it may go.  journal_settle() waits until it is gone for good. */
enum err journal_empty(struct journal *j);
enum err journal_settle(struct journal *j);

#endif
