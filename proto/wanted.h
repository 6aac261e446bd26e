/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_WANTED_H
#define PROTO_WANTED_H

/*
 * Attachments that contents here name and that are not here: what to ask for next, and of whom.  Kibbutzim take turns, in each
 * its authors, in each the oldest first; so one that publishes much keeps nobody else waiting.
 */

#include "proto/file.h"
#include "proto/id.h"

#define WANTED_LINKS 128    /* Peers are told apart by a small number. */
#define WANTED_LIST SIZE_MAX /* In place of a chunk: the list of chunk hashes. */

struct wanted;

struct wanted_file {
    struct id digest;
    uint64_t size;
    struct id log; /* The content that names it, by which it is asked for. */
    uint64_t seq;
    struct id entry;
    struct id kibbutz; /* Of its author. */
    bool restricted;   /* Only nodes of that kibbutz may hold it. */
};

/* Says what of a file is here already. */
typedef void wanted_state_fn(void *context, const struct id *digest, uint64_t size, struct file_state *state);

struct wanted *wanted_new(wanted_state_fn *state, void *context); /* `state` NULL: nothing ever is. */
void wanted_free(struct wanted *w);
size_t wanted_count(const struct wanted *w);

/* Whether all of it is here already. */
bool wanted_is_here(const struct wanted *w, const struct id *digest, uint64_t size);
/* Adds one, unless it is here or known.  ERR_LIMIT: too many to remember; they are found again at the next start.  ERR_MEMORY. */
enum err wanted_add(struct wanted *w, const struct wanted_file *file);
void wanted_remove(struct wanted *w, const struct id *digest);
/* By their place from 0, in no order that means anything; lent likewise. */
const struct wanted_file *wanted_at(const struct wanted *w, size_t place);
void wanted_forget_at(struct wanted *w, size_t place);
/* NULL: it is not wanted.  Lent until the next change. */
const struct wanted_file *wanted_find(const struct wanted *w, const struct id *digest);

/* What to ask this peer for next, which is from now on asked of it; false: nothing.  `file` is lent as above. */
bool wanted_next(struct wanted *w, unsigned link, const struct wanted_file **file, size_t *chunk);
/* It was asked for and will not come from there; others may be asked. */
void wanted_unask(struct wanted *w, const struct id *digest, size_t chunk);
/* That peer has not got it, or may not give it, until wanted_hope(). */
void wanted_refuse(struct wanted *w, const struct id *digest, unsigned link);
void wanted_hope(struct wanted *w, unsigned link);
/* It has it now. */
void wanted_offer(struct wanted *w, const struct id *digest, unsigned link);

/* Whether that peer may still give it: it has not said that it does not. */
bool wanted_may_come(const struct wanted *w, const struct id *digest, unsigned link);

/* What is here of one that was asked for; NULL: nothing was. */
const struct file_state *wanted_state(const struct wanted *w, const struct id *digest);
/* Keeps the list, which was verified. */
void wanted_keep_list(struct wanted *w, const struct id *digest, struct bytes list);
/* A chunk is here; true when the file is whole, which then is wanted no more. */
bool wanted_keep_chunk(struct wanted *w, const struct id *digest, size_t chunk);

#endif
