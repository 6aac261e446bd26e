/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whom documents name as somebody to ask, who was confirmed last first. */
#include "node/contact.h"
#include "node/list.h"
#include "node/person_match.h"
#include "node/route.h"
#include "node/table.h"

#include <stdio.h>

#define PEOPLE_ROWS 100
#define WORDS_SIZE 200

static void write_topics(struct page *page, const struct overview *o, const struct overview_topic *topic)
{
    char path[64];

    page_html(page, "<nav class=\"part\" aria-label=\"");
    page_say(page, "By subject");
    page_html(page, "\"><ul class=\"tags\"><li><a");
    page_href(page, "/people");
    page_markup(page, topic == NULL ? " aria-current=\"true\">" : ">");
    page_say(page, SAY_IN("people", "All"));
    page_html(page, "</a></li>");
    for (size_t i = 0; i < o->topic_count && i < 24; i++) {
        snprintf(path, sizeof path, "/people?topic=%s", o->topics[i].key);
        page_html(page, "<li><a");
        page_href(page, path);
        page_markup(page, topic == &o->topics[i] ? " aria-current=\"true\">" : ">");
        page_isolated(page, o->topics[i].text);
        page_html(page, "</a></li>");
    }
    page_html(page, "</ul></nav>\n");
}

static void write_source(struct page *page, const struct index_person *person)
{
    char id[ID_TEXT_LEN + 1], path[ID_TEXT_LEN + 8];

    id_to_text(&person->document, id);
    snprintf(path, sizeof path, "/d/%s", id);
    page_html(page, "<a");
    page_href(page, path);
    page_html(page, ">");
    if (person->title.len > 0)
        page_isolated(page, person->title);
    else
        page_say(page, "A document without a title");
    page_html(page, "</a>");
}

static void write_row(struct page *page, const struct index_person *person)
{
    table_begin_row(page);
    table_begin_head(page, person->name);
    page_text(page, person->name);
    table_end_head(page);
    table_begin_cell(page, SAY("Role"));
    if (person->role.len > 0)
        page_isolated(page, person->role);
    table_end_cell(page);
    table_begin_cell(page, SAY("Kibbutz"));
    if (person->kibbutz.len > 0)
        page_isolated(page, person->kibbutz);
    table_end_cell(page);
    table_begin_cell(page, SAY("Phone"));
    if (person->phone.len > 0)
        contact_phone(page, person->phone);
    table_end_cell(page);
    table_begin_cell(page, SAY("Confirmed"));
    contact_confirmed(page, person->confirmed);
    table_end_cell(page);
    table_begin_cell(page, SAY("Stands in"));
    write_source(page, person);
    table_end_cell(page);
    table_end_row(page);
}

struct rows {
    struct page *page;
    size_t count, skip;
    struct bytes words; /* Only whom these mean; empty: all. */
    bool is_of_subject; /* Others are met by their subject. */
};

static enum err take_person(void *context, const struct index_person *person)
{
    struct rows *rows = context;

    if (rows->words.len > 0 && person_match(person, rows->words) == rows->is_of_subject)
        return ERR_OK;
    if (rows->count >= rows->skip && rows->count < rows->skip + PEOPLE_ROWS)
        write_row(rows->page, person);
    rows->count++;
    return ERR_OK;
}

static enum err write_people(struct site *site, const struct overview *o, const struct overview_topic *topic,
                             struct rows *rows)
{
    if (topic != NULL)
        return index_each_person(site_index(site), topic->text, take_person, rows);
    for (size_t i = 0; i < o->person_count; i++)
        (void)take_person(rows, &o->people[i]);
    rows->is_of_subject = true;
    for (size_t i = 0; rows->words.len > 0 && i < o->topic_count; i++)
        if (person_match_text(o->topics[i].text, rows->words))
            return index_each_person(site_index(site), o->topics[i].text, take_person, rows);
    return ERR_OK;
}

static const struct layout_find find = {"find part no-print", "find-people", "/people",
                                        SAY("A name, a role, a kibbutz or a subject"),
                                        SAY("A name, a role, a kibbutz or a subject")};

/* The address of the list, without the page. */
static void write_here(const char *path, const char *words, char here[3 * WORDS_SIZE + 32])
{
    size_t len = (size_t)snprintf(here, 96, words[0] != '\0' ? "%s?q=" : "%s", path);

    for (const uint8_t *at = (const uint8_t *)words; *at != 0; at++)
        len += (size_t)snprintf(here + len, 4, "%%%02X", *at);
}

enum err route_people(struct site *site, const struct route_request *request, struct bytes rest,
                      struct route_answer *answer)
{
    static const char *const columns[] = {SAY("Name"),  SAY("Role"),      SAY("Kibbutz"),
                                          SAY("Phone"), SAY("Confirmed"), SAY("Stands in")};
    struct bytes key = request->argument[ROUTE_TOPIC];
    const struct overview *o = site_overview(site);
    const struct overview_topic *topic = NULL;
    struct page *page = &answer->page;
    struct rows rows = {.page = page};
    char path[64] = "/people", words[WORDS_SIZE + 1], here[3 * WORDS_SIZE + 32];
    size_t before;
    enum err err;

    (void)rest;
    if (o == NULL)
        return ERR_BUSY;
    if (key.len > 0 && request->argument[ROUTE_WORDS].len > 0)
        return ERR_MISSING; /* No link and no form asks for both. */
    if ((key.len > 0 && (topic = overview_find_topic(o, key)) == NULL) || request->page > LIST_PAGES_MAX)
        return ERR_MISSING;
    if (topic != NULL)
        snprintf(path, sizeof path, "/people?topic=%s", topic->key);
    route_decode(request->argument[ROUTE_WORDS], words, WORDS_SIZE);
    rows.words = bytes_text(words);
    rows.skip = (size_t)(request->page - 1) * PEOPLE_ROWS;
    write_here(path, words, here);
    layout_begin(page, site, bytes_text(reader_text(page->language, SAY("People"))), here);
    page_html(page, "<h1>");
    page_say(page, "People");
    page_html(page, "</h1>\n");
    if (page->links == NULL)
        layout_find(page, &find, words);
    write_topics(page, o, topic);
    page_html(page, "<div class=\"part\">\n");
    before = page->out.len;
    table_begin(page,
                SAY("Whom one can call, as documents say. The day of confirmation is when somebody last made sure that "
                    "the number is right."),
                columns, 6);
    if ((err = write_people(site, o, topic, &rows)) != ERR_OK)
        return err;
    if (rows.count <= rows.skip && request->page > 1)
        return ERR_MISSING;
    if (rows.count == 0) {
        page->out.len = before;
        list_nothing(page,
                     words[0] != '\0' ? SAY("Nobody was found by these words")
                                      : SAY("No document names somebody to ask yet"),
                     NULL);
    } else {
        table_end(page);
        list_steps(page, here, request->page, rows.count > rows.skip + PEOPLE_ROWS);
    }
    page_html(page, "</div>\n");
    layout_end(page, here);
    return ERR_OK;
}
