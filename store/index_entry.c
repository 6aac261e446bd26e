/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/index_private.h"

#include <stdlib.h>

#define BRANCHES_MAX ((uint64_t)LIMIT_LOGS * LIMIT_BRANCHES)

/* The logs: entries, and the branches that they are on. */

/* Where a new branch hangs; ERR_MISSING unless it begins with the log. */
static enum err find_parent(struct index *index, const struct index_entry *entry, uint64_t *parent)
{
    if (entry->seq == 1)
        return ERR_OK;
    struct database_query *query = database_start(index->database, INDEX_FIND_PARENT);
    index_bind_id(query, 1, &entry->prev);
    enum err err = database_step(index->database, query);
    if (!err && !database_number(query, 0, INT64_MAX, parent))
        err = index_damaged(index);
    database_finish(query);
    return err == ERR_MISSING ? database_say(index->database, err, "the entry before is not in the index") : err;
}

static struct bytes name_of(const struct index_entry *entry)
{
    return id_is_zero(&entry->branch) ? bytes_text("") : id_bytes(&entry->branch);
}

static enum err add_log(struct index *index, const struct index_entry *entry)
{
    uint64_t parent = 0;
    enum err err = find_parent(index, entry, &parent);

    if (err)
        return err;
    struct database_query *query = database_start(index->database, INDEX_ADD_LOG);
    index_bind_id(query, 1, &entry->log);
    database_bind_blob(query, 2, name_of(entry));
    if (parent > 0)
        database_bind_number(query, 3, parent);
    database_bind_number(query, 4, entry->seq);
    index_bind_id(query, 5, &entry->prev);
    index_bind_id(query, 6, &entry->kibbutz);
    database_bind_number(query, 7, entry->role);
    index_bind_id(query, 8, &entry->entry);
    database_bind_blob(query, 9, bytes_of(entry->commit.at, SHA1_LEN));
    database_bind_number(query, 10, entry->clock);
    return database_run(index->database, query, NULL);
}

static enum err move_head(struct index *index, const struct index_entry *entry, uint64_t log)
{
    struct database_query *query = database_start(index->database, INDEX_MOVE_HEAD);

    database_bind_number(query, 1, log);
    database_bind_number(query, 2, entry->seq);
    index_bind_id(query, 3, &entry->entry);
    database_bind_blob(query, 4, bytes_of(entry->commit.at, SHA1_LEN));
    database_bind_number(query, 5, entry->clock);
    return database_run(index->database, query, NULL);
}

/* The number of a branch, whose head is moved to `entry` or made of it. */
static enum err take_log(struct index *index, const struct index_entry *entry, uint64_t *number)
{
    struct database_query *query = database_start(index->database, INDEX_FIND_LOG);

    index_bind_id(query, 1, &entry->log);
    database_bind_blob(query, 2, name_of(entry));
    enum err err = database_step(index->database, query);
    if (!err && !database_number(query, 0, INT64_MAX, number))
        err = index_damaged(index);
    database_finish(query);
    if (!err)
        return move_head(index, entry, *number);
    if (err != ERR_MISSING)
        return err;
    err = add_log(index, entry);
    *number = database_row_number(index->database);
    return err;
}

static enum err add_row(struct index *index, const struct index_entry *entry, uint64_t log)
{
    struct database_query *query = database_start(index->database, INDEX_ADD_ENTRY);

    database_bind_number(query, 1, log);
    database_bind_number(query, 2, entry->seq);
    index_bind_id(query, 3, &entry->entry);
    database_bind_blob(query, 4, bytes_of(entry->commit.at, SHA1_LEN));
    database_bind_number(query, 5, entry->clock);
    database_bind_number(query, 6, entry->act);
    if (!id_is_zero(&entry->document))
        index_bind_id(query, 7, &entry->document);
    if (entry->has_content != INDEX_NO_CONTENT)
        index_bind_id(query, 8, &entry->content);
    database_bind_number(query, 9, entry->has_content);
    database_bind_number(query, 10, entry->audience);
    index_bind_id(query, 11, &entry->root);
    database_bind_text(query, 12, entry->act_name.at ? entry->act_name : bytes_text(""));
    database_bind_blob(query, 13, entry->lines.at ? entry->lines : bytes_text(""));
    return database_run(index->database, query, NULL);
}

enum err index_add_entry(struct index *index, const struct index_entry *entry)
{
    uint64_t log = 0;
    bool own;
    enum err err = database_begin(index->database, &own);

    if (err)
        return err;
    if (!(err = take_log(index, entry, &log)))
        err = add_row(index, entry, log);
    return database_end(index->database, own, err);
}

enum err index_set_content(struct index *index, const struct id *entry, enum index_content content)
{
    struct database_query *query = database_start(index->database, INDEX_SET_CONTENT);
    uint64_t changes = 0;

    index_bind_id(query, 1, entry);
    database_bind_number(query, 2, content);
    enum err err = database_run(index->database, query, &changes);
    if (!err && changes == 0)
        return database_say(index->database, ERR_MISSING, "no such entry, or it has no content");
    return err;
}

/* Columns of SELECT_ENTRY in index.c beyond those that callers of index_find() get. */
enum { COLUMN_NUMBER = 14, COLUMN_PARENT, COLUMN_NAME, COLUMN_LINES, COLUMN_PREV };

static bool read_name(struct database_query *row, struct id *branch)
{
    *branch = (struct id){0};
    return database_bytes(row, 12).len == 0 || index_read_id(row, 12, branch);
}

static enum err read_entry(struct index *index, struct database_query *row, struct index_entry *entry)
{
    uint64_t role, act, here, audience;

    *entry = (struct index_entry){.seq = 0};
    if (!index_read_id(row, 0, &entry->log) || !database_number(row, 1, INT64_MAX, &entry->seq) ||
        !index_read_id(row, 2, &entry->entry) || !database_blob(row, 3, entry->commit.at, SHA1_LEN) ||
        !database_number(row, 4, INT64_MAX, &entry->clock) || !index_read_id(row, 5, &entry->kibbutz) ||
        !database_number(row, 6, ROLE_CARD, &role) || !database_number(row, 7, ACT_UNKNOWN, &act) ||
        !index_read_id_or_null(row, 8, &entry->document) || !index_read_id_or_null(row, 9, &entry->content) ||
        !database_number(row, 10, INDEX_ERASED, &here) || !database_number(row, 11, ACT_FOR_PUBLIC, &audience) ||
        !read_name(row, &entry->branch) || !index_read_id(row, 13, &entry->root))
        return index_damaged(index);
    entry->role = (enum role)role;
    entry->act = (enum act)act;
    entry->has_content = (enum index_content)here;
    entry->audience = (enum act_audience)audience;
    return ERR_OK;
}

static enum err read_head(struct index *index, struct database_query *row, struct head *head)
{
    uint64_t role;

    if (!index_read_id(row, 0, &head->log) || !database_number(row, 1, INT64_MAX, &head->seq) ||
        !index_read_id(row, 2, &head->entry) || !database_blob(row, 3, head->commit.at, SHA1_LEN) ||
        !database_number(row, 4, INT64_MAX, &head->clock) || !index_read_id(row, 5, &head->kibbutz) ||
        !database_number(row, 6, ROLE_CARD, &role))
        return index_damaged(index);
    head->role = (enum role)role;
    return ERR_OK;
}

static enum err find_entry(struct index *index, struct database_query *query, struct index_entry *entry)
{
    enum err err = database_step(index->database, query);

    if (!err)
        err = read_entry(index, query, entry);
    else if (err == ERR_MISSING)
        (void)database_say(index->database, err, "no such entry");
    database_finish(query);
    return err;
}

/* The entry of that seq on a branch, or on the one that it hangs from, and so on. */
static enum err find_on(struct index *index, uint64_t branch, uint64_t seq, struct index_entry *entry)
{
    uint64_t first = 0, parent = 0;

    for (;;) {
        struct database_query *query = database_start(index->database, INDEX_FIND_AT);
        database_bind_number(query, 1, branch);
        database_bind_number(query, 2, seq);
        enum err err = find_entry(index, query, entry);
        if (err != ERR_MISSING)
            return err;
        query = database_start(index->database, INDEX_FIND_BRANCH);
        database_bind_number(query, 1, branch);
        err = database_step(index->database, query);
        bool has_parent = !err && !database_is_null(query, 1);
        if (!err && (!database_number(query, 0, INT64_MAX, &first) ||
                     (has_parent && (!database_number(query, 1, INT64_MAX, &parent) || parent >= branch))))
            err = index_damaged(index);
        database_finish(query);
        if (err)
            return err;
        if (seq >= first || !has_parent)
            return database_say(index->database, ERR_MISSING, "no such entry");
        branch = parent;
    }
}

enum err index_find(struct index *index, const struct id *log, uint64_t seq, struct index_entry *entry)
{
    struct database_query *query = database_start(index->database, INDEX_FIND_MAIN);
    uint64_t branch = 0;

    index_bind_id(query, 1, log);
    enum err err = database_step(index->database, query);
    if (!err && !database_number(query, 0, INT64_MAX, &branch))
        err = index_damaged(index);
    database_finish(query);
    if (err == ERR_MISSING)
        return database_say(index->database, err, "no such entry");
    return err ? err : find_on(index, branch, seq, entry);
}

enum err index_find_id(struct index *index, const struct id *id, struct index_entry *entry)
{
    struct database_query *query = database_start(index->database, INDEX_FIND_ID);

    index_bind_id(query, 1, id);
    return find_entry(index, query, entry);
}

enum err index_find_beginning(struct index *index, const struct id *log, uint64_t seq, struct bytes beginning,
                              struct index_entry *entry)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_AT);
    enum err err;

    index_bind_id(query, 1, log);
    database_bind_number(query, 2, seq);
    while (!(err = database_step(index->database, query)) && !(err = read_entry(index, query, entry)))
        if (id_begins(&entry->entry, beginning))
            break;
    if (err == ERR_MISSING)
        (void)database_say(index->database, err, "no such entry");
    database_finish(query);
    return err;
}

enum err index_find_before(struct index *index, const struct id *later, uint64_t seq, struct index_entry *entry)
{
    struct database_query *query = database_start(index->database, INDEX_FIND_PARENT);
    uint64_t branch = 0;

    index_bind_id(query, 1, later);
    enum err err = database_step(index->database, query);
    if (!err && !database_number(query, 0, INT64_MAX, &branch))
        err = index_damaged(index);
    database_finish(query);
    if (err == ERR_MISSING)
        return database_say(index->database, err, "no such entry");
    return err ? err : find_on(index, branch, seq, entry);
}

static enum err find_head(struct index *index, struct database_query *query, struct head *head)
{
    enum err err = database_step(index->database, query);

    if (!err)
        err = read_head(index, query, head);
    else if (err == ERR_MISSING)
        (void)database_say(index->database, err, "no such log");
    database_finish(query);
    return err;
}

enum err index_find_head(struct index *index, const struct id *log, struct head *head)
{
    struct database_query *query = database_start(index->database, INDEX_FIND_HEAD);

    index_bind_id(query, 1, log);
    return find_head(index, query, head);
}

enum err index_find_branch(struct index *index, const struct id *log, const struct id *branch, struct head *head)
{
    struct database_query *query = database_start(index->database, INDEX_FIND_BRANCH_HEAD);

    index_bind_id(query, 1, log);
    database_bind_blob(query, 2, id_is_zero(branch) ? bytes_text("") : id_bytes(branch));
    return find_head(index, query, head);
}

/* `ended` is the callback's: it may be ERR_MISSING, which from a step means that there are no more rows. */
enum err index_each_head(struct index *index, index_head_fn *each, void *context)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_HEAD);
    struct head head;
    enum err err = ERR_OK, ended = ERR_OK;

    while (!ended && !(err = database_step(index->database, query)))
        if (!(ended = read_head(index, query, &head)))
            ended = each(context, &head);
    database_finish(query);
    return ended ? ended : err == ERR_MISSING ? ERR_OK : err;
}

static enum err each_entry(struct index *index, struct database_query *query, index_entry_fn *each, void *context)
{
    struct index_entry entry;
    enum err err = ERR_OK, ended = ERR_OK;

    while (!ended && !(err = database_step(index->database, query)))
        if (!(ended = read_entry(index, query, &entry)))
            ended = each(context, &entry);
    database_finish(query);
    return ended ? ended : err == ERR_MISSING ? ERR_OK : err;
}

/* The entry before is the row before, but for the first of a branch. */
static enum err each_of_branch(struct index *index, uint64_t number, index_entry_fn *each, void *context)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_OF_LOG);
    struct index_entry entry;
    struct id last;
    bool is_first = true;
    enum err err = ERR_OK, ended = ERR_OK;

    database_bind_number(query, 1, number);
    while (!ended && !(err = database_step(index->database, query))) {
        if ((ended = read_entry(index, query, &entry)))
            break;
        if (is_first && !index_read_id(query, COLUMN_PREV, &last)) {
            ended = index_damaged(index);
            break;
        }
        is_first = false;
        entry.prev = last;
        entry.act_name = database_text(query, COLUMN_NAME);
        entry.lines = database_bytes(query, COLUMN_LINES);
        last = entry.entry;
        ended = each(context, &entry);
    }
    database_finish(query);
    return ended ? ended : err == ERR_MISSING ? ERR_OK : err;
}

enum err index_each_entry(struct index *index, index_entry_fn *each, void *context)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_LOG);
    enum err err = ERR_OK, ended = ERR_OK;
    uint64_t number;

    while (!ended && !(err = database_step(index->database, query)))
        ended = database_number(query, 0, BRANCHES_MAX, &number) ? each_of_branch(index, number, each, context)
                                                                 : index_damaged(index);
    database_finish(query);
    return ended ? ended : err == ERR_MISSING ? ERR_OK : err;
}

enum err index_each_missing(struct index *index, index_entry_fn *each, void *context)
{
    return each_entry(index, database_start(index->database, INDEX_EACH_MISSING), each, context);
}

enum err index_each_newest(struct index *index, uint64_t limit, uint64_t offset, index_entry_fn *each, void *context)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_NEWEST);

    database_bind_number(query, 1, limit);
    database_bind_number(query, 2, offset);
    return each_entry(index, query, each, context);
}
