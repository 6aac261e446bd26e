/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/git_backend_private.h"

#include <stdio.h>

#include "store/git_house.h"

#define REF_SIZE 256

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

    git_oid_fromraw(&new, to->at);
    if (from) {
        git_oid_fromraw(&old, from->at);
        code = git_reference_create_matching(&reference, g->repository, ref, &new, 1, &old, NULL);
    } else
        code = git_reference_create(&reference, g->repository, ref, &new, 0, NULL);
    git_reference_free(reference);
    if (code != 0)
        return git_backend_fail_git(g, code == GIT_ENOTFOUND ? GIT_EMODIFIED : code, ERR_IO, "cannot move a ref");
    enum err err = git_backend_ref(g, ref, &now);
    if (err || memcmp(now.at, to->at, SHA1_LEN) != 0)
        return git_backend_fail(g, ERR_IO, "a ref that was moved cannot be read", ref);
    return ERR_OK;
}

enum err git_backend_remove(struct git_backend *g, const char *ref)
{
    char path[FILES_PATH_SIZE], *end;
    enum err err =
        git_reference_remove(g->repository, ref) == 0 ? ERR_OK : git_backend_fail_git(g, GIT_ERROR, ERR_IO, ref);

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
