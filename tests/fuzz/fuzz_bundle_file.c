/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Any bytes as a file from a stick: it ends, every byte is accounted for, and what comes out lies inside. */

#include "proto/bundle_file.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct id network = {{1}};
    struct bytes rest = bytes_of(data, size);
    struct bundle_file_reader r;
    size_t header = size < BUNDLE_FILE_HEADER_LEN ? size : BUNDLE_FILE_HEADER_LEN;

    (void)bundle_file_open(&r, bytes_of(data, header), &network);
    rest = bytes_from(rest, header);
    for (;;) {
        enum bundle_file_event event = bundle_file_next(&r, rest, true);

        FUZZ_REQUIRE(event != BUNDLE_FILE_MORE && r.used <= rest.len);
        if (event == BUNDLE_FILE_CUT || event == BUNDLE_FILE_ENDED)
            return 0;
        FUZZ_REQUIRE(r.used > 0);
        if (event == BUNDLE_FILE_FRAME && r.body.len > 0)
            FUZZ_REQUIRE(r.body.at >= rest.at && r.body.at + r.body.len <= rest.at + rest.len);
        rest = bytes_from(rest, r.used);
    }
}
