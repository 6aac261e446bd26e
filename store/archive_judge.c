/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"

#include <stdlib.h>

/* Following trust: what it says of documents, written where others read it. */

struct judge {
    struct archive *a;
    struct trust *trust;
    struct id *revisions; /* Of the document at hand. */
    size_t count, size;
    struct archive_place *erased; /* Contents that are to go. */
    size_t erased_count;
};

static enum err gather_revision(void *context, const struct index_revision *revision)
{
    struct judge *j = context;

    if (j->count == j->size) {
        size_t size = j->size ? j->size * 2 : 16;
        struct id *more = realloc(j->revisions, size * sizeof *more);

        if (!more)
            return ERR_MEMORY;
        j->revisions = more;
        j->size = size;
    }
    j->revisions[j->count++] = revision->revision;
    return ERR_OK;
}

static enum err judge_revision(struct judge *j, const struct id *revision)
{
    size_t count = trust_approval_count(j->trust, revision);
    struct trust_approval *approvals = calloc(count ? count : 1, sizeof *approvals);
    struct trust_verdict verdict = trust_entry(j->trust, revision);
    enum err err = ERR_MEMORY;

    if (approvals) {
        for (size_t i = 0; i < count; i++)
            approvals[i] = trust_approval_at(j->trust, revision, i);
        err = index_judge_revision(j->a->index, revision, &verdict, approvals, count);
    }
    free(approvals);
    return err;
}

/* What is not gone yet is noted; it goes when the states are written. */
static enum err note_erased(struct judge *j, const struct id *revision)
{
    struct index_entry row;
    enum err err = index_find_id(j->a->index, revision, &row);

    if (err || row.has_content == INDEX_ERASED || row.has_content == INDEX_NO_CONTENT)
        return err;
    struct archive_place *more = realloc(j->erased, (j->erased_count + 1) * sizeof *more);
    if (!more)
        return ERR_MEMORY;
    j->erased = more;
    more[j->erased_count++] =
        (struct archive_place){.branch = {.log = row.log, .name = row.branch}, .seq = row.seq, .entry = row.entry};
    return ERR_OK;
}

static enum err judge_document(struct judge *j, const struct id *document)
{
    struct trust_document judged;
    enum err err;

    if (!trust_document(j->trust, document, &judged))
        return ERR_OK;
    j->count = 0;
    err = index_each_revision(j->a->index, document, gather_revision, j);
    for (size_t i = 0; !err && i < j->count; i++) {
        err = judge_revision(j, &j->revisions[i]);
        if (!err && trust_erased(j->trust, &j->revisions[i]))
            err = note_erased(j, &j->revisions[i]);
    }
    return err ? err : index_judge(j->a->index, &judged);
}

/* Trust is a function of the entries and the anchor; the anchor shows in the root. */
static struct id stamp_of(const struct judge *j)
{
    struct id entries = frontier_stamp(j->a->heads), root = trust_root(j->trust);
    const struct bytes parts[] = {id_bytes(&entries), id_bytes(&root)};

    return id_hash_parts(ID_FRONTIER, parts, 2);
}

static enum err write_all(struct judge *j, const struct id *stamp)
{
    struct index *index = j->a->index;
    struct id document;
    bool joined = index_is_joined(index);
    enum err err = joined ? ERR_OK : index_begin(index);

    while (!err && trust_next_changed(j->trust, &document))
        err = judge_document(j, &document);
    if (!err)
        err = index_set_stamp(index, stamp);
    if (!err && !joined)
        err = index_commit(index);
    if (err) {
        index_rollback(index);
        j->a->index_behind = j->a->index_behind || joined; /* The entries before it were lost with it. */
    }
    return err;
}

enum err archive_judge(struct archive *a, struct trust *trust)
{
    struct judge j = {.a = a, .trust = trust};
    struct id stamp, written = {0}, document;
    enum err err = ERR_OK;

    if (a->mode != ARCHIVE_WRITE || !a->index || a->index_behind)
        return ERR_OK;
    stamp = stamp_of(&j);
    if (!a->is_judged)
        err = index_stamp(a->index, &written);
    if (!err && id_equal(&stamp, &written)) {
        while (trust_next_changed(trust, &document)) /* As it stands in the index. */
            continue;
    } else if (!err)
        err = write_all(&j, &stamp);
    a->is_judged = !err;
    if (!err && j.erased_count > 0)
        err = archive_erase(a, j.erased, j.erased_count);
    else if (err)
        err = archive_fail_index(a, err);
    free(j.revisions);
    free(j.erased);
    return err;
}
