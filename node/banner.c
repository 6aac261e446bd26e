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
static void begin(struct page *page, const char *class, enum reader_text title)
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

static void write_link(struct page *page, const char *path, enum reader_text text)
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
    static const enum reader_text texts[] = {
        [TRUST_STANDS] = SAY_CAUSE_UNKNOWN, [TRUST_NOT_GRANTED] = SAY_CAUSE_NOT_GRANTED,
        [TRUST_FORKED] = SAY_CAUSE_FORKED,  [TRUST_REVOKED] = SAY_CAUSE_REVOKED,
        [TRUST_CUT] = SAY_CAUSE_CUT,        [TRUST_RECOVERED] = SAY_CAUSE_RECOVERED,
        [TRUST_CLOSED] = SAY_CAUSE_CLOSED,  [TRUST_RESTS_ON] = SAY_CAUSE_RESTS_ON,
        [TRUST_WAITS] = SAY_CAUSE_WAITS,
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
    page_say(page, SAY_DOUBT_BEGINS);
    page_html(page, " ");
    page_number(page, entry.seq);
    page_html(page, " ");
    page_say(page, SAY_DOUBT_IN_LOG);
    page_html(page, " ");
    layout_person(page, v->site, &entry.log);
    page_html(page, ".");
}

static void write_standing(struct page *page, const struct view *v)
{
    enum trust_status status = v->shown->verdict.status;

    if (status == TRUST_VOID || v->judged.state == TRUST_NULL) {
        begin(page, "bad", SAY_VOID_TITLE);
        write_cause(page, v);
        next_line(page);
        page_say(page, SAY_VOID_TEXT);
        end(page);
    } else if (status == TRUST_CONTESTED || v->judged.state == TRUST_DISPUTED) {
        begin(page, "bad", SAY_CONTESTED_TITLE);
        if (status == TRUST_CONTESTED) {
            write_cause(page, v);
            write_doubt(page, v);
            next_line(page);
        }
        page_say(page, SAY_CONTESTED_TEXT);
        end(page);
    }
}

/* ---- what ended the document ---- */

static void write_by(struct page *page, const struct view *v, enum reader_text by)
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
    page_say(page, SAY_REASON);
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
        begin(page, "gone", SAY_ERASED_TITLE);
        if (is_known && v->ending.entry.act == ACT_ERASE)
            write_by(page, v, SAY_ERASED_BY);
        page_say(page, SAY_ERASED_TEXT);
        end(page);
    }
    if (v->judged.state == TRUST_WITHDRAWN) {
        begin(page, "bad", SAY_WITHDRAWN_TITLE);
        if (is_known && v->ending.entry.act == ACT_WITHDRAW)
            write_by(page, v, SAY_WITHDRAWN_BY);
        if (!v->judged.erased)
            page_say(page, SAY_WITHDRAWN_TEXT);
        end(page);
    }
    if (is_known && v->ending.entry.act == ACT_PUBLISH) {
        begin(page, "wait", SAY_SUPERSEDED_TITLE);
        page_say(page, SAY_SUPERSEDED_TEXT);
        write_successor(page, v);
        end(page);
    }
    if (v->judged.replacing_disputed) {
        begin(page, "wait", SAY_REPLACING_TITLE);
        page_say(page, SAY_REPLACING_TEXT);
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
    page_say(page, SAY_PROPOSED_TITLE);
    page_html(page, ": ");
    layout_count(page, lacks, SAY_LACKS_ONE, SAY_LACKS_TWO, SAY_LACKS_MANY);
    page_html(page, " ");
    page_say(page, SAY_APPROVALS_OF);
    page_html(page, " ");
    page_number(page, need);
    page_html(page, "</h2><p>");
    page_say(page, v->judged.own_only ? SAY_PROPOSED_OWN : SAY_PROPOSED_TEXT);
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
        begin(page, "wait", SAY_HEADS_TITLE);
        page_say(page, SAY_HEADS_TEXT);
        end(page);
    }
    if (v->shown == view_main(v) && draft != NULL && v->judged.state == TRUST_IN_FORCE) {
        begin(page, "wait", SAY_DRAFT_TITLE);
        page_say(page, SAY_DRAFT_TEXT);
        banner_path(v, draft, path);
        write_link(page, path, SAY_DRAFT_LINK);
        end(page);
    } else if (v->shown != view_main(v)) {
        bool is_draft = v->shown->clock > view_main(v)->clock;

        begin(page, "wait", is_draft ? SAY_DRAFT_TITLE : SAY_OLD_TITLE);
        page_say(page, is_draft ? SAY_NOT_MAIN_TEXT : SAY_OLD_TEXT);
        banner_path(v, view_main(v), path);
        write_link(page, path, is_draft ? SAY_MAIN_LINK : SAY_OLD_LINK);
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
        begin(page, "gone", SAY_MISSING_TITLE);
        page_say(page, SAY_MISSING_TEXT);
        end(page);
    }
}
