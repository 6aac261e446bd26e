/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_SIM_DISK_H
#define TESTS_SIM_DISK_H

/*
 * What a node keeps, with the ways in which a disk forgets.  It follows the order of store/archive.c: objects are
 * written, synced, then refs are moved, synced, and only then the batch is done.  Refs move one by one, so a crash in
 * between leaves some logs advanced and others not, and entries without their contents.  Opening it again makes durable
 * what is found.
 */

#include "proto/item.h"
#include "proto/buffer.h"
#include "tests/sim/random.h"

struct disk_record {
    struct head head;
    struct id prev;
    struct bytes entry;   /* Empty: a content that comes later than its entry. */
    struct bytes content; /* Empty: not here. */
};

enum disk_phase {
    DISK_IDLE,
    DISK_WRITING,        /* Objects, not synced. */
    DISK_OBJECTS_SYNCED, /* Refs have not moved. */
    DISK_REFS_MOVED,     /* They are not synced. */
    DISK_DONE,           /* All is durable; the replica was not told yet. */
};

enum disk_loss { DISK_LOSE_NOTHING, DISK_LOSE_ALL, DISK_KEEP_PREFIX, DISK_KEEP_SUBSET, DISK_LOSSES };

struct disk_batch {
    struct disk_record *at;
    size_t count;
};

#define DISK_WAITING 8 /* More than a replica hands over before the first is done. */

struct disk {
    struct disk_record *records; /* Durable, in order of log, seq and entry id. */
    size_t count, size;
    struct buffer charter;
    struct disk_batch batch; /* Being stored; */
    enum disk_phase phase;
    struct disk_batch waiting[DISK_WAITING]; /* and those that are stored after it, the next one first. */
    size_t waiting_count;
    bool full;   /* Writing fails until there is room. */
    bool broken; /* A sync failed: it has to be opened again. */
};

void disk_begin(struct disk *d);
/* What is durable on one, put on another that is empty. */
void disk_copy(struct disk *to, const struct disk *from);
void disk_free(struct disk *d);

/* The durable record of an entry, or NULL. */
struct disk_record *disk_find(const struct disk *d, const struct id *log, uint64_t seq, const struct id *entry);
/* The same of that seq whose id begins so; what leads to an entry, at that seq. */
struct disk_record *disk_find_beginning(const struct disk *d, const struct id *log, uint64_t seq,
                                        struct bytes beginning);
struct disk_record *disk_find_before(const struct disk *d, const struct head *later, uint64_t seq);
/* The main head of a log, as that of a frontier; seq 0: none. */
struct head disk_head(const struct disk *d, const struct id *log);
/* Whether no entry follows this one. */
bool disk_is_tip(const struct disk *d, const struct disk_record *record);

/* Puts one in at once, durable. */
void disk_put(struct disk *d, const struct item *item);

/* Copies a batch, and begins to write it when those before it are done; true: at once. */
bool disk_store(struct disk *d, const struct item items[], size_t count);
/* Goes one phase further; in the last one returns true with the outcome, and the next batch is begun, or after a failure none. */
bool disk_step(struct disk *d, bool sync_fails, struct random *r, enum err *err);
/* Whatever was under way is resolved as a crash would; the disk is as if opened again. */
void disk_crash(struct disk *d, enum disk_loss loss, struct random *r);

#endif
