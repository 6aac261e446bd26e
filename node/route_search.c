/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The search: a form, and the documents that it finds, with the piece of text that shows why. */
#include "node/list.h"
#include "node/route.h"

#include <stdio.h>

#define HITS_PER_PAGE 20
#define PATH_SIZE (4 * SEARCH_QUERY_SIZE_MAX + 6 * 200)
#define FIELD_SIZE 64 /* Bytes of one of the fields. */

struct results {
    struct page *page;
    struct site *site;
    size_t count;
};

/* ---- what is asked ---- */

/* The fields of the form beside the words, by the argument that carries each. */
static const struct {
    enum route_argument argument;
    enum search_field field;
} FIELDS[] = {
    {ROUTE_KIND, SEARCH_KIND}, {ROUTE_KIBBUTZ, SEARCH_KIBBUTZ}, {ROUTE_BODY, SEARCH_BODY},
    {ROUTE_YEAR, SEARCH_YEAR}, {ROUTE_PERSON, SEARCH_PERSON},   {ROUTE_STATE, SEARCH_STATE},
};
#define FIELD_COUNT (sizeof FIELDS / sizeof FIELDS[0])

/* What was asked, decoded. */
struct asked {
    char words[SEARCH_QUERY_SIZE_MAX + 1], fields[FIELD_COUNT][FIELD_SIZE + 1];
    bool is_any;
};

static int digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9'                     ? byte - '0'
           : (byte | 0x20) >= 'a' && (byte | 0x20) <= 'f' ? (byte | 0x20) - 'a' + 10
                                                          : -1;
}

/* As forms are sent: %D7 and '+'.  What is not in order stays as it is; a zero becomes a space. */
static void decode(struct bytes sent, char *to, size_t size)
{
    size_t len = 0;

    for (size_t i = 0; i < sent.len && len < size; i++) {
        uint8_t byte = sent.at[i] == '+' ? ' ' : sent.at[i];

        if (byte == '%' && i + 2 < sent.len && digit(sent.at[i + 1]) >= 0 && digit(sent.at[i + 2]) >= 0) {
            byte = (uint8_t)(digit(sent.at[i + 1]) * 16 + digit(sent.at[i + 2]));
            i += 2;
        }
        to[len++] = (char)(byte == 0 ? ' ' : byte);
    }
    to[len] = '\0';
}

static void read_asked(const struct route_request *request, struct asked *asked)
{
    decode(request->argument[ROUTE_WORDS], asked->words, SEARCH_QUERY_SIZE_MAX);
    asked->is_any = asked->words[0] != '\0';
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        decode(request->argument[FIELDS[i].argument], asked->fields[i], FIELD_SIZE);
        asked->is_any |= asked->fields[i][0] != '\0';
    }
}

static bool is_plain(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
}

static void add_argument(struct buffer *path, enum route_argument argument, const char *value)
{
    if (value[0] == '\0')
        return;
    buffer_text(path, path->len > strlen("/search") ? "&" : "?");
    buffer_text(path, route_argument_names[argument]);
    buffer_text(path, "=");
    for (const uint8_t *at = (const uint8_t *)value; *at != 0; at++) {
        if (is_plain(*at)) {
            buffer_u8(path, *at);
            continue;
        }
        buffer_text(path, "%");
        buffer_hex(path, bytes_of(at, 1));
    }
}

/* The address of this search, without the page. */
static void write_path(const struct asked *asked, struct buffer *path)
{
    *path = BUFFER(PATH_SIZE);
    buffer_text(path, "/search");
    add_argument(path, ROUTE_WORDS, asked->words);
    for (size_t i = 0; i < FIELD_COUNT; i++)
        add_argument(path, FIELDS[i].argument, asked->fields[i]);
    buffer_u8(path, 0);
}

/* ---- one document ---- */

static void write_marked(struct page *page, struct bytes text, const struct snippet_mark marks[], size_t count)
{
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        page_text(page, bytes_of(text.at + at, marks[i].at - at));
        page_html(page, "<mark>");
        page_text(page, bytes_of(text.at + marks[i].at, marks[i].len));
        page_html(page, "</mark>");
        at = marks[i].at + marks[i].len;
    }
    page_text(page, bytes_from(text, at));
}

static void write_title(struct page *page, const struct search_hit *hit)
{
    list_title_begin(page, hit->revision);
    write_marked(page, hit->revision->title, hit->title_marks, hit->title_mark_count);
    list_title_end(page);
}

static void write_snippet(struct page *page, const struct snippet *snippet)
{
    struct bytes text = bytes_of(snippet->text, snippet->len);

    if (text.len == 0)
        return;
    page_html(page, "<p class=\"snip\"");
    page_direction(page, text);
    page_html(page, ">");
    write_marked(page, text, snippet->marks, snippet->mark_count);
    page_html(page, "</p>\n");
}

static void write_facts(struct page *page, struct site *site, const struct index_revision *revision)
{
    struct date date;

    page_html(page, "<div class=\"meta\">");
    if (layout_state_matters(revision))
        layout_state(page, revision);
    page_html(page, "<span>");
    layout_kibbutz(page, site, &revision->kibbutz);
    page_html(page, "</span><span>");
    if (date_parse(revision->date, &date) || date_from_ms(ENTRY_CLOCK_MS(revision->clock), &date))
        layout_list_date(page, &date);
    page_html(page, "</span></div>");
}

static enum err write_hit(void *context, const struct search_hit *hit)
{
    struct results *results = context;
    struct page *page = results->page;

    if (results->count++ == 0)
        page_html(page, "<ol class=\"rows\">\n");
    page_html(page, "<li><p class=\"no\">");
    if (hit->revision->number.len > 0)
        page_ltr(page, hit->revision->number);
    else
        page_html(page, "<span aria-hidden=\"true\">—</span>");
    page_html(page, "<small>");
    layout_kind(page, hit->revision->kind);
    page_html(page, "</small></p><div>");
    write_title(page, hit);
    write_snippet(page, &hit->snippet);
    write_facts(page, results->site, hit->revision);
    page_html(page, "</div></li>\n");
    return ERR_OK;
}

/* ---- the page ---- */

static void write_outcome(struct page *page, const struct search_outcome *outcome, struct bytes words)
{
    if (outcome->count == 0) {
        page_html(page, "<div class=\"void-text\"><p><b>");
        page_fill(page, "No document was found for %1", PAGE_ISOLATED(words));
        page_html(page, "</b><br>");
        page_say(page, "Fewer words find more. The number of a decision, as 14/26, or a name will do, too.");
        page_html(page, "</p></div>\n");
        return;
    }
    page_html(page, "<p class=\"small soft\">");
    if (outcome->is_respelt) {
        page_fill(page, "No document has a word as it was typed; %1 was looked for as well.",
                  PAGE_ISOLATED(bytes_text(outcome->respelt)));
    } else if (outcome->is_relaxed)
        page_say(page, "No document has all of the words; these have some of them.");
    else if (outcome->has_more)
        page_say(page, "The best and the newest of many.");
    else
        page_say_count(page, outcome->count, "One document", "%1 documents");
    page_html(page, "</p>\n");
}

static void write_step(struct page *page, const struct buffer *path, uint64_t number, const char *text, const char *rel)
{
    char step[PATH_SIZE + 32];

    snprintf(step, sizeof step, "%s&page=%llu", (const char *)path->at, (unsigned long long)number);
    page_html(page, "<a class=\"btn\" rel=\"");
    page_markup(page, rel);
    page_html(page, "\"");
    page_href(page, step);
    page_html(page, ">");
    page_say(page, text);
    page_html(page, "</a>");
}

static void write_steps(struct page *page, const struct buffer *path, uint64_t number, bool more)
{
    if (number == 1 && !more)
        return;
    page_html(page, "<nav class=\"pages\" aria-label=\"");
    page_say(page, "Pages of the list");
    page_html(page, "\">");
    if (number > 1)
        write_step(page, path, number - 1, SAY("Better ones"), "prev");
    if (more)
        write_step(page, path, number + 1, SAY("The next ones"), "next");
    page_html(page, "</nav>\n");
}

static enum err write_results(struct page *page, struct site *site, const struct route_request *request,
                              const struct asked *asked, const struct buffer *path)
{
    struct results results = {.page = page, .site = site};
    struct search_question question = {.words = bytes_text(asked->words),
                                       .names = site_search_names(site),
                                       .without_kibbutz = !site_is_near(site),
                                       .limit = HITS_PER_PAGE,
                                       .offset = (size_t)(request->page - 1) * HITS_PER_PAGE};
    struct search_outcome outcome;
    struct page hits = {.out = BUFFER(PAGE_LIMIT)};

    for (size_t i = 0; i < FIELD_COUNT; i++)
        question.filters[FIELDS[i].field] = bytes_text(asked->fields[i]);
    if (request->page > SEARCH_CANDIDATES_MAX)
        return ERR_MISSING;
    hits = *page; /* The same language and time; what comes before them is known only behind them. */
    hits.out = BUFFER(PAGE_LIMIT);
    results.page = &hits;
    enum err err =
        search_ask(site_search(site), site_index(site), site_archive(site), &question, write_hit, &results, &outcome);
    if (!err && results.count == 0 && request->page > 1)
        err = ERR_MISSING;
    if (!err) {
        write_outcome(page, &outcome, question.words);
        buffer_add(&page->out, buffer_bytes(&hits.out));
        if (results.count > 0)
            page_html(page, "</ol>\n");
        write_steps(page, path, request->page,
                    results.count == HITS_PER_PAGE && outcome.count > question.offset + HITS_PER_PAGE);
    }
    buffer_free(&hits.out);
    return err;
}

/* In a copy nobody answers: a script looks through lists that lie beside the page. */
static void write_kept(struct page *page)
{
    page_html(page, "<noscript><p class=\"soft\">");
    page_say(page,
             "Searching in a copy needs a browser with JavaScript. The lists of documents, decisions and people do "
             "not.");
    page_html(page, "</p></noscript>\n<p id=\"none\" class=\"void-text\" role=\"status\" hidden>");
    page_say(page, "No document has all of these words. Fewer words find more.");
    page_html(page, "</p>\n<p id=\"many\" class=\"small soft\" role=\"status\" hidden>");
    page_say(page, "The best and the newest of many.");
    page_html(page,
              "</p>\n<ol class=\"rows\" id=\"found\"></ol>\n<template id=\"row\"><li><p class=\"no\"></p><div><h3 "
              "dir=\"auto\"><a></a></h3><p class=\"snip\" dir=\"auto\"></p><div class=\"meta\"></div></div></li>"
              "</template>\n<script src=\"search.js\" defer></script>\n");
}

enum err route_search(struct site *site, const struct route_request *request, struct bytes rest,
                      struct route_answer *answer)
{
    struct page *page = &answer->page;
    struct asked asked;
    struct buffer path;
    enum err err = ERR_OK;

    (void)rest;
    if (site_search(site) == NULL)
        return ERR_MEMORY;
    read_asked(request, &asked);
    write_path(&asked, &path);
    if ((err = buffer_error(&path))) {
        buffer_free(&path);
        return err;
    }
    layout_begin(page, site, bytes_text(reader_text(page->language, SAY("Search"))), (const char *)path.at);
    page_html(page, "<h1>");
    page_say(page, "Search");
    page_html(page, "</h1>\n");
    layout_search(page, asked.words);
    if (page->links != NULL) {
        write_kept(page);
    } else if (asked.is_any) {
        page_html(page, "<section class=\"list\" aria-label=\"");
        page_say(page, "What was found");
        page_html(page, "\">\n");
        err = write_results(page, site, request, &asked, &path);
        page_html(page, "</section>\n");
    }
    layout_end(page, (const char *)path.at);
    buffer_free(&path);
    return err;
}
