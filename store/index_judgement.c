/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/index_private.h"

/* What trust says of documents and offices, kept for those that read the index alone. */

static enum err judge(struct index *index, const struct trust_document *judged)
{
    struct database_query *query = database_start(index->database, INDEX_JUDGE_DOCUMENT);
    uint64_t changes = 0;

    index_bind_id(query, 1, &judged->document);
    database_bind_number(query, 2, judged->state);
    database_bind_number(query, 3, judged->erased);
    database_bind_number(query, 4, judged->replacing_disputed);
    if (!id_is_zero(&judged->ended_by))
        index_bind_id(query, 5, &judged->ended_by);
    database_bind_number(query, 6, judged->head_count);
    database_bind_number(query, 7, judged->need);
    database_bind_number(query, 8, judged->own_only);
    database_bind_number(query, 9, judged->approvals);
    database_bind_number(query, 10, judged->disputed);
    enum err err = database_run(index->database, query, &changes);
    return !err && changes == 0 ? ERR_MISSING : err;
}

enum err index_judge(struct index *index, const struct trust_document *judged)
{
    struct database_query *query;
    bool own;
    enum err err = database_begin(index->database, &own);

    if (err)
        return err;
    if (!(err = judge(index, judged))) {
        query = database_start(index->database, INDEX_SHOW_REVISION);
        index_bind_id(query, 1, &judged->document);
        index_bind_id(query, 2, &judged->revision);
        err = database_run(index->database, query, NULL);
    }
    return database_end(index->database, own, err);
}

static enum err set_verdict(struct index *index, const struct id *revision, const struct trust_verdict *verdict)
{
    struct database_query *query = database_start(index->database, INDEX_JUDGE_REVISION);

    index_bind_id(query, 1, revision);
    database_bind_number(query, 2, verdict->status);
    database_bind_number(query, 3, verdict->cause);
    if (!id_is_zero(&verdict->because))
        index_bind_id(query, 4, &verdict->because);
    return database_run(index->database, query, NULL);
}

static enum err add_approval(struct index *index, const struct id *revision, const struct trust_approval *approval)
{
    struct database_query *query = database_start(index->database, INDEX_ADD_APPROVAL);

    index_bind_id(query, 1, revision);
    index_bind_id(query, 2, &approval->entry);
    index_bind_id(query, 3, &approval->log);
    index_bind_id(query, 4, &approval->kibbutz);
    database_bind_number(query, 5, approval->status);
    database_bind_number(query, 6, approval->counts);
    return database_run(index->database, query, NULL);
}

enum err index_judge_revision(struct index *index, const struct id *revision, const struct trust_verdict *verdict,
                              const struct trust_approval approvals[], size_t count)
{
    struct database_query *query;
    bool own;
    enum err err = database_begin(index->database, &own);

    if (err)
        return err;
    err = set_verdict(index, revision, verdict);
    if (!err) {
        query = database_start(index->database, INDEX_FORGET_APPROVALS);
        index_bind_id(query, 1, revision);
        err = database_run(index->database, query, NULL);
    }
    for (size_t i = 0; !err && i < count; i++)
        err = add_approval(index, revision, &approvals[i]);
    return database_end(index->database, own, err);
}

static enum err read_approval(struct index *index, struct database_query *row, struct trust_approval *approval)
{
    uint64_t status, counts;

    if (!index_read_id(row, 0, &approval->entry) || !index_read_id(row, 1, &approval->log) ||
        !index_read_id(row, 2, &approval->kibbutz) || !database_number(row, 3, TRUST_GOOD, &status) ||
        !database_number(row, 4, 1, &counts))
        return index_damaged(index);
    approval->status = (enum trust_status)status;
    approval->counts = counts != 0;
    return ERR_OK;
}

enum err index_each_approval(struct index *index, const struct id *revision, index_approval_fn *each, void *context)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_APPROVAL);
    struct trust_approval approval;
    enum err err = ERR_OK, ended = ERR_OK;

    index_bind_id(query, 1, revision);
    while (!ended && !(err = database_step(index->database, query)))
        if (!(ended = read_approval(index, query, &approval)))
            ended = each(context, &approval);
    database_finish(query);
    return ended ? ended : err == ERR_MISSING ? ERR_OK : err;
}

enum err index_set_stamp(struct index *index, const struct id *stamp)
{
    struct database_query *query = database_start(index->database, INDEX_SET_STAMP);

    index_bind_id(query, 1, stamp);
    return database_run(index->database, query, NULL);
}

enum err index_stamp(struct index *index, struct id *stamp)
{
    struct database_query *query = database_start(index->database, INDEX_FIND_STAMP);
    enum err err = database_step(index->database, query);

    *stamp = (struct id){0};
    if (!err && !index_read_id(query, 0, stamp))
        err = index_damaged(index);
    database_finish(query);
    return err == ERR_MISSING ? ERR_OK : err;
}

enum err index_set_roster(struct index *index, struct bytes roster)
{
    struct database_query *query = database_start(index->database, INDEX_SET_ROSTER);

    database_bind_blob(query, 1, roster);
    return database_run(index->database, query, NULL);
}

enum err index_roster(struct index *index, uint64_t *number, struct buffer *out)
{
    struct database_query *query = database_start(index->database, INDEX_FIND_ROSTER);
    enum err err = database_step(index->database, query);

    if (!err && !database_number(query, 0, INT64_MAX, number))
        err = index_damaged(index);
    if (!err && out != NULL)
        buffer_add(out, database_bytes(query, 1));
    database_finish(query);
    if (err == ERR_MISSING)
        err = index_damaged(index);
    return !err && out != NULL ? buffer_error(out) : err;
}

void index_scrub(struct index *index)
{
    database_scrub(index->database);
}
