/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/sshsig.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>

#include "proto/limits.h"
#include "proto/wire.h"
#include "tests/vectors.h"

static const uint8_t SEED[SSHSIG_SEED_LEN] = {1, 2, 3};

static struct signing_key test_key(void)
{
    struct signing_key key;

    sshsig_key_from_seed(&key, SEED);
    return key;
}

/* ---- what OpenSSH wrote ---- */

static struct bytes unarmoured(struct bytes text)
{
    static uint8_t binary[1024];
    const char *begin = memchr(text.at, '\n', text.len);
    const char *end = strstr(begin, "-----END");
    size_t len;

    assert_int_equal(sodium_base642bin(binary, sizeof binary, begin, (size_t)(end - begin), "\n", &len, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    return bytes_of(binary, len);
}

static struct bytes take_string(struct wire_reader *r)
{
    return wire_read(r, wire_u32(r));
}

/* An unencrypted private key: magic, cipher, kdf, its options, one key, the public key, then the private part. */
static struct signing_key openssh_key(void)
{
    struct wire_reader r = wire_reader(unarmoured(vectors_file("sshsig/ed25519")));
    struct signing_key key;
    struct bytes secret;

    assert_true(bytes_equal(wire_read(&r, 15), bytes_of("openssh-key-v1", 15)));
    assert_true(bytes_equal(take_string(&r), bytes_text("none")));
    take_string(&r);
    take_string(&r);
    assert_int_equal(wire_u32(&r), 1);
    take_string(&r);
    r = wire_reader(take_string(&r));
    assert_int_equal(wire_u32(&r), wire_u32(&r));
    assert_true(bytes_equal(take_string(&r), bytes_text("ssh-ed25519")));
    take_string(&r);
    secret = take_string(&r);
    assert_int_equal(secret.len, 64);
    sshsig_key_from_seed(&key, secret.at);
    assert_memory_equal(key.secret, secret.at, 64);
    return key;
}

static const char *openssh_name_space(void)
{
    static char name[16];
    struct bytes text = vectors_file("sshsig/namespace");

    assert_true(text.len < sizeof name);
    memcpy(name, text.at, text.len);
    return name;
}

static void openssh_signature_is_reproduced_byte_for_byte(void **state)
{
    struct signing_key key = openssh_key();
    const char *name_space = openssh_name_space();
    struct buffer armour = BUFFER(KIB(1));
    struct signature sig;
    struct bytes expected = vectors_file("sshsig/ed25519.sig");

    (void)state;
    sshsig_sign(&key, name_space, vectors_file("sshsig/signed-data"), &sig);
    sshsig_write_armour(&armour, name_space, &key.public, &sig);
    assert_int_equal(armour.len, expected.len);
    assert_memory_equal(armour.at, expected.at, expected.len);
    buffer_free(&armour);
}

static void openssh_signature_is_read_and_verified(void **state)
{
    struct bytes data = vectors_file("sshsig/signed-data");
    const char *name_space = openssh_name_space();
    struct id key;
    struct signature sig;

    (void)state;
    assert_int_equal(sshsig_read_armour(vectors_file("sshsig/ed25519.sig"), name_space, &key, &sig), ERR_OK);
    assert_int_equal(sshsig_verify(&key, name_space, data, &sig), ERR_OK);
    assert_int_equal(sshsig_verify(&key, "git", data, &sig), ERR_AUTH);
    assert_int_equal(sshsig_verify(&key, name_space, bytes_of(data.at, data.len - 1), &sig), ERR_AUTH);
}

static void openssh_public_key_is_written_as_openssh_does(void **state)
{
    struct signing_key key = openssh_key();
    struct buffer text = BUFFER(KIB(1));
    struct bytes expected = vectors_file("sshsig/ed25519.pub");

    (void)state;
    sshsig_write_public_key(&text, &key.public);
    assert_int_equal(text.len,
                     sizeof "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIlizSIN3DQV78VPNjVvvwjgf+P5HqbPYCYu3BOMdjAE" - 1);
    assert_memory_equal(text.at, expected.at, text.len);
    assert_int_equal(expected.at[text.len], ' ');
    buffer_free(&text);
}

static void signatures_of_other_key_types_are_refused(void **state)
{
    static const char *const names[] = {"sshsig/rsa.sig", "sshsig/ecdsa.sig", "sshsig/ed25519_sk.sig"};
    struct id key;
    struct signature sig;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(sshsig_read_armour(vectors_file(names[i]), openssh_name_space(), &key, &sig), ERR_FORMAT);
}

/* ---- our own ---- */

static struct buffer test_armour(struct signature *sig)
{
    struct signing_key key = test_key();
    struct buffer armour = BUFFER(KIB(1));

    sshsig_sign(&key, "git", bytes_text("message"), sig);
    sshsig_write_armour(&armour, "git", &key.public, sig);
    return armour;
}

static void armour_for_git_has_its_documented_length(void **state)
{
    struct signature sig;
    struct buffer armour = test_armour(&sig);

    (void)state;
    assert_int_equal(armour.len, SSHSIG_ARMOUR_LEN);
    assert_int_equal(armour.at[armour.len - 1], '\n');
    buffer_free(&armour);
}

static void armour_is_read_back(void **state)
{
    struct signing_key key = test_key();
    struct signature sig, found;
    struct buffer armour = test_armour(&sig);
    struct id id;

    (void)state;
    assert_int_equal(sshsig_read_armour(buffer_bytes(&armour), "git", &id, &found), ERR_OK);
    assert_memory_equal(&id, &key.public, sizeof id);
    assert_memory_equal(&found, &sig, sizeof sig);
    assert_int_equal(sshsig_read_armour(buffer_bytes(&armour), "file", &id, &found), ERR_FORMAT);
    buffer_free(&armour);
}

static void armour_is_refused_at_every_other_length(void **state)
{
    struct signature sig;
    struct buffer armour = test_armour(&sig);
    struct id id;

    (void)state;
    for (size_t len = 0; len < armour.len; len++)
        assert_int_equal(sshsig_read_armour(bytes_of(armour.at, len), "git", &id, &sig), ERR_FORMAT);
    buffer_text(&armour, "\n");
    assert_int_equal(sshsig_read_armour(buffer_bytes(&armour), "git", &id, &sig), ERR_FORMAT);
    buffer_free(&armour);
}

/* A bit of the base64 may change what is said (another key, another signature), but never only how it is said. */
static void one_wrong_bit_is_refused_or_says_something_else(void **state)
{
    struct signature sig, found;
    struct buffer armour = test_armour(&sig);
    struct buffer again = BUFFER(KIB(1));
    struct id id;
    size_t refused = 0;

    (void)state;
    for (size_t bit = 0; bit < armour.len * 8; bit++) {
        armour.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (sshsig_read_armour(buffer_bytes(&armour), "git", &id, &found)) {
            refused++;
        } else {
            buffer_clear(&again);
            sshsig_write_armour(&again, "git", &id, &found);
            assert_true(bytes_equal(buffer_bytes(&armour), buffer_bytes(&again)));
            assert_int_equal(sshsig_verify(&id, "git", bytes_text("message"), &found), ERR_AUTH);
        }
        armour.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(refused > armour.len * 4);
    buffer_free(&armour);
    buffer_free(&again);
}

static void one_wrong_bit_of_a_signature_or_a_key_does_not_verify(void **state)
{
    struct signing_key key = test_key();
    struct signature sig;
    struct bytes message = bytes_text("message");

    (void)state;
    sshsig_sign(&key, "git", message, &sig);
    assert_int_equal(sshsig_verify(&key.public, "git", message, &sig), ERR_OK);
    for (size_t bit = 0; bit < SSHSIG_LEN * 8; bit++) {
        sig.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(sshsig_verify(&key.public, "git", message, &sig), ERR_AUTH);
        sig.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < ID_LEN * 8; bit++) {
        key.public.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(sshsig_verify(&key.public, "git", message, &sig), ERR_AUTH);
        key.public.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* Goal: the verdict is not that of Ed25519 alone.  A signature over the message itself is no SSHSIG. */
static void bare_ed25519_signature_does_not_verify(void **state)
{
    struct signing_key key = test_key();
    struct bytes message = bytes_text("message");
    struct signature sig;

    (void)state;
    crypto_sign_detached(sig.at, NULL, message.at, message.len, key.secret);
    assert_int_equal(crypto_sign_verify_detached(sig.at, message.at, message.len, key.public.at), 0);
    assert_int_equal(sshsig_verify(&key.public, "git", message, &sig), ERR_AUTH);
}

/* The identity point with an all-zero S verifies any message under lax verifiers. */
static void identity_point_verifies_nothing(void **state)
{
    struct id identity = {.at = {1}};
    struct signature sig = {.at = {1}};

    (void)state;
    assert_int_equal(sshsig_verify(&identity, "git", bytes_text("message"), &sig), ERR_AUTH);
}

static void wiped_key_is_zero(void **state)
{
    struct signing_key key = test_key();
    struct signing_key zero;

    (void)state;
    memset(&zero, 0, sizeof zero);
    assert_memory_not_equal(&key, &zero, sizeof key);
    sshsig_wipe(&key);
    assert_memory_equal(&key, &zero, sizeof key);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssh_signature_is_reproduced_byte_for_byte),
        cmocka_unit_test(openssh_signature_is_read_and_verified),
        cmocka_unit_test(openssh_public_key_is_written_as_openssh_does),
        cmocka_unit_test(signatures_of_other_key_types_are_refused),
        cmocka_unit_test(armour_for_git_has_its_documented_length),
        cmocka_unit_test(armour_is_read_back),
        cmocka_unit_test(armour_is_refused_at_every_other_length),
        cmocka_unit_test(one_wrong_bit_is_refused_or_says_something_else),
        cmocka_unit_test(one_wrong_bit_of_a_signature_or_a_key_does_not_verify),
        cmocka_unit_test(bare_ed25519_signature_does_not_verify),
        cmocka_unit_test(identity_point_verifies_nothing),
        cmocka_unit_test(wiped_key_is_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
