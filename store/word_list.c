/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/word_list.h"

#include "proto/text.h"
#include "store/files.h"
#include "store/words.h"

#include <stdlib.h>
#include <sys/stat.h>

struct set {
    struct bytes words[WORD_LIST_WORDS_MAX];
    size_t count;
};

struct word_list {
    char path[FILES_PATH_SIZE];
    struct stat status; /* Zeros: there is no file. */
    struct buffer text; /* Of the file; the words are borrowed from it. */
    struct set *sets;
    size_t count, size, bad;
};

/* ---- lines ---- */

static struct bytes trim(struct bytes text)
{
    while (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = bytes_from(text, 1);
    while (text.len > 0 &&
           (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\t' || text.at[text.len - 1] == '\r'))
        text.len--;
    return text;
}

/* word = word = ... ; false: it is no such line. */
static bool read_set(struct bytes line, struct set *set)
{
    struct bytes word;

    *set = (struct set){.count = 0};
    for (bool more = true; more;) {
        more = text_take(&line, '=', &word);
        word = trim(more ? word : line);
        if (word.len == 0 || set->count == WORD_LIST_WORDS_MAX || !text_is_prose(word))
            return false;
        set->words[set->count++] = word;
    }
    return set->count > 1;
}

static bool has_word(const struct set *set, struct bytes word)
{
    for (size_t i = 0; i < set->count; i++)
        if (bytes_equal(set->words[i], word))
            return true;
    return false;
}

static bool has_all(const struct set *set, const struct set *words)
{
    for (size_t i = 0; i < words->count; i++)
        if (!has_word(set, words->words[i]))
            return false;
    return true;
}

static void take_back(struct word_list *list, const struct set *words)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++)
        if (!has_all(&list->sets[i], words))
            list->sets[kept++] = list->sets[i];
    list->count = kept;
}

static bool add_set(struct word_list *list, const struct set *set)
{
    if (list->count == list->size) {
        size_t size = list->size ? list->size * 2 : 256;
        struct set *sets = realloc(list->sets, size * sizeof *sets);

        if (!sets)
            return false;
        list->sets = sets;
        list->size = size;
    }
    list->sets[list->count++] = *set;
    return true;
}

static bool read_line(struct word_list *list, struct bytes line)
{
    struct set set;

    line = trim(line);
    if (line.len == 0 || line.at[0] == '#')
        return true;
    bool takes_back = line.at[0] == '-';
    if (!read_set(takes_back ? bytes_from(line, 1) : line, &set) || list->count == WORD_LIST_SETS_MAX) {
        list->bad++;
        return true;
    }
    if (!takes_back)
        return add_set(list, &set);
    take_back(list, &set);
    return true;
}

static bool read_lines(struct word_list *list, struct bytes text)
{
    struct bytes line;
    bool more = true;

    if (text_take_prefix(&text, "\xef\xbb\xbf")) /* Some editors begin a file so. */
        list->bad = 0;
    while (more) {
        more = text_take(&text, '\n', &line);
        if (!read_line(list, more ? line : text))
            return false;
    }
    return true;
}

/* ---- files ---- */

static void look_at(const char *path, struct stat *status)
{
    if (stat(path, status) != 0)
        *status = (struct stat){.st_size = 0};
}

struct word_list *word_list_load(const char *path)
{
    struct word_list *list = calloc(1, sizeof *list);
    size_t len = strlen(path);

    if (!list)
        return NULL;
    list->text = BUFFER(WORD_LIST_SIZE_MAX);
    if (len < sizeof list->path)
        memcpy(list->path, path, len + 1);
    look_at(list->path, &list->status);
    bool read = read_lines(list, words_shipped);
    list->bad = 0;
    if (read && files_read(list->path, WORD_LIST_SIZE_MAX, &list->text) == ERR_OK)
        read = read_lines(list, buffer_bytes(&list->text));
    if (read)
        return list;
    word_list_free(list);
    return NULL;
}

void word_list_free(struct word_list *list)
{
    if (!list)
        return;
    buffer_free(&list->text);
    free(list->sets);
    free(list);
}

bool word_list_is_stale(const struct word_list *list)
{
    struct stat now;

    look_at(list->path, &now);
    return now.st_ino != list->status.st_ino || now.st_size != list->status.st_size ||
           now.st_mtim.tv_sec != list->status.st_mtim.tv_sec || now.st_mtim.tv_nsec != list->status.st_mtim.tv_nsec;
}

size_t word_list_count(const struct word_list *list)
{
    return list->count;
}

size_t word_list_bad(const struct word_list *list)
{
    return list->bad;
}

size_t word_list_set(const struct word_list *list, size_t index, struct bytes words[WORD_LIST_WORDS_MAX])
{
    const struct set *set = &list->sets[index];

    memcpy(words, set->words, set->count * sizeof *words);
    return set->count;
}
