/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/banner.h"

#include <stdio.h>

#include "node/layout.h"

void banner_path(const struct view *v, const struct view_revision *revision, char path[VIEW_PATH_SIZE])
{
    char document[ID_TEXT_LEN + 1], entry[ID_TEXT_LEN + 1];

    id_to_text(&v->document, document);
    id_to_text(&revision->id, entry);
    if (revision == view_main(v))
        snprintf(path, VIEW_PATH_SIZE, "/d/%s", document);
    else
        snprintf(path, VIEW_PATH_SIZE, "/d/%s/r/%s", document, entry);
}

/* One note: its title, then what the caller writes, then end(). */
static void begin(struct page *page, const char *class, const char *title)
{
    page_html(page, "<div class=\"note ");
    page_markup(page, class);
    page_html(page, "\"><h2>");
    page_say(page, title);
    page_html(page, "</h2><p>");
}

static void end(struct page *page)
{
    page_html(page, "</p></div>\n");
}

static void write_link(struct page *page, const char *path, const char *text)
{
    page_html(page, " <a");
    page_href(page, path);
    page_html(page, ">");
    page_say(page, text);
    page_html(page, "</a>");
}

static void next_line(struct page *page)
{
    page_html(page, "</p><p>");
}

/* ---- the standing of the revision shown ---- */

static void write_cause(struct page *page, const struct view *v)
{
    static const char *const texts[] = {
        [TRUST_STANDS] = SAY("An entry before it has not arrived here yet."),
        [TRUST_NOT_GRANTED] = SAY("Nothing grants the key that signed it what it claims:"),
        [TRUST_FORKED] = SAY("This key signed two different entries under one number:"),
        [TRUST_REVOKED] = SAY("It was signed after the kibbutz’s steward retired this key:"),
        [TRUST_CUT] = SAY("It was signed after the last entry of this key that the council lets stand:"),
        [TRUST_RECOVERED] = SAY("It was signed after the kibbutz replaced this key by its recovery card:"),
        [TRUST_CLOSED] = SAY("The kibbutz has left the network:"),
        [TRUST_RESTS_ON] = SAY("What the key that signed it rests on does not stand:"),
        [TRUST_WAITS] = SAY("What the key that signed it rests on waits for approvals:"),
    };
    enum trust_cause cause = v->shown->verdict.cause;

    page_say(page, texts[cause]);
    if (cause == TRUST_STANDS)
        return;
    page_html(page, " ");
    if (cause != TRUST_REVOKED && cause != TRUST_RECOVERED && cause != TRUST_CLOSED) {
        layout_person(page, v->site, &v->shown->log);
        page_html(page, ", ");
    }
    layout_kibbutz(page, v->site, &v->shown->kibbutz);
    page_html(page, ".");
}

/* The entry in which the doubt about a contested revision begins. */
static void write_doubt(struct page *page, const struct view *v)
{
    struct index_entry entry;

    if (index_find_id(site_index(v->site), &v->shown->verdict.because, &entry) != ERR_OK)
        return;
    page_html(page, " ");
    page_say(page, "The doubt begins at entry");
    page_html(page, " ");
    page_number(page, entry.seq);
    page_html(page, " ");
    page_say(page, "in the log of");
    page_html(page, " ");
    layout_person(page, v->site, &entry.log);
    page_html(page, ".");
}

static void write_standing(struct page *page, const struct view *v)
{
    enum trust_status status = v->shown->verdict.status;

    if (status == TRUST_VOID || v->judged.state == TRUST_NULL) {
        begin(page, "bad", SAY("This document is void"));
        write_cause(page, v);
        next_line(page);
        page_say(page, "It can be read, and counts for nothing. Honest work can be published again by another "
                       "coordinator of the kibbutz.");
        end(page);
    } else if (status == TRUST_CONTESTED || v->judged.state == TRUST_DISPUTED) {
        begin(page, "bad", SAY("This document is contested"));
        if (status == TRUST_CONTESTED) {
            write_cause(page, v);
            write_doubt(page, v);
            next_line(page);
        }
        page_say(page, "It can be read. Until the doubt is settled it counts as no approval and enters into no force.");
        end(page);
    }
}

/* ---- what ended the document ---- */

static void write_by(struct page *page, const struct view *v, const char *by)
{
    const struct view_ending *ending = &v->ending;
    struct date date;

    page_say(page, by);
    page_html(page, " ");
    layout_person(page, v->site, &ending->entry.log);
    page_html(page, ", ");
    layout_kibbutz(page, v->site, &ending->entry.kibbutz);
    if (date_from_ms(ENTRY_CLOCK_MS(ending->entry.clock), &date)) {
        page_html(page, ", ");
        layout_date(page, &date);
    }
    page_html(page, ".</p><p>");
    page_say(page, "The reason:");
    page_html(page, " ");
    page_isolated(page, bytes_text(ending->reason));
    next_line(page);
}

static void write_successor(struct page *page, const struct view *v)
{
    char path[VIEW_PATH_SIZE], id[ID_TEXT_LEN + 1];

    id_to_text(&v->ending.entry.entry, id);
    snprintf(path, sizeof path, "/d/%s", id);
    page_html(page, " <a");
    page_href(page, path);
    page_html(page, ">");
    if (v->ending.title[0] != '\0')
        page_isolated(page, bytes_text(v->ending.title));
    else
        page_ltr(page, bytes_of(id, 16));
    page_html(page, "</a>");
}

static void write_ending(struct page *page, const struct view *v)
{
    bool is_known = v->ending.is_known;

    if (v->judged.erased) {
        begin(page, "gone", SAY("The content was erased; the entry remains"));
        if (is_known && v->ending.entry.act == ACT_ERASE)
            write_by(page, v, SAY("Erased by"));
        page_say(page, "The nodes that erased it cannot bring it back. A copy that was saved or printed before remains "
                       "with whoever held it.");
        end(page);
    }
    if (v->judged.state == TRUST_WITHDRAWN) {
        begin(page, "bad", SAY("The document was withdrawn and is not in force"));
        if (is_known && v->ending.entry.act == ACT_WITHDRAW)
            write_by(page, v, SAY("Withdrawn by"));
        if (!v->judged.erased)
            page_say(page, "Its text remains here to be read.");
        end(page);
    }
    if (is_known && v->ending.entry.act == ACT_PUBLISH) {
        begin(page, "wait", SAY("The document was superseded"));
        page_say(page, "In its place stands:");
        write_successor(page, v);
        end(page);
    }
    if (v->judged.replacing_disputed) {
        begin(page, "wait", SAY("A document that is to supersede this one is contested"));
        page_say(page, "Until that is settled, this one stands.");
        end(page);
    }
}

/* ---- revisions ---- */

static void write_proposed(struct page *page, const struct view *v)
{
    uint64_t need = v->judged.need, lacks = need > v->judged.approvals ? need - v->judged.approvals : 0;

    if (v->judged.state != TRUST_PROPOSED || need <= 1 || v->shown != view_main(v))
        return;
    page_html(page, "<div class=\"note wait\"><h2>");
    page_say(page, "Not in force yet");
    page_html(page, ": ");
    page_say_count(page, lacks, "one approval is missing", "%1 approvals are missing");
    page_html(page, " ");
    page_say(page, "of");
    page_html(page, " ");
    page_number(page, need);
    page_html(page, "</h2><p>");
    page_say(page, v->judged.own_only ? SAY("It comes into force when as many people of the kibbutz as needed approve "
                                            "it. Every change of the text starts the approvals anew.")
                                      : SAY("It comes into force when coordinators of as many different kibbutzim as "
                                            "needed approve it. Every change of the text starts the approvals anew."));
    end(page);
}

/* The newest revision that stands and that is not the one shown as the document. */
static const struct view_revision *find_draft(const struct view *v)
{
    const struct view_revision *main = view_main(v);

    for (size_t i = 0; i < v->count && &v->revisions[i] != main; i++)
        if (v->revisions[i].verdict.status == TRUST_GOOD && v->revisions[i].clock > main->clock)
            return &v->revisions[i];
    return NULL;
}

static void write_other_revisions(struct page *page, const struct view *v)
{
    const struct view_revision *draft = find_draft(v);
    char path[VIEW_PATH_SIZE];

    if (v->judged.head_count > 1) {
        begin(page, "wait", SAY("This document was revised in two offices at once"));
        page_say(page, "More than one revision is current; the next one joins them. All are in the list beside.");
        end(page);
    }
    if (v->shown == view_main(v) && draft != NULL && v->judged.state == TRUST_IN_FORCE) {
        begin(page, "wait", SAY("A newer revision is not approved yet"));
        page_say(page, "Until it is, the text here is the one that counts.");
        banner_path(v, draft, path);
        write_link(page, path, SAY("To the newer revision"));
        end(page);
    } else if (v->shown != view_main(v)) {
        bool is_draft = v->shown->clock > view_main(v)->clock;

        begin(page, "wait",
              is_draft ? SAY("A newer revision is not approved yet")
                       : SAY("This is an earlier revision of the document"));
        page_say(page, is_draft ? SAY("This is the newer one; until it is approved, an earlier one counts.")
                                : SAY("There is a newer one."));
        banner_path(v, view_main(v), path);
        write_link(page, path, is_draft ? SAY("To the revision that counts") : SAY("To the newest revision"));
        end(page);
    }
}

void banner_write(struct page *page, const struct view *v)
{
    write_standing(page, v);
    write_ending(page, v);
    write_proposed(page, v);
    write_other_revisions(page, v);
    if (!v->here && !v->judged.erased) {
        begin(page, "gone", SAY("The content has not arrived here yet"));
        page_say(page, "The entry and its signature are here. The content will appear on this page when it arrives "
                       "from a node that holds it. If it is meant for another kibbutz only, it will not come here.");
        end(page);
    }
}
