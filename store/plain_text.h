/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_PLAIN_TEXT_H
#define STORE_PLAIN_TEXT_H

/* Text as it comes out of mails, word processors and web pages, made clean.  Its input is valid UTF-8. */

#include "proto/buffer.h"

/*
 * What a character becomes: itself; ' ' for tabs and odd spaces; '\n' for every end of line; 0 for what is dropped: controls,
 * marks of direction, byte order and soft hyphens.
 */
uint32_t plain_text_point(uint32_t point);

/* Appends the text as one line: runs of spaces and ends of lines become one space, none at the ends. */
void plain_text_clean(struct bytes text, struct buffer *out);

/*
 * Appends Markdown that shows the text as it stands.  Lines stay lines.  Bullets of all shapes become "- "; numbers stay as
 * they were written.  Only where the first line stands alone does it become the heading, and lines that end in ':' and
 * stand alone become headings below it.
 */
void plain_text_to_markdown(struct bytes text, struct buffer *out);

#endif
