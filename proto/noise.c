/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/noise.h"

#include <assert.h>
#include <sodium.h>

#include "proto/wire.h"

#define BLOCK_LEN 128 /* Of BLAKE2b, for HMAC. */
#define TOKENS_MAX 5
#define MESSAGES_MAX 4

/* ---- patterns (Noise 7.4, 7.5, appendix 18.1) ---- */

enum token { END, E, S, EE, ES, SE, SS };

struct pattern {
    const char *name;
    bool initiator_known; /* The pre-message "-> s". */
    bool responder_known; /* The pre-message "<- s". */
    unsigned messages;
    enum token tokens[MESSAGES_MAX][TOKENS_MAX];
};

static const struct pattern PATTERNS[NOISE_PATTERNS] = {
    [NOISE_N] = {"N", false, true, 1, {{E, ES}}},
    [NOISE_K] = {"K", true, true, 1, {{E, ES, SS}}},
    [NOISE_X] = {"X", false, true, 1, {{E, ES, S, SS}}},
    [NOISE_NN] = {"NN", false, false, 2, {{E}, {E, EE}}},
    [NOISE_NK] = {"NK", false, true, 2, {{E, ES}, {E, EE}}},
    [NOISE_NX] = {"NX", false, false, 2, {{E}, {E, EE, S, ES}}},
    [NOISE_KN] = {"KN", true, false, 2, {{E}, {E, EE, SE}}},
    [NOISE_KK] = {"KK", true, true, 2, {{E, ES, SS}, {E, EE, SE}}},
    [NOISE_KX] = {"KX", true, false, 2, {{E}, {E, EE, SE, S, ES}}},
    [NOISE_XN] = {"XN", false, false, 3, {{E}, {E, EE}, {S, SE}}},
    [NOISE_XK] = {"XK", false, true, 3, {{E, ES}, {E, EE}, {S, SE}}},
    [NOISE_XX] = {"XX", false, false, 3, {{E}, {E, EE, S, ES}, {S, SE}}},
    [NOISE_IN] = {"IN", false, false, 2, {{E, S}, {E, EE, SE}}},
    [NOISE_IK] = {"IK", false, true, 2, {{E, ES, S, SS}, {E, EE, SE}}},
    [NOISE_IX] = {"IX", false, false, 2, {{E, S}, {E, EE, SE, S, ES}}},
    [NOISE_NK1] = {"NK1", false, true, 2, {{E}, {E, EE, ES}}},
    [NOISE_NX1] = {"NX1", false, false, 3, {{E}, {E, EE, S}, {ES}}},
    [NOISE_X1N] = {"X1N", false, false, 4, {{E}, {E, EE}, {S}, {SE}}},
    [NOISE_X1K] = {"X1K", false, true, 4, {{E, ES}, {E, EE}, {S}, {SE}}},
    [NOISE_XK1] = {"XK1", false, true, 3, {{E}, {E, EE, ES}, {S, SE}}},
    [NOISE_X1K1] = {"X1K1", false, true, 4, {{E}, {E, EE, ES}, {S}, {SE}}},
    [NOISE_X1X] = {"X1X", false, false, 4, {{E}, {E, EE, S, ES}, {S}, {SE}}},
    [NOISE_XX1] = {"XX1", false, false, 3, {{E}, {E, EE, S}, {ES, S, SE}}},
    [NOISE_X1X1] = {"X1X1", false, false, 4, {{E}, {E, EE, S}, {ES, S}, {SE}}},
    [NOISE_K1N] = {"K1N", true, false, 3, {{E}, {E, EE}, {SE}}},
    [NOISE_K1K] = {"K1K", true, true, 3, {{E, ES}, {E, EE}, {SE}}},
    [NOISE_KK1] = {"KK1", true, true, 2, {{E}, {E, EE, SE, ES}}},
    [NOISE_K1K1] = {"K1K1", true, true, 3, {{E}, {E, EE, ES}, {SE}}},
    [NOISE_K1X] = {"K1X", true, false, 3, {{E}, {E, EE, S, ES}, {SE}}},
    [NOISE_KX1] = {"KX1", true, false, 3, {{E}, {E, EE, SE, S}, {ES}}},
    [NOISE_K1X1] = {"K1X1", true, false, 3, {{E}, {E, EE, S}, {SE, ES}}},
    [NOISE_I1N] = {"I1N", false, false, 3, {{E, S}, {E, EE}, {SE}}},
    [NOISE_I1K] = {"I1K", false, true, 3, {{E, ES, S}, {E, EE}, {SE}}},
    [NOISE_IK1] = {"IK1", false, true, 2, {{E, S}, {E, EE, SE, ES}}},
    [NOISE_I1K1] = {"I1K1", false, true, 3, {{E, S}, {E, EE, ES}, {SE}}},
    [NOISE_I1X] = {"I1X", false, false, 3, {{E, S}, {E, EE, S, ES}, {SE}}},
    [NOISE_IX1] = {"IX1", false, false, 3, {{E, S}, {E, EE, SE, S}, {ES}}},
    [NOISE_I1X1] = {"I1X1", false, false, 3, {{E, S}, {E, EE, S}, {SE, ES}}},
};

const char *noise_pattern_name(enum noise_pattern pattern)
{
    return PATTERNS[pattern].name;
}

/* ---- HMAC and HKDF ---- */

void noise_hmac(const uint8_t key[NOISE_HASH_LEN], struct bytes a, struct bytes b, uint8_t out[NOISE_HASH_LEN])
{
    crypto_generichash_blake2b_state state;
    uint8_t block[BLOCK_LEN];
    uint8_t inner[NOISE_HASH_LEN];

    memset(block, 0x36, sizeof block);
    for (size_t i = 0; i < NOISE_HASH_LEN; i++)
        block[i] ^= key[i];
    crypto_generichash_blake2b_init(&state, NULL, 0, sizeof inner);
    crypto_generichash_blake2b_update(&state, block, sizeof block);
    crypto_generichash_blake2b_update(&state, a.at, a.len);
    crypto_generichash_blake2b_update(&state, b.at, b.len);
    crypto_generichash_blake2b_final(&state, inner, sizeof inner);

    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36 ^ 0x5c;
    crypto_generichash_blake2b_init(&state, NULL, 0, NOISE_HASH_LEN);
    crypto_generichash_blake2b_update(&state, block, sizeof block);
    crypto_generichash_blake2b_update(&state, inner, sizeof inner);
    crypto_generichash_blake2b_final(&state, out, NOISE_HASH_LEN);

    sodium_memzero(&state, sizeof state);
    sodium_memzero(block, sizeof block);
    sodium_memzero(inner, sizeof inner);
}

void noise_hkdf(const uint8_t chaining[NOISE_HASH_LEN], struct bytes input, uint8_t first[NOISE_HASH_LEN],
                uint8_t second[NOISE_HASH_LEN], uint8_t *third)
{
    static const uint8_t counter[] = {1, 2, 3};
    const struct bytes nothing = {0};
    uint8_t key[NOISE_HASH_LEN];

    noise_hmac(chaining, input, nothing, key);
    noise_hmac(key, nothing, bytes_of(counter, 1), first);
    noise_hmac(key, bytes_of(first, NOISE_HASH_LEN), bytes_of(counter + 1, 1), second);
    if (third)
        noise_hmac(key, bytes_of(second, NOISE_HASH_LEN), bytes_of(counter + 2, 1), third);
    sodium_memzero(key, sizeof key);
}

/* ---- one direction (Noise 5.1) ---- */

static void make_nonce(uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES], uint64_t number)
{
    memset(nonce, 0, 4);
    for (size_t i = 0; i < 8; i++)
        nonce[4 + i] = (uint8_t)(number >> (8 * i));
}

void noise_seal(struct noise_cipher *cipher, struct bytes additional, struct bytes plain, struct buffer *out)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

    assert(cipher->has_key && cipher->nonce < UINT64_MAX);
    uint8_t *at = buffer_extend(out, plain.len + NOISE_TAG_LEN);
    if (!at)
        return;
    make_nonce(nonce, cipher->nonce++);
    crypto_aead_chacha20poly1305_ietf_encrypt(at, NULL, plain.at, plain.len, additional.at, additional.len, NULL, nonce,
                                              cipher->key);
}

enum err noise_open(struct noise_cipher *cipher, struct bytes additional, struct bytes sealed, struct buffer *plain)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    size_t before = plain->len;

    assert(cipher->has_key);
    if (cipher->nonce == UINT64_MAX)
        return ERR_LIMIT;
    if (sealed.len < NOISE_TAG_LEN)
        return ERR_AUTH;
    uint8_t *at = buffer_extend(plain, sealed.len - NOISE_TAG_LEN);
    if (buffer_error(plain))
        return buffer_error(plain);
    make_nonce(nonce, cipher->nonce);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(at, NULL, NULL, sealed.at, sealed.len, additional.at, additional.len,
                                                  nonce, cipher->key) != 0) {
        plain->len = before;
        return ERR_AUTH;
    }
    cipher->nonce++;
    return ERR_OK;
}

void noise_rekey(struct noise_cipher *cipher)
{
    static const uint8_t zeros[NOISE_KEY_LEN];
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];
    uint8_t sealed[NOISE_KEY_LEN + NOISE_TAG_LEN];

    assert(cipher->has_key);
    make_nonce(nonce, UINT64_MAX);
    crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, zeros, sizeof zeros, NULL, 0, NULL, nonce, cipher->key);
    memcpy(cipher->key, sealed, NOISE_KEY_LEN);
    sodium_memzero(sealed, sizeof sealed);
}

/* ---- the symmetric state (Noise 5.2) ---- */

static void mix_hash(struct noise *n, struct bytes data)
{
    crypto_generichash_blake2b_state state;

    crypto_generichash_blake2b_init(&state, NULL, 0, NOISE_HASH_LEN);
    crypto_generichash_blake2b_update(&state, n->hash, sizeof n->hash);
    crypto_generichash_blake2b_update(&state, data.at, data.len);
    crypto_generichash_blake2b_final(&state, n->hash, sizeof n->hash);
}

static void mix_key(struct noise *n, struct bytes input)
{
    uint8_t key[NOISE_HASH_LEN];
    uint8_t chaining[NOISE_HASH_LEN];

    noise_hkdf(n->chaining, input, chaining, key, NULL);
    memcpy(n->chaining, chaining, sizeof chaining);
    memcpy(n->cipher.key, key, sizeof n->cipher.key);
    n->cipher.nonce = 0;
    n->cipher.has_key = true;
    sodium_memzero(chaining, sizeof chaining);
    sodium_memzero(key, sizeof key);
}

static enum err seal_and_hash(struct noise *n, struct bytes plain, struct buffer *out)
{
    size_t before = out->len;

    if (n->cipher.has_key)
        noise_seal(&n->cipher, bytes_of(n->hash, sizeof n->hash), plain, out);
    else
        buffer_add(out, plain);
    if (buffer_error(out))
        return buffer_error(out);
    mix_hash(n, bytes_from(buffer_bytes(out), before));
    return ERR_OK;
}

static enum err open_and_hash(struct noise *n, struct bytes sealed, struct buffer *plain)
{
    enum err err = ERR_OK;

    if (n->cipher.has_key)
        err = noise_open(&n->cipher, bytes_of(n->hash, sizeof n->hash), sealed, plain);
    else
        buffer_add(plain, sealed);
    if (!err)
        err = buffer_error(plain);
    if (!err)
        mix_hash(n, sealed);
    return err;
}

/* ---- the handshake (Noise 5.3) ---- */

void noise_key_pair_from_secret(struct noise_key_pair *pair, const uint8_t secret[NOISE_KEY_LEN])
{
    memmove(pair->secret, secret, NOISE_KEY_LEN);
    crypto_scalarmult_curve25519_base(pair->public, pair->secret);
}

static void begin_hash(struct noise *n)
{
    const char *parts[] = {"Noise_", PATTERNS[n->pattern].name, "_25519_ChaChaPoly_BLAKE2b"};
    size_t len = 0;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t more = strlen(parts[i]);

        assert(len + more <= NOISE_HASH_LEN);
        memcpy(n->hash + len, parts[i], more);
        len += more;
    }
    memcpy(n->chaining, n->hash, sizeof n->hash);
}

void noise_key_pair_wipe(struct noise_key_pair *pair)
{
    sodium_memzero(pair, sizeof *pair);
}

void noise_begin(struct noise *noise, const struct noise_options *options)
{
    const struct pattern *pattern = &PATTERNS[options->pattern];

    *noise = (struct noise){.pattern = options->pattern, .initiator = options->initiator};
    if (options->fixed)
        noise->fixed = *options->fixed;
    if (options->remote_fixed)
        memcpy(noise->remote_fixed, options->remote_fixed, NOISE_KEY_LEN);
    if (options->ephemeral_secret)
        noise_key_pair_from_secret(&noise->ephemeral, options->ephemeral_secret);
    assert(!(options->initiator ? pattern->initiator_known : pattern->responder_known) || options->fixed);
    assert(!(options->initiator ? pattern->responder_known : pattern->initiator_known) || options->remote_fixed);

    begin_hash(noise);
    mix_hash(noise, options->prologue);
    if (pattern->initiator_known)
        mix_hash(noise, bytes_of(options->initiator ? noise->fixed.public : noise->remote_fixed, NOISE_KEY_LEN));
    if (pattern->responder_known)
        mix_hash(noise, bytes_of(options->initiator ? noise->remote_fixed : noise->fixed.public, NOISE_KEY_LEN));
}

void noise_wipe(struct noise *noise)
{
    sodium_memzero(noise, sizeof *noise);
}

static enum err mix_dh(struct noise *n, enum token token)
{
    bool own_fixed = token == SS || token == (n->initiator ? SE : ES);
    bool remote_fixed = token == SS || token == (n->initiator ? ES : SE);
    uint8_t shared[NOISE_KEY_LEN];

    /* All zeros: the peer's key has a small order, and the result would be the same whatever our secret is. */
    if (crypto_scalarmult_curve25519(shared, own_fixed ? n->fixed.secret : n->ephemeral.secret,
                                     remote_fixed ? n->remote_fixed : n->remote_ephemeral) != 0)
        return ERR_AUTH;
    mix_key(n, bytes_of(shared, sizeof shared));
    sodium_memzero(shared, sizeof shared);
    return ERR_OK;
}

static enum err write_token(struct noise *n, enum token token, struct buffer *out)
{
    switch (token) {
    case E:
        buffer_add(out, bytes_of(n->ephemeral.public, NOISE_KEY_LEN));
        mix_hash(n, bytes_of(n->ephemeral.public, NOISE_KEY_LEN));
        return buffer_error(out);
    case S: return seal_and_hash(n, bytes_of(n->fixed.public, NOISE_KEY_LEN), out);
    case EE:
    case ES:
    case SE:
    case SS: return mix_dh(n, token);
    case END: break;
    }
    return ERR_OK;
}

static enum err read_token(struct noise *n, enum token token, struct wire_reader *r)
{
    struct buffer fixed = {.at = n->remote_fixed, .size = NOISE_KEY_LEN, .limit = NOISE_KEY_LEN};

    switch (token) {
    case E:
        wire_copy(r, n->remote_ephemeral, NOISE_KEY_LEN);
        mix_hash(n, bytes_of(n->remote_ephemeral, NOISE_KEY_LEN));
        return r->err;
    case S: {
        struct bytes sealed = wire_read(r, NOISE_KEY_LEN + (n->cipher.has_key ? NOISE_TAG_LEN : 0));

        return r->err ? r->err : open_and_hash(n, sealed, &fixed);
    }
    case EE:
    case ES:
    case SE:
    case SS: return mix_dh(n, token);
    case END: break;
    }
    return ERR_OK;
}

static void advance(struct noise *n)
{
    n->message++;
    n->done = n->message == PATTERNS[n->pattern].messages;
}

static bool own_turn(const struct noise *n)
{
    return (n->message % 2 == 0) == n->initiator;
}

enum err noise_write(struct noise *noise, struct bytes payload, struct buffer *out)
{
    struct noise next = *noise;
    const enum token *tokens = PATTERNS[noise->pattern].tokens[noise->message];
    size_t before = out->len;
    enum err err = ERR_OK;

    assert(!noise->done && own_turn(noise));
    for (size_t i = 0; !err && i < TOKENS_MAX; i++)
        err = write_token(&next, tokens[i], out);
    if (!err)
        err = seal_and_hash(&next, payload, out);
    if (err) {
        out->len = before;
        goto out;
    }
    advance(&next);
    *noise = next;
out:
    noise_wipe(&next);
    return err;
}

enum err noise_read(struct noise *noise, struct bytes in, struct buffer *payload)
{
    struct noise next = *noise;
    const enum token *tokens = PATTERNS[noise->pattern].tokens[noise->message];
    struct wire_reader r = wire_reader(in);
    enum err err = ERR_OK;

    assert(!noise->done && !own_turn(noise));
    for (size_t i = 0; !err && i < TOKENS_MAX; i++)
        err = read_token(&next, tokens[i], &r);
    if (!err && next.cipher.has_key && r.rest.len < NOISE_TAG_LEN)
        err = ERR_FORMAT;
    if (!err)
        err = open_and_hash(&next, r.rest, payload);
    if (err)
        goto out;
    advance(&next);
    *noise = next;
out:
    noise_wipe(&next);
    return err;
}

void noise_split(struct noise *noise, struct noise_cipher *send, struct noise_cipher *receive)
{
    uint8_t first[NOISE_HASH_LEN];
    uint8_t second[NOISE_HASH_LEN];

    assert(noise->done);
    noise_hkdf(noise->chaining, bytes_of(NULL, 0), first, second, NULL);
    *send = (struct noise_cipher){.has_key = true};
    *receive = *send;
    memcpy(send->key, noise->initiator ? first : second, NOISE_KEY_LEN);
    memcpy(receive->key, noise->initiator ? second : first, NOISE_KEY_LEN);
    sodium_memzero(first, sizeof first);
    sodium_memzero(second, sizeof second);
    sodium_memzero(noise->chaining, sizeof noise->chaining);
    sodium_memzero(&noise->cipher, sizeof noise->cipher);
    sodium_memzero(&noise->fixed, sizeof noise->fixed);
    sodium_memzero(&noise->ephemeral, sizeof noise->ephemeral);
}
