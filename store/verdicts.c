/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/verdicts.h"

#include <stdlib.h>

/* Room for one more of `item_size` bytes; NULL when memory is out. */
static void *grow(void *at, size_t count, size_t *size, size_t item_size)
{
    void *more;

    if (count < *size)
        return at;
    more = realloc(at, (*size ? *size * 2 : 64) * item_size);
    if (more)
        *size = *size ? *size * 2 : 64;
    return more;
}

struct taking {
    struct verdicts *v;
    struct trust *trust;
    enum err err;
};

static void take_approvals(struct taking *take, struct verdict *verdict)
{
    struct verdicts *v = take->v;

    verdict->first_approval = v->approval_count;
    verdict->approval_count = trust_approval_count(take->trust, &verdict->revision);
    for (size_t i = 0; i < verdict->approval_count; i++) {
        struct trust_approval *more = grow(v->approvals, v->approval_count, &v->approval_size, sizeof *v->approvals);
        if (!more) {
            take->err = ERR_MEMORY;
            return;
        }
        v->approvals = more;
        v->approvals[v->approval_count++] = trust_approval_at(take->trust, &verdict->revision, i);
    }
}

static void take_revision(void *context, const struct id *revision)
{
    struct taking *take = context;
    struct verdicts *v = take->v;
    struct verdict *more = grow(v->revisions, v->revision_count, &v->revision_size, sizeof *v->revisions);

    if (!more || take->err) {
        take->err = ERR_MEMORY;
        return;
    }
    v->revisions = more;
    more += v->revision_count++;
    *more = (struct verdict){.revision = *revision,
                             .trust = trust_entry(take->trust, revision),
                             .erased = trust_erased(take->trust, revision)};
    take_approvals(take, more);
}

static enum err take_document(struct taking *take, const struct id *document)
{
    struct verdicts *v = take->v;
    struct verdict_document *more = grow(v->documents, v->document_count, &v->document_size, sizeof *v->documents);

    if (!more)
        return ERR_MEMORY;
    v->documents = more;
    more += v->document_count;
    *more = (struct verdict_document){.first_revision = v->revision_count};
    if (!trust_document(take->trust, document, &more->trust))
        return ERR_OK;
    trust_each_revision(take->trust, document, take_revision, take);
    more->revision_count = v->revision_count - more->first_revision;
    v->document_count++;
    return take->err;
}

enum err verdicts_take(struct verdicts *v, struct trust *trust, size_t limit)
{
    struct taking take = {.v = v, .trust = trust};
    struct id document;
    enum err err = ERR_OK;

    v->document_count = v->revision_count = v->approval_count = 0;
    v->root = trust_root(trust);
    v->more = true;
    while (!err && v->document_count < limit && (v->more = trust_next_changed(trust, &document)))
        err = take_document(&take, &document);
    return err;
}

void verdicts_free(struct verdicts *v)
{
    free(v->documents);
    free(v->revisions);
    free(v->approvals);
    *v = (struct verdicts){.more = false};
}
