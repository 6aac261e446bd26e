/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_GIT_BACKEND_PRIVATE_H
#define STORE_GIT_BACKEND_PRIVATE_H

/* What the files git_backend*.c share; nobody else includes it. */

#include <git2.h>
#include <git2/sys/odb_backend.h>

#include "store/git_backend.h"

struct git_backend_names {
    struct sha1 *at;
    size_t count, size;
};

struct git_backend {
    git_repository *repository;
    git_odb *odb;
    struct pack *pack;
    bool gathering;
    struct git_backend_names written; /* Packs, since git_backend_begin(). */
    struct git_backend_counts counts;
    char path[FILES_PATH_SIZE];
    char reason[320];
};

/* git_backend_fail() with the detail from errno or `err`, or from the library's last error, which says what `code` means. */
enum err git_backend_fail_files(struct git_backend *g, enum err err, const char *what);
enum err git_backend_fail_git(struct git_backend *g, int code, enum err otherwise, const char *what);

#endif
