/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CARD_INPUT_H
#define NODE_CARD_INPUT_H

/* A recovery card that people type in. */

#include "node/card.h"

/*
 * Reads the words from the file `path`, or, where it is NULL or "-", from standard input: asked for when that is a
 * terminal.  Never from the command line.  An exit code of node/command.h; what is wrong with the words is told.
 */
int card_input(const char *path, uint8_t seed[SSHSIG_SEED_LEN]);

#endif
