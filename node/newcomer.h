/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_NEWCOMER_H
#define NODE_NEWCOMER_H

/* The keys of an office that founds or joins: a person's, the node's and the recovery card. */

#include "node/card.h"
#include "store/key_file.h"

struct newcomer {
    struct key_file_person *person; /* Open; NULL: none was made. */
    struct id node, channel;        /* Zeros: none was made. */
    struct id card;
    char card_text[CARD_TEXT_LEN + 1]; /* A secret: printed once, kept nowhere.  Empty: none was made. */
};

/*
 * Makes the keys in HOME/keys: of a steward with a node and a card, a coordinator alone, or a node alone.  An exit code;
 * the caller wipes in any case.
 */
int newcomer_make_keys(struct newcomer *n, const char *home, enum role role, struct bytes passphrase);
/* Its parts: a person's key alone, and a card alone. */
int newcomer_make_person(struct newcomer *n, const char *home, enum role role, struct bytes passphrase);
void newcomer_make_card(struct newcomer *n);
void newcomer_wipe(struct newcomer *n);

/* Prints the card, with what it is for. */
void newcomer_print_card(const struct newcomer *n);

/* Notes the node's name in the configuration; a failure is told and does not matter. */
void newcomer_write_config(const char *home, const char *name);

#endif
