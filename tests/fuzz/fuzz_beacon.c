/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Twice the same bytes: as a datagram, and as what a member that knows the network's id may seal into one. */

#include "proto/beacon.h"
#include "proto/limits.h"
#include "proto/noise.h"
#include "tests/fuzz/fuzz.h"

static void read_datagram(struct bytes datagram)
{
    static struct beacon_guard guard;
    const struct id network = {{1}};
    struct beacon beacon;

    if (beacon_open(datagram, &network, &beacon) != ERR_OK)
        return;
    FUZZ_REQUIRE(datagram.len == BEACON_LEN && beacon.port != 0);
    if (beacon_verify(&beacon, &network) == ERR_OK)
        (void)beacon_guard_is_news(&guard, &beacon, beacon.clock_ms);
}

static void read_sealed(struct bytes plain)
{
    const struct id network = {{1}};
    const uint8_t salt[BEACON_SALT_LEN] = {2};
    const struct bytes parts[] = {id_bytes(&network), bytes_of(salt, sizeof salt)};
    struct id key = id_hash_parts(ID_BEACON, parts, 2);
    struct noise_cipher cipher = {.has_key = true};
    struct buffer datagram = BUFFER(KIB(4));

    if (plain.len > KIB(1))
        return;
    memcpy(cipher.key, key.at, sizeof cipher.key);
    buffer_add(&datagram, parts[1]);
    noise_seal(&cipher, bytes_of(NULL, 0), plain, &datagram);
    read_datagram(buffer_bytes(&datagram));
    buffer_free(&datagram);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_datagram(bytes_of(data, size));
    read_sealed(bytes_of(data, size));
    return 0;
}
