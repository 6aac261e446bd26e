/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_INDEX_SEARCH_H
#define STORE_INDEX_SEARCH_H

/*
 * The full-text part of the index (store/index.h): which words stand in which revision.  Texts themselves are not in it.  What
 * to ask it, and in what order, is store/search.h's.
 *
 * Revisions have numbers here that grow with their clock, as far as they come in that order: the greatest first is the newest
 * first.  Each revision is in it by itself, for good; which one of a document counts is asked of the others' tables.
 */

#include "store/index.h"

/*
 * The terms of a text (store/tokenizer.h).  One that is here already is passed over.  `name` is git's name of the text, by which
 * it is read when it was found; zeros: none.
 */
enum err index_search_add(struct index *index, const struct id *revision, uint64_t clock, const struct sha1 *name,
                          struct bytes terms);

/* Takes it out again, by the same terms; for good after index_search_scrub(). */
enum err index_search_remove(struct index *index, const struct id *revision, struct bytes terms);
enum err index_search_has(struct index *index, const struct id *revision, bool *has);
enum err index_search_scrub(struct index *index);

/*
 * Brings together what many additions left apart, which is smaller and quicker to ask: a step of some 10 ms, the `first` one or
 * one that goes on.  `more`: another step is due.
 */
enum err index_search_merge(struct index *index, bool first, bool *more);

/*
 * The same of a few additions, some milliseconds of it: behind each, so that no later one has to do it for many.  What FTS5 does of
 * itself is to let one of thirty wait for the merging of all.
 */
enum err index_search_merge_few(struct index *index, size_t additions);

/*
 * Many additions in one transaction leave all of it to index_search_merge(), which does at once what they would do again and again.
 * Said before them, and taken back behind them, in the same transaction.
 */
enum err index_search_merge_later(struct index *index, bool later);

/* Forgets all texts. */
enum err index_search_clear(struct index *index);

/* What the terms were made with; none yet: INDEX_SEARCH_NEW. */
enum index_search_means { INDEX_SEARCH_NEW, INDEX_SEARCH_GUESSES, INDEX_SEARCH_DICTIONARY };
enum err index_search_means(struct index *index, enum index_search_means *means);
enum err index_search_set_means(struct index *index, enum index_search_means means);

/* Up to `limit` revisions whose content is here and whose text is not, oldest first. */
enum err index_search_missing(struct index *index, size_t limit, struct id revisions[], size_t *count);
enum err index_search_behind(struct index *index, uint64_t *count);

/* The numbers of up to `limit` revisions that fit FTS5's expression, newest first. */
enum err index_search_find(struct index *index, const char *expression, size_t limit, uint64_t numbers[], size_t *count);

/* Hands over the revision of a number, and first the name of its text; the callback's error is returned.  ERR_MISSING: none. */
enum err index_search_revision(struct index *index, uint64_t number, struct sha1 *name, index_revision_fn *each,
                               void *context);

/* One question asks many times: between these what others write is not seen, and not looked for.  Never fail. */
void index_search_hold(struct index *index, bool *own);
void index_search_release(struct index *index, bool own);

/* Parts of the schema (store/index.c). */
#define INDEX_SEARCH_TABLES                                                                                            \
    "CREATE VIRTUAL TABLE search USING fts5 (text, content = '', detail = none, columnsize = 0, tokenize = 'igum');"   \
    "INSERT INTO search (search, rank) VALUES ('hashsize', 8388608);"                                                  \
    "INSERT INTO search (search, rank) VALUES ('automerge', 0);"                                                       \
    "CREATE TABLE searchable (number INTEGER PRIMARY KEY, revision BLOB NOT NULL UNIQUE, clock INTEGER NOT NULL,"      \
    " name BLOB NOT NULL);"                                                                                            \
    "CREATE INDEX searchable_clock ON searchable (clock, number);"                                                     \
    "CREATE TABLE search_means (one INTEGER PRIMARY KEY CHECK (one = 1), value INTEGER NOT NULL);"

#endif
