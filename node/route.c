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
    {"/", true, true, route_front},         {"/d/", false, true, route_document},
    {"/a/", false, true, route_attachment}, {"/igum.css", true, false, route_stylesheet},
    {"/mark.svg", true, false, route_mark}, {"/healthz", true, true, route_health},
};

void route_answer_begin(struct route_answer *answer, const struct route_request *request)
{
    *answer = (struct route_answer){
        .status = 200,
        .type = "text/html; charset=utf-8",
        .page = {.out = BUFFER(PAGE_LIMIT), .language = request->language, .chosen = request->chosen},
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
        enum err err = ERR_OK;

        if (!text_take_prefix(&rest, routes[i].prefix) || (routes[i].whole && rest.len > 0))
            continue;
        if (routes[i].archive && (err = site_refresh(site)) != ERR_OK)
            return ERR_BUSY;
        return routes[i].answer(site, request, rest, answer);
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
        enum reader_text title, text;
    } errors[] = {
        {400, SAY_400_TITLE, SAY_400_TEXT}, {404, SAY_404_TITLE, SAY_404_TEXT}, {405, SAY_405_TITLE, SAY_405_TEXT},
        {421, SAY_421_TITLE, SAY_421_TEXT}, {503, SAY_503_TITLE, SAY_503_TEXT}, {500, SAY_500_TITLE, SAY_500_TEXT},
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
        page_say(page, SAY_TO_FRONT);
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
