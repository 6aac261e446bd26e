/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/term_feed.h"

#include <sqlite3.h>
#include <stddef.h>

typedef int token_fn(void *context, int flags, const char *token, int len, int start, int end);

/* It knows nothing; FTS5 wants to be given something. */
static struct Fts5Tokenizer *nothing(void)
{
    static char one;

    return (Fts5Tokenizer *)(void *)&one;
}

static int tokenize(Fts5Tokenizer *self, void *context, int flags, const char *text, int len, token_fn *token)
{
    int code = SQLITE_OK;

    (void)self;
    if (flags & FTS5_TOKENIZE_QUERY)
        return len > 0 ? token(context, 0, text, len, 0, len) : SQLITE_OK;
    for (int at = 0, size; code == SQLITE_OK && at < len; at += 1 + size) {
        size = (unsigned char)text[at];
        if (size >= len - at)
            return SQLITE_CORRUPT;
        code = token(context, 0, text + at + 1, size, at, at + 1 + size);
    }
    return code;
}

static int create(void *context, const char **arguments, int count, Fts5Tokenizer **out)
{
    (void)context, (void)arguments, (void)count;
    *out = nothing();
    return SQLITE_OK;
}

static void end(Fts5Tokenizer *self)
{
    (void)self;
}

/* How FTS5 is asked for its own interface. */
static int find_interface(sqlite3 *sqlite, fts5_api **api)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(sqlite, "SELECT fts5(?1)", -1, &statement, NULL);

    *api = NULL;
    if (code == SQLITE_OK)
        code = sqlite3_bind_pointer(statement, 1, (void *)api, "fts5_api_ptr", NULL);
    if (code == SQLITE_OK)
        (void)sqlite3_step(statement);
    int ended = sqlite3_finalize(statement);
    return code != SQLITE_OK ? code : ended != SQLITE_OK ? ended : *api ? SQLITE_OK : SQLITE_ERROR;
}

int term_feed_register(struct sqlite3 *sqlite)
{
    fts5_tokenizer tokenizer = {.xCreate = create, .xDelete = end, .xTokenize = tokenize};
    fts5_api *api;
    int code = find_interface(sqlite, &api);

    return code != SQLITE_OK ? code : api->xCreateTokenizer(api, "igum", NULL, &tokenizer, NULL);
}
