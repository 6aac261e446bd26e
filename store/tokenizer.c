/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/tokenizer.h"

_Static_assert(WORD_SIZE_MAX + 2 <= UINT8_MAX, "the length of a term is a byte");

static void tell(struct buffer *out, const char *before, struct bytes term)
{
    uint8_t written[1 + 2 + WORD_SIZE_MAX];
    size_t len = 1;

    while (*before != '\0')
        written[len++] = (uint8_t)*before++;
    memcpy(written + len, term.at, term.len);
    len += term.len;
    written[0] = (uint8_t)(len - 1);
    buffer_add(out, bytes_of(written, len));
}

static uint32_t bit(enum tokenizer_section section)
{
    return 1u << section;
}

/* The fields of which a word of this section is a term. */
static uint32_t fields_of(enum tokenizer_section section)
{
    switch (section) {
    case TOKENIZER_TITLE:
    case TOKENIZER_HEAD:
    case TOKENIZER_BODY:
    case TOKENIZER_PEOPLE: return bit(section) | bit(TOKENIZER_HEAD) | bit(TOKENIZER_TEXT);
    case TOKENIZER_TEXT:
    case TOKENIZER_FACETS: break;
    }
    return bit(TOKENIZER_TEXT);
}

/* A term of those fields that were not told of it yet. */
static void tell_fields(struct buffer *out, uint32_t fields, uint32_t *said, const char *mark, struct bytes term)
{
    fields &= ~*said;
    *said |= fields;
    if (fields & bit(TOKENIZER_TEXT))
        tell(out, mark, term);
    for (int field = TOKENIZER_TITLE; fields != 0 && field < TOKENIZER_TEXT; field++)
        if (fields & 1u << field)
            tell(out, (const char[]){(char)field, mark[0], '\0'}, term);
}

static void tell_word(struct buffer *out, uint32_t fields, struct terms_word *word)
{
    tell_fields(out, fields, &word->said, "", word->form);
    for (size_t i = word->is_own; i < word->key_count; i++) {
        struct terms_key *key = word->keys[i];

        if (!bytes_equal(key->name, word->form))
            tell_fields(out, fields, &key->said, "=", key->name);
        if (++key->count == TOKENIZER_OFTEN)
            tell(out, "+", key->name);
    }
}

static enum err tell_words(struct terms *terms, uint32_t fields, struct bytes text, struct buffer *out)
{
    struct word_reader reader = word_reader(text);
    struct terms_word *words[TERMS_AHEAD];
    size_t count;
    enum err err;

    while (!(err = terms_read(terms, &reader, words, &count)) && count > 0)
        for (size_t i = 0; i < count; i++)
            tell_word(out, fields, words[i]);
    return err;
}

static void tell_facets(struct bytes text, struct buffer *out)
{
    while (text.len > 0) {
        const uint8_t *space = memchr(text.at, ' ', text.len);
        size_t len = space ? (size_t)(space - text.at) : text.len;

        if (len > 0 && len <= WORD_SIZE_MAX)
            tell(out, "~", bytes_of(text.at, len));
        text = bytes_from(text, len + 1);
    }
}

enum err tokenizer_write(struct terms *terms, struct bytes text, struct buffer *out)
{
    size_t at = 0;
    enum err err = ERR_OK;

    terms_begin(terms);
    while (!err && at < text.len) {
        bool is_mark = text.at[at] > 0 && text.at[at] < TOKENIZER_SECTIONS_END;
        size_t from = at + is_mark, to = from;
        enum tokenizer_section section = is_mark ? (enum tokenizer_section)text.at[at] : TOKENIZER_TEXT;

        while (to < text.len && (text.at[to] == 0 || text.at[to] >= TOKENIZER_SECTIONS_END))
            to++;
        if (section == TOKENIZER_FACETS)
            tell_facets(bytes_of(text.at + from, to - from), out);
        else
            err = tell_words(terms, fields_of(section), bytes_of(text.at + from, to - from), out);
        at = to;
    }
    return err ? err : buffer_error(out);
}
