/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_PASSPHRASE_H
#define NODE_PASSPHRASE_H

/*
 * Passphrases of people's keys: from the file that IGUM_PASSPHRASE_FILE names, else from what the command in
 * IGUM_PASSPHRASE_COMMAND prints, else asked on the terminal.  Never from the command line or an environment value.
 */

#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/error.h"

#define PASSPHRASE_MAX 1024

struct passphrase {
    char text[PASSPHRASE_MAX + 1];
    size_t len;
};

/*
 * Gets one; `what` completes "Passphrase for ...".  With `is_new` it is asked for twice.  The caller wipes it.
 * ERR_MISSING: there is none to be had, the reason is printed.
 */
enum err passphrase_get(const char *what, bool is_new, struct passphrase *passphrase);

/*
 * Gets the one that replaces another: from IGUM_NEW_PASSPHRASE_FILE or IGUM_NEW_PASSPHRASE_COMMAND, else asked for on
 * the terminal.  As above.
 */
enum err passphrase_get_new(struct passphrase *passphrase);

void passphrase_wipe(struct passphrase *passphrase);

/* Takes the first line of what a file or command gave.  ERR_MISSING: it is empty; ERR_LIMIT: it is too long. */
enum err passphrase_from_text(struct bytes text, struct passphrase *passphrase);

static inline struct bytes passphrase_bytes(const struct passphrase *passphrase)
{
    return bytes_of(passphrase->text, passphrase->len);
}

#endif
