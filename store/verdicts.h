/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_VERDICTS_H
#define STORE_VERDICTS_H

/* What trust says at one moment of the documents that changed: it can be written while trust goes on. */

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

struct verdicts {
    struct id root; /* The governance root that they follow from. */
    bool more;      /* Other documents changed as well. */
    struct verdict_document *documents;
    size_t document_count, document_size;
    struct verdict *revisions;
    size_t revision_count, revision_size;
    struct trust_approval *approvals;
    size_t approval_count, approval_size;
};

/* Takes those of at most `limit` documents in place of what `v` (zeros at first) held.  ERR_MEMORY: nothing is lost but they. */
enum err verdicts_take(struct verdicts *v, struct trust *trust, size_t limit);
void verdicts_free(struct verdicts *v);

#endif
