/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_DIFFERENCE_H
#define NODE_DIFFERENCE_H

/*
 * What changed between two texts, sentence by sentence or word by word.  Pure.  The answer is exact: what is kept and what is
 * removed, in its order, is the one text; what is kept and what is added is the other.
 */

#include "proto/bytes.h"
#include "proto/error.h"

#define DIFFERENCE_PIECES 20000             /* Sentences of one text; more are taken together, as one. */
#define DIFFERENCE_CELLS (4 * 1024 * 1024)  /* Of the table of what matches; beyond it all of the middle counts as changed. */

enum difference_kind { DIFFERENCE_KEPT, DIFFERENCE_REMOVED, DIFFERENCE_ADDED };

struct difference_piece {
    enum difference_kind kind;
    struct bytes text; /* Borrowed from the texts. */
};

struct difference {
    struct difference_piece *pieces;
    size_t count;
    size_t kept, removed, added; /* How many of each. */
};

/* Sentences end at an end of line, or at . ! ? before a space.  ERR_MEMORY.  Free it also then. */
enum err difference_of_sentences(struct bytes before, struct bytes after, struct difference *d);

/* Words end before a space. */
enum err difference_of_words(struct bytes before, struct bytes after, struct difference *d);

void difference_free(struct difference *d);

#endif
