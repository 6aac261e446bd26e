/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/id.h"

#include <assert.h>
#include <sodium.h>

#include "proto/text.h"

static const char PERSONS[][crypto_generichash_blake2b_PERSONALBYTES] = {
    [ID_NETWORK] = "igum.genesis.v1",
    [ID_KIBBUTZ] = "igum.kibbutz.v1",
    [ID_ENTRY] = "igum.entry.v1",
    [ID_CONTENT] = "igum.content.v1",
    [ID_BLOB] = "igum.blob.v1",
    [ID_CHUNKS] = "igum.chunks.v1",
    [ID_CARD] = "igum.card.v1",
    [ID_CONSENT] = "igum.consent.v1",
    [ID_BEACON] = "igum.beacon.v1",
    [ID_FRONTIER] = {'i', 'g', 'u', 'm', '.', 'f', 'r', 'o', 'n', 't', 'i', 'e', 'r', '.', 'v', '1'},
    [ID_RECEIPT] = "igum.receipt.v1",
    [ID_TRIE] = "igum.trie.v1",
};

_Static_assert(sizeof(crypto_generichash_blake2b_state) <= sizeof(struct id_hasher), "the state fits");

bool id_begins(const struct id *id, struct bytes beginning)
{
    return beginning.len == 0 || (beginning.len <= ID_LEN && memcmp(id->at, beginning.at, beginning.len) == 0);
}

bool id_is_zero(const struct id *id)
{
    static const struct id zero;

    return id_equal(id, &zero);
}

void id_to_text(const struct id *id, char text[ID_TEXT_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < ID_LEN; i++) {
        text[2 * i] = digits[id->at[i] >> 4];
        text[2 * i + 1] = digits[id->at[i] & 15];
    }
    text[ID_TEXT_LEN] = '\0';
}

enum err id_from_text(struct bytes text, struct id *id)
{
    return text_from_hex(text, id->at, ID_LEN) ? ERR_OK : ERR_FORMAT;
}

static crypto_generichash_blake2b_state *state_of(struct id_hasher *hasher)
{
    return (crypto_generichash_blake2b_state *)(void *)hasher->opaque;
}

void id_hasher_begin(struct id_hasher *hasher, enum id_kind kind)
{
    int failed = crypto_generichash_blake2b_init_salt_personal(state_of(hasher), NULL, 0, ID_LEN, NULL,
                                                               (const unsigned char *)PERSONS[kind]);
    assert(!failed);
    (void)failed;
}

void id_hasher_add(struct id_hasher *hasher, struct bytes run)
{
    crypto_generichash_blake2b_update(state_of(hasher), run.at, run.len);
}

struct id id_hasher_end(struct id_hasher *hasher)
{
    struct id id;

    crypto_generichash_blake2b_final(state_of(hasher), id.at, ID_LEN);
    return id;
}

struct id id_hash_parts(enum id_kind kind, const struct bytes parts[], size_t count)
{
    struct id_hasher hasher;

    id_hasher_begin(&hasher, kind);
    for (size_t i = 0; i < count; i++)
        id_hasher_add(&hasher, parts[i]);
    return id_hasher_end(&hasher);
}

struct id id_hash(enum id_kind kind, struct bytes run)
{
    return id_hash_parts(kind, &run, 1);
}

bool id_is_signing_key(const struct id *key)
{
    return crypto_core_ed25519_is_valid_point(key->at) == 1;
}
