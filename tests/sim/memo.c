/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * Every node of a world verifies every entry.  The verdict is a pure function, so in this process each is found once and then
 * looked up: the linker puts these in the place of libsodium's (tests/sim/CMakeLists.txt).  Nothing of it is in the program.
 */

#include "tests/sim/memo.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS (UINT32_C(1) << 18) /* A new verdict takes the place of an old one. */

#define OF 32

struct verdict {
    uint8_t of[OF];
    bool known;
    int result;
};

/* Where the verdict on this stands, or is to stand. */
static struct verdict *place_of(const uint8_t of[OF])
{
    static struct verdict *verdicts;
    uint32_t slot;

    if (!verdicts && !(verdicts = calloc(SLOTS, sizeof *verdicts)))
        abort();
    memcpy(&slot, of, sizeof slot);
    struct verdict *at = &verdicts[slot % SLOTS];
    if (memcmp(at->of, of, OF) != 0) {
        *at = (struct verdict){.known = false};
        memcpy(at->of, of, OF);
    }
    return at;
}

int __real_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message,
                                       unsigned long long len, const unsigned char *key);
int __wrap_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message,
                                       unsigned long long len, const unsigned char *key);

int __wrap_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message,
                                       unsigned long long len, const unsigned char *key)
{
    crypto_generichash_state state;
    uint8_t of[OF];

    crypto_generichash_init(&state, NULL, 0, OF);
    crypto_generichash_update(&state, key, crypto_sign_PUBLICKEYBYTES);
    crypto_generichash_update(&state, signature, crypto_sign_BYTES);
    crypto_generichash_update(&state, message, len);
    crypto_generichash_final(&state, of, OF);
    struct verdict *at = place_of(of);
    if (!at->known)
        at->result = __real_crypto_sign_verify_detached(signature, message, len, key);
    at->known = true;
    return at->result;
}

int __real_crypto_core_ed25519_is_valid_point(const unsigned char *point);
int __wrap_crypto_core_ed25519_is_valid_point(const unsigned char *point);

int __wrap_crypto_core_ed25519_is_valid_point(const unsigned char *point)
{
    struct verdict *at = place_of(point);

    if (!at->known)
        at->result = __real_crypto_core_ed25519_is_valid_point(point);
    at->known = true;
    return at->result;
}

/* ---- Diffie-Hellman ---- */

/*
 * Millions of handshakes: a commutative function of two public halves has all that the nodes rely on, at a thirtieth of the
 * cost.  What is simulated breaks no keys; one world of twenty has the real curve (memo_choose()).
 */

static bool real_curve;

void memo_choose(uint64_t seed)
{
    real_curve = seed % 20 == 0;
}

int __real_crypto_scalarmult_curve25519_base(unsigned char *public, const unsigned char *secret);
int __wrap_crypto_scalarmult_curve25519_base(unsigned char *public, const unsigned char *secret);
int __real_crypto_scalarmult_curve25519(unsigned char *shared, const unsigned char *secret,
                                        const unsigned char *public);
int __wrap_crypto_scalarmult_curve25519(unsigned char *shared, const unsigned char *secret,
                                        const unsigned char *public);

int __wrap_crypto_scalarmult_curve25519_base(unsigned char *public, const unsigned char *secret)
{
    if (real_curve)
        return __real_crypto_scalarmult_curve25519_base(public, secret);
    return crypto_generichash(public, 32, secret, 32, NULL, 0);
}

int __wrap_crypto_scalarmult_curve25519(unsigned char *shared, const unsigned char *secret, const unsigned char *public)
{
    unsigned char halves[64];

    if (real_curve)
        return __real_crypto_scalarmult_curve25519(shared, secret, public);
    if (sodium_is_zero(public, 32))
        return -1;
    crypto_generichash(halves, 32, secret, 32, NULL, 0);
    bool first = memcmp(halves, public, 32) < 0;
    if (!first)
        memcpy(halves + 32, halves, 32);
    memcpy(halves + (first ? 32 : 0), public, 32);
    return crypto_generichash(shared, 32, halves, 64, NULL, 0);
}
