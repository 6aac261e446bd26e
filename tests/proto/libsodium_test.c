/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * The verdicts of the installed libsodium are consensus: were one to change, nodes would disagree on which entries
 * exist.  So the exact counts are held here against published vectors, and not only that valid ones are accepted.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "proto/id.h"
#include "tests/vectors.h"

static bool accepts(struct bytes key, struct bytes message, struct bytes sig)
{
    return key.len == crypto_sign_PUBLICKEYBYTES && sig.len == crypto_sign_BYTES &&
           crypto_sign_verify_detached(sig.at, message.at, message.len, key.at) == 0;
}

static bool is_valid_point(struct bytes key)
{
    struct id id;

    if (key.len != ID_LEN)
        return false;
    memcpy(id.at, key.at, ID_LEN);
    return id_is_signing_key(&id);
}

/* ---- Ed25519 ---- */

static void wycheproof_ed25519_has_151_right_verdicts(void **state)
{
    const json_t *file = vectors_json("wycheproof/ed25519_test.json");
    const json_t *group, *one;
    size_t i, j, count = 0, valid = 0;

    (void)state;
    json_array_foreach(json_object_get(file, "testGroups"), i, group)
    {
        struct bytes key = vectors_hex(json_object_get(group, "publicKey"), "pk");

        json_array_foreach(json_object_get(group, "tests"), j, one)
        {
            bool good = !strcmp(vectors_text(one, "result"), "valid");

            if (accepts(key, vectors_hex(one, "msg"), vectors_hex(one, "sig")) != good)
                fail_msg("case %lld", (long long)json_integer_value(json_object_get(one, "tcId")));
            count++;
            valid += good;
        }
    }
    assert_int_equal(count, 151);
    assert_in_range(valid, 1, 150);
}

static void cctv_ed25519_has_43_accepted_and_one_with_a_valid_key(void **state)
{
    const json_t *file = vectors_json("ed25519/cctv-ed25519vectors.json");
    const json_t *one;
    size_t i, accepted = 0, with_valid_key = 0;

    (void)state;
    assert_int_equal(json_array_size(file), 914);
    json_array_foreach(file, i, one)
    {
        struct bytes key = vectors_hex(one, "key");

        if (accepts(key, bytes_text(vectors_text(one, "msg")), vectors_hex(one, "sig"))) {
            accepted++;
            with_valid_key += is_valid_point(key);
        }
    }
    assert_int_equal(accepted, 43);
    assert_int_equal(with_valid_key, 1);
}

static void speccheck_has_only_case_3_accepted(void **state)
{
    const json_t *file = vectors_json("ed25519/speccheck-cases.json");
    const json_t *one;
    size_t i;

    (void)state;
    assert_int_equal(json_array_size(file), 12);
    json_array_foreach(file, i, one)
    {
        bool accepted =
            accepts(vectors_hex(one, "pub_key"), vectors_hex(one, "message"), vectors_hex(one, "signature"));

        if (accepted != (i == 3))
            fail_msg("case %zu is %s", i, accepted ? "accepted" : "refused");
    }
}

/* Of seed, public key, message and signature, everything that follows from the seed. */
static void check_signature(const json_t *one)
{
    struct bytes seed = vectors_hex(one, "seed"), key = vectors_hex(one, "pk");
    struct bytes message = vectors_hex(one, "msg"), sig = vectors_hex(one, "sig");
    uint8_t public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES], made[crypto_sign_BYTES];

    assert_int_equal(seed.len, crypto_sign_SEEDBYTES);
    assert_int_equal(key.len, sizeof public);
    assert_int_equal(sig.len, sizeof made);
    crypto_sign_seed_keypair(public, secret, seed.at);
    assert_memory_equal(public, key.at, sizeof public);
    crypto_sign_detached(made, NULL, message.at, message.len, secret);
    assert_memory_equal(made, sig.at, sizeof made);
    assert_true(accepts(key, message, sig));
    assert_true(is_valid_point(key));
    made[0] ^= 1;
    assert_false(accepts(key, message, bytes_of(made, sizeof made)));
}

static void signatures_of_the_sign_subset_are_reproduced(void **state)
{
    const json_t *list = json_object_get(vectors_json("ed25519/libsodium-1.0.18-sign-subset.json"), "vectors");
    const json_t *one;
    size_t i;

    (void)state;
    assert_int_equal(json_array_size(list), 136);
    json_array_foreach(list, i, one)
    {
        check_signature(one);
    }
}

static void signatures_of_rfc_8032_are_reproduced(void **state)
{
    const json_t *list = json_object_get(vectors_json("rfc/rfc-spot-vectors.json"), "rfc8032_7_1_tests_1_2_3");
    const json_t *one;
    size_t i;

    (void)state;
    assert_int_equal(json_array_size(list), 3);
    json_array_foreach(list, i, one)
    {
        check_signature(one);
    }
}

/* ---- X25519 ---- */

static void wycheproof_x25519_has_487_equal_and_31_refused(void **state)
{
    static const uint8_t zero[crypto_scalarmult_BYTES];
    const json_t *groups = json_object_get(vectors_json("wycheproof/x25519_test.json"), "testGroups");
    const json_t *group, *one;
    size_t i, j, equal = 0, refused = 0;

    (void)state;
    json_array_foreach(groups, i, group)
    {
        json_array_foreach(json_object_get(group, "tests"), j, one)
        {
            struct bytes public = vectors_hex(one, "public"), private = vectors_hex(one, "private");
            struct bytes shared = vectors_hex(one, "shared");
            uint8_t out[crypto_scalarmult_BYTES];

            assert_int_equal(public.len, sizeof out);
            assert_int_equal(private.len, sizeof out);
            if (crypto_scalarmult(out, private.at, public.at) != 0) {
                assert_memory_equal(shared.at, zero, sizeof zero);
                refused++;
            } else {
                assert_memory_equal(shared.at, out, sizeof out);
                equal++;
            }
        }
    }
    assert_int_equal(equal, 487);
    assert_int_equal(refused, 31);
}

static void products_of_rfc_7748_are_reproduced(void **state)
{
    const json_t *file = vectors_json("rfc/rfc-spot-vectors.json");
    const json_t *list = json_object_get(file, "rfc7748_5_2"),
                 *iterated = json_object_get(file, "rfc7748_5_2_iterated");
    uint8_t k[32] = {9}, u[32] = {9}, out[32];
    const json_t *one;
    size_t i;

    (void)state;
    assert_int_equal(json_array_size(list), 2);
    json_array_foreach(list, i, one)
    {
        assert_int_equal(crypto_scalarmult(out, vectors_hex(one, "scalar").at, vectors_hex(one, "u").at), 0);
        assert_memory_equal(out, vectors_hex(one, "out").at, sizeof out);
    }
    for (i = 1; i <= 1000; i++) {
        assert_int_equal(crypto_scalarmult(out, k, u), 0);
        memcpy(u, k, sizeof u);
        memcpy(k, out, sizeof k);
        if (i == 1)
            assert_memory_equal(k, vectors_hex(iterated, "1").at, sizeof k);
    }
    assert_memory_equal(k, vectors_hex(iterated, "1000").at, sizeof k);
}

/* ---- ChaCha20-Poly1305 ---- */

static bool opens(struct bytes key, struct bytes nonce, struct bytes aad, struct bytes sealed, struct bytes expected)
{
    uint8_t *out = malloc(sealed.len + 1);
    unsigned long long len = 0;
    bool opened;

    assert_int_equal(key.len, crypto_aead_chacha20poly1305_ietf_KEYBYTES);
    assert_int_equal(nonce.len, crypto_aead_chacha20poly1305_ietf_NPUBBYTES);
    opened = crypto_aead_chacha20poly1305_ietf_decrypt(out, &len, NULL, sealed.at, sealed.len, aad.at, aad.len,
                                                       nonce.at, key.at) == 0 &&
             bytes_equal(bytes_of(out, len), expected);
    free(out);
    return opened;
}

static bool seals(struct bytes key, struct bytes nonce, struct bytes aad, struct bytes message, struct bytes expected)
{
    uint8_t *out = malloc(message.len + crypto_aead_chacha20poly1305_ietf_ABYTES);
    unsigned long long len = 0;
    bool sealed;

    crypto_aead_chacha20poly1305_ietf_encrypt(out, &len, message.at, message.len, aad.at, aad.len, NULL, nonce.at,
                                              key.at);
    sealed = bytes_equal(bytes_of(out, len), expected);
    free(out);
    return sealed;
}

static struct bytes joined(struct bytes a, struct bytes b, uint8_t *out)
{
    if (a.len > 0)
        memcpy(out, a.at, a.len);
    memcpy(out + a.len, b.at, b.len);
    return bytes_of(out, a.len + b.len);
}

static void wycheproof_chacha20_poly1305_has_316_right_verdicts(void **state)
{
    const json_t *groups = json_object_get(vectors_json("wycheproof/chacha20_poly1305_test.json"), "testGroups");
    static uint8_t whole[4096];
    const json_t *group, *one;
    size_t i, j, count = 0, valid = 0;

    (void)state;
    json_array_foreach(groups, i, group)
    {
        if (json_integer_value(json_object_get(group, "ivSize")) != 96)
            continue;
        json_array_foreach(json_object_get(group, "tests"), j, one)
        {
            struct bytes key = vectors_hex(one, "key"), nonce = vectors_hex(one, "iv"), aad = vectors_hex(one, "aad");
            struct bytes message = vectors_hex(one, "msg"), ct = vectors_hex(one, "ct"), tag = vectors_hex(one, "tag");
            bool good = !strcmp(vectors_text(one, "result"), "valid");

            assert_true(ct.len + tag.len <= sizeof whole);
            struct bytes sealed = joined(ct, tag, whole);
            if (opens(key, nonce, aad, sealed, message) != good || seals(key, nonce, aad, message, sealed) != good)
                fail_msg("case %lld", (long long)json_integer_value(json_object_get(one, "tcId")));
            count++;
            valid += good;
        }
    }
    assert_int_equal(count, 316);
    assert_in_range(valid, 1, 315);
}

static void sealed_text_of_rfc_8439_is_reproduced(void **state)
{
    const json_t *one = json_object_get(vectors_json("rfc/rfc-spot-vectors.json"), "rfc8439_2_8_2");
    struct bytes key = vectors_hex(one, "key"), nonce = vectors_hex(one, "nonce"), aad = vectors_hex(one, "aad");
    struct bytes message = vectors_hex(one, "pt"), sealed = vectors_hex(one, "ct_and_tag");

    (void)state;
    assert_true(seals(key, nonce, aad, message, sealed));
    assert_true(opens(key, nonce, aad, sealed, message));
    assert_false(opens(key, nonce, bytes_of(aad.at, aad.len - 1), sealed, message));
}

/* ---- BLAKE2b ---- */

static void blake2b_known_answers_are_reproduced(void **state)
{
    const json_t *list = vectors_json("blake2/blake2b-512-kat.json");
    const json_t *one;
    size_t i;

    (void)state;
    assert_int_equal(json_array_size(list), 512);
    json_array_foreach(list, i, one)
    {
        struct bytes in = vectors_hex(one, "in"), key = vectors_hex(one, "key");
        uint8_t out[64];

        assert_int_equal(crypto_generichash_blake2b(out, sizeof out, in.at, in.len, key.len ? key.at : NULL, key.len),
                         0);
        assert_memory_equal(out, vectors_hex(one, "out").at, sizeof out);
    }
}

static void blake2b_of_rfc_7693_is_reproduced(void **state)
{
    const json_t *file = vectors_json("rfc/rfc-spot-vectors.json");
    uint8_t out[64];

    (void)state;
    crypto_generichash_blake2b(out, sizeof out, (const uint8_t *)"abc", 3, NULL, 0);
    assert_memory_equal(out, vectors_hex(file, "rfc7693_appendix_a_blake2b_512_abc").at, sizeof out);
}

static void blake2b_256_is_reproduced(void **state)
{
    const json_t *list = json_object_get(vectors_json("derived/kdf-and-hash.json"), "blake2b_256");
    const json_t *one;
    size_t i;

    (void)state;
    assert_true(json_array_size(list) > 0);
    json_array_foreach(list, i, one)
    {
        size_t len = (size_t)json_integer_value(json_object_get(one, "len"));
        uint8_t *in = malloc(len + 1), out[32];

        assert_string_equal(vectors_text(one, "msg_is"), "bytes i&255");
        for (size_t at = 0; at < len; at++)
            in[at] = (uint8_t)at;
        crypto_generichash_blake2b(out, sizeof out, in, len, NULL, 0);
        assert_memory_equal(out, vectors_hex(one, "blake2b_256").at, sizeof out);
        free(in);
    }
}

static int initialise(void **state)
{
    (void)state;
    return sodium_init() < 0; /* As the program does: it picks implementations by the processor. */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(wycheproof_ed25519_has_151_right_verdicts),
        cmocka_unit_test(cctv_ed25519_has_43_accepted_and_one_with_a_valid_key),
        cmocka_unit_test(speccheck_has_only_case_3_accepted),
        cmocka_unit_test(signatures_of_the_sign_subset_are_reproduced),
        cmocka_unit_test(signatures_of_rfc_8032_are_reproduced),
        cmocka_unit_test(wycheproof_x25519_has_487_equal_and_31_refused),
        cmocka_unit_test(products_of_rfc_7748_are_reproduced),
        cmocka_unit_test(wycheproof_chacha20_poly1305_has_316_right_verdicts),
        cmocka_unit_test(sealed_text_of_rfc_8439_is_reproduced),
        cmocka_unit_test(blake2b_known_answers_are_reproduced),
        cmocka_unit_test(blake2b_of_rfc_7693_is_reproduced),
        cmocka_unit_test(blake2b_256_is_reproduced),
    };

    return cmocka_run_group_tests(tests, initialise, NULL);
}
