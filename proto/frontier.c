/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/frontier.h"

#include "proto/limits.h"
#include "proto/mutant.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_SIZE 64

struct roots {
    bool are_known;
    struct id all;
    struct id governance;
};

struct frontier {
    struct head *heads; /* In ascending order of key, seq and entry id. */
    size_t count;
    size_t size;
    size_t logs;
    frontier_find_fn *find;
    void *context;
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
    f->logs = 0;
    f->roots->are_known = false;
}

size_t frontier_count(const struct frontier *f)
{
    return f->count;
}

size_t frontier_logs(const struct frontier *f)
{
    return f->logs;
}

const struct head *frontier_at(const struct frontier *f, size_t index)
{
    assert(index < f->count);
    return &f->heads[index];
}

static int compare(const struct head *a, const struct id *log, uint64_t seq, const struct id *entry)
{
    int order = id_compare(&a->log, log);

    if (order == 0 && a->seq != seq)
        order = a->seq < seq ? -1 : 1;
    return order != 0 ? order : id_compare(&a->entry, entry);
}

/* The place of the first tip that is not before this one. */
static size_t place_of(const struct frontier *f, const struct id *log, uint64_t seq, const struct id *entry)
{
    size_t low = 0;
    size_t high = f->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&f->heads[middle], log, seq, entry) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_of(const struct frontier *f, size_t place, const struct id *log)
{
    return place < f->count && id_equal(&f->heads[place].log, log);
}

static const struct id LEAST = {.at = {0}};

size_t frontier_tips(const struct frontier *f, const struct id *log, size_t *first)
{
    size_t place = place_of(f, log, 0, &LEAST), end = place;

    *first = place;
    while (is_of(f, end, log))
        end++;
    return end - place;
}

enum err frontier_log(const struct frontier *f, struct bytes beginning, struct id *log)
{
    struct id least = LEAST;

    memcpy(least.at, beginning.at, beginning.len);
    size_t place = place_of(f, &least, 0, &LEAST);
    if (place == f->count || !id_begins(&f->heads[place].log, beginning))
        return ERR_MISSING;
    *log = f->heads[place].log;
    while (is_of(f, place, log))
        place++;
    return place < f->count && id_begins(&f->heads[place].log, beginning) ? ERR_MISSING : ERR_OK;
}

/* The place of the main head among the tips. */
static size_t main_of(const struct frontier *f, size_t first, size_t tips)
{
    size_t place = first + tips - 1;

    while (place > first && f->heads[place - 1].seq == f->heads[place].seq)
        place--;
    return place;
}

const struct head *frontier_find(const struct frontier *f, const struct id *log)
{
    size_t first, tips = frontier_tips(f, log, &first);

    return tips ? &f->heads[main_of(f, first, tips)] : NULL;
}

bool frontier_is_crowded(const struct frontier *f, const struct id *log)
{
    size_t first;

    return frontier_tips(f, log, &first) >= LIMIT_BRANCHES;
}

const struct head *frontier_tip(const struct frontier *f, const struct id *log, const struct id *entry)
{
    size_t first, tips = frontier_tips(f, log, &first);

    for (size_t i = first; i < first + tips; i++)
        if (id_equal(&f->heads[i].entry, entry))
            return &f->heads[i];
    return NULL;
}

static enum err grow(struct frontier *f)
{
    size_t size = f->size ? 2 * f->size : FIRST_SIZE;

    if (f->count < f->size)
        return ERR_OK;
    struct head *heads = realloc(f->heads, size * sizeof *heads);
    if (!heads)
        return ERR_MEMORY;
    f->heads = heads;
    f->size = size;
    return ERR_OK;
}

static void remove_at(struct frontier *f, size_t place)
{
    f->count--;
    memmove(&f->heads[place], &f->heads[place + 1], (f->count - place) * sizeof *f->heads);
}

static void insert(struct frontier *f, const struct head *head)
{
    size_t place = place_of(f, &head->log, head->seq, &head->entry);

    memmove(&f->heads[place + 1], &f->heads[place], (f->count - place) * sizeof *f->heads);
    f->heads[place] = *head;
    f->count++;
    f->roots->are_known = false;
}

/* Puts `head` in the place of a tip; mostly it is the only one of its log and nothing else moves. */
static void replace(struct frontier *f, size_t place, const struct head *head)
{
    bool after = place == 0 || compare(&f->heads[place - 1], &head->log, head->seq, &head->entry) < 0;
    bool before = place + 1 == f->count || compare(&f->heads[place + 1], &head->log, head->seq, &head->entry) > 0;

    f->roots->are_known = false;
    if (after && before) {
        f->heads[place] = *head;
        return;
    }
    remove_at(f, place);
    insert(f, head);
}

static enum err insert_new(struct frontier *f, const struct head *head, size_t tips)
{
    enum err err;

    if (tips == 0 ? f->logs == LIMIT_LOGS : tips >= LIMIT_BRANCHES || f->count - f->logs == LIMIT_FORKS)
        return ERR_LIMIT;
    if ((err = grow(f)))
        return err;
    f->logs += tips == 0;
    insert(f, head);
    return ERR_OK;
}

enum err frontier_add(struct frontier *f, const struct id *prev, const struct head *head, bool *branches)
{
    const struct head copy = *head; /* It may be lent from this very frontier. */
    size_t first, tips = frontier_tips(f, &copy.log, &first);

    assert(copy.seq > 0);
    if (branches)
        *branches = false;
    for (size_t i = first; i < first + tips; i++) {
        if (id_equal(&f->heads[i].entry, &copy.entry))
            return ERR_OK;
        if (prev && id_equal(&f->heads[i].entry, prev)) {
            replace(f, i, &copy);
            return ERR_OK;
        }
    }
    if (branches)
        *branches = tips > 0;
    return insert_new(f, &copy, tips);
}

enum err frontier_set(struct frontier *f, const struct head *head)
{
    const struct head copy = *head;
    size_t first, tips = frontier_tips(f, &copy.log, &first);

    assert(copy.seq > 0);
    if (tips == 0)
        return insert_new(f, &copy, 0);
    replace(f, main_of(f, first, tips), &copy);
    return ERR_OK;
}

void frontier_ask(struct frontier *f, frontier_find_fn *find, void *context)
{
    f->find = find;
    f->context = context;
}

enum err frontier_entry(const struct frontier *f, const struct id *log, uint64_t seq, struct bytes beginning,
                        struct head *head)
{
    size_t first, tips = frontier_tips(f, log, &first);
    uint64_t newest = 0;

    for (size_t i = first; i < first + tips; i++) {
        newest = f->heads[i].seq;
        if (newest == seq && id_begins(&f->heads[i].entry, beginning)) {
            *head = f->heads[i];
            return ERR_OK;
        }
    }
    return seq < 1 || seq > newest || !f->find ? ERR_MISSING : f->find(f->context, log, seq, beginning, head);
}

uint64_t frontier_entries(const struct frontier *f)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < f->count; i++)
        if (i + 1 == f->count || !id_equal(&f->heads[i].log, &f->heads[i + 1].log))
            sum += f->heads[i].seq;
    return sum;
}

static void add_head(struct id_hasher *hasher, const struct head *head)
{
    uint8_t seq[8];

    for (size_t i = 0; i < sizeof seq; i++)
        seq[i] = (uint8_t)(head->seq >> (8 * (sizeof seq - 1 - i)));
    id_hasher_add(hasher, id_bytes(&head->log));
    id_hasher_add(hasher, bytes_of(seq, sizeof seq));
    if (!MUTANT(MUTANT_SEQ_ONLY))
        id_hasher_add(hasher, id_bytes(&head->entry));
}

/* Whether the tips from here on are of a log that has as many as are kept. */
static bool is_crowded(const struct frontier *f, size_t first)
{
    size_t last = first + LIMIT_BRANCHES - 1;

    return last < f->count && id_equal(&f->heads[first].log, &f->heads[last].log);
}

static const struct roots *roots(const struct frontier *f)
{
    struct id_hasher all;
    struct id_hasher governance;

    if (f->roots->are_known)
        return f->roots;
    id_hasher_begin(&all, ID_FRONTIER);
    id_hasher_begin(&governance, ID_FRONTIER);
    for (size_t i = 0; i < f->count; i++)
        if (role_governs(f->heads[i].role))
            add_head(&governance, &f->heads[i]);
    for (size_t i = 0; i < f->count; i++) {
        bool crowded = is_crowded(f, i);
        const struct head mark = {.log = f->heads[i].log};

        add_head(&all, crowded ? &mark : &f->heads[i]);
        i += crowded ? LIMIT_BRANCHES - 1 : 0;
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

struct id frontier_stamp(const struct frontier *f)
{
    struct id_hasher hasher;

    id_hasher_begin(&hasher, ID_FRONTIER);
    for (size_t i = 0; i < f->count; i++)
        add_head(&hasher, &f->heads[i]);
    return id_hasher_end(&hasher);
}
