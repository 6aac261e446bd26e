/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_NAME_BOOK_H
#define NODE_NAME_BOOK_H

/* The names of all kibbutzim and of all who may sign documents, so that the search can be asked for them. */

#include "proto/buffer.h"
#include "store/names.h"
#include "store/search_plan.h"

#define NAME_BOOK_MAX 4000

struct name_book {
    struct search_name *at;
    size_t count;
    struct buffer text;
};

/* Fills an empty one.  ERR_MEMORY. */
enum err name_book_fill(struct name_book *book, const struct roster *roster, struct names *names);
void name_book_free(struct name_book *book);

static inline struct search_names name_book_names(const struct name_book *book)
{
    return (struct search_names){.at = book->at, .count = book->count};
}

#endif
