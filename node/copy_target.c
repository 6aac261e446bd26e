/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/copy_target.h"

#include <stdio.h>
#include <string.h>

#define DIRECTORY_MODE 0755
#define FILE_MODE 0644

/* Within the place. */
#define MARK "igum-copy"
#define COPY "copy"

static enum err refuse(void *context, const char *name)
{
    (void)context, (void)name;
    return ERR_EXISTS;
}

static enum err check_free(const char *path)
{
    enum err err;

    if (!files_exists(path))
        return ERR_OK;
    if (!files_is_directory(path))
        return ERR_EXISTS;
    err = files_each(path, refuse, NULL);
    return err == ERR_MISSING ? ERR_OK : err;
}

/* What a run left that was cut down; what does not bear the mark is somebody's. */
static enum err remove_unfinished(const struct copy_target *t)
{
    char mark[FILES_PATH_SIZE];
    struct files_lock lock;
    enum err err = files_join(mark, t->place, MARK);

    if (err || !files_exists(t->place) || !files_exists(mark))
        return err ? err : check_free(t->place);
    if ((err = files_lock(t->place, &lock, NULL)) != ERR_OK)
        return err;
    err = files_remove_tree(t->place);
    files_unlock(&lock);
    return err;
}

static enum err make_place(struct copy_target *t)
{
    char mark[FILES_PATH_SIZE];
    enum err err = files_make_unsynced_directory(t->place, DIRECTORY_MODE);

    if ((err && err != ERR_EXISTS) || (err = files_join(mark, t->place, MARK)) != ERR_OK)
        return err;
    if ((err = files_claim(mark, FILE_MODE)) != ERR_OK)
        return err == ERR_EXISTS ? ERR_BUSY : err; /* Another was quicker. */
    if ((err = files_lock(t->place, &t->lock, NULL)) != ERR_OK)
        return err;
    if ((err = files_make_unsynced_directory(t->root, DIRECTORY_MODE)) != ERR_OK)
        copy_target_abandon(t);
    return err;
}

enum err copy_target_begin(struct copy_target *t, const char *path)
{
    size_t len = strlen(path);
    const char *name;
    enum err err;

    *t = (struct copy_target){.lock = {.descriptor = -1}};
    while (len > 1 && path[len - 1] == '/')
        len--;
    if (len >= sizeof t->path)
        return ERR_LIMIT;
    memcpy(t->path, path, len);
    name = strrchr(t->path, '/');
    name = name != NULL ? name + 1 : t->path;
    if ((size_t)snprintf(t->place, sizeof t->place, "%.*s" FILES_TEMPORARY "%s", (int)(name - t->path), t->path,
                         name) >= sizeof t->place)
        return ERR_LIMIT;
    if ((err = files_join(t->root, t->place, COPY)) != ERR_OK || (err = check_free(t->path)) != ERR_OK)
        return err;
    t->is_hindered = (err = remove_unfinished(t)) == ERR_EXISTS;
    return err ? err : make_place(t);
}

enum err copy_target_finish(struct copy_target *t)
{
    enum err err = files_sync_system(t->root);

    if (!err && (err = files_rename(t->root, t->path)) == ERR_OK)
        copy_target_abandon(t);
    return err;
}

void copy_target_abandon(struct copy_target *t)
{
    (void)files_remove_tree(t->place);
    files_unlock(&t->lock);
}

static enum err make_directories(const char *path, size_t from)
{
    char directory[FILES_PATH_SIZE];
    enum err err = ERR_OK;

    for (const char *at = path + from; !err && (at = strchr(at, '/')) != NULL; at++) {
        snprintf(directory, sizeof directory, "%.*s", (int)(at - path), path);
        err = files_make_unsynced_directory(directory, DIRECTORY_MODE);
        if (err == ERR_EXISTS)
            err = ERR_OK;
    }
    return err;
}

enum err copy_target_claim(const struct copy_target *t, const char *name)
{
    char path[FILES_PATH_SIZE];
    enum err err = files_join(path, t->root, name);

    if (!err && (err = files_claim(path, FILE_MODE)) == ERR_MISSING) {
        err = make_directories(path, strlen(t->root) + 1);
        if (!err)
            err = files_claim(path, FILE_MODE);
    }
    return err;
}

enum err copy_target_append(const struct copy_target *t, const char *name, struct bytes bytes)
{
    char path[FILES_PATH_SIZE];
    enum err err = files_join(path, t->root, name);

    return err ? err : files_append_unsynced(path, bytes);
}
