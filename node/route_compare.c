/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Two revisions of a document, sentence by sentence. */
#include "node/comparison.h"
#include "node/difference.h"
#include "node/layout.h"
#include "node/route.h"
#include "proto/text.h"

#include <stdio.h>

#define KEPT_AROUND 1 /* Sentences that are shown before and after a change. */

static size_t number_of(const struct view *v, const struct id *revision)
{
    for (size_t i = 0; i < v->count; i++)
        if (id_equal(&v->revisions[i].id, revision))
            return (size_t)v->total - i;
    return 0;
}

static void write_revision(struct page *page, const char *label, const struct view *v)
{
    page_html(page, "<dt>");
    page_say(page, label);
    page_html(page, "</dt><dd>");
    page_say(page, "Revision");
    page_html(page, " ");
    page_number(page, number_of(v, &v->shown->id));
    page_html(page, ", ");
    layout_moment(page, ENTRY_CLOCK_MS(v->shown->clock));
    page_html(page, ", ");
    layout_person(page, v->site, &v->shown->log);
    page_html(page, "</dd>");
}

static void write_head(struct page *page, const struct view *before, const struct view *after)
{
    struct bytes title = after->text->front.title;

    page_html(page, "<header class=\"doc-head\">\n<div class=\"kicker\">");
    if (after->text->front.number.len > 0) {
        page_html(page, "<span class=\"number\">");
        page_ltr(page, after->text->front.number);
        page_html(page, "</span>");
    }
    page_html(page, "<span>");
    page_say(page, "What changed");
    page_html(page, "</span></div>\n<h1");
    page_direction(page, title);
    page_html(page, ">");
    if (title.len > 0)
        page_text(page, title);
    else
        page_say(page, "A document without a title");
    page_html(page, "</h1>\n<dl class=\"facts\">");
    write_revision(page, SAY("Before"), before);
    write_revision(page, SAY("After"), after);
    page_html(page, "</dl>\n</header>\n");
}

static void write_summary(struct page *page, const struct view *after, const struct difference *d)
{
    page_html(page, "<div class=\"note wait\"><p>");
    if (d->added + d->removed == 0) {
        page_say(page, "The two say the same.");
    } else {
        page_say_count(page, d->added, "One sentence was added", "%1 sentences were added");
        page_html(page, "; ");
        page_say_count(page, d->removed, "one sentence was removed", "%1 sentences were removed");
        page_html(page, ".");
    }
    if (after->judged.need > 1) {
        page_html(page, " ");
        page_say(page, "Approvals of the one do not count for the other.");
    }
    page_html(page, "</p></div>\n");
}

/* ---- the sentences ---- */

static struct bytes without_end(struct bytes text)
{
    while (text.len > 0 && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
        text.len--;
    return text;
}

static void begin_line(struct page *page, enum difference_kind kind, struct bytes text)
{
    page_markup(page, kind == DIFFERENCE_ADDED ? "<div class=\"add\"><p class=\"what\"><i aria-hidden=\"true\">+</i>"
                      : kind == DIFFERENCE_REMOVED
                          ? "<div class=\"cut\"><p class=\"what\"><i aria-hidden=\"true\">−</i>"
                          : "<div><p class=\"what\">");
    if (kind != DIFFERENCE_KEPT)
        page_say(page, kind == DIFFERENCE_ADDED ? SAY("added") : SAY("removed"));
    page_html(page, "</p><p");
    page_direction(page, text);
    page_html(page, ">");
}

static void write_marked(struct page *page, enum difference_kind kind, struct bytes text)
{
    page_markup(page, kind == DIFFERENCE_ADDED ? "<ins>" : "<del>");
    page_text(page, text);
    page_markup(page, kind == DIFFERENCE_ADDED ? "</ins>" : "</del>");
}

static void write_whole(struct page *page, const struct difference_piece *piece)
{
    struct bytes text = without_end(piece->text);

    if (text.len == 0)
        return; /* An empty line says nothing. */
    begin_line(page, piece->kind, text);
    if (piece->kind == DIFFERENCE_KEPT)
        page_text(page, text);
    else
        write_marked(page, piece->kind, text);
    page_html(page, "</p></div>\n");
}

/* One side of a sentence that was changed: only what is other in it is marked. */
static void write_side(struct page *page, enum difference_kind side, struct bytes text, const struct difference *words)
{
    begin_line(page, side, text);
    for (size_t i = 0; i < words->count;) {
        enum difference_kind kind = words->pieces[i].kind;
        struct bytes run = words->pieces[i].text;

        for (i++; i < words->count && words->pieces[i].kind == kind; i++)
            run.len += words->pieces[i].text.len; /* Pieces of one text that follow each other touch. */
        if (kind == DIFFERENCE_KEPT)
            page_text(page, run);
        else if (kind == side)
            write_marked(page, side, run);
    }
    page_html(page, "</p></div>\n");
}

/* Whether one sentence came in the place of another: they have enough words in common. */
static bool is_changed(const struct difference_piece *cut, const struct difference_piece *add)
{
    struct difference words;
    bool is_change = difference_of_words(without_end(cut->text), without_end(add->text), &words) == ERR_OK &&
                     words.kept > 1 && 3 * words.kept >= words.removed + words.added;

    difference_free(&words);
    return is_change;
}

static void write_changed(struct page *page, const struct difference_piece *cut, const struct difference_piece *add)
{
    struct bytes before = without_end(cut->text), after = without_end(add->text);
    struct difference words;

    if (difference_of_words(before, after, &words) == ERR_OK) {
        write_side(page, DIFFERENCE_REMOVED, before, &words);
        write_side(page, DIFFERENCE_ADDED, after, &words);
    }
    difference_free(&words);
}

/*
 * Runs of sentences that went and that came, from `cut` and from `add` on: each that went stands before the one that came in its
 * place, if there is one.
 */
static void write_runs(struct page *page, const struct difference *d, size_t cut, size_t add, size_t end)
{
    size_t came = add;

    for (size_t i = cut; i < add; i++) {
        size_t at = came;

        while (at < end && !is_changed(&d->pieces[i], &d->pieces[at]))
            at++;
        if (at == end) {
            write_whole(page, &d->pieces[i]);
            continue;
        }
        for (; came < at; came++)
            write_whole(page, &d->pieces[came]);
        write_changed(page, &d->pieces[i], &d->pieces[came++]);
    }
    for (; came < end; came++)
        write_whole(page, &d->pieces[came]);
}

static void write_fold(struct page *page, size_t count)
{
    page_html(page, "<p class=\"fold\">");
    page_say_count(page, count, "one sentence without a change", "%1 sentences without a change");
    page_html(page, "</p>\n");
}

/* The end of the run of pieces of one kind that begins here. */
static size_t run_end(const struct difference *d, size_t at)
{
    enum difference_kind kind = d->pieces[at].kind;

    while (at < d->count && d->pieces[at].kind == kind)
        at++;
    return at;
}

static void write_kept(struct page *page, const struct difference *d, size_t at, size_t end)
{
    size_t first = at == 0 ? 0 : KEPT_AROUND, last = end == d->count ? 0 : KEPT_AROUND;

    if (end - at <= first + last + 1) {
        first = end - at;
        last = 0;
    }
    for (size_t i = at; i < at + first; i++)
        write_whole(page, &d->pieces[i]);
    if (end - at > first + last)
        write_fold(page, end - at - first - last);
    for (size_t i = end - last; i < end; i++)
        write_whole(page, &d->pieces[i]);
}

static void write_pieces(struct page *page, const struct difference *d)
{
    page_html(page, "<div class=\"diff doc\">\n");
    for (size_t at = 0; at < d->count;) {
        size_t end = run_end(d, at);

        if (d->pieces[at].kind == DIFFERENCE_KEPT) {
            write_kept(page, d, at, end);
            at = end;
        } else if (d->pieces[at].kind == DIFFERENCE_REMOVED && end < d->count &&
                   d->pieces[end].kind == DIFFERENCE_ADDED) {
            write_runs(page, d, at, end, run_end(d, end));
            at = run_end(d, end);
        } else {
            write_whole(page, &d->pieces[at++]);
        }
    }
    page_html(page, "</div>\n");
}

/* ---- any two ---- */

static void write_choice(struct page *page, const struct view *v, const char *name, const char *label,
                         const struct id *chosen)
{
    page_html(page, "<div><label for=\"");
    page_markup(page, name);
    page_html(page, "\">");
    page_say(page, label);
    page_html(page, "</label><select id=\"");
    page_markup(page, name);
    page_html(page, "\" name=\"");
    page_markup(page, name);
    page_html(page, "\">");
    for (size_t i = 0; i < v->count; i++) {
        struct date date;

        page_html(page, "<option value=\"");
        page_id(page, &v->revisions[i].id);
        page_markup(page, id_equal(&v->revisions[i].id, chosen) ? "\" selected>" : "\">");
        page_say(page, "Revision");
        page_html(page, " ");
        buffer_number(&page->out, v->total - i);
        if (date_from_ms(ENTRY_CLOCK_MS(v->revisions[i].clock), &date)) {
            char text[DATE_TEXT_SIZE];

            date_short(page->language, &date, text);
            page_html(page, ", ");
            page_string(page, text);
        }
        page_html(page, "</option>");
    }
    page_html(page, "</select></div>\n");
}

static void write_choices(struct page *page, const struct view *before, const struct view *after, const char *action)
{
    if (before->count < 3 || page->links != NULL)
        return;
    page_html(page, "<form class=\"part no-print choose\" action=\"");
    page_string(page, action);
    page_html(page, "\">\n");
    write_choice(page, before, "from", SAY("Before"), &before->shown->id);
    write_choice(page, before, "to", SAY("After"), &after->shown->id);
    page_language_field(page);
    page_html(page, "<button>");
    page_say(page, "Compare");
    page_html(page, "</button></form>\n");
}

static enum err write_page(struct page *page, const struct view *before, const struct view *after)
{
    char id[ID_TEXT_LEN + 1], path[VIEW_PATH_SIZE], here[COMPARISON_PATH_SIZE];
    struct difference d;
    enum err err = comparison_of(before, after, &d);

    id_to_text(&after->document, id);
    snprintf(path, sizeof path, "/d/%s/compare", id);
    comparison_path(&after->document, &before->shown->id, &after->shown->id, here);
    layout_begin(page, after->site, bytes_text(reader_text(page->language, SAY("What changed"))), here);
    page_html(page, "<article>\n");
    write_head(page, before, after);
    if (err == ERR_OK) {
        write_summary(page, after, &d);
        write_pieces(page, &d);
    }
    write_choices(page, before, after, path);
    page_html(page, "<p class=\"acts no-print\"><a class=\"btn\"");
    path[ID_TEXT_LEN + 3] = '\0';
    page_href(page, path);
    page_html(page, ">");
    page_say(page, "To the document");
    page_html(page, "</a></p>\n</article>\n");
    layout_end(page, here);
    difference_free(&d);
    return err;
}

enum err route_compare(struct site *site, const struct route_request *request, const struct id *document,
                       struct bytes rest, struct route_answer *answer)
{
    struct view *before = NULL, *after = NULL;
    struct bytes first = request->argument[ROUTE_FROM], second = request->argument[ROUTE_TO];
    struct id from, to;
    enum err err;

    if (rest.len > 0 && (!text_take_prefix(&rest, "/") || !text_take(&rest, '/', &first)))
        return ERR_MISSING;
    if (rest.len > 0)
        second = rest;
    if (id_from_text(first, &from) != ERR_OK || id_from_text(second, &to) != ERR_OK)
        return ERR_MISSING;
    if ((err = view_open(site, document, &from, &before)) == ERR_OK &&
        (err = view_open(site, document, &to, &after)) == ERR_OK) {
        answer->no_store = before->shown->audience == ACT_FOR_KIBBUTZ || after->shown->audience == ACT_FOR_KIBBUTZ;
        err = before->here && after->here ? write_page(&answer->page, before, after) : ERR_MISSING;
    }
    view_close(before);
    view_close(after);
    return err;
}
