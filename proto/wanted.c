/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/wanted.h"

#include <stdlib.h>

/* A file under way. */
struct work {
    struct file_state state;
    bool list_asked;
    uint8_t asked[LIMIT_CHUNKS / 8];
};

struct share { /* What was asked for of a kibbutz, or of an author. */
    struct id id;
    uint64_t asked;
    size_t files;
};

struct slot {
    struct wanted_file file;
    uint64_t serial;
    size_t kibbutz, author; /* Places in `shares`. */
    uint8_t refused[WANTED_LINKS / 8];
    struct work *work; /* NULL: nothing was asked for yet. */
};

struct wanted {
    struct slot *slots; /* In order of digest. */
    size_t count, size;
    struct share *shares;
    size_t share_count, share_size;
    size_t open; /* Slots with work. */
    uint64_t serial;
    wanted_state_fn *state;
    void *context;
};

struct wanted *wanted_new(wanted_state_fn *state, void *context)
{
    struct wanted *w = calloc(1, sizeof *w);

    if (w) {
        w->state = state;
        w->context = context;
    }
    return w;
}

void wanted_free(struct wanted *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->count; i++)
        free(w->slots[i].work);
    free(w->slots);
    free(w->shares);
    free(w);
}

size_t wanted_count(const struct wanted *w)
{
    return w->count;
}

static size_t place_of(const struct wanted *w, const struct id *digest)
{
    size_t low = 0, high = w->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (id_compare(&w->slots[middle].file.digest, digest) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct slot *find(const struct wanted *w, const struct id *digest)
{
    size_t place = place_of(w, digest);

    return place < w->count && id_equal(&w->slots[place].file.digest, digest) ? &w->slots[place] : NULL;
}

const struct wanted_file *wanted_find(const struct wanted *w, const struct id *digest)
{
    const struct slot *slot = find(w, digest);

    return slot ? &slot->file : NULL;
}

/* ---- turns ---- */

/* Who had nothing to wait for begins level with those that wait: what was not asked for is not saved up. */
static void level(const struct wanted *w, struct share *share)
{
    uint64_t least = UINT64_MAX;

    for (size_t i = 0; i < w->share_count; i++)
        if (w->shares[i].files > 0 && w->shares[i].asked < least)
            least = w->shares[i].asked;
    if (share->files == 0 && least != UINT64_MAX && share->asked < least)
        share->asked = least;
}

static bool join_share(struct wanted *w, const struct id *id, size_t *place)
{
    size_t i = 0;

    while (i < w->share_count && !id_equal(&w->shares[i].id, id))
        i++;
    if (i == w->share_size) {
        size_t size = w->share_size ? w->share_size * 2 : 16;
        struct share *shares = realloc(w->shares, size * sizeof *shares);

        if (!shares)
            return false;
        w->shares = shares;
        w->share_size = size;
    }
    if (i == w->share_count)
        w->shares[w->share_count++] = (struct share){.id = *id};
    level(w, &w->shares[i]);
    w->shares[i].files++;
    *place = i;
    return true;
}

static bool is_before(const struct wanted *w, const struct slot *a, const struct slot *b)
{
    const struct share *shares = w->shares;

    if (a->kibbutz != b->kibbutz && shares[a->kibbutz].asked != shares[b->kibbutz].asked)
        return shares[a->kibbutz].asked < shares[b->kibbutz].asked;
    if (a->author != b->author && shares[a->author].asked != shares[b->author].asked)
        return shares[a->author].asked < shares[b->author].asked;
    return a->serial < b->serial;
}

/* ---- adding and removing ---- */

static enum err make_room(struct wanted *w)
{
    size_t size = w->size ? w->size * 2 : 16;

    if (w->count == LIMIT_WANTED)
        return ERR_LIMIT;
    if (w->count < w->size)
        return ERR_OK;
    struct slot *slots = realloc(w->slots, size * sizeof *slots);
    if (!slots)
        return ERR_MEMORY;
    w->slots = slots;
    w->size = size;
    return ERR_OK;
}

bool wanted_is_here(const struct wanted *w, const struct id *digest, uint64_t size)
{
    struct file_state state = {.whole = false};

    if (w->state)
        w->state(w->context, digest, size, &state);
    return state.whole;
}

enum err wanted_add(struct wanted *w, const struct wanted_file *file)
{
    struct slot slot = {.file = *file}, *known = find(w, &file->digest);
    size_t place = place_of(w, &file->digest);

    if (known && known->file.restricted && !file->restricted)
        known->file = *file; /* More peers may give it by this content. */
    if (known || wanted_is_here(w, &file->digest, file->size))
        return ERR_OK;
    enum err err = make_room(w);
    if (err)
        return err;
    if (!join_share(w, &file->kibbutz, &slot.kibbutz) || !join_share(w, &file->log, &slot.author))
        return ERR_MEMORY;
    slot.serial = ++w->serial;
    memmove(w->slots + place + 1, w->slots + place, (w->count - place) * sizeof *w->slots);
    w->slots[place] = slot;
    w->count++;
    return ERR_OK;
}

static void remove_slot(struct wanted *w, struct slot *slot)
{
    w->shares[slot->kibbutz].files--;
    w->shares[slot->author].files--;
    w->open -= slot->work != NULL;
    free(slot->work);
    w->count--;
    memmove(slot, slot + 1, (size_t)(w->slots + w->count - slot) * sizeof *slot);
}

void wanted_remove(struct wanted *w, const struct id *digest)
{
    struct slot *slot = find(w, digest);

    if (slot)
        remove_slot(w, slot);
}

const struct wanted_file *wanted_at(const struct wanted *w, size_t place)
{
    return &w->slots[place].file;
}

void wanted_forget_at(struct wanted *w, size_t place)
{
    remove_slot(w, &w->slots[place]);
}

/* ---- asking ---- */

/* A chunk that is neither here nor asked for. */
static bool find_chunk(const struct slot *slot, size_t *chunk)
{
    const struct work *work = slot->work;
    size_t count = file_chunks(slot->file.size);

    *chunk = count > 1 ? WANTED_LIST : 0;
    if (!work)
        return true;
    if (count > 1 && work->state.list_len == 0)
        return !work->list_asked;
    for (size_t i = 0; i < count; i++) {
        *chunk = i;
        if (!file_state_has(&work->state, i) && !(work->asked[i / 8] >> i % 8 & 1))
            return true;
    }
    return false;
}

static bool open_work(struct wanted *w, struct slot *slot)
{
    if (slot->work)
        return true;
    if (!(slot->work = calloc(1, sizeof *slot->work)))
        return false;
    w->open++;
    if (w->state)
        w->state(w->context, &slot->file.digest, slot->file.size, &slot->work->state);
    return true;
}

static void note_asked(struct wanted *w, struct slot *slot, size_t chunk)
{
    uint64_t size = chunk == WANTED_LIST ? 0 : file_chunk_size(slot->file.size, chunk) + 1;

    w->shares[slot->kibbutz].asked += size;
    w->shares[slot->author].asked += size;
    if (chunk == WANTED_LIST)
        slot->work->list_asked = true;
    else
        slot->work->asked[chunk / 8] |= (uint8_t)(1 << chunk % 8);
}

bool wanted_next(struct wanted *w, unsigned link, const struct wanted_file **file, size_t *chunk)
{
    struct slot *best = NULL;
    size_t any;

    for (size_t i = 0; i < w->count; i++) {
        struct slot *slot = &w->slots[i];

        if ((slot->refused[link / 8] >> link % 8 & 1) || (!slot->work && w->open >= LIMIT_FILES_OPEN) ||
            !find_chunk(slot, &any))
            continue;
        if (!best || is_before(w, slot, best))
            best = slot;
    }
    if (!best || !open_work(w, best) || !find_chunk(best, chunk))
        return false;
    note_asked(w, best, *chunk);
    *file = &best->file;
    return true;
}

void wanted_unask(struct wanted *w, const struct id *digest, size_t chunk)
{
    struct slot *slot = find(w, digest);

    if (!slot || !slot->work)
        return;
    if (chunk == WANTED_LIST)
        slot->work->list_asked = false;
    else
        slot->work->asked[chunk / 8] &= (uint8_t) ~(1 << chunk % 8);
}

/* ---- peers ---- */

void wanted_refuse(struct wanted *w, const struct id *digest, unsigned link)
{
    struct slot *slot = find(w, digest);

    if (slot)
        slot->refused[link / 8] |= (uint8_t)(1 << link % 8);
}

void wanted_offer(struct wanted *w, const struct id *digest, unsigned link)
{
    struct slot *slot = find(w, digest);

    if (slot)
        slot->refused[link / 8] &= (uint8_t) ~(1 << link % 8);
}

void wanted_hope(struct wanted *w, unsigned link)
{
    for (size_t i = 0; i < w->count; i++)
        w->slots[i].refused[link / 8] &= (uint8_t) ~(1 << link % 8);
}

bool wanted_may_come(const struct wanted *w, const struct id *digest, unsigned link)
{
    const struct slot *slot = find(w, digest);

    return slot && !(slot->refused[link / 8] >> link % 8 & 1);
}

/* ---- what comes ---- */

const struct file_state *wanted_state(const struct wanted *w, const struct id *digest)
{
    const struct slot *slot = find(w, digest);

    return slot && slot->work ? &slot->work->state : NULL;
}

void wanted_keep_list(struct wanted *w, const struct id *digest, struct bytes list)
{
    struct slot *slot = find(w, digest);

    if (!slot || !slot->work || slot->work->state.list_len > 0 || list.len > sizeof slot->work->state.list)
        return;
    memcpy(slot->work->state.list, list.at, list.len);
    slot->work->state.list_len = list.len;
}

bool wanted_keep_chunk(struct wanted *w, const struct id *digest, size_t chunk)
{
    struct slot *slot = find(w, digest);

    if (!slot || !slot->work)
        return false;
    file_state_add(&slot->work->state, chunk);
    if (slot->work->state.count < file_chunks(slot->file.size))
        return false;
    remove_slot(w, slot);
    return true;
}
