/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* What is read as a proof holds two entries of one log and seq that differ. */

#include "proto/fork_proof.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct id network = {{1}};
    struct fork_proof proof;

    if (fork_proof_read(bytes_of(data, size), &network, &proof) != FORK_PROOF_GOOD)
        return 0;
    FUZZ_REQUIRE(id_equal(&proof.entries[0].log, &proof.entries[1].log));
    FUZZ_REQUIRE(proof.entries[0].seq == proof.entries[1].seq);
    FUZZ_REQUIRE(!id_equal(&proof.ids[0], &proof.ids[1]));
    return 0;
}
