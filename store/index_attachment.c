/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/index_private.h"

#include "proto/limits.h"

/* Attachments, as the manifests of the contents that are here name them. */

enum err index_add_attachment(struct index *index, const struct index_attachment *attachment)
{
    struct database_query *query = database_start(index->database, INDEX_ADD_ATTACHMENT);

    index_bind_id(query, 1, &attachment->entry);
    database_bind_number(query, 2, attachment->place);
    database_bind_text(query, 3, attachment->name);
    index_bind_id(query, 4, &attachment->digest);
    database_bind_number(query, 5, attachment->size);
    database_bind_number(query, 6, attachment->here);
    return database_run(index->database, query, NULL);
}

static enum err run_by_id(struct index *index, int which, const struct id *id)
{
    struct database_query *query = database_start(index->database, which);

    index_bind_id(query, 1, id);
    return database_run(index->database, query, NULL);
}

enum err index_set_file(struct index *index, const struct id *digest)
{
    return run_by_id(index, INDEX_SET_FILE, digest);
}

enum err index_forget_attachments(struct index *index, const struct id *entry)
{
    return run_by_id(index, INDEX_FORGET_ATTACHMENTS, entry);
}

static bool read_attachment(struct database_query *row, struct index_attachment *attachment)
{
    uint64_t here;

    if (!index_read_id(row, 0, &attachment->entry) || !database_number(row, 1, LIMIT_FILES - 1, &attachment->place) ||
        !index_read_id(row, 3, &attachment->digest) || !database_number(row, 4, LIMIT_FILE, &attachment->size) ||
        !database_number(row, 5, 1, &here))
        return false;
    attachment->name = database_text(row, 2);
    attachment->here = here != 0;
    return true;
}

static enum err each(struct index *index, struct database_query *query, index_attachment_fn *fn, void *context)
{
    struct index_attachment attachment;
    enum err err;

    while (!(err = database_step(index->database, query)))
        if ((err = read_attachment(query, &attachment) ? fn(context, &attachment) : index_damaged(index)))
            break;
    database_finish(query);
    return err == ERR_MISSING ? ERR_OK : err;
}

enum err index_each_attachment(struct index *index, const struct id *entry, index_attachment_fn *fn, void *context)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_ATTACHMENT);

    index_bind_id(query, 1, entry);
    return each(index, query, fn, context);
}

enum err index_each_naming(struct index *index, const struct id *digest, index_attachment_fn *fn, void *context)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_NAMING);

    index_bind_id(query, 1, digest);
    return each(index, query, fn, context);
}

enum err index_each_absent(struct index *index, index_attachment_fn *fn, void *context)
{
    return each(index, database_start(index->database, INDEX_EACH_ABSENT), fn, context);
}

static enum err ask(struct index *index, int which, const struct id *id, uint64_t *first, uint64_t *second)
{
    struct database_query *query = database_start(index->database, which);

    index_bind_id(query, 1, id);
    enum err err = database_step(index->database, query);
    if (!err &&
        (!database_number(query, 0, INT64_MAX, first) || (second && !database_number(query, 1, INT64_MAX, second))))
        err = index_damaged(index);
    database_finish(query);
    return err;
}

enum err index_names_file(struct index *index, const struct id *digest, bool *named)
{
    uint64_t any = 0;
    enum err err = ask(index, INDEX_NAMES_FILE, digest, &any, NULL);

    *named = any != 0;
    return err;
}

enum err index_count_attachments(struct index *index, const struct id *entry, uint64_t *total, uint64_t *absent)
{
    return ask(index, INDEX_COUNT_ATTACHMENTS, entry, total, absent);
}
