/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_SORTED_H
#define PROTO_SORTED_H

/* An array of items of one size in an order that its user keeps: looked up by halving, grown as needed. */

#include "proto/bytes.h"
#include "proto/error.h"

struct sorted {
    void *at; /* Freed with free(). */
    size_t count, size, item_size;
};

/* Orders an item and what is wanted, as memcmp() does. */
typedef int sorted_order_fn(const void *item, const void *wanted);

/* The place of the first item that is not before what is wanted; `count` when all are. */
size_t sorted_place(const struct sorted *s, const void *wanted, sorted_order_fn *order);

/* NULL beyond the end.  Lent until the next change. */
void *sorted_at(const struct sorted *s, size_t place);

/* Copies an item in at `place`, or behind the last.  ERR_MEMORY. */
enum err sorted_insert(struct sorted *s, size_t place, const void *item);
enum err sorted_append(struct sorted *s, const void *item);

#endif
