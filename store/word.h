/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_WORD_H
#define STORE_WORD_H

/*
 * The words of a text, as search compares them.  Letters are folded into one byte each where they can be: ASCII in lower
 * case, and Hebrew as in ISO 8859-8, which the dictionary speaks; letters of other scripts stay UTF-8.
 *
 *     הַחְלָטָה -> החלטה        תק״צ, תק"צ -> תקצ         תל־אביב -> תל, אביב        ה-GIS -> ה, gis
 *     ÉCOLE -> ecole        1,250 -> 1250           01/05/18, 2018-05-01 -> 1/5/2018
 */

#include "proto/bytes.h"

#define WORD_SIZE_MAX 64 /* Bytes of a word; what is longer is compared by its beginning. */

/* The letters of Hebrew in one byte, with the final forms. */
#define WORD_IS_HEBREW(byte) ((byte) >= 0xe0 && (byte) <= 0xfa)

enum word_kind { WORD_HEBREW, WORD_NUMBER, WORD_OTHER };

struct word {
    enum word_kind kind;
    bool is_abbreviation; /* Gershayim stand in it. */
    struct bytes range;   /* As it stands in the text. */
    struct bytes written; /* With final letters and quotation marks, for the dictionary. */
    struct bytes form;    /* Folded: what is compared. */
};

struct word_reader {
    struct bytes text; /* What is still to be read. */
    uint8_t written[WORD_SIZE_MAX], form[WORD_SIZE_MAX];
};

/* Any bytes will do; what is no UTF-8 parts words. */
struct word_reader word_reader(struct bytes text);

/* The next word, lent until the next call; false at the end. */
bool word_next(struct word_reader *reader, struct word *word);

/* A final letter of one byte becomes the ordinary one. */
uint8_t word_fold_final(uint8_t letter);

#endif
