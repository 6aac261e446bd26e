/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/git_backend_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/git_house.h"
#include "store/packed_refs.h"

#define REF_SIZE 256
#define REFS_MODE 0644
#define PACKED_LIMIT MIB(64)

enum err git_backend_ref(struct git_backend *g, const char *ref, struct sha1 *target)
{
    git_oid oid;
    int code = git_reference_name_to_id(&oid, g->repository, ref);

    if (code != 0)
        return git_backend_fail_git(g, code, ERR_FORMAT, ref);
    memcpy(target->at, oid.id, SHA1_LEN);
    return ERR_OK;
}

enum err git_backend_move(struct git_backend *g, const char *ref, const struct sha1 *from, const struct sha1 *to)
{
    git_reference *reference = NULL;
    git_oid old, new;
    struct sha1 now;
    int code;

    if (g->live)
        return git_backend_live_move(g, ref, from, to);
    enum err err = git_backend_settle(g);
    if (err)
        return err;
    git_oid_fromraw(&new, to->at);
    if (from) {
        git_oid_fromraw(&old, from->at);
        code = git_reference_create_matching(&reference, g->repository, ref, &new, 1, &old, NULL);
    } else
        code = git_reference_create(&reference, g->repository, ref, &new, 0, NULL);
    git_reference_free(reference);
    if (code != 0)
        return git_backend_fail_git(g, code == GIT_ENOTFOUND ? GIT_EMODIFIED : code, ERR_IO, "cannot move a ref");
    err = git_backend_ref(g, ref, &now);
    if (err || memcmp(now.at, to->at, SHA1_LEN) != 0)
        return git_backend_fail(g, ERR_IO, "a ref that was moved cannot be read", ref);
    return ERR_OK;
}

bool git_backend_has_file(const struct git_backend *g, const char *ref)
{
    char path[FILES_PATH_SIZE];

    return files_join(path, g->path, ref) != ERR_OK || files_exists(path);
}

/* Whether it stands where its mover believes it to. */
static enum err check_move(struct git_backend *g, const struct git_backend_move *move)
{
    struct sha1 now;
    enum err err = git_backend_has_file(g, move->ref) ? ERR_EXISTS : git_backend_ref(g, move->ref, &now);

    if (err == ERR_FORMAT || err == ERR_MEMORY)
        return err;
    if (move->from ? err || memcmp(now.at, move->from->at, SHA1_LEN) != 0 : err != ERR_MISSING)
        return git_backend_fail(g, ERR_FORK, "a ref is not where it was", move->ref);
    return ERR_OK;
}

static enum err write_packed(struct git_backend *g, const struct git_backend_move moves[], size_t count)
{
    struct packed_ref *refs = calloc(count, sizeof *refs);
    struct buffer file = BUFFER(PACKED_LIMIT), text = BUFFER(PACKED_LIMIT);
    char path[FILES_PATH_SIZE], from[FILES_PATH_SIZE];
    enum err err = refs ? files_join(path, g->path, "packed-refs") : ERR_MEMORY;

    if (!err)
        err = files_join(from, g->path, FILES_TEMPORARY "packed-refs");
    if (!err && (err = files_read(path, PACKED_LIMIT, &file)) == ERR_MISSING)
        err = ERR_OK;
    for (size_t i = 0; !err && i < count; i++)
        refs[i] = (struct packed_ref){.name = moves[i].ref, .target = moves[i].to};
    if (!err)
        err = packed_refs_write(buffer_bytes(&file), refs, count, &text);
    if (!err)
        err = files_stage(from, buffer_bytes(&text), REFS_MODE);
    if (!err && (err = files_rename(from, path)))
        (void)files_remove(from);
    buffer_free(&file);
    buffer_free(&text);
    free(refs);
    return err ? git_backend_fail_files(g, err, "cannot write the packed refs") : ERR_OK;
}

/* Whoever else writes that file, as git gc, holds this lock from reading it to writing it. */
static enum err write_locked(struct git_backend *g, const struct git_backend_move moves[], size_t count)
{
    char lock[FILES_PATH_SIZE];
    enum err err = files_join(lock, g->path, "packed-refs.lock");

    if (!err)
        err = files_claim(lock, REFS_MODE);
    if (err)
        return err == ERR_EXISTS ? git_backend_fail(g, ERR_BUSY, "the packed refs are locked", lock)
                                 : git_backend_fail_files(g, err, "cannot lock the packed refs");
    for (size_t i = 0; !err && i < count; i++)
        err = check_move(g, &moves[i]);
    if (!err)
        err = write_packed(g, moves, count);
    (void)files_remove(lock);
    return err;
}

enum err git_backend_move_together(struct git_backend *g, const struct git_backend_move moves[], size_t count)
{
    enum err err = git_backend_settle(g);
    struct sha1 now;

    if (!err && count > 0)
        err = write_locked(g, moves, count);

    for (size_t i = 0; !err && i < count; i++)
        if (git_backend_ref(g, moves[i].ref, &now) || memcmp(now.at, moves[i].to.at, SHA1_LEN) != 0)
            err = git_backend_fail(g, ERR_IO, "a ref that was moved cannot be read", moves[i].ref);
    return err;
}

enum err git_backend_remove(struct git_backend *g, const char *ref)
{
    char path[FILES_PATH_SIZE], *end;
    enum err err = git_backend_settle(g);

    if (!err && git_reference_remove(g->repository, ref) != 0)
        err = git_backend_fail_git(g, GIT_ERROR, ERR_IO, ref);
    if (!err)
        err = files_join(path, g->path, ref);
    if (!err && (end = strrchr(path, '/'))) {
        *end = '\0';
        err = files_sync_directory(path);
    }
    return err;
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
        err = git_backend_fail_git(g, GIT_ERROR, ERR_FORMAT, "cannot read the refs");
    git_reference_iterator_free(iterator);
    if (err || (err = files_join(path, g->path, prefix)))
        return err;
    err = files_each(path, damaged_ref, &(struct each_ref){g, prefix, each, context});
    return err == ERR_MISSING ? ERR_OK : err;
}
