/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/noise.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "tests/vectors.h"

#define ROOM 4096

static const struct bytes NOTHING = {0};

/* ---- vectors ---- */

static void hmac_matches_the_vectors(void **state)
{
    json_t *vector;
    size_t i, run = 0;

    (void)state;
    json_array_foreach(json_object_get(vectors_json("derived/kdf-and-hash.json"), "hmac_blake2b_512"), i, vector)
    {
        struct bytes key = vectors_hex(vector, "key");
        struct bytes message = vectors_hex(vector, "msg");
        uint8_t padded[NOISE_HASH_LEN] = {0}; /* HMAC pads a shorter key with zeros itself. */
        uint8_t out[NOISE_HASH_LEN];

        if (key.len > sizeof padded)
            continue;
        memcpy(padded, key.at, key.len);
        noise_hmac(padded, bytes_of(message.at, message.len / 2), bytes_from(message, message.len / 2), out);
        assert_true(bytes_equal(bytes_of(out, sizeof out), vectors_hex(vector, "hmac_blake2b_512")));
        run++;
    }
    assert_true(run >= 20);
}

static void hkdf_matches_the_vectors(void **state)
{
    json_t *vector;
    size_t i, run = 0;

    (void)state;
    json_array_foreach(json_object_get(vectors_json("derived/kdf-and-hash.json"), "noise_hkdf_blake2b"), i, vector)
    {
        uint8_t first[NOISE_HASH_LEN], second[NOISE_HASH_LEN], third[NOISE_HASH_LEN];
        struct bytes chaining = vectors_hex(vector, "chaining_key");

        assert_int_equal(chaining.len, NOISE_HASH_LEN);
        noise_hkdf(chaining.at, vectors_hex(vector, "ikm"), first, second, third);
        assert_true(bytes_equal(bytes_of(first, sizeof first), vectors_hex(vector, "out1")));
        assert_true(bytes_equal(bytes_of(second, sizeof second), vectors_hex(vector, "out2")));
        assert_true(bytes_equal(bytes_of(third, sizeof third), vectors_hex(vector, "out3")));
        run++;
    }
    assert_int_equal(run, 3);
}

static void rekey_matches_the_vectors(void **state)
{
    json_t *vector;
    size_t i, run = 0;

    (void)state;
    json_array_foreach(json_object_get(vectors_json("derived/kdf-and-hash.json"), "noise_rekey_chachapoly"), i, vector)
    {
        struct noise_cipher cipher = {.has_key = true, .nonce = 7};

        memcpy(cipher.key, vectors_hex(vector, "k").at, sizeof cipher.key);
        noise_rekey(&cipher);
        assert_true(bytes_equal(bytes_of(cipher.key, sizeof cipher.key), vectors_hex(vector, "rekeyed")));
        assert_int_equal(cipher.nonce, 7);
        run++;
    }
    assert_int_equal(run, 3);
}

/* ---- two sides ---- */

struct pair {
    struct noise_key_pair caller_key, responder_key;
    struct noise caller, responder;
    struct bytes prologue;
    uint8_t caller_seed[NOISE_KEY_LEN], responder_seed[NOISE_KEY_LEN];
};

static struct noise begin(const struct pair *pair, bool initiator)
{
    struct noise noise;

    noise_begin(&noise,
                &(struct noise_options){.pattern = NOISE_XK,
                                        .initiator = initiator,
                                        .prologue = pair->prologue,
                                        .fixed = initiator ? &pair->caller_key : &pair->responder_key,
                                        .remote_fixed = initiator ? pair->responder_key.public : NULL,
                                        .ephemeral_secret = initiator ? pair->caller_seed : pair->responder_seed});
    return noise;
}

static void begin_pair(struct pair *pair)
{
    uint8_t secret[NOISE_KEY_LEN];

    memset(secret, 0x11, sizeof secret);
    noise_key_pair_from_secret(&pair->caller_key, secret);
    memset(secret, 0x22, sizeof secret);
    noise_key_pair_from_secret(&pair->responder_key, secret);
    memset(pair->caller_seed, 0x33, sizeof pair->caller_seed);
    memset(pair->responder_seed, 0x44, sizeof pair->responder_seed);
    pair->caller = begin(pair, true);
    pair->responder = begin(pair, false);
}

/* Writes a message on one side into `out` without reading it on the other. */
static struct bytes written(struct noise *from, struct bytes payload, struct buffer *out)
{
    buffer_clear(out);
    assert_int_equal(noise_write(from, payload, out), ERR_OK);
    return buffer_bytes(out);
}

static void the_draft_transcript_is_reproduced(void **state)
{
    json_t *draft = vectors_json("derived/transport-draft-xk.json");
    struct pair pair = {.prologue = vectors_hex(draft, "prologue")};
    struct bytes hello = vectors_hex(draft, "hello_payload");
    struct noise_cipher to_responder, to_caller, from_caller, from_responder;
    struct buffer out = BUFFER(ROOM), payload = BUFFER(ROOM);
    json_t *record, *key;
    size_t i;

    (void)state;
    begin_pair(&pair);
    struct bytes wire = bytes_from(vectors_hex(draft, "wire_1_i_to_r"), 8);
    assert_true(bytes_equal(written(&pair.caller, NOTHING, &out), wire));
    assert_int_equal(noise_read(&pair.responder, wire, &payload), ERR_OK);
    wire = bytes_from(vectors_hex(draft, "wire_2_r_to_i"), 2);
    assert_true(bytes_equal(written(&pair.responder, NOTHING, &out), wire));
    assert_int_equal(noise_read(&pair.caller, wire, &payload), ERR_OK);
    assert_int_equal(payload.len, 0);
    wire = bytes_from(vectors_hex(draft, "wire_3_i_to_r"), 2);
    assert_true(bytes_equal(written(&pair.caller, hello, &out), wire));
    assert_int_equal(noise_read(&pair.responder, wire, &payload), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&payload), hello));
    assert_true(bytes_equal(bytes_of(pair.caller.hash, NOISE_HASH_LEN), vectors_hex(draft, "handshake_hash")));
    assert_memory_equal(pair.caller.hash, pair.responder.hash, NOISE_HASH_LEN);
    assert_memory_equal(pair.responder.remote_fixed, pair.caller_key.public, NOISE_KEY_LEN);

    noise_split(&pair.caller, &to_responder, &from_responder);
    noise_split(&pair.responder, &to_caller, &from_caller);
    assert_true(bytes_equal(bytes_of(to_responder.key, NOISE_KEY_LEN), vectors_hex(draft, "k_i_to_r")));
    assert_true(bytes_equal(bytes_of(to_caller.key, NOISE_KEY_LEN), vectors_hex(draft, "k_r_to_i")));
    assert_memory_equal(&to_responder, &from_caller, sizeof to_responder);

    json_array_foreach(json_object_get(draft, "records"), i, record)
    {
        bool caller = strcmp(vectors_text(record, "dir"), "i->r") == 0;
        struct bytes plain = vectors_hex(record, "plaintext");

        /* What a record holds has another layout by now; how it is sealed has not. */
        buffer_clear(&out);
        buffer_u16(&out, (uint16_t)(plain.len + NOISE_TAG_LEN));
        noise_seal(caller ? &to_responder : &to_caller, NOTHING, plain, &out);
        assert_true(bytes_equal(buffer_bytes(&out), vectors_hex(record, "wire")));
        buffer_clear(&payload);
        assert_int_equal(
            noise_open(caller ? &from_caller : &from_responder, NOTHING, bytes_from(buffer_bytes(&out), 2), &payload),
            ERR_OK);
        assert_true(bytes_equal(buffer_bytes(&payload), plain));
    }
    json_array_foreach(json_object_get(draft, "k_i_to_r_after_rekey_1_2_3"), i, key)
    {
        noise_rekey(&to_responder);
        assert_true(bytes_equal(bytes_of(to_responder.key, NOISE_KEY_LEN), vectors_from_hex(json_string_value(key))));
    }
    buffer_free(&out);
    buffer_free(&payload);
}

/* ---- forgeries ---- */

/* Every changed, shortened or lengthened form of `message` is refused and changes nothing. */
static void refuses_all_forgeries(struct noise *reader, struct bytes message)
{
    const struct noise before = *reader;
    struct buffer payload = BUFFER(ROOM);
    uint8_t copy[ROOM];

    for (size_t i = 0; i < message.len * 8; i++) {
        memcpy(copy, message.at, message.len);
        copy[i / 8] ^= (uint8_t)(1 << i % 8);
        /* The highest bit of an X25519 key is ignored by the key exchange, and still hashed. */
        assert_int_equal(noise_read(reader, bytes_of(copy, message.len), &payload), ERR_AUTH);
        assert_memory_equal(reader, &before, sizeof before);
        assert_int_equal(payload.len, 0);
    }
    memcpy(copy, message.at, message.len);
    copy[message.len] = 0;
    assert_int_equal(noise_read(reader, bytes_of(copy, message.len + 1), &payload), ERR_AUTH);
    for (size_t len = 0; len < message.len; len++)
        assert_int_not_equal(noise_read(reader, bytes_of(copy, len), &payload), ERR_OK);
    assert_memory_equal(reader, &before, sizeof before);
    assert_int_equal(payload.len, 0);
    assert_int_equal(noise_read(reader, message, &payload), ERR_OK);
    buffer_free(&payload);
}

static void forged_messages_leave_the_handshake_unchanged(void **state)
{
    struct pair pair = {.prologue = bytes_text("prologue")};
    struct buffer out = BUFFER(ROOM);

    (void)state;
    begin_pair(&pair);
    refuses_all_forgeries(&pair.responder, written(&pair.caller, NOTHING, &out));
    refuses_all_forgeries(&pair.caller, written(&pair.responder, NOTHING, &out));
    refuses_all_forgeries(&pair.responder, written(&pair.caller, bytes_text("hello"), &out));
    assert_true(pair.responder.done && pair.caller.done);
    buffer_free(&out);
}

static void a_key_of_small_order_is_refused(void **state)
{
    static const uint8_t points[][NOISE_KEY_LEN] = {
        {0},
        {1},
        {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
         0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    };
    struct pair pair = {.prologue = bytes_text("prologue")};
    struct buffer out = BUFFER(ROOM);

    (void)state;
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        uint8_t message[48] = {0};

        begin_pair(&pair);
        memcpy(message, points[i], NOISE_KEY_LEN);
        assert_int_equal(noise_read(&pair.responder, bytes_of(message, sizeof message), &out), ERR_AUTH);

        /* Called by such a key, the caller's own first message cannot be made. */
        memcpy(pair.responder_key.public, points[i], NOISE_KEY_LEN);
        struct noise caller = begin(&pair, true);
        const struct noise before = caller;
        assert_int_equal(noise_write(&caller, NOTHING, &out), ERR_AUTH);
        assert_memory_equal(&caller, &before, sizeof before);
        assert_int_equal(out.len, 0);
    }
    buffer_free(&out);
}

static void another_prologue_or_key_is_refused(void **state)
{
    struct pair pair = {.prologue = bytes_text("prologue")};
    struct buffer out = BUFFER(ROOM), payload = BUFFER(ROOM);

    (void)state;
    begin_pair(&pair);
    written(&pair.caller, NOTHING, &out);
    pair.prologue = bytes_text("prologuf");
    struct noise elsewhere = begin(&pair, false);
    assert_int_equal(noise_read(&elsewhere, buffer_bytes(&out), &payload), ERR_AUTH);
    pair.prologue = bytes_text("prologue");
    noise_key_pair_from_secret(&pair.responder_key, pair.caller_seed);
    elsewhere = begin(&pair, false);
    assert_int_equal(noise_read(&elsewhere, buffer_bytes(&out), &payload), ERR_AUTH);
    assert_int_equal(noise_read(&pair.responder, buffer_bytes(&out), &payload), ERR_OK);
    buffer_free(&out);
    buffer_free(&payload);
}

static void a_full_buffer_leaves_the_handshake_unchanged(void **state)
{
    struct pair pair = {.prologue = bytes_text("prologue")};
    struct buffer small = BUFFER(47), enough = BUFFER(48);

    (void)state;
    begin_pair(&pair);
    const struct noise before = pair.caller;
    assert_int_equal(noise_write(&pair.caller, NOTHING, &small), ERR_LIMIT);
    assert_int_equal(small.len, 0);
    assert_memory_equal(&pair.caller, &before, sizeof before);
    assert_int_equal(noise_write(&pair.caller, NOTHING, &enough), ERR_OK);
    buffer_free(&small);
    buffer_free(&enough);
}

/* ---- one direction ---- */

static void a_record_that_does_not_open_costs_no_nonce(void **state)
{
    struct noise_cipher send = {.has_key = true}, receive = {.has_key = true};
    struct buffer out = BUFFER(ROOM), plain = BUFFER(ROOM);

    (void)state;
    noise_seal(&send, bytes_text("more"), bytes_text("text"), &out);
    assert_int_equal(send.nonce, 1);
    out.at[0] ^= 1;
    assert_int_equal(noise_open(&receive, bytes_text("more"), buffer_bytes(&out), &plain), ERR_AUTH);
    out.at[0] ^= 1;
    assert_int_equal(noise_open(&receive, bytes_text("mora"), buffer_bytes(&out), &plain), ERR_AUTH);
    assert_int_equal(noise_open(&receive, bytes_text("more"), bytes_of(out.at, 15), &plain), ERR_AUTH);
    assert_int_equal(receive.nonce, 0);
    assert_int_equal(plain.len, 0);
    assert_int_equal(noise_open(&receive, bytes_text("more"), buffer_bytes(&out), &plain), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&plain), bytes_text("text")));
    assert_int_equal(receive.nonce, 1);
    assert_int_equal(noise_open(&receive, bytes_text("more"), buffer_bytes(&out), &plain), ERR_AUTH);
    buffer_free(&out);
    buffer_free(&plain);
}

static void the_last_nonce_is_never_used(void **state)
{
    struct noise_cipher send = {.has_key = true, .nonce = UINT64_MAX - 1}, receive = send;
    struct buffer out = BUFFER(ROOM), plain = BUFFER(ROOM);

    (void)state;
    noise_seal(&send, NOTHING, NOTHING, &out);
    assert_int_equal(noise_open(&receive, NOTHING, buffer_bytes(&out), &plain), ERR_OK);
    assert_int_equal(receive.nonce, UINT64_MAX);
    assert_int_equal(noise_open(&receive, NOTHING, buffer_bytes(&out), &plain), ERR_LIMIT);
    buffer_free(&out);
    buffer_free(&plain);
}

static void split_leaves_no_secret_behind(void **state)
{
    static const uint8_t zeros[NOISE_HASH_LEN];
    struct pair pair = {.prologue = bytes_text("prologue")};
    struct noise_cipher send, receive;
    struct buffer out = BUFFER(ROOM), payload = BUFFER(ROOM);

    (void)state;
    begin_pair(&pair);
    assert_int_equal(noise_read(&pair.responder, written(&pair.caller, NOTHING, &out), &payload), ERR_OK);
    assert_int_equal(noise_read(&pair.caller, written(&pair.responder, NOTHING, &out), &payload), ERR_OK);
    written(&pair.caller, NOTHING, &out);
    assert_memory_not_equal(pair.caller.chaining, zeros, NOISE_HASH_LEN);
    noise_split(&pair.caller, &send, &receive);
    assert_memory_equal(pair.caller.chaining, zeros, NOISE_HASH_LEN);
    assert_memory_equal(pair.caller.fixed.secret, zeros, NOISE_KEY_LEN);
    assert_memory_equal(pair.caller.ephemeral.secret, zeros, NOISE_KEY_LEN);
    assert_memory_equal(pair.caller.cipher.key, zeros, NOISE_KEY_LEN);
    assert_memory_equal(pair.caller.remote_fixed, pair.responder_key.public, NOISE_KEY_LEN);
    assert_memory_not_equal(pair.caller.hash, zeros, NOISE_HASH_LEN);
    assert_memory_not_equal(send.key, receive.key, NOISE_KEY_LEN);
    buffer_free(&out);
    buffer_free(&payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_matches_the_vectors),
        cmocka_unit_test(hkdf_matches_the_vectors),
        cmocka_unit_test(rekey_matches_the_vectors),
        cmocka_unit_test(the_draft_transcript_is_reproduced),
        cmocka_unit_test(forged_messages_leave_the_handshake_unchanged),
        cmocka_unit_test(a_key_of_small_order_is_refused),
        cmocka_unit_test(another_prologue_or_key_is_refused),
        cmocka_unit_test(a_full_buffer_leaves_the_handshake_unchanged),
        cmocka_unit_test(a_record_that_does_not_open_costs_no_nonce),
        cmocka_unit_test(the_last_nonce_is_never_used),
        cmocka_unit_test(split_leaves_no_secret_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
