/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_NOISE_H
#define PROTO_NOISE_H

/*
 * The Noise Protocol Framework, revision 34, for 25519, ChaChaPoly and BLAKE2b, on libsodium.  A small token engine
 * runs the fundamental patterns, so that published vectors test the very code that runs XK.  libsodium 1.0.18 has
 * neither HMAC-BLAKE2b nor HKDF: both are here.
 */

#include "proto/buffer.h"
#include "proto/error.h"

#define NOISE_KEY_LEN 32
#define NOISE_TAG_LEN 16
#define NOISE_HASH_LEN 64

/* The one-way, fundamental and deferred patterns without a pre-shared key. */
enum noise_pattern {
    NOISE_N, NOISE_K, NOISE_X,
    NOISE_NN, NOISE_NK, NOISE_NX, NOISE_KN, NOISE_KK, NOISE_KX,
    NOISE_XN, NOISE_XK, NOISE_XX, NOISE_IN, NOISE_IK, NOISE_IX,
    NOISE_NK1, NOISE_NX1, NOISE_X1N, NOISE_X1K, NOISE_XK1, NOISE_X1K1, NOISE_X1X, NOISE_XX1, NOISE_X1X1,
    NOISE_K1N, NOISE_K1K, NOISE_KK1, NOISE_K1K1, NOISE_K1X, NOISE_KX1, NOISE_K1X1,
    NOISE_I1N, NOISE_I1K, NOISE_IK1, NOISE_I1K1, NOISE_I1X, NOISE_IX1, NOISE_I1X1,
    NOISE_PATTERNS
};

struct noise_key_pair {
    uint8_t secret[NOISE_KEY_LEN];
    uint8_t public[NOISE_KEY_LEN];
};

/* One direction of the transport: key and nonce. */
struct noise_cipher {
    uint8_t key[NOISE_KEY_LEN];
    uint64_t nonce;
    bool has_key;
};

struct noise {
    enum noise_pattern pattern;
    bool initiator;
    unsigned message;              /* The next handshake message, from 0. */
    bool done;
    uint8_t hash[NOISE_HASH_LEN];
    uint8_t chaining[NOISE_HASH_LEN];
    struct noise_cipher cipher;
    struct noise_key_pair fixed;     /* Own static pair; unused patterns leave it zero. */
    struct noise_key_pair ephemeral;
    uint8_t remote_fixed[NOISE_KEY_LEN];
    uint8_t remote_ephemeral[NOISE_KEY_LEN];
};

struct noise_options {
    enum noise_pattern pattern;
    bool initiator;
    struct bytes prologue;
    const struct noise_key_pair *fixed; /* NULL where the pattern has none.  Copied. */
    const uint8_t *remote_fixed;        /* NULL where it is not known beforehand.  Copied. */
    const uint8_t *ephemeral_secret;    /* 32 fresh random bytes, never used twice.  Copied. */
};

/* The pattern's name in a protocol name: "XK".  A static string. */
const char *noise_pattern_name(enum noise_pattern pattern);

/* Derives the public half. */
void noise_key_pair_from_secret(struct noise_key_pair *pair, const uint8_t secret[NOISE_KEY_LEN]);

void noise_key_pair_wipe(struct noise_key_pair *pair);

void noise_begin(struct noise *noise, const struct noise_options *options);
void noise_wipe(struct noise *noise);

/*
 * Appends the next handshake message; on failure the state is as before and nothing is appended.
 * ERR_AUTH: a DH with the peer's key gave zeros.  ERR_MEMORY, ERR_LIMIT: what `out` said.
 */
enum err noise_write(struct noise *noise, struct bytes payload, struct buffer *out);

/*
 * Reads the next handshake message and appends its payload; on failure the state is as before and nothing is appended.
 * ERR_AUTH, ERR_FORMAT; ERR_MEMORY, ERR_LIMIT: what `payload` said.
 */
enum err noise_read(struct noise *noise, struct bytes in, struct buffer *payload);

/* After the last message: the two directions.  Wipes the handshake's secrets, keeps hash and remote_fixed. */
void noise_split(struct noise *noise, struct noise_cipher *send, struct noise_cipher *receive);

/* Appends the sealed text, which must not overlap `plain`; asserts that the nonce is not used up. */
void noise_seal(struct noise_cipher *cipher, struct bytes additional, struct bytes plain, struct buffer *out);

/*
 * Appends the plain text; the nonce advances only on success.  ERR_AUTH, ERR_MEMORY, ERR_LIMIT: what `plain`
 * said, or the nonce is used up.
 */
enum err noise_open(struct noise_cipher *cipher, struct bytes additional, struct bytes sealed, struct buffer *plain);

/* Noise REKEY (11.3): a one-way step of the key; the nonce stays. */
void noise_rekey(struct noise_cipher *cipher);

/* HMAC-BLAKE2b-512 (RFC 2104) and the Noise HKDF with two or three outputs (`third` may be NULL). */
void noise_hmac(const uint8_t key[NOISE_HASH_LEN], struct bytes a, struct bytes b, uint8_t out[NOISE_HASH_LEN]);
void noise_hkdf(const uint8_t chaining[NOISE_HASH_LEN], struct bytes input, uint8_t first[NOISE_HASH_LEN],
                uint8_t second[NOISE_HASH_LEN], uint8_t *third);

#endif
