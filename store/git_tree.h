/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_GIT_TREE_H
#define STORE_GIT_TREE_H

/* The bytes of git trees, of which two modes are in use (docs/FORMAT.md, 8).  The caller keeps git's order of names. */

#include "proto/buffer.h"
#include "proto/sha1.h"

#define GIT_TREE_FILE "100644"
#define GIT_TREE_TREE "40000"

struct git_tree_entry {
    struct bytes mode, name; /* Lent from the tree. */
    struct sha1 object;
};

/* Takes the next entry; false, and nothing taken, when there is none whole. */
bool git_tree_next(struct bytes *rest, struct git_tree_entry *entry);
void git_tree_put(struct buffer *out, const char *mode, const char *name, const struct sha1 *object);

#endif
