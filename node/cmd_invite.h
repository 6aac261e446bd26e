/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CMD_INVITE_H
#define NODE_CMD_INVITE_H

/* What 'igum invite' does with invitations that are there already; exit codes of node/command.h. */

#include "node/office.h"

/* Prints those that were not used yet. */
int invite_list(struct office *o);

/* Withdraws one of the own kibbutz that was not used yet: named by its name or the digits that invite_list() shows. */
int invite_withdraw(struct office *o, const char *word, bool yes);

#endif
