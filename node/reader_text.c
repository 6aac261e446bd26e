/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/reader_text.h"

#include "node/asset.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *reader_language_code(enum reader_language language)
{
    return language == READER_HEBREW ? "he" : "en";
}

/* ---- the catalogue: what msgfmt wrote, little-endian, sorted by text ---- */

#define MO_MAGIC 0x950412deU

static uint32_t word(size_t at)
{
    const uint8_t *byte = asset_pages_he_mo.at + at;

    assert(at + 4 <= asset_pages_he_mo.len);
    return byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 | (uint32_t)byte[3] << 24;
}

/* The text of that place in one of the two tables; NUL-terminated. */
static const char *entry(uint32_t table, uint32_t place, size_t *len)
{
    uint32_t at = word(table + 8 * place + 4);

    *len = word(table + 8 * place);
    assert(at + *len < asset_pages_he_mo.len);
    return (const char *)asset_pages_he_mo.at + at;
}

/* NULL: it is not in there. */
static const char *find(const char *text, size_t *len)
{
    uint32_t low = 0, high = word(8), texts = word(12), translations = word(16);

    assert(word(0) == MO_MAGIC);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(text, entry(texts, middle, len));

        if (order == 0)
            return entry(translations, middle, len);
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static const char *without_context(const char *text)
{
    const char *end = strchr(text, '\004');

    return end != NULL ? end + 1 : text;
}

enum reader_language reader_language_of_locale(void)
{
    static const char *const names[] = {"LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && value[0] != '\0')
            return strncmp(value, "he", 2) == 0 || strncmp(value, "iw", 2) == 0 ? READER_HEBREW : READER_ENGLISH;
    }
    return READER_ENGLISH;
}

const char *reader_text(enum reader_language language, const char *text)
{
    size_t len;
    const char *hebrew = language == READER_HEBREW ? find(text, &len) : NULL;

    return hebrew != NULL ? hebrew : without_context(text);
}

/* Plural-Forms of the catalogue: one, two, up to ten, and from eleven on, where the noun is singular again. */
static size_t hebrew_form(uint64_t number)
{
    return number == 1 ? 0 : number == 2 ? 1 : number > 10 ? 3 : 2;
}

const char *reader_plural(enum reader_language language, const char *one, const char *many, uint64_t number)
{
    size_t len = 0;
    const char *forms = language == READER_HEBREW ? find(one, &len) : NULL, *end = forms + len;

    if (forms == NULL)
        return number == 1 ? without_context(one) : many;
    for (size_t form = hebrew_form(number); form > 0 && forms < end; form--)
        forms += strlen(forms) + 1;
    assert(forms < end);
    return forms;
}
