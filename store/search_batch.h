/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_SEARCH_BATCH_H
#define STORE_SEARCH_BATCH_H

/*
 * Texts on their way into the full-text part of the index: the terms of some are made by several threads while those of others
 * are written.  They are written oldest first, which is how SQLite gathers the most of them before it writes.
 */

#include "proto/buffer.h"
#include "proto/parallel.h"
#include "store/index.h"

struct search_batch;

/* NULL when memory is out. */
struct search_batch *search_batch_new(void);
void search_batch_free(struct search_batch *batch); /* Accepts NULL. */

/* Takes a text in sections (store/tokenizer.h), to be written later; `name` as of index_search_add().  ERR_MEMORY. */
enum err search_batch_take(struct search_batch *batch, const struct id *revision, uint64_t clock, const struct sha1 *name,
                           struct bytes text);
size_t search_batch_count(const struct search_batch *batch);
bool search_batch_is_full(const struct search_batch *batch); /* It should be written now: for the sake of memory. */

/* Writes all that was taken.  `parallel` may be NULL.  They are still in the batch, which search_batch_clear() empties. */
enum err search_batch_write(struct search_batch *batch, struct index *index, const struct parallel *parallel);
void search_batch_clear(struct search_batch *batch);

/* Forgets what many texts told of words, and what other threads than the first one know: after much work. */
void search_batch_rest(struct search_batch *batch);

/* Takes a text out of the index again. */
enum err search_batch_remove(struct search_batch *batch, struct index *index, const struct id *revision,
                             struct bytes text);

#endif
