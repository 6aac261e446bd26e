/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_PACK_H
#define STORE_PACK_H

/*
 * Builds git packs, version 2, without deltas, in memory: no I/O.  An object that is added twice stands in the pack
 * once.
 */

#include "proto/buffer.h"
#include "proto/parallel.h"
#include "proto/sha1.h"

#define PACK_LIMIT (UINT64_C(1) << 30) /* Offsets stay below 2^31, where an index needs no second table. */
#define PACK_FILL (UINT64_C(64) << 20) /* Writers begin the next pack here: the bound of their memory. */

enum pack_kind { PACK_COMMIT = 1, PACK_TREE = 2, PACK_BLOB = 3 };

const char *pack_kind_name(enum pack_kind kind);

struct pack;

struct pack *pack_new(int level); /* Of compression, 0 to 12.  NULL when memory is out. */
void pack_free(struct pack *p);
void pack_clear(struct pack *p);

/* Before the first object: from now on all are stored as they are, for whoever waits, or none. */
void pack_store(struct pack *p, bool stores);

/* Whether the pack that begins so was stored: its first object says so, and is no delta. */
#define PACK_START 32
bool pack_is_hasty(struct bytes start);

/* From now on objects are compressed by several threads, some of them at a time: lent.  The pack is the same. */
void pack_work_parallel(struct pack *p, const struct parallel *parallel);

/* ERR_LIMIT: the pack is full. */
enum err pack_add(struct pack *p, enum pack_kind kind, const struct sha1 *name, struct bytes object);
uint32_t pack_count(const struct pack *p);
uint64_t pack_size(const struct pack *p); /* Of what is compressed, and plain of what is not yet. */

/* The object names, in the order in which they were added. */
const struct sha1 *pack_name(const struct pack *p, uint32_t index);

/* Closes the pack; the views are lent until pack_clear() or pack_free().  `name` is what git puts into its file name. */
enum err pack_finish(struct pack *p, struct bytes *pack, struct bytes *index, struct sha1 *name);

/* Appends an object in the form of a file of its own. */
enum err pack_loose(struct pack *p, enum pack_kind kind, struct bytes object, struct buffer *out);

/* Reads that form again, appending the object.  ERR_AUTH: it is damaged; the caller compares its name.  ERR_LIMIT. */
enum err pack_read_loose(struct pack *p, struct bytes file, enum pack_kind *kind, struct buffer *out);

#endif
