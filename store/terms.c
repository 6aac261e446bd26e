/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/terms.h"

#include "store/dictionary.h"
#include "store/hebrew.h"

#include <stddef.h>
#include <stdlib.h>

#define WORDS_KEPT 60000 /* Between texts.  A text has at most as many words as the tokenizer reads of it. */

/* ---- memory that is given back at once ---- */

#define CHUNK_SIZE ((size_t)256 * 1024)

struct chunk {
    struct chunk *next;
    _Alignas(max_align_t) uint8_t at[CHUNK_SIZE];
};

struct arena {
    struct chunk *newest;
    size_t used; /* Of the newest. */
};

/* Zeroed; `size` is at most CHUNK_SIZE. */
static void *allot(struct arena *arena, size_t size)
{
    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (!arena->newest || arena->used + size > CHUNK_SIZE) {
        struct chunk *chunk = malloc(sizeof *chunk);

        if (!chunk)
            return NULL;
        chunk->next = arena->newest;
        *arena = (struct arena){.newest = chunk};
    }
    void *at = arena->newest->at + arena->used;
    arena->used += size;
    return memset(at, 0, size);
}

static void give_back(struct arena *arena)
{
    while (arena->newest) {
        struct chunk *next = arena->newest->next;

        free(arena->newest);
        arena->newest = next;
    }
    arena->used = 0;
}

/* ---- a table by name, of things that begin with it ---- */

struct named {
    struct bytes name;
};

struct slot {
    uint64_t hash; /* Compared first: what it leads to lies somewhere else in memory. */
    struct named *thing;
};

struct table {
    struct slot *at;
    size_t count, size; /* A power of two, at most half full. */
};

struct terms {
    struct table words, keys;
    struct arena arena;
    uint64_t seed, text;
};

/* The seed is what a writer of texts does not know: so nobody makes words that all fall on one place. */
static uint64_t hash_name(uint64_t seed, struct bytes name)
{
    uint64_t h = seed ^ name.len;

    for (size_t i = 0; i < name.len; i++) {
        h = (h ^ name.at[i]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return h;
}

static struct slot *find(const struct table *table, uint64_t hash, struct bytes name)
{
    size_t i = (size_t)hash & (table->size - 1);

    while (table->at[i].thing && (table->at[i].hash != hash || !bytes_equal(table->at[i].thing->name, name)))
        i = (i + 1) & (table->size - 1);
    return &table->at[i];
}

static bool grow(struct table *table)
{
    struct table larger = {.count = table->count, .size = table->size ? table->size * 2 : 1024};

    larger.at = calloc(larger.size, sizeof *larger.at);
    if (!larger.at)
        return false;
    for (size_t i = 0; i < table->size; i++)
        if (table->at[i].thing)
            *find(&larger, table->at[i].hash, table->at[i].thing->name) = table->at[i];
    free(table->at);
    *table = larger;
    return true;
}

/* The thing of that name; a new one of `size` bytes, and so `made`, where there was none. */
static void *take(struct terms *terms, struct table *table, struct bytes name, size_t size, bool *made)
{
    uint64_t hash = hash_name(terms->seed, name);

    *made = false;
    if (table->count * 2 >= table->size && !grow(table))
        return NULL;
    struct slot *slot = find(table, hash, name);
    if (slot->thing)
        return slot->thing;
    struct named *thing = allot(&terms->arena, size + name.len);
    if (!thing)
        return NULL;
    memcpy((uint8_t *)thing + size, name.at, name.len);
    thing->name = bytes_of((uint8_t *)thing + size, name.len);
    *slot = (struct slot){.hash = hash, .thing = thing};
    table->count++;
    *made = true;
    return thing;
}

static void empty(struct table *table)
{
    free(table->at);
    *table = (struct table){.count = 0};
}

static void forget_all(struct terms *terms)
{
    empty(&terms->words);
    empty(&terms->keys);
    give_back(&terms->arena);
}

/* ---- words ---- */

struct entry_of_word { /* Named by the word as written: forms that are one may differ in what they mean. */
    struct bytes name;
    struct terms_word word;
};

struct terms *terms_new(void)
{
    struct terms *terms = calloc(1, sizeof *terms);

    if (terms)
        terms->seed = (uint64_t)(uintptr_t)terms * 0x9e3779b97f4a7c15u ^ (uint64_t)(uintptr_t)&terms;
    return terms;
}

void terms_free(struct terms *terms)
{
    if (!terms)
        return;
    forget_all(terms);
    free(terms);
}

void terms_begin(struct terms *terms)
{
    terms->text++;
    if (terms->words.count >= WORDS_KEPT)
        forget_all(terms);
}

static bool add_key(struct terms *terms, struct terms_word *word, struct bytes name)
{
    bool made;
    struct terms_key *key = take(terms, &terms->keys, name, sizeof *key, &made);

    if (!key)
        return false;
    for (size_t i = 0; i < word->key_count; i++)
        if (word->keys[i] == key)
            return true;
    if (word->key_count < TERMS_KEYS_MAX)
        word->keys[word->key_count++] = key;
    return true;
}

static bool add_skeleton(struct terms *terms, struct terms_word *word, struct bytes form)
{
    uint8_t skeleton[WORD_SIZE_MAX];

    return add_key(terms, word, hebrew_skeleton(form, skeleton));
}

static bool add_guesses(struct terms *terms, struct terms_word *out, const struct word *word)
{
    struct hebrew_guess guesses[HEBREW_GUESSES_MAX];
    size_t count = hebrew_guess(out->form, word->is_abbreviation, guesses);

    for (size_t i = 0; i < count; i++)
        if (!add_skeleton(terms, out, bytes_of(guesses[i].at, guesses[i].len)))
            return false;
    return true;
}

static bool add_hebrew(struct terms *terms, struct terms_word *out, const struct word *word)
{
    struct dictionary_stem stems[DICTIONARY_STEMS_MAX];
    size_t count = dictionary_stems(word->written, stems);

    out->is_known = count > 0;
    for (size_t i = 0; i < count && !out->is_base; i++)
        out->is_base = bytes_equal(bytes_of(stems[i].at, stems[i].len), out->form);
    /* Its own skeleton too: אסיפה is known, but as a form of אסיף. */
    if (count > 0 && !add_skeleton(terms, out, out->form))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!add_skeleton(terms, out, bytes_of(stems[i].at, stems[i].len)))
            return false;
    /* Initials are short, and the dictionary takes many of them for other words. */
    return (count > 0 && !word->is_abbreviation) || add_guesses(terms, out, word);
}

/* budgets, budget's: of the languages in Latin letters, the plural of the commonest one. */
static bool add_other(struct terms *terms, struct terms_word *out)
{
    struct bytes form = out->form;

    if (form.len > 3 && form.at[form.len - 1] == 's' && form.at[form.len - 2] != 's')
        form.len--;
    return add_key(terms, out, form);
}

static bool fill(struct terms *terms, struct terms_word *out, const struct word *word)
{
    uint8_t *form = allot(&terms->arena, word->form.len);

    if (!form)
        return false;
    memcpy(form, word->form.at, word->form.len);
    out->form = bytes_of(form, word->form.len);
    switch (word->kind) {
    case WORD_HEBREW: return add_hebrew(terms, out, word);
    case WORD_OTHER: return add_other(terms, out);
    case WORD_NUMBER: break;
    }
    return true;
}

struct terms_word *terms_of(struct terms *terms, const struct word *word)
{
    bool made;
    struct entry_of_word *entry = take(terms, &terms->words, word->written, sizeof *entry, &made);

    if (!entry || (made && !fill(terms, &entry->word, word)))
        return NULL;
    if (entry->word.text != terms->text) {
        entry->word.text = terms->text;
        entry->word.said = 0;
        for (size_t i = 0; i < entry->word.key_count; i++)
            if (entry->word.keys[i]->text != terms->text) {
                entry->word.keys[i]->text = terms->text;
                entry->word.keys[i]->count = entry->word.keys[i]->said = 0;
            }
    }
    return &entry->word;
}
