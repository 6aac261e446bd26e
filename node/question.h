/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_QUESTION_H
#define NODE_QUESTION_H

/* Asking a person before something is signed. */

#include <stdbool.h>

/*
 * Asks `question` on the terminal; `yes` (the flag --yes) answers it.  An exit code of node/command.h: COMMAND_OK is yes; else
 * it is told that nothing was signed, or, where no terminal is, how a script says yes.
 */
int question_ask(const char *question, bool yes);

#endif
