/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_GIT_HOUSE_H
#define STORE_GIT_HOUSE_H

/* House-keeping of a repository, under the lock of its writer: what a crash left, too many files, damaged bytes. */

#include "store/git_backend.h"

/* Makes the directories that every repository has.  The caller syncs them, once. */
enum err git_house_make_directories(const char *path);

/*
 * Makes those of single objects too, durable on return: 256, of which else each is made when the first object comes into it, while
 * somebody waits.  Who only takes in what comes in bulk has no use for them.
 */
enum err git_house_make_room(struct git_backend *g);

/* Removes stale locks and temporary files, makes what is left durable, and counts it. */
enum err git_house_clean_up(const char *path, struct git_backend_counts *counts);

/*
 * Checks the indexes of all packs against their checksums, which the library does not: it can crash on a damaged one.
 * ERR_FORMAT: `damaged` names the first that is.
 */
enum err git_house_check_indexes(const char *path, char damaged[GIT_BACKEND_NAME_SIZE]);

/* Whether a file of that name is only of use to the process that made it. */
bool git_house_is_left_over(const char *name);

/*
 * When there are many small packs or files of single objects, writes objects of some of them, 8 MiB of packs at most, into one pack and
 * removes them. Objects that `keep` (may be NULL) says no to are dropped.  Nothing is removed when anything cannot be read.
 */
typedef bool git_house_keep_fn(void *context, enum pack_kind kind, const struct sha1 *name, struct bytes object);
enum err git_house_tidy(struct git_backend *g, git_house_keep_fn *keep, void *context);
/* Whether there are so many times more of either than there need to be. */
bool git_house_is_untidy(struct git_backend *g, unsigned times);

/*
 * Writes the smallest of the packs that were stored (git_backend_begin()) anew, compressed, and removes it: some MiB.  `more`: there are others.
 * When it cannot be read it stays as it is.
 */
enum err git_house_shrink(struct git_backend *g, bool *more);

/* As git_house_tidy(), for every pack and every file of a single object, however few: what `keep` says no to is on no disk block of ours any more. */
enum err git_house_sweep(struct git_backend *g, git_house_keep_fn *keep, void *context);

/*
 * Reads every byte of every pack and object file; calls back with a sentence for each that is damaged.  ERR_FORMAT: the
 * index of a pack is, so nothing more may be read.
 */
typedef void git_house_damage_fn(void *context, const char *detail);
enum err git_house_check(struct git_backend *g, git_house_damage_fn *each, void *context);

#endif
