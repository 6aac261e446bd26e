/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/search_query.h"

#include "proto/text.h"
#include "store/word.h"

static const struct {
    const char *name;
    enum search_field field;
} FIELDS[] = {
    {"kind", SEARCH_KIND},     {"סוג", SEARCH_KIND},   {"kibbutz", SEARCH_KIBBUTZ}, {"קיבוץ", SEARCH_KIBBUTZ},
    {"קבוץ", SEARCH_KIBBUTZ},  {"body", SEARCH_BODY},  {"גוף", SEARCH_BODY},        {"ועדה", SEARCH_BODY},
    {"פורום", SEARCH_BODY},    {"year", SEARCH_YEAR},  {"שנה", SEARCH_YEAR},        {"שנת", SEARCH_YEAR},
    {"person", SEARCH_PERSON}, {"אדם", SEARCH_PERSON}, {"איש", SEARCH_PERSON},      {"state", SEARCH_STATE},
    {"מצב", SEARCH_STATE},
};

/* The quotation marks that open and close a phrase, as they are typed. */
static const char *const MARKS[] = {"\"", "״", "“", "”", "„", "«", "»"};

static bool is_space(uint8_t byte)
{
    return byte <= ' ';
}

static size_t mark_at(struct bytes text)
{
    for (size_t i = 0; i < sizeof MARKS / sizeof MARKS[0]; i++)
        if (text_take_prefix(&text, MARKS[i]))
            return strlen(MARKS[i]);
    return 0;
}

bool search_query_has_word(struct bytes text)
{
    struct word_reader reader = word_reader(text);
    struct word word;

    return word_next(&reader, &word);
}

static bool begins_word(struct bytes text)
{
    struct word_reader reader = word_reader(text);
    struct word word;

    return text.len > 0 && word_next(&reader, &word) && word.range.at == text.at;
}

/* A phrase from its opening mark: it ends at the next mark that no letter follows.  False: there is none. */
static bool take_phrase(struct bytes *rest, struct bytes *phrase)
{
    size_t open = mark_at(*rest), close;

    if (open == 0)
        return false;
    for (size_t i = open; i < rest->len; i++) {
        close = mark_at(bytes_from(*rest, i));
        if (close == 0 || begins_word(bytes_from(*rest, i + close)))
            continue;
        *phrase = bytes_of(rest->at + open, i - open);
        *rest = bytes_from(*rest, i + close);
        return true;
    }
    return false;
}

static struct bytes take_token(struct bytes *rest)
{
    size_t len = 0;

    while (len < rest->len && !is_space(rest->at[len]))
        len++;
    struct bytes token = bytes_of(rest->at, len);
    *rest = bytes_from(*rest, len);
    return token;
}

static bool equal_names(struct bytes typed, const char *name)
{
    if (typed.len != strlen(name))
        return false;
    for (size_t i = 0; i < typed.len; i++) {
        uint8_t byte = typed.at[i];
        if (byte >= 'A' && byte <= 'Z')
            byte = (uint8_t)(byte | 0x20);
        if (byte != (uint8_t)name[i])
            return false;
    }
    return true;
}

/* A field's name and its colon. */
static bool take_field(struct bytes *rest, enum search_field *field)
{
    struct bytes ahead = *rest, token = take_token(&ahead), name;

    if (!text_take(&token, ':', &name))
        return false;
    for (size_t i = 0; i < sizeof FIELDS / sizeof FIELDS[0]; i++)
        if (equal_names(name, FIELDS[i].name)) {
            *field = FIELDS[i].field;
            *rest = bytes_from(*rest, name.len + 1);
            return true;
        }
    return false;
}

/* A minus is one before a word or a phrase; before a number it is the number's. */
static bool take_minus(struct bytes *rest)
{
    struct bytes ahead = bytes_from(*rest, 1);

    if (rest->at[0] != '-' || ahead.len == 0 || (ahead.at[0] >= '0' && ahead.at[0] <= '9') ||
        (mark_at(ahead) == 0 && !begins_word(ahead)))
        return false;
    *rest = ahead;
    return true;
}

static void take_part(struct bytes *rest, struct search_query *query)
{
    struct search_part part = {.is_excluded = take_minus(rest)};

    (void)take_field(rest, &part.field);
    if (take_phrase(rest, &part.text))
        part.is_phrase = true;
    else
        part.text = take_token(rest);
    if (search_query_has_word(part.text))
        query->parts[query->count++] = part;
}

void search_query_read(struct bytes typed, struct search_query *query)
{
    struct bytes rest = typed;

    if (rest.len > SEARCH_QUERY_SIZE_MAX)
        rest.len = SEARCH_QUERY_SIZE_MAX;
    query->count = 0;
    for (;;) {
        while (rest.len > 0 && is_space(rest.at[0]))
            rest = bytes_from(rest, 1);
        if (rest.len == 0 || query->count == SEARCH_PARTS_MAX)
            return;
        take_part(&rest, query);
    }
}
