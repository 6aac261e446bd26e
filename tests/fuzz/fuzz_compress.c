/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * The input as a frame, under a limit made of its first byte: what opens keeps to the limit, what does not leaves
 * nothing.  Then as a text: what we compress opens.
 */

#include "proto/compress.h"
#include "proto/limits.h"
#include "tests/fuzz/fuzz.h"

static void open_frame(struct bytes frame, size_t limit)
{
    struct buffer plain = BUFFER(LIMIT_BUNDLE);
    enum err err = compress_open(frame, limit, &plain);

    FUZZ_REQUIRE(err == ERR_OK || err == ERR_FORMAT || err == ERR_LIMIT);
    FUZZ_REQUIRE(plain.len <= limit && (!err || plain.len == 0));
    FUZZ_REQUIRE(err != ERR_LIMIT || plain.size == 0);
    buffer_free(&plain);
}

static void compress_text(struct bytes text)
{
    struct buffer frame = BUFFER(LIMIT_MESSAGE_BULK), plain = BUFFER(LIMIT_BUNDLE);

    FUZZ_REQUIRE(compress_frame(text, COMPRESS_LIVE, &frame) == ERR_OK);
    FUZZ_REQUIRE(compress_open(buffer_bytes(&frame), text.len, &plain) == ERR_OK);
    FUZZ_REQUIRE(bytes_equal(buffer_bytes(&plain), text));
    buffer_free(&frame);
    buffer_free(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    open_frame(bytes_of(data + 1, size - 1), (size_t)data[0] * data[0] * 64);
    compress_text(bytes_of(data + 1, size - 1));
    return 0;
}
