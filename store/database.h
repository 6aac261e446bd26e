/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

/*
 * A file of derived tables, and prepared questions to them: SQLite, of which this is the only user.  Such a file is never
 * repaired or migrated: one that is damaged or of another version is thrown away and begun anew.
 */

#include "proto/bytes.h"
#include "proto/error.h"
#include "proto/id.h"

struct database;
struct database_query; /* A prepared statement that runs. */

struct database_schema {
    int version;
    const char *const *tables;  /* SQL that makes them; NULL ends it. */
    const char *const *queries; /* SQL, one statement each; known by their place. */
    size_t query_count;
};

/*
 * Opens the file, with SQLite's write-ahead log, made when it is missing and `write` is set.  `rebuilt` says that it is
 * empty because it was missing, damaged or of another version.  Reading: ERR_MISSING, ERR_FORMAT.  Writing: ERR_IO,
 * ERR_FULL.  `schema` is borrowed until database_close().
 */
enum err database_open(const char *path, bool write, const struct database_schema *schema, struct database **database,
                       bool *rebuilt);
void database_close(struct database *database);

/* Why the last call failed; never NULL.  database_say() sets it and returns `err`. */
const char *database_reason(const struct database *database);
enum err database_say(struct database *database, enum err err, const char *reason);

/*
 * A call of several statements is a transaction of its own unless the caller of the caller has begun one: `own` tells,
 * and database_end() then commits, or rolls back when `err` is an error.  It returns the error that counts.
 */
enum err database_begin(struct database *database, bool *own);
enum err database_end(struct database *database, bool own, enum err err);
void database_rollback(struct database *database); /* Fine when nothing was begun. */

/*
 * Several questions to one state of the tables, which SQLite then looks for once.  `own`: this began it, unless it was in one
 * already or could not; database_release() ends what was begun.
 */
void database_hold(struct database *database, bool *own);
void database_release(struct database *database, bool own);

/*
 * Asks one question: start, bind by place from 1, then step row by row or run at once, then finish.  What is bound is
 * borrowed until database_finish().  Binding cannot fail; the step tells.  The same question is not started twice at a time.
 */
struct database_query *database_start(struct database *database, int query);
void database_bind_number(struct database_query *query, int at, uint64_t number);
void database_bind_blob(struct database_query *query, int at, struct bytes blob);
void database_bind_text(struct database_query *query, int at, struct bytes text);

/* ERR_OK: there is a row.  ERR_MISSING: no more.  ERR_FORMAT: the file is damaged. */
enum err database_step(struct database *database, struct database_query *query);
void database_finish(struct database_query *query);

/* Steps once and finishes, for statements without rows.  `changes` (may be NULL): how many rows it changed. */
enum err database_run(struct database *database, struct database_query *query, uint64_t *changes);

/* Empties the write-ahead log, in which earlier forms of what was changed may stand; when readers hinder it, later. */
void database_scrub(struct database *database);

/*
 * Whether the write-ahead log is worth emptying, and that, from any thread, while others write and read: what they commit is then
 * not held up by it.  What cannot be brought into its place now is left for the next time.  `path` is a file that somebody has open.
 */
bool database_log_is_long(const struct database *database);
void database_empty_log(const char *path);

/* Closing leaves in the write-ahead log what is there: the next writer moves it. */
void database_leave_log(struct database *database);

/* Gives back the memory of pages at hand but for the last ones: after much work, when there is none. */
void database_rest(struct database *database);

/* How many rows were changed since it was opened. */
uint64_t database_changes(const struct database *database);

/* The number of the row that the last insertion made. */
uint64_t database_row_number(const struct database *database);

/* Columns from 0; false when the value is not one that we wrote.  Texts are lent until the next step. */
bool database_number(struct database_query *query, int at, uint64_t limit, uint64_t *number);
bool database_blob(struct database_query *query, int at, void *to, size_t len);
bool database_is_null(struct database_query *query, int at);
struct bytes database_text(struct database_query *query, int at);
struct bytes database_bytes(struct database_query *query, int at); /* Of a blob; lent until the next step. */

#endif
