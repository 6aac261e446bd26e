/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/git_backend.h"

#include <errno.h>
#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "store/files.h"

#define COMPRESSION_LEVEL 1             /* Measured on 6 KB texts: five times as fast as 6 for a tenth more bytes. */
#define OBJECT_MODE 0444
#define SMALL_PACK MIB(32)
#define PACK_COUNT_MAX 40               /* A miss looks through every pack, and opening does. */
#define LOOSE_COUNT_MAX 6000            /* As stock git: a file takes a block each. */
#define INDEX_LIMIT (UINT64_C(1) << 30)
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
    size_t pack_count;  /* Small ones; about. */
    size_t loose_count; /* About. */
    char path[FILES_PATH_SIZE];
    char reason[320];
};

/* The reason of a failure that leaves no object behind. */
static _Thread_local char open_reason[320];

static const char *const directories[] = {"refs/igum", "refs/igum/log", "refs/igum/content"};
static const char *const synced[] = {"objects", "objects/pack", "refs", "refs/igum", "refs/igum/log", "refs/igum/content"};

const char *git_backend_reason(const struct git_backend *g)
{
    return g ? g->reason : open_reason;
}

static enum err fail(struct git_backend *g, enum err err, const char *what, const char *detail)
{
    snprintf(g ? g->reason : open_reason, sizeof open_reason, "%s: %.200s", what, detail);
    return err;
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
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 1);
    git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
}

/* ---- making and opening ---- */

static int write_configuration(git_repository *repository)
{
    static const char *const settings[][2] = {
        {"core.fsync", "all"},          {"core.fsyncMethod", "fsync"},     {"core.logAllRefUpdates", "false"},
        {"gc.auto", "0"},               {"maintenance.auto", "false"},     {"receive.fsckObjects", "true"},
        {"transfer.fsckObjects", "true"}, {"receive.denyNonFastForwards", "true"},
    };
    git_config *config = NULL;
    int code = git_repository_config(&config, repository);

    for (size_t i = 0; code == 0 && i < sizeof settings / sizeof settings[0]; i++)
        code = git_config_set_string(config, settings[i][0], settings[i][1]);
    git_config_free(config);
    return code;
}

/* Makes what later writes expect to be there, so that no one of them has to make a directory durable. */
static enum err make_directories(const char *path)
{
    char name[32], full[FILES_PATH_SIZE];
    enum err err = ERR_OK;
    size_t count = sizeof directories / sizeof directories[0];

    for (unsigned i = 0; !err && i < count + 257; i++) {
        if (i < count)
            snprintf(name, sizeof name, "%s", directories[i]);
        else if (i < count + 256)
            snprintf(name, sizeof name, "objects/%02x", i - (unsigned)count);
        else
            snprintf(name, sizeof name, "objects/pack");
        err = files_join(full, path, name);
        if (!err && !files_is_directory(full))
            err = files_make_directory(full, 0755);
    }
    return err;
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
        err = make_directories(path);
        /* The library does not sync what it makes here. */
        if (!err)
            err = files_sync_system(path);
        if (err)
            (void)fail_files(NULL, err, "cannot make the repository");
    }
    return err;
}

static bool starts_with(const char *name, const char *start)
{
    return strncmp(name, start, strlen(start)) == 0;
}

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), end_len = strlen(end);

    return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

static bool is_left_over(const char *name)
{
    return ends_with(name, ".lock") || starts_with(name, "tmp_") || starts_with(name, "pack_git2_") ||
           starts_with(name, ".tmp-");
}

struct sweep {
    struct git_backend *g;
    const char *path;
};

/* A crash between two renames leaves half of a pack; what is in it was never relied on. */
static bool is_half_of_pack(const char *path)
{
    char other[FILES_PATH_SIZE];
    size_t len = strlen(path);
    bool pack = ends_with(path, ".pack"), index = ends_with(path, ".idx");

    if (!pack && !index)
        return false;
    len -= strlen(pack ? ".pack" : ".idx");
    memcpy(other, path, len);
    snprintf(other + len, sizeof other - len, "%s", pack ? ".idx" : ".pack");
    return !files_exists(other);
}

static enum err sweep_name(void *context, const char *name)
{
    const struct sweep *s = context;
    char path[FILES_PATH_SIZE];
    uint64_t size;

    if (strlen(name) == 38) {
        s->g->loose_count++;
        return ERR_OK;
    }
    enum err err = files_join(path, s->path, name);
    if (err)
        return err;
    if (is_left_over(name) || is_half_of_pack(path))
        return files_remove(path);
    if (ends_with(name, ".pack") && files_size(path, &size) == ERR_OK && size < SMALL_PACK)
        s->g->pack_count++;
    return files_is_directory(path) ? files_each(path, sweep_name, &(struct sweep){s->g, path}) : ERR_OK;
}

/*
 * What a crash left, and what it may have left unsynced: a name that is seen now and was not durable yet must not be
 * lost later, when others rely on it.
 */
static enum err clean_up(struct git_backend *g)
{
    char path[FILES_PATH_SIZE];
    enum err err = files_each(g->path, sweep_name, &(struct sweep){g, g->path});

    if (!err)
        err = make_directories(g->path);
    for (size_t i = 0; !err && i < sizeof synced / sizeof synced[0]; i++) {
        err = files_join(path, g->path, synced[i]);
        if (!err)
            err = files_sync_directory(path);
    }
    return err ? fail_files(NULL, err, "cannot clean up the repository") : ERR_OK;
}

static int open_repository(struct git_backend *g)
{
    int code = git_repository_open_bare(&g->repository, g->path);

    return code == 0 ? git_repository_odb(&g->odb, g->repository) : code;
}

static void close_repository(struct git_backend *g)
{
    git_odb_free(g->odb);
    git_repository_free(g->repository);
    g->odb = NULL;
    g->repository = NULL;
}

enum err git_backend_open(const char *path, bool write, struct git_backend **backend)
{
    *backend = NULL;
    if (!files_is_directory(path))
        return fail(NULL, ERR_MISSING, "no repository", path);
    struct git_backend *g = calloc(1, sizeof *g);
    if (!g)
        return ERR_MEMORY;
    start_library();
    enum err err = snprintf(g->path, sizeof g->path, "%s", path) < (int)sizeof g->path ? ERR_OK : ERR_LIMIT;
    if (!err && write)
        err = clean_up(g);
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

static void name_text(const struct sha1 *name, char text[GIT_OID_HEXSZ + 1])
{
    git_oid oid;

    git_oid_fromraw(&oid, name->at);
    git_oid_tostr(text, GIT_OID_HEXSZ + 1, &oid);
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
    char text[GIT_OID_HEXSZ + 1];
    git_odb_object *object = NULL;
    git_oid oid;

    git_oid_fromraw(&oid, name->at);
    int code = git_odb_read(&object, odb, &oid);
    if (code != 0) {
        name_text(name, text);
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

enum err git_backend_read(struct git_backend *g, enum pack_kind kind, const struct sha1 *name, struct buffer *out)
{
    enum pack_kind found = kind;
    enum err err = read_from(g, g->odb, &found, name, out);

    /* A writer in another process may just have put the object into another pack. */
    if ((err == ERR_AUTH || err == ERR_IO) && git_odb_refresh(g->odb) == 0)
        err = read_from(g, g->odb, &found, name, out);
    if (!err && found != kind)
        err = fail(g, ERR_FORMAT, "an object is not of the kind that was expected", pack_kind_name(found));
    return err;
}

/* Written even when it is there: that mends a damaged file, and settles whether it is durable. */
static enum err write_loose(struct git_backend *g, enum pack_kind kind, struct bytes object, const struct sha1 *name)
{
    char text[GIT_OID_HEXSZ + 1], part[64], path[FILES_PATH_SIZE];
    struct buffer file = BUFFER(PACK_LIMIT);

    name_text(name, text);
    snprintf(part, sizeof part, "objects/%.2s/%s", text, text + 2);
    enum err err = pack_loose(g->pack, kind, object, &file);
    if (!err)
        err = files_join(path, g->path, part);
    if (!err)
        err = files_replace(path, buffer_bytes(&file), OBJECT_MODE);
    buffer_free(&file);
    if (err)
        return fail_files(g, err == ERR_MISSING ? ERR_IO : err, "cannot write an object");
    g->loose_count++;
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

static enum err pack_path(struct git_backend *g, char path[FILES_PATH_SIZE], const char *name, const char *end)
{
    char part[128];

    snprintf(part, sizeof part, "objects/pack/%s%s", name, end);
    return files_join(path, g->path, part);
}

/* The pack first: an index makes it visible. */
static enum err write_pack(struct git_backend *g)
{
    struct bytes pack, index;
    struct sha1 name;
    char text[GIT_OID_HEXSZ + 1], final[64];
    char from_pack[FILES_PATH_SIZE], from_index[FILES_PATH_SIZE], to_pack[FILES_PATH_SIZE], to_index[FILES_PATH_SIZE];
    enum err err = pack_finish(g->pack, &pack, &index, &name);

    if (err)
        return fail(g, err, "cannot close a pack", err_text(err));
    name_text(&name, text);
    snprintf(final, sizeof final, "pack-%s", text);
    if ((err = pack_path(g, from_pack, "tmp_pack", ".pack")) || (err = pack_path(g, from_index, "tmp_pack", ".idx")) ||
        (err = pack_path(g, to_pack, final, ".pack")) || (err = pack_path(g, to_index, final, ".idx")))
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
    g->pack_count++;
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

    if (ends_with(part, ".lock") || starts_with(part, FILES_TEMPORARY))
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

/* ---- house-keeping ---- */

static int gather_name(const git_oid *oid, void *context)
{
    struct sha1 name;

    memcpy(name.at, oid->id, SHA1_LEN);
    return add_name(context, &name) ? GIT_EUSER : 0;
}

static git_odb *open_loose(struct git_backend *g)
{
    char path[FILES_PATH_SIZE];
    git_odb *odb = NULL;
    git_odb_backend *backend = NULL;

    if (files_join(path, g->path, "objects") || git_odb_new(&odb) != 0)
        return NULL;
    if (git_odb_backend_loose(&backend, path, 1, 1, 0755, OBJECT_MODE) == 0 && git_odb_add_backend(odb, backend, 1) == 0)
        return odb;
    git_odb_free(odb);
    return NULL;
}

struct pack_file {
    char name[64]; /* Without its ending. */
    uint64_t size;
};

struct pack_files {
    struct git_backend *g;
    struct pack_file *at;
    size_t count, size;
};

static enum err gather_pack(void *context, const char *name)
{
    struct pack_files *files = context;
    char path[FILES_PATH_SIZE];

    if (!ends_with(name, ".pack") || !starts_with(name, "pack-") || strlen(name) >= sizeof files->at->name)
        return ERR_OK;
    if (files->count == files->size) {
        size_t size = files->size ? files->size * 2 : 64;
        struct pack_file *at = realloc(files->at, size * sizeof *at);
        if (!at)
            return ERR_MEMORY;
        files->at = at;
        files->size = size;
    }
    struct pack_file *file = &files->at[files->count];
    snprintf(file->name, sizeof file->name, "%.*s", (int)(strlen(name) - strlen(".pack")), name);
    enum err err = pack_path(files->g, path, file->name, ".pack");
    if (!err)
        err = files_size(path, &file->size);
    if (!err)
        files->count++;
    return err;
}

static int compare_packs(const void *a, const void *b)
{
    const struct pack_file *left = a, *right = b;

    return (left->size > right->size) - (left->size < right->size);
}

/* The packs of the repository, smallest first. */
static enum err list_packs(struct git_backend *g, struct pack_files *files)
{
    char path[FILES_PATH_SIZE];
    enum err err = files_join(path, g->path, "objects/pack");

    *files = (struct pack_files){.g = g};
    if (!err)
        err = files_each(path, gather_pack, files);
    if (!err && files->count > 0)
        qsort(files->at, files->count, sizeof files->at[0], compare_packs);
    return err;
}

/* How many of them to write together: small ones, and none that is larger than all before it twice over. */
static size_t choose_packs(const struct pack_files *files)
{
    uint64_t sum = 0;
    size_t small = 0, count = 0;

    while (small < files->count && files->at[small].size < SMALL_PACK)
        small++;
    if (small <= PACK_COUNT_MAX)
        return 0;
    while (count < small && (count < PACK_COUNT_MAX / 2 || files->at[count].size <= 2 * sum))
        sum += files->at[count++].size;
    return count;
}

bool git_backend_is_untidy(struct git_backend *g)
{
    return g->pack_count > PACK_COUNT_MAX || g->loose_count > LOOSE_COUNT_MAX;
}

/* Copies all objects of one store into the packs being gathered. */
static enum err copy_objects(struct git_backend *g, git_odb *odb, struct names *names, git_backend_keep_fn *keep,
                             void *context)
{
    struct buffer object = BUFFER(PACK_LIMIT);
    enum err err = odb ? ERR_OK : fail_git(g, GIT_ERROR, ERR_IO, "cannot tidy up");
    enum pack_kind kind = PACK_BLOB;
    struct sha1 name;

    names->count = 0;
    if (!err && git_odb_foreach(odb, gather_name, names) != 0)
        err = fail_git(g, GIT_ERROR, ERR_IO, "cannot tidy up");
    for (size_t i = 0; !err && i < names->count; i++) {
        buffer_clear(&object);
        err = read_from(g, odb, &kind, &names->at[i], &object);
        if (!err && (!keep || keep(context, kind, &names->at[i], buffer_bytes(&object))))
            err = git_backend_add(g, kind, buffer_bytes(&object), &name);
    }
    buffer_free(&object);
    return err;
}

static enum err remove_loose(struct git_backend *g, const struct names *loose)
{
    char text[GIT_OID_HEXSZ + 1], part[64], path[FILES_PATH_SIZE];
    enum err err = ERR_OK;

    for (size_t i = 0; !err && i < loose->count; i++) {
        name_text(&loose->at[i], text);
        snprintf(part, sizeof part, "objects/%.2s/%s", text, text + 2);
        err = files_join(path, g->path, part);
        if (!err)
            err = files_remove(path);
    }
    return err;
}

static bool was_written(const struct git_backend *g, const char *pack)
{
    char text[GIT_OID_HEXSZ + 1];

    for (size_t i = 0; i < g->written.count; i++) {
        name_text(&g->written.at[i], text);
        if (strcmp(pack + strlen("pack-"), text) == 0)
            return true;
    }
    return false;
}

/* The index first: without it a pack is not seen.  A pack that came out the same as an old one stays. */
static enum err remove_packs(struct git_backend *g, const struct pack_files *old, size_t count)
{
    char path[FILES_PATH_SIZE];
    enum err err = ERR_OK;

    for (size_t i = 0; !err && i < count; i++) {
        if (was_written(g, old->at[i].name))
            continue;
        if (!(err = pack_path(g, path, old->at[i].name, ".idx")))
            err = files_remove(path);
        if (!err && !(err = pack_path(g, path, old->at[i].name, ".pack")))
            err = files_remove(path);
    }
    return err;
}

static enum err copy_pack(struct git_backend *g, const struct pack_file *file, git_backend_keep_fn *keep, void *context)
{
    struct names names = {0};
    char path[FILES_PATH_SIZE];
    enum err err = pack_path(g, path, file->name, ".idx");
    git_odb *odb = err ? NULL : open_pack(path);

    err = copy_objects(g, odb, &names, keep, context);
    git_odb_free(odb);
    free(names.at);
    return err;
}

static enum err copy_loose(struct git_backend *g, struct names *loose, git_backend_keep_fn *keep, void *context)
{
    git_odb *odb = open_loose(g);
    enum err err = copy_objects(g, odb, loose, keep, context);

    git_odb_free(odb);
    return err;
}

enum err git_backend_tidy(struct git_backend *g, git_backend_keep_fn *keep, void *context)
{
    struct pack_files files;
    struct names loose = {0};
    size_t count = 0;
    enum err err = list_packs(g, &files);

    if (!err)
        err = git_backend_begin(g);
    if (!err)
        count = choose_packs(&files);
    for (size_t i = 0; !err && i < count; i++)
        err = copy_pack(g, &files.at[i], keep, context);
    if (!err && g->loose_count > LOOSE_COUNT_MAX)
        err = copy_loose(g, &loose, keep, context);
    if (!err)
        err = git_backend_end(g);
    else
        git_backend_abandon(g);
    if (!err && !(err = remove_packs(g, &files, count)) && loose.count > 0) {
        err = remove_loose(g, &loose);
        g->loose_count = 0;
    }
    g->pack_count = files.count - count + g->written.count;
    free(files.at);
    free(loose.at);
    if (!err && (count > 0 || g->loose_count == 0)) {
        /* The library goes on to look for packs that are gone. */
        close_repository(g);
        int code = open_repository(g);
        if (code != 0)
            err = fail_git(g, GIT_ERROR, ERR_IO, "cannot open the repository again");
    }
    return err;
}

static enum err check_objects(struct git_backend *g, git_odb *odb, const char *where, git_backend_damage_fn *each,
                              void *context)
{
    struct names names = {0};
    struct buffer object = BUFFER(PACK_LIMIT);
    char detail[512];
    enum pack_kind kind;
    enum err err = ERR_OK;

    if (!odb || git_odb_foreach(odb, gather_name, &names) != 0) {
        snprintf(detail, sizeof detail, "%s cannot be opened", where);
        each(context, detail);
    }
    for (size_t i = 0; odb && !err && i < names.count; i++) {
        buffer_clear(&object);
        enum err found = read_from(g, odb, &kind, &names.at[i], &object);
        if (found == ERR_MEMORY)
            err = found;
        else if (found) {
            snprintf(detail, sizeof detail, "%s: %s", where, g->reason);
            each(context, detail);
        }
    }
    buffer_free(&object);
    free(names.at);
    return err;
}

/* What the library does not look at: the checksum of an index over itself. */
static enum err check_index(const char *path, const char *where, git_backend_damage_fn *each, void *context)
{
    struct buffer index = BUFFER(INDEX_LIMIT);
    char detail[512];
    enum err err = files_read(path, INDEX_LIMIT, &index);
    bool right = false;

    if (!err && index.len > SHA1_LEN) {
        struct bytes all = bytes_of(index.at, index.len - SHA1_LEN);
        struct sha1 sum = sha1_of(&all, 1);
        right = memcmp(sum.at, index.at + all.len, SHA1_LEN) == 0;
    }
    if (!right && err != ERR_MEMORY) {
        snprintf(detail, sizeof detail, "%s: the checksum of its index is wrong", where);
        each(context, detail);
    }
    buffer_free(&index);
    return err == ERR_MEMORY ? err : ERR_OK;
}

enum err git_backend_check(struct git_backend *g, git_backend_damage_fn *each, void *context)
{
    struct pack_files files;
    char path[FILES_PATH_SIZE];
    enum err err = list_packs(g, &files);
    git_odb *odb = err ? NULL : open_loose(g);

    if (!err)
        err = check_objects(g, odb, "an object's file", each, context);
    git_odb_free(odb);
    for (size_t i = 0; !err && i < files.count; i++) {
        err = pack_path(g, path, files.at[i].name, ".idx");
        if (!err)
            err = check_index(path, files.at[i].name, each, context);
        odb = err ? NULL : open_pack(path);
        if (!err)
            err = check_objects(g, odb, files.at[i].name, each, context);
        git_odb_free(odb);
    }
    free(files.at);
    return err;
}
