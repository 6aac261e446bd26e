/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_ID_H
#define PROTO_ID_H

/* Ids, keys and digests: 32 bytes each (docs/FORMAT.md, 1). */

#include "proto/bytes.h"
#include "proto/error.h"

#define ID_LEN 32
#define ID_TEXT_LEN 64

struct id {
    uint8_t at[ID_LEN];
};

enum id_kind { /* The personalisation under which an id is made. */
    ID_NETWORK,
    ID_KIBBUTZ,
    ID_ENTRY,
    ID_CONTENT,
    ID_BLOB,
    ID_CHUNKS,
    ID_CARD,
    ID_CONSENT,
    ID_FRONTIER,
    ID_BEACON,
    ID_RECEIPT,
    ID_TRIE,
};

static inline bool id_equal(const struct id *a, const struct id *b)
{
    return memcmp(a->at, b->at, ID_LEN) == 0;
}

static inline int id_compare(const struct id *a, const struct id *b)
{
    return memcmp(a->at, b->at, ID_LEN);
}

static inline struct bytes id_bytes(const struct id *id)
{
    return bytes_of(id->at, ID_LEN);
}

bool id_is_zero(const struct id *id);

/* Whether an id begins with these bytes, which may be none. */
bool id_begins(const struct id *id, struct bytes beginning);

/* Writes 64 lower-case hex digits and a NUL. */
void id_to_text(const struct id *id, char text[ID_TEXT_LEN + 1]);

/* ERR_FORMAT unless the text is exactly 64 lower-case hex digits. */
enum err id_from_text(struct bytes text, struct id *id);

/* The hash of one run of bytes, or of several after one another. */
struct id id_hash(enum id_kind kind, struct bytes run);
struct id id_hash_parts(enum id_kind kind, const struct bytes parts[], size_t count);

/* The same, fed piece by piece. */
struct id_hasher {
    _Alignas(64) unsigned char opaque[384];
};
void id_hasher_begin(struct id_hasher *hasher, enum id_kind kind);
void id_hasher_add(struct id_hasher *hasher, struct bytes run);
struct id id_hasher_end(struct id_hasher *hasher);

/* Says whether a key may be named at all: a point of the prime-order subgroup in canonical form. */
bool id_is_signing_key(const struct id *key);

#endif
