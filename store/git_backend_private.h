/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_GIT_BACKEND_PRIVATE_H
#define STORE_GIT_BACKEND_PRIVATE_H

/* What the files git_backend*.c share; nobody else includes it. */

#include <git2.h>
#include <git2/sys/odb_backend.h>

#include "store/git_backend.h"
#include "store/journal.h"
#include "store/packs.h"

struct git_backend_names {
    struct sha1 *at;
    size_t count, size;
};

struct git_backend {
    git_repository *repository;
    git_odb *odb;
    struct pack *pack;
    struct packs *packs;
    bool gathering;
    bool storing;          /* What is gathered is not compressed. */
    bool live;             /* What is gathered goes into the journal, and from there into files of its own. */
    struct buffer record;  /* That. */
    struct journal journal;
    bool has_unnamed;      /* Files of objects whose names are not durable yet. */
    bool has_new_directory; /* Of objects: the same. */
    struct git_backend_names written; /* Packs, since git_backend_begin(). */
    struct git_backend_counts counts;
    char path[FILES_PATH_SIZE];
    char reason[320];
};

/* The file of a single object, durable only when the whole file system is synced. */
enum err git_backend_write_unsynced(struct git_backend *g, enum pack_kind kind, struct bytes object, const struct sha1 *name);
/* That an object which was written reads as it was. */
enum err git_backend_read_back(struct git_backend *g, enum pack_kind kind, struct bytes object, const struct sha1 *name);

/* ---- what is live (git_backend_live.c) ---- */
enum err git_backend_live_open(struct git_backend *g); /* What a crash left in the journal is done. */
void git_backend_live_close(struct git_backend *g);
void git_backend_live_add(struct git_backend *g, enum pack_kind kind, struct bytes object);
enum err git_backend_live_move(struct git_backend *g, const char *ref, const struct sha1 *from, const struct sha1 *to);
enum err git_backend_live_end(struct git_backend *g);

/* git_backend_fail() with the detail from errno or `err`, or from the library's last error, which says what `code` means. */
enum err git_backend_fail_files(struct git_backend *g, enum err err, const char *what);
enum err git_backend_fail_git(struct git_backend *g, int code, enum err otherwise, const char *what);

#endif
