/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/trie.h"

#include "proto/limits.h"
#include "proto/mutant.h"
#include "proto/wire.h"

#define DEPTH_BITS 4 /* Of a prefix, which are free for the depth on the wire. */
#define ITEMS_MAX (LIMIT_TRIE_LEAF * LIMIT_BRANCHES)

_Static_assert(LIMIT_TRIE_DEPTH < 1 << DEPTH_BITS && LIMIT_TRIE_DEPTH * 6 + DEPTH_BITS <= 64, "a place fits 8 bytes");

struct trie_shape trie_shape(void)
{
    return (struct trie_shape){.bits = 6, .leaf = LIMIT_TRIE_LEAF};
}

/* ---- places ---- */

/* How far apart the prefixes of neighbours at this depth are; 0 at the top, which has none. */
static uint64_t stride(struct trie_shape shape, unsigned depth)
{
    return depth == 0 ? 0 : UINT64_C(1) << (64 - shape.bits * depth);
}

struct trie_place trie_child(struct trie_shape shape, struct trie_place place, unsigned nth)
{
    unsigned depth = place.depth + 1;

    return (struct trie_place){.prefix = place.prefix | nth * stride(shape, depth), .depth = depth};
}

/* The place of the first tip whose key does not come before such a beginning. */
static size_t first_from(const struct frontier *f, uint64_t prefix)
{
    struct id least = {.at = {0}};
    size_t first;

    for (size_t i = 0; i < sizeof prefix; i++)
        least.at[i] = (uint8_t)(prefix >> (56 - 8 * i));
    (void)frontier_tips(f, &least, &first);
    return first;
}

size_t trie_tips(const struct frontier *f, struct trie_shape shape, struct trie_place place, size_t *first)
{
    uint64_t next = place.prefix + stride(shape, place.depth); /* Around to 0 behind the last. */

    *first = first_from(f, place.prefix);
    return (next ? first_from(f, next) : frontier_count(f)) - *first;
}

/* The tips of the log whose first tip is there. */
static size_t run_at(const struct frontier *f, size_t first)
{
    size_t end = first + 1;

    while (end < frontier_count(f) && id_equal(&frontier_at(f, end)->log, &frontier_at(f, first)->log))
        end++;
    return end - first;
}

static bool is_leaf(const struct frontier *f, struct trie_shape shape, struct trie_place place)
{
    size_t first, end, logs = 0;

    if (place.depth == LIMIT_TRIE_DEPTH)
        return true;
    end = trie_tips(f, shape, place, &first);
    for (end += first; first < end && logs <= shape.leaf; logs++)
        first += run_at(f, first);
    return logs <= shape.leaf;
}

/* ---- digests ---- */

static void begin(struct id_hasher *hasher, enum trie_kind kind)
{
    id_hasher_begin(hasher, ID_TRIE);
    id_hasher_add(hasher, bytes_of((const uint8_t[]){(uint8_t)kind}, 1));
}

static void end(struct id_hasher *hasher, uint8_t digest[TRIE_DIGEST_LEN])
{
    struct id hash = id_hasher_end(hasher);

    memcpy(digest, hash.at, TRIE_DIGEST_LEN);
}

static void add_number(struct id_hasher *hasher, uint64_t number)
{
    uint8_t bytes[8];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(number >> (56 - 8 * i));
    id_hasher_add(hasher, bytes_of(bytes, sizeof bytes));
}

static void add_tip(struct id_hasher *hasher, const struct head *head)
{
    id_hasher_add(hasher, id_bytes(&head->log));
    if (MUTANT(MUTANT_TRIE_BLIND))
        return;
    add_number(hasher, head->seq);
    id_hasher_add(hasher, bytes_of(head->entry.at, MESSAGE_TAG_LEN));
}

/* Of a log with as many tips as are kept only that, as in the frontier's root. */
static void digest_leaf(const struct frontier *f, size_t first, size_t count, uint8_t digest[TRIE_DIGEST_LEN])
{
    struct id_hasher hasher;

    begin(&hasher, TRIE_LEAF);
    for (size_t i = first, run; i < first + count; i += run) {
        run = run_at(f, i);
        if (run >= LIMIT_BRANCHES)
            add_tip(&hasher, &(struct head){.log = frontier_at(f, i)->log});
        for (size_t j = i; run < LIMIT_BRANCHES && j < i + run; j++)
            add_tip(&hasher, frontier_at(f, j));
    }
    end(&hasher, digest);
}

static void digest_inner(uint64_t children, struct bytes digests, uint8_t digest[TRIE_DIGEST_LEN])
{
    struct id_hasher hasher;

    begin(&hasher, TRIE_INNER);
    add_number(&hasher, children);
    id_hasher_add(&hasher, digests);
    end(&hasher, digest);
}

/* The digests of all children that are there, one behind the other. */
static struct bytes digest_children(const struct frontier *f, struct trie_shape shape, struct trie_place place,
                                    uint8_t digests[TRIE_FAN_MAX * TRIE_DIGEST_LEN], uint64_t *children)
{
    size_t len = 0;

    *children = 0;
    for (unsigned i = 0; i < 1u << shape.bits; i++)
        if (trie_digest(f, shape, trie_child(shape, place, i), digests + len)) {
            *children |= UINT64_C(1) << i;
            len += TRIE_DIGEST_LEN;
        }
    return bytes_of(digests, len);
}

bool trie_digest(const struct frontier *f, struct trie_shape shape, struct trie_place place,
                 uint8_t digest[TRIE_DIGEST_LEN])
{
    uint8_t digests[TRIE_FAN_MAX * TRIE_DIGEST_LEN];
    uint64_t children;
    size_t first, count = trie_tips(f, shape, place, &first);

    if (count > 0 && is_leaf(f, shape, place))
        digest_leaf(f, first, count, digest);
    else if (count > 0) {
        struct bytes told = digest_children(f, shape, place, digests, &children);
        digest_inner(children, told, digest);
    }
    return count > 0;
}

/* ---- nodes on the wire ---- */

enum err trie_write_node(struct buffer *out, const struct frontier *f, struct trie_shape shape, struct trie_place place)
{
    uint8_t digests[TRIE_FAN_MAX * TRIE_DIGEST_LEN];
    uint64_t children;
    size_t first, count = trie_tips(f, shape, place, &first);

    if (!is_leaf(f, shape, place)) {
        struct bytes told = digest_children(f, shape, place, digests, &children);
        buffer_u8(out, TRIE_INNER);
        buffer_u64(out, children);
        buffer_add(out, told);
        return buffer_error(out);
    }
    if (count > ITEMS_MAX)
        return ERR_LIMIT;
    buffer_u8(out, TRIE_LEAF);
    buffer_u16(out, (uint16_t)count);
    for (size_t i = first; i < first + count; i++)
        message_write_item(out, frontier_at(f, i));
    return buffer_error(out);
}

void trie_write_gone(struct buffer *out)
{
    buffer_u8(out, TRIE_GONE);
}

enum err trie_next_node(struct bytes *rest, struct trie_node *node)
{
    struct wire_reader r = wire_reader(*rest);
    uint8_t kind = wire_u8(&r);
    size_t len = 0;

    *node = (struct trie_node){.kind = kind < TRIE_KINDS ? (enum trie_kind)kind : TRIE_GONE};
    if (kind == TRIE_INNER) {
        node->children = wire_u64(&r);
        for (uint64_t left = node->children; left; left &= left - 1)
            len += TRIE_DIGEST_LEN;
    } else if (kind == TRIE_LEAF)
        len = (size_t)wire_u16(&r) * MESSAGE_ITEM_LEN;
    if (kind >= TRIE_KINDS || (kind != TRIE_GONE && len == 0) || len > ITEMS_MAX * MESSAGE_ITEM_LEN)
        wire_fail(&r);
    node->body = wire_read(&r, len);
    *rest = r.rest;
    return r.err;
}

static enum err digest_items(struct bytes items, uint8_t digest[TRIE_DIGEST_LEN])
{
    struct frontier *f = frontier_new();
    struct message_item item;
    enum err err = f ? ERR_OK : ERR_MEMORY;

    while (!err && items.len > 0 && !(err = message_next_item(&items, &item))) {
        struct head head = {.log = item.log, .seq = item.seq};

        memcpy(head.entry.at, item.tag, MESSAGE_TAG_LEN);
        err = frontier_add(f, NULL, &head, NULL);
    }
    if (!err)
        digest_leaf(f, 0, frontier_count(f), digest);
    frontier_free(f);
    return err;
}

enum err trie_node_digest(const struct trie_node *node, uint8_t digest[TRIE_DIGEST_LEN])
{
    if (node->kind == TRIE_LEAF)
        return digest_items(node->body, digest);
    digest_inner(node->children, node->body, digest);
    return ERR_OK;
}

/* ---- what is asked for ---- */

void trie_write_ask(struct buffer *out, const struct trie_ask *ask)
{
    buffer_u64(out, ask->place.prefix | ask->place.depth);
    buffer_add(out, bytes_of(ask->digest, TRIE_DIGEST_LEN));
}

static enum err next_ask(struct wire_reader *r, struct trie_shape shape, struct trie_ask *ask)
{
    uint64_t place = wire_u64(r), depth = place & ((1u << DEPTH_BITS) - 1);

    wire_copy(r, ask->digest, TRIE_DIGEST_LEN);
    ask->place = (struct trie_place){.prefix = place - depth, .depth = (unsigned)depth};
    if (r->err || depth < 1 || depth > LIMIT_TRIE_DEPTH || ask->place.prefix % stride(shape, ask->place.depth))
        return ERR_FORMAT;
    return ERR_OK;
}

enum err trie_read_asks(struct bytes in, struct trie_shape shape, struct trie_ask asks[], size_t *count)
{
    struct wire_reader r = wire_reader(in);

    for (*count = 0; r.rest.len > 0; (*count)++) {
        struct trie_ask *ask = &asks[*count], *before = *count ? ask - 1 : NULL;

        if (*count == LIMIT_TRIE_ASKS || next_ask(&r, shape, ask))
            return ERR_FORMAT;
        if (before && (ask->place.depth != before->place.depth || ask->place.prefix <= before->place.prefix))
            return ERR_FORMAT;
    }
    return *count > 0 ? ERR_OK : ERR_FORMAT;
}
