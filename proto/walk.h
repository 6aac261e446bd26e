/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_WALK_H
#define PROTO_WALK_H

/*
 * A walk down a peer's trie, level by level: where it has what we have, we know what that is; where it has other things, it
 * is asked.  What was told amounts to all that it has, but for what changed there meanwhile.
 */

#include "proto/sorted.h"
#include "proto/trie.h"

struct walk {
    bool open;
    uint32_t request; /* Of what was asked last. */
    unsigned rounds;
    struct sorted asks; /* struct trie_ask: all that this walk asked or will ask for, in that order; those before `next` were answered, ... */
    size_t next, end;   /* ... and those before `end` asked for. */
    struct sorted told; /* struct message_item: what the peer has, as far as it is known by now. */
};

/* Begins at the peer's top.  ERR_FORMAT, ERR_LIMIT: what it told cannot be; ERR_MEMORY. */
enum err walk_begin(struct walk *w, const struct frontier *ours, struct trie_shape shape, const struct trie_node *top);
/*
 * The next node that was asked for.  ERR_AUTH: it has another digest than was told; ERR_FORMAT: it was not asked for;
 * else as above.
 */
enum err walk_take(struct walk *w, const struct frontier *ours, struct trie_shape shape, const struct trie_node *node);
/* Writes what is to be asked next, which counts as one round more.  False: nothing, the walk is at its end. */
bool walk_ask(struct walk *w, struct buffer *out);
void walk_end(struct walk *w); /* Forgets it. */
size_t walk_memory(const struct walk *w);

#endif
