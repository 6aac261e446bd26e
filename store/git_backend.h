/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_GIT_BACKEND_H
#define STORE_GIT_BACKEND_H

/*
 * Objects and refs of a bare git repository.  The only user of libgit2, which reads packs and keeps refs.  Objects are
 * written here, because its own writer can lose the error of a failed fsync and never mends a damaged file; files of
 * single objects are read here, because its reader never returns from one that is cut short.  Nothing in it knows what is kept but for three places under refs/.
 *
 * Every object that is read is hashed again.  ERR_AUTH: it is damaged.  ERR_FULL: nothing was moved.
 */

#include "store/files.h"
#include "proto/parallel.h"
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

/* From now on packs are compressed by several threads: lent. */
void git_backend_work_parallel(struct git_backend *g, const struct parallel *parallel);

/*
 * Between begin and end objects are gathered into packs; outside, each becomes a file of its own.  Durable when
 * git_backend_end(), or git_backend_add() outside, returns.  What was gathered cannot be read before the end.  Packs are stored,
 * for somebody waits, and compressed later (git_house_shrink()); after git_backend_begin_compressed() at once.
 */
enum err git_backend_begin(struct git_backend *g);
enum err git_backend_begin_compressed(struct git_backend *g);
enum err git_backend_add(struct git_backend *g, enum pack_kind kind, struct bytes object, struct sha1 *name);
enum err git_backend_end(struct git_backend *g);
void git_backend_abandon(struct git_backend *g); /* Fine when nothing was begun. */

/*
 * The same for little that must be quick: moves of refs are gathered too, and all of it is durable in the journal, by one sync,
 * when git_backend_end() returns.  It can be read then, and is durable in its own place once the journal is settled.
 * ERR_FULL: no ref was moved.
 */
enum err git_backend_begin_live(struct git_backend *g);

/* Makes all durable in its own place, and the journal empty.  Whatever moves or removes refs otherwise, or sweeps, does it first. */
enum err git_backend_settle(struct git_backend *g);

/*
 * The same beside what goes on: false: there is nothing to do.  git_backend_settling_run() may be called by another thread; then
 * git_backend_settling_end(), with what that said.  What came in between is left for the next time.
 */
struct git_backend_settling {
    int handle;
    struct sha1 mark;
};
bool git_backend_settling_begin(struct git_backend *g, struct git_backend_settling *settling);
enum err git_backend_settling_run(const struct git_backend_settling *settling);
/* `g` may be NULL: it is gone by now. */
enum err git_backend_settling_end(struct git_backend *g, struct git_backend_settling *settling, enum err err);

/*
 * Outside of both: the same for one that no ref leads to yet.  Its bytes are durable on return, its name with the next
 * git_backend_settle(), which every move of a ref does first.
 */
enum err git_backend_add_early(struct git_backend *g, enum pack_kind kind, struct bytes object, struct sha1 *name);

/* Removes the file of a single object that nothing leads to any more; fine when there is none. */
enum err git_backend_drop(struct git_backend *g, const struct sha1 *name);

/* Appends an object.  ERR_MISSING, ERR_AUTH, ERR_FORMAT: it is of another kind, ERR_LIMIT. */
enum err git_backend_read(struct git_backend *g, enum pack_kind kind, const struct sha1 *name, struct buffer *out);

/* ---- refs ---- */

/* ERR_MISSING; ERR_FORMAT: the ref is damaged. */
enum err git_backend_ref(struct git_backend *g, const char *ref, struct sha1 *target);

/* Moves a ref durably (after git_backend_begin_live(): when that ends) and reads it back.  `from` NULL: it must be new.  ERR_FORK: it is not at `from`. */
enum err git_backend_move(struct git_backend *g, const char *ref, const struct sha1 *from, const struct sha1 *to);

/*
 * Many at once, for the price of one: all of them are seen moved, or none.  None may have a file of its own
 * (git_backend_has_file()), which would hide it.  ERR_FORK as above; ERR_BUSY: somebody else is at it, move them one by one.
 */
struct git_backend_move {
    const char *ref;
    const struct sha1 *from; /* NULL: it is new. */
    struct sha1 to;
};
enum err git_backend_move_together(struct git_backend *g, const struct git_backend_move moves[], size_t count);
bool git_backend_has_file(const struct git_backend *g, const char *ref);

/* Removes a ref durably; fine when there is none. */
enum err git_backend_remove(struct git_backend *g, const char *ref);

/* Calls back for each ref whose name is `prefix` and one more part; target NULL: it is damaged. */
typedef enum err git_backend_ref_fn(void *context, const char *part, const struct sha1 *target);
enum err git_backend_each_ref(struct git_backend *g, const char *prefix, git_backend_ref_fn *each, void *context);

/* ---- for house-keeping ---- */

/* Calls back for each object of one pack (named by its digits), or of the files of single objects (NULL), readable or not. */
typedef enum err git_backend_object_fn(void *context, enum err err, enum pack_kind kind, const struct sha1 *name,
                                       struct bytes object);
enum err git_backend_each_object(struct git_backend *g, const char *pack, git_backend_object_fn *each, void *context);

/*
 * Files of single objects that are larger stay what they are: they are chunks of attachments, and copying them from pack to
 * pack would gain nothing.  Calls back for each, by name alone.
 */
#define GIT_BACKEND_LARGE KIB(256)
typedef enum err git_backend_name_fn(void *context, const struct sha1 *name);
enum err git_backend_each_large(struct git_backend *g, git_backend_name_fn *each, void *context);
/* git_backend_each_object() for those that are not. */
enum err git_backend_each_small(struct git_backend *g, git_backend_object_fn *each, void *context);

/* Says whether a pack was written since git_backend_begin(). */
bool git_backend_was_written(const struct git_backend *g, const char *pack);

/* After files were removed under the library. */
enum err git_backend_reopen(struct git_backend *g);

struct git_backend_counts {
    size_t packs; /* Small ones; about. */
    size_t hasty; /* Small ones that were stored; about. */
    size_t loose; /* Files of single objects that are not large; about. */
};
struct git_backend_counts *git_backend_counts(struct git_backend *g);

const char *git_backend_path(const struct git_backend *g);
enum err git_backend_fail(struct git_backend *g, enum err err, const char *what, const char *detail);

#define GIT_BACKEND_NAME_SIZE 41
void git_backend_name_text(const struct sha1 *name, char text[GIT_BACKEND_NAME_SIZE]);
enum err git_backend_pack_path(const struct git_backend *g, char path[FILES_PATH_SIZE], const char *name, const char *end);

#endif
