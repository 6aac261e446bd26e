/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"
#include "store/roster.h"
#include "store/verdicts.h"

#include <stdlib.h>

/* Following trust: what it says of documents, written where others read it. */

#define AT_ONCE 1024 /* Documents whose verdicts are held in memory. */

struct judge {
    struct archive *a;
    struct archive_place *erased; /* Contents that are to go. */
    size_t erased_count;
};

/* What is not gone yet is noted; it goes when the states are written. */
static enum err note_erased(struct judge *j, const struct id *revision)
{
    struct index_entry row;
    enum err err = index_find_id(j->a->index, revision, &row);

    if (err == ERR_MISSING)
        return ERR_OK;
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

/* Of a document none of whose texts was read yet nothing stands in the index: it is judged then. */
static enum err write_document(struct judge *j, const struct verdicts *v, const struct verdict_document *document)
{
    enum err judged = index_judge(j->a->index, &document->trust), err = judged == ERR_MISSING ? ERR_OK : judged;

    for (size_t i = 0; !err && i < document->revision_count; i++) {
        const struct verdict *verdict = sorted_at(&v->revisions, document->first_revision + i);

        if (!judged)
            err = index_judge_revision(j->a->index, &verdict->revision, &verdict->trust,
                                       sorted_at(&v->approvals, verdict->first_approval), verdict->approval_count);
        if (!err && verdict->erased)
            err = note_erased(j, &verdict->revision);
    }
    return err;
}

/* Trust is a function of the entries and the anchor; the anchor shows in the root. */
static struct id stamp_of(const struct frontier *heads, const struct id *root)
{
    struct id entries = frontier_stamp(heads);
    const struct bytes parts[] = {id_bytes(&entries), id_bytes(root)};

    return id_hash_parts(ID_FRONTIER, parts, 2);
}

static enum err write_states(struct judge *j, const struct verdicts *v)
{
    struct index *index = j->a->index;
    struct id stamp = stamp_of(j->a->heads, &v->root);
    bool joined = index_is_joined(index);
    enum err err = joined ? ERR_OK : index_begin(index);

    if (!err && v->roster.len > 0)
        err = index_set_roster(index, buffer_bytes(&v->roster));
    for (size_t i = 0; !err && i < v->documents.count; i++)
        err = write_document(j, v, sorted_at(&v->documents, i));
    if (!err && !v->more)
        err = index_set_stamp(index, &stamp);
    if (!err && !joined)
        err = index_commit(index);
    if (err) {
        index_rollback(index);
        j->a->index_behind = j->a->index_behind || joined; /* The entries before it were lost with it. */
    }
    return err;
}

enum err archive_write_verdicts(struct archive *a, const struct verdicts *verdicts)
{
    struct judge j = {.a = a};
    enum err err;

    if (a->mode != ARCHIVE_WRITE || !a->index || a->index_behind)
        return ERR_OK;
    err = write_states(&j, verdicts);
    if (!err)
        a->offices = verdicts->offices;
    if (!err && j.erased_count > 0)
        err = archive_erase(a, j.erased, j.erased_count);
    else if (err)
        err = archive_fail_index(a, err);
    free(j.erased);
    return err;
}

uint64_t archive_offices(const struct archive *a)
{
    return a->offices;
}

enum err archive_judge_read(struct archive *a, struct trust *trust, const struct sorted *documents)
{
    struct verdicts verdicts = {.more = false};
    struct judge j = {.a = a};
    enum err err = verdicts_take_of(&verdicts, trust, documents);

    for (size_t i = 0; !err && i < verdicts.documents.count; i++)
        err = write_document(&j, &verdicts, sorted_at(&verdicts.documents, i));
    free(j.erased); /* What is to go went when that was judged. */
    verdicts_free(&verdicts);
    return err;
}

/* Whether the index has what follows from the entries that are here; then trust's changes are none. */
static enum err look_up_stamp(struct archive *a, struct trust *trust, bool *in_step)
{
    struct id root = trust_root(trust), stamp = stamp_of(a->heads, &root), written, document;
    enum err err = index_stamp(a->index, &written);

    *in_step = !err && id_equal(&stamp, &written);
    while (*in_step && trust_next_changed(trust, &document))
        continue;
    if (*in_step)
        a->offices = trust_offices(trust);
    return err;
}

enum err archive_judge(struct archive *a, struct trust *trust)
{
    struct verdicts verdicts = {.more = true};
    bool in_step = false;
    enum err err = ERR_OK;

    if (a->mode != ARCHIVE_WRITE || !a->index || a->index_behind)
        return ERR_OK;
    if (!a->is_judged && (err = look_up_stamp(a, trust, &in_step)))
        return archive_fail_index(a, err);
    while (!err && !in_step && verdicts.more) {
        if ((err = verdicts_take(&verdicts, trust, a->offices, AT_ONCE)))
            (void)archive_fail(a, err, "out of memory");
        else
            err = archive_write_verdicts(a, &verdicts);
    }
    a->is_judged = !err;
    verdicts_free(&verdicts);
    return err;
}

/* What is read of the index after the heads is as new as these, or newer: then the stamp is another one. */
enum err archive_read_roster(struct archive *a, const struct frontier *heads, struct roster *roster)
{
    struct buffer file = BUFFER(ROSTER_SIZE);
    struct id written, stamp;
    uint64_t number;
    enum err err = ERR_MISSING;

    if (a->index && !a->index_behind && !(err = index_roster(a->index, &number, &file)))
        err = file.len > 0 ? roster_decode(roster, buffer_bytes(&file)) : ERR_MISSING;
    buffer_free(&file);
    if (err || (err = index_stamp(a->index, &written)))
        return err;
    stamp = stamp_of(heads, &roster->root);
    if (id_equal(&stamp, &written))
        return ERR_OK;
    roster_free(roster);
    return ERR_MISSING;
}
