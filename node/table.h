/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_TABLE_H
#define NODE_TABLE_H

/* Tables that turn into cards on a phone: the roles keep them tables for screen readers, and each cell carries its label. */

#include "node/page.h"

void table_begin(struct page *page, const char *caption, const char *const columns[], size_t count);
void table_end(struct page *page);

void table_begin_row(struct page *page);
void table_end_row(struct page *page);

/* The cell that names its row; it takes the direction of `text`. */
void table_begin_head(struct page *page, struct bytes text);
void table_end_head(struct page *page);

/* `label` is the name of the column.  An empty cell has none. */
void table_begin_cell(struct page *page, const char *label);
void table_end_cell(struct page *page);

#endif
