/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/verdicts.h"

#include "store/roster.h"

#include <stdlib.h>

struct taking {
    struct verdicts *v;
    struct trust *trust;
    enum err err;
};

static void take_revision(void *context, const struct id *revision)
{
    struct taking *take = context;
    struct verdicts *v = take->v;
    struct verdict verdict = {.revision = *revision,
                              .trust = trust_entry(take->trust, revision),
                              .erased = trust_erased(take->trust, revision),
                              .first_approval = v->approvals.count,
                              .approval_count = trust_approval_count(take->trust, revision)};

    for (size_t i = 0; !take->err && i < verdict.approval_count; i++) {
        struct trust_approval approval = trust_approval_at(take->trust, revision, i);

        take->err = sorted_append(&v->approvals, &approval);
    }
    if (!take->err)
        take->err = sorted_append(&v->revisions, &verdict);
}

static enum err take_document(struct taking *take, const struct id *id)
{
    struct verdicts *v = take->v;
    struct verdict_document document = {.first_revision = v->revisions.count};

    if (!trust_document(take->trust, id, &document.trust))
        return ERR_OK;
    trust_each_revision(take->trust, id, take_revision, take);
    document.revision_count = v->revisions.count - document.first_revision;
    return take->err ? take->err : sorted_append(&v->documents, &document);
}

static void begin(struct verdicts *v, struct trust *trust)
{
    v->documents.item_size = sizeof(struct verdict_document);
    v->revisions.item_size = sizeof(struct verdict);
    v->approvals.item_size = sizeof(struct trust_approval);
    v->documents.count = v->revisions.count = v->approvals.count = 0;
    buffer_free(&v->roster);
    v->root = trust_root(trust);
    v->more = true;
}

enum err verdicts_take_of(struct verdicts *v, struct trust *trust, const struct sorted *documents)
{
    struct taking take = {.v = v, .trust = trust};
    enum err err = ERR_OK;

    begin(v, trust);
    for (size_t i = 0; !err && i < documents->count; i++)
        err = take_document(&take, sorted_at(documents, i));
    return err;
}

static enum err take_offices(struct verdicts *v, struct trust *trust)
{
    struct roster roster = {.keys = {.at = NULL}};
    enum err err = roster_take(&roster, trust);

    v->roster = BUFFER(ROSTER_SIZE);
    if (!err)
        roster_encode(&roster, &v->roster);
    roster_free(&roster);
    return err ? err : buffer_error(&v->roster);
}

enum err verdicts_take(struct verdicts *v, struct trust *trust, uint64_t offices, size_t limit)
{
    struct taking take = {.v = v, .trust = trust};
    struct id document;
    enum err err = ERR_OK;

    begin(v, trust);
    v->offices = trust_offices(trust);
    if (v->offices != offices)
        err = take_offices(v, trust);
    while (!err && v->documents.count < limit && (v->more = trust_next_changed(trust, &document)))
        err = take_document(&take, &document);
    return err;
}

void verdicts_free(struct verdicts *v)
{
    free(v->documents.at);
    free(v->revisions.at);
    free(v->approvals.at);
    buffer_free(&v->roster);
    *v = (struct verdicts){.more = false};
}
