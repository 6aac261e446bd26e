/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What programs read: Atom feeds of all documents, of a kind and of a body; how a browser may search here. */
#include "node/layout.h"
#include "node/route.h"
#include "proto/text.h"

#include <stdio.h>
#include <time.h>

#define FEED_ROWS 50

struct feed {
    struct page *page;
    struct site *site;
    const struct route_request *request;
};

static void write_time(struct page *page, uint64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[40] = "1970-01-01T00:00:00Z";

    if (gmtime_r(&seconds, &tm) != NULL)
        (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
    page_string(page, text);
}

/* Names of feeds and entries, for ever and everywhere the same: the form of a UUID, of the first digits of an id. */
static void write_name(struct page *page, const struct id *id)
{
    char text[ID_TEXT_LEN + 1];

    id_to_text(id, text);
    page_html(page, "<id>urn:uuid:");
    for (size_t i = 0; i < 32; i++) {
        char digit[2] = {text[i], '\0'};

        if (i == 8 || i == 12 || i == 16 || i == 20)
            page_html(page, "-");
        page_string(page, digit);
    }
    page_html(page, "</id>\n");
}

/* Programs want whole addresses; a copy that is kept has none. */
static void write_address(const struct feed *feed, const char *path)
{
    if (feed->request->host.len > 0) {
        page_html(feed->page, "http://");
        page_text(feed->page, feed->request->host);
    }
    page_address(feed->page, path);
}

static void write_author(const struct feed *feed, const struct index_revision *revision)
{
    page_html(feed->page, "<author><name>");
    page_text(feed->page, site_key_name(feed->site, &revision->log));
    page_html(feed->page, ", ");
    page_text(feed->page, site_kibbutz_name(feed->site, &revision->kibbutz));
    page_html(feed->page, "</name></author>\n");
}

static enum err write_entry(void *context, const struct index_revision *revision)
{
    const struct feed *feed = context;
    struct page *page = feed->page;
    char id[ID_TEXT_LEN + 1], path[ID_TEXT_LEN + 8];

    id_to_text(&revision->document, id);
    snprintf(path, sizeof path, "/d/%s", id);
    page_html(page, "<entry>\n");
    write_name(page, &revision->document);
    page_html(page, "<title>");
    if (revision->title.len > 0)
        page_text(page, revision->title);
    else
        page_say(page, "A document without a title");
    page_html(page, "</title>\n<updated>");
    write_time(page, ENTRY_CLOCK_MS(revision->clock));
    page_html(page, "</updated>\n");
    write_author(feed, revision);
    page_html(page, "<link rel=\"alternate\" type=\"text/html\" href=\"");
    write_address(feed, path);
    page_html(page, "\"/>\n<category term=\"");
    page_text(page, revision->kind.len > 0 ? revision->kind : bytes_text("notice"));
    page_html(page, "\"/>\n<summary>");
    layout_kind_text(page, revision->kind);
    if (revision->number.len > 0) {
        page_html(page, " ");
        page_text(page, revision->number);
    }
    if (revision->body.len > 0) {
        page_html(page, ", ");
        page_text(page, revision->body);
    }
    page_html(page, "</summary>\n</entry>\n");
    return ERR_OK;
}

/* "all.atom", "minutes.atom", or the key of a body. */
static bool choose(struct site *site, struct bytes rest, struct index_filter *filter)
{
    const struct overview *o = site_overview(site);
    const struct overview_book *book;
    struct bytes name;

    *filter = (struct index_filter){.by_arrival = true, .limit = FEED_ROWS};
    if (!text_take(&rest, '.', &name) || !bytes_equal(rest, bytes_text("atom")))
        return false;
    if (bytes_equal(name, bytes_text("all")))
        return true;
    if (name.len > 0 && layout_find_kinds(name) != NULL) {
        filter->kind = name;
        return true;
    }
    if (o == NULL || (book = overview_find_book(o, name, 0)) == NULL)
        return false;
    filter->kibbutz = &book->kibbutz;
    filter->body = book->body;
    return true;
}

static enum err take_clock(void *context, const struct index_revision *revision)
{
    *(uint64_t *)context = revision->clock;
    return ERR_EXISTS;
}

static void write_head(const struct feed *feed, struct bytes rest, const struct index_filter *filter, uint64_t clock)
{
    struct page *page = feed->page;
    struct buffer named = BUFFER(KIB(1));
    char self[64];
    struct id network = archive_network(site_archive(feed->site)), name;

    buffer_add(&named, id_bytes(&network));
    buffer_add(&named, rest);
    name = id_hash(ID_BLOB, buffer_bytes(&named));
    buffer_free(&named);
    page_html(page,
              "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"");
    page_markup(page, reader_language_code(page->language));
    page_html(page, "\">\n");
    write_name(page, &name);
    page_html(page, "<title>");
    page_text(page, site_network_name(feed->site));
    if (filter->body.len > 0) {
        page_html(page, ": ");
        page_text(page, filter->body);
    } else {
        page_html(page, ": ");
        page_say(page, layout_find_kinds(filter->kind)->heading);
    }
    page_html(page, "</title>\n<updated>");
    write_time(page, ENTRY_CLOCK_MS(clock));
    page_html(page, "</updated>\n<link rel=\"self\" type=\"application/atom+xml\" href=\"");
    snprintf(self, sizeof self, "/feed/%.*s", (int)rest.len, (const char *)rest.at);
    write_address(feed, self);
    page_html(page, "\"/>\n<link rel=\"alternate\" type=\"text/html\" href=\"");
    write_address(feed, "/");
    page_html(page, "\"/>\n");
}

enum err route_feed(struct site *site, const struct route_request *request, struct bytes rest,
                    struct route_answer *answer)
{
    struct feed feed = {&answer->page, site, request};
    struct index_filter filter;
    uint64_t clock = 0;
    enum err err;

    if (!choose(site, rest, &filter))
        return ERR_MISSING;
    err = index_each_document(site_index(site), &filter, take_clock, &clock);
    if (err != ERR_OK && err != ERR_EXISTS)
        return err;
    answer->type = "application/atom+xml; charset=utf-8";
    write_head(&feed, rest, &filter, clock);
    err = index_each_document(site_index(site), &filter, write_entry, &feed);
    page_html(&answer->page, "</feed>\n");
    return err;
}

enum err route_opensearch(struct site *site, const struct route_request *request, struct bytes rest,
                          struct route_answer *answer)
{
    const struct feed feed = {&answer->page, site, request};
    struct page *page = &answer->page;

    (void)rest;
    answer->type = "application/opensearchdescription+xml; charset=utf-8";
    page_html(page, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
                    "<OpenSearchDescription xmlns=\"http://a9.com/-/spec/opensearch/1.1/\">\n<ShortName>");
    page_say(page, "Igum");
    page_html(page, "</ShortName>\n<Description>");
    page_say(page, "Search the archive");
    page_html(page, "</Description>\n<InputEncoding>UTF-8</InputEncoding>\n<Url type=\"text/html\" template=\"");
    write_address(&feed, "/search?q={searchTerms}");
    page_html(page, "\"/>\n</OpenSearchDescription>\n");
    return ERR_OK;
}
