/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_LAYOUT_H
#define NODE_LAYOUT_H

/* The frame that all pages share, and the small parts that several have. */

#include "node/date.h"
#include "node/page.h"
#include "node/site.h"

/* All documents, and those of one kind: what their lists are called and where they are. */
struct layout_kinds {
    const char *kind, *path, *title, *heading;
};
#define LAYOUT_KINDS 5
extern const struct layout_kinds layout_kinds[LAYOUT_KINDS];
const struct layout_kinds *layout_find_kinds(struct bytes kind); /* NULL: there is none. */

/* A form of one line, with what was searched for: `label` is for the ear, `hint` stands in the empty line. */
struct layout_find {
    const char *classes, *id, *path, *label, *hint;
};
void layout_find(struct page *page, const struct layout_find *find, const char *words);

/* The one that searches the archive. */
void layout_search(struct page *page, const char *words);

/*
 * Everything up to the content, and after it.  `title` is foreign text; `here` is the path of the page, for the navigation
 * and the other language.  `site` NULL: nothing is told of the archive.
 */
void layout_begin(struct page *page, struct site *site, struct bytes title, const char *here);
void layout_end(struct page *page, const char *here);

/* A link to the feed of what a page lists: "minutes", or the key of a body. */
void layout_feed(struct page *page, const char *name);

/* <time>17.11.2026</time>; `with_time` adds the hour in words. */
void layout_date(struct page *page, const struct date *date);
/* The same in a list: a day of the last week is "yesterday" on the screen, and a date on paper. */
void layout_list_date(struct page *page, const struct date *date);

/* The day of the week and the Hebrew date, then the other one. */
void layout_both_dates(struct page *page, const struct date *date);
void layout_moment(struct page *page, uint64_t clock_ms);

/* Minutes, Decision ...; a kind we do not know is shown as it is. */
void layout_kind(struct page *page, struct bytes kind);

void layout_kind_text(struct page *page, struct bytes kind); /* Without markup. */

/* A kibbutz's or a person's name, isolated. */
void layout_kibbutz(struct page *page, struct site *site, const struct id *kibbutz);
void layout_person(struct page *page, struct site *site, const struct id *key);

/* "84 KB" */
void layout_size(struct page *page, uint64_t size);

/* Whether a list says more of a document than that it is signed. */
bool layout_state_matters(const struct index_revision *revision);

/* Signed, proposed, in force, superseded, withdrawn, contested, void, erased, missing. */
void layout_state(struct page *page, const struct index_revision *revision);

#endif
