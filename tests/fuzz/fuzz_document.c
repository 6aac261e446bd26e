/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* A document of a peer, and a text to be made one: what is read is clean, and what passes the check reads the same. */

#include <stdlib.h>

#include "proto/text.h"
#include "store/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
    if (!holds)
        abort();
}

static void need_clean(struct bytes text, size_t limit)
{
    need(text.at[text.len] == 0);
    need(text.len == 0 || text_is_line(text, limit));
}

static void need_clean_list(const struct front_matter_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        need_clean(list->items[i], FRONT_MATTER_LINE_MAX);
}

static void need_clean_document(const struct document *document)
{
    const struct front_matter *front = &document->front;
    char date[11];

    need_clean(front->title, FRONT_MATTER_LINE_MAX);
    need_clean(front->body, FRONT_MATTER_LINE_MAX);
    need_clean(front->number, FRONT_MATTER_LINE_MAX);
    need_clean(front->language, 16);
    need(front->date.len == 0 || (front_matter_date(front->date, date) && bytes_equal(front->date, bytes_text(date))));
    need_clean_list(&front->present);
    need_clean_list(&front->absent);
    need_clean_list(&front->topics);
    need_clean_list(&front->supersedes);
    for (size_t i = 0; i < front->contact_count; i++) {
        need_clean(front->contacts[i].name, FRONT_MATTER_LINE_MAX);
        need_clean(front->contacts[i].phone, FRONT_MATTER_LINE_MAX);
        need_clean(front->contacts[i].confirmed, 10);
    }
}

static void read_file(struct bytes file)
{
    struct document *loose = NULL, *strict = NULL;
    struct document_reason reason;

    need(document_read(file, &loose) == ERR_OK);
    need_clean_document(loose);
    if (document_check(file, &strict, &reason) == ERR_OK) {
        need_clean_document(strict);
        need(strict->front.title.len > 0);
        need(bytes_equal(loose->front.title, strict->front.title) && bytes_equal(loose->text, strict->text));
        need(loose->front.kind == strict->front.kind);
        document_free(strict);
    }
    document_free(loose);
}

static void set_line(struct bytes file)
{
    struct buffer out = BUFFER(DOCUMENT_SIZE_MAX);
    struct document *document = NULL;
    struct document_reason reason;

    if (document_set(file, "kind", bytes_text("minutes"), &out) == ERR_OK &&
        document_check(buffer_bytes(&out), &document, &reason) == ERR_OK) {
        need(document->front.kind == DOCUMENT_MINUTES);
        document_free(document);
    }
    buffer_free(&out);
}

static void convert(struct bytes text)
{
    struct buffer markdown = BUFFER(DOCUMENT_SIZE_MAX);
    struct document_reason reason;

    if (document_from_text(text, &markdown, &reason) == ERR_OK) {
        need(text_is_prose(buffer_bytes(&markdown)));
        read_file(buffer_bytes(&markdown));
    }
    buffer_free(&markdown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);

    read_file(in);
    set_line(in);
    convert(in);
    return 0;
}
