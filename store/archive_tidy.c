/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"
#include "store/git_house.h"

#include <stdlib.h>

/* The trees that refs of contents lead to; each append makes new ones and leaves the old behind. */
struct live {
    struct archive *a;
    struct sha1 *at;
    size_t count, size;
};

static enum err add_live(void *context, const struct sha1 *name)
{
    struct live *live = context;

    if (live->count == live->size) {
        size_t size = live->size ? live->size * 2 : 256;
        struct sha1 *at = realloc(live->at, size * sizeof *at);
        if (!at)
            return ERR_MEMORY;
        live->at = at;
        live->size = size;
    }
    live->at[live->count++] = *name;
    return ERR_OK;
}

static enum err gather_log(void *context, const char *part, const struct sha1 *target)
{
    struct live *live = context;
    struct content_tree *tree = NULL;

    (void)part;
    if (!target)
        return ERR_FORMAT;
    enum err err = content_tree_open(live->a->git, target, &tree);
    if (!err)
        err = content_tree_each_index(tree, add_live, live);
    content_tree_free(tree);
    return err;
}

static int compare_names(const void *a, const void *b)
{
    return memcmp(((const struct sha1 *)a)->at, ((const struct sha1 *)b)->at, SHA1_LEN);
}

static bool is_kept(void *context, enum pack_kind kind, const struct sha1 *name, struct bytes object)
{
    const struct live *live = context;

    if (kind != PACK_TREE || !content_tree_is_index(object))
        return true;
    return live->count > 0 && bsearch(name, live->at, live->count, sizeof *live->at, compare_names) != NULL;
}

/* When anything is damaged, nothing is thrown away. */
void archive_tidy(struct archive *a)
{
    struct live live = {.a = a};

    if (a->broken || !git_house_is_untidy(a->git))
        return;
    enum err err = git_backend_each_ref(a->git, ARCHIVE_CONTENT_PREFIX, gather_log, &live);
    if (!err)
        err = git_backend_each_ref(a->git, ARCHIVE_FORK_CONTENT_PREFIX, gather_log, &live);
    if (!err) {
        if (live.count > 0)
            qsort(live.at, live.count, sizeof *live.at, compare_names);
        err = git_house_tidy(a->git, is_kept, &live);
    }
    a->broken = a->broken || err == ERR_IO;
    free(live.at);
}
