/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/sorted.h"

#include <stdlib.h>

#define FIRST_SIZE 16

size_t sorted_place(const struct sorted *s, const void *wanted, sorted_order_fn *order)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (order((const uint8_t *)s->at + middle * s->item_size, wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void *sorted_at(const struct sorted *s, size_t place)
{
    return place < s->count ? (uint8_t *)s->at + place * s->item_size : NULL;
}

enum err sorted_insert(struct sorted *s, size_t place, const void *item)
{
    if (s->count == s->size) {
        size_t size = s->size ? s->size * 2 : FIRST_SIZE;
        void *at = realloc(s->at, size * s->item_size);

        if (!at)
            return ERR_MEMORY;
        s->at = at;
        s->size = size;
    }
    uint8_t *to = (uint8_t *)s->at + place * s->item_size;
    memmove(to + s->item_size, to, (s->count - place) * s->item_size);
    memcpy(to, item, s->item_size);
    s->count++;
    return ERR_OK;
}

enum err sorted_append(struct sorted *s, const void *item)
{
    return sorted_insert(s, s->count, item);
}
