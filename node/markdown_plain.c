/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/markdown.h"

/* Texts that are not laid out, but shown as they were written: which, and how. */

#define WORD_MAX 256 /* Bytes: longer ones are no words, and get places where they may be broken. */

/*
 * As many cells as its tables can have at most: none is wider than a line above, and each ends at an empty one.  To the parser a CR
 * ends a line, too.
 */
static size_t count_cells(struct bytes text)
{
    size_t cells = 0, widest = 0, bars = 0, written = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] != '\n' && text.at[i] != '\r') {
            bars += text.at[i] == '|';
            written += text.at[i] != ' ' && text.at[i] != '\t';
            continue;
        }
        if (written == 0 && (text.at[i] == '\r' || i == 0 || text.at[i - 1] != '\r')) /* CR LF end one. */
            widest = 0;
        else if (bars > 0 && bars + 1 > widest)
            widest = bars + 1;
        cells += widest;
        bars = written = 0;
    }
    return cells + widest;
}

bool markdown_is_plain(struct bytes text)
{
    size_t run = 0, line = 0;

    if (text.len > MARKDOWN_LIMIT || count_cells(text) > MARKDOWN_CELLS)
        return true;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\n') {
            if (line == 0)
                run = 0;
            line = 0;
        } else if (text.at[i] != ' ' && text.at[i] != '\t' && text.at[i] != '\r') {
            line++;
        }
        if (++run > MARKDOWN_BLOCK_LIMIT)
            return true;
    }
    return false;
}

/* Browsers take half a minute for a word of half a megabyte that they may break anywhere; with places to break it, seconds. */
static void write_words(struct page *page, struct bytes text)
{
    size_t start = 0, word = 0;

    for (size_t i = 0; i < text.len; i++) {
        bool is_letter = (text.at[i] & 0xc0) != 0x80; /* The first byte of one. */

        word = text.at[i] == ' ' || text.at[i] == '\t' || text.at[i] == '\n' ? 0 : word + 1;
        if (word <= WORD_MAX || !is_letter)
            continue;
        page_text(page, bytes_of(text.at + start, i - start));
        page_html(page, "<wbr>");
        start = i;
        word = 1;
    }
    page_text(page, bytes_from(text, start));
}

void markdown_write_plain(struct page *page, struct bytes text)
{
    page_html(page, "<pre class=\"as-written\" dir=\"auto\">");
    write_words(page, text);
    page_html(page, "</pre>\n");
}
