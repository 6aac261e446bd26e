/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_ABSENT_H
#define PROTO_ABSENT_H

/*
 * Which entries name attachments that are not here, whether these are asked for or not: what a receipt must not claim.  A file may
 * be named by several entries, and an entry may name several files.
 */

#include "proto/id.h"

struct absent;

struct absent *absent_new(void);
void absent_free(struct absent *a);
/* Pairs of a file and an entry. */
size_t absent_count(const struct absent *a);

/* Adds a pair; a known one stays.  ERR_LIMIT: too many to remember.  ERR_MEMORY. */
enum err absent_add(struct absent *a, const struct id *digest, const struct id *entry);
/* That file is here now; true when somebody lacked it. */
bool absent_came(struct absent *a, const struct id *digest);
/* An entry that names that file; NULL: none that is known.  Lent until the next change. */
const struct id *absent_find(const struct absent *a, const struct id *digest);
/* The entry of the pair at this place from 0.  Lent likewise. */
const struct id *absent_entry(const struct absent *a, size_t place);
void absent_forget_at(struct absent *a, size_t place);

#endif
