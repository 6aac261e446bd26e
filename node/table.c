/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/table.h"

void table_begin(struct page *page, const char *caption, const char *const columns[], size_t count)
{
    page_html(page, "<table class=\"cards\" role=\"table\"><caption>");
    page_say(page, caption);
    page_html(page, "</caption>\n<thead role=\"rowgroup\"><tr role=\"row\">");
    for (size_t i = 0; i < count; i++) {
        page_html(page, "<th role=\"columnheader\" scope=\"col\">");
        page_say(page, columns[i]);
        page_html(page, "</th>");
    }
    page_html(page, "</tr></thead>\n<tbody role=\"rowgroup\">\n");
}

void table_end(struct page *page)
{
    page_html(page, "</tbody></table>\n");
}

void table_begin_row(struct page *page)
{
    page_html(page, "<tr role=\"row\">");
}

void table_end_row(struct page *page)
{
    page_html(page, "</tr>\n");
}

void table_begin_head(struct page *page, struct bytes text)
{
    page_html(page, "<th role=\"rowheader\" scope=\"row\" class=\"lead\"");
    page_direction(page, text);
    page_html(page, ">");
}

void table_end_head(struct page *page)
{
    page_html(page, "</th>");
}

void table_begin_cell(struct page *page, const char *label)
{
    page_html(page, "<td role=\"cell\" data-l=\"");
    page_say(page, label);
    page_html(page, "\"><span>");
}

/* A card shows no label without a value. */
void table_end_cell(struct page *page)
{
    static const char empty[] = "\"><span>";
    size_t len = sizeof empty - 1;

    if (page->out.len >= len && memcmp(page->out.at + page->out.len - len, empty, len) == 0) {
        while (page->out.len > 0 && memcmp(page->out.at + page->out.len - 8, " data-l=", 8) != 0)
            page->out.len--;
        page->out.len -= 8;
        page_html(page, "></td>");
        return;
    }
    page_html(page, "</span></td>");
}
