/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/beacon.h"

#include "proto/limits.h"
#include "proto/noise.h"
#include "proto/wire.h"

#define PLAIN_LEN (ID_LEN + 8 + 2 + SSHSIG_LEN)

_Static_assert(BEACON_LEN == BEACON_SALT_LEN + PLAIN_LEN + NOISE_TAG_LEN, "as docs/PROTOCOL.md says");

/* A key of its own for each datagram, so that its nonce is always 0. */
static struct noise_cipher cipher_of(const struct id *network, const uint8_t salt[BEACON_SALT_LEN])
{
    const struct bytes parts[] = {id_bytes(network), bytes_of(salt, BEACON_SALT_LEN)};
    struct noise_cipher cipher = {.has_key = true};
    struct id key = id_hash_parts(ID_BEACON, parts, 2);

    _Static_assert(NOISE_KEY_LEN == ID_LEN, "a hash is a key");
    memcpy(cipher.key, key.at, NOISE_KEY_LEN);
    return cipher;
}

static struct id signed_hash(const struct beacon *beacon, const struct id *network)
{
    struct buffer run = BUFFER(KIB(1));
    struct id hash;

    buffer_add(&run, id_bytes(network));
    buffer_add(&run, bytes_of(beacon->salt, BEACON_SALT_LEN));
    buffer_add(&run, id_bytes(&beacon->node));
    buffer_u64(&run, beacon->clock_ms);
    buffer_u16(&run, beacon->port);
    hash = id_hash(ID_BEACON, buffer_bytes(&run)); /* Out of memory: of less, and nobody believes it. */
    buffer_free(&run);
    return hash;
}

void beacon_write(struct buffer *out, const struct id *network, const struct signing_key *key, struct beacon *beacon)
{
    struct noise_cipher cipher = cipher_of(network, beacon->salt);
    struct buffer plain = BUFFER(PLAIN_LEN);
    struct id hash;

    beacon->node = key->public;
    hash = signed_hash(beacon, network);
    sshsig_sign_plain(key, id_bytes(&hash), &beacon->signature);
    buffer_add(&plain, id_bytes(&beacon->node));
    buffer_u64(&plain, beacon->clock_ms);
    buffer_u16(&plain, beacon->port);
    buffer_add(&plain, bytes_of(beacon->signature.at, SSHSIG_LEN));
    buffer_add(out, bytes_of(beacon->salt, BEACON_SALT_LEN));
    noise_seal(&cipher, bytes_of(NULL, 0), buffer_bytes(&plain), out);
    buffer_free(&plain);
}

enum err beacon_open(struct bytes datagram, const struct id *network, struct beacon *beacon)
{
    struct buffer plain = BUFFER(PLAIN_LEN);
    struct wire_reader r = wire_reader(datagram);
    struct noise_cipher cipher;
    enum err err;

    *beacon = (struct beacon){.port = 0};
    if (datagram.len != BEACON_LEN)
        return ERR_FORMAT;
    wire_copy(&r, beacon->salt, BEACON_SALT_LEN);
    cipher = cipher_of(network, beacon->salt);
    if ((err = noise_open(&cipher, bytes_of(NULL, 0), r.rest, &plain)) == ERR_OK) {
        r = wire_reader(buffer_bytes(&plain));
        wire_copy(&r, beacon->node.at, ID_LEN);
        beacon->clock_ms = wire_u64(&r);
        beacon->port = wire_u16(&r);
        wire_copy(&r, beacon->signature.at, SSHSIG_LEN);
        err = wire_finish(&r);
    }
    buffer_free(&plain);
    return err == ERR_AUTH || (err == ERR_OK && beacon->port == 0) ? ERR_FORMAT : err;
}

enum err beacon_verify(const struct beacon *beacon, const struct id *network)
{
    struct id hash = signed_hash(beacon, network);

    return sshsig_verify_plain(&beacon->node, id_bytes(&hash), &beacon->signature) ? ERR_OK : ERR_AUTH;
}

bool beacon_guard_admits(struct beacon_guard *guard, uint64_t now)
{
    uint64_t more = (now - guard->filled_ms) * BEACON_PER_SECOND / 1000;

    if (!guard->is_filled || more >= BEACON_BURST) {
        guard->tokens = BEACON_BURST;
        guard->filled_ms = now;
        guard->is_filled = true;
    } else if (more > 0) {
        guard->tokens = guard->tokens + more < BEACON_BURST ? guard->tokens + (unsigned)more : BEACON_BURST;
        guard->filled_ms += more * 1000 / BEACON_PER_SECOND;
    }
    if (guard->tokens == 0)
        return false;
    guard->tokens--;
    return true;
}

/* The place of this node, or a free one, or that of the one which was silent longest. */
static struct beacon_heard *place_of(struct beacon_guard *guard, const struct id *node)
{
    struct beacon_heard *place = &guard->heard[0];

    for (size_t i = 0; i < BEACON_NODES; i++) {
        struct beacon_heard *each = &guard->heard[i];

        if (each->is_used && id_equal(&each->node, node))
            return each;
        if (place->is_used && (!each->is_used || each->heard_ms < place->heard_ms))
            place = each;
    }
    return place;
}

bool beacon_guard_is_news(struct beacon_guard *guard, const struct beacon *beacon, uint64_t now)
{
    struct beacon_heard *place = place_of(guard, &beacon->node);
    bool is_known = place->is_used && id_equal(&place->node, &beacon->node);

    if (is_known && beacon->clock_ms <= place->clock_ms && now - place->heard_ms < BEACON_AGAIN_MS)
        return false;
    *place =
        (struct beacon_heard){.node = beacon->node, .clock_ms = beacon->clock_ms, .heard_ms = now, .is_used = true};
    return true;
}
