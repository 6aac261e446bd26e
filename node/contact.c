/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/contact.h"

#define OLD_YEARS 2 /* A number that nobody confirmed for so long may be another's by now. */

/* tel: takes digits; a domestic number gets its country, so that a call goes through from anywhere. */
void contact_phone(struct page *page, struct bytes phone)
{
    struct buffer number = BUFFER(32);

    for (size_t i = 0; i < phone.len; i++)
        if ((phone.at[i] >= '0' && phone.at[i] <= '9') || (phone.at[i] == '+' && number.len == 0))
            buffer_u8(&number, phone.at[i]);
    if (buffer_error(&number) == ERR_OK && number.len >= 3) {
        page_html(page, "<a class=\"tel\" href=\"tel:");
        if (number.len >= 9 && number.len <= 10 && number.at[0] == '0') {
            page_html(page, "+972");
            buffer_drop(&number, 1);
        }
        page_text(page, buffer_bytes(&number));
        page_html(page, "\">");
        page_ltr(page, phone);
        page_html(page, "</a>");
    } else {
        page_ltr(page, phone);
    }
    buffer_free(&number);
}

void contact_confirmed(struct page *page, struct bytes confirmed)
{
    struct date date, now;
    unsigned years;

    if (!date_parse(confirmed, &date))
        return;
    layout_date(page, &date);
    if (page->now_ms == 0 || !date_from_ms(page->now_ms, &now) || now.year < date.year)
        return;
    years = now.year - date.year;
    if (years > 0 && (now.month < date.month || (now.month == date.month && now.day < date.day)))
        years--;
    if (years >= OLD_YEARS) {
        page_html(page, " <span class=\"state open\">");
        page_say_count(page, years, "not confirmed for a year", "not confirmed for %1 years");
        page_html(page, "</span>");
    }
}

static void add_fact(struct page *page, struct bytes fact)
{
    if (fact.len == 0)
        return;
    page_html(page, ", ");
    page_isolated(page, fact);
}

void contact_write(struct page *page, const struct contact *contact)
{
    struct date date;

    page_html(page, "<li><p><b>");
    page_isolated(page, contact->name);
    page_html(page, "</b>");
    add_fact(page, contact->role);
    add_fact(page, contact->kibbutz);
    page_html(page, "</p>");
    if (contact->phone.len > 0)
        contact_phone(page, contact->phone);
    if (date_parse(contact->confirmed, &date)) {
        page_html(page, "<p class=\"small soft\">");
        page_say(page, "Last confirmed");
        page_html(page, " ");
        contact_confirmed(page, contact->confirmed);
        page_html(page, "</p>");
    }
    page_html(page, "</li>\n");
}
