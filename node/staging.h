/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_STAGING_H
#define NODE_STAGING_H

/*
 * A home that is being made: everything is built and durable in HOME/tmp_igum_new before it is moved into its place,
 * the archive last.  So a home has an archive with all that belongs to it, or none; what a crash leaves is cleared away,
 * or moved on, by the next try.
 */

#include "store/files.h"

struct staging {
    const char *home;            /* Borrowed. */
    char path[FILES_PATH_SIZE];  /* Where to build. */
    struct files_lock lock;
    bool is_locked;
};

/*
 * Makes HOME where it is missing, takes its lock and begins.  An exit code of node/command.h; COMMAND_FAILED also where
 * an archive or keys are already.
 */
int staging_begin(struct staging *s, const char *home);

/* Moves what was built into its place; the lock is given back.  The caller has closed the archive. */
int staging_commit(struct staging *s);

/* Throws away what was built, unless it was committed.  Always called at the end. */
void staging_end(struct staging *s);

/* Finishes a move that a crash cut off; nothing to do otherwise. */
int staging_recover(const char *home);

#endif
