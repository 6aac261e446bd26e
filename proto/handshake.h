/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_HANDSHAKE_H
#define PROTO_HANDSHAKE_H

/* The three messages of docs/PROTOCOL.md, 1.1: Noise XK in frames of fixed size. */

#include "proto/id.h"
#include "proto/limits.h"
#include "proto/noise.h"

#define HANDSHAKE_SUITE 1
#define HANDSHAKE_FIRST_LEN 56
#define HANDSHAKE_SECOND_LEN 50
#define HANDSHAKE_REFUSAL_LEN 52 /* In its place, where the caller's version is not spoken. */
#define HANDSHAKE_THIRD_LEN_MIN (2 + 64)
#define HANDSHAKE_LEN_MAX (HANDSHAKE_THIRD_LEN_MIN + LIMIT_HELLO)

struct handshake_versions {
    uint8_t min, max;
};

struct handshake {
    struct noise noise;
    struct id network;
    struct handshake_versions own, told; /* `told`: by a responder that does not speak our version. */
    uint8_t version;                     /* In use: the caller's. */
    bool refuses;                        /* The caller speaks a version that we do not: our answer is the last message ... */
    bool is_refused;                     /* ... and so was this one, by the holder of the key that we call. */
};

/*
 * `expect` is the responder's channel key, NULL when we are the responder; a caller speaks `version`, which a responder
 * takes from the first message.
 */
void handshake_begin(struct handshake *h, const struct id *network, const struct noise_key_pair *channel,
                     const struct id *expect, const uint8_t seed[NOISE_KEY_LEN], struct handshake_versions own,
                     uint8_t version);

/* Says whether the next message is ours to write. */
bool handshake_writes(const struct handshake *h);

/* Says whether the message after the ones so far is the last one, the only one with a payload. */
bool handshake_is_last(const struct handshake *h);

/*
 * Judges the bytes of the peer's next message so far, and says how many it has in all as far as they tell: never a byte
 * more than the message.  ERR_FORMAT, ERR_VERSION.
 */
enum err handshake_need(const struct handshake *h, struct bytes have, size_t *need);

/* Reads the whole message; `payload` gets its payload.  ERR_AUTH, ERR_FORMAT. */
enum err handshake_read(struct handshake *h, struct bytes in, struct buffer *payload);

/* Appends the next message.  ERR_AUTH, ERR_MEMORY. */
enum err handshake_write(struct handshake *h, struct bytes payload, struct buffer *out);

#endif
