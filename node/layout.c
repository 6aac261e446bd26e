/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/layout.h"

#include "node/calendar.h"
#include "node/delivery.h"

#include <stdio.h>

/* ---- small parts ---- */

void layout_date(struct page *page, const struct date *date)
{
    char iso[DATE_TEXT_SIZE], text[DATE_TEXT_SIZE];

    date_iso(date, iso);
    date_short(page->language, date, text);
    page_html(page, "<time datetime=\"");
    page_string(page, iso);
    page_html(page, "\">");
    page_ltr(page, bytes_text(text));
    page_html(page, "</time>");
}

#define DAY_MS (24 * 60 * 60 * 1000ULL)

/* Says a day of the last week as people do; false: it is no such day, or the page is made to be kept. */
static bool say_recent(struct page *page, const struct date *date)
{
    struct date day;

    for (uint64_t ago = 0; page->now_ms > 0 && ago < 7; ago++) {
        if (!date_from_ms(page->now_ms - ago * DAY_MS, &day) || !date_is_same_day(&day, date))
            continue;
        if (ago == 0)
            page_say(page, "today");
        else if (ago == 1)
            page_say(page, "yesterday");
        else
            page_say_count(page, ago, "one day ago", "%1 days ago");
        return true;
    }
    return false;
}

void layout_list_date(struct page *page, const struct date *date)
{
    char iso[DATE_TEXT_SIZE];

    date_iso(date, iso);
    page_html(page, "<time class=\"no-print\" datetime=\"");
    page_string(page, iso);
    page_html(page, "\">");
    if (say_recent(page, date)) {
        page_html(page, "</time><span class=\"only-print\">");
        layout_date(page, date);
        page_html(page, "</span>");
        return;
    }
    page->out.len -= sizeof "<time class=\"no-print\" datetime=\"\">" - 1 + strlen(iso);
    layout_date(page, date);
}

void layout_both_dates(struct page *page, const struct date *date)
{
    char words[CALENDAR_TEXT_SIZE];

    calendar_words(page->language, date, words);
    if (words[0] != '\0') {
        page_html(page, "<span>");
        page_say_text(page, words);
        page_html(page, "</span> ");
    }
    page_html(page, "<span>");
    layout_date(page, date);
    page_html(page, "</span>");
}

void layout_moment(struct page *page, uint64_t clock_ms)
{
    struct date date;
    char text[DATE_TEXT_SIZE];

    if (!date_from_ms(clock_ms, &date))
        return;
    layout_date(page, &date);
    page_html(page, " ");
    page_say(page, "at");
    page_html(page, " ");
    date_time(&date, text);
    page_ltr(page, bytes_text(text));
}

/* NULL: we do not know it. */
static const char *kind_name(struct bytes kind)
{
    static const struct {
        const char *kind, *text;
    } kinds[] = {
        {"", SAY("Notice")},           {"minutes", SAY("Minutes")},
        {"decision", SAY("Decision")}, {"knowledge", SAY("Know-how")},
        {"notice", SAY("Notice")},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (bytes_equal(kind, bytes_text(kinds[i].kind)))
            return kinds[i].text;
    return NULL;
}

void layout_kind_text(struct page *page, struct bytes kind)
{
    const char *name = kind_name(kind);

    if (name != NULL)
        page_say(page, name);
    else
        page_text(page, kind);
}

void layout_kind(struct page *page, struct bytes kind)
{
    if (kind_name(kind) != NULL)
        page_say(page, kind_name(kind));
    else
        page_isolated(page, kind);
}

void layout_kibbutz(struct page *page, struct site *site, const struct id *kibbutz)
{
    page_isolated(page, site_kibbutz_name(site, kibbutz));
}

void layout_person(struct page *page, struct site *site, const struct id *key)
{
    page_isolated(page, site_key_name(site, key));
}

void layout_size(struct page *page, uint64_t size)
{
    char text[32];

    if (size < 1024)
        snprintf(text, sizeof text, "%u B", (unsigned)size);
    else if (size < 1024 * 1024)
        snprintf(text, sizeof text, "%u KB", (unsigned)((size + 512) / 1024));
    else
        snprintf(text, sizeof text, "%.1f MB", (double)size / (1024 * 1024));
    page_string(page, text);
}

/* What a document's state is shown as: a class of the stylesheet, and a word. */
static void choose_state(const struct index_revision *revision, const char **class, const char **text)
{
    static const struct {
        const char *class;
        const char *text;
    } states[] = {
        [TRUST_PROPOSED] = {"open", SAY("Proposed")},     [TRUST_IN_FORCE] = {"force", SAY("In force")},
        [TRUST_SUPERSEDED] = {"past", SAY("Superseded")}, [TRUST_WITHDRAWN] = {"void", SAY("Withdrawn")},
        [TRUST_DISPUTED] = {"fork", SAY("Contested")},    [TRUST_NULL] = {"void", SAY("Void")},
    };
    enum trust_state state = revision->judged.state;

    *class = states[state].class;
    *text = states[state].text;
    if (revision->judged.erased) {
        *class = "gone";
        *text = SAY("Content erased");
    } else if (!revision->here && (state == TRUST_PROPOSED || state == TRUST_IN_FORCE)) {
        *class = "gone";
        *text = SAY("Content missing");
    } else if (state == TRUST_IN_FORCE && !bytes_equal(revision->kind, bytes_text("decision"))) {
        *class = "sent";
        *text = SAY("Signed");
    }
}

bool layout_state_matters(const struct index_revision *revision)
{
    const char *class;
    const char *text;

    choose_state(revision, &class, &text);
    return strcmp(class, "sent") != 0;
}

void layout_state(struct page *page, const struct index_revision *revision)
{
    const char *class;
    const char *text;

    choose_state(revision, &class, &text);
    page_html(page, "<span class=\"state ");
    page_markup(page, class);
    page_html(page, "\">");
    page_say(page, text);
    page_html(page, "</span>");
}

/* ---- the frame ---- */

/* The mark: a final mem, a vessel that holds lines of text; in Hebrew the whole word is drawn. */
#define VESSEL                                                                                                         \
    "<path d=\"M1 8.5H28V32Q28 33.5 26.5 33.5H7.5Q6 33.5 6 32V8.5\"/>"                                                 \
    "<path class=\"water\" stroke-width=\"2.5\" d=\"M11.5 17H22.5M11.5 22H22.5M11.5 27H22.5\"/>"

static void write_brand(struct page *page, struct site *site)
{
    struct bytes network = site != NULL ? site_network_name(site) : bytes_of(NULL, 0);

    page_html(page, "<a class=\"brand\"");
    page_href(page, "/");
    if (page->language == READER_HEBREW)
        page_html(
            page,
            "><svg viewBox=\"0 0 104 40\" role=\"img\" aria-label=\"איגום\" fill=\"none\" stroke=\"currentColor\" "
            "stroke-width=\"5.5\">" VESSEL "<path d=\"M36 8.5H42.5V36.2M50 8.5H57.5L59.5 36.2M58.8 25.5L50.5 36.2"
            "M67.5 8.5H74V21M82.5 5.8L102 36.2M101 5.8V12Q101 17 96.5 21.5M88 14.5Q83.5 21 83.5 27V36.2\"/></svg>");
    else
        page_html(page, "><svg viewBox=\"0 0 34 40\" aria-hidden=\"true\" fill=\"none\" stroke=\"currentColor\" "
                        "stroke-width=\"5.5\">" VESSEL "</svg><b>Igum</b>");
    if (network.len > 0) {
        page_html(page, "<span>");
        page_isolated(page, network);
        page_html(page, "</span>");
    }
    page_html(page, "</a>\n");
}

const struct layout_kinds layout_kinds[LAYOUT_KINDS] = {
    {"", "/documents", SAY("All"), SAY("All documents")},
    {"decision", "/documents?kind=decision", SAY("Decisions"), SAY("Decisions")},
    {"minutes", "/documents?kind=minutes", SAY_IN("list", "Minutes"), SAY_IN("list", "Minutes")},
    {"knowledge", "/documents?kind=knowledge", SAY_IN("list", "Know-how"), SAY_IN("list", "Know-how")},
    {"notice", "/documents?kind=notice", SAY("Notices"), SAY("Notices")},
};

const struct layout_kinds *layout_find_kinds(struct bytes kind)
{
    for (size_t i = 0; i < LAYOUT_KINDS; i++)
        if (bytes_equal(kind, bytes_text(layout_kinds[i].kind)))
            return &layout_kinds[i];
    return NULL;
}

void layout_find(struct page *page, const struct layout_find *find, const char *words)
{
    page_html(page, "<form class=\"");
    page_markup(page, find->classes);
    page_html(page, "\" id=\"");
    page_markup(page, find->id);
    page_html(page, "\" role=\"search\" action=\"");
    page_address(page, find->path);
    page_html(page, "\">\n<label class=\"only-ear\" for=\"q\">");
    page_say(page, find->label);
    page_html(page, "</label>\n<input id=\"q\" name=\"q\" type=\"search\" autocomplete=\"off\" dir=\"");
    page_markup(page, page->language == READER_HEBREW ? "rtl" : "auto");
    page_html(page, "\" placeholder=\"");
    page_say(page, find->hint);
    page_html(page, "\" value=\"");
    page_string(page, words);
    page_html(page, "\">\n");
    page_language_field(page);
    page_html(page, "<button>");
    page_say(page, "Search");
    page_html(page, "</button>\n</form>\n");
}

void layout_search(struct page *page, const char *words)
{
    static const struct layout_find archive = {"find", "search", "/search", SAY("Search the archive"),
                                               SAY("Words, a decision’s number or a name")};

    layout_find(page, &archive, words);
}

/* The places that every page leads to; `here` is the path of the page, or of one below it. */
static void write_navigation(struct page *page, const char *here)
{
    static const struct {
        const char *path, *below, *title;
    } places[] = {
        {"/search", "/search", SAY("Search")},          {"/decisions", "/decisions", SAY("Decisions")},
        {"/books", "/book", SAY_IN("list", "Minutes")}, {"/people", "/people", SAY("People")},
        {"/network", "/network", SAY("Kibbutzim")},
    };

    page_html(page, "<nav class=\"nav\" aria-label=\"");
    page_say(page, "Main");
    page_html(page, "\"><ul>");
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        page_html(page, "<li><a");
        page_href(page, places[i].path);
        if (strncmp(here, places[i].below, strlen(places[i].below)) == 0)
            page_html(page, " aria-current=\"page\"");
        page_html(page, ">");
        page_say(page, places[i].title);
        page_html(page, "</a></li>");
    }
    page_html(page, "</ul></nav>\n");
}

/* The waterline: how complete this node is, on every page. */
static void write_freshness(struct page *page, struct site *site)
{
    uint64_t missing = 0, unread = 0;
    bool known = site_count_gaps(site, &missing, &unread);

    if (known && missing == 0 && unread == 0 && delivery_freshness(page, site))
        return;
    const struct index_extent *extent = site_extent(site);
    known = known && extent != NULL;
    page_markup(page, !known                      ? "<div class=\"fresh stale\">"
                      : missing > 0 || unread > 0 ? "<div class=\"fresh gaps\">"
                                                  : "<div class=\"fresh\">");
    page_html(page, "<div class=\"wrap\"><p>");
    if (!known) {
        page_say(page, "How recent the archive is cannot be told.");
    } else if (extent->newest == 0) {
        page_say(page, "No entries have arrived here yet.");
    } else {
        page_say(page, "The newest entry that has arrived here:");
        page_html(page, " ");
        layout_moment(page, ENTRY_CLOCK_MS(extent->newest));
        page_html(page, ". ");
        page_say_count(page, extent->documents, "One document", "%1 documents");
        page_html(page, ".");
    }
    if (missing > 0) {
        page_html(page, " ");
        page_say_count(page, missing, "One content has not arrived yet.", "%1 contents have not arrived yet.");
    }
    if (unread > 0) {
        page_html(page, " ");
        page_say_count(page, unread, "One document has arrived and is being read; it is shown after that.",
                       "%1 documents have arrived and are being read; they are shown after that.");
    }
    page_html(page, "</p></div></div>\n");
}

/* What answers carry as headers, a file says in itself; and only who answers can be searched. */
static void write_own_rules(struct page *page)
{
    page_markup(page, page->links == NULL
                          ? "<link rel=\"search\" type=\"application/opensearchdescription+xml\" "
                            "href=\"/opensearch.xml\">\n"
                          : "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                            "'self' file:; img-src 'self' file:; script-src 'self' file:; form-action 'self' file:\">\n"
                            "<meta name=\"referrer\" content=\"no-referrer\">\n");
}

void layout_begin(struct page *page, struct site *site, struct bytes title, const char *here)
{
    page_markup(page, page->language == READER_HEBREW ? "<!doctype html>\n<html lang=\"he\" dir=\"rtl\">\n"
                                                      : "<!doctype html>\n<html lang=\"en\" dir=\"ltr\">\n");
    page_html(page, "<head>\n<meta charset=\"utf-8\">\n<title>");
    page_text(page, title);
    page_html(page, " · ");
    page_say(page, "Igum");
    page_html(page, "</title>\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<meta name=\"color-scheme\" content=\"light dark\">\n"
                    "<link rel=\"icon\" href=\"");
    page_address(page, "/mark.svg");
    page_html(page, "\" type=\"image/svg+xml\">\n<link rel=\"stylesheet\" href=\"");
    page_address(page, "/igum.css");
    page_html(page, "\">\n<link rel=\"alternate\" type=\"application/atom+xml\" href=\"");
    page_address(page, "/feed/all.atom");
    page_html(page, "\">\n");
    write_own_rules(page);
    page_html(page, "</head>\n<body>\n<a class=\"skip\" href=\"#main\">");
    page_say(page, "Skip to content");
    page_html(page, "</a>\n<header>\n<div class=\"mast\"><div class=\"wrap\">\n");
    write_brand(page, site);
    write_navigation(page, here);
    page_html(page, "</div></div>\n");
    if (site != NULL)
        write_freshness(page, site);
    page_html(page, "</header>\n<main id=\"main\" tabindex=\"-1\"><div class=\"wrap\">\n");
}

void layout_feed(struct page *page, const char *name)
{
    char path[64];

    snprintf(path, sizeof path, "/feed/%s.atom", name);
    page_html(page, "<p class=\"part small no-print\"><a type=\"application/atom+xml\" href=\"");
    page_address(page, path);
    page_html(page, "\">");
    page_say(page, "Feed of what is new in this list");
    page_html(page, "</a></p>\n");
}

static void write_other_language(struct page *page, const char *here)
{
    enum reader_language language = page->language;
    bool chosen = page->chosen;

    page_html(page, "<li><a");
    page->language = language == READER_HEBREW ? READER_ENGLISH : READER_HEBREW;
    page->chosen = true;
    page_href(page, here);
    page->language = language;
    page->chosen = chosen;
    page_markup(page, page->language == READER_HEBREW ? " lang=\"en\" dir=\"ltr\">" : " lang=\"he\" dir=\"rtl\">");
    page_markup(page, page->language == READER_HEBREW ? "English" : "עברית"); /* In itself. */
    page_html(page, "</a></li>");
}

void layout_end(struct page *page, const char *here)
{
    page_html(page, "</div></main>\n<footer class=\"foot\"><div class=\"wrap\">\n<p>");
    if (page->links == NULL) {
        page_say(page, "The node stands in the kibbutz office and is readable without the internet.");
    } else {
        page_say(page, "A copy of the archive, made:");
        page_html(page, " ");
        layout_moment(page, page->links->made_ms);
    }
    page_html(page, "</p>\n<ul><li><a");
    page_href(page, "/accessibility");
    page_html(page, ">");
    page_say(page, "Accessibility statement");
    page_html(page, "</a></li><li><a type=\"application/atom+xml\" href=\"");
    page_address(page, "/feed/all.atom");
    page_html(page, "\">");
    page_say(page, "Feed");
    page_html(page, "</a></li>");
    if (page->links == NULL)
        write_other_language(page, here);
    page_html(page, "</ul>\n</div></footer>\n</body>\n</html>\n");
}
