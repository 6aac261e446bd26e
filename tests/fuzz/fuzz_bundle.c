/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* The records that are read, written again, are what was read; only what is behind the first error is left out. */

#include "proto/bundle.h"
#include "proto/limits.h"
#include "tests/fuzz/fuzz.h"

#define NETWORK_OFFSET 5

static void write_again(struct buffer *again, const struct bundle_record *record)
{
    switch (record->kind) {
    case BUNDLE_ENTRY: bundle_add_entry(again, record->bytes); break;
    case BUNDLE_CONTENT: bundle_add_content(again, &record->log, record->seq, record->bytes); break;
    case BUNDLE_CHARTER: bundle_add_charter(again, record->bytes); break;
    case BUNDLE_END: break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer again = BUFFER(LIMIT_BUNDLE);
    struct bundle_reader reader;
    struct bundle_record record;
    struct id network = {{0}};
    enum err err;

    if (size >= NETWORK_OFFSET + ID_LEN)
        memcpy(network.at, data + NETWORK_OFFSET, ID_LEN);
    if (bundle_open(&reader, bytes_of(data, size), &network) != ERR_OK)
        return 0;
    bundle_begin(&again, &network);
    for (err = bundle_next(&reader, &record); !err && record.kind != BUNDLE_END; err = bundle_next(&reader, &record))
        write_again(&again, &record);
    FUZZ_REQUIRE(buffer_error(&again) == ERR_OK && again.len <= size && memcmp(again.at, data, again.len) == 0);
    FUZZ_REQUIRE((err == ERR_OK) == (again.len == size));
    FUZZ_REQUIRE(err == ERR_OK || bundle_next(&reader, &record) == err);
    buffer_free(&again);
    return 0;
}
