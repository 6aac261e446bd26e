/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CARD_H
#define NODE_CARD_H

/* The recovery card: an Ed25519 seed as words that can be written down and typed in again (docs/FORMAT.md, 9). */

#include "proto/id.h"
#include "proto/sshsig.h"

#define CARD_WORDS 17
#define CARD_WORD_LEN 5
#define CARD_TEXT_LEN (CARD_WORDS * (CARD_WORD_LEN + 1) - 1)
#define CARD_INPUT_MAX 2000 /* Bytes that people may give as a card: the words, with numbers and line ends. */

/* Words in lower case, a space between two. */
void card_write(const uint8_t seed[SSHSIG_SEED_LEN], char text[CARD_TEXT_LEN + 1]);

/* What is wrong with words that are no card. */
struct card_fault {
    size_t words;                     /* How many there are. */
    size_t at;                        /* ERR_FORMAT: the first that is no word of a card, from 1 ... */
    char word[CARD_WORD_LEN * 4 + 1]; /* ... and what stands there, its end cut off when it is long. */
};

/*
 * Reads them in upper or lower case; whatever is no Latin letter separates.  ERR_FORMAT: one is no word of a card;
 * ERR_LIMIT: there are more or fewer than CARD_WORDS; ERR_AUTH: each could be right, but not all of them together.
 */
enum err card_read(struct bytes text, uint8_t seed[SSHSIG_SEED_LEN], struct card_fault *fault);

/* What the charter and governance entries name. */
struct id card_id(const uint8_t seed[SSHSIG_SEED_LEN]);

#endif
