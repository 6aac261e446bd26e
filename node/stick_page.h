/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_STICK_PAGE_H
#define NODE_STICK_PAGE_H

/* The page beside the bundle files of a stick: what they are, for whom, and what to do with them, in Hebrew, for any browser. */

#include "node/stick_write.h"

#define STICK_PAGE "\xd7\xa7\xd7\xa8\xd7\x90-\xd7\x90\xd7\x95\xd7\xaa\xd7\x99.html" /* קרא-אותי.html */

struct stick_page {
    const char *network, *from, *to; /* Names, as anybody may have written them; `to` empty: for anyone. */
    const char *date;
    const char *file;                /* The name of the first part, without directories. */
    uint32_t parts;
    uint64_t entries, contents;
};

/* Appends the page; whatever is not ours is escaped. */
void stick_page_write(const struct stick_page *page, struct buffer *out);

#endif
