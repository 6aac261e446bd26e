/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arguments.h"

#include <stdlib.h>
#include <string.h>

#include "node/output.h"
#include "node/i18n.h"

#define WORD_MAX 32 /* Longer words are no mistyped verb. */

static const struct arguments_flag *find_flag(const struct arguments_flag flags[], size_t count, const char *name,
                                              size_t len)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(flags[i].name) == len && memcmp(flags[i].name, name, len) == 0)
            return &flags[i];
    return NULL;
}

static bool add_to_list(struct arguments_list *list, const char *value)
{
    const char **items = realloc(list->items, (list->count + 1) * sizeof *items);

    if (items == NULL)
        return false;
    items[list->count++] = value;
    list->items = items;
    return true;
}

static bool store_value(const struct arguments_flag *flag, const char *value)
{
    if (flag->list != NULL) {
        if (add_to_list(flag->list, value))
            return true;
        output_error(_("out of memory"));
        return false;
    }
    if (*flag->value != NULL) {
        output_error(_("--%s is given twice"), flag->name);
        return false;
    }
    *flag->value = value;
    return true;
}

/* Takes the flag at argv[*at], and its value; moves *at to the last argument it took. */
static bool take_flag(int argc, char **argv, int *at, const struct arguments_flag flags[], size_t count)
{
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct arguments_flag *flag = find_flag(flags, count, name, len);

    if (flag == NULL) {
        output_error(_("'%s' does not know --%.*s"), argv[0], (int)len, name);
        return false;
    }
    if (flag->is_set != NULL) {
        if (equals != NULL) {
            output_error(_("--%s takes no value"), flag->name);
            return false;
        }
        *flag->is_set = true;
        return true;
    }
    if (equals != NULL)
        return store_value(flag, equals + 1);
    if (*at + 1 >= argc) {
        output_error(_("--%s needs a value"), flag->name);
        return false;
    }
    return store_value(flag, argv[++*at]);
}

static bool check_count(const char *verb, int rest, int least, int most)
{
    if (rest < least)
        output_error(_("'%s' needs to be told more: something is missing after it"), verb);
    else if (rest > most)
        output_error(_("'%s' does not take so many arguments"), verb);
    else
        return true;
    return false;
}

bool arguments_parse(int *argc, char **argv, const struct arguments_flag flags[], size_t count, int least, int most)
{
    int kept = 1;
    bool flags_ended = false, is_right = true;

    for (int i = 1; i < *argc && is_right; i++) {
        if (!flags_ended && strcmp(argv[i], "--") == 0)
            flags_ended = true;
        else if (!flags_ended && strncmp(argv[i], "--", 2) == 0)
            is_right = take_flag(*argc, argv, &i, flags, count);
        else if (!flags_ended && argv[i][0] == '-' && argv[i][1] != '\0') {
            output_error(_("'%s' does not know %s"), argv[0], argv[i]);
            is_right = false;
        } else
            argv[kept++] = argv[i];
    }
    if (!is_right || !check_count(argv[0], kept - 1, least, most)) {
        output_hint(_("'igum %s --help' shows how it is used"), argv[0]);
        return false;
    }
    *argc = kept;
    return true;
}

void arguments_list_free(struct arguments_list *list)
{
    free(list->items);
    *list = (struct arguments_list){0};
}

/* How many letters must be put in, left out or changed to make `b` of `a`. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t a_len = strlen(a), b_len = strlen(b);

    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return WORD_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[b_len];
}

const char *arguments_nearest(const char *word, const char *const words[], size_t count)
{
    const char *nearest = NULL;
    size_t least = 3; /* Three mistakes in words this short are another word. */

    for (size_t i = 0; i < count; i++) {
        size_t mistakes = distance(word, words[i]);

        if (mistakes < least && mistakes < strlen(words[i])) {
            least = mistakes;
            nearest = words[i];
        }
    }
    return nearest;
}
