/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/tokenizer.h"

#include "store/terms.h"

#include <sqlite3.h>
#include <stdlib.h>

#define TERM_SIZE (WORD_SIZE_MAX + 2)

typedef int token_fn(void *context, int flags, const char *token, int len, int start, int end);

/* The tokenizer of a connection: FTS5's makes and ends it with each table that uses it. */
struct told {
    token_fn *token;
    void *context;
    enum tokenizer_section section;
    int start, end;
};

static int tell(const struct told *told, int flags, const char *before, struct bytes term)
{
    char token[TERM_SIZE];
    size_t len = 0;

    for (; before[len] != '\0'; len++)
        token[len] = before[len];
    memcpy(token + len, term.at, term.len);
    return told->token(told->context, flags, token, (int)(len + term.len), told->start, told->end);
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
static int tell_fields(const struct told *told, int flags, uint32_t *said, const char *mark, struct bytes term)
{
    uint32_t fields = fields_of(told->section) & ~*said;
    int code = SQLITE_OK;

    *said |= fields;
    for (int field = TOKENIZER_TITLE; code == SQLITE_OK && field <= TOKENIZER_TEXT; field++) {
        char before[3] = {(char)field, mark[0], '\0'};

        if (fields & 1u << field)
            code = tell(told, flags, field == TOKENIZER_TEXT ? mark : before, term);
        flags |= fields & 1u << field ? FTS5_TOKEN_COLOCATED : 0;
    }
    return code;
}

static int tell_key(const struct told *told, const struct terms_word *word, struct terms_key *key)
{
    int code = SQLITE_OK;

    if (!bytes_equal(key->name, word->form))
        code = tell_fields(told, FTS5_TOKEN_COLOCATED, &key->said, "=", key->name);
    if (code == SQLITE_OK && ++key->count == TOKENIZER_OFTEN)
        code = tell(told, FTS5_TOKEN_COLOCATED, "+", key->name);
    return code;
}

static int tell_word(const struct told *told, struct terms_word *word)
{
    int code = word ? tell_fields(told, 0, &word->said, "", word->form) : SQLITE_NOMEM;

    for (size_t i = word && word->is_own; code == SQLITE_OK && i < word->key_count; i++)
        code = tell_key(told, word, word->keys[i]);
    return code;
}

static int tell_words(struct terms *terms, struct told *told, struct bytes text, int offset)
{
    struct word_reader reader = word_reader(text);
    struct word word;
    int code = SQLITE_OK;

    while (code == SQLITE_OK && word_next(&reader, &word)) {
        told->start = offset + (int)(word.range.at - text.at);
        told->end = told->start + (int)word.range.len;
        code = tell_word(told, terms_of(terms, &word));
    }
    return code;
}

static int tell_facets(const struct told *told, struct bytes text)
{
    int code = SQLITE_OK;

    while (code == SQLITE_OK && text.len > 0) {
        const uint8_t *space = memchr(text.at, ' ', text.len);
        size_t len = space ? (size_t)(space - text.at) : text.len;

        if (len > 0 && len <= WORD_SIZE_MAX)
            code = tell(told, 0, "~", bytes_of(text.at, len));
        text = bytes_from(text, len + 1);
    }
    return code;
}

static int tell_text(struct terms *terms, struct told *told, struct bytes text)
{
    size_t at = 0;
    int code = SQLITE_OK;

    terms_begin(terms);
    while (code == SQLITE_OK && at < text.len) {
        bool is_mark = text.at[at] > 0 && text.at[at] < TOKENIZER_SECTIONS_END;
        size_t from = at + is_mark, to = from;

        told->section = is_mark ? (enum tokenizer_section)text.at[at] : TOKENIZER_TEXT;
        while (to < text.len && (text.at[to] == 0 || text.at[to] >= TOKENIZER_SECTIONS_END))
            to++;
        struct bytes section = bytes_of(text.at + from, to - from);
        code = told->section == TOKENIZER_FACETS ? tell_facets(told, section)
                                                 : tell_words(terms, told, section, (int)from);
        at = to;
    }
    return code;
}

static int tokenize(Fts5Tokenizer *self, void *context, int flags, const char *text, int len, token_fn *token)
{
    struct told told = {.token = token, .context = context};

    if (flags & FTS5_TOKENIZE_QUERY)
        return len > 0 ? token(context, 0, text, len, 0, len) : SQLITE_OK;
    return tell_text((struct terms *)(void *)self, &told, bytes_of(text, (size_t)(len > 0 ? len : 0)));
}

static int create(void *context, const char **arguments, int count, Fts5Tokenizer **out)
{
    struct terms *terms = terms_new();

    (void)context, (void)arguments, (void)count;
    *out = (Fts5Tokenizer *)(void *)terms;
    return terms ? SQLITE_OK : SQLITE_NOMEM;
}

static void end(Fts5Tokenizer *self)
{
    terms_free((struct terms *)(void *)self);
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

int tokenizer_register(struct sqlite3 *sqlite)
{
    fts5_tokenizer tokenizer = {.xCreate = create, .xDelete = end, .xTokenize = tokenize};
    fts5_api *api;
    int code = find_interface(sqlite, &api);

    return code != SQLITE_OK ? code : api->xCreateTokenizer(api, "igum", NULL, &tokenizer, NULL);
}
