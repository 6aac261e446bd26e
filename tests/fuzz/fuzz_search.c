/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* What a person types, and a text: whatever both are, the question is an expression that FTS5 takes, and the snippet is one line. */

#include <stdlib.h>
#include <unistd.h>

#include "proto/text.h"
#include "store/index_search.h"
#include "store/search_match.h"
#include "store/snippet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct terms *asked, *read;
    struct index *index;
} world;

static void need(bool holds)
{
    if (!holds)
        abort();
}

static void begin(void)
{
    struct id revision = {{1}};
    bool rebuilt;

    if (world.index)
        return;
    world.asked = terms_new(1000);
    world.read = terms_new(1000);
    need(world.asked && world.read && index_open(":memory:", true, &world.index, &rebuilt) == ERR_OK);
    need(index_search_add(world.index, &revision, 1, &(struct sha1){{0}}, bytes_text("\x03\xee\xe9\xee")) == ERR_OK);
}

static void ask(const struct search_plan *plan)
{
    static const struct search_rung rungs[] = {
        {SEARCH_IN_TITLE, SEARCH_AS_TYPED, false, SEARCH_IN_TEXT},
        {SEARCH_IN_TEXT, SEARCH_OFTEN, true, SEARCH_IN_HEAD},
        {SEARCH_IN_TEXT, SEARCH_IN_ANY_READING, false, SEARCH_IN_TEXT},
    };
    struct buffer expression = BUFFER(SEARCH_MATCH_SIZE_MAX);
    uint64_t numbers[4];
    size_t count;

    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++) {
        buffer_clear(&expression);
        need(search_match_write(plan, &rungs[i], &expression) == ERR_OK);
        need(index_search_find(world.index, (const char *)expression.at, 4, numbers, &count) == ERR_OK);
    }
    buffer_free(&expression);
}

static void show(const struct search_plan *plan, struct bytes text)
{
    struct snippet snippet;
    size_t at = 0;

    snippet_make(plan, world.read, text, &snippet);
    need(snippet.len < sizeof snippet.text && text_is_utf8(bytes_of(snippet.text, snippet.len)));
    need(memchr(snippet.text, '\n', snippet.len) == NULL);
    for (size_t i = 0; i < snippet.mark_count; i++) {
        need(snippet.marks[i].at >= at && snippet.marks[i].at + snippet.marks[i].len <= snippet.len);
        at = snippet.marks[i].at + snippet.marks[i].len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of(data, size), typed;
    struct search_query query;
    struct search_plan plan;

    begin();
    if (!text_take(&text, '\n', &typed))
        typed = text;
    search_query_read(typed, &query);
    need(query.count <= SEARCH_PARTS_MAX);
    need(search_plan_make(&plan, &query, world.asked, NULL, (struct search_names){.count = 0}) == ERR_OK);
    ask(&plan);
    show(&plan, text);
    return 0;
}
