/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_SEARCH_TEXT_H
#define STORE_SEARCH_TEXT_H

/* What of a revision can be searched, as the full-text index takes it (store/tokenizer.h): the same for the same revision. */

#include "proto/content.h"
#include "store/document.h"
#include "store/index.h"

#define SEARCH_TEXT_MAX MIB(1) /* Bytes of a document that are indexed. */
#define SEARCH_TEXT_SIZE_MAX MIB(4)

/* Of any kind; `clock` says the year of a document without a date. */
struct search_text {
    const struct document *document;
    const struct content *content;
    struct id log, kibbutz;
    uint64_t clock;
    enum act_audience audience;
};

/* Appends it.  ERR_MEMORY; what is too long is cut. */
enum err search_text_write(const struct search_text *text, struct buffer *out);

/* Facets: what a question can be confined to.  Each is written behind '~' (store/tokenizer.h). */
#define SEARCH_TEXT_FACET_SIZE 32
#define SEARCH_TEXT_EVERYTHING "all"
void search_text_kind_facet(enum document_kind kind, char facet[SEARCH_TEXT_FACET_SIZE]);
void search_text_year_facet(uint64_t year, char facet[SEARCH_TEXT_FACET_SIZE]);
void search_text_kibbutz_facet(const struct id *kibbutz, char facet[SEARCH_TEXT_FACET_SIZE]);
void search_text_author_facet(const struct id *log, char facet[SEARCH_TEXT_FACET_SIZE]);

#endif
