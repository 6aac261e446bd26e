/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_UNDERSIGN_H
#define NODE_UNDERSIGN_H

/* One act signed and made durable at once: what most governing verbs end with. */

#include "node/office.h"
#include "node/statement.h"

/* `entry` gets the id of what was signed (it may be NULL); the body is freed.  An exit code, told when it is not COMMAND_OK. */
int undersign(struct office *o, const struct signing_key *key, const struct statement *what, struct buffer *body,
              struct id *entry);

/* An approval of an entry, by a steward of a kibbutz. */
int undersign_approval(struct office *o, const struct signing_key *key, const struct id *kibbutz,
                       const struct id *subject);

#endif
