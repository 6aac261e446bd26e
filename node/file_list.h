/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_FILE_LIST_H
#define NODE_FILE_LIST_H

/* The files to publish: those named, and all *.md and *.txt of the folders named, in order of path. */

#include <stddef.h>

#include "proto/error.h"

struct file_list {
    char **paths;
    size_t count;
    size_t failed; /* How many were told to be missing or unreadable. */
};

/* Adds a file, or everything in a folder.  ERR_MEMORY only; what cannot be read is told, and counted. */
enum err file_list_add(struct file_list *list, const char *path);
void file_list_free(struct file_list *list);

#endif
