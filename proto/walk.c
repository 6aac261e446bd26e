/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/walk.h"

#include <stdlib.h>

#include "proto/limits.h"
#include "proto/mutant.h"

#define TOLD_MAX (LIMIT_LOGS + LIMIT_FORKS)

/* Makes room for one more in an array; NULL: memory is out, and the array is as it was. */
static void *grow(void *array, size_t count, size_t *size, size_t each)
{
    if (count < *size)
        return array;
    size_t more = *size ? 2 * *size : 64;
    void *grown = realloc(array, more * each);
    if (grown)
        *size = more;
    return grown;
}

static enum err note(struct walk *w, const struct message_item *item)
{
    struct message_item *told =
        w->told_count < TOLD_MAX ? grow(w->told, w->told_count, &w->told_size, sizeof *told) : NULL;

    if (!told)
        return w->told_count < TOLD_MAX ? ERR_MEMORY : ERR_LIMIT;
    w->told = told;
    w->told[w->told_count++] = *item;
    return ERR_OK;
}

/* It has there what we have. */
static enum err note_ours(struct walk *w, const struct frontier *ours, struct trie_shape shape, struct trie_place place)
{
    size_t first, count = trie_tips(ours, shape, place, &first);
    enum err err = ERR_OK;

    for (size_t i = first; !err && i < first + count; i++) {
        const struct head *head = frontier_at(ours, i);
        struct message_item item = {.log = head->log, .seq = head->seq, .role = head->role};

        memcpy(item.tag, head->entry.at, MESSAGE_TAG_LEN);
        err = note(w, &item);
    }
    return err;
}

static enum err note_items(struct walk *w, struct bytes items)
{
    struct message_item item;
    enum err err = ERR_OK;

    while (!err && items.len > 0 && !(err = message_next_item(&items, &item)))
        err = note(w, &item);
    return err;
}

static enum err look_below(struct walk *w, struct trie_place place, const uint8_t *digest)
{
    struct trie_ask *asks = w->count < LIMIT_TRIE_NODES ? grow(w->asks, w->count, &w->size, sizeof *asks) : NULL;

    if (!asks)
        return w->count < LIMIT_TRIE_NODES ? ERR_MEMORY : ERR_LIMIT;
    w->asks = asks;
    w->asks[w->count].place = place;
    memcpy(w->asks[w->count++].digest, digest, TRIE_DIGEST_LEN);
    return ERR_OK;
}

static enum err take_inner(struct walk *w, const struct frontier *ours, struct trie_shape shape,
                           struct trie_place place, const struct trie_node *node)
{
    const uint8_t *theirs = node->body.at;
    enum err err = ERR_OK;

    if (place.depth == LIMIT_TRIE_DEPTH || (shape.bits < 6 && node->children >> (1u << shape.bits)))
        return ERR_FORMAT;
    for (unsigned i = 0; !err && i < 1u << shape.bits; i++) {
        struct trie_place child = trie_child(shape, place, i);
        uint8_t digest[TRIE_DIGEST_LEN];

        if (!(node->children >> i & 1))
            continue;
        bool same = trie_digest(ours, shape, child, digest) && memcmp(digest, theirs, sizeof digest) == 0;
        if (same)
            err = note_ours(w, ours, shape, child);
        else if (!MUTANT(MUTANT_TRIE_SHALLOW) || place.depth == 0)
            err = look_below(w, child, theirs);
        theirs += TRIE_DIGEST_LEN;
    }
    return err;
}

static enum err take(struct walk *w, const struct frontier *ours, struct trie_shape shape, struct trie_place place,
                     const struct trie_node *node)
{
    if (node->kind == TRIE_INNER)
        return take_inner(w, ours, shape, place, node);
    return node->kind == TRIE_LEAF ? note_items(w, node->body) : ERR_OK; /* What took its place its roots will tell. */
}

enum err walk_begin(struct walk *w, const struct frontier *ours, struct trie_shape shape, const struct trie_node *top)
{
    walk_end(w);
    w->open = true;
    return take(w, ours, shape, (struct trie_place){.depth = 0}, top);
}

enum err walk_take(struct walk *w, const struct frontier *ours, struct trie_shape shape, const struct trie_node *node)
{
    uint8_t digest[TRIE_DIGEST_LEN];

    if (w->next == w->end)
        return ERR_FORMAT;
    const struct trie_ask ask = w->asks[w->next++]; /* The array grows below. */
    if (node->kind != TRIE_GONE && !MUTANT(MUTANT_TRIE_BELIEVED)) {
        enum err err = trie_node_digest(node, digest);

        if (err || memcmp(digest, ask.digest, sizeof digest) != 0)
            return err ? err : ERR_AUTH;
    }
    return take(w, ours, shape, ask.place, node);
}

bool walk_ask(struct walk *w, struct buffer *out)
{
    w->end = w->next;
    while (w->end < w->count && w->end - w->next < LIMIT_TRIE_ASKS &&
           w->asks[w->end].place.depth == w->asks[w->next].place.depth)
        trie_write_ask(out, &w->asks[w->end++]);
    w->rounds += w->end > w->next;
    return w->end > w->next;
}

void walk_end(struct walk *w)
{
    free(w->asks);
    free(w->told);
    *w = (struct walk){.open = false};
}

size_t walk_memory(const struct walk *w)
{
    return w->size * sizeof *w->asks + w->told_size * sizeof *w->told;
}
