/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Minute books: those of all bodies; one of a body and year, in which no number is passed over; the same to print. */
#include "node/list.h"
#include "node/route.h"
#include "node/table.h"
#include "node/view.h"
#include "proto/text.h"
#include "store/running_number.h"

#include <stdio.h>

#define MINUTES_MAX 1000 /* Of one book. */

static void write_body(struct page *page, const struct overview_book *book)
{
    if (book->body.len > 0)
        page_isolated(page, book->body);
    else
        page_say(page, "Minutes without a body");
}

static void book_path(const struct overview_book *book, char path[64])
{
    snprintf(path, 64, "/book/%s/%u", book->key, book->year);
}

static uint64_t missing_of(const struct overview_book *book)
{
    return book->last > book->numbers ? book->last - book->numbers : 0;
}

static void write_count(struct page *page, const struct overview_book *book)
{
    page_say_count(page, book->minutes, "one meeting", "%1 meetings");
    if (missing_of(book) > 0) {
        page_html(page, ", ");
        page_say_count(page, missing_of(book), "one number is missing", "%1 numbers are missing");
    }
}

/* ---- all books ---- */

static void write_years(struct page *page, const struct overview *o, size_t first, const struct overview_book *here)
{
    char path[64];

    page_html(page, "<ul class=\"tags\">");
    for (size_t i = first; i < o->book_count && strcmp(o->books[i].key, o->books[first].key) == 0; i++) {
        book_path(&o->books[i], path);
        page_html(page, "<li><a");
        page_href(page, path);
        page_markup(page, here == &o->books[i] ? " aria-current=\"page\">" : ">");
        page_number(page, o->books[i].year);
        if (here == NULL) {
            page_html(page, " <small>");
            write_count(page, &o->books[i]);
            page_html(page, "</small>");
        }
        page_html(page, "</a></li>");
    }
    page_html(page, "</ul>\n");
}

static void write_books(struct page *page, struct site *site, const struct overview *o)
{
    bool is_open = false;

    for (size_t i = 0; i < o->book_count; i++) {
        const struct overview_book *book = &o->books[i];

        if (i == 0 || !id_equal(&book->kibbutz, &o->books[i - 1].kibbutz)) {
            page_markup(page, is_open ? "</section>\n<section class=\"part\"><h2>" : "<section class=\"part\"><h2>");
            layout_kibbutz(page, site, &book->kibbutz);
            page_html(page, "</h2>\n");
            is_open = true;
        } else if (strcmp(book->key, o->books[i - 1].key) == 0) {
            continue;
        }
        page_html(page, "<h3 class=\"book-name\">");
        write_body(page, book);
        page_html(page, "</h3>\n");
        write_years(page, o, i, NULL);
    }
    if (is_open)
        page_html(page, "</section>\n");
    else
        list_nothing(page, SAY("There are no minutes here yet"), NULL);
}

enum err route_books(struct site *site, const struct route_request *request, struct bytes rest,
                     struct route_answer *answer)
{
    const struct overview *o = site_overview(site);
    struct page *page = &answer->page;

    (void)request;
    (void)rest;
    if (o == NULL)
        return ERR_BUSY;
    layout_begin(page, site, bytes_text(reader_text(page->language, SAY("Minute books"))), "/books");
    page_html(page, "<h1>");
    page_say(page, "Minute books");
    page_html(page, "</h1>\n");
    write_books(page, site, o);
    layout_end(page, "/books");
    return ERR_OK;
}

/* ---- one book ---- */

struct book {
    struct page *page;
    struct site *site;
    const struct overview_book *what;
    unsigned before; /* The number of the row before. */
    uint64_t count;
    struct id newest; /* The entry that was signed last ... */
    uint64_t clock;   /* ... and when. */
    bool restricted;  /* Something in it is for the kibbutz alone. */
    bool whole;       /* With what was discussed and decided. */
};

static void write_label(struct page *page, unsigned ordinal, unsigned year)
{
    char text[32];

    snprintf(text, sizeof text, "%u/%02u", ordinal, year % 100);
    page_ltr(page, bytes_text(text));
}

/* A number that is passed over is shown as such. */
static void write_missing(struct book *b, unsigned next)
{
    struct page *page = b->page;
    struct running_number_gap gap;

    if (!running_number_missing(b->before, next, &gap))
        return;
    page_html(page, "<tr role=\"row\" class=\"missing\"><td role=\"cell\"><b>");
    write_label(page, gap.from, b->what->year);
    if (gap.to > gap.from) {
        page_html(page, " ");
        page_say(page, "to");
        page_html(page, " ");
        write_label(page, gap.to, b->what->year);
    }
    page_html(page,
              "</b></td><td role=\"cell\">—</td><th role=\"rowheader\" scope=\"row\"><span class=\"state gone\">");
    page_say(page, "missing");
    page_html(page, "</span> ");
    page_say_count(page, gap.to - gap.from + 1, "no minutes with this number are here",
                   "no minutes with these %1 numbers are here");
    page_html(page, "</th></tr>\n");
}

static void note_entry(struct book *b, const struct index_revision *revision)
{
    b->count++;
    if (revision->audience == ACT_FOR_KIBBUTZ)
        b->restricted = true;
    if (revision->clock >= b->clock) {
        b->clock = revision->clock;
        b->newest = revision->revision;
    }
}

static void write_place(const struct book *b, const struct index_revision *revision, char path[ID_TEXT_LEN + 8])
{
    char id[ID_TEXT_LEN + 1];

    id_to_text(&revision->document, id);
    if (b->whole)
        snprintf(path, ID_TEXT_LEN + 8, "#m%.16s", id);
    else
        snprintf(path, ID_TEXT_LEN + 8, "/d/%s", id);
}

static enum err write_row(void *context, const struct index_revision *revision)
{
    struct book *b = context;
    struct page *page = b->page;
    char path[ID_TEXT_LEN + 8];
    unsigned ordinal = 0, year;
    struct date date;

    note_entry(b, revision);
    if (running_number_read(revision->number, &ordinal, &year)) {
        write_missing(b, ordinal);
        b->before = ordinal;
    }
    page_html(page, "<tr role=\"row\"><td role=\"cell\"><b>");
    if (revision->number.len > 0)
        page_ltr(page, revision->number);
    else
        page_html(page, "—");
    page_html(page, "</b></td><td role=\"cell\">");
    if (date_parse(revision->date, &date) || date_from_ms(ENTRY_CLOCK_MS(revision->clock), &date))
        layout_date(page, &date);
    page_html(page, "</td><th role=\"rowheader\" scope=\"row\"");
    page_direction(page, revision->title);
    page_html(page, "><a class=\"ink\"");
    write_place(b, revision, path);
    if (b->whole) {
        page_html(page, " href=\"");
        page_string(page, path);
        page_html(page, "\"");
    } else {
        page_href(page, path);
    }
    page_html(page, ">");
    if (revision->title.len > 0)
        page_text(page, revision->title);
    else
        page_say(page, "A document without a title");
    page_html(page, "</a>");
    if (layout_state_matters(revision)) {
        page_html(page, " ");
        layout_state(page, revision);
    }
    page_html(page, "</th></tr>\n");
    return ERR_OK;
}

static struct index_book key_of(const struct overview_book *book)
{
    return (struct index_book){.kibbutz = book->kibbutz, .body = book->body, .year = book->year};
}

static enum err write_contents(struct book *b)
{
    struct index_book key = key_of(b->what);
    struct page *page = b->page;
    enum err err;

    page_html(page, "<section class=\"part\" aria-labelledby=\"toc\"><h2 id=\"toc\">");
    page_say(page, "Contents");
    page_html(page, "</h2>\n<table class=\"toc\" role=\"table\"><thead role=\"rowgroup\"><tr role=\"row\">"
                    "<th role=\"columnheader\" scope=\"col\">");
    page_say(page, "Number");
    page_html(page, "</th><th role=\"columnheader\" scope=\"col\">");
    page_say(page, "Date");
    page_html(page, "</th><th role=\"columnheader\" scope=\"col\">");
    page_say(page, "Meeting");
    page_html(page, "</th></tr></thead><tbody role=\"rowgroup\">\n");
    err = index_each_minutes(site_index(b->site), &key, MINUTES_MAX, write_row, b);
    page_html(page, "</tbody></table></section>\n");
    return err;
}

/* ---- its leaves, to print ---- */

struct parts {
    struct page *page;
    bool is_open; /* An item is. */
    size_t count;
};

static enum err write_part(void *context, bool is_decision, struct bytes text)
{
    struct parts *parts = context;
    struct page *page = parts->page;

    if (parts->count++ == 0)
        page_html(page, "<ol class=\"agenda\">\n");
    if (!is_decision || !parts->is_open) {
        page_markup(page, parts->is_open ? "</div></li>\n<li><div>" : "<li><div>");
        parts->is_open = true;
    }
    if (is_decision) {
        page_html(page, "<p class=\"decided\"");
        page_direction(page, text);
        page_html(page, "><b>");
        page_say(page, "Decided:");
        page_html(page, "</b> ");
        page_text(page, text);
        page_html(page, "</p>");
    } else {
        page_html(page, "<h3");
        page_direction(page, text);
        page_html(page, ">");
        page_text(page, text);
        page_html(page, "</h3>");
    }
    return ERR_OK;
}

static void write_names(struct page *page, const char *label, const struct front_matter_list *names)
{
    if (names->count == 0)
        return;
    page_html(page, "<dt>");
    page_say(page, label);
    page_html(page, "</dt><dd>");
    for (size_t i = 0; i < names->count; i++) {
        if (i > 0)
            page_html(page, ", ");
        page_isolated(page, names->items[i]);
    }
    page_html(page, "</dd>");
}

static enum err write_present(struct book *b, const struct index_revision *revision)
{
    struct view *view = NULL;
    enum err err = view_open(b->site, &revision->document, &revision->revision, &view);

    if (err == ERR_OK) {
        page_html(b->page, "<dl class=\"facts\">");
        write_names(b->page, SAY("Present"), &view->text->front.present);
        write_names(b->page, SAY("Absent"), &view->text->front.absent);
        page_html(b->page, "</dl>\n");
    }
    view_close(view);
    return err;
}

static enum err write_leaf(void *context, const struct index_revision *revision)
{
    struct book *b = context;
    struct page *page = b->page;
    struct parts parts = {.page = page};
    char id[ID_TEXT_LEN + 1];
    struct date date;
    enum err err;

    id_to_text(&revision->document, id);
    id[16] = '\0';
    page_html(page, "<section class=\"leaf\" id=\"m");
    page_string(page, id);
    page_html(page, "\"><header class=\"doc-head\"><div class=\"kicker\"><span class=\"number\">");
    page_ltr(page, revision->number);
    page_html(page, "</span>");
    if (date_parse(revision->date, &date) || date_from_ms(ENTRY_CLOCK_MS(revision->clock), &date))
        layout_both_dates(page, &date);
    page_html(page, "</div><h2");
    page_direction(page, revision->title);
    page_html(page, ">");
    page_text(page, revision->title);
    page_html(page, "</h2></header>\n<div class=\"doc\">");
    if ((err = write_present(b, revision)) != ERR_OK ||
        (err = index_each_part(site_index(b->site), &revision->revision, write_part, &parts)) != ERR_OK)
        return err;
    page_markup(page, parts.count > 0 ? "</div></li></ol>\n" : "");
    page_html(page, "<p class=\"small soft\">");
    page_say(page, "Signed by");
    page_html(page, " ");
    layout_person(page, b->site, &revision->log);
    page_html(page, ", ");
    layout_moment(page, ENTRY_CLOCK_MS(revision->clock));
    page_html(page, ".</p></div></section>\n");
    return ERR_OK;
}

/* Digits in groups of four, as many as two people compare aloud. */
static void write_fingerprint(struct page *page, const struct id *id)
{
    char text[ID_TEXT_LEN + 1];

    id_to_text(id, text);
    page_html(page, "<bdi dir=\"ltr\" class=\"hash\">");
    for (size_t i = 0; i < 32; i += 4) {
        char group[5] = {text[i], text[i + 1], text[i + 2], text[i + 3], '\0'};

        if (i > 0)
            page_html(page, " ");
        page_string(page, group);
    }
    page_html(page, "</bdi>");
}

static void write_seal(struct book *b)
{
    struct page *page = b->page;
    struct date date;

    page_html(page, "<section class=\"leaf\" aria-labelledby=\"seal\"><h2 id=\"seal\">");
    page_say(page, "Signing the book");
    page_html(page, "</h2>\n<p>");
    page_say(page, "The signature of each of these minutes was checked when it arrived here.");
    page_html(page, "</p>\n<dl class=\"facts part\">");
    if (page->now_ms > 0 && date_from_ms(page->now_ms, &date)) {
        page_html(page, "<dt>");
        page_say(page, "Made on");
        page_html(page, "</dt><dd>");
        layout_both_dates(page, &date);
        page_html(page, "</dd>");
    }
    page_html(page, "<dt>");
    page_say(page, "Last entry");
    page_html(page, "</dt><dd>");
    write_fingerprint(page, &b->newest);
    page_html(page, "</dd><dt>");
    page_say(page, SAY_IN("list", "Minutes"));
    page_html(page, "</dt><dd>");
    write_count(page, b->what);
    page_html(page, "</dd></dl>\n<ul class=\"seal\"><li>");
    page_say(page, "Chair");
    page_html(page, "</li><li>");
    page_say(page, "Date");
    page_html(page, "</li><li>");
    page_say(page, "Member of the board");
    page_html(page, "</li><li>");
    page_say(page, "Date");
    page_html(page, "</li></ul></section>\n");
}

static void write_head(struct page *page, struct site *site, const struct overview *o, const struct overview_book *book)
{
    size_t first = (size_t)(book - o->books);

    while (first > 0 && strcmp(o->books[first - 1].key, book->key) == 0)
        first--;
    page_html(page, "<header class=\"doc-head\">\n<div class=\"kicker\"><span>");
    page_say(page, "Minute book");
    page_html(page, "</span><span>");
    layout_kibbutz(page, site, &book->kibbutz);
    page_html(page, "</span></div>\n<h1>");
    write_body(page, book);
    page_html(page, ", ");
    page_number(page, book->year);
    page_html(page, "</h1>\n<p class=\"dates\"><span>");
    write_count(page, book);
    page_html(page, "</span></p>\n</header>\n<nav class=\"no-print\" aria-label=\"");
    page_say(page, "Years");
    page_html(page, "\">");
    write_years(page, o, first, book);
    page_html(page, "</nav>\n");
}

static enum err write_book(struct book *b, const struct overview *o)
{
    struct index_book key = key_of(b->what);
    struct page *page = b->page;
    char path[64], print[80];
    enum err err;

    book_path(b->what, path);
    snprintf(print, sizeof print, "%s/print", path);
    layout_begin(page, b->site,
                 b->what->body.len > 0 ? b->what->body : bytes_text(reader_text(page->language, SAY("Minute book"))),
                 b->whole ? print : path);
    page_html(page, "<article class=\"book\">\n");
    write_head(page, b->site, o, b->what);
    err = write_contents(b);
    if (err == ERR_OK && b->whole)
        err = index_each_minutes(site_index(b->site), &key, MINUTES_MAX, write_leaf, b);
    if (b->whole) {
        write_seal(b);
    } else {
        page_html(page, "<p class=\"acts\"><a class=\"btn main\"");
        page_href(page, print);
        page_html(page, ">");
        page_say(page, "The whole book, to print");
        page_html(page, "</a></p>\n");
    }
    page_html(page, "</article>\n");
    if (!b->whole)
        layout_feed(page, b->what->key);
    layout_end(page, b->whole ? print : path);
    return err;
}

enum err route_book(struct site *site, const struct route_request *request, struct bytes rest,
                    struct route_answer *answer)
{
    const struct overview *o = site_overview(site);
    struct book b = {.page = &answer->page, .site = site};
    struct bytes key, year = rest;
    uint64_t number;
    enum err err;

    (void)request;
    if (o == NULL)
        return ERR_BUSY;
    if (!text_take(&year, '/', &key))
        return ERR_MISSING;
    rest = year;
    if (text_take(&rest, '/', &year)) {
        if (!bytes_equal(rest, bytes_text("print")))
            return ERR_MISSING;
        b.whole = true;
    }
    if (!text_to_number(year, &number) || number == 0 || number > 9999 ||
        (b.what = overview_find_book(o, key, (unsigned)number)) == NULL)
        return ERR_MISSING;
    err = write_book(&b, o);
    answer->no_store = b.restricted;
    return err;
}
