/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * Every node of a world verifies every entry, and every word between them is sealed and compressed.  What is a pure function is
 * found once in this process and then looked up; what protects from those who listen does less here, where nobody does.  The linker puts
 * these in the place of the libraries' (tests/sim/CMakeLists.txt).  Nothing of it is in the program, and one world of twenty does without.
 */

#include "tests/sim/memo.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

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

static bool real; /* Nothing does less. */

void memo_choose(uint64_t seed)
{
    real = seed % 20 == 0;
}

static struct verdict *verdict_on(const unsigned char *signature, const unsigned char *message, unsigned long long len,
                                  const unsigned char *key)
{
    crypto_generichash_state state;
    uint8_t of[OF];

    crypto_generichash_init(&state, NULL, 0, OF);
    crypto_generichash_update(&state, key, crypto_sign_PUBLICKEYBYTES);
    crypto_generichash_update(&state, signature, crypto_sign_BYTES);
    crypto_generichash_update(&state, message, len);
    crypto_generichash_final(&state, of, OF);
    return place_of(of);
}

int __real_crypto_sign_detached(unsigned char *signature, unsigned long long *signature_len,
                                const unsigned char *message, unsigned long long len, const unsigned char *secret);
int __wrap_crypto_sign_detached(unsigned char *signature, unsigned long long *signature_len,
                                const unsigned char *message, unsigned long long len, const unsigned char *secret);

/* What was signed here verifies: the key stands in the second half of the secret. */
int __wrap_crypto_sign_detached(unsigned char *signature, unsigned long long *signature_len,
                                const unsigned char *message, unsigned long long len, const unsigned char *secret)
{
    int result = __real_crypto_sign_detached(signature, signature_len, message, len, secret);

    if (result == 0 && !real) {
        struct verdict *at = verdict_on(signature, message, len, secret + crypto_sign_SEEDBYTES);

        at->known = true;
        at->result = 0;
    }
    return result;
}

int __wrap_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message,
                                       unsigned long long len, const unsigned char *key)
{
    struct verdict *at = verdict_on(signature, message, len, key);

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
 * cost.  What is simulated breaks no keys.
 */

int __real_crypto_scalarmult_curve25519_base(unsigned char *public, const unsigned char *secret);
int __wrap_crypto_scalarmult_curve25519_base(unsigned char *public, const unsigned char *secret);
int __real_crypto_scalarmult_curve25519(unsigned char *shared, const unsigned char *secret,
                                        const unsigned char *public);
int __wrap_crypto_scalarmult_curve25519(unsigned char *shared, const unsigned char *secret,
                                        const unsigned char *public);

int __wrap_crypto_scalarmult_curve25519_base(unsigned char *public, const unsigned char *secret)
{
    if (real)
        return __real_crypto_scalarmult_curve25519_base(public, secret);
    return crypto_generichash(public, 32, secret, 32, NULL, 0);
}

int __wrap_crypto_scalarmult_curve25519(unsigned char *shared, const unsigned char *secret, const unsigned char *public)
{
    unsigned char halves[64];

    if (real)
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

/* ---- sealing ---- */

/*
 * The text goes as it is; the tag, of all that it depends on, tells what was altered, told out of turn or under another key.
 */

#define TAG crypto_aead_chacha20poly1305_ietf_ABYTES
#define FACTOR UINT64_C(0x9e3779b97f4a7c15)

static uint64_t mix(uint64_t sum, const unsigned char *at, unsigned long long len)
{
    uint64_t word;

    for (; len >= sizeof word; at += sizeof word, len -= sizeof word) {
        memcpy(&word, at, sizeof word);
        sum = (sum ^ word) * FACTOR;
        sum ^= sum >> 29;
    }
    word = len; /* So that zeros at the end count. */
    for (unsigned long long i = 0; i < len; i++)
        word = word << 8 | at[i];
    sum = (sum ^ word) * FACTOR;
    return sum ^ sum >> 32;
}

static void make_tag(unsigned char tag[TAG], const unsigned char *text, unsigned long long len,
                     const unsigned char *additional, unsigned long long additional_len, const unsigned char *nonce,
                     const unsigned char *key)
{
    uint64_t sums[2];

    sums[0] = mix(len ^ additional_len << 32, key, crypto_aead_chacha20poly1305_ietf_KEYBYTES);
    sums[0] = mix(sums[0], nonce, crypto_aead_chacha20poly1305_ietf_NPUBBYTES);
    sums[0] = mix(sums[0], additional, additional_len);
    sums[0] = mix(sums[0], text, len);
    sums[1] = sums[0] * FACTOR ^ len;
    memcpy(tag, sums, TAG);
}

int __real_crypto_aead_chacha20poly1305_ietf_encrypt(unsigned char *sealed, unsigned long long *sealed_len,
                                                     const unsigned char *text, unsigned long long len,
                                                     const unsigned char *additional, unsigned long long additional_len,
                                                     const unsigned char *none, const unsigned char *nonce,
                                                     const unsigned char *key);
int __wrap_crypto_aead_chacha20poly1305_ietf_encrypt(unsigned char *sealed, unsigned long long *sealed_len,
                                                     const unsigned char *text, unsigned long long len,
                                                     const unsigned char *additional, unsigned long long additional_len,
                                                     const unsigned char *none, const unsigned char *nonce,
                                                     const unsigned char *key);
int __real_crypto_aead_chacha20poly1305_ietf_decrypt(unsigned char *text, unsigned long long *len, unsigned char *none,
                                                     const unsigned char *sealed, unsigned long long sealed_len,
                                                     const unsigned char *additional, unsigned long long additional_len,
                                                     const unsigned char *nonce, const unsigned char *key);
int __wrap_crypto_aead_chacha20poly1305_ietf_decrypt(unsigned char *text, unsigned long long *len, unsigned char *none,
                                                     const unsigned char *sealed, unsigned long long sealed_len,
                                                     const unsigned char *additional, unsigned long long additional_len,
                                                     const unsigned char *nonce, const unsigned char *key);

int __wrap_crypto_aead_chacha20poly1305_ietf_encrypt(unsigned char *sealed, unsigned long long *sealed_len,
                                                     const unsigned char *text, unsigned long long len,
                                                     const unsigned char *additional, unsigned long long additional_len,
                                                     const unsigned char *none, const unsigned char *nonce,
                                                     const unsigned char *key)
{
    if (real)
        return __real_crypto_aead_chacha20poly1305_ietf_encrypt(sealed, sealed_len, text, len, additional,
                                                                additional_len, none, nonce, key);
    if (len > 0)
        memmove(sealed, text, len);
    make_tag(sealed + len, sealed, len, additional, additional_len, nonce, key);
    if (sealed_len)
        *sealed_len = len + TAG;
    return 0;
}

int __wrap_crypto_aead_chacha20poly1305_ietf_decrypt(unsigned char *text, unsigned long long *len, unsigned char *none,
                                                     const unsigned char *sealed, unsigned long long sealed_len,
                                                     const unsigned char *additional, unsigned long long additional_len,
                                                     const unsigned char *nonce, const unsigned char *key)
{
    unsigned char tag[TAG];

    if (real)
        return __real_crypto_aead_chacha20poly1305_ietf_decrypt(text, len, none, sealed, sealed_len, additional,
                                                                additional_len, nonce, key);
    if (sealed_len < TAG)
        return -1;
    make_tag(tag, sealed, sealed_len - TAG, additional, additional_len, nonce, key);
    if (memcmp(tag, sealed + sealed_len - TAG, TAG) != 0)
        return -1;
    if (text && sealed_len > TAG)
        memmove(text, sealed, sealed_len - TAG);
    if (len)
        *len = sealed_len - TAG;
    return 0;
}

/* ---- compression ---- */

/* One context of each kind serves all: the frames are the same.  They are made in the quickest way, whatever was asked for. */

ZSTD_CCtx *__real_ZSTD_createCCtx(void);
ZSTD_CCtx *__wrap_ZSTD_createCCtx(void);
size_t __real_ZSTD_freeCCtx(ZSTD_CCtx *context);
size_t __wrap_ZSTD_freeCCtx(ZSTD_CCtx *context);
ZSTD_DCtx *__real_ZSTD_createDCtx(void);
ZSTD_DCtx *__wrap_ZSTD_createDCtx(void);
size_t __real_ZSTD_freeDCtx(ZSTD_DCtx *context);
size_t __wrap_ZSTD_freeDCtx(ZSTD_DCtx *context);

size_t __real_ZSTD_CCtx_setParameter(ZSTD_CCtx *context, ZSTD_cParameter name, int value);
size_t __wrap_ZSTD_CCtx_setParameter(ZSTD_CCtx *context, ZSTD_cParameter name, int value);

size_t __wrap_ZSTD_CCtx_setParameter(ZSTD_CCtx *context, ZSTD_cParameter name, int value)
{
    if (!real && name != ZSTD_c_windowLog)
        return __real_ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1);
    return __real_ZSTD_CCtx_setParameter(context, name, value);
}

static ZSTD_CCtx *idle_compressor;
static ZSTD_DCtx *idle_expander;

ZSTD_CCtx *__wrap_ZSTD_createCCtx(void)
{
    ZSTD_CCtx *context = idle_compressor;

    idle_compressor = NULL;
    return context ? context : __real_ZSTD_createCCtx();
}

size_t __wrap_ZSTD_freeCCtx(ZSTD_CCtx *context)
{
    if (!context || idle_compressor)
        return __real_ZSTD_freeCCtx(context);
    idle_compressor = context;
    return ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
}

ZSTD_DCtx *__wrap_ZSTD_createDCtx(void)
{
    ZSTD_DCtx *context = idle_expander;

    idle_expander = NULL;
    return context ? context : __real_ZSTD_createDCtx();
}

size_t __wrap_ZSTD_freeDCtx(ZSTD_DCtx *context)
{
    if (!context || idle_expander)
        return __real_ZSTD_freeDCtx(context);
    idle_expander = context;
    return ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters);
}
