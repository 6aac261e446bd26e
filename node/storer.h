/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_STORER_H
#define NODE_STORER_H

/*
 * The running node's archive, and who is at it: large batches, and the parts of an answer of which more follows, become durable in a
 * thread beside the loop, one after the other, while the loop verifies what comes next.  Whoever needs the archive asks for it here, and waits until that thread has left it.
 */

#include "proto/item.h"
#include "proto/trust.h"
#include "store/archive.h"

#include <uv.h>

struct storer;

struct storer_batch {
    const struct item *items; /* Lent until it is done. */
    size_t count;
    bool more;           /* More follows at once: beside the loop, however few they are. */
    struct trust *trust; /* It knows what is here, and these.  NULL: there is none. */
    bool flush;          /* Beside the loop the index is written as well (archive_flush_index()). */
};

struct storer_outcome {
    enum err err;   /* Of the items. */
    bool governs;   /* Some of them do. */
    bool is_flushed; /* All that is in the index is seen by others (archive_flush_index()). */
    bool is_judged; /* What trust says of documents is written (archive_judge()); never of small batches, which do not wait for it. */
};
/* Called by the loop, or by storer_finish(); for small batches within storer_store(). */
typedef void storer_done_fn(void *context, const struct storer_outcome *outcome);

/* Takes the archive over; storer_free() closes it.  ERR_MEMORY: it stays the caller's. */
enum err storer_new(struct archive *archive, storer_done_fn *done, void *context, struct storer **storer);
void storer_free(struct storer *storer); /* Accepts NULL.  One that was started must have been stopped. */

/* Lent; nobody else is at it until the next storer_store().  NULL if the storer is. */
struct archive *storer_archive(struct storer *storer);

/* From now on large batches are stored beside this loop: it runs.  Until storer_stop(), which waits for what is on its way. */
void storer_start(struct storer *storer, uv_loop_t *loop);
void storer_stop(struct storer *storer);

/*
 * Makes a batch durable, after those that are on their way: with it at most 1 + REPLICA_AHEAD.  Those behind one that fails are not
 * stored, and nothing is told of them.
 */
void storer_store(struct storer *storer, const struct storer_batch *batch);

/* Waits for the batches that are on their way.  Whether there were any. */
bool storer_finish(struct storer *storer);

#endif
