/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_TERMS_H
#define STORE_TERMS_H

/*
 * What a word is found by: its form as it was written, and keys that it shares with its other forms and spellings.  A key is
 * the skeleton (store/hebrew.h) of a word that this may be a form of, by the dictionary or, where that knows none, by guess.
 * Two words belong together when they share a key.
 */

#include "proto/error.h"
#include "store/word.h"

#define TERMS_KEYS_MAX 12

/* The counters are for who reads a text word by word (terms_begin()): zero at the first meeting in each text. */
struct terms_key {
    struct bytes name;
    uint64_t text;
    uint32_t count; /* How often it was met in this text ... */
    uint32_t said;  /* ... and what was told of it. */
};

struct terms_word {
    struct bytes form;
    struct terms_key **keys;
    uint64_t text;
    uint32_t said;
    uint8_t key_count;
    bool is_known;  /* To the dictionary. */
    bool is_base;   /* The dictionary has it as it stands: keys[0] alone says what it most likely means. */
    bool is_own;    /* keys[0] is its own skeleton and no stem's: it is asked for, and not told of a text. */
};

struct terms;

/* Of some `words_kept` words and as many earlier ones it is kept what they are found by.  NULL when memory is out. */
struct terms *terms_new(size_t words_kept);
void terms_free(struct terms *terms);

/* Forgets all, between texts, when that is of more words than these. */
void terms_rest(struct terms *terms, size_t words);

/* Begins another text: counters are zero again, and what was lent is not good any more. */
void terms_begin(struct terms *terms);

/* The terms of a word, lent until terms_begin(); NULL when memory is out. */
struct terms_word *terms_of(struct terms *terms, const struct word *word);

/*
 * The terms of the words that come next, in their order, and none at the end: as many at once as it takes to have memory brought
 * near while others are looked at, which a text is full of.  ERR_MEMORY.
 */
#define TERMS_AHEAD 16
enum err terms_read(struct terms *terms, struct word_reader *reader, struct terms_word *words[TERMS_AHEAD], size_t *count);

#endif
