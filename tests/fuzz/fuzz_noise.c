/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * Messages to one side of an XK handshake by somebody who has no key.  First byte: the side (bit 0: the caller) and,
 * for the responder, whether a genuine message (1) came before (bit 1).  Then u8 length, message, and so on.  Nothing
 * but a first message can be accepted by a side, and none here is: the handshake is never done, and a refused message
 * leaves the state as it was.
 */

#include "proto/limits.h"
#include "proto/noise.h"
#include "proto/wire.h"
#include "tests/fuzz/fuzz.h"

static struct noise begin(bool initiator)
{
    const uint8_t secrets[4][NOISE_KEY_LEN] = {{1}, {2}, {3}, {4}};
    struct noise_key_pair responder, own;
    struct noise noise;

    noise_key_pair_from_secret(&responder, secrets[0]);
    noise_key_pair_from_secret(&own, secrets[initiator]);
    noise_begin(&noise, &(struct noise_options){.pattern = NOISE_XK,
                                                .initiator = initiator,
                                                .prologue = bytes_text("IGUM"),
                                                .fixed = &own,
                                                .remote_fixed = initiator ? responder.public : NULL,
                                                .ephemeral_secret = secrets[2 + initiator]});
    return noise;
}

static void hear(struct noise *noise, struct bytes message)
{
    struct buffer payload = BUFFER(KIB(1));
    const struct noise before = *noise;

    FUZZ_REQUIRE(noise_read(noise, message, &payload) != ERR_OK);
    FUZZ_REQUIRE(memcmp(noise, &before, sizeof before) == 0);
    FUZZ_REQUIRE(payload.len == 0 && !noise->done);
    buffer_free(&payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct wire_reader r = wire_reader(bytes_of(data, size));
    uint8_t way = wire_u8(&r);
    struct noise side = begin(way & 1), other = begin(true);
    struct buffer out = BUFFER(KIB(1)), payload = BUFFER(KIB(1));

    if (way & 1) {
        FUZZ_REQUIRE(noise_write(&side, bytes_text(""), &out) == ERR_OK);
    } else if (way & 2) {
        FUZZ_REQUIRE(noise_write(&other, bytes_text(""), &out) == ERR_OK);
        FUZZ_REQUIRE(noise_read(&side, buffer_bytes(&out), &payload) == ERR_OK);
        FUZZ_REQUIRE(noise_write(&side, bytes_text(""), &out) == ERR_OK);
    }
    while (r.rest.len > 0) {
        size_t len = wire_u8(&r);

        hear(&side, wire_read(&r, len < r.rest.len ? len : r.rest.len));
    }
    buffer_free(&out);
    buffer_free(&payload);
    return 0;
}
