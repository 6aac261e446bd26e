/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/terms.h"

#include "store/dictionary.h"
#include "store/hebrew.h"

#include <stddef.h>
#include <stdlib.h>

/*
 * What was found out of words is kept for the texts to come.  When there are as many as was said, they become the earlier ones, from
 * which those that are met again are taken over, and what was earlier then is forgotten: words that are often met stay.
 */

/* ---- memory that is given back at once ---- */

#define CHUNK_SIZE ((size_t)256 * 1024)

struct chunk {
    struct chunk *next;
    _Alignas(max_align_t) uint8_t at[CHUNK_SIZE];
};

struct arena {
    struct chunk *newest, *spare;
    size_t used; /* Of the newest. */
};

/* Zeroed; `size` is at most CHUNK_SIZE. */
static void *allot(struct arena *arena, size_t size)
{
    size = (size + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
    if (!arena->newest || arena->used + size > CHUNK_SIZE) {
        struct chunk *chunk = arena->spare ? arena->spare : malloc(sizeof *chunk);

        if (!chunk)
            return NULL;
        arena->spare = arena->spare ? chunk->next : NULL;
        chunk->next = arena->newest;
        arena->newest = chunk;
        arena->used = 0;
    }
    void *at = arena->newest->at + arena->used;
    arena->used += size;
    return memset(at, 0, size);
}

/* For what is allotted next. */
static void spare_all(struct arena *arena)
{
    while (arena->newest) {
        struct chunk *chunk = arena->newest;

        arena->newest = chunk->next;
        chunk->next = arena->spare;
        arena->spare = chunk;
    }
}

static void give_back(struct arena *arena)
{
    spare_all(arena);
    while (arena->spare) {
        struct chunk *next = arena->spare->next;

        free(arena->spare);
        arena->spare = next;
    }
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

struct generation {
    struct table words, keys;
    struct arena arena;
};

struct terms {
    struct generation now, earlier;
    size_t words_kept;
    uint64_t seed, text;
};

static uint64_t load(const uint8_t *at, size_t len)
{
    uint64_t word = 0;

    memcpy(&word, at, len);
    return word;
}

/* The seed is what a writer of texts does not know: so nobody makes words that all fall on one place. */
static uint64_t hash_name(uint64_t seed, struct bytes name)
{
    uint64_t h = seed ^ name.len;

    for (; name.len > 0; name = bytes_from(name, 8)) {
        h = (h ^ load(name.at, name.len < 8 ? name.len : 8)) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return h * 0x9e3779b97f4a7c15u >> 7;
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
static void *take_hashed(struct terms *terms, struct table *table, uint64_t hash, struct bytes name, size_t size,
                         bool *made)
{
    *made = false;
    if (table->count * 2 >= table->size && !grow(table))
        return NULL;
    struct slot *slot = find(table, hash, name);
    if (slot->thing)
        return slot->thing;
    struct named *thing = allot(&terms->now.arena, size + name.len);
    if (!thing)
        return NULL;
    memcpy((uint8_t *)thing + size, name.at, name.len);
    thing->name = bytes_of((uint8_t *)thing + size, name.len);
    *slot = (struct slot){.hash = hash, .thing = thing};
    table->count++;
    *made = true;
    return thing;
}

static void *take(struct terms *terms, struct table *table, struct bytes name, size_t size, bool *made)
{
    return take_hashed(terms, table, hash_name(terms->seed, name), name, size, made);
}

static void *look_up(const struct table *table, uint64_t seed, struct bytes name)
{
    return table->count > 0 ? find(table, hash_name(seed, name), name)->thing : NULL;
}

static void forget(struct generation *generation)
{
    free(generation->words.at);
    free(generation->keys.at);
    give_back(&generation->arena);
    *generation = (struct generation){.words = {.at = NULL}};
}

/* Memory stays for the words to come, but what a text of extraordinary many took. */
static void empty(struct generation *generation, size_t words_kept)
{
    if (generation->words.count >= 2 * words_kept) {
        forget(generation);
        return;
    }
    if (generation->words.at)
        memset(generation->words.at, 0, generation->words.size * sizeof *generation->words.at);
    if (generation->keys.at)
        memset(generation->keys.at, 0, generation->keys.size * sizeof *generation->keys.at);
    generation->words.count = generation->keys.count = 0;
    spare_all(&generation->arena);
}

static void grow_old(struct terms *terms)
{
    struct generation oldest = terms->earlier;

    terms->earlier = terms->now;
    empty(&oldest, terms->words_kept);
    terms->now = oldest;
}

/* ---- words ---- */

struct entry_of_word { /* Named by the word as written: forms that are one may differ in what they mean. */
    struct bytes name;
    struct terms_word word;
};

struct terms *terms_new(size_t words_kept)
{
    struct terms *terms = calloc(1, sizeof *terms);

    if (!terms)
        return NULL;
    terms->words_kept = words_kept;
    terms->seed = (uint64_t)(uintptr_t)terms * 0x9e3779b97f4a7c15u ^ (uint64_t)(uintptr_t)&terms;
    return terms;
}

void terms_rest(struct terms *terms, size_t words)
{
    if (terms->now.words.count + terms->earlier.words.count <= words)
        return;
    forget(&terms->now);
    forget(&terms->earlier);
}

void terms_free(struct terms *terms)
{
    if (!terms)
        return;
    forget(&terms->now);
    forget(&terms->earlier);
    free(terms);
}

void terms_begin(struct terms *terms)
{
    terms->text++;
    if (terms->now.words.count >= terms->words_kept)
        grow_old(terms);
}

struct filling {
    struct terms *terms;
    struct terms_word *out;
    struct terms_key *keys[TERMS_KEYS_MAX];
};

static bool add_key(struct filling *f, struct bytes name)
{
    bool made;
    struct terms_key *key = take(f->terms, &f->terms->now.keys, name, sizeof *key, &made);

    if (!key)
        return false;
    for (size_t i = 0; i < f->out->key_count; i++)
        if (f->keys[i] == key) {
            f->out->is_own = f->out->is_own && i > 0;
            return true;
        }
    if (f->out->key_count < TERMS_KEYS_MAX)
        f->keys[f->out->key_count++] = key;
    return true;
}

static bool add_skeleton(struct filling *f, struct bytes form)
{
    uint8_t skeleton[WORD_SIZE_MAX];

    return add_key(f, hebrew_skeleton(form, skeleton));
}

static bool add_guesses(struct filling *f, const struct word *word)
{
    struct hebrew_guess guesses[HEBREW_GUESSES_MAX];
    size_t count = hebrew_guess(f->out->form, word->is_abbreviation, guesses);

    for (size_t i = 0; i < count; i++)
        if (!add_skeleton(f, bytes_of(guesses[i].at, guesses[i].len)))
            return false;
    return true;
}

static bool add_hebrew(struct filling *f, const struct word *word)
{
    struct dictionary_stem stems[DICTIONARY_STEMS_MAX];
    struct terms_word *out = f->out;
    size_t count = dictionary_stems(word->written, stems);

    out->is_known = count > 0;
    for (size_t i = 0; i < count && !out->is_base; i++)
        out->is_base = bytes_equal(bytes_of(stems[i].at, stems[i].len), out->form);
    /* Its own skeleton too; and of a text when it looks like a feminine noun: אסיפה is known, but as a form of אסיף. */
    if (count > 0 && !add_skeleton(f, out->form))
        return false;
    out->is_own = count > 0 && !hebrew_ends_in_he(out->form);
    for (size_t i = 0; i < count; i++)
        if (!add_skeleton(f, bytes_of(stems[i].at, stems[i].len)))
            return false;
    /* Initials are short, and the dictionary takes many of them for other words. */
    return (count > 0 && !word->is_abbreviation) || add_guesses(f, word);
}

/* budgets, budget's: of the languages in Latin letters, the plural of the commonest one. */
static bool add_other(struct filling *f)
{
    struct bytes form = f->out->form;

    if (form.len > 3 && form.at[form.len - 1] == 's' && form.at[form.len - 2] != 's')
        form.len--;
    return add_key(f, form);
}

static bool add_keys(struct filling *f, const struct word *word)
{
    switch (word->kind) {
    case WORD_HEBREW: return add_hebrew(f, word);
    case WORD_OTHER: return add_other(f);
    case WORD_NUMBER: break;
    }
    return true;
}

/* `name` is the word as written, which stays: most forms are the same. */
static bool copy_form(struct terms *terms, struct terms_word *out, struct bytes form, struct bytes name)
{
    bool same = bytes_equal(name, form);
    uint8_t *at = same ? NULL : allot(&terms->now.arena, form.len);

    if (!same && !at)
        return false;
    if (!same)
        memcpy(at, form.at, form.len);
    out->form = same ? name : bytes_of(at, form.len);
    return true;
}

static bool copy_keys(struct filling *f)
{
    struct terms_word *out = f->out;

    out->keys = allot(&f->terms->now.arena, (out->key_count + 1u) * sizeof(*out->keys));
    if (out->keys)
        memcpy(out->keys, f->keys, out->key_count * sizeof(*out->keys));
    return out->keys != NULL;
}

static bool fill(struct terms *terms, struct terms_word *out, const struct word *word, struct bytes name)
{
    struct filling f = {.terms = terms, .out = out};

    return copy_form(terms, out, word->form, name) && add_keys(&f, word) && copy_keys(&f);
}

static bool take_over(struct terms *terms, struct terms_word *out, const struct terms_word *earlier, struct bytes name)
{
    struct filling f = {.terms = terms, .out = out};
    bool made;

    out->is_known = earlier->is_known;
    out->is_base = earlier->is_base;
    out->is_own = earlier->is_own;
    for (; out->key_count < earlier->key_count; out->key_count++) {
        f.keys[out->key_count] =
            take(terms, &terms->now.keys, earlier->keys[out->key_count]->name, sizeof(struct terms_key), &made);
        if (!f.keys[out->key_count])
            return false;
    }
    return copy_form(terms, out, earlier->form, name) && copy_keys(&f);
}

static bool find_out(struct terms *terms, struct entry_of_word *entry, const struct word *word)
{
    const struct entry_of_word *earlier = look_up(&terms->earlier.words, terms->seed, word->written);
    bool done = earlier ? take_over(terms, &entry->word, &earlier->word, entry->name)
                        : fill(terms, &entry->word, word, entry->name);

    if (!done)
        entry->word.key_count = 0;
    return done;
}

static struct terms_word *know(struct terms *terms, const struct word *word, uint64_t hash)
{
    bool made;
    struct entry_of_word *entry = take_hashed(terms, &terms->now.words, hash, word->written, sizeof *entry, &made);

    return entry && (!made || find_out(terms, entry, word)) ? &entry->word : NULL;
}

/* Its counters begin with each text. */
static void meet(const struct terms *terms, struct terms_word *word)
{
    if (word->text == terms->text)
        return;
    word->text = terms->text;
    word->said = 0;
    for (size_t i = 0; i < word->key_count; i++)
        if (word->keys[i]->text != terms->text) {
            word->keys[i]->text = terms->text;
            word->keys[i]->count = word->keys[i]->said = 0;
        }
}

struct terms_word *terms_of(struct terms *terms, const struct word *word)
{
    struct terms_word *known = know(terms, word, hash_name(terms->seed, word->written));

    if (known)
        meet(terms, known);
    return known;
}

/* ---- many words ---- */

/* A word that is kept while others are read, and where it should be in the table. */
struct ahead {
    struct word word;
    uint64_t hash;
    uint8_t written[WORD_SIZE_MAX], form[WORD_SIZE_MAX];
};

static struct bytes keep(struct bytes from, uint8_t to[WORD_SIZE_MAX])
{
    memcpy(to, from.at, from.len);
    return bytes_of(to, from.len);
}

static size_t read_ahead(const struct terms *terms, struct word_reader *reader, struct ahead ahead[TERMS_AHEAD])
{
    const struct table *words = &terms->now.words;
    size_t count = 0;

    for (; count < TERMS_AHEAD && word_next(reader, &ahead[count].word); count++) {
        struct ahead *a = &ahead[count];

        a->word.written = keep(a->word.written, a->written);
        a->word.form = keep(a->word.form, a->form);
        a->hash = hash_name(terms->seed, a->word.written);
        if (words->size > 0)
            __builtin_prefetch(&words->at[a->hash & (words->size - 1)]);
    }
    for (size_t i = 0; i < count && words->size > 0; i++) {
        const struct slot *slot = &words->at[ahead[i].hash & (words->size - 1)];

        if (slot->thing) {
            __builtin_prefetch(slot->thing);
            __builtin_prefetch(slot->thing + 4); /* A line further, where its name is. */
        }
    }
    return count;
}

enum err terms_read(struct terms *terms, struct word_reader *reader, struct terms_word *words[TERMS_AHEAD],
                    size_t *count)
{
    struct ahead ahead[TERMS_AHEAD];

    *count = read_ahead(terms, reader, ahead);
    for (size_t i = 0; i < *count; i++) {
        if (!(words[i] = know(terms, &ahead[i].word, ahead[i].hash)))
            return ERR_MEMORY;
        __builtin_prefetch(words[i]->keys);
    }
    for (size_t i = 0; i < *count; i++)
        for (size_t k = 0; k < words[i]->key_count; k++)
            __builtin_prefetch(words[i]->keys[k]);
    for (size_t i = 0; i < *count; i++)
        meet(terms, words[i]);
    return ERR_OK;
}
