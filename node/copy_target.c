/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/copy_target.h"

#include <stdio.h>
#include <string.h>

#define DIRECTORY_MODE 0755
#define FILE_MODE 0644

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

enum err copy_target_begin(struct copy_target *t, const char *path)
{
    size_t len = strlen(path);
    const char *name;
    enum err err;

    *t = (struct copy_target){.root = ""};
    while (len > 1 && path[len - 1] == '/')
        len--;
    if (len >= sizeof t->path)
        return ERR_LIMIT;
    memcpy(t->path, path, len);
    name = strrchr(t->path, '/');
    name = name != NULL ? name + 1 : t->path;
    if ((err = check_free(t->path)) != ERR_OK)
        return err;
    if ((size_t)snprintf(t->root, sizeof t->root, "%.*s" FILES_TEMPORARY "%s", (int)(name - t->path), t->path, name) >=
        sizeof t->root)
        return ERR_LIMIT;
    if ((err = files_remove_tree(t->root)) != ERR_OK)
        return err;
    return files_make_unsynced_directory(t->root, DIRECTORY_MODE);
}

enum err copy_target_finish(struct copy_target *t)
{
    enum err err = files_sync_system(t->root);

    return err ? err : files_rename(t->root, t->path);
}

void copy_target_abandon(struct copy_target *t)
{
    (void)files_remove_tree(t->root);
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
