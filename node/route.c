/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/route.h"

#include "node/asset.h"
#include "node/layout.h"
#include "proto/text.h"

#include <stdio.h>

static const struct {
    const char *prefix;
    bool whole;   /* The prefix is all of the path. */
    bool archive; /* It reads the archive. */
    enum err (*answer)(struct site *, const struct route_request *, struct bytes, struct route_answer *);
} routes[] = {
    {"/", true, true, route_front},
    {"/documents", true, true, route_documents},
    {"/d/", false, true, route_document},
    {"/search", true, true, route_search},
    {"/decisions", true, true, route_decisions},
    {"/books", true, true, route_books},
    {"/book/", false, true, route_book},
    {"/people", true, true, route_people},
    {"/a/", false, true, route_attachment},
    {"/fetch/", false, true, route_fetch},
    {"/network", true, true, route_network},
    {"/fork/", false, true, route_fork},
    {"/feed/", false, true, route_feed},
    {"/opensearch.xml", true, true, route_opensearch},
    {"/accessibility", true, true, route_accessibility},
    {"/igum.css", true, false, route_stylesheet},
    {"/mark.svg", true, false, route_mark},
    {"/healthz", true, true, route_health},
};

const char *const route_argument_names[ROUTE_ARGUMENTS] = {
    [ROUTE_KIND] = "kind",   [ROUTE_KIBBUTZ] = "kibbutz", [ROUTE_BODY] = "body", [ROUTE_TOPIC] = "topic",
    [ROUTE_STATE] = "state", [ROUTE_FROM] = "from",       [ROUTE_TO] = "to",     [ROUTE_WORDS] = "q",
    [ROUTE_YEAR] = "year",   [ROUTE_PERSON] = "person",
};

static int digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9'                     ? byte - '0'
           : (byte | 0x20) >= 'a' && (byte | 0x20) <= 'f' ? (byte | 0x20) - 'a' + 10
                                                          : -1;
}

void route_decode(struct bytes sent, char *to, size_t size)
{
    size_t len = 0;

    for (size_t i = 0; i < sent.len && len < size; i++) {
        uint8_t byte = sent.at[i] == '+' ? ' ' : sent.at[i];

        if (byte == '%' && i + 2 < sent.len && digit(sent.at[i + 1]) >= 0 && digit(sent.at[i + 2]) >= 0) {
            byte = (uint8_t)(digit(sent.at[i + 1]) * 16 + digit(sent.at[i + 2]));
            i += 2;
        }
        to[len++] = (char)(byte == 0 ? ' ' : byte);
    }
    to[len] = '\0';
}

void route_answer_begin(struct route_answer *answer, const struct route_request *request)
{
    *answer = (struct route_answer){
        .status = 200,
        .type = "text/html; charset=utf-8",
        .page = {.out = BUFFER(PAGE_LIMIT),
                 .language = request->language,
                 .chosen = request->chosen,
                 .now_ms = request->now_ms,
                 .links = request->links},
    };
}

void route_answer_free(struct route_answer *answer)
{
    buffer_free(&answer->page.out);
}

void route_answer_tag(struct route_answer *answer, const struct id *version)
{
    char text[ID_TEXT_LEN + 1];

    id_to_text(version, text);
    (void)snprintf(answer->etag, sizeof answer->etag, "\"%s\"", text);
}

static enum err find(struct site *site, const struct route_request *request, struct route_answer *answer)
{
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        struct bytes rest = request->path;
        const struct index_extent *extent;
        enum err err = ERR_OK;

        if (!text_take_prefix(&rest, routes[i].prefix) || (routes[i].whole && rest.len > 0))
            continue;
        if (routes[i].archive && (err = site_refresh(site)) != ERR_OK)
            return ERR_BUSY;
        err = routes[i].answer(site, request, rest, answer);
        if (routes[i].archive && answer->modified_ms == 0 && (extent = site_extent(site)) != NULL)
            answer->modified_ms = ENTRY_CLOCK_MS(extent->newest);
        return err;
    }
    (void)site_refresh(site); /* For the freshness line. */
    return ERR_MISSING;
}

void route(struct site *site, const struct route_request *request, struct route_answer *answer)
{
    enum err err = find(site, request, answer);

    if (err == ERR_OK)
        err = buffer_error(&answer->page.out);
    if (err == ERR_OK)
        return;
    if (err != ERR_MISSING)
        site_drop(site);
    route_error(site, request, answer, err == ERR_MISSING ? 404 : err == ERR_BUSY ? 503 : 500);
}

void route_error(struct site *site, const struct route_request *request, struct route_answer *answer, unsigned status)
{
    static const struct {
        unsigned status;
        const char *title, *text;
    } errors[] = {
        {400, SAY("The request was not understood"),
         SAY("The browser, or a program on the way, sent a broken request.")},
        {404, SAY("There is no such page here"),
         SAY("Perhaps the address was cut when it was copied; perhaps the document has not reached this node yet.")},
        {405, SAY("Here one only reads"),
         SAY("Nothing can be changed through this site. Coordinators publish with the program igum.")},
        {421, SAY("This address is not the node’s"),
         SAY("The request came under a name that the node does not know. Call it by its numeric address, or by the "
             "name that the office has set.")},
        {503, SAY("The archive is not available right now"),
         SAY("The node is being updated or is not set up yet. Try again in a moment; if it happens again, tell the "
             "office.")},
        {500, SAY("The node met a problem"), SAY("Try again in a moment. If it happens again, tell the office.")},
    };
    struct page *page = &answer->page;
    size_t i = 0;

    while (errors[i].status != status && errors[i].status != 500)
        i++;
    route_answer_free(answer);
    route_answer_begin(answer, request);
    answer->status = status;
    /* Whoever calls us by a false name, or no browser at all, is told nothing of the archive. */
    layout_begin(page, status == 400 || status == 405 || status == 421 ? NULL : site,
                 bytes_text(reader_text(page->language, errors[i].title)), "");
    page_html(page, "<div class=\"hero\"><h1>");
    page_say(page, errors[i].title);
    page_html(page, "</h1>\n<p>");
    page_say(page, errors[i].text);
    page_html(page, "</p>\n");
    if (status == 404) {
        page_html(page, "<p><a class=\"btn\"");
        page_href(page, "/");
        page_html(page, ">");
        page_say(page, "To all documents");
        page_html(page, "</a></p>\n");
    }
    page_html(page, "</div>\n");
    layout_end(page, "/");
}

static enum err give_asset(struct route_answer *answer, const char *type, struct bytes asset)
{
    answer->type = type;
    buffer_add(&answer->page.out, asset);
    return ERR_OK;
}

enum err route_stylesheet(struct site *site, const struct route_request *request, struct bytes rest,
                          struct route_answer *answer)
{
    (void)site, (void)request, (void)rest;
    return give_asset(answer, "text/css; charset=utf-8", asset_igum_css);
}

enum err route_mark(struct site *site, const struct route_request *request, struct bytes rest,
                    struct route_answer *answer)
{
    (void)site, (void)request, (void)rest;
    return give_asset(answer, "image/svg+xml", asset_mark_svg);
}

enum err route_health(struct site *site, const struct route_request *request, struct bytes rest,
                      struct route_answer *answer)
{
    struct index_counts counts;

    (void)request, (void)rest;
    if (index_count(site_index(site), &counts) != ERR_OK)
        return ERR_BUSY;
    answer->type = "text/plain; charset=utf-8";
    answer->no_store = true;
    buffer_text(&answer->page.out, "ok\n");
    return ERR_OK;
}
