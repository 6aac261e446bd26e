/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"
#include "store/segments.h"
#include "store/git_house.h"
#include "store/index_search.h"

/*
 * Erasing: first the words leave the search, while they can still be read; then the refs lead to the contents no more, then
 * their objects leave the disk, then the index says that they are gone.  A crash between leaves an index that does not say so
 * yet, and all of it is done again.
 */

static enum err cut_content(struct archive *a, const struct archive_place *place)
{
    struct content_tree *tree = NULL;
    struct sha1 before, after;
    char ref[ARCHIVE_REF_SIZE];
    bool any = false;
    enum err err = archive_open_contents(a, &place->branch, &tree, &before);

    if (err)
        return err == ERR_MISSING ? ERR_OK : err;
    err = content_tree_remove(tree, place->seq, &any);
    if (!err && any)
        err = content_tree_write(tree, &after);
    archive_content_ref(&place->branch, ref);
    if (!err && any)
        err = git_backend_move(a->git, ref, &before, &after);
    content_tree_free(tree);
    return err;
}

/* ---- attachments ---- */

struct naming {
    const struct archive_place *places;
    size_t count;
    bool by_another;
};

static enum err note_naming(void *context, const struct index_attachment *attachment)
{
    struct naming *naming = context;
    bool erased = false;

    for (size_t i = 0; i < naming->count; i++)
        erased = erased || id_equal(&naming->places[i].entry, &attachment->entry);
    naming->by_another = naming->by_another || !erased;
    return ERR_OK;
}

struct cut {
    struct archive *a;
    struct naming naming;
};

/* A file goes with the last content that names it. */
static enum err cut_file(void *context, const struct index_attachment *attachment)
{
    struct cut *cut = context;
    struct naming naming = cut->naming;
    enum err err = index_each_naming(cut->a->index, &attachment->digest, note_naming, &naming);

    if (err)
        return archive_fail_index(cut->a, err);
    return naming.by_another ? ERR_OK : archive_forget_file(cut->a, &attachment->digest);
}

/* ---- what stays ---- */

/* Entries stay for ever, and with them the empty tree that they name. */
static bool is_kept(void *context, enum pack_kind kind, const struct sha1 *name, struct bytes object)
{
    return (kind != PACK_TREE && kind != PACK_BLOB) || object.len == 0 || archive_live_has(context, name);
}

/* Everything that no ref leads to leaves the disk.  When anything is damaged, nothing does. */
static enum err sweep(struct archive *a)
{
    struct archive_live live;
    enum err err = archive_live_gather(a, false, &live);

    if (!err)
        err = git_house_sweep(a->git, is_kept, &live);
    archive_live_free(&live);
    return err;
}

/* ---- the words in the index ---- */

static enum err copy_revision(void *context, const struct index_revision *revision)
{
    struct index_revision *copy = context;

    if (!id_equal(&revision->revision, &copy->revision))
        return ERR_OK;
    *copy = (struct index_revision){.document = revision->document,
                                    .revision = revision->revision,
                                    .log = revision->log,
                                    .seq = revision->seq,
                                    .clock = revision->clock,
                                    .kibbutz = revision->kibbutz,
                                    .role = revision->role,
                                    .audience = revision->audience};
    return ERR_OK;
}

static enum err forget_words(struct archive *a, const struct archive_place *place)
{
    struct index_revision revision = {.revision = place->entry};
    struct index_entry row;
    enum err err = index_set_content(a->index, &place->entry, INDEX_ERASED);

    if (!err)
        err = index_forget_attachments(a->index, &place->entry);
    if (!err)
        err = index_find_id(a->index, &place->entry, &row);
    if (!err)
        err = index_each_revision(a->index, &row.document, copy_revision, &revision);
    if (err || id_is_zero(&revision.document)) /* It stands there when its text would have been read. */
        return err;
    return index_add_revision(a->index, &revision);
}

static enum err tell_index(struct archive *a, const struct archive_place places[], size_t count)
{
    enum err err = index_begin(a->index);

    for (size_t i = 0; !err && i < count; i++)
        err = forget_words(a, &places[i]);
    if (!err)
        err = index_commit(a->index);
    if (err)
        index_rollback(a->index);
    else if (!(err = archive_search_catch_up(a)) && !(err = index_search_scrub(a->index)))
        index_scrub(a->index);
    return err ? archive_fail_index(a, err) : ERR_OK;
}

/* First of all: what is gone must not go out again. */
static enum err drop_segments(struct archive *a, const struct archive_place places[], size_t count)
{
    struct segments *segments = a->segments;
    enum err err = segments || !segments_exist(a->home) ? ERR_OK : segments_open(a->home, &segments);

    for (size_t i = 0; !err && segments && i < count; i++)
        segments_drop(segments, &places[i].branch.log, places[i].seq);
    if (segments != a->segments)
        segments_close(segments);
    return err;
}

enum err archive_erase(struct archive *a, const struct archive_place places[], size_t count)
{
    struct cut cut = {.a = a, .naming = {.places = places, .count = count}};
    enum err err = archive_may_write(a);

    if (err || (err = archive_search_forget(a, places, count)))
        return err;
    a->erasures++;
    err = drop_segments(a, places, count);
    for (size_t i = 0; !err && i < count; i++)
        err = cut_content(a, &places[i]);
    for (size_t i = 0; !err && i < count; i++)
        err = index_each_attachment(a->index, &places[i].entry, cut_file, &cut);
    if (!err)
        err = sweep(a);
    if (err) {
        a->broken = a->broken || err == ERR_IO;
        return archive_fail_git(a, err);
    }
    return tell_index(a, places, count);
}
