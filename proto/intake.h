/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_INTAKE_H
#define PROTO_INTAKE_H

/*
 * Taking in a bundle: every entry is decoded, judged by trust, verified against the entry before it and rebuilt as a
 * commit; an entry whose place another has already begins a branch, and both are kept; every content is compared with what its entry signed.  What comes out is ready to be stored, and nothing of
 * it counts before it is.
 */

#include "proto/checks.h"
#include "proto/frontier.h"
#include "proto/item.h"
#include "proto/missing.h"
#include "proto/trust.h"

struct intake_seen { /* An entry that was here already. */
    struct id log, entry, prev;
    uint64_t seq;
};

struct intake {
    struct buffer bundle; /* The plain bytes; the items' views point into it and into `commits`. */
    struct buffer commits;
    struct item *items;
    size_t count, size;
    struct frontier *ahead; /* All tips of the logs that it moves. */

    struct intake_seen *seen;
    size_t known, seen_size; /* Entries that were here already. */
    size_t strangers;        /* Entries that nothing known grants, ... */
    size_t gaps;             /* ... before which others are missing, ... */
    size_t crowded;          /* ... or of a log that has too many branches: left out. */
    size_t forks;            /* Entries that begin a branch. */
    size_t new_logs;         /* Of those in `ahead`: known nowhere before. */
    size_t mark;             /* Of trust before its entries were added. */
    struct checks checks;    /* What waits to be verified. */
    const struct intake *before; /* As in intake_base: NULL once that is durable. */
};

/* What a bundle is taken in upon. */
struct intake_base {
    const struct id *network;
    const struct frontier *frontier;
    /*
     * What was taken in last and is on its way to the disk, as if it were there; with what that was taken in upon, and so on.  NULL:
     * all is on the disk.
     */
    const struct intake *before;
    struct trust *trust;
    const struct missing *missing;
    const struct parallel *parallel; /* May be NULL. */
};

/* NULL when memory is out. */
struct intake *intake_new(void);
void intake_free(struct intake *in);

/* Forgets what was taken in; keeps the memory of small ones. */
void intake_clear(struct intake *in);

/* Bytes of memory held. */
size_t intake_memory(const struct intake *in);

/*
 * Takes in the plain bundle in in->bundle.  Adds its entries to trust, which is marked at the beginning.  Whole good entries before an
 * error stay in `items`.  Signatures and digests are verified last, all at once; if one of them
 * is wrong all is undone and taken in again, one by one.  ERR_FORMAT, ERR_AUTH, ERR_LIMIT, ERR_NETWORK, ERR_VERSION: the
 * sender's fault.  ERR_MEMORY: ours.
 */
enum err intake_run(struct intake *in, const struct intake_base *base);

#endif
