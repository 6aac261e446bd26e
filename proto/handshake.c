/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/handshake.h"

#include <assert.h>

#include "proto/wire.h"

#define MAGIC "IGUM"
#define MAGIC_LEN 4
#define FIRST_HEADER_LEN 8
#define LENGTH_LEN 2
#define EMPTY_LEN 0x30 /* A key and the tag of an empty payload. */
#define REFUSAL_LEN                                                                                                    \
    0x32 /* The same with two bytes: the versions that the responder speaks, the lowest and the highest. */

_Static_assert(HANDSHAKE_REFUSAL_LEN == LENGTH_LEN + REFUSAL_LEN, "as docs/PROTOCOL.md says");

enum { FIRST, SECOND, THIRD };

static void begin_noise(struct handshake *h, const struct noise_options *given, uint8_t version)
{
    uint8_t prologue[MAGIC_LEN + 2 + ID_LEN] = {'I', 'G', 'U', 'M', version, HANDSHAKE_SUITE};
    struct noise_options options = *given;

    memcpy(prologue + MAGIC_LEN + 2, h->network.at, ID_LEN);
    options.prologue = bytes_of(prologue, sizeof prologue);
    h->version = version;
    noise_begin(&h->noise, &options);
}

void handshake_begin(struct handshake *h, const struct id *network, const struct noise_key_pair *channel,
                     const struct id *expect, const uint8_t seed[NOISE_KEY_LEN], struct handshake_versions own,
                     uint8_t version)
{
    *h = (struct handshake){.network = *network, .own = own};
    begin_noise(h,
                &(struct noise_options){.pattern = NOISE_XK,
                                        .initiator = expect != NULL,
                                        .fixed = channel,
                                        .remote_fixed = expect ? expect->at : NULL,
                                        .ephemeral_secret = seed},
                version);
}

/* The caller chose another version than we began with: nothing was read yet, so we begin with that. */
static void take_version(struct handshake *h, uint8_t version)
{
    struct noise_key_pair fixed = h->noise.fixed, ephemeral = h->noise.ephemeral;

    begin_noise(h, &(struct noise_options){.pattern = NOISE_XK, .fixed = &fixed, .ephemeral_secret = ephemeral.secret},
                version);
    noise_key_pair_wipe(&fixed);
    noise_key_pair_wipe(&ephemeral);
}

static bool speaks(struct handshake_versions versions, uint8_t version)
{
    return version >= versions.min && version <= versions.max;
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
    if (version == 0 || suite != HANDSHAKE_SUITE)
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
        return len == EMPTY_LEN || len == REFUSAL_LEN ? ERR_OK : ERR_FORMAT;
    return *need >= HANDSHAKE_THIRD_LEN_MIN && *need <= HANDSHAKE_LEN_MAX ? ERR_OK : ERR_FORMAT;
}

static enum err read_first(struct handshake *h, struct bytes in, struct buffer *payload)
{
    uint8_t version = in.at[MAGIC_LEN];
    enum err err;

    if (version != h->version)
        take_version(h, version);
    err = noise_read(&h->noise, bytes_from(in, FIRST_HEADER_LEN), payload);
    h->refuses = !speaks(h->own, version);
    return err;
}

/* Only the holder of the key that we call can have written it, so it is no attacker's downgrade. */
static enum err read_refusal(struct handshake *h, struct bytes in, struct buffer *payload)
{
    enum err err = noise_read(&h->noise, bytes_from(in, LENGTH_LEN), payload);

    if (err)
        return err;
    h->told = (struct handshake_versions){.min = payload->at[0], .max = payload->at[1]};
    h->is_refused = h->told.min > 0 && h->told.min <= h->told.max && !speaks(h->told, h->version);
    return h->is_refused ? ERR_OK : ERR_FORMAT;
}

enum err handshake_read(struct handshake *h, struct bytes in, struct buffer *payload)
{
    if (h->noise.message == FIRST)
        return read_first(h, in, payload);
    if (h->noise.message == SECOND && in.len == HANDSHAKE_REFUSAL_LEN)
        return read_refusal(h, in, payload);
    return noise_read(&h->noise, bytes_from(in, LENGTH_LEN), payload);
}

enum err handshake_write(struct handshake *h, struct bytes payload, struct buffer *out)
{
    assert(handshake_writes(h) && (handshake_is_last(h) || payload.len == 0) && payload.len <= LIMIT_HELLO);
    if (h->refuses) {
        const uint8_t versions[] = {h->own.min, h->own.max};

        buffer_u16(out, REFUSAL_LEN);
        return noise_write(&h->noise, bytes_of(versions, sizeof versions), out);
    }
    if (h->noise.message == FIRST) {
        buffer_text(out, MAGIC);
        buffer_u8(out, h->version);
        buffer_u8(out, HANDSHAKE_SUITE);
    }
    buffer_u16(out, (uint16_t)(handshake_is_last(h) ? HANDSHAKE_THIRD_LEN_MIN - LENGTH_LEN + payload.len : EMPTY_LEN));
    return noise_write(&h->noise, payload, out);
}
