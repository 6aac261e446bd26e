/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/file_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "node/output.h"
#include "node/i18n.h"
#include "store/files.h"

#define DEPTH_MAX 16 /* Folders in folders; a link that leads back ends here. */

struct walk {
    struct file_list *list;
    const char *folder;
    int depth;
};

static enum err append(struct file_list *list, const char *path)
{
    char **paths = realloc(list->paths, (list->count + 1) * sizeof *paths);

    if (paths == NULL)
        return ERR_MEMORY;
    list->paths = paths;
    if ((paths[list->count] = strdup(path)) == NULL)
        return ERR_MEMORY;
    list->count++;
    return ERR_OK;
}

static bool has_ending(const char *name, const char *ending)
{
    size_t len = strlen(name), ending_len = strlen(ending);

    return len > ending_len && strcasecmp(name + len - ending_len, ending) == 0;
}

static void refuse(struct file_list *list, const char *path, const char *why)
{
    output_error("%s: %s", path, why);
    output_hint(_("name a file, or a folder with *.md or *.txt files, that you may read"));
    list->failed++;
}

static enum err add_folder(struct file_list *list, const char *folder, int depth);

static enum err add_name(void *context, const char *name)
{
    struct walk *walk = context;
    char path[FILES_PATH_SIZE];
    struct stat facts;

    if (name[0] == '.')
        return ERR_OK;
    if (files_join(path, walk->folder, name)) {
        refuse(walk->list, name, _("its path is too long"));
        return ERR_OK;
    }
    if (stat(path, &facts) != 0) {
        if (has_ending(name, ".md") || has_ending(name, ".txt"))
            refuse(walk->list, path, strerror(errno));
        return ERR_OK;
    }
    if (S_ISDIR(facts.st_mode))
        return add_folder(walk->list, path, walk->depth + 1);
    return S_ISREG(facts.st_mode) && (has_ending(name, ".md") || has_ending(name, ".txt")) ? append(walk->list, path)
                                                                                           : ERR_OK;
}

static enum err add_folder(struct file_list *list, const char *folder, int depth)
{
    struct walk walk = {.list = list, .folder = folder, .depth = depth};
    enum err err;

    if (depth > DEPTH_MAX) {
        refuse(list, folder, _("folders lie too deep in one another here"));
        return ERR_OK;
    }
    err = files_each(folder, add_name, &walk);
    if (err && err != ERR_MEMORY) {
        refuse(list, folder, strerror(errno));
        err = ERR_OK;
    }
    return err;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

enum err file_list_add(struct file_list *list, const char *path)
{
    struct stat facts;
    size_t before = list->count;
    enum err err;

    if (stat(path, &facts) != 0) {
        refuse(list, path, strerror(errno));
        return ERR_OK;
    }
    if (!S_ISDIR(facts.st_mode))
        return append(list, path);
    err = add_folder(list, path, 0);
    if (!err && list->count == before && list->failed == 0)
        refuse(list, path, _("no *.md or *.txt is in this folder"));
    if (list->count > before)
        qsort(list->paths + before, list->count - before, sizeof *list->paths, compare);
    return err;
}

void file_list_free(struct file_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
    *list = (struct file_list){0};
}
