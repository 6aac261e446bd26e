/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

/*
 * Finding documents by what people type (store/search_query.h).  Answers come by rungs: what has the words in its title before
 * what has them in its text, words as typed before their other forms, what says them often before what says them once; on one
 * rung the newest first.  So that common words cost no more than rare ones, only so many of the newest are looked at on each
 * rung.  When nothing fits all words, one may be missing; when a word stands nowhere, words one letter away are tried.
 */

#include "store/archive.h"
#include "store/index.h"
#include "store/search_plan.h"
#include "store/snippet.h"

#define SEARCH_CANDIDATES_MAX 400 /* Answers to one question, over all pages. */
#define SEARCH_VERIFIED_MAX 400   /* Texts that are read for a phrase. */

struct search;

/* One for each thread.  `home` is where the word list may be.  NULL when memory is out. */
struct search *search_new(const char *home);
void search_free(struct search *s); /* Accepts NULL. */

/* What the words are confined to besides; empty: nothing.  In words, as they may be typed behind "kind:" and so on. */
struct search_question {
    struct bytes words;
    struct bytes filters[SEARCH_FIELDS]; /* By field; [SEARCH_ANYWHERE] is not used. */
    struct search_names names;           /* Of kibbutzim and people.  Borrowed during the call. */
    bool without_kibbutz;                /* Leave out what is for one kibbutz alone. */
    size_t limit, offset;
};

struct search_hit {
    const struct index_revision *revision;
    double score; /* 1 at the top, less on each rung; above 0. */
    struct snippet_mark title_marks[SNIPPET_MARKS_MAX];
    size_t title_mark_count;
    struct snippet snippet; /* Empty while the text is not here. */
};

/* The hit lives during the call; what it returns but ERR_OK ends the search and is returned. */
typedef enum err search_hit_fn(void *context, const struct search_hit *hit);

struct search_outcome {
    size_t count;     /* How many fit, as far as they were looked at ... */
    bool has_more;    /* ... which is not all. */
    bool is_relaxed;  /* Nothing has all words: one may be missing. */
    bool is_respelt;  /* A word that stands nowhere was taken for one that does: */
    char respelt[96]; /* that one, as in the index. */
};

/* ERR_MEMORY; what index and archive return. */
enum err search_ask(struct search *s, struct index *index, struct archive *archive,
                    const struct search_question *question, search_hit_fn *each, void *context,
                    struct search_outcome *outcome);

#endif
