/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The accessibility statement, with whom to turn to: what the office wrote in its configuration. */
#include "node/contact.h"
#include "node/route.h"
#include "proto/text.h"

static void write_contact(struct page *page, struct site *site)
{
    struct bytes rest = site_accessibility(site), name, phone;

    page_html(page, "<h2>");
    page_say(page, "Whom to turn to");
    page_html(page, "</h2>\n<p>");
    if (rest.len == 0) {
        page_say(page, "The office of the kibbutz. (It has not named a person here yet.)");
        page_html(page, "</p>\n");
        return;
    }
    if (!text_take(&rest, ',', &name)) {
        name = rest;
        rest = bytes_of(NULL, 0);
    }
    page_isolated(page, name);
    while (rest.len > 0) {
        if (!text_take(&rest, ',', &phone)) {
            phone = rest;
            rest = bytes_of(NULL, 0);
        }
        while (phone.len > 0 && phone.at[0] == ' ')
            phone = bytes_from(phone, 1);
        page_html(page, ", ");
        contact_phone(page, phone);
    }
    page_html(page, "</p>\n");
}

enum err route_accessibility(struct site *site, const struct route_request *request, struct bytes rest,
                             struct route_answer *answer)
{
    struct page *page = &answer->page;

    (void)request;
    (void)rest;
    layout_begin(page, site, bytes_text(reader_text(page->language, SAY("Accessibility statement"))), "/accessibility");
    page_html(page, "<article class=\"doc\"><h1>");
    page_say(page, "Accessibility statement");
    page_html(page, "</h1>\n<p>");
    page_say(page,
             "These pages are made to be read by everybody: with a keyboard alone, with a screen reader, at 200 % "
             "zoom, on a small phone, and on paper. They aim at level AA of WCAG 2.1, as Israeli Standard 5568 "
             "asks.");
    page_html(page, "</p>\n<h2>");
    page_say(page, "What is done for it");
    page_html(page, "</h2>\n<ul><li>");
    page_say(page, "Every page has one heading, a link that skips to its content, and names on all its fields.");
    page_html(page, "</li><li>");
    page_say(page, "What state a document is in is said in a word and a shape, never by colour alone.");
    page_html(page, "</li><li>");
    page_say(page, "Nothing moves, nothing needs a script, and nothing times out.");
    page_html(page, "</li></ul>\n<h2>");
    page_say(page, "What is not");
    page_html(page, "</h2>\n<p>");
    page_say(page, "Attachments are as their authors made them: a scanned page cannot be read aloud. Ask the author or "
                   "the office for the text.");
    page_html(page, "</p>\n");
    write_contact(page, site);
    page_html(page, "</article>\n");
    layout_end(page, "/accessibility");
    return ERR_OK;
}
