/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_TRIE_H
#define PROTO_TRIE_H

/*
 * A frontier as a trie of hashes over the keys of its logs, so that two nodes which know nothing of each other's past find what
 * differs without telling all they have (docs/PROTOCOL.md, 2, "Trie").  Keys are evenly spread as they are, and a frontier is
 * sorted by them: a node of the trie is a run of its tips, and nothing is kept.
 */

#include "proto/frontier.h"
#include "proto/message.h"

#define TRIE_DIGEST_LEN 16
#define TRIE_FAN_MAX 64

struct trie_shape {
    unsigned bits; /* Of a key, that choose among the children of a node. */
    size_t leaf;   /* Logs of a leaf, at most, but for one at LIMIT_TRIE_DEPTH. */
};
struct trie_shape trie_shape(void); /* Of the protocol. */

struct trie_place { /* Zeros: the top. */
    uint64_t prefix; /* The first bits of the keys below it, zeros behind. */
    unsigned depth;
};
struct trie_place trie_child(struct trie_shape shape, struct trie_place place, unsigned nth);

/* How many tips are below a place; the first is frontier_at(f, *first). */
size_t trie_tips(const struct frontier *f, struct trie_shape shape, struct trie_place place, size_t *first);

/* The digest of what is there; false: nothing is. */
bool trie_digest(const struct frontier *f, struct trie_shape shape, struct trie_place place,
                 uint8_t digest[TRIE_DIGEST_LEN]);

/* ---- on the wire ---- */

enum trie_kind {
    TRIE_GONE, /* It is another by now. */
    TRIE_INNER,
    TRIE_LEAF,
    TRIE_KINDS
};

struct trie_node {
    enum trie_kind kind;
    uint64_t children; /* Of an inner node: bit n says that the nth is there. */
    struct bytes body; /* Their digests; or the items of a leaf, as in a VECTOR.  Borrowed. */
};

/* Writes what is below a place.  ERR_LIMIT: more tips than any honest leaf has; ERR_MEMORY. */
enum err trie_write_node(struct buffer *out, const struct frontier *f, struct trie_shape shape, struct trie_place place);
void trie_write_gone(struct buffer *out);
enum err trie_next_node(struct bytes *rest, struct trie_node *node); /* ERR_FORMAT. */
/* The digest of what was told, but for TRIE_GONE.  ERR_FORMAT, ERR_LIMIT, ERR_MEMORY. */
enum err trie_node_digest(const struct trie_node *node, uint8_t digest[TRIE_DIGEST_LEN]);

struct trie_ask { /* For what had this digest. */
    struct trie_place place;
    uint8_t digest[TRIE_DIGEST_LEN];
};

void trie_write_ask(struct buffer *out, const struct trie_ask *ask);
/* At least one and at most LIMIT_TRIE_ASKS, of one depth and in ascending order, so that none is within another.  ERR_FORMAT. */
enum err trie_read_asks(struct bytes in, struct trie_shape shape, struct trie_ask asks[], size_t *count);

#endif
