/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* A charter that is read is the one that is written. */

#include "proto/charter.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer again = BUFFER(LIMIT_CHARTER);
    struct charter charter;

    if (charter_read(bytes_of(data, size), &charter) != ERR_OK)
        return 0;
    charter_write(&again, &charter);
    FUZZ_REQUIRE(bytes_equal(buffer_bytes(&again), bytes_of(data, size)));
    FUZZ_REQUIRE(charter.founder_count >= 1 && charter.founder_count <= LIMIT_FOUNDERS);
    FUZZ_REQUIRE(2 * charter.majority > charter.founder_count && charter.majority <= charter.founder_count);
    FUZZ_REQUIRE(charter.admission >= 1 && charter.admission <= charter.founder_count);
    buffer_free(&again);
    return 0;
}
