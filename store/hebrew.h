/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_HEBREW_H
#define STORE_HEBREW_H

/*
 * What can be said of a Hebrew word by its letters alone: enough to find most inflected words that no dictionary knows.
 * Words are forms of store/word.h, in letters of one byte.
 */

#include "store/word.h"

/*
 * The word without the vavs and yods behind its first letter, which people write or leave out: קיבוץ and קבוץ are both קבצ.  A
 * word of which fewer than three letters would be left keeps them, but no double ones.
 */
struct bytes hebrew_skeleton(struct bytes form, uint8_t skeleton[WORD_SIZE_MAX]);

/*
 * The words that this one may be a form of: without prefixes (ו ה ב כ ל מ ש and what is made of them), without an ending, or
 * with the ending of the singular.  Itself is the first.  Two letters are left at least, three where it is not an abbreviation.
 */
#define HEBREW_GUESSES_MAX 12
struct hebrew_guess {
    uint8_t at[WORD_SIZE_MAX];
    size_t len;
};
size_t hebrew_guess(struct bytes form, bool is_abbreviation, struct hebrew_guess guesses[HEBREW_GUESSES_MAX]);

/* As most feminine nouns do. */
bool hebrew_ends_in_he(struct bytes form);

#endif
