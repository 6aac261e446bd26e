/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_SNIPPET_H
#define STORE_SNIPPET_H

/* The piece of a text that shows best why it was found, as plain text with the ranges of what was looked for.  No markup. */

#include "proto/buffer.h"
#include "store/search_plan.h"

#define SNIPPET_TEXT_MAX KIB(64) /* Bytes of a text that are looked through. */
#define SNIPPET_SIZE_MAX 480     /* Bytes of a snippet. */
#define SNIPPET_MARKS_MAX 32

struct snippet_mark {
    size_t at, len; /* Bytes. */
};

struct snippet {
    char text[SNIPPET_SIZE_MAX + 16]; /* UTF-8 on one line, "…" where more follows. */
    size_t len;
    struct snippet_mark marks[SNIPPET_MARKS_MAX]; /* In order, apart from each other. */
    size_t mark_count;
};

/* `text` is Markdown; `terms` is begun anew for it.  Never fails: without memory nothing is marked. */
void snippet_make(const struct search_plan *plan, struct terms *terms, struct bytes text, struct snippet *snippet);

/* Marks what fits in a line that is shown as it is, like a title. */
size_t snippet_mark_line(const struct search_plan *plan, struct terms *terms, struct bytes line,
                         struct snippet_mark marks[SNIPPET_MARKS_MAX]);

/* Whether the words of a phrase follow one another somewhere in the text; the first may carry a prefix. */
bool snippet_has_phrase(const struct search_unit *unit, struct bytes text);

#endif
