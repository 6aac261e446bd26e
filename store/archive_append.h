/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_ARCHIVE_APPEND_H
#define STORE_ARCHIVE_APPEND_H

/* One append on its way: its objects are gathered (archive_append.c), then the refs of its branches move (archive_append_refs.c). */

#include "proto/content.h"
#include "store/archive_private.h"

/* What an append does to one branch. */
struct change {
    struct archive_branch branch;
    bool is_begun; /* It is there already, and ends in `before`. */
    struct head before, after;
    struct content_tree *contents;
    bool had_contents, has_contents;
    struct sha1 contents_before, contents_after;
};

/* What a content that came is. */
struct digest {
    struct id id;
    enum err err;
};

struct append {
    struct archive *a;
    struct change *changes;
    size_t count, size;
    const struct item *items;
    struct digest *digests;  /* Of each item's content. */
    bool live;               /* Its objects go by the journal, else by a pack. */
    size_t *of;              /* Of each item: which of the changes. */
    struct content *content; /* Room for the one at hand. */
};

/*
 * Moves the refs of all branches that changed, contents before logs, and with them ends what is live.
 * ERR_MEMORY; as git_backend_move(), with the reason in the archive.
 */
enum err append_move_refs(struct append *p);

#endif
