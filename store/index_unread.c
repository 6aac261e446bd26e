/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/index_private.h"

/* Revisions whose text is still to be read: when many come at once, that is done behind them. */

enum err index_add_unread(struct index *index, const struct id *revision)
{
    struct database_query *query = database_start(index->database, INDEX_ADD_UNREAD);

    index_bind_id(query, 1, revision);
    return database_run(index->database, query, NULL);
}

enum err index_take_unread(struct index *index, struct id *revision)
{
    struct database_query *query = database_start(index->database, INDEX_FIRST_UNREAD);
    uint64_t number = 0;
    enum err err = database_step(index->database, query);

    if (!err && (!database_number(query, 0, INT64_MAX, &number) || !index_read_id(query, 1, revision)))
        err = index_damaged(index);
    database_finish(query);
    if (err)
        return err;
    query = database_start(index->database, INDEX_DROP_UNREAD);
    database_bind_number(query, 1, number);
    return database_run(index->database, query, NULL);
}

static enum err count(struct index *index, int which, uint64_t *number)
{
    struct database_query *query = database_start(index->database, which);
    enum err err = database_step(index->database, query);

    if (!err && !database_number(query, 0, INT64_MAX, number))
        err = index_damaged(index);
    database_finish(query);
    return err;
}

enum err index_count_unread(struct index *index, uint64_t *number)
{
    return count(index, INDEX_COUNT_UNREAD, number);
}

enum err index_find_unread(struct index *index, const struct id *revision)
{
    struct database_query *query = database_start(index->database, INDEX_FIND_UNREAD);

    index_bind_id(query, 1, revision);
    enum err err = database_step(index->database, query);
    database_finish(query);
    return err;
}

enum err index_count_unread_documents(struct index *index, uint64_t *number)
{
    return count(index, INDEX_COUNT_UNREAD_DOCUMENTS, number);
}
