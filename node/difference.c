/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/difference.h"

#include <stdint.h>
#include <stdlib.h>

/* ---- pieces ---- */

struct pieces {
    struct bytes *at;
    size_t count;
};

typedef size_t end_fn(struct bytes text);

static bool is_numeral(struct bytes text, size_t len)
{
    size_t at = 0;

    while (at < len && text.at[at] == ' ')
        at++;
    if (at == len)
        return false;
    for (; at < len; at++)
        if (text.at[at] < '0' || text.at[at] > '9')
            return false;
    return true;
}

/* The length of the sentence that a text begins with, the spaces behind it included. */
static size_t sentence_end(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];

        if (c == '\n')
            return i + 1;
        if ((c == '.' || c == '!' || c == '?') && i + 1 < text.len && text.at[i + 1] == ' ' &&
            !(c == '.' && is_numeral(text, i))) { /* "1. " begins an item. */
            while (i + 1 < text.len && text.at[i + 1] == ' ')
                i++;
            return i + 1;
        }
    }
    return text.len;
}

static size_t word_end(struct bytes text)
{
    size_t at = 0;

    while (at < text.len && text.at[at] == ' ')
        at++;
    while (at < text.len && text.at[at] != ' ')
        at++;
    return at;
}

static enum err split(struct bytes text, end_fn *end, struct pieces *pieces)
{
    struct bytes rest = text;
    size_t count = 0;

    while (rest.len > 0 && count < DIFFERENCE_PIECES) {
        rest = bytes_from(rest, count + 1 < DIFFERENCE_PIECES ? end(rest) : rest.len);
        count++;
    }
    *pieces = (struct pieces){.at = malloc((count + 1) * sizeof *pieces->at)};
    if (pieces->at == NULL)
        return ERR_MEMORY;
    for (rest = text; pieces->count < count; pieces->count++) {
        size_t len = pieces->count + 1 < DIFFERENCE_PIECES ? end(rest) : rest.len;

        pieces->at[pieces->count] = bytes_of(rest.at, len);
        rest = bytes_from(rest, len);
    }
    return ERR_OK;
}

/* ---- the longest run of pieces that both have ---- */

static void add(struct difference *d, enum difference_kind kind, struct bytes text)
{
    d->pieces[d->count++] = (struct difference_piece){kind, text};
    if (kind == DIFFERENCE_KEPT)
        d->kept++;
    else if (kind == DIFFERENCE_REMOVED)
        d->removed++;
    else
        d->added++;
}

/* The table: how many pieces a and b have in common from i and j on, in their order. */
static uint16_t *make_table(struct pieces a, struct pieces b)
{
    size_t width = b.count + 1;
    uint16_t *table = calloc((a.count + 1) * width, sizeof *table);

    if (table == NULL)
        return NULL;
    for (size_t i = a.count; i-- > 0;)
        for (size_t j = b.count; j-- > 0;) {
            uint16_t down = table[(i + 1) * width + j], right = table[i * width + j + 1];

            table[i * width + j] = bytes_equal(a.at[i], b.at[j]) ? (uint16_t)(table[(i + 1) * width + j + 1] + 1)
                                   : down >= right               ? down
                                                                 : right;
        }
    return table;
}

static enum err compare_middle(struct pieces a, struct pieces b, struct difference *d)
{
    bool is_small = (a.count + 1) * (b.count + 1) <= DIFFERENCE_CELLS;
    uint16_t *table = is_small && a.count > 0 && b.count > 0 ? make_table(a, b) : NULL;
    size_t width = b.count + 1, i = 0, j = 0;

    if (table == NULL && is_small && a.count > 0 && b.count > 0)
        return ERR_MEMORY;
    while (i < a.count || j < b.count) {
        if (table != NULL && i < a.count && j < b.count && bytes_equal(a.at[i], b.at[j])) {
            add(d, DIFFERENCE_KEPT, b.at[j++]);
            i++;
        } else if (j == b.count ||
                   (i < a.count && (table == NULL || table[(i + 1) * width + j] >= table[i * width + j + 1]))) {
            add(d, DIFFERENCE_REMOVED, a.at[i++]);
        } else {
            add(d, DIFFERENCE_ADDED, b.at[j++]);
        }
    }
    free(table);
    return ERR_OK;
}

static enum err compare(struct pieces a, struct pieces b, struct difference *d)
{
    size_t least = a.count < b.count ? a.count : b.count, head = 0, tail = 0;
    struct pieces x, y;
    enum err err;

    d->pieces = malloc((a.count + b.count + 1) * sizeof *d->pieces);
    if (d->pieces == NULL)
        return ERR_MEMORY;
    while (head < least && bytes_equal(a.at[head], b.at[head]))
        head++;
    while (tail < least - head && bytes_equal(a.at[a.count - 1 - tail], b.at[b.count - 1 - tail]))
        tail++;
    for (size_t i = 0; i < head; i++)
        add(d, DIFFERENCE_KEPT, b.at[i]);
    x = (struct pieces){a.at + head, a.count - head - tail};
    y = (struct pieces){b.at + head, b.count - head - tail};
    err = compare_middle(x, y, d);
    for (size_t i = b.count - tail; err == ERR_OK && i < b.count; i++)
        add(d, DIFFERENCE_KEPT, b.at[i]);
    return err;
}

static enum err make(struct bytes before, struct bytes after, end_fn *end, struct difference *d)
{
    struct pieces a = {NULL, 0}, b = {NULL, 0};
    enum err err;

    *d = (struct difference){.pieces = NULL};
    if (!(err = split(before, end, &a)) && !(err = split(after, end, &b)))
        err = compare(a, b, d);
    free(a.at);
    free(b.at);
    return err;
}

enum err difference_of_sentences(struct bytes before, struct bytes after, struct difference *d)
{
    return make(before, after, sentence_end, d);
}

enum err difference_of_words(struct bytes before, struct bytes after, struct difference *d)
{
    return make(before, after, word_end, d);
}

void difference_free(struct difference *d)
{
    free(d->pieces);
    *d = (struct difference){.pieces = NULL};
}
