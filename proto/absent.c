/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/absent.h"

#include <stdlib.h>

#include "proto/limits.h"

struct pair {
    struct id digest, entry;
};

struct absent {
    struct pair *pairs; /* In order of digest, then of entry. */
    size_t count, size;
};

struct absent *absent_new(void)
{
    return calloc(1, sizeof(struct absent));
}

void absent_free(struct absent *a)
{
    if (!a)
        return;
    free(a->pairs);
    free(a);
}

size_t absent_count(const struct absent *a)
{
    return a->count;
}

static int compare(const struct pair *a, const struct pair *b)
{
    int order = id_compare(&a->digest, &b->digest);

    return order ? order : id_compare(&a->entry, &b->entry);
}

/* The first that is not before this one. */
static size_t place_of(const struct absent *a, const struct pair *pair)
{
    size_t low = 0, high = a->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&a->pairs[middle], pair) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum err make_room(struct absent *a)
{
    size_t size = a->size ? a->size * 2 : 16;

    if (a->count == LIMIT_WANTED)
        return ERR_LIMIT;
    if (a->count < a->size)
        return ERR_OK;
    struct pair *pairs = realloc(a->pairs, size * sizeof *pairs);
    if (!pairs)
        return ERR_MEMORY;
    a->pairs = pairs;
    a->size = size;
    return ERR_OK;
}

enum err absent_add(struct absent *a, const struct id *digest, const struct id *entry)
{
    struct pair pair = {*digest, *entry};
    size_t place = place_of(a, &pair);
    enum err err;

    if (place < a->count && compare(&a->pairs[place], &pair) == 0)
        return ERR_OK;
    if ((err = make_room(a)))
        return err;
    memmove(a->pairs + place + 1, a->pairs + place, (a->count - place) * sizeof pair);
    a->pairs[place] = pair;
    a->count++;
    return ERR_OK;
}

static void remove_run(struct absent *a, size_t first, size_t count)
{
    a->count -= count;
    memmove(a->pairs + first, a->pairs + first + count, (a->count - first) * sizeof *a->pairs);
}

bool absent_came(struct absent *a, const struct id *digest)
{
    const struct pair least = {.digest = *digest};
    size_t first = place_of(a, &least), count = 0;

    while (first + count < a->count && id_equal(&a->pairs[first + count].digest, digest))
        count++;
    if (count)
        remove_run(a, first, count);
    return count > 0;
}

const struct id *absent_find(const struct absent *a, const struct id *digest)
{
    const struct pair least = {.digest = *digest};
    size_t first = place_of(a, &least);

    return first < a->count && id_equal(&a->pairs[first].digest, digest) ? &a->pairs[first].entry : NULL;
}

const struct id *absent_entry(const struct absent *a, size_t place)
{
    return &a->pairs[place].entry;
}

void absent_forget_at(struct absent *a, size_t place)
{
    remove_run(a, place, 1);
}
