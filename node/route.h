/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_ROUTE_H
#define NODE_ROUTE_H

/* From a request that the reader found in order to what it answers.  Routes know nothing of HTTP's syntax. */

#include "node/page.h"
#include "node/site.h"
#include "proto/content.h"

#define ROUTE_PATH 128 /* The longest address that answers send browsers to. */

/* What may follow the '?' of an address; each is read as it was sent.  Keys of bodies and subjects: overview.h. */
enum route_argument {
    ROUTE_KIND,
    ROUTE_KIBBUTZ,
    ROUTE_BODY,
    ROUTE_TOPIC,
    ROUTE_STATE,
    ROUTE_FROM,
    ROUTE_TO,
    ROUTE_WORDS,
    ROUTE_YEAR,
    ROUTE_PERSON,
    ROUTE_ARGUMENTS
};
extern const char *const route_argument_names[ROUTE_ARGUMENTS]; /* "kind" ... */

struct route_request {
    struct bytes path;              /* As it was sent, without the query; begins with '/'. */
    enum reader_language language;
    bool chosen;                    /* By ?lang=. */
    uint64_t page;                  /* Of ?page=, from 1. */
    struct bytes argument[ROUTE_ARGUMENTS]; /* Empty: not given. */
    struct bytes host;              /* By which we are called; empty: a copy that is kept has no address. */
    uint64_t now_ms;                /* When; 0: for a copy that is kept. */
    bool only_looks;                /* Nobody has asked to see it yet: a browser reads ahead, or wants the headers alone. */
    struct page_links *links;       /* Of that copy; NULL: a single page. */
};

/* An attachment that is the body: read while it is sent. */
struct route_file {
    bool is_set;
    struct id digest;
    uint64_t size;
};

struct route_answer {
    unsigned status;
    const char *type;                /* Content-Type. */
    struct page page;                /* The body, ... */
    struct route_file file;          /* ... unless this is it. */
    char etag[ID_TEXT_LEN + 3];      /* With its quotes; "": the reader makes one from the body. */
    char disposition[2 * KIB(1)];    /* Content-Disposition; "": none. */
    uint64_t modified_ms;            /* When what it shows last changed; 0: not told. */
    unsigned refresh_s;              /* Browsers ask again after so long, and at once when ... */
    char refresh_path[ROUTE_PATH];   /* ... this is not empty: for that address instead.  Both 0: they do not. */
    bool no_store;                   /* Not for everybody: keep no copy. */
};

/* As forms are sent: %D7 and '+'.  What is not in order stays as it is; a zero becomes a space.  At most `size` bytes, and a NUL. */
void route_decode(struct bytes sent, char *to, size_t size);

void route_answer_begin(struct route_answer *answer, const struct route_request *request);
void route_answer_free(struct route_answer *answer);

/* Sets the answer's version. */
void route_answer_tag(struct route_answer *answer, const struct id *version);

/* Answers any path: the table of routes. */
void route(struct site *site, const struct route_request *request, struct route_answer *answer);

/* 400, 404, 405, 421, 500 or 503, said in words.  The archive may be out of reach. */
void route_error(struct site *site, const struct route_request *request, struct route_answer *answer, unsigned status);

/*
 * The routes.  `rest` is the path behind the prefix of the route.  ERR_MISSING: there is no such page.  Other errors: the
 * archive failed.
 */
enum err route_front(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_documents(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_decisions(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_books(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_book(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_network(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_fork(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_feed(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_opensearch(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_accessibility(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_people(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_document(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_attachment(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_fetch(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_search(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_stylesheet(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_mark(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);
enum err route_health(struct site *site, const struct route_request *request, struct bytes rest, struct route_answer *answer);

/* /d/DOCUMENT/compare/FROM/TO, or ?from=FROM&to=TO: `rest` is behind "compare". */
enum err route_compare(struct site *site, const struct route_request *request, const struct id *document, struct bytes rest,
                       struct route_answer *answer);

/*
 * An attachment by the rest of an address, "ENTRY/PLACE", with the content that names it.  ERR_MISSING: there is none, or whoever
 * asks may not see it.
 */
struct route_named {
    struct index_entry entry;
    struct buffer packed;
    struct content *content;
    const struct content_file *file;
    size_t place;
};
enum err route_find_named(struct site *site, struct bytes rest, struct route_named *named);
void route_named_free(struct route_named *named); /* After any outcome. */

/* The page of one that is not here: why, and how it comes. */
void route_tell_absent(struct site *site, const struct route_named *named, struct route_answer *answer);

/* The Content-Type of a file by its first bytes; application/octet-stream unless browsers may show it. */
const char *route_file_type(struct bytes file);
/* Whether a name says that it is one, so that a page shows it; what it is when it is sent, its bytes say. */
bool route_name_is_picture(struct bytes name);

#endif
