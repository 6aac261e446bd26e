/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_RECENT_H
#define PROTO_RECENT_H

/*
 * The text of the newest entries of the logs that were last written to: what a push is compressed against, by the sender and
 * by the receiver.  Kept at hand, and read from the store where it is not; derived, so that it can be forgotten at any time.
 */

#include "proto/buffer.h"
#include "proto/item.h"

struct recent;

/* Appends an entry's wire form and its packed content, when that is here.  ERR_MISSING: no such entry. */
typedef enum err recent_read_fn(void *context, const struct id *entry, struct buffer *wire, struct buffer *packed);

/* `read` may be NULL: then only what recent_note() brought is known.  NULL when memory is out. */
struct recent *recent_new(const struct id *network, recent_read_fn *read, void *context);
void recent_free(struct recent *r);

/* Forgets all: contents were erased, or came late. */
void recent_clear(struct recent *r);

/* A new entry of a log, durable or about to be; nothing happens unless the log is at hand and it follows the newest there. */
void recent_note(struct recent *r, const struct item *item);

struct recent_run { /* Entries of one log, each following the one before it. */
    struct id log, entry, root; /* The last one, and the root that it stands on. */
    uint64_t seq;
    size_t count;
    bool restricted; /* Some content is for the kibbutz alone. */
};

/*
 * Appends the text of `count` entries of a log that end with `last`, the oldest first; 0: as many as are at hand and fit
 * `limit`, at least `last` itself.  ERR_MISSING: fewer are here.  ERR_LIMIT: they do not fit.  ERR_MEMORY.
 */
enum err recent_run(struct recent *r, const struct id *log, const struct id *last, size_t count, size_t limit,
                    struct recent_run *run, struct buffer *text);

/* The same of one entry, wherever it stands. */
enum err recent_one(struct recent *r, const struct id *entry, size_t limit, struct recent_run *run, struct buffer *text);

size_t recent_memory(const struct recent *r);

#endif
