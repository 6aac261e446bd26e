/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_DICTIONARY_H
#define STORE_DICTIONARY_H

/*
 * The Hebrew dictionary: what word a word is a form of.  The only user of hspell, whose library keeps what it has read for the
 * whole process, 17 MiB: it is read when it is first asked (a tenth of a second).  Any threads may ask at once.
 */

#include "store/word.h"

/* Whether its data are on this machine; where they are not, no word is known.  Reads nothing. */
bool dictionary_is_here(void);

/* Reads it now, in any thread, so that the first who asks need not wait. */
void dictionary_read(void);

/* Gives its memory back, until it is asked again. */
void dictionary_forget(void);

struct dictionary_stem {
    uint8_t at[WORD_SIZE_MAX]; /* Folded. */
    size_t len;
};

/*
 * The words that a word as written (struct word) may be a form of, none twice, for all that its first letters may be
 * prefixes.  0: it is not known.
 */
#define DICTIONARY_STEMS_MAX 8
size_t dictionary_stems(struct bytes written, struct dictionary_stem stems[DICTIONARY_STEMS_MAX]);

#endif
