/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/database.h"
#include "store/term_feed.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 5000 /* A checkpoint or a reader's last page; longer is a fault. */

/* Pages at hand, in KiB: a walk through all of them wants no more than it reads at once. */
#define PAGES_AT_REST "PRAGMA cache_size = -1024"
#define PAGES_OF_READER "PRAGMA cache_size = -4096"
#define PAGES_OF_WRITER "PRAGMA cache_size = -32768"

/* Pages in the write-ahead log: what is worth a checkpoint when there is time, and when there must be time. */
#define LOG_IS_LONG 1024
#define LOG_MAX 16384 /* As journal_size_limit. */

enum { BEGIN, COMMIT, ROLLBACK, HOLD, OWN_COUNT }; /* Our own statements stand after the caller's. */

static const char *const OWN[OWN_COUNT] = {"BEGIN IMMEDIATE", "COMMIT", "ROLLBACK", "BEGIN"};

struct database {
    sqlite3 *sqlite;
    const struct database_schema *schema;
    sqlite3_stmt **statements;
    size_t statement_count;
    bool writes;
    int log_pages; /* By the last commit. */
    char reason[200];
};

/* ---- failures ---- */

const char *database_reason(const struct database *database)
{
    return database->reason;
}

enum err database_say(struct database *database, enum err err, const char *reason)
{
    (void)snprintf(database->reason, sizeof database->reason, "%s", reason);
    return err;
}

/* What SQLite cannot make sense of is damage: the statements are ours, so nothing else can be wrong with them. */
static enum err fail(struct database *database, int code)
{
    int system = sqlite3_system_errno(database->sqlite);

    (void)snprintf(database->reason, sizeof database->reason, "index: %s", sqlite3_errmsg(database->sqlite));
    switch (code & 0xff) {
    case SQLITE_NOMEM: return ERR_MEMORY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ERR_BUSY;
    case SQLITE_FULL:
    case SQLITE_READONLY: return ERR_FULL;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: return system == ENOSPC || system == EDQUOT || system == EROFS ? ERR_FULL : ERR_IO;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_PROTOCOL: return ERR_IO;
    default: return ERR_FORMAT;
    }
}

/* ---- opening ---- */

/* Nobody asks SQLite how much memory it has, and to count it takes a lock for each term of a text. */
static void configure(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static enum err execute(struct database *database, const char *sql)
{
    int code = sqlite3_exec(database->sqlite, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? ERR_OK : fail(database, code);
}

/* Runs a PRAGMA that answers with one value. */
static enum err ask(struct database *database, const char *sql, char *answer, size_t size)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database->sqlite, sql, -1, &statement, NULL);

    answer[0] = '\0';
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    const unsigned char *text = code == SQLITE_ROW ? sqlite3_column_text(statement, 0) : NULL;
    if (text)
        (void)snprintf(answer, size, "%s", (const char *)text);
    enum err err = code == SQLITE_ROW || code == SQLITE_DONE ? ERR_OK : fail(database, code);
    (void)sqlite3_finalize(statement);
    return err;
}

static enum err create_tables(struct database *database)
{
    char version[64];
    enum err err;

    (void)snprintf(version, sizeof version, "PRAGMA user_version = %d", database->schema->version);
    if ((err = execute(database, OWN[BEGIN])))
        return err;
    for (size_t i = 0; !err && database->schema->tables[i]; i++)
        err = execute(database, database->schema->tables[i]);
    if (err || (err = execute(database, version)) || (err = execute(database, OWN[COMMIT])))
        (void)sqlite3_exec(database->sqlite, OWN[ROLLBACK], NULL, NULL, NULL);
    return err;
}

/* Empty and of no version: just made.  Of no version and not empty: not ours. */
static enum err check_version(struct database *database, bool write, bool *rebuilt)
{
    char version[16], tables[16];
    enum err err;

    if ((err = ask(database, "PRAGMA user_version", version, sizeof version)))
        return err;
    if (strtol(version, NULL, 10) == database->schema->version)
        return ERR_OK;
    if ((err = ask(database, "SELECT count(*) FROM sqlite_schema", tables, sizeof tables)))
        return err;
    if (!write || strcmp(version, "0") != 0 || strcmp(tables, "0") != 0)
        return database_say(database, ERR_FORMAT, "index: it is of another version");
    *rebuilt = true;
    return create_tables(database);
}

/*
 * Ids are random, so a batch touches pages everywhere: checkpoints are rare and large, and who commits would wait for one.  So
 * somebody else makes them in time (database_empty_log()), and here only where nobody comes.
 */
static int on_commit(void *context, sqlite3 *sqlite, const char *name, int pages)
{
    struct database *database = context;

    database->log_pages = pages;
    if (pages >= LOG_MAX)
        (void)sqlite3_wal_checkpoint_v2(sqlite, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return SQLITE_OK;
}

bool database_log_is_long(const struct database *database)
{
    return database->log_pages >= LOG_IS_LONG;
}

/* SQLite opens the log of a file with the first look at the file. */
void database_empty_log(const char *path)
{
    sqlite3 *sqlite = NULL;

    if (sqlite3_open_v2(path, &sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
        sqlite3_exec(sqlite, "PRAGMA schema_version", NULL, NULL, NULL) == SQLITE_OK)
        (void)sqlite3_wal_checkpoint_v2(sqlite, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    (void)sqlite3_close(sqlite);
}

static enum err set_up_writing(struct database *database)
{
    char answer[64];
    enum err err;

    /*
     * Where WAL cannot be had the rollback journal does; readers then wait.  The check reads all pages once, and so has no use
     * for a cache.
     */
    if ((err = ask(database, "PRAGMA journal_mode = WAL", answer, sizeof answer)) ||
        (err = execute(database, "PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 67108864;"
                                 " PRAGMA secure_delete = ON;"
                                 " " PAGES_AT_REST)) ||
        (err = ask(database, "PRAGMA quick_check(1)", answer, sizeof answer)) ||
        (err = execute(database, PAGES_OF_WRITER)))
        return err;
    (void)sqlite3_wal_hook(database->sqlite, on_commit, database);
    return strcmp(answer, "ok") == 0 ? ERR_OK : database_say(database, ERR_FORMAT, "index: it is damaged");
}

static enum err prepare(struct database *database)
{
    size_t theirs = database->schema->query_count;

    database->statements = calloc(theirs + OWN_COUNT, sizeof *database->statements);
    if (!database->statements)
        return ERR_MEMORY;
    database->statement_count = theirs + OWN_COUNT;
    for (size_t i = 0; i < database->statement_count; i++) {
        const char *sql = i < theirs ? database->schema->queries[i] : OWN[i - theirs];
        int code =
            sqlite3_prepare_v3(database->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &database->statements[i], NULL);

        if (code != SQLITE_OK)
            return fail(database, code);
    }
    return ERR_OK;
}

static enum err set_up(struct database *database, bool write, bool *rebuilt)
{
    enum err err;

    (void)sqlite3_busy_timeout(database->sqlite, BUSY_MS);
    (void)sqlite3_db_config(database->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    if ((err = execute(database, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;"
                                 " " PAGES_OF_READER)))
        return err;
    int code = term_feed_register(database->sqlite);
    if (code != SQLITE_OK)
        return fail(database, code);
    if (write && (err = set_up_writing(database)))
        return err;
    if ((err = check_version(database, write, rebuilt)))
        return err;
    return prepare(database);
}

static enum err open_with(const char *path, int flags, const struct database_schema *schema, struct database **out,
                          bool *rebuilt)
{
    static pthread_once_t configuring = PTHREAD_ONCE_INIT;
    bool write = (flags & SQLITE_OPEN_READWRITE) != 0;
    struct database *database = calloc(1, sizeof *database);

    if (!database)
        return ERR_MEMORY;
    (void)pthread_once(&configuring, configure);
    database->schema = schema;
    database->writes = write;
    int code = sqlite3_open_v2(path, &database->sqlite, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    enum err err = !database->sqlite   ? ERR_MEMORY
                   : code != SQLITE_OK ? fail(database, code)
                                       : set_up(database, write, rebuilt);

    if (err) {
        database_close(database);
        return err;
    }
    *out = database;
    return ERR_OK;
}

/* Whether all is in the file itself, and nothing in its write-ahead log. */
static bool is_whole(const char *path)
{
    char log[4096];
    struct stat status;
    int len = snprintf(log, sizeof log, "%s-wal", path);

    return len > 0 && (size_t)len < sizeof log && (stat(log, &status) == 0 ? status.st_size == 0 : errno == ENOENT);
}

/* The path as SQLite's URI of a file that does not change, so that no file beside it is needed. */
static bool write_frozen_uri(const char *path, char *uri, size_t size)
{
    size_t len = (size_t)snprintf(uri, size, "file:");

    for (; *path != '\0' && len + 16 < size; path++)
        len += (size_t)snprintf(uri + len, size - len, strchr("%?#", *path) ? "%%%02X" : "%c", (unsigned char)*path);
    (void)snprintf(uri + len, size - len, "?immutable=1");
    return *path == '\0';
}

static enum err open_once(const char *path, bool write, const struct database_schema *schema, struct database **out,
                          bool *rebuilt)
{
    int flags = write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    char uri[4096];
    enum err err = open_with(path, flags, schema, out, rebuilt);

    /* Readers of a write-ahead log make files beside it, for which a full or read-only disk has no room. */
    if (!write && (err == ERR_FULL || err == ERR_IO) && is_whole(path) && write_frozen_uri(path, uri, sizeof uri))
        err = open_with(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, schema, out, rebuilt);
    return err;
}

static enum err remove_file(const char *path, const char *suffix)
{
    char name[4096];
    int len = snprintf(name, sizeof name, "%s%s", path, suffix);

    if (len < 0 || (size_t)len >= sizeof name)
        return ERR_LIMIT;
    return unlink(name) == 0 || errno == ENOENT ? ERR_OK : errno == EROFS ? ERR_FULL : ERR_IO;
}

enum err database_open(const char *path, bool write, const struct database_schema *schema, struct database **database,
                       bool *rebuilt)
{
    enum err err;

    *rebuilt = false;
    if (!write && access(path, F_OK) != 0 && errno == ENOENT)
        return ERR_MISSING;
    err = open_once(path, write, schema, database, rebuilt);
    if (err == ERR_FORMAT && write) {
        *rebuilt = true;
        if (!(err = remove_file(path, "-wal")) && !(err = remove_file(path, "-shm")) && !(err = remove_file(path, "")))
            err = open_once(path, write, schema, database, rebuilt);
    }
    return err;
}

void database_close(struct database *database)
{
    if (!database)
        return;
    for (size_t i = 0; i < database->statement_count; i++)
        (void)sqlite3_finalize(database->statements[i]);
    free(database->statements);
    (void)sqlite3_close(database->sqlite);
    free(database);
}

/* ---- statements ---- */

static sqlite3_stmt *statement_of(struct database_query *query)
{
    return (sqlite3_stmt *)(void *)query;
}

struct database_query *database_start(struct database *database, int query)
{
    sqlite3_stmt *statement = database->statements[query];

    assert(!sqlite3_stmt_busy(statement));
    return (struct database_query *)(void *)statement;
}

void database_bind_number(struct database_query *query, int at, uint64_t number)
{
    (void)sqlite3_bind_int64(statement_of(query), at, (sqlite3_int64)(number > INT64_MAX ? INT64_MAX : number));
}

void database_bind_blob(struct database_query *query, int at, struct bytes blob)
{
    (void)sqlite3_bind_blob64(statement_of(query), at, blob.at, blob.len, SQLITE_STATIC);
}

void database_bind_text(struct database_query *query, int at, struct bytes text)
{
    const char *from = text.len ? (const char *)text.at : "";

    (void)sqlite3_bind_text64(statement_of(query), at, from, text.len, SQLITE_STATIC, SQLITE_UTF8);
}

enum err database_step(struct database *database, struct database_query *query)
{
    int code = sqlite3_step(statement_of(query));

    return code == SQLITE_ROW ? ERR_OK : code == SQLITE_DONE ? ERR_MISSING : fail(database, code);
}

void database_finish(struct database_query *query)
{
    (void)sqlite3_reset(statement_of(query));
    (void)sqlite3_clear_bindings(statement_of(query));
}

enum err database_run(struct database *database, struct database_query *query, uint64_t *changes)
{
    enum err err = database_step(database, query);

    if (err == ERR_MISSING)
        err = ERR_OK;
    if (!err && changes)
        *changes = (uint64_t)sqlite3_changes64(database->sqlite);
    database_finish(query);
    return err;
}

void database_scrub(struct database *database)
{
    char answer[16];

    (void)ask(database, "PRAGMA wal_checkpoint(TRUNCATE)", answer, sizeof answer);
}

void database_rest(struct database *database)
{
    (void)execute(database, PAGES_AT_REST);
    (void)execute(database, database->writes ? PAGES_OF_WRITER : PAGES_OF_READER);
}

void database_leave_log(struct database *database)
{
    (void)sqlite3_db_config(database->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
}

uint64_t database_changes(const struct database *database)
{
    return (uint64_t)sqlite3_total_changes64(database->sqlite);
}

uint64_t database_row_number(const struct database *database)
{
    return (uint64_t)sqlite3_last_insert_rowid(database->sqlite);
}

bool database_number(struct database_query *query, int at, uint64_t limit, uint64_t *number)
{
    sqlite3_int64 value = sqlite3_column_int64(statement_of(query), at);

    *number = (uint64_t)value;
    return value >= 0 && (uint64_t)value <= limit;
}

bool database_blob(struct database_query *query, int at, void *to, size_t len)
{
    const void *blob = sqlite3_column_blob(statement_of(query), at);

    if (!blob || sqlite3_column_bytes(statement_of(query), at) != (int)len)
        return false;
    memcpy(to, blob, len);
    return true;
}

bool database_is_null(struct database_query *query, int at)
{
    return sqlite3_column_type(statement_of(query), at) == SQLITE_NULL;
}

struct bytes database_text(struct database_query *query, int at)
{
    const unsigned char *text = sqlite3_column_text(statement_of(query), at);

    return bytes_of(text, text ? (size_t)sqlite3_column_bytes(statement_of(query), at) : 0);
}

struct bytes database_bytes(struct database_query *query, int at)
{
    const void *blob = sqlite3_column_blob(statement_of(query), at);

    return bytes_of(blob, blob ? (size_t)sqlite3_column_bytes(statement_of(query), at) : 0);
}

/* ---- transactions ---- */

static enum err run_own(struct database *database, size_t own)
{
    return database_run(database, database_start(database, (int)(database->schema->query_count + own)), NULL);
}

enum err database_begin(struct database *database, bool *own)
{
    *own = sqlite3_get_autocommit(database->sqlite) != 0;
    return *own ? run_own(database, BEGIN) : ERR_OK;
}

enum err database_end(struct database *database, bool own, enum err err)
{
    if (!own)
        return err;
    if (!err)
        err = run_own(database, COMMIT);
    if (err)
        database_rollback(database);
    return err;
}

void database_hold(struct database *database, bool *own)
{
    *own = sqlite3_get_autocommit(database->sqlite) != 0 && run_own(database, HOLD) == ERR_OK;
}

void database_release(struct database *database, bool own)
{
    if (own && run_own(database, COMMIT) != ERR_OK)
        database_rollback(database);
}

/* SQLite rolls back by itself on a full disk: then there is nothing to do.  The reason of the failure stays. */
void database_rollback(struct database *database)
{
    if (!sqlite3_get_autocommit(database->sqlite))
        (void)sqlite3_exec(database->sqlite, OWN[ROLLBACK], NULL, NULL, NULL);
}
