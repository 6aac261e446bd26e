/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/commit.h"
#include "store/files.h"
#include "store/search_batch.h"
#include "store/segments.h"

#define REPOSITORY "archive.git"
#define REPOSITORY_NEW "archive.git.new"
#define SMALL_FILE_LIMIT 256
#define FILE_MODE 0644

static _Thread_local char open_reason[400];

const char *archive_open_reason(void)
{
    return open_reason;
}

const char *archive_reason(const struct archive *a)
{
    return a->reason;
}

enum err archive_fail(struct archive *a, enum err err, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(a->reason, sizeof a->reason, format, arguments);
    va_end(arguments);
    return err;
}

enum err archive_fail_git(struct archive *a, enum err err)
{
    return archive_fail(a, err, "%s", git_backend_reason(a->git));
}

enum err archive_fail_index(struct archive *a, enum err err)
{
    return archive_fail(a, err, "index: %s", a->index ? index_reason(a->index) : err_text(err));
}

static enum err fail_open(enum err err, const char *what, const char *detail)
{
    snprintf(open_reason, sizeof open_reason, "%.120s: %.250s", what, detail);
    return err;
}

static const char *system_text(enum err err)
{
    return (err == ERR_IO || err == ERR_FULL) && errno != 0 ? strerror(errno) : err_text(err);
}

/* ---- small files of the home ---- */

static enum err write_line(const char *home, const char *name, struct bytes value)
{
    struct buffer text = BUFFER(SMALL_FILE_LIMIT);
    char path[FILES_PATH_SIZE];
    enum err err = files_join(path, home, name);

    buffer_hex(&text, value);
    buffer_text(&text, "\n");
    if (!err)
        err = buffer_error(&text);
    if (!err)
        err = files_replace(path, buffer_bytes(&text), FILE_MODE);
    buffer_free(&text);
    return err ? fail_open(err, name, system_text(err)) : ERR_OK;
}

/* Reads one line of as many hex digits as `len` bytes take. */
static enum err read_line(const char *home, const char *name, uint8_t *value, size_t len)
{
    struct buffer text = BUFFER(SMALL_FILE_LIMIT);
    char path[FILES_PATH_SIZE];
    size_t got = 0;
    enum err err = files_join(path, home, name);

    if (!err)
        err = files_read(path, SMALL_FILE_LIMIT, &text);
    if (!err && (text.len != 2 * len + 1 || text.at[2 * len] != '\n' ||
                 sodium_hex2bin(value, len, (const char *)text.at, 2 * len, NULL, &got, NULL) != 0 || got != len))
        err = ERR_FORMAT;
    buffer_free(&text);
    return err;
}

static enum err write_store_id(const char *home, uint64_t *store_id)
{
    randombytes_buf(store_id, sizeof *store_id);
    return write_line(home, "store_id", bytes_of(store_id, sizeof *store_id));
}

/* ---- creating ---- */

enum err archive_create(const char *home, const struct id *network)
{
    char path[FILES_PATH_SIZE], new_path[FILES_PATH_SIZE];
    uint64_t store_id;
    enum err err;

    if (sodium_init() < 0)
        return fail_open(ERR_IO, "libsodium", "cannot start");
    if ((err = files_join(path, home, REPOSITORY)) || (err = files_join(new_path, home, REPOSITORY_NEW)))
        return fail_open(err, home, "the path is too long");
    if (files_exists(path))
        return fail_open(ERR_EXISTS, path, "an archive is here already");
    err = files_make_directory(home, 0700);
    if (err && err != ERR_EXISTS)
        return fail_open(err, home, system_text(err));
    /* The repository gets its name last: with it the archive is there. */
    if ((err = files_remove_tree(new_path)))
        return fail_open(err, new_path, system_text(err));
    if ((err = write_line(home, "network", id_bytes(network))) || (err = write_store_id(home, &store_id)))
        return err;
    if ((err = git_backend_create(new_path)))
        return fail_open(err, "repository", git_backend_reason(NULL));
    err = files_rename(new_path, path);
    return err ? fail_open(err, path, system_text(err)) : ERR_OK;
}

/* ---- opening ---- */

static enum err read_charter(struct archive *a)
{
    struct sha1 name;
    enum err err = git_backend_ref(a->git, ARCHIVE_CHARTER_REF, &name);

    if (err == ERR_MISSING)
        return ERR_OK;
    if (!err)
        err = git_backend_read(a->git, PACK_BLOB, &name, &a->charter);
    if (err && err != ERR_MEMORY && a->mode == ARCHIVE_INSPECT) {
        buffer_clear(&a->charter);
        return ERR_OK;
    }
    return err ? archive_fail_git(a, err) : ERR_OK;
}

/* The charter names the network; the file does while there is none. */
static enum err find_network(struct archive *a)
{
    enum err err = read_line(a->home, "network", a->network.at, ID_LEN);

    if (a->charter.len > 0) {
        struct id network = id_hash(ID_NETWORK, buffer_bytes(&a->charter));
        if (!err && !id_equal(&network, &a->network))
            return archive_fail(a, ERR_FORMAT, "the charter is not that of the file 'network'");
        a->network = network;
        if (err == ERR_MISSING && a->mode == ARCHIVE_WRITE)
            err = write_line(a->home, "network", id_bytes(&network));
        return err == ERR_MISSING ? ERR_OK : err;
    }
    return err ? archive_fail(a, ERR_FORMAT, "the file 'network' cannot be read: %s", err_text(err)) : ERR_OK;
}

static enum err find_store_id(struct archive *a)
{
    enum err err = read_line(a->home, "store_id", (uint8_t *)&a->store_id, sizeof a->store_id);

    if ((err == ERR_MISSING || err == ERR_FORMAT) && a->mode == ARCHIVE_WRITE)
        return write_store_id(a->home, &a->store_id);
    return err == ERR_MISSING ? ERR_OK : err;
}

/* An archive without an index is slow and complete, so no failure here ends the opening. */
static void open_index(struct archive *a)
{
    char path[FILES_PATH_SIZE];
    bool rebuilt;
    enum err err = files_join(path, a->home, INDEX_FILE);

    if (!err)
        err = index_open(path, a->mode == ARCHIVE_WRITE, &a->index, &rebuilt);
    if (err)
        a->index = NULL;
    if (a->index && a->mode == ARCHIVE_WRITE && archive_catch_up(a) == ERR_FORMAT) {
        index_close(a->index);
        a->index = NULL;
        if (index_open(path, true, &a->index, &rebuilt))
            a->index = NULL;
        else
            (void)archive_catch_up(a);
    }
}

static enum err keep_fork(struct archive *a, const struct archive_branch *branch, const struct sha1 *target)
{
    if (a->fork_count == a->fork_size) {
        size_t size = a->fork_size ? a->fork_size * 2 : 8;
        struct archive_fork *forks = realloc(a->forks, size * sizeof *forks);
        if (!forks)
            return archive_fail(a, ERR_MEMORY, "out of memory");
        a->forks = forks;
        a->fork_size = size;
    }
    a->forks[a->fork_count++] = (struct archive_fork){*branch, *target};
    return ERR_OK;
}

static enum err add_head(void *context, const struct archive_branch *branch, const struct sha1 *target)
{
    struct archive *a = context;
    struct head head;
    enum err err = archive_head(a, &branch->log, target, &head);

    if (!err && !id_is_zero(&branch->name))
        err = keep_fork(a, branch, target);
    return err ? err : frontier_add(a->heads, NULL, &head, NULL);
}

static struct archive_fork *find_fork(const struct archive *a, const struct archive_branch *branch)
{
    for (size_t i = 0; i < a->fork_count; i++)
        if (id_equal(&a->forks[i].branch.log, &branch->log) && id_equal(&a->forks[i].branch.name, &branch->name))
            return &a->forks[i];
    return NULL;
}

struct archive_branch archive_branch_of(const struct archive *a, const struct head *tip)
{
    for (size_t i = 0; i < a->fork_count; i++)
        if (id_equal(&a->forks[i].branch.log, &tip->log) &&
            memcmp(a->forks[i].target.at, tip->commit.at, SHA1_LEN) == 0)
            return a->forks[i].branch;
    return (struct archive_branch){.log = tip->log};
}

bool archive_branch_head(const struct archive *a, const struct archive_branch *branch, struct head *head)
{
    size_t first, tips = frontier_tips(a->heads, &branch->log, &first);

    for (size_t i = first; i < first + tips; i++) {
        *head = *frontier_at(a->heads, i);
        struct archive_branch of = archive_branch_of(a, head);
        if (id_equal(&of.name, &branch->name))
            return true;
    }
    return false;
}

enum err archive_moved(struct archive *a, const struct archive_branch *branch, const struct head *before,
                       const struct head *after)
{
    struct archive_fork *fork = find_fork(a, branch);
    enum err err = ERR_OK;

    if (fork)
        fork->target = after->commit;
    else if (!id_is_zero(&branch->name))
        err = keep_fork(a, branch, &after->commit);
    return err ? err : frontier_add(a->heads, before ? &before->entry : NULL, after, NULL);
}

/* A content whose entry was not reached before a crash must not be taken for another entry's later. */
static enum err cut_contents(struct archive *a, const struct head *head)
{
    struct content_tree *tree;
    struct sha1 from, to;
    char ref[ARCHIVE_REF_SIZE];
    bool any = false;

    struct archive_branch branch = archive_branch_of(a, head);

    if (archive_open_contents(a, &branch, &tree, &from))
        return ERR_OK; /* None, or damaged: archive_verify() tells. */
    enum err err = content_tree_cut(tree, head->seq, &any);
    if (!err && any) {
        archive_content_ref(&branch, ref);
        err = content_tree_write(tree, &to);
        if (!err)
            err = git_backend_move(a->git, ref, &from, &to);
    }
    content_tree_free(tree);
    return err == ERR_IO || err == ERR_FULL ? archive_fail_git(a, err) : ERR_OK;
}

static enum err start_writing(struct archive *a)
{
    /* A writer that was killed may have moved a ref and not synced it: before anybody hears of it, it must be durable. */
    if (files_sync_system(a->home))
        return archive_fail(a, ERR_IO, "the disk does not make durable what it holds");
    a->heads = frontier_new();
    if (!a->heads)
        return archive_fail(a, ERR_MEMORY, "out of memory");
    enum err err = archive_each_branch(a, add_head, a);
    for (size_t i = 0; !err && i < frontier_count(a->heads); i++)
        err = cut_contents(a, frontier_at(a->heads, i));
    return err;
}

static enum err open_parts(struct archive *a, bool without_index)
{
    char path[FILES_PATH_SIZE];
    enum err err = files_join(path, a->home, REPOSITORY);

    if (err)
        return archive_fail(a, err, "the path is too long");
    err = git_backend_open(path, a->mode == ARCHIVE_WRITE, &a->git);
    if (err)
        return archive_fail(a, err, "%s", git_backend_reason(NULL));
    if ((err = read_charter(a)) || (err = find_network(a)) || (err = find_store_id(a)))
        return err;
    if (!without_index)
        open_index(a);
    return a->mode == ARCHIVE_WRITE ? start_writing(a) : ERR_OK;
}

static enum err open_as(const char *home, enum archive_mode mode, bool without_index, struct archive **archive)
{
    struct archive *a = calloc(1, sizeof *a);

    *archive = NULL;
    if (!a || sodium_init() < 0) {
        free(a);
        return fail_open(ERR_MEMORY, home, "out of memory");
    }
    a->mode = mode;
    a->charter = BUFFER(LIMIT_CHARTER);
    if (snprintf(a->home, sizeof a->home, "%s", home) >= (int)sizeof a->home) {
        archive_close(a);
        return fail_open(ERR_LIMIT, "home", "the path is too long");
    }
    enum err err = open_parts(a, without_index);
    if (err) {
        bool damage = err == ERR_AUTH || err == ERR_LIMIT;
        (void)fail_open(err, home, a->reason[0] ? a->reason : err_text(err));
        archive_close(a);
        return damage ? ERR_FORMAT : err;
    }
    *archive = a;
    return ERR_OK;
}

enum err archive_open(const char *home, enum archive_mode mode, struct archive **archive)
{
    return open_as(home, mode, false, archive);
}

enum err archive_open_staged(const char *home, struct archive **archive)
{
    return open_as(home, ARCHIVE_WRITE, true, archive);
}

void archive_work_parallel(struct archive *a, const struct parallel *parallel)
{
    a->parallel = parallel;
    git_backend_work_parallel(a->git, parallel);
}

void archive_close(struct archive *a)
{
    if (!a)
        return;
    if (a->mode == ARCHIVE_WRITE && !a->broken && a->git) {
        (void)archive_settle_files(a);
        (void)git_backend_settle(a->git); /* Else the next writer does it. */
    }
    archive_drop_partials(a);
    index_close(a->index);
    search_batch_free(a->batch);
    segments_close(a->segments);
    content_tree_free(a->tree);
    git_backend_close(a->git);
    frontier_free(a->heads);
    free(a->forks);
    buffer_free(&a->charter);
    free(a);
}

struct id archive_network(const struct archive *a)
{
    return a->network;
}

struct bytes archive_charter(const struct archive *a)
{
    return buffer_bytes(&a->charter);
}

struct segments *archive_segments(struct archive *a)
{
    if (!a->segments && a->mode == ARCHIVE_WRITE && segments_open(a->home, &a->segments))
        a->segments = NULL;
    return a->segments;
}

uint64_t archive_erasures(const struct archive *a)
{
    return a->erasures;
}

uint64_t archive_store_id(const struct archive *a)
{
    return a->store_id;
}

enum err archive_renew_store_id(struct archive *a)
{
    enum err err = write_store_id(a->home, &a->store_id);

    return err ? archive_fail(a, err, "store_id: %s", system_text(err)) : ERR_OK;
}

/* ---- writing ---- */

enum err archive_may_write(struct archive *a)
{
    if (a->mode != ARCHIVE_WRITE)
        return archive_fail(a, ERR_IO, "the archive is open for reading");
    if (a->broken)
        return archive_fail(a, ERR_IO, "an earlier write failed: the archive must be opened again");
    return ERR_OK;
}

enum err archive_wrote(struct archive *a, enum err err)
{
    if (err != ERR_OK && err != ERR_FULL && err != ERR_MEMORY && err != ERR_LIMIT)
        a->broken = true;
    return err;
}

enum err archive_set_charter(struct archive *a, struct bytes text)
{
    struct id network = id_hash(ID_NETWORK, text);
    struct sha1 name;
    enum err err = archive_may_write(a);

    if (err)
        return err;
    if (text.len == 0 || text.len > LIMIT_CHARTER)
        return archive_fail(a, ERR_LIMIT, "the charter is empty or too long");
    if (!id_equal(&network, &a->network))
        return archive_fail(a, ERR_NETWORK, "the charter is that of another network");
    if (a->charter.len > 0)
        return ERR_OK;
    err = git_backend_add(a->git, PACK_BLOB, text, &name);
    if (!err)
        err = git_backend_move(a->git, ARCHIVE_CHARTER_REF, NULL, &name);
    if (err)
        return archive_wrote(a, archive_fail_git(a, err));
    buffer_add(&a->charter, text);
    return buffer_error(&a->charter);
}

/* ---- the journal ---- */

bool archive_is_unfinished(const char *home)
{
    char path[FILES_PATH_SIZE];
    uint64_t size;

    return files_join(path, home, "archive.git/journal") == ERR_OK && files_size(path, &size) == ERR_OK && size > 0;
}

struct archive_settling {
    struct git_backend_settling git;
    bool has_journal, has_log;
    char index[FILES_PATH_SIZE];
};

struct archive_settling *archive_settling_begin(struct archive *a)
{
    struct archive_settling *settling = a->broken ? NULL : calloc(1, sizeof *settling);

    if (!settling)
        return NULL;
    settling->has_journal = git_backend_settling_begin(a->git, &settling->git);
    settling->has_log =
        a->index && index_log_is_long(a->index) && files_join(settling->index, a->home, INDEX_FILE) == ERR_OK;
    if (settling->has_journal || settling->has_log)
        return settling;
    free(settling);
    return NULL;
}

enum err archive_settling_run(struct archive_settling *settling)
{
    enum err err = settling->has_journal ? git_backend_settling_run(&settling->git) : ERR_OK;

    if (settling->has_log)
        index_empty_log(settling->index);
    return err;
}

enum err archive_settling_end(struct archive *a, struct archive_settling *settling, enum err err)
{
    if (settling->has_journal)
        err = git_backend_settling_end(a ? a->git : NULL, &settling->git, err);
    free(settling);
    return err && a ? archive_wrote(a, archive_fail_git(a, err)) : err;
}
