/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/dictionary.h"

#include <hspell.h>
#include <linginfo.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* Who asks holds the lock with others, who reads or forgets alone. */
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static struct dict_radix *radix; /* NULL: not read, or not here. */
static bool is_read;

/* The library calls back without a context. */
struct asking {
    struct dictionary_stem *stems;
    size_t count;
};
static _Thread_local struct asking asking;

/* The library tells a person on stderr when a file of these is not there. */
bool dictionary_is_here(void)
{
    static const char *const suffixes[] = {"", ".desc", ".stems", ".prefixes", ".sizes"};
    const char *path = hspell_get_dictionary_path();

    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char name[4096];
        size_t len = strlen(path);

        if (len + strlen(suffixes[i]) >= sizeof name)
            return false;
        memcpy(name, path, len);
        memcpy(name + len, suffixes[i], strlen(suffixes[i]) + 1);
        if (access(name, R_OK) != 0)
            return false;
    }
    return true;
}

void dictionary_read(void)
{
    (void)pthread_rwlock_wrlock(&lock);
    if (!is_read && dictionary_is_here() && hspell_init(&radix, HSPELL_OPT_LINGUISTICS) != 0)
        radix = NULL;
    is_read = true;
    (void)pthread_rwlock_unlock(&lock);
}

void dictionary_forget(void)
{
    (void)pthread_rwlock_wrlock(&lock);
    if (radix)
        hspell_uninit(radix);
    radix = NULL;
    is_read = false;
    (void)pthread_rwlock_unlock(&lock);
}

/* It may be forgotten again before this thread has it. */
static void hold(void)
{
    (void)pthread_rwlock_rdlock(&lock);
    while (!is_read) {
        (void)pthread_rwlock_unlock(&lock);
        dictionary_read();
        (void)pthread_rwlock_rdlock(&lock);
    }
}

static void add_stem(const char *stem)
{
    struct dictionary_stem made = {.len = 0};

    for (; *stem != '\0' && made.len < WORD_SIZE_MAX; stem++)
        if (*stem != '"' && *stem != '\'')
            made.at[made.len++] = word_fold_final((uint8_t)*stem);
    for (size_t i = 0; i < asking.count; i++)
        if (bytes_equal(bytes_of(asking.stems[i].at, asking.stems[i].len), bytes_of(made.at, made.len)))
            return;
    if (asking.count < DICTIONARY_STEMS_MAX && made.len > 0)
        asking.stems[asking.count++] = made;
}

/* Names and such stand in its file "miscellaneous", and that is what it calls their stem. */
static bool is_no_stem(const char *stem)
{
    return strcmp(stem, "\xf9\xe5\xf0\xe5\xfa") == 0;
}

/* A base has several meanings, each with the prefixes that it may have, which are none behind the last, and the word that it is a form of. */
static int take_split(const char *word, const char *base, int prefix_len, int prefixes)
{
    char *meanings, *stems;
    int may_have;

    (void)word, (void)prefix_len;
    if (!linginfo_lookup(base, &meanings, &stems))
        return 0;
    for (int i = 0; (may_have = linginfo_desc2ps(meanings, i)) != 0; i++) {
        char *stem = linginfo_stem2text(stems, i);

        if (!stem)
            break;
        if (may_have & prefixes)
            add_stem(is_no_stem(stem) ? base : stem);
    }
    return 0;
}

size_t dictionary_stems(struct bytes written, struct dictionary_stem stems[DICTIONARY_STEMS_MAX])
{
    char word[WORD_SIZE_MAX + 1];

    asking = (struct asking){.stems = stems};
    if (written.len == 0 || written.len > 30) /* What the library is made for. */
        return 0;
    memcpy(word, written.at, written.len);
    word[written.len] = '\0';
    hold();
    if (radix)
        (void)hspell_enum_splits(radix, word, take_split);
    (void)pthread_rwlock_unlock(&lock);
    return asking.count;
}
