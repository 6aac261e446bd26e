/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The front page: search first, then what is new, what is in force, whose minutes there are, and whom to ask. */
#include "node/contact.h"
#include "node/list.h"
#include "node/route.h"

#include <stdio.h>

#define NEW_ROWS 8
#define FORCE_ROWS 6
#define BODY_ROWS 8
#define PEOPLE_ROWS 3

struct rows {
    struct page *page;
    struct site *site;
    size_t count;
};

static void begin_section(struct page *page, const char *id, const char *title)
{
    page_html(page, "<section class=\"part\" aria-labelledby=\"");
    page_markup(page, id);
    page_html(page, "\"><div class=\"head\"><h2 id=\"");
    page_markup(page, id);
    page_html(page, "\">");
    page_say(page, title);
    page_html(page, "</h2>");
}

static void end_head(struct page *page, const char *path, const char *text)
{
    page_html(page, "<a class=\"more\"");
    page_href(page, path);
    page_html(page, ">");
    page_say(page, text);
    page_html(page, "</a></div>\n");
}

static void write_hero(struct page *page, const struct overview *o)
{
    page_html(page, "<div class=\"hero\">\n<h1>");
    if (o->share_count > 1)
        page_say_count(page, o->share_count, "The minutes, decisions and know-how of one kibbutz",
                       "The minutes, decisions and know-how of %1 kibbutzim");
    else
        page_say(page, "Our minutes, decisions and know-how");
    page_html(page, "</h1>\n");
    layout_search(page, "");
    page_html(page, "<p class=\"right small soft\">");
    page_say(page, "A member may inspect the minute books of their society within seven days of asking. Here there is "
                   "no need to ask.");
    page_html(page, "</p>\n</div>\n");
}

static enum err write_new_row(void *context, const struct index_revision *revision)
{
    struct rows *rows = context;

    rows->count++;
    list_row(rows->page, rows->site, revision);
    return ERR_OK;
}

static enum err write_new(struct page *page, struct site *site)
{
    struct rows rows = {page, site, 0};
    struct index_filter filter = {.by_arrival = true, .limit = NEW_ROWS};
    size_t start, opened;
    enum err err;

    begin_section(page, "new", SAY("New"));
    end_head(page, "/documents", SAY("All documents"));
    start = page->out.len;
    page_html(page, "<ol class=\"rows\">\n");
    opened = page->out.len;
    err = index_each_document(site_index(site), &filter, write_new_row, &rows);
    if (rows.count == 0) {
        page->out.len -= opened - start;
        list_nothing(page, SAY("There are no documents here yet"),
                     SAY("A document that is published here, or arrives from another kibbutz, will appear in this list "
                         "at once."));
    } else {
        page_html(page, "</ol>");
    }
    page_html(page, "</section>\n");
    return err;
}

/* A line of a narrow list: a name, and something small at the other end. */
static void begin_line(struct page *page, const char *path, struct bytes name)
{
    page_html(page, "<li><a");
    page_href(page, path);
    page_html(page, "><span");
    page_direction(page, name);
    page_html(page, ">");
    page_text(page, name);
    page_html(page, "</span><span>");
}

static enum err write_force_row(void *context, const struct index_decision *decision)
{
    const struct index_revision *revision = &decision->revision;
    struct rows *rows = context;
    char id[ID_TEXT_LEN + 1], path[ID_TEXT_LEN + 8];

    rows->count++;
    id_to_text(&revision->document, id);
    snprintf(path, sizeof path, "/d/%s", id);
    begin_line(rows->page, path, revision->title);
    if (revision->number.len > 0)
        page_ltr(rows->page, revision->number);
    page_html(rows->page, "</span></a></li>\n");
    return ERR_OK;
}

static enum err write_force(struct page *page, struct site *site)
{
    static const enum trust_state in_force = TRUST_IN_FORCE;
    const struct index_decision_filter filter = {.state = &in_force, .documents_only = true, .limit = FORCE_ROWS};
    struct rows rows = {page, site, 0};
    enum err err;

    begin_section(page, "force", SAY("In force today"));
    end_head(page, "/decisions", SAY("All decisions"));
    page_html(page, "<ul class=\"plain\">\n");
    err = index_each_decision(site_index(site), &filter, write_force_row, &rows);
    page_html(page, "</ul>");
    if (rows.count == 0) {
        page_html(page, "<p class=\"soft\">");
        page_say(page, "No decision is in force yet.");
        page_html(page, "</p>");
    }
    page_html(page, "</section>\n");
    return err;
}

/* The newest book of each body. */
static void write_bodies(struct page *page, const struct overview *o)
{
    size_t count = 0;

    begin_section(page, "bodies", SAY("Bodies and minute books"));
    end_head(page, "/books", SAY("All books"));
    page_html(page, "<ul class=\"plain\">\n");
    for (size_t i = 0; i < o->book_count && count < BODY_ROWS; i++) {
        const struct overview_book *book = &o->books[i];
        char path[64];

        if (i > 0 && strcmp(book->key, o->books[i - 1].key) == 0)
            continue;
        count++;
        snprintf(path, sizeof path, "/book/%s/%u", book->key, book->year);
        begin_line(page, path,
                   book->body.len > 0 ? book->body
                                      : bytes_text(reader_text(page->language, SAY("Minutes without a body"))));
        page_number(page, book->year);
        page_html(page, ": ");
        page_say_count(page, book->minutes, "one meeting", "%1 meetings");
        page_html(page, "</span></a></li>\n");
    }
    page_html(page, "</ul>");
    if (count == 0) {
        page_html(page, "<p class=\"soft\">");
        page_say(page, "There are no minutes here yet.");
        page_html(page, "</p>");
    }
    page_html(page, "</section>\n");
}

static void write_kibbutzim(struct page *page, struct site *site, const struct overview *o)
{
    if (o->share_count == 0)
        return;
    begin_section(page, "kibbutzim", SAY("Kibbutzim"));
    end_head(page, "/network", SAY("Who is up to date and who is not"));
    page_html(page, "<ul class=\"gridlist\">\n");
    for (size_t i = 0; i < o->share_count; i++) {
        char id[ID_TEXT_LEN + 1], path[ID_TEXT_LEN + 32];

        id_to_text(&o->shares[i].kibbutz, id);
        snprintf(path, sizeof path, "/documents?kibbutz=%s", id);
        page_html(page, "<li><a");
        page_href(page, path);
        page_html(page, "><span>");
        layout_kibbutz(page, site, &o->shares[i].kibbutz);
        page_html(page, "</span> <small>");
        page_number(page, o->shares[i].documents);
        page_html(page, "</small></a></li>\n");
    }
    page_html(page, "</ul></section>\n");
}

static void write_people(struct page *page, const struct overview *o)
{
    if (o->person_count == 0)
        return;
    begin_section(page, "people", SAY("Who to ask"));
    end_head(page, "/people", SAY("All people"));
    page_html(page, "<ul class=\"people gridlist wide\">\n");
    for (size_t i = 0; i < o->person_count && i < PEOPLE_ROWS; i++) {
        const struct index_person *p = &o->people[i];

        contact_write(page, &(struct contact){p->name, p->phone, p->role, p->kibbutz, p->confirmed});
    }
    page_html(page, "</ul></section>\n");
}

enum err route_front(struct site *site, const struct route_request *request, struct bytes rest,
                     struct route_answer *answer)
{
    const struct overview *o = site_overview(site);
    struct page *page = &answer->page;
    struct bytes title = site_network_name(site);
    enum err err;

    (void)rest;
    if (o == NULL)
        return ERR_BUSY;
    if (request->page != 1)
        return ERR_MISSING;
    layout_begin(page, site, title.len > 0 ? title : bytes_text(reader_text(page->language, SAY("Documents"))), "/");
    write_hero(page, o);
    page_html(page, "<div class=\"cols\">\n<div>\n");
    err = write_new(page, site);
    page_html(page, "</div>\n<aside>\n");
    if (err == ERR_OK)
        err = write_force(page, site);
    write_bodies(page, o);
    page_html(page, "</aside>\n</div>\n");
    write_kibbutzim(page, site, o);
    write_people(page, o);
    layout_end(page, "/");
    return err;
}
