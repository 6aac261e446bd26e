/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/person_match.h"

#include "store/word.h"

#include <string.h>

static bool stands_in(struct bytes form, struct bytes text)
{
    struct word_reader reader = word_reader(text);
    struct word word;

    while (word_next(&reader, &word))
        if (word.form.len >= form.len && memcmp(word.form.at, form.at, form.len) == 0)
            return true;
    return false;
}

static bool each_stands_in(const struct bytes texts[], size_t count, struct bytes words)
{
    struct word_reader reader = word_reader(words);
    struct word word;

    while (word_next(&reader, &word)) {
        bool found = false;

        for (size_t i = 0; i < count && !found; i++)
            found = stands_in(word.form, texts[i]);
        if (!found)
            return false;
    }
    return true;
}

bool person_match_text(struct bytes text, struct bytes words)
{
    return each_stands_in(&text, 1, words);
}

bool person_match(const struct index_person *person, struct bytes words)
{
    const struct bytes texts[] = {person->name, person->role, person->kibbutz, person->title, person->phone};

    return each_stands_in(texts, sizeof texts / sizeof texts[0], words);
}
