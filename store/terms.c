/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/terms.h"

#include "store/dictionary.h"
#include "store/hebrew.h"

#include <stdlib.h>

#define WORDS_KEPT 60000 /* Between texts.  A text has at most as many words as the tokenizer reads of it. */

/* ---- a table by name, of things that begin with it ---- */

struct named {
    struct bytes name;
};

struct table {
    struct named **at;
    size_t count, size; /* A power of two, at most half full. */
};

struct terms {
    struct table words, keys;
    uint64_t seed, text;
};

/* The seed is what a writer of texts does not know: so nobody makes words that all fall on one place. */
static uint64_t hash(uint64_t seed, struct bytes name)
{
    uint64_t h = seed ^ name.len;

    for (size_t i = 0; i < name.len; i++) {
        h = (h ^ name.at[i]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return h;
}

static struct named **find(const struct table *table, uint64_t seed, struct bytes name)
{
    size_t i = (size_t)hash(seed, name) & (table->size - 1);

    while (table->at[i] && !bytes_equal(table->at[i]->name, name))
        i = (i + 1) & (table->size - 1);
    return &table->at[i];
}

static bool grow(struct table *table, uint64_t seed)
{
    struct table larger = {.count = table->count, .size = table->size ? table->size * 2 : 1024};

    larger.at = calloc(larger.size, sizeof(struct named *));
    if (!larger.at)
        return false;
    for (size_t i = 0; i < table->size; i++)
        if (table->at[i])
            *find(&larger, seed, table->at[i]->name) = table->at[i];
    free(table->at);
    *table = larger;
    return true;
}

/* The thing of that name; a new one of `size` bytes, and so `made`, where there was none. */
static void *take(struct table *table, uint64_t seed, struct bytes name, size_t size, bool *made)
{
    *made = false;
    if (table->count * 2 >= table->size && !grow(table, seed))
        return NULL;
    struct named **place = find(table, seed, name);
    if (*place)
        return *place;
    struct named *thing = calloc(1, size + name.len);
    if (!thing)
        return NULL;
    memcpy((uint8_t *)thing + size, name.at, name.len);
    thing->name = bytes_of((uint8_t *)thing + size, name.len);
    *place = thing;
    table->count++;
    *made = true;
    return thing;
}

static void empty(struct table *table)
{
    for (size_t i = 0; i < table->size; i++)
        free(table->at[i]);
    free(table->at);
    *table = (struct table){.count = 0};
}

/* ---- words ---- */

struct entry_of_word { /* Named by the word as written: forms that are one may differ in what they mean. */
    struct bytes name;
    struct terms_word word;
    uint8_t form[WORD_SIZE_MAX];
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
    empty(&terms->words);
    empty(&terms->keys);
    free(terms);
}

void terms_begin(struct terms *terms)
{
    terms->text++;
    if (terms->words.count < WORDS_KEPT)
        return;
    empty(&terms->words);
    empty(&terms->keys);
}

static bool add_key(struct terms *terms, struct terms_word *word, struct bytes name)
{
    bool made;
    struct terms_key *key = take(&terms->keys, terms->seed, name, sizeof *key, &made);

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

static bool fill(struct terms *terms, struct entry_of_word *entry, const struct word *word)
{
    memcpy(entry->form, word->form.at, word->form.len);
    entry->word = (struct terms_word){.form = bytes_of(entry->form, word->form.len)};
    switch (word->kind) {
    case WORD_HEBREW: return add_hebrew(terms, &entry->word, word);
    case WORD_OTHER: return add_other(terms, &entry->word);
    case WORD_NUMBER: break;
    }
    return true;
}

struct terms_word *terms_of(struct terms *terms, const struct word *word)
{
    bool made;
    struct entry_of_word *entry = take(&terms->words, terms->seed, word->written, sizeof *entry, &made);

    if (!entry || (made && !fill(terms, entry, word)))
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
