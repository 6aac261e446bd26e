/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CONFIRM_H
#define NODE_CONFIRM_H

/* The last question before something is signed that cannot be taken back. */

#include <stdbool.h>

/*
 * Asks on the terminal and waits for y or n.  COMMAND_OK: go on; COMMAND_FAILED: no was said.  `yes` (of --yes) answers
 * for people.  Without it and without a terminal: COMMAND_USAGE, told, if `must_ask`, else COMMAND_OK.
 */
int confirm(const char *question, bool yes, bool must_ask);

#endif
