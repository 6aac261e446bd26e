/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/git_backend_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/git_house.h"

#define WINDOW_BYTES MIB(1)
#define MAPPED_BYTES MIB(16)
#define COMPRESSION_LEVEL 1 /* 10,000 texts of 6 KB: level 6 takes a quarter longer and saves 6 in 100 bytes. */

/* The reason of a failure that leaves no object behind. */
static _Thread_local char open_reason[320];

const char *git_backend_reason(const struct git_backend *g)
{
    return g ? g->reason : open_reason;
}

enum err git_backend_fail(struct git_backend *g, enum err err, const char *what, const char *detail)
{
    snprintf(g ? g->reason : open_reason, sizeof open_reason, "%s: %.200s", what, detail);
    return err;
}

enum err git_backend_fail_files(struct git_backend *g, enum err err, const char *what)
{
    bool system = err == ERR_IO || err == ERR_FULL || err == ERR_MISSING;

    return git_backend_fail(g, err, what, system && errno != 0 ? strerror(errno) : err_text(err));
}

/* The library tells the system's error only as the end of a sentence. */
static bool ends_with_error(const char *message, int number)
{
    const char *text = strerror(number);
    size_t len = strlen(text), message_len = strlen(message);

    return message_len >= len && strcmp(message + message_len - len, text) == 0;
}

enum err git_backend_fail_git(struct git_backend *g, int code, enum err otherwise, const char *what)
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
    return git_backend_fail(g, err, what, message);
}

/*
 * The library reads the certificates of all authorities when it begins, for ways over the network that are never gone here: some
 * 20 ms of each command.  It asks for them by this name, and gets none.
 */
int mbedtls_x509_crt_parse_file(void *chain, const char *path);

int mbedtls_x509_crt_parse_file(void *chain, const char *path)
{
    (void)chain;
    (void)path;
    return -1;
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
    /* Of packs no more is mapped than is being read: else all of an archive counts as a process's memory in time. */
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, (size_t)WINDOW_BYTES);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)MAPPED_BYTES);
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
}

/* ---- making and opening ---- */

#define CONFIGURATION                                                                                                  \
    "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n"                                        \
    "\tfsync = all\n\tfsyncMethod = fsync\n\tlogAllRefUpdates = false\n"                                               \
    "[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n"                                                                \
    "[receive]\n\tfsckObjects = true\n\tdenyNonFastForwards = true\n[transfer]\n\tfsckObjects = true\n"

static enum err write_file(const char *path, const char *name, const char *text)
{
    char full[FILES_PATH_SIZE];
    enum err err = files_join(full, path, name);

    return err ? err : files_stage_unsynced(full, bytes_text(text), 0644);
}

/* Every entry is a commit of the empty tree; git takes it for granted, its checker does not. */
static enum err write_empty_tree(const char *path)
{
    struct git_backend g = {.pack = pack_new(COMPRESSION_LEVEL)};
    struct sha1 name = sha1_of_object(pack_kind_name(PACK_TREE), bytes_of(NULL, 0));
    enum err err = g.pack ? ERR_OK : ERR_MEMORY;

    snprintf(g.path, sizeof g.path, "%s", path);
    if (!err)
        err = git_backend_write_unsynced(&g, PACK_TREE, bytes_of(NULL, 0), &name);
    pack_free(g.pack);
    return err;
}

/* What a repository is; all of it is synced together. */
enum err git_backend_create(const char *path)
{
    enum err err;

    if (files_exists(path))
        return git_backend_fail(NULL, ERR_EXISTS, "cannot make the repository", "something of that name is there");
    if ((err = files_make_unsynced_directory(path, 0755)) || (err = git_house_make_directories(path)) ||
        (err = write_file(path, "config", CONFIGURATION)) || (err = write_empty_tree(path)) ||
        (err = write_file(path, "HEAD", "ref: refs/heads/main\n")) || (err = files_sync_system(path)))
        (void)git_backend_fail_files(NULL, err, "cannot make the repository");
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
    return open_repository(g) == 0 ? ERR_OK
                                   : git_backend_fail_git(g, GIT_ERROR, ERR_IO, "cannot open the repository again");
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
        return git_backend_fail(NULL, ERR_MISSING, "no repository", path);
    /* Before anything is swept up in it. */
    if (files_join(part, path, "objects") || !files_is_directory(part) || files_join(part, path, "refs") ||
        !files_is_directory(part))
        return git_backend_fail(NULL, ERR_FORMAT, "not a repository", path);
    struct git_backend *g = calloc(1, sizeof *g);
    char damaged[GIT_BACKEND_NAME_SIZE];
    if (!g)
        return ERR_MEMORY;
    g->journal.file.descriptor = -1;
    g->record = BUFFER(JOURNAL_LIMIT);
    start_library();
    enum err err = snprintf(g->path, sizeof g->path, "%s", path) < (int)sizeof g->path ? ERR_OK : ERR_LIMIT;
    if (!err && write)
        err = git_house_clean_up(g->path, &g->counts);
    if (err)
        (void)git_backend_fail_files(NULL, err, "cannot clean up the repository");
    if (!err && (err = git_house_check_indexes(g->path, damaged)) == ERR_FORMAT)
        (void)git_backend_fail(NULL, err, "the index of a pack is damaged; 'git index-pack' makes it anew", damaged);
    g->pack = err ? NULL : pack_new(COMPRESSION_LEVEL);
    if (!err && !(err = files_join(part, path, "objects/pack")))
        g->packs = packs_new(part);
    if (!err && (!g->pack || !g->packs))
        err = ERR_MEMORY;
    if (!err) {
        int code = open_repository(g);
        if (code != 0)
            err = git_backend_fail_git(NULL, code == GIT_ENOTFOUND ? GIT_ERROR : code, ERR_FORMAT,
                                       "cannot open the repository");
    }
    if (!err && write && (err = git_backend_live_open(g)))
        (void)git_backend_fail(NULL, err, "cannot do what the journal tells", g->reason);
    if (err) {
        git_backend_close(g);
        return err;
    }
    *backend = g;
    return ERR_OK;
}

void git_backend_work_parallel(struct git_backend *g, const struct parallel *parallel)
{
    pack_work_parallel(g->pack, parallel);
}

void git_backend_close(struct git_backend *g)
{
    if (!g)
        return;
    git_backend_live_close(g);
    close_repository(g);
    pack_free(g->pack);
    packs_free(g->packs);
    buffer_free(&g->record);
    free(g->written.at);
    free(g);
    git_libgit2_shutdown();
}
