/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_COPY_TARGET_H
#define NODE_COPY_TARGET_H

/* A directory that appears whole or not at all: it is written under another name beside it. */

#include <stdbool.h>

#include "proto/bytes.h"
#include "proto/error.h"
#include "store/files.h"

struct copy_target {
    char path[FILES_PATH_SIZE];  /* What it will be called, ... */
    char place[FILES_PATH_SIZE]; /* ... the directory beside it that is there meanwhile, marked as ours, ... */
    char root[FILES_PATH_SIZE];  /* ... and where in that it is written. */
    struct files_lock lock;      /* Of the place. */
    bool is_hindered;            /* By something at the place that is not ours. */
};

/* Begins a name of what is needed only meanwhile: it goes with the place. */
#define COPY_TARGET_ASIDE "../"

/*
 * Begins; what an earlier run left unfinished is removed.  ERR_EXISTS: something else is there.  ERR_MISSING: its parent is not.
 * ERR_BUSY: another run is writing it.  After an error there is nothing to abandon.
 */
enum err copy_target_begin(struct copy_target *t, const char *path);
/* Makes all of it durable and gives it its name. */
enum err copy_target_finish(struct copy_target *t);
void copy_target_abandon(struct copy_target *t);

/* Makes an empty file, and the directories on its way.  ERR_EXISTS: it is there. */
enum err copy_target_claim(const struct copy_target *t, const char *name);
/* Appends to a file that was claimed. */
enum err copy_target_append(const struct copy_target *t, const char *name, struct bytes bytes);

#endif
