/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_CONTENT_TREE_H
#define STORE_CONTENT_TREE_H

/* The contents of one log as git trees: <seq div 1000>/<seq>/{manifest,text} (docs/FORMAT.md, 8). */

#include "proto/content.h"
#include "store/git_backend.h"

struct content_tree;

/* Opens the tree that `root` names, or an empty one for NULL.  ERR_FORMAT, ERR_AUTH: it is damaged. */
enum err content_tree_open(struct git_backend *git, const struct sha1 *root, struct content_tree **tree);
void content_tree_free(struct content_tree *t);

/* Whether the content of an entry is there.  Damage counts as absence; the calls below tell. */
bool content_tree_has(struct content_tree *t, uint64_t seq);

/* Appends a content in its packed form, not verified.  ERR_MISSING; ERR_FORMAT, ERR_AUTH: it is damaged. */
enum err content_tree_read(struct content_tree *t, uint64_t seq, struct buffer *packed);

/* Adds objects for a content; only content_tree_write() makes the tree name it. */
enum err content_tree_set(struct content_tree *t, uint64_t seq, const struct content *content);

/* Forgets contents after that seq; says whether there were any. */
enum err content_tree_cut(struct content_tree *t, uint64_t seq, bool *any);

/* Forgets one content; false: it is not there.  Its objects stay until they are swept away. */
enum err content_tree_remove(struct content_tree *t, uint64_t seq, bool *any);

/* Adds the objects of the tree and says the name of its root. */
enum err content_tree_write(struct content_tree *t, struct sha1 *root);

/* Whether a tree is one of those that content_tree_write() makes, and not of a single content. */
bool content_tree_is_index(struct bytes tree);

/* Calls back for the root and the trees below it that content_tree_write() made. */
typedef enum err content_tree_name_fn(void *context, const struct sha1 *name);
enum err content_tree_each_index(struct content_tree *t, content_tree_name_fn *each, void *context);

/* Calls back for a tree and everything that it leads to, files too; what several lead to, several times. */
enum err content_tree_each_object(struct git_backend *git, const struct sha1 *tree, content_tree_name_fn *each,
                                  void *context);

#endif
