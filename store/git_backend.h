/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_GIT_BACKEND_H
#define STORE_GIT_BACKEND_H

/*
 * Objects and refs of a bare git repository.  The only user of libgit2, which reads objects and keeps refs; objects are
 * written here, because its own writer can lose the error of a failed fsync and never mends a damaged file.  Nothing
 * in it knows what is kept but for three places under refs/.
 *
 * Every object that is read is hashed again.  ERR_AUTH: it is damaged.  ERR_FULL: nothing was moved.
 */

#include "store/pack.h"

struct git_backend;

/* Makes the repository, durable on return.  ERR_EXISTS. */
enum err git_backend_create(const char *path);

/* A writer removes what a crash left behind: stale locks and temporary files.  ERR_MISSING, ERR_FORMAT. */
enum err git_backend_open(const char *path, bool write, struct git_backend **backend);
void git_backend_close(struct git_backend *g);

/* Why the last call failed, for people; never NULL.  NULL is allowed: why git_backend_create() or _open() failed. */
const char *git_backend_reason(const struct git_backend *g);

/* ---- objects ---- */

/* The name of an object; ERR_AUTH when its bytes are a known kind of attack on the hash. */
enum err git_backend_name(struct git_backend *g, enum pack_kind kind, struct bytes object, struct sha1 *name);

/*
 * Between begin and end objects are gathered into packs; outside, each becomes a file of its own.  Durable when
 * git_backend_end(), or git_backend_add() outside, returns.  What was gathered cannot be read before the end.
 */
enum err git_backend_begin(struct git_backend *g);
enum err git_backend_add(struct git_backend *g, enum pack_kind kind, struct bytes object, struct sha1 *name);
enum err git_backend_end(struct git_backend *g);
void git_backend_abandon(struct git_backend *g); /* Fine when nothing was begun. */

/* Appends an object.  ERR_MISSING, ERR_AUTH, ERR_FORMAT: it is of another kind, ERR_LIMIT. */
enum err git_backend_read(struct git_backend *g, enum pack_kind kind, const struct sha1 *name, struct buffer *out);

/* ---- refs ---- */

/* ERR_MISSING; ERR_FORMAT: the ref is damaged. */
enum err git_backend_ref(struct git_backend *g, const char *ref, struct sha1 *target);

/* Moves a ref durably and reads it back.  `from` NULL: it must be new.  ERR_FORK: it is not at `from`. */
enum err git_backend_move(struct git_backend *g, const char *ref, const struct sha1 *from, const struct sha1 *to);

/* Calls back for each ref whose name is `prefix` and one more part; target NULL: it is damaged. */
typedef enum err git_backend_ref_fn(void *context, const char *part, const struct sha1 *target);
enum err git_backend_each_ref(struct git_backend *g, const char *prefix, git_backend_ref_fn *each, void *context);

/* ---- house-keeping ---- */

/*
 * When there are many small packs or files of single objects, writes their objects into one pack and removes them.
 * Objects that `keep` (may be NULL) says no to are dropped.
 */
typedef bool git_backend_keep_fn(void *context, enum pack_kind kind, const struct sha1 *name, struct bytes object);
enum err git_backend_tidy(struct git_backend *g, git_backend_keep_fn *keep, void *context);
bool git_backend_is_untidy(struct git_backend *g);

/* Reads every byte of every pack and object file; calls back with a sentence for each that is damaged. */
typedef void git_backend_damage_fn(void *context, const char *detail);
enum err git_backend_check(struct git_backend *g, git_backend_damage_fn *each, void *context);

#endif
