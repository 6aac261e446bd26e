/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The list of documents, newest first: all, or those of a kind, a kibbutz, a body. */
#include "node/list.h"
#include "node/route.h"
#include "proto/text.h"

#include <stdio.h>

struct list {
    struct page *page;
    struct site *site;
    size_t count;
};

static enum err write_row(void *context, const struct index_revision *revision)
{
    struct list *list = context;

    if (list->count++ < LIST_ROWS) /* One more was asked for, to know whether there is another page. */
        list_row(list->page, list->site, revision);
    return ERR_OK;
}

/* What is chosen, and the path that says so. */
struct choice {
    struct index_filter filter;
    struct id kibbutz;
    const struct layout_kinds *kind;
    const char *feed; /* Lent likewise; NULL: there is none of just this. */
    char path[256];
};

static bool choose(struct site *site, const struct route_request *request, struct choice *c)
{
    struct bytes kind = request->argument[ROUTE_KIND], kibbutz = request->argument[ROUTE_KIBBUTZ],
                 body = request->argument[ROUTE_BODY];
    const struct overview *overview = site_overview(site);
    const struct overview_book *book = NULL;
    int len;

    *c = (struct choice){.kind = layout_find_kinds(kind)};
    if (c->kind == NULL || (kibbutz.len > 0 && id_from_text(kibbutz, &c->kibbutz) != ERR_OK) ||
        request->page > LIST_PAGES_MAX)
        return false;
    if (body.len > 0 && (overview == NULL || (book = overview_find_book(overview, body, 0)) == NULL))
        return false;
    c->filter = (struct index_filter){.kind = kind, .with_void = true, .limit = LIST_ROWS + 1};
    if (kibbutz.len > 0)
        c->filter.kibbutz = &c->kibbutz;
    if (book != NULL) {
        c->filter.kibbutz = &book->kibbutz;
        c->filter.body = book->body;
    }
    if (kibbutz.len == 0)
        c->feed = book == NULL && kind.len > 0 ? c->kind->kind : book != NULL && kind.len == 0 ? book->key : NULL;
    c->filter.offset = (request->page - 1) * LIST_ROWS;
    len = snprintf(c->path, sizeof c->path, "%s", c->kind->path);
    if (kibbutz.len > 0)
        len += snprintf(c->path + len, sizeof c->path - (size_t)len, "%ckibbutz=%.64s", kind.len > 0 ? '&' : '?',
                        (const char *)kibbutz.at);
    if (body.len > 0)
        snprintf(c->path + len, sizeof c->path - (size_t)len, "%cbody=%.16s", kind.len + kibbutz.len > 0 ? '&' : '?',
                 (const char *)body.at);
    return true;
}

static void write_kinds(struct page *page, const struct choice *c)
{
    page_html(page, "<nav class=\"part\" aria-label=\"");
    page_say(page, "By kind");
    page_html(page, "\"><ul class=\"tags\">");
    for (size_t i = 0; i < LAYOUT_KINDS; i++) {
        page_html(page, "<li><a");
        page_href(page, layout_kinds[i].path);
        page_markup(page, c->kind == &layout_kinds[i] ? " aria-current=\"true\">" : ">");
        page_say(page, layout_kinds[i].title);
        page_html(page, "</a></li>");
    }
    page_html(page, "</ul></nav>\n");
}

static enum err write_list(struct page *page, struct site *site, const struct choice *c, uint64_t number)
{
    struct list list = {.page = page, .site = site};
    size_t before = page->out.len, opened;
    enum err err;

    page_html(page, "<ol class=\"rows\">\n");
    opened = page->out.len;
    err = index_each_document(site_index(site), &c->filter, write_row, &list);
    if (err != ERR_OK)
        return err;
    if (list.count == 0 && number > 1)
        return ERR_MISSING;
    if (list.count == 0) {
        page->out.len -= opened - before;
        list_nothing(page, SAY("There are no documents here yet"),
                     SAY("A document that is published here, or arrives from another kibbutz, will appear in this list "
                         "at once."));
        return ERR_OK;
    }
    page_html(page, "</ol>\n");
    list_steps(page, c->path, number, list.count > LIST_ROWS);
    return ERR_OK;
}

enum err route_documents(struct site *site, const struct route_request *request, struct bytes rest,
                         struct route_answer *answer)
{
    struct page *page = &answer->page;
    struct choice c;
    enum err err;

    (void)rest;
    if (!choose(site, request, &c))
        return ERR_MISSING;
    layout_begin(page, site, bytes_text(reader_text(page->language, c.kind->heading)), c.path);
    page_html(page, "<h1>");
    page_say(page, c.kind->heading);
    if (c.filter.body.len > 0) {
        page_html(page, ": ");
        page_isolated(page, c.filter.body);
    }
    if (c.filter.kibbutz != NULL) {
        page_html(page, ", ");
        layout_kibbutz(page, site, c.filter.kibbutz);
    }
    page_html(page, "</h1>\n");
    write_kinds(page, &c);
    page_html(page, "<section class=\"list part\" aria-labelledby=\"new\"><h2 id=\"new\">");
    page_say(page, "Newest first");
    page_html(page, "</h2>\n");
    err = write_list(page, site, &c, request->page);
    page_html(page, "</section>\n");
    if (c.feed != NULL)
        layout_feed(page, c.feed);
    layout_end(page, c.path);
    return err;
}
