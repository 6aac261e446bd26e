/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/frontier.h"

#include "proto/limits.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_SIZE 64

struct roots {
    bool are_known;
    struct id all;
    struct id governance;
};

struct frontier {
    struct head *heads; /* In ascending order of key. */
    size_t count;
    size_t size;
    uint64_t entries;
    struct roots *roots; /* &cache, so that asking for a root leaves the frontier const. */
    struct roots cache;
};

struct frontier *frontier_new(void)
{
    struct frontier *f = calloc(1, sizeof *f);

    if (f)
        f->roots = &f->cache;
    return f;
}

void frontier_free(struct frontier *f)
{
    if (!f)
        return;
    free(f->heads);
    free(f);
}

void frontier_clear(struct frontier *f)
{
    f->count = 0;
    f->entries = 0;
    f->roots->are_known = false;
}

size_t frontier_count(const struct frontier *f)
{
    return f->count;
}

const struct head *frontier_at(const struct frontier *f, size_t index)
{
    assert(index < f->count);
    return &f->heads[index];
}

/* The place of the first log that is not before `log`. */
static size_t place_of(const struct frontier *f, const struct id *log)
{
    size_t low = 0;
    size_t high = f->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (id_compare(&f->heads[middle].log, log) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool holds(const struct frontier *f, size_t place, const struct id *log)
{
    return place < f->count && id_equal(&f->heads[place].log, log);
}

const struct head *frontier_find(const struct frontier *f, const struct id *log)
{
    size_t place = place_of(f, log);

    return holds(f, place, log) ? &f->heads[place] : NULL;
}

static enum err insert(struct frontier *f, size_t place)
{
    if (f->count == LIMIT_LOGS)
        return ERR_LIMIT;
    if (f->count == f->size) {
        size_t size = f->size ? 2 * f->size : FIRST_SIZE;
        struct head *heads = realloc(f->heads, size * sizeof *heads);

        if (!heads)
            return ERR_MEMORY;
        f->heads = heads;
        f->size = size;
    }
    memmove(&f->heads[place + 1], &f->heads[place], (f->count - place) * sizeof *f->heads);
    f->heads[place].seq = 0;
    f->count++;
    return ERR_OK;
}

enum err frontier_set(struct frontier *f, const struct head *head)
{
    const struct head copy = *head; /* It may be lent from this very frontier. */
    size_t place = place_of(f, &copy.log);

    assert(copy.seq > 0);
    if (!holds(f, place, &copy.log)) {
        enum err err = insert(f, place);

        if (err)
            return err;
    }
    f->entries = f->entries - f->heads[place].seq + copy.seq;
    f->heads[place] = copy;
    f->roots->are_known = false;
    return ERR_OK;
}

uint64_t frontier_entries(const struct frontier *f)
{
    return f->entries;
}

static void add_head(struct id_hasher *hasher, const struct head *head)
{
    uint8_t seq[8];

    for (size_t i = 0; i < sizeof seq; i++)
        seq[i] = (uint8_t)(head->seq >> (8 * (sizeof seq - 1 - i)));
    id_hasher_add(hasher, id_bytes(&head->log));
    id_hasher_add(hasher, bytes_of(seq, sizeof seq));
    id_hasher_add(hasher, id_bytes(&head->entry));
}

static const struct roots *roots(const struct frontier *f)
{
    struct id_hasher all;
    struct id_hasher governance;

    if (f->roots->are_known)
        return f->roots;
    id_hasher_begin(&all, ID_FRONTIER);
    id_hasher_begin(&governance, ID_FRONTIER);
    for (size_t i = 0; i < f->count; i++) {
        add_head(&all, &f->heads[i]);
        if (role_governs(f->heads[i].role))
            add_head(&governance, &f->heads[i]);
    }
    f->roots->all = id_hasher_end(&all);
    f->roots->governance = id_hasher_end(&governance);
    f->roots->are_known = true;
    return f->roots;
}

struct id frontier_root(const struct frontier *f)
{
    return roots(f)->all;
}

struct id frontier_governance_root(const struct frontier *f)
{
    return roots(f)->governance;
}
