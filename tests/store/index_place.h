/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_INDEX_PLACE_H
#define STORE_INDEX_PLACE_H

/* An index in a directory of its own, rows for it, and what is read back of them. */

#include "store/index.h"

struct place {
    char directory[64];
    char path[96];
    struct index *index;
};

/* What iterations bring, as one line of text. */
struct seen {
    char text[400];
    size_t count;
    size_t stop_at; /* 0: never */
};

/* Of a cmocka test: `state` becomes a struct place with an open index, empty. */
int place_make(void **state);
int place_remove(void **state);
/* For writing; whether it was made anew is expected. */
void place_reopen(struct place *place, bool expect_rebuilt);
/* Numbers are told apart by it. */
struct id place_id(uint8_t first, uint64_t number);
/* One of a log, with a content that is not here. */
struct index_entry place_entry(uint8_t log, uint64_t seq, enum role role);
void place_add(struct place *place, uint8_t log, uint64_t seq, enum role role);
void place_assert_entry(const struct index_entry *a, const struct index_entry *b);
/* Of an even document a decision, of an odd one minutes. */
struct index_revision place_revision(uint64_t document, uint64_t revision, uint64_t clock, const char *title);
void place_revise(struct place *place, uint64_t document, uint64_t revision, uint64_t clock, const char *title);
/* The titles of the list of all documents; `with_void`: of those, too. */
void place_assert_shown(struct place *place, bool with_void, const char *expected);
/* What trust would say of a document and the revision that stands. */
struct trust_document place_judged(uint64_t document, uint64_t revision, enum trust_state state);
/* For iterations; `context`: a struct seen. */
enum err seen_entry(void *context, const struct index_entry *entry);
enum err seen_head(void *context, const struct head *head);
enum err seen_revision(void *context, const struct index_revision *revision);
enum err seen_note(struct seen *seen, const char *text);

#endif
