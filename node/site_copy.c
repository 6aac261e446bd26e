/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/site_copy.h"

#include "node/asset.h"
#include "node/copy_name.h"
#include "node/layout.h"
#include "node/route.h"
#include "node/search_copy.h"
#include "proto/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUEUE                                                                                                          \
    COPY_TARGET_ASIDE                                                                                                  \
    "queue" /* Lines of addresses: pages still to be written, in the order in which they were first linked. */
#define LINE_MAX 2048
#define REST                                                                                                           \
    256 /* After so many pages, what the index has at hand of them is given back: it would grow with the archive. */

struct crawl {
    struct page_links links; /* First: what a page hands to follow() is this. */
    struct site_copy *copy;
    char here[COPY_NAME_SIZE];  /* The file that is being written. */
    struct buffer found;        /* What it is the first to link to: lines of the queue. */
    uint64_t read, total, done; /* Bytes of the queue; pages that are known of and written. */
    enum err err;
};

/* An attachment's line has the name behind a tab that decides on the ending: a foreign one, of which only the end is kept. */
static void add_found(struct crawl *c, const char *path, struct bytes file)
{
    const char *dot;
    char name[COPY_NAME_SIZE];

    buffer_text(&c->found, path);
    if (file.len > 0) {
        copy_name("", file, name);
        dot = strrchr(name, '.');
        buffer_text(&c->found, "\tx");
        buffer_text(&c->found, dot != NULL ? dot : "");
    }
    buffer_text(&c->found, "\n");
    c->total++;
}

static void follow(struct page_links *links, struct page *page, const char *path, struct bytes file)
{
    struct crawl *c = (struct crawl *)links;
    char name[COPY_NAME_SIZE];
    enum err err;

    copy_name(path, file, name);
    copy_name_relative(c->here, name, &page->out);
    err = copy_target_claim(c->copy->target, name);
    if (err == ERR_OK)
        add_found(c, path, file);
    else if (err != ERR_EXISTS && c->err == ERR_OK)
        c->err = err;
}

static enum err write_file(struct crawl *c, const struct route_file *file)
{
    uint64_t chunks = (file->size + LIMIT_CHUNK - 1) / LIMIT_CHUNK;
    struct buffer chunk = BUFFER(LIMIT_CHUNK);
    enum err err = ERR_OK;

    for (uint64_t i = 0; !err && i < chunks; i++) {
        buffer_clear(&chunk);
        err = archive_read_chunk(site_archive(c->copy->site), &file->digest, file->size, (size_t)i, &chunk);
        if (!err)
            err = copy_target_append(c->copy->target, c->here, buffer_bytes(&chunk));
    }
    buffer_free(&chunk);
    c->copy->attachments++;
    return err;
}

/* What follows the '?'. */
static void take_arguments(struct route_request *request, struct bytes query)
{
    struct bytes one, name;

    while (query.len > 0) {
        if (!text_take(&query, '&', &one)) {
            one = query;
            query = bytes_of(NULL, 0);
        }
        if (!text_take(&one, '=', &name))
            continue;
        if (bytes_equal(name, bytes_text("page")))
            (void)text_to_number(one, &request->page);
        for (size_t i = 0; i < ROUTE_ARGUMENTS; i++)
            if (bytes_equal(name, bytes_text(route_argument_names[i])))
                request->argument[i] = one;
    }
}

static enum err write_page(struct crawl *c, struct bytes address)
{
    struct route_request request = {.language = c->copy->language, .page = 1, .links = &c->links};
    struct route_answer answer;
    struct bytes path = address;
    enum err err = ERR_OK;

    if (text_take(&address, '?', &path))
        take_arguments(&request, address);
    request.path = path;
    route_answer_begin(&answer, &request);
    route(c->copy->site, &request, &answer);
    if (answer.status >= 500 || buffer_error(&answer.page.out) != ERR_OK)
        err = ERR_IO;
    else if (answer.file.is_set)
        err = write_file(c, &answer.file);
    else
        err = copy_target_append(c->copy->target, c->here, buffer_bytes(&answer.page.out));
    route_answer_free(&answer);
    c->copy->pages++;
    return err;
}

static enum err write_line(struct crawl *c, struct bytes line)
{
    struct bytes path = line, file = bytes_of(NULL, 0);
    char text[LINE_MAX];
    enum err err;

    if (text_take(&line, '\t', &path))
        file = line;
    snprintf(text, sizeof text, "%.*s", (int)path.len, (const char *)path.at);
    copy_name(text, file, c->here);
    buffer_clear(&c->found);
    err = write_page(c, path);
    if (!err)
        err = c->err ? c->err : buffer_error(&c->found);
    if (!err && c->found.len > 0)
        err = copy_target_append(c->copy->target, QUEUE, buffer_bytes(&c->found));
    c->done++;
    return err;
}

static enum err next_line(struct crawl *c, const char *queue, struct buffer *part, struct bytes *line)
{
    struct bytes rest;
    enum err err;

    buffer_clear(part);
    if ((err = files_read_part(queue, c->read, LINE_MAX, part)) != ERR_OK)
        return err;
    rest = buffer_bytes(part);
    if (!text_take(&rest, '\n', line))
        return ERR_MISSING;
    c->read += line->len + 1;
    return ERR_OK;
}

static enum err write_all(struct crawl *c, site_copy_progress_fn *progress, void *context)
{
    struct buffer part = BUFFER(LINE_MAX);
    char queue[FILES_PATH_SIZE];
    struct bytes line;
    enum err err = files_join(queue, c->copy->target->root, QUEUE);

    while (!err && (err = next_line(c, queue, &part, &line)) == ERR_OK) {
        err = write_line(c, line);
        if (c->done % REST == 0)
            index_rest(site_index(c->copy->site));
        if (progress != NULL)
            progress(context, c->done, c->total);
    }
    buffer_free(&part);
    return err == ERR_MISSING ? ERR_OK : err;
}

/* Where to begin: all else is linked from there, but the feeds that are for programs. */
static enum err begin(struct crawl *c)
{
    struct page nowhere = {.out = BUFFER(KIB(16))};
    char path[64];
    enum err err;

    follow(&c->links, &nowhere, "/", bytes_of(NULL, 0));
    for (size_t i = 1; i < LAYOUT_KINDS; i++) {
        snprintf(path, sizeof path, "/feed/%s.atom", layout_kinds[i].kind);
        follow(&c->links, &nowhere, path, bytes_of(NULL, 0));
    }
    buffer_free(&nowhere.out);
    err = copy_target_claim(c->copy->target, QUEUE);
    if (!err)
        err = c->err ? c->err : copy_target_append(c->copy->target, QUEUE, buffer_bytes(&c->found));
    return err;
}

enum err site_copy_write(struct site_copy *copy, site_copy_progress_fn *progress, void *context)
{
    struct crawl c = {.links = {.write = follow, .made_ms = site_now_ms()}, .copy = copy, .found = BUFFER(PAGE_LIMIT)};
    enum err err = site_refresh(copy->site);

    if (!err)
        err = begin(&c);
    if (!err)
        err = write_all(&c, progress, context);
    if (!err)
        err = search_copy_write(copy);
    buffer_free(&c.found);
    return err;
}
