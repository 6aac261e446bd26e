/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The search: a form, and the documents that it finds, with the piece of text that shows why. */
#include "node/list.h"
#include "node/search_request.h"

#include <stdio.h>

#define HITS_PER_PAGE 20

struct results {
    struct page *page;
    struct site *site;
    size_t count;
};

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

static void write_outcome(struct page *page, const struct search_outcome *outcome, const struct search_request *asked)
{
    if (outcome->count == 0) {
        page_html(page, "<div class=\"void-text\"><p><b>");
        if (asked->words[0] != '\0')
            page_fill(page, "No document was found for %1", PAGE_ISOLATED(bytes_text(asked->words)));
        else
            page_say(page, "No document was found");
        page_html(page, "</b><br>");
        page_say(page, "Fewer words find more. The number of a decision, as 14/26, or a name will do, too.");
        page_html(page, "</p></div>\n");
        search_request_suggest(page, asked);
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
    char step[SEARCH_REQUEST_PATH_SIZE + 32];

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
                              const struct search_request *asked, const struct buffer *path)
{
    struct results results = {.page = page, .site = site};
    struct search_question question = {.words = bytes_text(asked->words),
                                       .names = site_search_names(site),
                                       .without_kibbutz = !site_is_near(site),
                                       .limit = HITS_PER_PAGE,
                                       .offset = (size_t)(request->page - 1) * HITS_PER_PAGE};
    struct search_outcome outcome;
    struct page hits = {.out = BUFFER(PAGE_LIMIT)};

    for (size_t i = 0; i < SEARCH_REQUEST_FIELDS; i++)
        question.filters[search_request_fields[i].field] = bytes_text(asked->fields[i]);
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
        write_outcome(page, &outcome, asked);
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
    struct search_request asked;
    struct buffer path;
    enum err err = ERR_OK;

    (void)rest;
    if (page->links == NULL && site_search(site) == NULL)
        return ERR_MEMORY;
    search_request_read(request, &asked);
    search_request_path(&asked, NULL, &path);
    if ((err = buffer_error(&path))) {
        buffer_free(&path);
        return err;
    }
    layout_begin(page, site, bytes_text(reader_text(page->language, SAY("Search"))), (const char *)path.at);
    page_html(page, "<h1>");
    page_say(page, "Search");
    page_html(page, "</h1>\n");
    layout_search(page, asked.words);
    if (page->links == NULL)
        search_request_form(page, site, &asked);
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
