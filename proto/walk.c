/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/walk.h"

#include <stdlib.h>

#include "proto/limits.h"
#include "proto/mutant.h"

#define TOLD_MAX (LIMIT_LOGS + LIMIT_FORKS)

static enum err note(struct walk *w, const struct message_item *item)
{
    return w->told.count < TOLD_MAX ? sorted_append(&w->told, item) : ERR_LIMIT;
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
    struct trie_ask ask = {.place = place};

    memcpy(ask.digest, digest, TRIE_DIGEST_LEN);
    return w->asks.count < LIMIT_TRIE_NODES ? sorted_append(&w->asks, &ask) : ERR_LIMIT;
}

static const struct trie_ask *ask_at(const struct walk *w, size_t place)
{
    return sorted_at(&w->asks, place);
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
    *w = (struct walk){
        .open = true, .asks.item_size = sizeof(struct trie_ask), .told.item_size = sizeof(struct message_item)};
    return take(w, ours, shape, (struct trie_place){.depth = 0}, top);
}

enum err walk_take(struct walk *w, const struct frontier *ours, struct trie_shape shape, const struct trie_node *node)
{
    uint8_t digest[TRIE_DIGEST_LEN];

    if (w->next == w->end)
        return ERR_FORMAT;
    const struct trie_ask ask = *ask_at(w, w->next++); /* The array grows below. */
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
    while (w->end < w->asks.count && w->end - w->next < LIMIT_TRIE_ASKS &&
           ask_at(w, w->end)->place.depth == ask_at(w, w->next)->place.depth)
        trie_write_ask(out, ask_at(w, w->end++));
    w->rounds += w->end > w->next;
    return w->end > w->next;
}

void walk_end(struct walk *w)
{
    free(w->asks.at);
    free(w->told.at);
    *w = (struct walk){.open = false};
}

size_t walk_memory(const struct walk *w)
{
    return w->asks.size * w->asks.item_size + w->told.size * w->told.item_size;
}
