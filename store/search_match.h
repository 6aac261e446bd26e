/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_SEARCH_MATCH_H
#define STORE_SEARCH_MATCH_H

/* A plan written down as an expression of FTS5, over the terms of store/tokenizer.h. */

#include "proto/buffer.h"
#include "store/search_plan.h"

/* Where a word must stand, and in which form. */
enum search_where { SEARCH_IN_TEXT, SEARCH_IN_HEAD, SEARCH_IN_TITLE };
enum search_how {
    SEARCH_AS_TYPED,
    SEARCH_IN_ANY_FORM,
    SEARCH_IN_ANY_READING, /* Also of what the dictionary has as it stands. */
    SEARCH_OFTEN, /* In any form, several times; the place does not count. */
};

/* From the best answers to the least: all units `all_how`, and with `has_any` one of them also `any_where` in any form. */
struct search_rung {
    enum search_where all_where;
    enum search_how all_how;
    bool has_any;
    enum search_where any_where;
};

#define SEARCH_MATCH_SIZE_MAX KIB(256)

/* Appends the expression, NUL-terminated.  ERR_LIMIT, ERR_MEMORY. */
enum err search_match_write(const struct search_plan *plan, const struct search_rung *rung, struct buffer *out);

/* One unit alone, in any form. */
enum err search_match_write_unit(const struct search_plan *plan, size_t unit, enum search_where where, struct buffer *out);

/* One term or two: a form, and what has that skeleton. */
enum err search_match_write_form(struct bytes form, struct bytes skeleton, struct buffer *out);

#endif
