/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/name_book.h"

#include <stdlib.h>

/* The text moves while it grows: until the end a name has its place in it instead of its address. */
static void add(struct name_book *book, const struct id *id, bool is_kibbutz, const char *name)
{
    struct search_name *entry = &book->at[book->count++];
    struct bytes text = bytes_text(name);

    *entry = (struct search_name){.id = *id, .is_kibbutz = is_kibbutz, .name = bytes_of(NULL, text.len)};
    buffer_add(&book->text, text);
}

static void set_addresses(struct name_book *book)
{
    size_t at = 0;

    for (size_t i = 0; i < book->count; i++) {
        book->at[i].name.at = book->text.at + at;
        at += book->at[i].name.len;
    }
}

enum err name_book_fill(struct name_book *book, const struct roster *roster, struct names *names)
{
    char name[NAMES_SIZE];
    enum err err;

    *book = (struct name_book){.text = BUFFER(NAME_BOOK_MAX * NAMES_SIZE)};
    book->at = calloc(NAME_BOOK_MAX, sizeof *book->at);
    if (book->at == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < roster_kibbutz_count(roster) && book->count < NAME_BOOK_MAX; i++) {
        const struct id *kibbutz = &roster_kibbutz_at(roster, i)->kibbutz;

        names_kibbutz(names, kibbutz, name);
        add(book, kibbutz, true, name);
    }
    for (size_t i = 0; i < roster_key_count(roster) && book->count < NAME_BOOK_MAX; i++) {
        const struct trust_key *key = roster_key_at(roster, i);

        if (key->role != ROLE_STEWARD && key->role != ROLE_COORDINATOR)
            continue;
        names_key(names, &key->key, name);
        add(book, &key->key, false, name);
    }
    if ((err = buffer_error(&book->text)) != ERR_OK)
        name_book_free(book);
    else
        set_addresses(book);
    return err;
}

void name_book_free(struct name_book *book)
{
    free(book->at);
    buffer_free(&book->text);
    *book = (struct name_book){.count = 0};
}
