/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_SEARCH_QUERY_H
#define STORE_SEARCH_QUERY_H

/*
 * What a person types into the search, taken apart.  Whatever it is, it means something.
 *
 *     מכסות מים                    both words
 *     "ועד הנהלה"                  one after the other
 *     -גינון  -"דגי נוי"           without them
 *     kind:minutes  סוג:החלטה      of a kind; so kibbutz: קיבוץ:  body: גוף:  year: שנה:  person: אדם:  state: מצב:
 *
 * Quotation marks within a word are the word's (צח"י); a mark that is not closed, a minus or a colon with nothing behind
 * it means nothing.
 */

#include "proto/bytes.h"

enum search_field {
    SEARCH_ANYWHERE,
    SEARCH_KIND,
    SEARCH_KIBBUTZ,
    SEARCH_BODY,
    SEARCH_YEAR,
    SEARCH_PERSON,
    SEARCH_STATE,
    SEARCH_FIELDS
};

struct search_part {
    enum search_field field;
    bool is_phrase;
    bool is_excluded;
    struct bytes text; /* As typed, without its marks; never empty. */
};

#define SEARCH_QUERY_SIZE_MAX 1000 /* Bytes; what is beyond is not read. */
#define SEARCH_PARTS_MAX 32

struct search_query {
    struct search_part parts[SEARCH_PARTS_MAX];
    size_t count;
};

/* The texts are borrowed from `typed`. */
void search_query_read(struct bytes typed, struct search_query *query);

/* Whether there is a word in it: what has none asks for nothing, and is no part. */
bool search_query_has_word(struct bytes text);

#endif
