/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/missing.h"

#include <stdlib.h>

#include "proto/limits.h"

struct missing {
    struct missing_content *contents; /* In order of log and seq. */
    size_t count, size;
    uint64_t serial;
};

struct missing *missing_new(void)
{
    return calloc(1, sizeof(struct missing));
}

void missing_free(struct missing *m)
{
    if (m)
        free(m->contents);
    free(m);
}

size_t missing_count(const struct missing *m)
{
    return m->count;
}

static int compare(const struct missing_content *a, const struct id *log, uint64_t seq, const struct id *entry)
{
    int order = id_compare(&a->log, log);

    if (order == 0 && a->seq != seq)
        order = a->seq < seq ? -1 : 1;
    return order != 0 ? order : id_compare(&a->entry, entry);
}

static size_t place_of(const struct missing *m, const struct id *log, uint64_t seq, const struct id *entry)
{
    size_t low = 0, high = m->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&m->contents[middle], log, seq, entry) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct missing *m, size_t place, const struct id *log, uint64_t seq, const struct id *entry)
{
    return place < m->count && compare(&m->contents[place], log, seq, entry) == 0;
}

enum err missing_add(struct missing *m, const struct missing_content *content)
{
    size_t place = place_of(m, &content->log, content->seq, &content->entry);

    if (is_at(m, place, &content->log, content->seq, &content->entry))
        return ERR_OK;
    if (m->count == LIMIT_MISSING)
        return ERR_LIMIT;
    if (m->count == m->size) {
        size_t size = m->size ? m->size * 2 : 16;
        struct missing_content *contents = realloc(m->contents, size * sizeof *contents);

        if (!contents)
            return ERR_MEMORY;
        m->contents = contents;
        m->size = size;
    }
    memmove(m->contents + place + 1, m->contents + place, (m->count - place) * sizeof *m->contents);
    m->contents[place] = *content;
    m->contents[place].serial = ++m->serial;
    m->count++;
    return ERR_OK;
}

void missing_remove(struct missing *m, const struct id *log, uint64_t seq, const struct id *entry)
{
    size_t place = place_of(m, log, seq, entry);

    if (!is_at(m, place, log, seq, entry))
        return;
    m->count--;
    memmove(m->contents + place, m->contents + place + 1, (m->count - place) * sizeof *m->contents);
}

const struct missing_content *missing_find(const struct missing *m, const struct id *log, uint64_t seq, size_t place)
{
    size_t at = place_of(m, log, seq, &(struct id){.at = {0}}) + place;
    const struct missing_content *found = at < m->count ? &m->contents[at] : NULL;

    return found && found->seq == seq && id_equal(&found->log, log) ? found : NULL;
}

const struct missing_content *missing_after(const struct missing *m, uint64_t serial)
{
    const struct missing_content *found = NULL;

    for (size_t i = 0; i < m->count; i++)
        if (m->contents[i].serial > serial && (!found || m->contents[i].serial < found->serial))
            found = &m->contents[i];
    return found;
}
