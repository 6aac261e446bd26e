/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/list.h"

#include <stdio.h>

void list_title_begin(struct page *page, const struct index_revision *revision)
{
    char id[ID_TEXT_LEN + 1], path[ID_TEXT_LEN + 8];

    id_to_text(&revision->document, id);
    snprintf(path, sizeof path, "/d/%s", id);
    page_html(page, "<h3");
    page_direction(page, revision->title);
    page_html(page, "><a");
    page_href(page, path);
    page_markup(page, revision->judged.state == TRUST_NULL ? " class=\"struck\">" : ">");
    if (revision->title.len == 0 && revision->judged.erased)
        page_say(page, "A document whose content was erased");
    else if (revision->title.len == 0)
        page_say(page, "A document without a title");
}

void list_title_end(struct page *page)
{
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

void list_row(struct page *page, struct site *site, const struct index_revision *revision)
{
    page_html(page, "<li><p class=\"no\">");
    if (revision->number.len > 0)
        page_ltr(page, revision->number);
    else
        page_html(page, "<span aria-hidden=\"true\">—</span>");
    page_html(page, "<small>");
    layout_kind(page, revision->kind);
    page_html(page, "</small></p><div>");
    list_title_begin(page, revision);
    page_text(page, revision->title);
    list_title_end(page);
    write_facts(page, site, revision);
    page_html(page, "</div></li>\n");
}

static void write_step(struct page *page, const char *list, uint64_t number, const char *text, const char *rel)
{
    char path[1024]; /* Words that were typed may stand in it, each byte as three. */

    snprintf(path, sizeof path, "%s%cpage=%llu", list, strchr(list, '?') != NULL ? '&' : '?',
             (unsigned long long)number);
    page_html(page, "<a class=\"btn\" rel=\"");
    page_markup(page, rel);
    page_html(page, "\"");
    page_href(page, path);
    page_html(page, ">");
    page_say(page, text);
    page_html(page, "</a>");
}

void list_steps(struct page *page, const char *path, uint64_t number, bool more)
{
    if (number == 1 && !more)
        return;
    page_html(page, "<nav class=\"pages\" aria-label=\"");
    page_say(page, "Pages of the list");
    page_html(page, "\">");
    if (number > 1)
        write_step(page, path, number - 1, SAY("Newer"), "prev");
    page_html(page, "<span>");
    page_say(page, "Page");
    page_html(page, " ");
    page_number(page, number);
    page_html(page, "</span>");
    if (more)
        write_step(page, path, number + 1, SAY("Older"), "next");
    page_html(page, "</nav>\n");
}

void list_nothing(struct page *page, const char *title, const char *hint)
{
    page_html(page, "<div class=\"void-text\"><p><b>");
    page_say(page, title);
    page_html(page, "</b>");
    if (hint != NULL) {
        page_html(page, "<br>");
        page_say(page, hint);
    }
    page_html(page, "</p></div>\n");
}
