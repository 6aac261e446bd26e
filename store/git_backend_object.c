/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/git_backend_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/limits.h"

#define OBJECT_MODE 0444
#define HASTY_MAX 256     /* Some GiB: when nobody ever came to compress them, the next are compressed at once. */
#define CHECKED_OBJECTS 4 /* Of a new pack, read by the library; its bytes are compared, all of them. */

static enum err add_name(struct git_backend_names *names, const struct sha1 *name)
{
    if (names->count == names->size) {
        size_t size = names->size ? names->size * 2 : 64;
        struct sha1 *at = realloc(names->at, size * sizeof *at);
        if (!at)
            return ERR_MEMORY;
        names->at = at;
        names->size = size;
    }
    names->at[names->count++] = *name;
    return ERR_OK;
}

void git_backend_name_text(const struct sha1 *name, char text[GIT_BACKEND_NAME_SIZE])
{
    git_oid oid;

    git_oid_fromraw(&oid, name->at);
    git_oid_tostr(text, GIT_BACKEND_NAME_SIZE, &oid);
}

static enum err read_from(struct git_backend *g, git_odb *odb, enum pack_kind *kind, const struct sha1 *name,
                          struct buffer *out)
{
    char text[GIT_BACKEND_NAME_SIZE];
    git_odb_object *object = NULL;
    git_oid oid;

    git_oid_fromraw(&oid, name->at);
    int code = git_odb_read(&object, odb, &oid);
    if (code != 0) {
        git_backend_name_text(name, text);
        return git_backend_fail_git(g, code, ERR_AUTH, text);
    }
    enum err err = ERR_OK;
    switch ((int)git_odb_object_type(object)) {
    case GIT_OBJECT_COMMIT: *kind = PACK_COMMIT; break;
    case GIT_OBJECT_TREE: *kind = PACK_TREE; break;
    case GIT_OBJECT_BLOB: *kind = PACK_BLOB; break;
    default: err = ERR_FORMAT;
    }
    if (!err) {
        buffer_add(out, bytes_of(git_odb_object_data(object), git_odb_object_size(object)));
        err = buffer_error(out);
    }
    git_odb_object_free(object);
    return err;
}

static enum err loose_path(const struct git_backend *g, const struct sha1 *name, char path[FILES_PATH_SIZE])
{
    char text[GIT_BACKEND_NAME_SIZE], part[64];

    git_backend_name_text(name, text);
    snprintf(part, sizeof part, "objects/%.2s/%s", text, text + 2);
    return files_join(path, g->path, part);
}

static enum err read_loose(struct git_backend *g, enum pack_kind *kind, const struct sha1 *name, struct buffer *out)
{
    struct buffer file = BUFFER(PACK_LIMIT);
    char path[FILES_PATH_SIZE], text[GIT_BACKEND_NAME_SIZE];
    size_t start = out->len;
    enum err err = loose_path(g, name, path);

    if (!err)
        err = files_read(path, PACK_LIMIT, &file);
    if (!err)
        err = pack_read_loose(g->pack, buffer_bytes(&file), kind, out);
    if (!err) {
        struct sha1 found = sha1_of_object(pack_kind_name(*kind), bytes_from(buffer_bytes(out), start));
        if (memcmp(found.at, name->at, SHA1_LEN) != 0)
            err = ERR_AUTH;
    }
    buffer_free(&file);
    if (err) {
        if (out->len > start)
            out->len = start;
        git_backend_name_text(name, text);
        return git_backend_fail(g, err, text, err == ERR_AUTH ? "the object is damaged" : err_text(err));
    }
    return ERR_OK;
}

/* A file of its own mends what is damaged in a pack, so it comes first. */
static enum err read_anywhere(struct git_backend *g, enum pack_kind *kind, const struct sha1 *name, struct buffer *out)
{
    enum err loose = read_loose(g, kind, name, out);

    if (loose == ERR_OK || loose == ERR_MEMORY || loose == ERR_LIMIT)
        return loose;
    enum err quick = loose == ERR_MISSING ? packs_read(g->packs, name, kind, out) : ERR_MISSING;
    if (quick != ERR_MISSING)
        return quick;
    enum err packed = read_from(g, g->odb, kind, name, out);
    return packed == ERR_MISSING && loose != ERR_MISSING ? read_loose(g, kind, name, out) : packed;
}

enum err git_backend_read(struct git_backend *g, enum pack_kind kind, const struct sha1 *name, struct buffer *out)
{
    enum pack_kind found = kind;
    enum err err = read_anywhere(g, &found, name, out);

    /* A writer in another process may just have put the object into another pack. */
    if ((err == ERR_AUTH || err == ERR_IO) && git_odb_refresh(g->odb) == 0)
        err = read_anywhere(g, &found, name, out);
    if (!err && found != kind)
        err = git_backend_fail(g, ERR_FORMAT, "an object is not of the kind that was expected", pack_kind_name(found));
    return err;
}

typedef enum err replace_fn(const char *path, struct bytes text, unsigned mode);

/* Of the 256 directories of objects each is made when the first comes into it. */
static enum err make_directory_of(struct git_backend *g, const struct sha1 *name)
{
    char part[16], path[FILES_PATH_SIZE];
    enum err err;

    snprintf(part, sizeof part, "objects/%02x", name->at[0]);
    if ((err = files_join(path, g->path, part)) || (err = files_make_unsynced_directory(path, 0755)))
        return err;
    g->has_new_directory = true;
    return ERR_OK;
}

/* So that a file of an object, which is durable in its directory, can be found there. */
static enum err sync_directories(struct git_backend *g)
{
    char path[FILES_PATH_SIZE];
    enum err err = g->has_new_directory ? files_join(path, g->path, "objects") : ERR_OK;

    if (!err && g->has_new_directory)
        err = files_sync_directory(path);
    g->has_new_directory = g->has_new_directory && err;
    return err;
}

/* Written even when it is there: that mends a damaged file, and settles whether it is durable. */
static enum err write_loose(struct git_backend *g, enum pack_kind kind, struct bytes object, const struct sha1 *name,
                            replace_fn *replace)
{
    char path[FILES_PATH_SIZE];
    struct buffer file = BUFFER(PACK_LIMIT);
    enum err err = pack_loose(g->pack, kind, object, &file);

    if (!err)
        err = loose_path(g, name, path);
    if (!err && (err = replace(path, buffer_bytes(&file), OBJECT_MODE)) == ERR_MISSING &&
        !(err = make_directory_of(g, name)))
        err = replace(path, buffer_bytes(&file), OBJECT_MODE);
    if (!err && replace == files_replace)
        err = sync_directories(g);
    size_t size = file.len;
    buffer_free(&file);
    if (err)
        return git_backend_fail_files(g, err == ERR_MISSING ? ERR_IO : err, "cannot write an object");
    g->counts.loose += size < GIT_BACKEND_LARGE;
    return ERR_OK;
}

enum err git_backend_write_unsynced(struct git_backend *g, enum pack_kind kind, struct bytes object,
                                    const struct sha1 *name)
{
    return write_loose(g, kind, object, name, files_replace_unsynced);
}

enum err git_backend_drop(struct git_backend *g, const struct sha1 *name)
{
    char path[FILES_PATH_SIZE];
    enum err err = loose_path(g, name, path);

    if (!err)
        err = files_remove(path);
    return err ? git_backend_fail_files(g, err, "cannot remove an object") : ERR_OK;
}

enum err git_backend_read_back(struct git_backend *g, enum pack_kind kind, struct bytes object, const struct sha1 *name)
{
    struct buffer copy = BUFFER(object.len);
    enum err err = git_backend_read(g, kind, name, &copy);

    if (!err && !bytes_equal(object, buffer_bytes(&copy)))
        err = ERR_IO;
    buffer_free(&copy);
    return err == ERR_OK || err == ERR_MEMORY
               ? err
               : git_backend_fail(g, ERR_IO, "an object that was written cannot be read", "");
}

/* Opens one pack alone. */
static git_odb *open_pack(const char *index_path)
{
    git_odb *odb = NULL;
    git_odb_backend *backend = NULL;

    if (git_odb_new(&odb) != 0)
        return NULL;
    if (git_odb_backend_one_pack(&backend, index_path) == 0 && git_odb_add_backend(odb, backend, 1) == 0)
        return odb;
    git_odb_free(odb);
    return NULL;
}

/* The bytes on the disk are those that were written, and the library can read them. */
static enum err check_pack(struct git_backend *g, const char *pack_path, struct bytes pack, const char *index_path)
{
    git_odb *odb = open_pack(index_path);
    enum err err = odb ? ERR_OK : git_backend_fail_git(g, GIT_ERROR, ERR_IO, "cannot read a new pack");
    uint32_t stride = pack_count(g->pack) / CHECKED_OBJECTS + 1;

    if (!err && files_compare(pack_path, pack))
        err = git_backend_fail(g, ERR_IO, "a new pack reads otherwise than it was written", "");
    for (uint32_t i = 0; !err && i < pack_count(g->pack); i += stride) {
        git_odb_object *object = NULL;
        git_oid oid;

        git_oid_fromraw(&oid, pack_name(g->pack, i)->at);
        int code = git_odb_read(&object, odb, &oid);
        if (code != 0)
            err = git_backend_fail_git(g, GIT_ERROR, ERR_IO, "cannot read a new pack");
        git_odb_object_free(object);
    }
    git_odb_free(odb);
    return err;
}

enum err git_backend_pack_path(const struct git_backend *g, char path[FILES_PATH_SIZE], const char *name,
                               const char *end)
{
    char part[128];

    snprintf(part, sizeof part, "objects/pack/pack-%.64s%s", name, end);
    return files_join(path, g->path, part);
}

/*
 * The pack first: an index makes it visible.  Until both are whole and durable they lie where stock git looks for no packs: what a crash
 * leaves of an index is none, and git would say so.  Of the two names either alone is swept up after a crash.
 */
static enum err write_pack(struct git_backend *g)
{
    struct bytes pack, index;
    struct sha1 name;
    char text[GIT_BACKEND_NAME_SIZE];
    char from_pack[FILES_PATH_SIZE], from_index[FILES_PATH_SIZE], to_pack[FILES_PATH_SIZE], to_index[FILES_PATH_SIZE];
    enum err err = pack_finish(g->pack, &pack, &index, &name);

    if (err)
        return git_backend_fail(g, err, "cannot close a pack", err_text(err));
    git_backend_name_text(&name, text);
    if ((err = files_join(from_pack, g->path, "objects/" FILES_TEMPORARY "pack.pack")) ||
        (err = files_join(from_index, g->path, "objects/" FILES_TEMPORARY "pack.idx")) ||
        (err = git_backend_pack_path(g, to_pack, text, ".pack")) ||
        (err = git_backend_pack_path(g, to_index, text, ".idx")))
        return git_backend_fail(g, err, "cannot write a pack", err_text(err));
    err = files_stage(from_pack, pack, OBJECT_MODE);
    if (!err)
        err = files_stage(from_index, index, OBJECT_MODE);
    if (err)
        (void)git_backend_fail_files(g, err, "cannot write a pack");
    else
        err = add_name(&g->written, &name);
    if (!err)
        err = check_pack(g, from_pack, pack, from_index);
    if (!err && ((err = files_rename_unsynced(from_pack, to_pack)) || (err = files_rename(from_index, to_index))))
        (void)git_backend_fail_files(g, err, "cannot write a pack");
    if (err) {
        (void)files_remove(from_pack);
        (void)files_remove(from_index);
        return err;
    }
    g->counts.packs += !g->storing;
    g->counts.hasty += g->storing;
    pack_clear(g->pack);
    return git_odb_refresh(g->odb) == 0 ? ERR_OK : git_backend_fail_git(g, GIT_ERROR, ERR_IO, "cannot read a new pack");
}

static void begin(struct git_backend *g, bool storing)
{
    pack_clear(g->pack);
    pack_store(g->pack, storing);
    g->written.count = 0;
    g->gathering = true;
    g->storing = storing;
}

enum err git_backend_begin(struct git_backend *g)
{
    begin(g, g->counts.hasty < HASTY_MAX);
    return ERR_OK;
}

enum err git_backend_begin_compressed(struct git_backend *g)
{
    begin(g, false);
    return ERR_OK;
}

enum err git_backend_add(struct git_backend *g, enum pack_kind kind, struct bytes object, struct sha1 *name)
{
    enum err err;

    *name = sha1_of_object(pack_kind_name(kind), object);
    if (!g->gathering) {
        err = write_loose(g, kind, object, name, files_replace);
        return err ? err : git_backend_read_back(g, kind, object, name);
    }
    if (g->live) {
        git_backend_live_add(g, kind, object);
        return ERR_OK;
    }
    err = pack_add(g->pack, kind, name, object);
    if (err)
        return git_backend_fail(g, err, "cannot gather an object", err_text(err));
    return pack_size(g->pack) >= PACK_FILL ? write_pack(g) : ERR_OK;
}

enum err git_backend_add_early(struct git_backend *g, enum pack_kind kind, struct bytes object, struct sha1 *name)
{
    *name = sha1_of_object(pack_kind_name(kind), object);
    g->has_unnamed = true;
    enum err err = write_loose(g, kind, object, name, files_replace_unnamed);
    return err ? err : git_backend_read_back(g, kind, object, name);
}

enum err git_backend_begin_live(struct git_backend *g)
{
    enum err err = git_backend_begin(g);

    g->live = true;
    buffer_clear(&g->record);
    return err;
}

enum err git_backend_end(struct git_backend *g)
{
    enum err err = ERR_OK;

    if (g->live)
        err = git_backend_live_end(g);
    else if (g->gathering && pack_count(g->pack) > 0)
        err = write_pack(g);
    git_backend_abandon(g);
    return err;
}

void git_backend_abandon(struct git_backend *g)
{
    pack_clear(g->pack);
    buffer_free(&g->record);
    g->gathering = g->live = false;
}

bool git_backend_was_written(const struct git_backend *g, const char *pack)
{
    char text[GIT_BACKEND_NAME_SIZE];

    for (size_t i = 0; i < g->written.count; i++) {
        git_backend_name_text(&g->written.at[i], text);
        if (strcmp(pack, text) == 0)
            return true;
    }
    return false;
}

/* ---- objects, store by store ---- */

static int gather_name(const git_oid *oid, void *context)
{
    struct sha1 name;

    memcpy(name.at, oid->id, SHA1_LEN);
    return add_name(context, &name) ? GIT_EUSER : 0;
}

enum loose_size { LOOSE_ANY, LOOSE_SMALL, LOOSE_LARGE };

struct loose_walk {
    const struct git_backend *g;
    struct git_backend_names *names;
    enum loose_size wanted;
    char start[3];
};

static enum err gather_loose(void *context, const char *name)
{
    const struct loose_walk *walk = context;
    char text[GIT_BACKEND_NAME_SIZE], path[FILES_PATH_SIZE];
    struct sha1 found;
    uint64_t size;
    git_oid oid;

    if (strlen(name) != GIT_BACKEND_NAME_SIZE - 3)
        return ERR_OK;
    snprintf(text, sizeof text, "%.2s%.38s", walk->start, name);
    if (git_oid_fromstr(&oid, text) != 0)
        return ERR_OK;
    memcpy(found.at, oid.id, SHA1_LEN);
    if (walk->wanted != LOOSE_ANY && (loose_path(walk->g, &found, path) || files_size(path, &size) ||
                                      (size >= GIT_BACKEND_LARGE) != (walk->wanted == LOOSE_LARGE)))
        return ERR_OK;
    return add_name(walk->names, &found);
}

static enum err list_loose(const struct git_backend *g, enum loose_size wanted, struct git_backend_names *names)
{
    struct loose_walk walk = {.g = g, .names = names, .wanted = wanted};
    char part[16], path[FILES_PATH_SIZE];
    enum err err = ERR_OK;

    for (unsigned i = 0; !err && i < 256; i++) {
        snprintf(walk.start, sizeof walk.start, "%02x", i & 0xff);
        snprintf(part, sizeof part, "objects/%s", walk.start);
        err = files_join(path, g->path, part);
        if (!err)
            err = files_each(path, gather_loose, &walk);
        if (err == ERR_MISSING)
            err = ERR_OK;
    }
    return err;
}

static enum err each_name(struct git_backend *g, git_odb *odb, const struct git_backend_names *names,
                          git_backend_object_fn *each, void *context)
{
    struct buffer object = BUFFER(PACK_LIMIT);
    enum pack_kind kind = PACK_BLOB;
    enum err err = ERR_OK;

    for (size_t i = 0; !err && i < names->count; i++) {
        buffer_clear(&object);
        const struct sha1 *name = &names->at[i];
        enum err found = odb ? read_from(g, odb, &kind, name, &object) : read_loose(g, &kind, name, &object);
        err = found == ERR_MEMORY ? found : each(context, found, kind, name, buffer_bytes(&object));
    }
    buffer_free(&object);
    return err;
}

enum err git_backend_each_object(struct git_backend *g, const char *pack, git_backend_object_fn *each, void *context)
{
    struct git_backend_names names = {0};
    char path[FILES_PATH_SIZE];
    git_odb *odb = NULL;
    enum err err = pack ? git_backend_pack_path(g, path, pack, ".idx") : list_loose(g, LOOSE_ANY, &names);

    if (!err && pack) {
        odb = open_pack(path);
        if (!odb || git_odb_foreach(odb, gather_name, &names) != 0)
            err = git_backend_fail_git(g, GIT_ERROR, ERR_FORMAT, pack);
    }
    if (!err)
        err = each_name(g, odb, &names, each, context);
    git_odb_free(odb);
    free(names.at);
    return err;
}

enum err git_backend_each_small(struct git_backend *g, git_backend_object_fn *each, void *context)
{
    struct git_backend_names names = {0};
    enum err err = list_loose(g, LOOSE_SMALL, &names);

    if (!err)
        err = each_name(g, NULL, &names, each, context);
    free(names.at);
    return err;
}

enum err git_backend_each_large(struct git_backend *g, git_backend_name_fn *each, void *context)
{
    struct git_backend_names names = {0};
    enum err err = list_loose(g, LOOSE_LARGE, &names);

    for (size_t i = 0; !err && i < names.count; i++)
        err = each(context, &names.at[i]);
    free(names.at);
    return err;
}
