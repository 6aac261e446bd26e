/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"
#include "store/git_house.h"

#define UNTENDED 4 /* So many times too much: nobody comes to tidy up when nothing else is to be done. */

static bool is_kept(void *context, enum pack_kind kind, const struct sha1 *name, struct bytes object)
{
    return kind != PACK_TREE || !content_tree_is_index(object) || archive_live_has(context, name);
}

/* When anything is damaged, nothing is thrown away. */
static enum err tidy(struct archive *a)
{
    struct archive_live live;
    enum err err = archive_live_gather(a, true, &live);

    if (!err)
        err = git_house_tidy(a->git, is_kept, &live);
    a->broken = a->broken || err == ERR_IO;
    archive_live_free(&live);
    return err;
}

void archive_tidy(struct archive *a)
{
    if (!a->broken && git_house_is_untidy(a->git, UNTENDED))
        (void)tidy(a);
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
    if (a->mode != ARCHIVE_WRITE || a->broken || more || !git_house_is_untidy(a->git, 1))
        return more;
    return tidy(a) == ERR_OK && git_house_is_untidy(a->git, 1);
}
