/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_LIST_H
#define NODE_LIST_H

/* Lists of documents: rows, and the steps to the pages before and after. */

#include "node/layout.h"

#define LIST_ROWS 50 /* On one page. */
#define LIST_PAGES_MAX 1000000

/* One document: number and kind in the margin; title, state, body, kibbutz, date and author beside it. */
void list_row(struct page *page, struct site *site, const struct index_revision *revision);

/*
 * The title of a document as a link to it, in <h3>; struck through when it is void.  Between the two the caller writes the title
 * itself; list_title_begin() says what stands in its place when there is none.
 */
void list_title_begin(struct page *page, const struct index_revision *revision);
void list_title_end(struct page *page);

/* Links to the pages before and after; `path` is that of the list, with its question mark if it has one. */
void list_steps(struct page *page, const char *path, uint64_t number, bool more);

/* What stands where a list would, when it is empty. */
void list_nothing(struct page *page, const char *title, const char *hint);

#endif
