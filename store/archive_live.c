/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"

#include <stdlib.h>

/* The objects that refs lead to, so that house-keeping knows which ones nothing does. */

static enum err add(void *context, const struct sha1 *name)
{
    struct archive_live *live = context;

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

/* The trees of contents alone: each append makes new ones and leaves the old behind. */
static enum err gather_index(void *context, const char *part, const struct sha1 *target)
{
    struct archive_live *live = context;
    struct content_tree *tree = NULL;

    (void)part;
    if (!target)
        return ERR_FORMAT;
    enum err err = content_tree_open(live->a->git, target, &tree);
    if (!err)
        err = content_tree_each_index(tree, add, live);
    content_tree_free(tree);
    return err;
}

static enum err gather_all(void *context, const char *part, const struct sha1 *target)
{
    struct archive_live *live = context;

    (void)part;
    return target ? content_tree_each_object(live->a->git, target, add, live) : ERR_FORMAT;
}

static enum err gather_file(void *context, const char *part, const struct sha1 *target)
{
    struct archive_live *live = context;

    (void)part;
    return target ? archive_each_chunk(live->a, target, add, live) : ERR_FORMAT;
}

static int compare_names(const void *a, const void *b)
{
    return memcmp(((const struct sha1 *)a)->at, ((const struct sha1 *)b)->at, SHA1_LEN);
}

static enum err gather_rest(struct archive_live *live)
{
    struct git_backend *git = live->a->git;
    struct sha1 charter;
    enum err err = git_backend_ref(git, ARCHIVE_CHARTER_REF, &charter);

    err = !err ? add(live, &charter) : err == ERR_MISSING ? ERR_OK : err;
    if (!err)
        err = git_backend_each_ref(git, ARCHIVE_FILE_PREFIX, gather_file, live);
    return err ? err : git_backend_each_ref(git, ARCHIVE_PARTIAL_PREFIX, gather_file, live);
}

enum err archive_live_gather(struct archive *a, bool trees_only, struct archive_live *live)
{
    git_backend_ref_fn *each = trees_only ? gather_index : gather_all;

    *live = (struct archive_live){.a = a};
    enum err err = git_backend_each_ref(a->git, ARCHIVE_CONTENT_PREFIX, each, live);
    if (!err)
        err = git_backend_each_ref(a->git, ARCHIVE_FORK_CONTENT_PREFIX, each, live);
    if (!err && !trees_only)
        err = gather_rest(live);
    if (!err && live->count > 0)
        qsort(live->at, live->count, sizeof *live->at, compare_names);
    return err;
}

bool archive_live_has(const struct archive_live *live, const struct sha1 *name)
{
    return live->count > 0 && bsearch(name, live->at, live->count, sizeof *live->at, compare_names) != NULL;
}

void archive_live_free(struct archive_live *live)
{
    free(live->at);
}
