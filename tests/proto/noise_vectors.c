/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * noise_vectors [FILE]: runs every vector of FILE, in the JSON form of cacophony and snow, in both roles.  Without
 * FILE the published one in the directory of tests/vectors.h, and 77 where that is missing.  Exits with 1 when a
 * vector fails.
 */

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/noise.h"

#define PUBLISHED "noise/cacophony-25519-ChaChaPoly-BLAKE2b.json"
#define SUITE "_25519_ChaChaPoly_BLAKE2b"
#define ROOM 70000

enum verdict { PASSED, FAILED, SKIPPED };

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text ? text : "";
}

/* The bytes of a member in hex; true when it is there and fits. */
static bool hex_of(const json_t *object, const char *member, uint8_t *at, size_t size, size_t *len)
{
    const char *text = json_string_value(json_object_get(object, member));
    const char *end;

    *len = 0;
    return text && sodium_hex2bin(at, size, text, strlen(text), NULL, len, &end) == 0 && *end == '\0';
}

static bool pattern_of(const json_t *vector, enum noise_pattern *pattern)
{
    const char *name = text_of(vector, json_object_get(vector, "protocol_name") ? "protocol_name" : "name");
    char wanted[80];

    if (json_is_true(json_object_get(vector, "fallback")))
        return false;
    for (int i = 0; i < NOISE_PATTERNS; i++) {
        *pattern = (enum noise_pattern)i;
        snprintf(wanted, sizeof wanted, "Noise_%s" SUITE, noise_pattern_name(*pattern));
        if (strcmp(name, wanted) == 0)
            return true;
    }
    return false;
}

struct side {
    struct noise noise;
    struct noise_cipher send, receive;
};

static bool begin(struct side *side, const json_t *vector, enum noise_pattern pattern, bool initiator)
{
    static const char *const members[2][4] = {
        {"resp_prologue", "resp_static", "resp_remote_static", "resp_ephemeral"},
        {"init_prologue", "init_static", "init_remote_static", "init_ephemeral"},
    };
    const char *const *member = members[initiator];
    static uint8_t prologue[ROOM];
    uint8_t secret[NOISE_KEY_LEN] = {0}, remote[NOISE_KEY_LEN] = {0}, ephemeral[NOISE_KEY_LEN] = {0};
    struct noise_key_pair fixed;
    size_t prologue_len = 0, len;
    bool good = true;

    for (size_t i = 0; i < 4; i++) {
        uint8_t *to[] = {prologue, secret, remote, ephemeral};
        bool there = json_object_get(vector, member[i]) != NULL;

        if (there &&
            (!hex_of(vector, member[i], to[i], i == 0 ? ROOM : NOISE_KEY_LEN, &len) || (i > 0 && len != NOISE_KEY_LEN)))
            good = false;
        if (i == 0)
            prologue_len = there ? len : 0;
    }
    noise_key_pair_from_secret(&fixed, secret);
    noise_begin(&side->noise, &(struct noise_options){.pattern = pattern,
                                                      .initiator = initiator,
                                                      .prologue = bytes_of(prologue, prologue_len),
                                                      .fixed = &fixed,
                                                      .remote_fixed = remote,
                                                      .ephemeral_secret = ephemeral});
    return good;
}

/* One message from `from` to `to`, in the handshake or after it. */
static bool exchange(struct side *from, struct side *to, struct bytes payload, struct bytes expected)
{
    struct buffer wire = BUFFER(ROOM);
    struct buffer plain = BUFFER(ROOM);
    const struct bytes nothing = {0};
    bool good = true;

    if (!from->noise.done) {
        good =
            noise_write(&from->noise, payload, &wire) == ERR_OK && noise_read(&to->noise, expected, &plain) == ERR_OK;
        if (good && from->noise.done) {
            good = to->noise.done;
            noise_split(&from->noise, &from->send, &from->receive);
            if (good)
                noise_split(&to->noise, &to->send, &to->receive);
        }
    } else {
        noise_seal(&from->send, nothing, payload, &wire);
        good = noise_open(&to->receive, nothing, expected, &plain) == ERR_OK;
    }
    good = good && bytes_equal(buffer_bytes(&wire), expected) && bytes_equal(buffer_bytes(&plain), payload);
    buffer_free(&wire);
    buffer_free(&plain);
    return good;
}

static bool hash_is(const json_t *vector, const struct side *side)
{
    uint8_t hash[NOISE_HASH_LEN];
    size_t len;

    if (!json_object_get(vector, "handshake_hash"))
        return true;
    return hex_of(vector, "handshake_hash", hash, sizeof hash, &len) && len == sizeof hash &&
           memcmp(hash, side->noise.hash, sizeof hash) == 0;
}

static enum verdict run(const json_t *vector)
{
    static uint8_t payload[ROOM], sealed[ROOM];
    struct side sides[2]; /* Responder, initiator. */
    enum noise_pattern pattern;
    size_t payload_len, sealed_len, i;
    json_t *message;
    const json_t *messages = json_object_get(vector, "messages");

    if (!pattern_of(vector, &pattern))
        return SKIPPED;
    bool one_way = strlen(noise_pattern_name(pattern)) == 1;
    if (!begin(&sides[0], vector, pattern, false) || !begin(&sides[1], vector, pattern, true))
        return FAILED;
    json_array_foreach(messages, i, message)
    {
        bool from = one_way || i % 2 == 0;

        if (!hex_of(message, "payload", payload, sizeof payload, &payload_len) ||
            !hex_of(message, "ciphertext", sealed, sizeof sealed, &sealed_len) ||
            !exchange(&sides[from], &sides[!from], bytes_of(payload, payload_len), bytes_of(sealed, sealed_len)))
            return FAILED;
    }
    return sides[0].noise.done && hash_is(vector, &sides[0]) && hash_is(vector, &sides[1]) ? PASSED : FAILED;
}

int main(int argc, char **argv)
{
    const char *directory = getenv("IGUM_VECTORS");
    char published[4096];
    size_t counts[3] = {0}, i;
    json_error_t error;
    json_t *vector;

    snprintf(published, sizeof published, "%s/" PUBLISHED, directory ? directory : VECTORS_DEFAULT);
    json_t *file = json_load_file(argc > 1 ? argv[1] : published, JSON_ALLOW_NUL, &error);
    if (!file && argc < 2) {
        fprintf(stderr, "SKIPPED: no %s; set IGUM_VECTORS\n", published);
        return 77;
    }
    const json_t *vectors = json_is_array(file) ? file : json_object_get(file, "vectors");
    if (!json_is_array(vectors)) {
        fprintf(stderr, "noise_vectors: %s: %s\n", argc > 1 ? argv[1] : published, file ? "no vectors" : error.text);
        return 1;
    }
    json_array_foreach(vectors, i, vector)
    {
        static const char *const words[] = {"passed", "FAILED", "skipped"};
        enum verdict verdict = run(vector);

        counts[verdict]++;
        if (verdict != PASSED)
            printf("%s: %s%s\n", words[verdict], text_of(vector, "protocol_name"), text_of(vector, "name"));
    }
    printf("%zu passed, %zu failed, %zu skipped\n", counts[PASSED], counts[FAILED], counts[SKIPPED]);
    json_decref(file);
    return counts[FAILED] > 0 || counts[PASSED] == 0;
}
