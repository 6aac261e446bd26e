/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_FORK_PROOF_H
#define PROTO_FORK_PROOF_H

/*
 * The proof that a key signed two entries for one place: both as the commits that were signed, in one text (docs/FORMAT.md,
 * 8).  Whoever has the author's key can check it, with nothing else.
 */

#include "proto/entry.h"
#include "proto/limits.h"

#define FORK_PROOF_MAX (2 * LIMIT_COMMIT + 100)

enum fork_proof_verdict {
    FORK_PROOF_GOOD,
    FORK_PROOF_MALFORMED, /* It is no fork proof, or a damaged one. */
    FORK_PROOF_FORGED,    /* A signature in it is wrong: it proves nothing against the key. */
    FORK_PROOF_ELSEWHERE, /* Of another network. */
    FORK_PROOF_ONE_ENTRY, /* Both are the same entry. */
    FORK_PROOF_TWO_KEYS,  /* They are of two logs ... */
    FORK_PROOF_TWO_SEQS,  /* ... or of two places of one. */
};

struct fork_proof {
    struct entry entries[2]; /* In ascending order of id; views borrowed from what was read. */
    struct id ids[2];
};

/* Appends the proof of two commits, in whichever order they are given. */
void fork_proof_write(struct buffer *out, struct bytes one, const struct id *one_id, struct bytes other,
                      const struct id *other_id);

/* Reads a proof; everything is checked that can be without other entries. */
enum fork_proof_verdict fork_proof_read(struct bytes in, const struct id *network, struct fork_proof *proof);

#endif
