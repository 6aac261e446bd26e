/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_PACKS_H
#define STORE_PACKS_H

/*
 * The objects in the packs of a repository, read by some bytes of their files.  The library maps packs instead, which costs more than
 * inflating a text, and counts as memory of the process.  Read here is what our own packs hold, whole objects in packs below
 * 2 GiB; of everything else, and of what is damaged, the library has to tell.
 */

#include "proto/buffer.h"
#include "proto/sha1.h"
#include "store/pack.h"

struct packs; /* One thread at a time. */

struct packs *packs_new(const char *directory); /* Where the packs are.  NULL when memory is out. */
void packs_free(struct packs *packs);           /* Accepts NULL. */

/* Appends an object that has its name.  ERR_MISSING: it is in none of them, or not to be read here.  ERR_LIMIT, ERR_MEMORY. */
enum err packs_read(struct packs *packs, const struct sha1 *name, enum pack_kind *kind, struct buffer *out);

#endif
