/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_SEARCH_PLAN_H
#define STORE_SEARCH_PLAN_H

/*
 * What is looked for: the parts of a question as words with their terms, and what may stand in their place.  store/search.c
 * makes it, store/search_match.c writes it down for FTS5, store/snippet.c marks what fits it.
 */

#include "proto/id.h"
#include "store/search_query.h"
#include "store/search_text.h"
#include "store/terms.h"
#include "store/word_list.h"

#define SEARCH_UNITS_MAX 12
#define SEARCH_CHOICES_MAX 12
#define SEARCH_WORDS_MAX 6 /* Of one choice. */

/* Words that all must be there, or a facet. */
struct search_choice {
    const struct terms_word *words[SEARCH_WORDS_MAX];
    size_t count;
    char facet[SEARCH_TEXT_FACET_SIZE]; /* "": none. */
};

/* One of its choices must be there. */
struct search_unit {
    struct search_choice choices[SEARCH_CHOICES_MAX]; /* The first is what was typed. */
    size_t count;
    enum search_field field;
    bool is_phrase; /* The words of the first one after the other. */
    bool is_excluded;
    bool is_common; /* A word like "of": it need not be there when others are. */
};

struct search_plan {
    struct search_unit units[SEARCH_UNITS_MAX];
    size_t count;
    bool has_states;
    uint32_t states; /* Bits of enum trust_state, by the question's filters. */
};

/* A kibbutz or a person by name: questions may name them. */
struct search_name {
    struct bytes name;
    struct id id; /* Of the kibbutz or of the key. */
    bool is_kibbutz;
};

struct search_names {
    const struct search_name *at;
    size_t count;
};

/* The word list, its words as terms: read once, for many questions. */
struct search_set {
    struct search_choice words[WORD_LIST_WORDS_MAX];
    size_t count;
};

struct search_sets {
    struct search_set *at;
    size_t count;
    struct terms *terms;
};

/* Fills an empty one.  ERR_MEMORY. */
enum err search_sets_make(struct search_sets *sets, const struct word_list *list);
void search_sets_free(struct search_sets *sets);

/* Makes a plan; terms are lent by `terms` and by the sets (NULL: none).  ERR_MEMORY.  What does not fit is left out. */
enum err search_plan_make(struct search_plan *plan, const struct search_query *query, struct terms *terms,
                          const struct search_sets *sets, struct search_names names);

/* How many units say what must be found, but filters. */
size_t search_plan_wanted(const struct search_plan *plan);
bool search_unit_is_wanted(const struct search_plan *plan, const struct search_unit *unit);

/* Whether two words belong together. */
bool search_words_meet(const struct terms_word *a, const struct terms_word *b);

#endif
