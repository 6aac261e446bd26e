/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/handshake.h"

#include <assert.h>

#include "proto/wire.h"

#define MAGIC "IGUM"
#define MAGIC_LEN 4
#define FIRST_HEADER_LEN 8
#define LENGTH_LEN 2
#define EMPTY_LEN 0x30 /* A key and the tag of an empty payload. */

enum { FIRST, SECOND, THIRD };

void handshake_begin(struct handshake *h, const struct id *network, const struct noise_key_pair *channel,
                     const struct id *expect, const uint8_t seed[NOISE_KEY_LEN])
{
    uint8_t prologue[MAGIC_LEN + 2 + ID_LEN] = {'I', 'G', 'U', 'M', HANDSHAKE_VERSION, HANDSHAKE_SUITE};

    memcpy(prologue + MAGIC_LEN + 2, network->at, ID_LEN);
    noise_begin(&h->noise, &(struct noise_options){.pattern = NOISE_XK,
                                                   .initiator = expect != NULL,
                                                   .prologue = bytes_of(prologue, sizeof prologue),
                                                   .fixed = channel,
                                                   .remote_fixed = expect ? expect->at : NULL,
                                                   .ephemeral_secret = seed});
}

bool handshake_writes(const struct handshake *h)
{
    return !h->noise.done && (h->noise.message % 2 == 0) == h->noise.initiator;
}

bool handshake_is_last(const struct handshake *h)
{
    return h->noise.message == THIRD;
}

static enum err need_of_first(struct bytes have, size_t *need)
{
    struct wire_reader r = wire_reader(have);

    *need = FIRST_HEADER_LEN;
    if (have.len < FIRST_HEADER_LEN)
        return ERR_OK;
    *need = HANDSHAKE_FIRST_LEN;
    if (!bytes_equal(wire_read(&r, MAGIC_LEN), bytes_text(MAGIC)))
        return ERR_FORMAT;
    uint8_t version = wire_u8(&r);
    uint8_t suite = wire_u8(&r);
    if (version != HANDSHAKE_VERSION || suite != HANDSHAKE_SUITE)
        return ERR_VERSION;
    return wire_u16(&r) == EMPTY_LEN ? ERR_OK : ERR_FORMAT;
}

enum err handshake_need(const struct handshake *h, struct bytes have, size_t *need)
{
    struct wire_reader r = wire_reader(have);

    if (h->noise.message == FIRST)
        return need_of_first(have, need);
    *need = LENGTH_LEN;
    if (have.len < LENGTH_LEN)
        return ERR_OK;
    size_t len = wire_u16(&r);
    *need = LENGTH_LEN + len;
    if (h->noise.message == SECOND)
        return len == EMPTY_LEN ? ERR_OK : ERR_FORMAT;
    return *need >= HANDSHAKE_THIRD_LEN_MIN && *need <= HANDSHAKE_LEN_MAX ? ERR_OK : ERR_FORMAT;
}

enum err handshake_read(struct handshake *h, struct bytes in, struct buffer *payload)
{
    return noise_read(&h->noise, bytes_from(in, h->noise.message == FIRST ? FIRST_HEADER_LEN : LENGTH_LEN), payload);
}

enum err handshake_write(struct handshake *h, struct bytes payload, struct buffer *out)
{
    assert(handshake_writes(h) && (handshake_is_last(h) || payload.len == 0) && payload.len <= LIMIT_HELLO);
    if (h->noise.message == FIRST) {
        buffer_text(out, MAGIC);
        buffer_u8(out, HANDSHAKE_VERSION);
        buffer_u8(out, HANDSHAKE_SUITE);
    }
    buffer_u16(out, (uint16_t)(handshake_is_last(h) ? HANDSHAKE_THIRD_LEN_MIN - LENGTH_LEN + payload.len : EMPTY_LEN));
    return noise_write(&h->noise, payload, out);
}
