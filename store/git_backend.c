/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/git_backend.h"

#include <errno.h>
#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "store/files.h"
#include "store/git_house.h"

#define COMPRESSION_LEVEL 1 /* 10,000 texts of 6 KB: level 6 takes a quarter longer and saves 6 in 100 bytes. */
#define OBJECT_MODE 0444
#define REF_SIZE 256

struct names {
    struct sha1 *at;
    size_t count, size;
};

struct git_backend {
    git_repository *repository;
    git_odb *odb;
    struct pack *pack;
    bool gathering;
    struct names written; /* Packs, since git_backend_begin(). */
    struct git_backend_counts counts;
    char path[FILES_PATH_SIZE];
    char reason[320];
};

/* The reason of a failure that leaves no object behind. */
static _Thread_local char open_reason[320];

const char *git_backend_reason(const struct git_backend *g)
{
    return g ? g->reason : open_reason;
}

static enum err fail(struct git_backend *g, enum err err, const char *what, const char *detail)
{
    snprintf(g ? g->reason : open_reason, sizeof open_reason, "%s: %.200s", what, detail);
    return err;
}

enum err git_backend_fail(struct git_backend *g, enum err err, const char *what, const char *detail)
{
    return fail(g, err, what, detail);
}

static enum err fail_files(struct git_backend *g, enum err err, const char *what)
{
    bool system = err == ERR_IO || err == ERR_FULL || err == ERR_MISSING;

    return fail(g, err, what, system && errno != 0 ? strerror(errno) : err_text(err));
}

/* The library tells the system's error only as the end of a sentence. */
static bool ends_with_error(const char *message, int number)
{
    const char *text = strerror(number);
    size_t len = strlen(text), message_len = strlen(message);

    return message_len >= len && strcmp(message + message_len - len, text) == 0;
}

static enum err fail_git(struct git_backend *g, int code, enum err otherwise, const char *what)
{
    const git_error *last = git_error_last();
    const char *message = last && last->message ? last->message : "no reason was given";
    enum err err = otherwise;

    if (code == GIT_ENOTFOUND)
        err = ERR_MISSING;
    else if (code == GIT_EEXISTS || code == GIT_EMODIFIED)
        err = ERR_FORK;
    else if (code == GIT_ELOCKED)
        err = ERR_BUSY;
    else if (last && last->klass == GIT_ERROR_NOMEMORY)
        err = ERR_MEMORY;
    else if (ends_with_error(message, ENOSPC) || ends_with_error(message, EDQUOT) || ends_with_error(message, EROFS))
        err = ERR_FULL;
    else if (last && last->klass == GIT_ERROR_OS)
        err = ERR_IO;
    return fail(g, err, what, message);
}

/*
 * Options are the process's, so every opening sets them again.  No cache: what is read back must come from the file.
 * No configuration of the machine or the user.  The owner is not asked: the path is given, never searched for, nothing
 * in the repository is run, and the reader may run as another user.
 */
static void start_library(void)
{
    static const int levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG,
                                 GIT_CONFIG_LEVEL_GLOBAL};

    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
    /* Refs are moved to what was just read back; asking again would have the library read files of objects. */
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 0);
    git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
}

/* ---- making and opening ---- */

static int write_configuration(git_repository *repository)
{
    static const char *const settings[][2] = {
        {"core.fsync", "all"},
        {"core.fsyncMethod", "fsync"},
        {"core.logAllRefUpdates", "false"},
        {"gc.auto", "0"},
        {"maintenance.auto", "false"},
        {"receive.fsckObjects", "true"},
        {"transfer.fsckObjects", "true"},
        {"receive.denyNonFastForwards", "true"},
    };
    git_config *config = NULL;
    int code = git_repository_config(&config, repository);

    for (size_t i = 0; code == 0 && i < sizeof settings / sizeof settings[0]; i++)
        code = git_config_set_string(config, settings[i][0], settings[i][1]);
    git_config_free(config);
    return code;
}

enum err git_backend_create(const char *path)
{
    git_repository_init_options options = {.version = GIT_REPOSITORY_INIT_OPTIONS_VERSION};
    git_repository *repository = NULL;

    if (files_exists(path))
        return fail(NULL, ERR_EXISTS, "cannot make the repository", "something of that name is there");
    start_library();
    options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_REINIT | GIT_REPOSITORY_INIT_MKDIR;
    options.initial_head = "main";
    int code = git_repository_init_ext(&repository, path, &options);
    if (code == 0)
        code = write_configuration(repository);
    enum err err = code == 0 ? ERR_OK : fail_git(NULL, code, ERR_IO, "cannot make the repository");
    git_repository_free(repository);
    git_libgit2_shutdown();
    if (!err) {
        err = git_house_make_directories(path);
        /* The library does not sync what it makes here. */
        if (!err)
            err = files_sync_system(path);
        if (err)
            (void)fail_files(NULL, err, "cannot make the repository");
    }
    return err;
}

static int open_repository(struct git_backend *g)
{
    char path[FILES_PATH_SIZE];
    git_odb_backend *packs = NULL;
    int code = git_repository_open_bare(&g->repository, g->path);

    if (code == 0)
        code = files_join(path, g->path, "objects") ? GIT_ERROR : git_odb_new(&g->odb);
    if (code == 0)
        code = git_odb_backend_pack(&packs, path);
    return code == 0 ? git_odb_add_backend(g->odb, packs, 1) : code;
}

static void close_repository(struct git_backend *g)
{
    git_odb_free(g->odb);
    git_repository_free(g->repository);
    g->odb = NULL;
    g->repository = NULL;
}

enum err git_backend_reopen(struct git_backend *g)
{
    close_repository(g);
    return open_repository(g) == 0 ? ERR_OK : fail_git(g, GIT_ERROR, ERR_IO, "cannot open the repository again");
}

struct git_backend_counts *git_backend_counts(struct git_backend *g)
{
    return &g->counts;
}

const char *git_backend_path(const struct git_backend *g)
{
    return g->path;
}

enum err git_backend_open(const char *path, bool write, struct git_backend **backend)
{
    char part[FILES_PATH_SIZE];

    *backend = NULL;
    if (!files_is_directory(path))
        return fail(NULL, ERR_MISSING, "no repository", path);
    /* Before anything is swept up in it. */
    if (files_join(part, path, "objects") || !files_is_directory(part) || files_join(part, path, "refs") ||
        !files_is_directory(part))
        return fail(NULL, ERR_FORMAT, "not a repository", path);
    struct git_backend *g = calloc(1, sizeof *g);
    char damaged[GIT_BACKEND_NAME_SIZE];
    if (!g)
        return ERR_MEMORY;
    start_library();
    enum err err = snprintf(g->path, sizeof g->path, "%s", path) < (int)sizeof g->path ? ERR_OK : ERR_LIMIT;
    if (!err && write)
        err = git_house_clean_up(g->path, &g->counts);
    if (err)
        (void)fail_files(NULL, err, "cannot clean up the repository");
    if (!err && (err = git_house_check_indexes(g->path, damaged)) == ERR_FORMAT)
        (void)fail(NULL, err, "the index of a pack is damaged; 'git index-pack' makes it anew", damaged);
    g->pack = err ? NULL : pack_new(COMPRESSION_LEVEL);
    if (!err && !g->pack)
        err = ERR_MEMORY;
    if (!err) {
        int code = open_repository(g);
        if (code != 0)
            err = fail_git(NULL, code == GIT_ENOTFOUND ? GIT_ERROR : code, ERR_FORMAT, "cannot open the repository");
    }
    if (err) {
        git_backend_close(g);
        return err;
    }
    *backend = g;
    return ERR_OK;
}

void git_backend_close(struct git_backend *g)
{
    if (!g)
        return;
    close_repository(g);
    pack_free(g->pack);
    free(g->written.at);
    free(g);
    git_libgit2_shutdown();
}

/* ---- objects ---- */

static enum err add_name(struct names *names, const struct sha1 *name)
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

static git_object_t type_of(enum pack_kind kind)
{
    switch (kind) {
    case PACK_COMMIT: return GIT_OBJECT_COMMIT;
    case PACK_TREE: return GIT_OBJECT_TREE;
    case PACK_BLOB: return GIT_OBJECT_BLOB;
    }
    return GIT_OBJECT_INVALID;
}

void git_backend_name_text(const struct sha1 *name, char text[GIT_BACKEND_NAME_SIZE])
{
    git_oid oid;

    git_oid_fromraw(&oid, name->at);
    git_oid_tostr(text, GIT_BACKEND_NAME_SIZE, &oid);
}

enum err git_backend_name(struct git_backend *g, enum pack_kind kind, struct bytes object, struct sha1 *name)
{
    git_oid oid;
    int code = git_odb_hash(&oid, object.len ? object.at : (const uint8_t *)"", object.len, type_of(kind));

    if (code != 0)
        return fail_git(g, code, ERR_AUTH, "cannot name an object");
    memcpy(name->at, oid.id, SHA1_LEN);
    return ERR_OK;
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
        return fail_git(g, code, ERR_AUTH, text);
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
    struct sha1 found;
    size_t start = out->len;
    enum err err = loose_path(g, name, path);

    if (!err)
        err = files_read(path, PACK_LIMIT, &file);
    if (!err)
        err = pack_read_loose(g->pack, buffer_bytes(&file), kind, out);
    if (!err)
        err = git_backend_name(g, *kind, bytes_from(buffer_bytes(out), start), &found);
    if (!err && memcmp(found.at, name->at, SHA1_LEN) != 0)
        err = ERR_AUTH;
    buffer_free(&file);
    if (err) {
        if (out->len > start)
            out->len = start;
        git_backend_name_text(name, text);
        return fail(g, err, text, err == ERR_AUTH ? "the object is damaged" : err_text(err));
    }
    return ERR_OK;
}

/* A file of its own mends what is damaged in a pack, so it comes first. */
static enum err read_anywhere(struct git_backend *g, enum pack_kind *kind, const struct sha1 *name, struct buffer *out)
{
    enum err loose = read_loose(g, kind, name, out);

    if (loose == ERR_OK || loose == ERR_MEMORY || loose == ERR_LIMIT)
        return loose;
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
        err = fail(g, ERR_FORMAT, "an object is not of the kind that was expected", pack_kind_name(found));
    return err;
}

/* Written even when it is there: that mends a damaged file, and settles whether it is durable. */
static enum err write_loose(struct git_backend *g, enum pack_kind kind, struct bytes object, const struct sha1 *name)
{
    char path[FILES_PATH_SIZE];
    struct buffer file = BUFFER(PACK_LIMIT);
    enum err err = pack_loose(g->pack, kind, object, &file);

    if (!err)
        err = loose_path(g, name, path);
    if (!err)
        err = files_replace(path, buffer_bytes(&file), OBJECT_MODE);
    buffer_free(&file);
    if (err)
        return fail_files(g, err == ERR_MISSING ? ERR_IO : err, "cannot write an object");
    g->counts.loose++;
    return ERR_OK;
}

static enum err read_back(struct git_backend *g, enum pack_kind kind, struct bytes object, const struct sha1 *name)
{
    struct buffer copy = BUFFER(object.len);
    enum err err = git_backend_read(g, kind, name, &copy);

    if (!err && !bytes_equal(object, buffer_bytes(&copy)))
        err = ERR_IO;
    buffer_free(&copy);
    return err == ERR_OK || err == ERR_MEMORY ? err : fail(g, ERR_IO, "an object that was written cannot be read", "");
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

/* Lets the library read every object of a new pack before anything relies on it. */
static enum err check_pack(struct git_backend *g, const char *index_path)
{
    git_odb *odb = open_pack(index_path);
    enum err err = odb ? ERR_OK : fail_git(g, GIT_ERROR, ERR_IO, "cannot read a new pack");

    for (uint32_t i = 0; !err && i < pack_count(g->pack); i++) {
        git_odb_object *object = NULL;
        git_oid oid;

        git_oid_fromraw(&oid, pack_name(g->pack, i)->at);
        int code = git_odb_read(&object, odb, &oid);
        if (code != 0)
            err = fail_git(g, GIT_ERROR, ERR_IO, "cannot read a new pack");
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

/* The pack first: an index makes it visible. */
static enum err write_pack(struct git_backend *g)
{
    struct bytes pack, index;
    struct sha1 name;
    char text[GIT_BACKEND_NAME_SIZE];
    char from_pack[FILES_PATH_SIZE], from_index[FILES_PATH_SIZE], to_pack[FILES_PATH_SIZE], to_index[FILES_PATH_SIZE];
    enum err err = pack_finish(g->pack, &pack, &index, &name);

    if (err)
        return fail(g, err, "cannot close a pack", err_text(err));
    git_backend_name_text(&name, text);
    if ((err = files_join(from_pack, g->path, "objects/pack/" FILES_TEMPORARY "pack.pack")) ||
        (err = files_join(from_index, g->path, "objects/pack/" FILES_TEMPORARY "pack.idx")) ||
        (err = git_backend_pack_path(g, to_pack, text, ".pack")) ||
        (err = git_backend_pack_path(g, to_index, text, ".idx")))
        return fail(g, err, "cannot write a pack", err_text(err));
    err = files_stage(from_pack, pack, OBJECT_MODE);
    if (!err)
        err = files_stage(from_index, index, OBJECT_MODE);
    if (err)
        (void)fail_files(g, err, "cannot write a pack");
    else
        err = add_name(&g->written, &name);
    if (!err)
        err = check_pack(g, from_index);
    if (!err && ((err = files_rename(from_pack, to_pack)) || (err = files_rename(from_index, to_index))))
        (void)fail_files(g, err, "cannot write a pack");
    if (err) {
        (void)files_remove(from_pack);
        (void)files_remove(from_index);
        return err;
    }
    g->counts.packs++;
    pack_clear(g->pack);
    return git_odb_refresh(g->odb) == 0 ? ERR_OK : fail_git(g, GIT_ERROR, ERR_IO, "cannot read a new pack");
}

enum err git_backend_begin(struct git_backend *g)
{
    pack_clear(g->pack);
    g->written.count = 0;
    g->gathering = true;
    return ERR_OK;
}

enum err git_backend_add(struct git_backend *g, enum pack_kind kind, struct bytes object, struct sha1 *name)
{
    enum err err = git_backend_name(g, kind, object, name);

    if (err)
        return err;
    if (!g->gathering) {
        err = write_loose(g, kind, object, name);
        return err ? err : read_back(g, kind, object, name);
    }
    err = pack_add(g->pack, kind, name, object);
    if (err)
        return fail(g, err, "cannot gather an object", err_text(err));
    return pack_size(g->pack) >= PACK_FILL ? write_pack(g) : ERR_OK;
}

enum err git_backend_end(struct git_backend *g)
{
    enum err err = g->gathering && pack_count(g->pack) > 0 ? write_pack(g) : ERR_OK;

    git_backend_abandon(g);
    return err;
}

void git_backend_abandon(struct git_backend *g)
{
    pack_clear(g->pack);
    g->gathering = false;
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

struct loose_walk {
    struct names *names;
    char start[3];
};

static enum err gather_loose(void *context, const char *name)
{
    const struct loose_walk *walk = context;
    char text[GIT_BACKEND_NAME_SIZE];
    struct sha1 found;
    git_oid oid;

    if (strlen(name) != GIT_BACKEND_NAME_SIZE - 3)
        return ERR_OK;
    snprintf(text, sizeof text, "%.2s%.38s", walk->start, name);
    if (git_oid_fromstr(&oid, text) != 0)
        return ERR_OK;
    memcpy(found.at, oid.id, SHA1_LEN);
    return add_name(walk->names, &found);
}

static enum err list_loose(const struct git_backend *g, struct names *names)
{
    struct loose_walk walk = {.names = names};
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

static enum err each_name(struct git_backend *g, git_odb *odb, const struct names *names, git_backend_object_fn *each,
                          void *context)
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
    struct names names = {0};
    char path[FILES_PATH_SIZE];
    git_odb *odb = NULL;
    enum err err = pack ? git_backend_pack_path(g, path, pack, ".idx") : list_loose(g, &names);

    if (!err && pack) {
        odb = open_pack(path);
        if (!odb || git_odb_foreach(odb, gather_name, &names) != 0)
            err = fail_git(g, GIT_ERROR, ERR_FORMAT, pack);
    }
    if (!err)
        err = each_name(g, odb, &names, each, context);
    git_odb_free(odb);
    free(names.at);
    return err;
}

/* ---- refs ---- */

enum err git_backend_ref(struct git_backend *g, const char *ref, struct sha1 *target)
{
    git_oid oid;
    int code = git_reference_name_to_id(&oid, g->repository, ref);

    if (code != 0)
        return fail_git(g, code, ERR_FORMAT, ref);
    memcpy(target->at, oid.id, SHA1_LEN);
    return ERR_OK;
}

enum err git_backend_move(struct git_backend *g, const char *ref, const struct sha1 *from, const struct sha1 *to)
{
    git_reference *reference = NULL;
    git_oid old, new;
    struct sha1 now;
    int code;

    git_oid_fromraw(&new, to->at);
    if (from) {
        git_oid_fromraw(&old, from->at);
        code = git_reference_create_matching(&reference, g->repository, ref, &new, 1, &old, NULL);
    } else
        code = git_reference_create(&reference, g->repository, ref, &new, 0, NULL);
    git_reference_free(reference);
    if (code != 0)
        return fail_git(g, code == GIT_ENOTFOUND ? GIT_EMODIFIED : code, ERR_IO, "cannot move a ref");
    enum err err = git_backend_ref(g, ref, &now);
    if (err || memcmp(now.at, to->at, SHA1_LEN) != 0)
        return fail(g, ERR_IO, "a ref that was moved cannot be read", ref);
    return ERR_OK;
}

struct each_ref {
    struct git_backend *g;
    const char *prefix;
    git_backend_ref_fn *each;
    void *context;
};

/* The library's iterator passes over refs that it cannot read. */
static enum err damaged_ref(void *context, const char *part)
{
    const struct each_ref *e = context;
    char ref[REF_SIZE];
    struct sha1 target;

    if (git_house_is_left_over(part))
        return ERR_OK;
    snprintf(ref, sizeof ref, "%s%s", e->prefix, part);
    enum err err = git_backend_ref(e->g, ref, &target);
    return err ? e->each(e->context, part, NULL) : ERR_OK;
}

enum err git_backend_each_ref(struct git_backend *g, const char *prefix, git_backend_ref_fn *each, void *context)
{
    char glob[REF_SIZE], path[FILES_PATH_SIZE];
    git_reference_iterator *iterator = NULL;
    git_reference *reference = NULL;
    enum err err = ERR_OK;
    int code;

    snprintf(glob, sizeof glob, "%s*", prefix);
    code = git_reference_iterator_glob_new(&iterator, g->repository, glob);
    while (code == 0 && !err && (code = git_reference_next(&reference, iterator)) == 0) {
        const git_oid *oid = git_reference_target(reference);
        struct sha1 target;

        if (oid) {
            memcpy(target.at, oid->id, SHA1_LEN);
            err = each(context, git_reference_name(reference) + strlen(prefix), &target);
        }
        git_reference_free(reference);
    }
    if (!err && code != GIT_ITEROVER)
        err = fail_git(g, GIT_ERROR, ERR_FORMAT, "cannot read the refs");
    git_reference_iterator_free(iterator);
    if (err || (err = files_join(path, g->path, prefix)))
        return err;
    err = files_each(path, damaged_ref, &(struct each_ref){g, prefix, each, context});
    return err == ERR_MISSING ? ERR_OK : err;
}
