/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_STORER_H
#define NODE_STORER_H

/*
 * The running node's archive, and who is at it: large batches, and the parts of an answer of which more follows, become durable in a
 * thread beside the loop, which meanwhile verifies what comes next.  Whoever needs the archive asks for it here, and waits until that thread has left it.
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
    bool is_judged; /* What trust says of documents is written (archive_judge()); never of small batches, which do not wait for it. */
};
/* Called by the loop, or by storer_finish(); for small batches within storer_store(). */
typedef void storer_done_fn(void *context, const struct storer_outcome *outcome);

/* Takes the archive over; storer_free() closes it.  ERR_MEMORY: it stays the caller's. */
enum err storer_new(struct archive *archive, storer_done_fn *done, void *context, struct storer **storer);
void storer_free(struct storer *storer); /* Accepts NULL.  Not while a batch is on its way: the loop was run to its end. */

/* Lent; nobody else is at it until the next storer_store().  NULL if the storer is. */
struct archive *storer_archive(struct storer *storer);

/* From now on large batches are stored beside this loop: it runs. */
void storer_start(struct storer *storer, uv_loop_t *loop);

/* Makes a batch durable.  One at a time: not before the last one is done. */
void storer_store(struct storer *storer, const struct storer_batch *batch);

/* Waits for the batch that is on its way, if there is one.  Whether there was one. */
bool storer_finish(struct storer *storer);

#endif
