/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The list of documents, newest first, all or of one kind. */
#include "node/layout.h"
#include "node/route.h"

#include <stdio.h>

#define DOCUMENTS_PER_PAGE 50
#define PAGES_MAX 1000000

struct list {
    struct page *page;
    struct site *site;
    size_t count;
};

static void write_title(struct page *page, const struct index_revision *revision)
{
    char id[ID_TEXT_LEN + 1], path[ID_TEXT_LEN + 8];

    id_to_text(&revision->document, id);
    snprintf(path, sizeof path, "/d/%s", id);
    page_html(page, "<h3");
    page_direction(page, revision->title);
    page_html(page, "><a");
    page_href(page, path);
    page_markup(page, revision->judged.state == TRUST_NULL ? " class=\"struck\">" : ">");
    if (revision->title.len > 0)
        page_text(page, revision->title);
    else
        page_say(page, revision->judged.erased ? SAY("A document whose content was erased")
                                               : SAY("A document without a title"));
    page_html(page, "</a></h3>\n");
}

static void write_facts(struct page *page, struct site *site, const struct index_revision *revision)
{
    struct date date;

    page_html(page, "<div class=\"meta\">");
    if (layout_state_matters(revision))
        layout_state(page, revision);
    if (revision->body.len > 0) {
        page_html(page, "<span>");
        page_isolated(page, revision->body);
        page_html(page, "</span>");
    }
    page_html(page, "<span>");
    layout_kibbutz(page, site, &revision->kibbutz);
    page_html(page, "</span><span>");
    if (date_parse(revision->date, &date) || date_from_ms(ENTRY_CLOCK_MS(revision->clock), &date))
        layout_list_date(page, &date);
    page_html(page, "</span><span>");
    layout_person(page, site, &revision->log);
    page_html(page, "</span></div>");
}

static enum err write_row(void *context, const struct index_revision *revision)
{
    struct list *list = context;
    struct page *page = list->page;

    if (list->count++ == DOCUMENTS_PER_PAGE)
        return ERR_OK; /* One more was asked for, to know whether there is another page. */
    page_html(page, "<li><p class=\"no\">");
    if (revision->number.len > 0)
        page_ltr(page, revision->number);
    else
        page_html(page, "<span aria-hidden=\"true\">—</span>");
    page_html(page, "<small>");
    layout_kind(page, revision->kind);
    page_html(page, "</small></p><div>");
    write_title(page, revision);
    write_facts(page, list->site, revision);
    page_html(page, "</div></li>\n");
    return ERR_OK;
}

static void write_step(struct page *page, const struct layout_list *which, uint64_t number, const char *text,
                       const char *rel)
{
    char path[64];

    snprintf(path, sizeof path, "%s%cpage=%llu", which->path, strchr(which->path, '?') != NULL ? '&' : '?',
             (unsigned long long)number);
    page_html(page, "<a class=\"btn\" rel=\"");
    page_markup(page, rel);
    page_html(page, "\"");
    page_href(page, path);
    page_html(page, ">");
    page_say(page, text);
    page_html(page, "</a>");
}

static void write_steps(struct page *page, const struct layout_list *which, uint64_t number, bool more)
{
    if (number == 1 && !more)
        return;
    page_html(page, "<nav class=\"pages\" aria-label=\"");
    page_say(page, "Pages of the list");
    page_html(page, "\">");
    if (number > 1)
        write_step(page, which, number - 1, SAY("Newer"), "prev");
    page_html(page, "<span>");
    page_say(page, "Page");
    page_html(page, " ");
    page_number(page, number);
    page_html(page, "</span>");
    if (more)
        write_step(page, which, number + 1, SAY("Older"), "next");
    page_html(page, "</nav>\n");
}

static void write_nothing(struct page *page)
{
    page_html(page, "<div class=\"void-text\"><p><b>");
    page_say(page, "There are no documents here yet");
    page_html(page, "</b><br>");
    page_say(page,
             "A document that is published here, or arrives from another kibbutz, will appear in this list at once.");
    page_html(page, "</p></div>\n");
}

static enum err write_list(struct page *page, struct site *site, const struct layout_list *which, uint64_t number)
{
    struct list list = {.page = page, .site = site};
    struct index_filter filter = {.kind = bytes_text(which->kind),
                                  .with_void = true,
                                  .limit = DOCUMENTS_PER_PAGE + 1,
                                  .offset = (number - 1) * DOCUMENTS_PER_PAGE};
    size_t before = page->out.len, opened;
    enum err err;

    page_html(page, "<ol class=\"rows\">\n");
    opened = page->out.len;
    err = index_each_document(site_index(site), &filter, write_row, &list);
    if (err != ERR_OK)
        return err;
    if (list.count == 0 && number > 1)
        return ERR_MISSING;
    if (list.count == 0) {
        page->out.len -= opened - before;
        write_nothing(page);
        return ERR_OK;
    }
    page_html(page, "</ol>\n");
    write_steps(page, which, number, list.count > DOCUMENTS_PER_PAGE);
    return ERR_OK;
}

static const struct layout_list *find_list(struct bytes kind)
{
    for (size_t i = 0; i < LAYOUT_LISTS; i++)
        if (bytes_equal(kind, bytes_text(layout_lists[i].kind)))
            return &layout_lists[i];
    return NULL;
}

enum err route_front(struct site *site, const struct route_request *request, struct bytes rest,
                     struct route_answer *answer)
{
    const struct layout_list *which = find_list(request->kind);
    struct page *page = &answer->page;
    struct bytes title;
    enum err err;

    (void)rest;
    if (which == NULL || request->page > PAGES_MAX)
        return ERR_MISSING;
    title = which == layout_lists ? site_network_name(site) : bytes_text(reader_text(page->language, which->title));
    if (title.len == 0)
        title = bytes_text(reader_text(page->language, SAY("Documents")));
    layout_begin(page, site, title, which->path);
    page_html(page, "<div class=\"hero\">\n<h1>");
    page_say(page, which == layout_lists ? SAY("Our minutes, decisions and know-how") : which->title);
    page_html(page, "</h1>\n");
    if (which == layout_lists && request->page == 1) {
        page_html(page, "<p class=\"right small soft\">");
        page_say(page, "A member may inspect the minute books of their society within seven days of asking. Here there "
                       "is no need to ask.");
        page_html(page, "</p>\n");
    }
    page_html(page, "</div>\n<section class=\"list\" aria-labelledby=\"new\"><h2 id=\"new\">");
    page_say(page, "Newest first");
    page_html(page, "</h2>\n");
    err = write_list(page, site, which, request->page);
    page_html(page, "</section>\n");
    layout_end(page, which->path);
    return err;
}
