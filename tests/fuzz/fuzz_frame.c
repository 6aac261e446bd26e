/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* The plain text of a record: what is accepted has no other form. */

#include "proto/frame.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer again = BUFFER(LIMIT_RECORD);
    struct frame frame;

    if (frame_decode(bytes_of(data, size), &frame) == ERR_OK) {
        frame_encode(&again, &frame);
        FUZZ_REQUIRE(bytes_equal(buffer_bytes(&again), bytes_of(data, size)));
    }
    buffer_free(&again);
    return 0;
}
