/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_DOCUMENT_H
#define STORE_DOCUMENT_H

/*
 * What document.md says: Markdown, with a head of facts in front of it where its author wrote one (docs/FORMAT.md, 3).
 *
 *     ---
 *     title: פרוטוקול אסיפה כללית
 *     kind: minutes
 *     date: 1.5.2018
 *     ---
 *
 * Two doors: what we publish is checked, and an error says what to do; what a peer published is read as well as it can be.
 */

#include "store/front_matter.h"

#define DOCUMENT_SIZE_MAX (LIMIT_CONTENT - LIMIT_MANIFEST)
#define DOCUMENT_TITLE_MAX 120 /* Characters of a title that nobody wrote as one. */

/* All texts are UTF-8 without control or direction characters, and NUL-terminated behind their length. */
struct document {
    struct front_matter front; /* Its title is filled in from the text where it says none. */
    bool has_front_matter;
    bool is_text;      /* False: no UTF-8, `text` is empty. */
    struct bytes text; /* The Markdown behind the front matter.  Borrowed from the file's bytes. */
    char title[DOCUMENT_TITLE_MAX * 4 + 1];
};

/*
 * Reads what may have been written by anyone.  Front matter that is not in order counts as text.  `file` is borrowed
 * until document_free().  ERR_MEMORY only.
 */
enum err document_read(struct bytes file, struct document **document);

/*
 * Reads what is to be published: UTF-8, not empty, of at most DOCUMENT_SIZE_MAX bytes, without control characters, its
 * front matter in order.  ERR_FORMAT, ERR_LIMIT: `reason` says where and what to do.  ERR_MEMORY.
 */
enum err document_check(struct bytes file, struct document **document, struct document_reason *reason);

void document_free(struct document *document);

/* Appends the file with one line of its front matter set, which is made where there is none.  ERR_FORMAT, ERR_LIMIT. */
enum err document_set(struct bytes file, const char *name, struct bytes value, struct buffer *out);

/*
 * Appends Markdown that shows a plain text as it stands: no word is lost, reordered or renumbered.  Ends of lines, odd
 * spaces and bullets are made uniform; invisible direction marks go.  ERR_FORMAT: no UTF-8; ERR_LIMIT, ERR_MEMORY.
 */
enum err document_from_text(struct bytes text, struct buffer *markdown, struct document_reason *reason);

#endif
