/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_VERDICTS_H
#define STORE_VERDICTS_H

/* What trust says at one moment of the documents that changed, and of offices: it can be written while trust goes on. */

#include "proto/buffer.h"
#include "proto/sorted.h"
#include "proto/trust.h"

struct verdict { /* Of a revision. */
    struct id revision;
    struct trust_verdict trust;
    bool erased;
    size_t first_approval, approval_count; /* In `approvals`. */
};

struct verdict_document {
    struct trust_document trust;
    size_t first_revision, revision_count; /* In `revisions`. */
};

struct verdicts { /* Zero-initialised: nothing. */
    struct id root;          /* The governance root that they follow from. */
    bool more;               /* Other documents changed as well. */
    struct sorted documents; /* struct verdict_document, as they were told of; */
    struct sorted revisions; /* struct verdict; */
    struct sorted approvals; /* struct trust_approval. */
    uint64_t offices;        /* trust_offices() of then, ... */
    struct buffer roster;    /* ... and what they are (store/roster.h); empty: as they were before. */
};

/*
 * Takes those of at most `limit` documents in place of what `v` held, and the offices unless they are `offices` still.  ERR_MEMORY:
 * those that were being taken are not told again.
 */
enum err verdicts_take(struct verdicts *v, struct trust *trust, uint64_t offices, size_t limit);
/* Likewise those of just these documents (struct id), whether they changed or not, and no offices. */
enum err verdicts_take_of(struct verdicts *v, struct trust *trust, const struct sorted *documents);
void verdicts_free(struct verdicts *v);

#endif
