/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CARD_H
#define NODE_CARD_H

/* The recovery card: an Ed25519 seed as a line that can be written down and typed in again (docs/FORMAT.md, 9). */

#include "proto/id.h"
#include "proto/sshsig.h"

#define CARD_TEXT_LEN 69 /* 56 letters in 14 groups. */

void card_write(const uint8_t seed[SSHSIG_SEED_LEN], char text[CARD_TEXT_LEN + 1]);

/* Reads it, in upper or lower case, dashes and spaces anywhere.  ERR_FORMAT; ERR_AUTH: a letter is wrong. */
enum err card_read(struct bytes text, uint8_t seed[SSHSIG_SEED_LEN]);

/* What the charter and governance entries name. */
struct id card_id(const uint8_t seed[SSHSIG_SEED_LEN]);

#endif
