/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The register: decision documents, and what minutes say was decided, newest first. */
#include "node/list.h"
#include "node/route.h"
#include "node/table.h"

#include <stdio.h>

struct choice {
    struct index_decision_filter filter;
    enum trust_state state;
    const struct overview_book *body;
    const struct overview_topic *topic;
};

static const struct {
    const char *name; /* In the address. */
    enum trust_state state;
    const char *title;
} states[] = {
    {"force", TRUST_IN_FORCE, SAY("In force today")},
    {"open", TRUST_PROPOSED, SAY_IN("decisions", "Proposed")},
    {"past", TRUST_SUPERSEDED, SAY_IN("decisions", "Superseded")},
    {"void", TRUST_WITHDRAWN, SAY_IN("decisions", "Withdrawn")},
    {"fork", TRUST_DISPUTED, SAY_IN("decisions", "Contested")},
};
#define STATES (sizeof states / sizeof states[0])

static bool choose(const struct overview *o, const struct route_request *request, struct choice *c)
{
    struct bytes state = request->argument[ROUTE_STATE], body = request->argument[ROUTE_BODY],
                 topic = request->argument[ROUTE_TOPIC];

    *c = (struct choice){.filter = {.limit = LIST_ROWS + 1}};
    if (request->page > LIST_PAGES_MAX)
        return false;
    c->filter.offset = (request->page - 1) * LIST_ROWS;
    for (size_t i = 0; i < STATES; i++)
        if (bytes_equal(state, bytes_text(states[i].name))) {
            c->state = states[i].state;
            c->filter.state = &c->state;
        }
    if (state.len > 0 && c->filter.state == NULL)
        return false;
    if (body.len > 0 && (c->body = overview_find_book(o, body, 0)) == NULL)
        return false;
    if (topic.len > 0 && (c->topic = overview_find_topic(o, topic)) == NULL)
        return false;
    if (c->body != NULL) {
        c->filter.kibbutz = &c->body->kibbutz;
        c->filter.body = c->body->body;
    }
    if (c->topic != NULL)
        c->filter.topic = c->topic->text;
    return true;
}

/* The address of the register with these chosen; NULL: not. */
static void write_path(const char *state, const char *body, const char *topic, char path[160])
{
    const char *values[] = {state, body, topic}, *names[] = {"state", "body", "topic"};
    int len = snprintf(path, 160, "/decisions");
    char mark = '?';

    for (size_t i = 0; i < 3; i++)
        if (values[i] != NULL) {
            len += snprintf(path + len, 160 - (size_t)len, "%c%s=%s", mark, names[i], values[i]);
            mark = '&';
        }
}

static const char *state_name(const struct choice *c)
{
    for (size_t i = 0; i < STATES; i++)
        if (c->filter.state != NULL && states[i].state == c->state)
            return states[i].name;
    return NULL;
}

static void write_path_of(const struct choice *c, char path[160])
{
    write_path(state_name(c), c->body != NULL ? c->body->key : NULL, c->topic != NULL ? c->topic->key : NULL, path);
}

/* ---- what can be chosen ---- */

static void begin_tag(struct page *page, const char *path, bool is_here)
{
    page_html(page, "<li><a");
    page_href(page, path);
    page_markup(page, is_here ? " aria-current=\"true\">" : ">");
}

static void write_states(struct page *page, const struct choice *c)
{
    const char *body = c->body != NULL ? c->body->key : NULL, *topic = c->topic != NULL ? c->topic->key : NULL;
    char path[160];

    page_html(page, "<nav class=\"part\" aria-label=\"");
    page_say(page, "By state");
    page_html(page, "\"><ul class=\"tags\">");
    write_path(NULL, body, topic, path);
    begin_tag(page, path, c->filter.state == NULL);
    page_say(page, SAY_IN("decisions", "All"));
    page_html(page, "</a></li>");
    for (size_t i = 0; i < STATES; i++) {
        write_path(states[i].name, body, topic, path);
        begin_tag(page, path, c->filter.state != NULL && c->state == states[i].state);
        page_say(page, states[i].title);
        page_html(page, "</a></li>");
    }
    page_html(page, "</ul></nav>\n");
}

static void write_topics(struct page *page, const struct overview *o, const struct choice *c)
{
    const char *state = state_name(c), *body = c->body != NULL ? c->body->key : NULL;
    char path[160];

    if (o->subject_count == 0)
        return;
    page_html(page, "<details");
    page_markup(page, c->topic != NULL ? " open><summary>" : "><summary>");
    page_say(page, "By subject");
    page_html(page, "</summary><ul class=\"tags\">");
    if (c->topic != NULL) {
        write_path(state, body, NULL, path);
        begin_tag(page, path, false);
        page_say(page, "All subjects");
        page_html(page, "</a></li>");
    }
    for (size_t i = 0; i < o->subject_count; i++) {
        write_path(state, body, o->subjects[i].key, path);
        begin_tag(page, path, c->topic != NULL && strcmp(c->topic->key, o->subjects[i].key) == 0);
        page_isolated(page, o->subjects[i].text);
        page_html(page, "</a></li>");
    }
    page_html(page, "</ul></details>\n");
}

static void write_bodies(struct page *page, struct site *site, const struct overview *o, const struct choice *c)
{
    const char *state = state_name(c), *topic = c->topic != NULL ? c->topic->key : NULL;
    char path[160];

    if (o->book_count == 0)
        return;
    page_html(page, "<details");
    page_markup(page, c->body != NULL ? " open><summary>" : "><summary>");
    page_say(page, "By body");
    page_html(page, "</summary><ul class=\"tags\">");
    if (c->body != NULL) {
        write_path(state, NULL, topic, path);
        begin_tag(page, path, false);
        page_say(page, "All bodies");
        page_html(page, "</a></li>");
    }
    for (size_t i = 0; i < o->book_count; i++) {
        const struct overview_book *book = &o->books[i];

        if (book->body.len == 0 || (i > 0 && strcmp(book->key, o->books[i - 1].key) == 0))
            continue;
        write_path(state, book->key, topic, path);
        begin_tag(page, path, c->body != NULL && strcmp(c->body->key, book->key) == 0);
        page_html(page, "<span>");
        page_isolated(page, book->body);
        page_html(page, " <small>");
        layout_kibbutz(page, site, &book->kibbutz);
        page_html(page, "</small></span></a></li>");
    }
    page_html(page, "</ul></details>\n");
}

/* ---- rows ---- */

struct rows {
    struct page *page;
    struct site *site;
    size_t count;
};

static enum err take_title(void *context, const struct index_revision *revision)
{
    struct buffer *title = context;

    if (id_equal(&revision->revision, &revision->judged.revision)) {
        buffer_clear(title);
        buffer_add(title, revision->number.len > 0 ? revision->number : revision->title);
    }
    return ERR_OK;
}

static void write_successor(struct rows *rows, const struct id *by)
{
    struct buffer title = BUFFER(KIB(4));
    char id[ID_TEXT_LEN + 1], path[ID_TEXT_LEN + 8];

    if (index_each_history(site_index(rows->site), by, take_title, &title) == ERR_OK && title.len > 0) {
        id_to_text(by, id);
        snprintf(path, sizeof path, "/d/%s", id);
        page_say(rows->page, "by");
        page_html(rows->page, " <a class=\"tel\"");
        page_href(rows->page, path);
        page_html(rows->page, ">");
        page_isolated(rows->page, buffer_bytes(&title));
        page_html(rows->page, "</a>");
    }
    buffer_free(&title);
}

static void write_remark(struct rows *rows, const struct index_decision *d)
{
    const struct trust_document *judged = &d->revision.judged;
    struct page *page = rows->page;

    if (d->text.len > 0) {
        page_fill(page, "from minutes %1", PAGE_LTR(d->revision.number.len > 0 ? d->revision.number : bytes_text("")));
    } else if (judged->state == TRUST_SUPERSEDED) {
        write_successor(rows, &judged->ended_by);
    } else if (judged->state == TRUST_PROPOSED && judged->need > judged->approvals) {
        page_say_count(page, judged->need - judged->approvals, "one approval is missing", "%1 approvals are missing");
    } else if (judged->state == TRUST_IN_FORCE && judged->need > 1) {
        page_fill(page, "%1 approvals of %2", PAGE_NUMBER(judged->approvals), PAGE_NUMBER(judged->need));
    }
}

static void write_what(struct page *page, const struct index_decision *d)
{
    const struct index_revision *revision = &d->revision;
    struct bytes what = d->text.len > 0 ? d->text : revision->title;
    char id[ID_TEXT_LEN + 1], path[ID_TEXT_LEN + 8];

    id_to_text(&revision->document, id);
    snprintf(path, sizeof path, "/d/%s", id);
    table_begin_head(page, what);
    page_html(page, "<a class=\"ink\"");
    page_href(page, path);
    page_html(page, ">");
    if (what.len > 0)
        page_text(page, what);
    else if (revision->judged.erased)
        page_say(page, "A document whose content was erased");
    else
        page_say(page, "A document without a title");
    page_html(page, "</a>");
    if (revision->body.len > 0) {
        page_html(page, "<br><small class=\"soft\">");
        page_isolated(page, revision->body);
        page_html(page, "</small>");
    }
    table_end_head(page);
}

static enum err write_row(void *context, const struct index_decision *d)
{
    const struct index_revision *revision = &d->revision;
    struct rows *rows = context;
    struct page *page = rows->page;
    struct date date;

    if (rows->count++ == LIST_ROWS)
        return ERR_OK;
    table_begin_row(page);
    table_begin_cell(page, SAY("Number"));
    page_html(page, "<b>");
    if (d->text.len == 0 && revision->number.len > 0)
        page_ltr(page, revision->number);
    else
        page_html(page, "—");
    page_html(page, "</b>");
    table_end_cell(page);
    write_what(page, d);
    table_begin_cell(page, SAY("Date"));
    if (date_parse(revision->date, &date) || date_from_ms(ENTRY_CLOCK_MS(revision->clock), &date))
        layout_date(page, &date);
    table_end_cell(page);
    table_begin_cell(page, SAY("State"));
    layout_state(page, revision);
    table_end_cell(page);
    table_begin_cell(page, SAY("Remark"));
    write_remark(rows, d);
    table_end_cell(page);
    table_end_row(page);
    return ERR_OK;
}

static enum err write_register(struct page *page, struct site *site, const struct choice *c, uint64_t number)
{
    static const char *const columns[] = {SAY("Number"), SAY("Decision"), SAY("Date"), SAY("State"), SAY("Remark")};
    struct rows rows = {page, site, 0};
    size_t before = page->out.len;
    char path[160];
    enum err err;

    page_html(page, "<div class=\"part\">\n");
    table_begin(page, SAY("Decisions and what was agreed in minutes, newest first"), columns, 5);
    err = index_each_decision(site_index(site), &c->filter, write_row, &rows);
    if (err != ERR_OK)
        return err;
    if (rows.count == 0 && number > 1)
        return ERR_MISSING;
    if (rows.count == 0) {
        page->out.len = before;
        page_html(page, "<div class=\"part\">\n");
        list_nothing(page, SAY("There is no such decision here"), NULL);
    } else {
        table_end(page);
        write_path_of(c, path);
        list_steps(page, path, number, rows.count > LIST_ROWS);
    }
    page_html(page, "</div>\n");
    return ERR_OK;
}

enum err route_decisions(struct site *site, const struct route_request *request, struct bytes rest,
                         struct route_answer *answer)
{
    const struct overview *o = site_overview(site);
    struct page *page = &answer->page;
    struct choice c;
    char path[160];
    enum err err;

    (void)rest;
    if (o == NULL)
        return ERR_BUSY;
    if (!choose(o, request, &c))
        return ERR_MISSING;
    write_path_of(&c, path);
    layout_begin(page, site, bytes_text(reader_text(page->language, SAY("The register of decisions"))), path);
    page_html(page, "<h1>");
    page_say(page, "The register of decisions");
    page_html(page, "</h1>\n");
    write_states(page, &c);
    write_topics(page, o, &c);
    write_bodies(page, site, o, &c);
    err = write_register(page, site, &c, request->page);
    layout_end(page, path);
    return err;
}
