/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/search_request.h"

#include "node/layout.h"

#define CHOICES_MAX 100 /* Of a list in the form: what is not in it can be typed with the words, as kibbutz:NAME. */

const struct search_request_field search_request_fields[SEARCH_REQUEST_FIELDS] = {
    {ROUTE_KIND, SEARCH_KIND, SAY_IN("filter", "Kind")},
    {ROUTE_KIBBUTZ, SEARCH_KIBBUTZ, SAY_IN("filter", "Kibbutz")},
    {ROUTE_BODY, SEARCH_BODY, SAY_IN("filter", "Body")},
    {ROUTE_YEAR, SEARCH_YEAR, SAY_IN("filter", "Year")},
    {ROUTE_PERSON, SEARCH_PERSON, SAY_IN("filter", "Person")},
    {ROUTE_STATE, SEARCH_STATE, SAY_IN("filter", "State")},
};

/* ---- in an address ---- */

void search_request_read(const struct route_request *request, struct search_request *asked)
{
    route_decode(request->argument[ROUTE_WORDS], asked->words, SEARCH_QUERY_SIZE_MAX);
    asked->has_fields = false;
    for (size_t i = 0; i < SEARCH_REQUEST_FIELDS; i++) {
        route_decode(request->argument[search_request_fields[i].argument], asked->fields[i], SEARCH_REQUEST_FIELD_SIZE);
        asked->has_fields |= asked->fields[i][0] != '\0';
    }
    asked->is_any = asked->has_fields || asked->words[0] != '\0';
}

static bool is_plain(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
}

static void add_argument(struct buffer *path, enum route_argument argument, const char *value)
{
    if (value[0] == '\0')
        return;
    buffer_text(path, path->len > strlen("/search") ? "&" : "?");
    buffer_text(path, route_argument_names[argument]);
    buffer_text(path, "=");
    for (const uint8_t *at = (const uint8_t *)value; *at != 0; at++) {
        if (is_plain(*at)) {
            buffer_u8(path, *at);
            continue;
        }
        buffer_text(path, "%");
        buffer_hex(path, bytes_of(at, 1));
    }
}

void search_request_path(const struct search_request *asked, const struct search_request_field *without,
                         struct buffer *path)
{
    *path = BUFFER(SEARCH_REQUEST_PATH_SIZE);
    buffer_text(path, "/search");
    add_argument(path, ROUTE_WORDS, asked->words);
    for (size_t i = 0; i < SEARCH_REQUEST_FIELDS; i++)
        if (without != &search_request_fields[i])
            add_argument(path, search_request_fields[i].argument, asked->fields[i]);
    buffer_u8(path, 0);
}

/* ---- in a form ---- */

static const struct {
    const char *value, *text;
} kinds[] = {{"minutes", SAY_IN("list", "Minutes")},
             {"decision", SAY("Decisions")},
             {"knowledge", SAY_IN("list", "Know-how")},
             {"notice", SAY("Notices")}},
  states[] = {{"force", SAY("In force")},      {"proposed", SAY("Proposed")},   {"superseded", SAY("Superseded")},
              {"withdrawn", SAY("Withdrawn")}, {"contested", SAY("Contested")}, {"void", SAY("Void")}};

static void begin_field(struct page *page, const struct search_request_field *field)
{
    const char *name = route_argument_names[field->argument];

    page_html(page, "<div><label for=\"");
    page_markup(page, name);
    page_html(page, "\">");
    page_say(page, field->label);
    page_html(page, "</label>");
}

static void write_name(struct page *page, const struct search_request_field *field)
{
    page_html(page, " form=\"search\" id=\"");
    page_markup(page, route_argument_names[field->argument]);
    page_html(page, "\" name=\"");
    page_markup(page, route_argument_names[field->argument]);
    page_html(page, "\"");
}

struct choices {
    struct page *page;
    const char *chosen;
    bool is_found;
};

static void write_choice(struct choices *c, struct bytes value, const char *text)
{
    bool is_chosen = c->chosen[0] != '\0' && bytes_equal(value, bytes_text(c->chosen));

    page_html(c->page, "<option value=\"");
    page_text(c->page, value);
    page_markup(c->page, is_chosen ? "\" selected>" : "\">");
    if (text != NULL)
        page_say(c->page, text);
    else
        page_text(c->page, value);
    page_html(c->page, "</option>");
    c->is_found |= is_chosen;
}

static struct choices begin_choices(struct page *page, const struct search_request_field *field, const char *chosen)
{
    begin_field(page, field);
    page_html(page, "<select");
    write_name(page, field);
    page_html(page, "><option value=\"\">");
    page_say(page, SAY_IN("filter", "Any"));
    page_html(page, "</option>");
    return (struct choices){.page = page, .chosen = chosen};
}

/* What an address asks for may be in no list, and stays chosen. */
static void end_choices(struct choices *c)
{
    if (!c->is_found && c->chosen[0] != '\0')
        write_choice(c, bytes_text(c->chosen), NULL);
    page_html(c->page, "</select></div>\n");
}

static void write_kibbutzim(struct choices *c, struct site *site, const struct overview *o)
{
    for (size_t i = 0; o != NULL && i < o->share_count && i < CHOICES_MAX; i++)
        write_choice(c, site_kibbutz_name(site, &o->shares[i].kibbutz), NULL);
}

/* The books are in the order of kibbutzim: a body that several have is offered once for each, and means them all. */
static void write_bodies(struct choices *c, const struct overview *o)
{
    size_t count = 0;

    for (size_t i = 0; o != NULL && i < o->book_count && count < CHOICES_MAX; i++) {
        bool seen = o->books[i].body.len == 0;

        for (size_t k = 0; k < i && !seen; k++)
            seen = bytes_equal(o->books[k].body, o->books[i].body);
        if (seen)
            continue;
        write_choice(c, o->books[i].body, NULL);
        count++;
    }
}

static void write_input(struct page *page, const struct search_request_field *field, const char *value)
{
    begin_field(page, field);
    page_html(page, "<input");
    write_name(page, field);
    page_markup(page, field->field == SEARCH_YEAR       ? " inputmode=\"numeric\" maxlength=\"4\" dir=\"ltr\""
                      : page->language == READER_HEBREW ? " dir=\"rtl\""
                                                        : " dir=\"auto\"");
    page_html(page, " autocomplete=\"off\" value=\"");
    page_string(page, value);
    page_html(page, "\"></div>\n");
}

static void write_field(struct page *page, struct site *site, const struct search_request_field *field,
                        const char *value)
{
    const struct overview *o = site_overview(site);
    struct choices c;

    if (field->field == SEARCH_YEAR || field->field == SEARCH_PERSON) {
        write_input(page, field, value);
        return;
    }
    c = begin_choices(page, field, value);
    for (size_t i = 0; field->field == SEARCH_KIND && i < sizeof kinds / sizeof kinds[0]; i++)
        write_choice(&c, bytes_text(kinds[i].value), kinds[i].text);
    for (size_t i = 0; field->field == SEARCH_STATE && i < sizeof states / sizeof states[0]; i++)
        write_choice(&c, bytes_text(states[i].value), states[i].text);
    if (field->field == SEARCH_KIBBUTZ)
        write_kibbutzim(&c, site, o);
    if (field->field == SEARCH_BODY)
        write_bodies(&c, o);
    end_choices(&c);
}

void search_request_form(struct page *page, struct site *site, const struct search_request *asked)
{
    page_markup(page, asked->has_fields ? "<details class=\"no-print\" open><summary>"
                                        : "<details class=\"no-print\"><summary>");
    page_say(page, "Narrow the search");
    page_html(page, "</summary>\n<div class=\"fields three\">\n");
    for (size_t i = 0; i < SEARCH_REQUEST_FIELDS; i++)
        write_field(page, site, &search_request_fields[i], asked->fields[i]);
    page_html(page, "</div>\n<p class=\"acts\"><button form=\"search\">");
    page_say(page, "Search");
    page_html(page, "</button></p>\n</details>\n");
}

void search_request_suggest(struct page *page, const struct search_request *asked)
{
    if (!asked->has_fields)
        return;
    page_html(page, "<ul class=\"tags\">");
    for (size_t i = 0; i < SEARCH_REQUEST_FIELDS; i++) {
        struct buffer path;

        if (asked->fields[i][0] == '\0')
            continue;
        search_request_path(asked, &search_request_fields[i], &path);
        page_html(page, "<li><a");
        if (buffer_error(&path) == ERR_OK)
            page_href(page, (const char *)path.at);
        page_html(page, "><span>");
        page_say(page, "Search without:");
        page_html(page, " ");
        page_say(page, search_request_fields[i].label);
        page_html(page, "</span></a></li>");
        buffer_free(&path);
    }
    page_html(page, "</ul>\n");
}
