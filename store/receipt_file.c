/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/receipt_file.h"

#include <stdlib.h>

#include "proto/limits.h"
#include "proto/text.h"
#include "store/database.h"
#include "store/files.h"

#define FILE_NAME "receipts.sqlite"
#define OWN_BEGINNING "igum own receipt 1\n"
#define OWN_LIMIT KIB(1)
#define OWN_MODE 0600

/* ---- the own one ---- */

static enum err own_path(const char *home, char path[FILES_PATH_SIZE])
{
    char keys[FILES_PATH_SIZE];
    enum err err = files_join(keys, home, "keys");

    return err ? err : files_join(path, keys, "receipt");
}

enum err receipt_file_keep_own(const char *home, const struct receipt *receipt)
{
    struct buffer text = BUFFER(OWN_LIMIT), bytes = BUFFER(RECEIPT_LEN);
    char path[FILES_PATH_SIZE];
    enum err err = own_path(home, path);

    receipt_encode(&bytes, receipt);
    buffer_text(&text, OWN_BEGINNING);
    buffer_hex(&text, buffer_bytes(&bytes));
    buffer_text(&text, "\n");
    if (!err)
        err = buffer_error(&bytes) ? buffer_error(&bytes) : buffer_error(&text);
    if (!err)
        err = files_replace(path, buffer_bytes(&text), OWN_MODE);
    buffer_free(&bytes);
    buffer_free(&text);
    return err;
}

enum err receipt_file_own(const char *home, struct receipt *receipt)
{
    struct buffer text = BUFFER(OWN_LIMIT);
    uint8_t room[RECEIPT_LEN];
    char path[FILES_PATH_SIZE];
    struct bytes line;
    enum err err = own_path(home, path);

    if (!err)
        err = files_read(path, OWN_LIMIT, &text);
    struct bytes rest = buffer_bytes(&text), bytes = bytes_of(room, sizeof room);
    if (!err && (!text_take_prefix(&rest, OWN_BEGINNING) || !text_take(&rest, '\n', &line) || rest.len > 0 ||
                 !text_from_hex(line, room, sizeof room) || receipt_decode(&bytes, receipt)))
        err = ERR_FORMAT;
    buffer_free(&text);
    return err == ERR_LIMIT ? ERR_FORMAT : err;
}

/* ---- those of all ---- */

enum {
    PUT,
    PUT_TIPS,
    HAS_TIPS,
    DROP_TIPS,
    EACH,
    FIND_TIPS,
    ADD_MEMBER,
    CLEAR_MEMBERS,
    EACH_MEMBER,
    ADD_NODE,
    CLEAR_NODES,
    EACH_NODE,
    SET_FACT,
    FIND_FACT,
    COUNT_UP,
    QUERY_COUNT
};
enum { FACT_SERIAL = 1, FACT_COMPLETE, FACT_OWN };

static const char *const QUERIES[QUERY_COUNT] = {
    [PUT] = "INSERT OR REPLACE INTO receipt (node, whole, root, heard) VALUES (?1, ?2, ?3, ?4)",
    [PUT_TIPS] = "INSERT OR REPLACE INTO tips (root, bytes) VALUES (?1, ?2)",
    [HAS_TIPS] = "SELECT 1 FROM tips WHERE root = ?1",
    [DROP_TIPS] = "DELETE FROM tips WHERE root NOT IN (SELECT root FROM receipt)",
    [EACH] = "SELECT node, whole, root, heard FROM receipt ORDER BY node",
    [FIND_TIPS] = "SELECT bytes FROM tips WHERE root = ?1",
    [ADD_MEMBER] = "INSERT OR REPLACE INTO member (kibbutz) VALUES (?1)",
    [CLEAR_MEMBERS] = "DELETE FROM member",
    [EACH_MEMBER] = "SELECT kibbutz FROM member ORDER BY kibbutz",
    [ADD_NODE] = "INSERT OR REPLACE INTO node (node, kibbutz) VALUES (?1, ?2)",
    [CLEAR_NODES] = "DELETE FROM node",
    [EACH_NODE] = "SELECT node, kibbutz FROM node ORDER BY node",
    [SET_FACT] = "INSERT OR REPLACE INTO fact (what, value) VALUES (?1, ?2)",
    [FIND_FACT] = "SELECT value FROM fact WHERE what = ?1",
    [COUNT_UP] = "INSERT INTO fact (what, value) VALUES (1, 1) ON CONFLICT (what) DO UPDATE SET value = value + 1",
};

static const char *const TABLES[] = {
    "CREATE TABLE receipt (node BLOB PRIMARY KEY, whole BLOB NOT NULL, root BLOB NOT NULL, heard INTEGER NOT NULL);"
    "CREATE TABLE tips (root BLOB PRIMARY KEY, bytes BLOB NOT NULL);"
    "CREATE TABLE member (kibbutz BLOB PRIMARY KEY) WITHOUT ROWID;"
    "CREATE TABLE node (node BLOB PRIMARY KEY, kibbutz BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE fact (what INTEGER PRIMARY KEY, value NOT NULL);",
    NULL,
};

static const struct database_schema SCHEMA = {
    .version = 1, .tables = TABLES, .queries = QUERIES, .query_count = QUERY_COUNT};

struct receipt_file {
    struct database *database;
};

enum err receipt_file_open(const char *home, bool write, struct receipt_file **out)
{
    struct receipt_file *file = calloc(1, sizeof *file);
    char path[FILES_PATH_SIZE];
    bool rebuilt;
    enum err err = file ? files_join(path, home, FILE_NAME) : ERR_MEMORY;

    if (!err)
        err = database_open(path, write, &SCHEMA, &file->database, &rebuilt);
    if (err)
        free(file);
    else
        *out = file;
    return err;
}

void receipt_file_close(struct receipt_file *file)
{
    if (!file)
        return;
    database_close(file->database);
    free(file);
}

/* One change more; ends the transaction. */
static enum err end(struct receipt_file *file, bool own, enum err err)
{
    if (!err)
        err = database_run(file->database, database_start(file->database, COUNT_UP), NULL);
    return database_end(file->database, own, err);
}

static enum err run_blobs(struct receipt_file *file, int query, struct bytes first, struct bytes second)
{
    struct database_query *q = database_start(file->database, query);

    database_bind_blob(q, 1, first);
    if (second.len)
        database_bind_blob(q, 2, second);
    return database_run(file->database, q, NULL);
}

/* ---- receipts ---- */

static size_t proof_at(const struct receipt *receipt)
{
    return RECEIPT_LEN + ID_LEN + (size_t)receipt_listed(receipt) * (ID_LEN + 1);
}

static bool has_tips(struct receipt_file *file, const struct id *root)
{
    struct database_query *q = database_start(file->database, HAS_TIPS);

    database_bind_blob(q, 1, id_bytes(root));
    bool found = database_step(file->database, q) == ERR_OK;
    database_finish(q);
    return found;
}

enum err receipt_file_put(struct receipt_file *file, const struct receipts *receipts, size_t place, uint64_t heard_ms)
{
    const struct receipt *receipt = &receipts_at(receipts, place)->receipt;
    const struct id none = {{0}};
    struct buffer whole = BUFFER(LIMIT_RECEIPT_PROOF);
    size_t head = proof_at(receipt);
    bool own;
    enum err err = database_begin(file->database, &own);

    if (err)
        return err;
    bool known = has_tips(file, &receipt->root);
    receipts_write(receipts, place, known ? &receipt->root : &none, &whole);
    err = buffer_error(&whole);
    if (!err && !known)
        err = run_blobs(file, PUT_TIPS, id_bytes(&receipt->root), bytes_from(buffer_bytes(&whole), head));
    if (!err) {
        struct database_query *q = database_start(file->database, PUT);

        database_bind_blob(q, 1, id_bytes(&receipt->node));
        database_bind_blob(q, 2, bytes_of(whole.at, head));
        database_bind_blob(q, 3, id_bytes(&receipt->root));
        database_bind_number(q, 4, heard_ms);
        err = database_run(file->database, q, NULL);
    }
    if (!err)
        err = database_run(file->database, database_start(file->database, DROP_TIPS), NULL);
    buffer_free(&whole);
    return end(file, own, err);
}

/* What is written of a receipt, and the tips, once for all that rest on them. */
static enum err read_whole(struct receipt_file *file, struct receipts *receipts, struct database_query *row,
                           const struct id *root)
{
    struct buffer whole = BUFFER(LIMIT_RECEIPT_PROOF);
    struct database_query *q = NULL;
    size_t place;

    buffer_add(&whole, database_bytes(row, 1));
    if (whole.len >= RECEIPT_LEN + ID_LEN)
        memset(whole.at + RECEIPT_LEN, 0, ID_LEN); /* The tips that follow stand on nothing. */
    if (!receipts_knows(receipts, root)) {
        q = database_start(file->database, FIND_TIPS);
        database_bind_blob(q, 1, id_bytes(root));
        if (database_step(file->database, q) == ERR_OK)
            buffer_add(&whole, database_bytes(q, 0));
        database_finish(q);
    }
    enum err err = buffer_error(&whole);
    if (!err)
        err = receipts_read(receipts, buffer_bytes(&whole), &place);
    buffer_free(&whole);
    return err == ERR_MEMORY ? err : ERR_OK;
}

enum err receipt_file_load(struct receipt_file *file, struct receipts *receipts, receipt_file_fn *each, void *context)
{
    struct database_query *row = database_start(file->database, EACH);
    struct id node, root;
    uint64_t heard;
    enum err err = ERR_OK, failed = ERR_OK;

    while (!failed && !(err = database_step(file->database, row))) {
        if (!database_blob(row, 0, node.at, ID_LEN) || !database_blob(row, 2, root.at, ID_LEN) ||
            !database_number(row, 3, INT64_MAX, &heard))
            failed = ERR_FORMAT;
        else
            failed = read_whole(file, receipts, row, &root);
        if (!failed && each)
            each(context, &node, heard);
    }
    database_finish(row);
    return failed ? failed : err == ERR_MISSING ? ERR_OK : err;
}

/* ---- who there is ---- */

void receipt_world_free(struct receipt_world *world)
{
    free(world->members);
    free(world->nodes);
    *world = (struct receipt_world){.members = NULL};
}

enum err receipt_file_set_world(struct receipt_file *file, const struct receipt_world *world)
{
    struct database_query *q;
    bool own;
    enum err err = database_begin(file->database, &own);

    if (err)
        return err;
    err = database_run(file->database, database_start(file->database, CLEAR_MEMBERS), NULL);
    if (!err)
        err = database_run(file->database, database_start(file->database, CLEAR_NODES), NULL);
    for (size_t i = 0; !err && i < world->member_count; i++)
        err = run_blobs(file, ADD_MEMBER, id_bytes(&world->members[i]), bytes_of(NULL, 0));
    for (size_t i = 0; !err && i < world->node_count; i++)
        err = run_blobs(file, ADD_NODE, id_bytes(&world->nodes[i].node), id_bytes(&world->nodes[i].kibbutz));
    if (!err) {
        q = database_start(file->database, SET_FACT);
        database_bind_number(q, 1, FACT_OWN);
        database_bind_blob(q, 2, id_bytes(&world->own));
        err = database_run(file->database, q, NULL);
    }
    return end(file, own, err);
}

/* Adds a row's ids to an array; `nodes` or `members`. */
static enum err add_row(struct database_query *row, struct receipt_world *world, bool is_node)
{
    size_t count = is_node ? world->node_count : world->member_count;
    size_t size = is_node ? sizeof *world->nodes : sizeof *world->members;
    void **array = is_node ? (void **)&world->nodes : (void **)&world->members;

    if ((count & (count - 1)) == 0) { /* At each power of two there is room for as many again. */
        void *grown = realloc(*array, (count ? 2 * count : 1) * size);

        if (!grown)
            return ERR_MEMORY;
        *array = grown;
    }
    if (!is_node)
        return database_blob(row, 0, world->members[world->member_count++].at, ID_LEN) ? ERR_OK : ERR_FORMAT;
    struct receipt_seat *seat = &world->nodes[world->node_count++];
    return database_blob(row, 0, seat->node.at, ID_LEN) && database_blob(row, 1, seat->kibbutz.at, ID_LEN) ? ERR_OK
                                                                                                           : ERR_FORMAT;
}

enum err receipt_file_world(struct receipt_file *file, struct receipt_world *world)
{
    enum err err = ERR_OK, failed = ERR_OK;

    *world = (struct receipt_world){.members = NULL};
    for (int is_node = 0; !failed && is_node < 2; is_node++) {
        struct database_query *row = database_start(file->database, is_node ? EACH_NODE : EACH_MEMBER);

        while (!failed && !(err = database_step(file->database, row)))
            failed = add_row(row, world, is_node);
        database_finish(row);
        if (!failed && err != ERR_MISSING)
            failed = err;
    }
    struct database_query *q = database_start(file->database, FIND_FACT);
    database_bind_number(q, 1, FACT_OWN);
    if (!failed && database_step(file->database, q) == ERR_OK && !database_blob(q, 0, world->own.at, ID_LEN))
        failed = ERR_FORMAT;
    database_finish(q);
    if (failed)
        receipt_world_free(world);
    return failed;
}

/* ---- facts ---- */

static enum err find_number(struct receipt_file *file, int fact, uint64_t *number)
{
    struct database_query *q = database_start(file->database, FIND_FACT);

    database_bind_number(q, 1, (uint64_t)fact);
    *number = 0;
    enum err err = database_step(file->database, q);
    if (!err && !database_number(q, 0, INT64_MAX, number))
        err = ERR_FORMAT;
    database_finish(q);
    return err == ERR_MISSING ? ERR_OK : err;
}

enum err receipt_file_set_complete(struct receipt_file *file, uint64_t wall_ms)
{
    struct database_query *q;
    bool own;
    enum err err = database_begin(file->database, &own);

    if (err)
        return err;
    q = database_start(file->database, SET_FACT);
    database_bind_number(q, 1, FACT_COMPLETE);
    database_bind_number(q, 2, wall_ms);
    return end(file, own, database_run(file->database, q, NULL));
}

enum err receipt_file_complete(struct receipt_file *file, uint64_t *wall_ms)
{
    return find_number(file, FACT_COMPLETE, wall_ms);
}

enum err receipt_file_serial(struct receipt_file *file, uint64_t *serial)
{
    return find_number(file, FACT_SERIAL, serial);
}
