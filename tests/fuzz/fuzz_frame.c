/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* The plain text of a record: what is accepted has no other form. */

#include <stdlib.h>

#include "proto/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer again = BUFFER(LIMIT_RECORD);
    struct frame frame;

    if (frame_decode(bytes_of(data, size), &frame) == ERR_OK) {
        frame_encode(&again, &frame);
        if (!bytes_equal(buffer_bytes(&again), bytes_of(data, size)))
            abort();
    }
    buffer_free(&again);
    return 0;
}
