/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_MINUTES_H
#define STORE_MINUTES_H

/*
 * What minutes say was on the agenda and what was decided, found in their Markdown by the words that minutes use: headings, or a
 * paragraph that begins with "decided".  For registers and books; nothing rests on it.
 */

#include "proto/buffer.h"

#define MINUTES_PARTS 64       /* Later ones are not listed. */
#define MINUTES_PART_MAX 1500  /* Bytes of one; longer ones are cut. */

struct minutes_part {
    bool is_decision;  /* Or an item of the agenda. */
    struct bytes text; /* One clean line. */
};

struct minutes {
    struct minutes_part parts[MINUTES_PARTS];
    size_t count;
    struct buffer text; /* Of the parts. */
};

/* Reads the text of a document.  ERR_MEMORY only; minutes_free() also then. */
enum err minutes_read(struct bytes markdown, struct minutes *minutes);
void minutes_free(struct minutes *minutes);

/* Whether a paragraph begins as one that tells what was decided, or that nothing was. */
bool minutes_is_outcome(struct bytes paragraph);

#endif
