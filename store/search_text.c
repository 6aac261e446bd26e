/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/search_text.h"

#include "proto/text.h"
#include "store/tokenizer.h"

#include <stdio.h>

#define ID_DIGITS 16 /* Of an id within a facet: nobody finds another with the same ones by chance. */

/* ---- facets ---- */

static void id_facet(char mark, const struct id *id, char facet[SEARCH_TEXT_FACET_SIZE])
{
    char text[ID_TEXT_LEN + 1];

    id_to_text(id, text);
    (void)snprintf(facet, SEARCH_TEXT_FACET_SIZE, "%c%.*s", mark, ID_DIGITS, text);
}

void search_text_kind_facet(enum document_kind kind, char facet[SEARCH_TEXT_FACET_SIZE])
{
    (void)snprintf(facet, SEARCH_TEXT_FACET_SIZE, "k%d", (int)kind);
}

void search_text_year_facet(uint64_t year, char facet[SEARCH_TEXT_FACET_SIZE])
{
    (void)snprintf(facet, SEARCH_TEXT_FACET_SIZE, "y%llu", (unsigned long long)(year % 10000));
}

void search_text_kibbutz_facet(const struct id *kibbutz, char facet[SEARCH_TEXT_FACET_SIZE])
{
    id_facet('q', kibbutz, facet);
}

void search_text_author_facet(const struct id *log, char facet[SEARCH_TEXT_FACET_SIZE])
{
    id_facet('s', log, facet);
}

/* The year in which so many milliseconds since 1970 lie. */
static uint64_t year_of_ms(uint64_t ms)
{
    uint64_t days = ms / 86400000, year = 1970;

    if (year + days / 365 > 9999)
        return 0;
    for (;; year++) {
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        if (days < 365u + leap)
            return year;
        days -= 365u + leap;
    }
}

static uint64_t year_of(const struct search_text *text)
{
    struct bytes date = text->document->front.date;
    uint64_t year;

    if (date.len == 10 && text_to_number(bytes_of(date.at, 4), &year))
        return year;
    return year_of_ms(ENTRY_CLOCK_MS(text->clock));
}

static void write_facets(const struct search_text *text, struct buffer *out)
{
    char facet[SEARCH_TEXT_FACET_SIZE];

    buffer_u8(out, TOKENIZER_FACETS);
    buffer_text(out, SEARCH_TEXT_EVERYTHING " ");
    search_text_kind_facet(text->document->front.kind, facet);
    buffer_text(out, facet);
    buffer_text(out, " ");
    search_text_year_facet(year_of(text), facet);
    buffer_text(out, facet);
    buffer_text(out, " ");
    search_text_kibbutz_facet(&text->kibbutz, facet);
    buffer_text(out, facet);
    buffer_text(out, " ");
    search_text_author_facet(&text->log, facet);
    buffer_text(out, facet);
}

/* ---- words ---- */

static void write_section(struct buffer *out, enum tokenizer_section section, struct bytes text, size_t limit)
{
    size_t at;

    buffer_u8(out, (uint8_t)section);
    at = out->len;
    if (text.len > limit)
        text.len = limit;
    buffer_add(out, text);
    for (; at < out->len; at++)
        if (out->at[at] < TOKENIZER_SECTIONS_END)
            out->at[at] = ' ';
}

static void write_list(struct buffer *out, enum tokenizer_section section, const struct front_matter_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        write_section(out, section, list->items[i], FRONT_MATTER_LINE_MAX);
}

static void write_head(const struct front_matter *front, uint64_t year, struct buffer *out)
{
    /* What a document is called, by people who look for it. */
    static const char *const kinds[] = {[DOCUMENT_NOTICE] = "הודעה notice",
                                        [DOCUMENT_MINUTES] = "פרוטוקול סיכום ישיבה minutes",
                                        [DOCUMENT_DECISION] = "החלטה decision",
                                        [DOCUMENT_KNOWLEDGE] = "ידע knowledge"};
    char number[SEARCH_TEXT_FACET_SIZE];

    write_section(out, TOKENIZER_TITLE, front->title, FRONT_MATTER_LINE_MAX);
    write_section(out, TOKENIZER_TITLE, front->number, FRONT_MATTER_LINE_MAX);
    write_list(out, TOKENIZER_HEAD, &front->topics);
    write_section(out, TOKENIZER_BODY, front->body, FRONT_MATTER_LINE_MAX);
    write_section(out, TOKENIZER_HEAD, bytes_text(kinds[front->kind]), FRONT_MATTER_LINE_MAX);
    write_section(out, TOKENIZER_HEAD, front->date, FRONT_MATTER_LINE_MAX);
    (void)snprintf(number, sizeof number, "%llu", (unsigned long long)year);
    write_section(out, TOKENIZER_HEAD, bytes_text(number), sizeof number);
    write_list(out, TOKENIZER_PEOPLE, &front->present);
    write_list(out, TOKENIZER_PEOPLE, &front->absent);
    for (size_t i = 0; i < front->contact_count; i++) {
        const struct front_matter_contact *contact = &front->contacts[i];

        write_section(out, TOKENIZER_PEOPLE, contact->name, FRONT_MATTER_LINE_MAX);
        write_section(out, TOKENIZER_PEOPLE, contact->role, FRONT_MATTER_LINE_MAX);
        write_section(out, TOKENIZER_PEOPLE, contact->kibbutz, FRONT_MATTER_LINE_MAX);
        write_section(out, TOKENIZER_PEOPLE, contact->phone, FRONT_MATTER_LINE_MAX);
    }
}

/* Attachments are kept apart, and come when they come: their names are here. */
static void write_files(const struct content *content, struct buffer *out)
{
    for (size_t i = 0; content && i < content->count; i++)
        if (!bytes_equal(content->files[i].name, bytes_text(CONTENT_DOCUMENT)))
            write_section(out, TOKENIZER_HEAD, content->files[i].name, content->files[i].name.len);
}

enum err search_text_write(const struct search_text *text, struct buffer *out)
{
    write_facets(text, out);
    write_head(&text->document->front, year_of(text), out);
    if (text->document->is_text)
        write_section(out, TOKENIZER_TEXT, text->document->text, SEARCH_TEXT_MAX);
    write_files(text->content, out);
    return buffer_error(out);
}
