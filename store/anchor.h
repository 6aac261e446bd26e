/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_ANCHOR_H
#define STORE_ANCHOR_H

/*
 * The newest root of the council that was final here: the one thing that trust remembers beside the entries
 * (docs/TRUST.md, T15).  HOME/archive.git/anchor holds its 64 digits; without the file the charter is the anchor.
 */

#include "proto/trust.h"

/* Tells trust.  ERR_FORMAT: the file is damaged; ERR_IO. */
enum err anchor_load(const char *home, struct trust *t);

/* Remembers a root that has become final since; the caller holds the home's lock.  ERR_IO, ERR_FULL. */
enum err anchor_keep(const char *home, struct trust *t);

/* Remembers the root that an invitation names. */
enum err anchor_write(const char *home, const struct id *root);

#endif
