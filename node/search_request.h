/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_SEARCH_REQUEST_H
#define NODE_SEARCH_REQUEST_H

/* What the search page was asked: words, and the fields beside them, as a form sends them and an address carries them. */

#include "node/route.h"
#include "store/search_query.h"

#define SEARCH_REQUEST_FIELDS 6
#define SEARCH_REQUEST_FIELD_SIZE 128 /* Bytes of one of the fields. */
#define SEARCH_REQUEST_PATH_SIZE (4 * SEARCH_QUERY_SIZE_MAX + SEARCH_REQUEST_FIELDS * (3 * SEARCH_REQUEST_FIELD_SIZE + 16))

/* The fields, by the argument that carries each. */
struct search_request_field {
    enum route_argument argument;
    enum search_field field;
    const char *label; /* For people. */
};
extern const struct search_request_field search_request_fields[SEARCH_REQUEST_FIELDS];

struct search_request {
    char words[SEARCH_QUERY_SIZE_MAX + 1];
    char fields[SEARCH_REQUEST_FIELDS][SEARCH_REQUEST_FIELD_SIZE + 1]; /* "": not asked for. */
    bool is_any;
    bool has_fields;
};

void search_request_read(const struct route_request *request, struct search_request *asked);

/* The address of this search, without the page, and a NUL behind it; without one of its fields, unless that is NULL. */
void search_request_path(const struct search_request *asked, const struct search_request_field *without, struct buffer *path);

/* The fields as a form that belongs to layout_search(): it opens when one of them is set. */
void search_request_form(struct page *page, struct site *site, const struct search_request *asked);

/* When nothing was found: the same search without one of its fields each. */
void search_request_suggest(struct page *page, const struct search_request *asked);

#endif
