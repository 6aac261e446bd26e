/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/sshsig.h"

#include <assert.h>
#include <sodium.h>

#define MAGIC "SSHSIG"
#define KEY_TYPE "ssh-ed25519"
#define HASH "sha512"
#define BEGIN "-----BEGIN SSH SIGNATURE-----\n"
#define END "-----END SSH SIGNATURE-----\n"
#define LINE_LEN 70

#define PUBLIC_KEY_LEN (4 + sizeof KEY_TYPE - 1 + 4 + ID_LEN)
#define SIGNATURE_BLOB_LEN (4 + sizeof KEY_TYPE - 1 + 4 + SSHSIG_LEN)
#define KEY_OFFSET (sizeof MAGIC - 1 + 4 + 4 + PUBLIC_KEY_LEN - ID_LEN)
#define BLOB_LEN(name_space_len)                                                                                       \
    (sizeof MAGIC - 1 + 4 + 4 + PUBLIC_KEY_LEN + 4 + (name_space_len) + 4 + 4 + sizeof HASH - 1 + 4 +                  \
     SIGNATURE_BLOB_LEN)
#define BLOB_MAX BLOB_LEN(SSHSIG_NAMESPACE_MAX)
#define BASE64_MAX (sodium_base64_ENCODED_LEN(BLOB_MAX, sodium_base64_VARIANT_ORIGINAL))
#define ARMOUR_MAX (sizeof BEGIN + BASE64_MAX + BASE64_MAX / LINE_LEN + 1 + sizeof END)

_Static_assert(sizeof(struct signature) == crypto_sign_BYTES, "a signature is libsodium's");
_Static_assert(ID_LEN == crypto_sign_PUBLICKEYBYTES, "a key is libsodium's");
_Static_assert(sizeof(((struct signing_key *)0)->secret) == crypto_sign_SECRETKEYBYTES, "a secret is libsodium's");
_Static_assert(sizeof MAGIC - 1 + 4 + SSHSIG_NAMESPACE_MAX + 4 + 4 + sizeof HASH - 1 + 4 + crypto_hash_sha512_BYTES ==
                   SSHSIG_SIGNED_MAX,
               "what is signed has its room");
_Static_assert(BLOB_LEN(sizeof "git" - 1) == 173, "the blob is as long as docs/FORMAT.md says");

/* A run on the stack, so that neither signing nor verifying can fail for want of memory. */
struct run {
    uint8_t *at;
    size_t len;
    size_t size;
};

static void put(struct run *run, struct bytes bytes)
{
    assert(bytes.len <= run->size - run->len);
    if (bytes.len > 0)
        memcpy(run->at + run->len, bytes.at, bytes.len);
    run->len += bytes.len;
}

static void put_u32(struct run *run, size_t value)
{
    uint8_t at[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};

    put(run, bytes_of(at, sizeof at));
}

static void put_string(struct run *run, struct bytes bytes)
{
    put_u32(run, bytes.len);
    put(run, bytes);
}

static void put_typed(struct run *run, struct bytes bytes)
{
    put_string(run, bytes_text(KEY_TYPE));
    put_string(run, bytes);
}

static struct bytes signed_bytes(uint8_t out[SSHSIG_SIGNED_MAX], const char *name_space, struct bytes message)
{
    struct run run = {.at = out, .size = SSHSIG_SIGNED_MAX};
    uint8_t hash[crypto_hash_sha512_BYTES];

    crypto_hash_sha512(hash, message.at, message.len);
    put(&run, bytes_text(MAGIC));
    put_string(&run, bytes_text(name_space));
    put_string(&run, bytes_of(NULL, 0));
    put_string(&run, bytes_text(HASH));
    put_string(&run, bytes_of(hash, sizeof hash));
    return bytes_of(out, run.len);
}

static struct bytes blob(uint8_t out[BLOB_MAX], const char *name_space, const struct id *key,
                         const struct signature *sig)
{
    struct run run = {.at = out, .size = BLOB_MAX};

    put(&run, bytes_text(MAGIC));
    put_u32(&run, 1);
    put_u32(&run, PUBLIC_KEY_LEN);
    put_typed(&run, id_bytes(key));
    put_string(&run, bytes_text(name_space));
    put_string(&run, bytes_of(NULL, 0));
    put_string(&run, bytes_text(HASH));
    put_u32(&run, SIGNATURE_BLOB_LEN);
    put_typed(&run, bytes_of(sig->at, SSHSIG_LEN));
    return bytes_of(out, run.len);
}

static struct bytes armour(uint8_t out[ARMOUR_MAX], const char *name_space, const struct id *key,
                           const struct signature *sig)
{
    struct run run = {.at = out, .size = ARMOUR_MAX};
    uint8_t binary[BLOB_MAX];
    char base64[BASE64_MAX];
    struct bytes raw = blob(binary, name_space, key, sig);

    sodium_bin2base64(base64, sizeof base64, raw.at, raw.len, sodium_base64_VARIANT_ORIGINAL);
    put(&run, bytes_text(BEGIN));
    for (struct bytes rest = bytes_text(base64); rest.len > 0; rest = bytes_from(rest, LINE_LEN)) {
        put(&run, bytes_of(rest.at, rest.len < LINE_LEN ? rest.len : LINE_LEN));
        put(&run, bytes_text("\n"));
    }
    put(&run, bytes_text(END));
    return bytes_of(out, run.len);
}

void sshsig_key_from_seed(struct signing_key *key, const uint8_t seed[SSHSIG_SEED_LEN])
{
    crypto_sign_seed_keypair(key->public.at, key->secret, seed);
}

void sshsig_wipe(struct signing_key *key)
{
    sodium_memzero(key, sizeof *key);
}

void sshsig_sign(const struct signing_key *key, const char *name_space, struct bytes message, struct signature *out)
{
    uint8_t at[SSHSIG_SIGNED_MAX];
    struct bytes run = signed_bytes(at, name_space, message);

    crypto_sign_detached(out->at, NULL, run.at, run.len, key->secret);
}

void sshsig_check_begin(struct sshsig_check *check, const struct id *key, const char *name_space, struct bytes message,
                        const struct signature *sig)
{
    *check = (struct sshsig_check){.key = *key, .signature = *sig, .is_new_key = true};
    check->len = signed_bytes(check->signed_bytes, name_space, message).len;
}

bool sshsig_check_holds(const struct sshsig_check *check)
{
    return (!check->is_new_key || id_is_signing_key(&check->key)) &&
           crypto_sign_verify_detached(check->signature.at, check->signed_bytes, check->len, check->key.at) == 0;
}

enum err sshsig_verify(const struct id *key, const char *name_space, struct bytes message, const struct signature *sig)
{
    struct sshsig_check check;

    sshsig_check_begin(&check, key, name_space, message, sig);
    return sshsig_check_holds(&check) ? ERR_OK : ERR_AUTH;
}

void sshsig_sign_plain(const struct signing_key *key, struct bytes message, struct signature *out)
{
    crypto_sign_detached(out->at, NULL, message.at, message.len, key->secret);
}

bool sshsig_verify_plain(const struct id *key, struct bytes message, const struct signature *sig)
{
    return id_is_signing_key(key) && crypto_sign_verify_detached(sig->at, message.at, message.len, key->at) == 0;
}

void sshsig_write_armour(struct buffer *out, const char *name_space, const struct id *key, const struct signature *sig)
{
    uint8_t at[ARMOUR_MAX];

    buffer_add(out, armour(at, name_space, key, sig));
}

enum err sshsig_read_armour(struct bytes in, const char *name_space, struct id *key, struct signature *sig)
{
    size_t blob_len = BLOB_LEN(strlen(name_space));
    uint8_t binary[BLOB_MAX], rebuilt[ARMOUR_MAX];
    struct id found_key;
    struct signature found_sig;
    size_t len;

    if (in.len > ARMOUR_MAX || in.len < sizeof BEGIN + sizeof END)
        return ERR_FORMAT;
    /* The base64 is read loosely: what it says is written again below, and must then be these very bytes. */
    struct bytes base64 = bytes_of(in.at + sizeof BEGIN - 1, in.len - (sizeof BEGIN - 1) - (sizeof END - 1));
    if (sodium_base642bin(binary, sizeof binary, (const char *)base64.at, base64.len, "\n", &len, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        len != blob_len)
        return ERR_FORMAT;
    memcpy(found_key.at, binary + KEY_OFFSET, ID_LEN);
    memcpy(found_sig.at, binary + blob_len - SSHSIG_LEN, SSHSIG_LEN);
    if (!bytes_equal(in, armour(rebuilt, name_space, &found_key, &found_sig)))
        return ERR_FORMAT;
    *key = found_key;
    *sig = found_sig;
    return ERR_OK;
}

void sshsig_write_public_key(struct buffer *out, const struct id *key)
{
    uint8_t binary[PUBLIC_KEY_LEN];
    struct run run = {.at = binary, .size = sizeof binary};
    char base64[sodium_base64_ENCODED_LEN(PUBLIC_KEY_LEN, sodium_base64_VARIANT_ORIGINAL)];

    put_typed(&run, id_bytes(key));
    sodium_bin2base64(base64, sizeof base64, binary, run.len, sodium_base64_VARIANT_ORIGINAL);
    buffer_text(out, KEY_TYPE " ");
    buffer_text(out, base64);
}
