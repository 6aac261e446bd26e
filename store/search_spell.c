/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/search_spell.h"

#include "store/hebrew.h"
#include "store/index_search.h"
#include "store/search_match.h"

#include <stdio.h>

#define LETTERS_LEAST 4 /* Of a shorter word nobody can tell what it should be. */
#define LETTERS_MOST 14
#define FOUND_MAX 4

struct spelling {
    struct index *index;
    struct terms *terms;
    struct search_unit *unit;
    struct bytes form;
    struct buffer expression;
    size_t found;
    char *respelt;
    size_t size;
    enum err err;
};

static enum err is_there(struct spelling *s, struct bytes form, bool *there)
{
    uint8_t skeleton[WORD_SIZE_MAX];
    uint64_t number;
    size_t count = 0;
    bool hebrew = form.len > 0 && WORD_IS_HEBREW(form.at[0]);

    buffer_clear(&s->expression);
    enum err err =
        search_match_write_form(form, hebrew ? hebrew_skeleton(form, skeleton) : bytes_of(NULL, 0), &s->expression);
    if (!err)
        err = index_search_find(s->index, (const char *)s->expression.at, 1, &number, &count);
    *there = count > 0;
    return err;
}

static uint8_t final_of(uint8_t letter)
{
    return letter == 0xeb || letter == 0xee || letter == 0xf0 || letter == 0xf4 || letter == 0xf6
               ? (uint8_t)(letter - 1)
               : letter;
}

/* For people: letters of one byte as UTF-8, the last one in its final form. */
static void write_respelt(struct spelling *s, struct bytes form)
{
    size_t len = 0;

    for (size_t i = 0; i < form.len && len + 3 < s->size; i++) {
        if (WORD_IS_HEBREW(form.at[i])) {
            s->respelt[len++] = (char)0xd7;
            s->respelt[len++] = (char)((i + 1 == form.len ? final_of(form.at[i]) : form.at[i]) - 0x50);
        } else
            s->respelt[len++] = (char)form.at[i];
    }
    s->respelt[len] = '\0';
}

static void try_form(struct spelling *s, const uint8_t *form, size_t len)
{
    struct word word = {.kind = WORD_IS_HEBREW(form[0]) ? WORD_HEBREW : WORD_OTHER,
                        .written = bytes_of(form, len),
                        .form = bytes_of(form, len)};
    struct search_choice choice = {.count = 1};
    bool there = false;

    if (s->err || s->found == FOUND_MAX || s->unit->count == SEARCH_CHOICES_MAX || bytes_equal(word.form, s->form) ||
        (s->err = is_there(s, word.form, &there)) || !there)
        return;
    if (!(choice.words[0] = terms_of(s->terms, &word))) {
        s->err = ERR_MEMORY;
        return;
    }
    if (s->respelt[0] == '\0')
        write_respelt(s, word.form);
    s->unit->choices[s->unit->count++] = choice;
    s->found++;
}

/* Letters that sound alike to many. */
static uint8_t alike(uint8_t letter, size_t which)
{
    static const uint8_t pairs[][2] = {{0xe8, 0xfa}, {0xf7, 0xeb}, {0xe0, 0xf2}, {0xe7, 0xeb}, {0xf1, 0xf9},
                                       {0xe5, 0xe1}, {0xe0, 0xe4}, {0xf2, 0xe4}, {0xe7, 0xe4}};
    size_t seen = 0;

    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        for (size_t side = 0; side < 2; side++)
            if (pairs[i][side] == letter && seen++ == which)
                return pairs[i][1 - side];
    return 0;
}

static void try_sounds(struct spelling *s)
{
    uint8_t form[WORD_SIZE_MAX], other;

    for (size_t i = 0; i < s->form.len; i++)
        for (size_t which = 0; (other = alike(s->form.at[i], which)) != 0; which++) {
            memcpy(form, s->form.at, s->form.len);
            form[i] = other;
            try_form(s, form, s->form.len);
        }
}

/* Vowels that one writes and another does not. */
static void try_vowels(struct spelling *s)
{
    static const uint8_t vowels[] = {0xe0, 0xe5, 0xe9, 0xe4};
    uint8_t form[WORD_SIZE_MAX];

    for (size_t i = 1; i <= s->form.len; i++)
        for (size_t v = 0; v < sizeof vowels; v++) {
            memcpy(form, s->form.at, i);
            form[i] = vowels[v];
            memcpy(form + i + 1, s->form.at + i, s->form.len - i);
            try_form(s, form, s->form.len + 1);
        }
}

static void try_places(struct spelling *s)
{
    uint8_t form[WORD_SIZE_MAX];

    for (size_t i = 0; i + 1 < s->form.len; i++) {
        memcpy(form, s->form.at, s->form.len);
        form[i] = s->form.at[i + 1];
        form[i + 1] = s->form.at[i];
        try_form(s, form, s->form.len);
    }
}

static void try_without(struct spelling *s)
{
    uint8_t form[WORD_SIZE_MAX];

    for (size_t i = 0; i < s->form.len; i++) {
        memcpy(form, s->form.at, i);
        memcpy(form + i, s->form.at + i + 1, s->form.len - i - 1);
        try_form(s, form, s->form.len - 1);
    }
}

static bool is_letter(uint8_t byte)
{
    return byte != 0xea && byte != 0xed && byte != 0xef && byte != 0xf3 && byte != 0xf5; /* Finals are folded. */
}

/* Each letter in the place of one, or between two. */
static void try_letters(struct spelling *s)
{
    bool hebrew = WORD_IS_HEBREW(s->form.at[0]);
    uint8_t first = hebrew ? 0xe0 : 'a', last = hebrew ? 0xfa : 'z', form[WORD_SIZE_MAX + 1];

    for (size_t i = 0; i <= s->form.len; i++)
        for (uint8_t letter = first; letter <= last && !s->err && s->found < FOUND_MAX; letter++) {
            if (!is_letter(letter))
                continue;
            memcpy(form, s->form.at, i);
            form[i] = letter;
            memcpy(form + i + 1, s->form.at + i, s->form.len - i);
            try_form(s, form, s->form.len + 1);
            if (i < s->form.len) {
                memcpy(form, s->form.at, s->form.len);
                form[i] = letter;
                try_form(s, form, s->form.len);
            }
        }
}

static bool can_be_respelt(const struct search_unit *unit)
{
    const struct search_choice *typed = &unit->choices[0];

    return !unit->is_phrase && typed->count == 1 && typed->words[0]->key_count > 0 && !typed->words[0]->is_known &&
           typed->words[0]->form.len >= LETTERS_LEAST && typed->words[0]->form.len <= LETTERS_MOST;
}

static enum err unit_is_there(const struct search_plan *plan, size_t which, struct spelling *s, bool *there)
{
    static const struct search_rung anywhere = {SEARCH_IN_TEXT, SEARCH_IN_ANY_FORM, false, SEARCH_IN_TEXT};
    struct search_plan alone = {.count = 1};
    uint64_t number;
    size_t count = 0;

    alone.units[0] = plan->units[which];
    buffer_clear(&s->expression);
    enum err err = search_match_write(&alone, &anywhere, &s->expression);
    if (!err)
        err = index_search_find(s->index, (const char *)s->expression.at, 1, &number, &count);
    *there = count > 0;
    return err;
}

static void respell(struct spelling *s)
{
    s->form = s->unit->choices[0].words[0]->form;
    s->found = 0;
    try_sounds(s);
    if (WORD_IS_HEBREW(s->form.at[0]))
        try_vowels(s);
    try_places(s);
    try_without(s);
    if (s->found == 0)
        try_letters(s);
}

enum err search_spell(struct search_plan *plan, struct index *index, struct terms *terms, char *respelt, size_t size,
                      bool *any)
{
    struct spelling s = {
        .index = index, .terms = terms, .expression = BUFFER(SEARCH_MATCH_SIZE_MAX), .respelt = respelt, .size = size};

    *any = false;
    respelt[0] = '\0';
    for (size_t i = 0; i < plan->count && !s.err; i++) {
        bool there = true;

        s.unit = &plan->units[i];
        if (!search_unit_is_wanted(plan, s.unit) || !can_be_respelt(s.unit))
            continue;
        s.err = unit_is_there(plan, i, &s, &there);
        if (s.err || there)
            continue;
        respell(&s);
        *any |= s.found > 0;
    }
    buffer_free(&s.expression);
    return s.err;
}
