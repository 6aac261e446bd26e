/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"
#include "store/git_house.h"

static bool is_kept(void *context, enum pack_kind kind, const struct sha1 *name, struct bytes object)
{
    return kind != PACK_TREE || !content_tree_is_index(object) || archive_live_has(context, name);
}

/* When anything is damaged, nothing is thrown away. */
void archive_tidy(struct archive *a)
{
    struct archive_live live;

    if (a->broken || !git_house_is_untidy(a->git))
        return;
    enum err err = archive_live_gather(a, true, &live);
    if (!err)
        err = git_house_tidy(a->git, is_kept, &live);
    a->broken = a->broken || err == ERR_IO;
    archive_live_free(&live);
}

void archive_make_room(struct archive *a)
{
    if (a->mode == ARCHIVE_WRITE && !a->broken)
        (void)git_house_make_room(a->git); /* What was not made is made when it is needed. */
}

bool archive_shrink(struct archive *a)
{
    bool more = false;
    enum err err = a->mode == ARCHIVE_WRITE && !a->broken ? git_house_shrink(a->git, &more) : ERR_OK;

    a->broken = a->broken || err == ERR_IO;
    return more;
}
