/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/index_private.h"

#include <assert.h>
#include <stdlib.h>

#define SCHEMA_VERSION 4

/* Numbers of enums are written to disk: a change of one is a new SCHEMA_VERSION. */
static const char TABLES[] =
    /* A row of `log` is a branch; `name` is empty for the first one of a key.  A parent's number is the lower one. */
    "CREATE TABLE log (number INTEGER PRIMARY KEY, key BLOB NOT NULL, name BLOB NOT NULL, parent INTEGER, first INTEGER"
    " NOT NULL, prev BLOB NOT NULL, kibbutz BLOB NOT NULL, role INTEGER NOT NULL, seq INTEGER NOT NULL, entry BLOB NOT"
    " NULL, sha1 BLOB NOT NULL, clock INTEGER NOT NULL, UNIQUE (key, name));"
    "CREATE TABLE entry (log INTEGER NOT NULL, seq INTEGER NOT NULL, id BLOB NOT NULL, sha1 BLOB NOT NULL,"
    " clock INTEGER NOT NULL, act INTEGER NOT NULL, document BLOB, content BLOB, here INTEGER NOT NULL,"
    " audience INTEGER NOT NULL, root BLOB NOT NULL, name TEXT NOT NULL, lines BLOB NOT NULL, PRIMARY KEY (log, seq))"
    " WITHOUT ROWID;"
    "CREATE UNIQUE INDEX entry_id ON entry (id);"
    "CREATE INDEX entry_clock ON entry (clock, id);"
    "CREATE INDEX entry_missing ON entry (log, seq) WHERE here = 1;"
    "CREATE INDEX entry_erased ON entry (log, seq) WHERE here = 3;"
    "CREATE TABLE revision (id BLOB NOT NULL UNIQUE, document BLOB NOT NULL, log BLOB NOT NULL, seq INTEGER NOT NULL,"
    " clock INTEGER NOT NULL, kibbutz BLOB NOT NULL, role INTEGER NOT NULL, audience INTEGER NOT NULL,"
    " status INTEGER NOT NULL DEFAULT 0, cause INTEGER NOT NULL DEFAULT 0, because BLOB,"
    " title TEXT NOT NULL, kind TEXT NOT NULL, number TEXT NOT NULL, date TEXT NOT NULL, body TEXT NOT NULL,"
    " language TEXT NOT NULL);"
    "CREATE INDEX revision_document ON revision (document, clock, id);"
    "CREATE TABLE document (id BLOB PRIMARY KEY, revision BLOB NOT NULL, clock INTEGER NOT NULL,"
    " judged INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL DEFAULT 0, erased INTEGER NOT NULL DEFAULT 0,"
    " replacing INTEGER NOT NULL DEFAULT 0, ended BLOB, heads INTEGER NOT NULL DEFAULT 0, need INTEGER NOT NULL "
    "DEFAULT 0,"
    " own INTEGER NOT NULL DEFAULT 0, approvals INTEGER NOT NULL DEFAULT 0, disputed INTEGER NOT NULL DEFAULT 0)"
    " WITHOUT ROWID;"
    "CREATE INDEX document_clock ON document (clock, id);"
    "CREATE INDEX document_doubtful ON document (state) WHERE state >= 4;"
    "CREATE TABLE approval (revision BLOB NOT NULL, entry BLOB NOT NULL, log BLOB NOT NULL, kibbutz BLOB NOT NULL,"
    " status INTEGER NOT NULL, counts INTEGER NOT NULL, PRIMARY KEY (revision, entry)) WITHOUT ROWID;"
    "CREATE TABLE stamp (one INTEGER PRIMARY KEY CHECK (one = 1), value BLOB NOT NULL);";

_Static_assert(INDEX_MISSING == 1 && INDEX_HERE == 2 && INDEX_ERASED == 3, "as in the statements");
_Static_assert(TRUST_PROPOSED == 0 && TRUST_DISPUTED == 4 && TRUST_NULL == 5, "likewise");

#define SELECT_HEAD "SELECT key, seq, entry, sha1, clock, kibbutz, role FROM log "
#define SELECT_ENTRY                                                                                                   \
    "SELECT l.key, e.seq, e.id, e.sha1, e.clock, l.kibbutz, l.role, e.act, e.document, e.content, e.here, "            \
    "e.audience, "                                                                                                     \
    "l.name, e.root, l.number, l.parent, e.name, e.lines, l.prev FROM "
#define SELECT_REVISION                                                                                                \
    "SELECT r.document, r.id, r.log, r.seq, r.clock, r.kibbutz, r.role, r.audience, r.title, r.kind, r.number, "       \
    "r.date,"                                                                                                          \
    " r.body, r.language, (SELECT count(*) FROM revision WHERE document = r.document),"                                \
    " (SELECT here FROM entry WHERE id = r.id), r.status, r.cause, r.because, d.state, d.erased, d.replacing, "        \
    "d.ended,"                                                                                                         \
    " d.revision, d.heads, d.need, d.own, d.approvals, d.disputed FROM "

#define REVISIONS                                                                                                      \
    "revision r CROSS JOIN document d ON d.id = r.document WHERE r.document = ?1"                                      \
    " ORDER BY r.clock DESC, r.id DESC"

static const char *const QUERIES[INDEX_QUERY_COUNT] = {
    [INDEX_CLEAR_LOGS] = "DELETE FROM log",
    [INDEX_CLEAR_ENTRIES] = "DELETE FROM entry",
    [INDEX_CLEAR_REVISIONS] = "DELETE FROM revision",
    [INDEX_CLEAR_DOCUMENTS] = "DELETE FROM document",
    [INDEX_CLEAR_APPROVALS] = "DELETE FROM approval",
    [INDEX_CLEAR_STAMP] = "DELETE FROM stamp",
    [INDEX_FIND_LOG] = "SELECT number FROM log WHERE key = ?1 AND name = ?2",
    [INDEX_FIND_PARENT] = "SELECT log FROM entry WHERE id = ?1",
    [INDEX_ADD_LOG] = "INSERT INTO log (key, name, parent, first, prev, kibbutz, role, seq, entry, sha1, clock)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?4, ?8, ?9, ?10)",
    [INDEX_MOVE_HEAD] = "UPDATE log SET seq = ?2, entry = ?3, sha1 = ?4, clock = ?5 WHERE number = ?1 AND seq <= ?2",
    [INDEX_ADD_ENTRY] =
        "INSERT OR REPLACE INTO entry (log, seq, id, sha1, clock, act, document, content, here, audience,"
        " root, name, lines) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [INDEX_SET_CONTENT] = "UPDATE entry SET here = CASE here WHEN 3 THEN 3 ELSE ?2 END WHERE id = ?1 AND here > 0",
    /* The branch that ends in the main head, and the entry if it is on that branch. */
    [INDEX_FIND_MAIN] = "SELECT number FROM log WHERE key = ?1 ORDER BY seq DESC, entry LIMIT 1",
    [INDEX_FIND_AT] = SELECT_ENTRY "log l JOIN entry e ON e.log = l.number WHERE l.number = ?1 AND e.seq = ?2",
    [INDEX_FIND_ID] = SELECT_ENTRY "entry e JOIN log l ON l.number = e.log WHERE e.id = ?1",
    [INDEX_EACH_AT] = SELECT_ENTRY "log l JOIN entry e ON e.log = l.number WHERE l.key = ?1 AND e.seq = ?2",
    [INDEX_FIND_BRANCH] = "SELECT first, parent FROM log WHERE number = ?1",
    [INDEX_FIND_HEAD] = SELECT_HEAD "WHERE key = ?1 ORDER BY seq DESC, entry LIMIT 1",
    [INDEX_FIND_BRANCH_HEAD] = SELECT_HEAD "WHERE key = ?1 AND name = ?2",
    [INDEX_EACH_HEAD] = SELECT_HEAD "ORDER BY key, seq, entry",
    [INDEX_EACH_ENTRY] = SELECT_ENTRY "entry e CROSS JOIN log l ON l.number = e.log ORDER BY e.log, e.seq",
    [INDEX_EACH_MISSING] =
        SELECT_ENTRY "entry e CROSS JOIN log l ON l.number = e.log WHERE e.here = 1 ORDER BY e.log, e.seq",
    [INDEX_EACH_NEWEST] =
        SELECT_ENTRY "entry e CROSS JOIN log l ON l.number = e.log ORDER BY e.clock DESC, e.id DESC LIMIT ?1 OFFSET ?2",
    [INDEX_ADD_REVISION] =
        "INSERT INTO revision (document, id, log, seq, clock, kibbutz, role, audience, title, kind, number, date, body,"
        " language) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) ON CONFLICT (id) DO UPDATE SET"
        " title = ?9, kind = ?10, number = ?11, date = ?12, body = ?13, language = ?14",
    /* Of the newest revision, until the document is judged. */
    [INDEX_PICK_REVISION] =
        "INSERT INTO document (id, revision, clock) SELECT document, id, clock FROM revision WHERE document = ?1"
        " ORDER BY clock DESC, id DESC LIMIT 1"
        " ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, clock = excluded.clock WHERE judged = 0",
    [INDEX_JUDGE_DOCUMENT] =
        "UPDATE document SET judged = 1, state = ?2, erased = ?3, replacing = ?4, ended = ?5, heads = ?6, need = ?7,"
        " own = ?8, approvals = ?9, disputed = ?10, revision = coalesce((SELECT id FROM revision WHERE id = ?11), "
        "revision),"
        " clock = coalesce((SELECT clock FROM revision WHERE id = ?11), clock) WHERE id = ?1",
    [INDEX_JUDGE_REVISION] = "UPDATE revision SET status = ?2, cause = ?3, because = ?4 WHERE id = ?1",
    [INDEX_FORGET_APPROVALS] = "DELETE FROM approval WHERE revision = ?1",
    [INDEX_ADD_APPROVAL] = "INSERT OR REPLACE INTO approval (revision, entry, log, kibbutz, status, counts)"
                           " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [INDEX_EACH_APPROVAL] =
        "SELECT entry, log, kibbutz, status, counts FROM approval WHERE revision = ?1 ORDER BY entry",
    [INDEX_SET_STAMP] = "INSERT OR REPLACE INTO stamp (one, value) VALUES (1, ?1)",
    [INDEX_FIND_STAMP] = "SELECT value FROM stamp",
    [INDEX_EACH_DOCUMENT] = SELECT_REVISION
    "document d CROSS JOIN revision r ON r.id = d.revision WHERE d.clock >= ?1 AND (?2 OR d.state <> 5)"
    " AND (?3 IS NULL OR r.kind = ?3) AND (?4 IS NULL OR r.kibbutz = ?4) ORDER BY d.clock DESC, d.id DESC LIMIT ?5 "
    "OFFSET ?6",
    [INDEX_EACH_REVISION] = SELECT_REVISION REVISIONS,
    [INDEX_EACH_HISTORY] = SELECT_REVISION REVISIONS,
    [INDEX_FIND_DOCUMENT] = "SELECT id FROM document WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT 2",
    [INDEX_COUNT] = "SELECT (SELECT count(*) FROM entry), (SELECT count(*) FROM document),"
                    " (SELECT count(*) FROM entry WHERE here = 1), (SELECT count(*) FROM entry WHERE here = 3),"
                    " (SELECT count(*) FROM document WHERE state >= 4 AND state = 5),"
                    " (SELECT count(*) FROM document WHERE state >= 4 AND state = 4)",
};

static const struct database_schema INDEX = {
    .version = SCHEMA_VERSION, .tables = TABLES, .queries = QUERIES, .query_count = INDEX_QUERY_COUNT};

enum err index_open(const char *path, bool write, struct index **out, bool *rebuilt)
{
    struct index *index = calloc(1, sizeof *index);
    bool made = false;

    if (!index)
        return ERR_MEMORY;
    enum err err = database_open(path, write, &INDEX, &index->database, &made);
    if (rebuilt)
        *rebuilt = made;
    if (err)
        free(index);
    else
        *out = index;
    return err;
}

void index_close(struct index *index)
{
    if (!index)
        return;
    database_close(index->database);
    free(index);
}

const char *index_reason(const struct index *index)
{
    return database_reason(index->database);
}

enum err index_begin(struct index *index)
{
    bool own;
    enum err err = database_begin(index->database, &own);

    assert(own);
    return err;
}

enum err index_commit(struct index *index)
{
    return database_end(index->database, true, ERR_OK);
}

void index_rollback(struct index *index)
{
    database_rollback(index->database);
}

enum err index_clear(struct index *index)
{
    bool own;
    enum err err = database_begin(index->database, &own);

    if (err)
        return err;
    for (int query = INDEX_CLEAR_LOGS; !err && query <= INDEX_CLEAR_STAMP; query++)
        err = database_run(index->database, database_start(index->database, query), NULL);
    return database_end(index->database, own, err);
}

enum err index_damaged(struct index *index)
{
    return database_say(index->database, ERR_FORMAT, "index: a row is damaged");
}

void index_bind_id(struct database_query *query, int at, const struct id *id)
{
    database_bind_blob(query, at, id_bytes(id));
}

bool index_read_id(struct database_query *row, int at, struct id *id)
{
    return database_blob(row, at, id->at, ID_LEN);
}

bool index_read_id_or_null(struct database_query *row, int at, struct id *id)
{
    *id = (struct id){0};
    return database_is_null(row, at) || index_read_id(row, at, id);
}

/* ---- entries ---- */

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

/* Columns of SELECT_ENTRY beyond those that callers of index_find() get. */
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
        if (memcmp(entry->entry.at, beginning.at, beginning.len) == 0)
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
enum err index_each_entry(struct index *index, index_entry_fn *each, void *context)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_ENTRY);
    uint64_t branch = 0, last_branch = 0;
    struct index_entry entry;
    struct id before = {0};
    enum err err = ERR_OK, ended = ERR_OK;

    while (!ended && !(err = database_step(index->database, query))) {
        if (!database_number(query, COLUMN_NUMBER, INT64_MAX, &branch) || (ended = read_entry(index, query, &entry)) ||
            (branch != last_branch && !index_read_id(query, COLUMN_PREV, &before)))
            ended = index_damaged(index);
        entry.prev = before;
        entry.act_name = database_text(query, COLUMN_NAME);
        entry.lines = database_bytes(query, COLUMN_LINES);
        if (!ended)
            ended = each(context, &entry);
        before = entry.entry;
        last_branch = branch;
    }
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

/* ---- documents ---- */

static enum err add_revision_row(struct index *index, const struct index_revision *revision)
{
    struct database_query *query = database_start(index->database, INDEX_ADD_REVISION);

    index_bind_id(query, 1, &revision->document);
    index_bind_id(query, 2, &revision->revision);
    index_bind_id(query, 3, &revision->log);
    database_bind_number(query, 4, revision->seq);
    database_bind_number(query, 5, revision->clock);
    index_bind_id(query, 6, &revision->kibbutz);
    database_bind_number(query, 7, revision->role);
    database_bind_number(query, 8, revision->audience);
    database_bind_text(query, 9, revision->title);
    database_bind_text(query, 10, revision->kind);
    database_bind_text(query, 11, revision->number);
    database_bind_text(query, 12, revision->date);
    database_bind_text(query, 13, revision->body);
    database_bind_text(query, 14, revision->language);
    return database_run(index->database, query, NULL);
}

static enum err pick_revision(struct index *index, const struct id *document)
{
    struct database_query *query = database_start(index->database, INDEX_PICK_REVISION);

    index_bind_id(query, 1, document);
    return database_run(index->database, query, NULL);
}

enum err index_add_revision(struct index *index, const struct index_revision *revision)
{
    bool own;
    enum err err = database_begin(index->database, &own);

    if (err)
        return err;
    if (!(err = add_revision_row(index, revision)))
        err = pick_revision(index, &revision->document);
    return database_end(index->database, own, err);
}

/* Columns 19 to 28 of SELECT_REVISION. */
static bool read_judged(struct database_query *row, struct trust_document *judged)
{
    uint64_t state, erased, replacing, heads, own, approvals, disputed;

    if (!database_number(row, 19, TRUST_NULL, &state) || !database_number(row, 20, 1, &erased) ||
        !database_number(row, 21, 1, &replacing) || !index_read_id_or_null(row, 22, &judged->ended_by) ||
        !index_read_id(row, 23, &judged->revision) || !database_number(row, 24, SIZE_MAX, &heads) ||
        !database_number(row, 25, INT64_MAX, &judged->need) || !database_number(row, 26, 1, &own) ||
        !database_number(row, 27, SIZE_MAX, &approvals) || !database_number(row, 28, SIZE_MAX, &disputed))
        return false;
    judged->state = (enum trust_state)state;
    judged->erased = erased != 0;
    judged->replacing_disputed = replacing != 0;
    judged->head_count = heads;
    judged->own_only = own != 0;
    judged->approvals = approvals;
    judged->disputed = disputed;
    return true;
}

static bool read_verdict(struct database_query *row, struct trust_verdict *verdict)
{
    uint64_t status, cause;

    if (!database_number(row, 16, TRUST_GOOD, &status) || !database_number(row, 17, TRUST_WAITS, &cause) ||
        !index_read_id_or_null(row, 18, &verdict->because))
        return false;
    verdict->status = (enum trust_status)status;
    verdict->cause = (enum trust_cause)cause;
    return true;
}

static enum err read_revision(struct index *index, struct database_query *row, struct index_revision *revision)
{
    uint64_t role, audience, here;

    *revision = (struct index_revision){.here = false};
    if (!index_read_id(row, 0, &revision->document) || !index_read_id(row, 1, &revision->revision) ||
        !index_read_id(row, 2, &revision->log) || !database_number(row, 3, INT64_MAX, &revision->seq) ||
        !database_number(row, 4, INT64_MAX, &revision->clock) || !index_read_id(row, 5, &revision->kibbutz) ||
        !database_number(row, 6, ROLE_CARD, &role) || !database_number(row, 7, ACT_FOR_PUBLIC, &audience) ||
        !database_number(row, 14, INT64_MAX, &revision->revisions) || !database_number(row, 15, INDEX_ERASED, &here) ||
        !read_verdict(row, &revision->verdict) || !read_judged(row, &revision->judged))
        return index_damaged(index);
    revision->role = (enum role)role;
    revision->audience = (enum act_audience)audience;
    revision->title = database_text(row, 8);
    revision->kind = database_text(row, 9);
    revision->number = database_text(row, 10);
    revision->date = database_text(row, 11);
    revision->body = database_text(row, 12);
    revision->language = database_text(row, 13);
    revision->here = here == INDEX_HERE;
    revision->verdict.kibbutz = revision->kibbutz;
    revision->verdict.role = revision->role;
    revision->judged.document = revision->document;
    return ERR_OK;
}

static enum err each_revision(struct index *index, struct database_query *query, index_revision_fn *each, void *context)
{
    struct index_revision revision;
    enum err err = ERR_OK, ended = ERR_OK;

    while (!ended && !(err = database_step(index->database, query)))
        if (!(ended = read_revision(index, query, &revision)))
            ended = each(context, &revision);
    database_finish(query);
    return ended ? ended : err == ERR_MISSING ? ERR_OK : err;
}

enum err index_each_document(struct index *index, const struct index_filter *filter, index_revision_fn *each,
                             void *context)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_DOCUMENT);

    database_bind_number(query, 1, filter->since);
    database_bind_number(query, 2, filter->with_void);
    if (filter->kind.len > 0)
        database_bind_text(query, 3, filter->kind);
    if (filter->kibbutz)
        index_bind_id(query, 4, filter->kibbutz);
    database_bind_number(query, 5, filter->limit ? filter->limit : INT64_MAX);
    database_bind_number(query, 6, filter->offset);
    return each_revision(index, query, each, context);
}

enum err index_each_revision(struct index *index, const struct id *document, index_revision_fn *each, void *context)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_REVISION);

    index_bind_id(query, 1, document);
    return each_revision(index, query, each, context);
}

enum err index_each_history(struct index *index, const struct id *document, index_revision_fn *each, void *context)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_HISTORY);

    index_bind_id(query, 1, document);
    return each_revision(index, query, each, context);
}

/* The least and the greatest id that begin with these digits. */
static bool prefix_range(const char *prefix, struct id *least, struct id *greatest)
{
    char low[ID_TEXT_LEN], high[ID_TEXT_LEN];
    size_t len = strlen(prefix);

    if (len < INDEX_PREFIX_MIN || len > ID_TEXT_LEN)
        return false;
    memset(low, '0', sizeof low);
    memset(high, 'f', sizeof high);
    for (size_t i = 0; i < len; i++)
        low[i] = high[i] = (char)(prefix[i] >= 'A' && prefix[i] <= 'F' ? prefix[i] - 'A' + 'a' : prefix[i]);
    return id_from_text(bytes_of(low, sizeof low), least) == ERR_OK &&
           id_from_text(bytes_of(high, sizeof high), greatest) == ERR_OK;
}

enum err index_find_document(struct index *index, const char *prefix, struct id *document)
{
    struct database *database = index->database;
    struct id least, greatest, found;

    if (!prefix_range(prefix, &least, &greatest))
        return database_say(database, ERR_MISSING, "the beginning of an id is 4 to 64 digits of 0-9 and a-f");
    struct database_query *query = database_start(database, INDEX_FIND_DOCUMENT);
    index_bind_id(query, 1, &least);
    index_bind_id(query, 2, &greatest);
    enum err err = database_step(database, query);
    if (err == ERR_MISSING) {
        (void)database_say(database, err, "no document's id begins so");
    } else if (!err && !index_read_id(query, 0, &found)) {
        err = index_damaged(index);
    } else if (!err) {
        err = database_step(database, query);
        if (!err)
            err = database_say(database, ERR_EXISTS, "the ids of several documents begin so");
        else if (err == ERR_MISSING)
            err = ERR_OK;
    }
    database_finish(query);
    if (!err)
        *document = found;
    return err;
}

enum err index_count(struct index *index, struct index_counts *counts)
{
    struct database_query *query = database_start(index->database, INDEX_COUNT);
    enum err err = database_step(index->database, query);

    if (!err && (!database_number(query, 0, INT64_MAX, &counts->entries) ||
                 !database_number(query, 1, INT64_MAX, &counts->documents) ||
                 !database_number(query, 2, INT64_MAX, &counts->contents_missing) ||
                 !database_number(query, 3, INT64_MAX, &counts->contents_erased) ||
                 !database_number(query, 4, INT64_MAX, &counts->documents_void) ||
                 !database_number(query, 5, INT64_MAX, &counts->documents_contested)))
        err = index_damaged(index);
    database_finish(query);
    return err;
}
