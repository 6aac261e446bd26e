/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_SEGMENTS_H
#define STORE_SEGMENTS_H

/*
 * Frames of old history, made once and sent as they are to whoever lacks all that is in one: HOME/segments/, one file each.
 * They are derived: any of them, or all, can be deleted at any time.  Nothing of an audience that is smaller than the
 * network, and nothing that was erased, is in them.
 */

#include "proto/replica.h"
#include "store/archive.h"

struct segments;

/* Reads what is there; what is damaged is removed.  ERR_MEMORY, ERR_IO. */
enum err segments_open(const char *home, struct segments **segments);
bool segments_exist(const char *home);
void segments_close(struct segments *s);

struct segment { /* Lent until the next change. */
    const struct replica_run *runs;
    size_t count;
    uint64_t number; /* Its name. */
};

/* The one that has a run which begins with that entry; false: there is none. */
bool segments_find(const struct segments *s, const struct id *log, uint64_t from, struct segment *segment);

/* Appends its frame.  ERR_AUTH: it is damaged, and was forgotten. */
enum err segments_read(struct segments *s, const struct segment *segment, struct buffer *frame);

/* The seq after which nothing of a log is in any. */
uint64_t segments_until(const struct segments *s, const struct id *log);

/* Of all entries, those in one. */
uint64_t segments_entries(const struct segments *s);

/* Keeps one more, and says its name.  Not durable: after a crash it is there whole, or not at all. */
enum err segments_add(struct segments *s, const struct replica_run runs[], size_t count, struct bytes frame,
                      uint64_t *number);

/* Forgets that one, if it is there: what is in it is to be in another. */
void segments_forget(struct segments *s, uint64_t number);

/* Forgets every one that may hold the content of an entry. */
void segments_drop(struct segments *s, const struct id *log, uint64_t seq);

/*
 * Gathers the next one from an archive, of what is after segments_until() in the logs of `wanted`: a plain bundle and its runs.
 * ERR_MISSING: there is nothing.  Reads only; may run in another thread on an archive of its own.
 */
struct segment_draft {
    struct replica_run *runs;
    size_t count;
    struct buffer plain;
    bool is_full; /* Else it may be made again, with more, when there is more. */
};
enum err segment_gather(struct archive *a, const struct replica_run wanted[], size_t count, struct segment_draft *draft);
void segment_draft_free(struct segment_draft *draft);

#endif
