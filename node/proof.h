/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_PROOF_H
#define NODE_PROOF_H

/* The proof that a key signed two entries for one place: a file that anyone can check who has the key. */

#include "proto/buffer.h"
#include "proto/trust.h"
#include "store/archive.h"

/* Appends it.  ERR_MISSING: an entry that it needs is not here. */
enum err proof_make(struct archive *archive, const struct trust_fork *fork, struct buffer *proof);

/* Where an entry stands: the head of what leads to it, empty for a first one.  ERR_MISSING: that is not here. */
enum err proof_find_before(struct archive *archive, const struct entry *entry, struct head *before);

#endif
