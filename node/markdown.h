/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_MARKDOWN_H
#define NODE_MARKDOWN_H

/*
 * A document's Markdown as HTML.  The only user of cmark-gfm, and of its parser alone: its tree is written out here, so
 * that no tag, attribute or address can appear that is not in this file.  Raw HTML is shown as text.  Links lead by http,
 * https, mailto or tel, to documents of this reader, or to the document's own attachments; pictures are own attachments.
 * Each block carries the direction of its dominant script.
 */

#include "node/page.h"

#define MARKDOWN_LIMIT KIB(256)       /* Longer documents are shown as plain text: a page is laid out at once. */
#define MARKDOWN_BLOCK_LIMIT KIB(32)  /* Likewise with longer runs of lines without a blank one: the parser's slow cases. */
#define MARKDOWN_CELLS 100000         /* Likewise with tables of more cells: a short row is filled up to the width of its table. */
#define MARKDOWN_DEPTH 24             /* Deeper nesting loses its markup, not its text. */

struct markdown_file {
    struct bytes name;
    size_t place;
    bool picture; /* Of a type that browsers may show. */
};

struct markdown_options {
    struct bytes title;               /* A first heading that says the same is left out: the page has said it. */
    struct id entry;                  /* Whose attachments ... */
    const struct markdown_file *files; /* ... these are. */
    size_t file_count;
    enum page_script around;          /* The script of the element that the text goes into; or rather: */
    const char *class;                /* unless NULL, it goes into a <div> of this class, ours, with its own direction. */
};

/* Says whether the text is laid out at all, or shown as it was written. */
bool markdown_is_plain(struct bytes text);

/* Shows a text as it was written, whatever it is. */
void markdown_write_plain(struct page *page, struct bytes text);

void markdown_write(struct page *page, struct bytes text, const struct markdown_options *options);

#endif
