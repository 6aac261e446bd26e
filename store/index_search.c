/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/index_search.h"

#include "store/index_private.h"

#define EPOCH_MS UINT64_C(1262304000000) /* 2010: earlier clocks have the numbers that follow. */
#define STEP_MS 1048576                  /* As fine as the numbers' order need be; small numbers make small rows. */
#define PROBES_MAX 40
#define MERGE_PAGES 100
#define MERGE_PAGES_EACH 6 /* As much as FTS5 does of itself, but that does it for thirty texts at once. */
#define MERGE_EACH_OF 16   /* Texts at most. */
#define PARTS_OF_MANY 256  /* Of 8 MiB in memory each: 100,000 texts make 80. */
#define NAME_COLUMN 29     /* Behind those of a revision. */

_Static_assert(INDEX_SEARCH_DICTIONARY == 2, "written to disk");

/* Asks for one number; ERR_MISSING: there is no row. */
static enum err ask_number(struct index *index, struct database_query *query, uint64_t *number)
{
    enum err err = database_step(index->database, query);

    if (!err && !database_number(query, 0, INT64_MAX, number))
        err = index_damaged(index);
    database_finish(query);
    return err;
}

static enum err find_number(struct index *index, const struct id *revision, uint64_t *number)
{
    struct database_query *query = database_start(index->database, INDEX_SEARCH_NUMBER);

    index_bind_id(query, 1, revision);
    return ask_number(index, query, number);
}

enum err index_search_has(struct index *index, const struct id *revision, bool *has)
{
    uint64_t number;
    enum err err = find_number(index, revision, &number);

    *has = !err;
    return err == ERR_MISSING ? ERR_OK : err;
}

/* ---- numbers ---- */

static uint64_t number_of_clock(uint64_t clock)
{
    uint64_t ms = ENTRY_CLOCK_MS(clock);

    return ms > EPOCH_MS ? 1 + (ms - EPOCH_MS) / STEP_MS : 1;
}

static enum err is_taken(struct index *index, uint64_t number, bool *taken)
{
    struct database_query *query = database_start(index->database, INDEX_SEARCH_TAKEN);
    uint64_t one;

    database_bind_number(query, 1, number);
    enum err err = ask_number(index, query, &one);
    *taken = !err;
    return err == ERR_MISSING ? ERR_OK : err;
}

/* By its clock, behind the one before it; where a crowd stands there, somewhere behind the crowd. */
static enum err choose_number(struct index *index, uint64_t clock, uint64_t *number)
{
    struct database_query *query = database_start(index->database, INDEX_SEARCH_BEFORE);
    uint64_t before = 0;
    bool taken = true;

    database_bind_number(query, 1, clock);
    enum err err = ask_number(index, query, &before);
    *number = number_of_clock(clock);
    if (err == ERR_MISSING)
        err = ERR_OK;
    else if (before >= *number)
        *number = before + 1;
    for (int i = 0; !err && taken; i++) {
        err = i < PROBES_MAX ? is_taken(index, *number, &taken) : index_damaged(index);
        if (!err && taken)
            *number += UINT64_C(1) << (i < 2 ? 0 : i - 1);
    }
    return err;
}

/* ---- texts ---- */

static enum err write_terms(struct index *index, enum index_query which, uint64_t number, struct bytes terms)
{
    struct database_query *query = database_start(index->database, (int)which);

    database_bind_number(query, 1, number);
    database_bind_text(query, 2, terms);
    return database_run(index->database, query, NULL);
}

static enum err add_row(struct index *index, uint64_t number, const struct id *revision, uint64_t clock,
                        const struct sha1 *name)
{
    struct database_query *query = database_start(index->database, INDEX_SEARCH_ADD_ROW);

    database_bind_number(query, 1, number);
    index_bind_id(query, 2, revision);
    database_bind_number(query, 3, clock);
    database_bind_blob(query, 4, bytes_of(name->at, SHA1_LEN));
    return database_run(index->database, query, NULL);
}

enum err index_search_add(struct index *index, const struct id *revision, uint64_t clock, const struct sha1 *name,
                          struct bytes terms)
{
    uint64_t number = 0;
    bool own, has;
    enum err err = database_begin(index->database, &own);

    if (err)
        return err;
    err = index_search_has(index, revision, &has);
    if (!err && !has && !(err = choose_number(index, clock, &number)) &&
        !(err = add_row(index, number, revision, clock, name)))
        err = write_terms(index, INDEX_SEARCH_ADD_TEXT, number, terms);
    return database_end(index->database, own, err);
}

enum err index_search_remove(struct index *index, const struct id *revision, struct bytes terms)
{
    uint64_t number = 0;
    bool own;
    enum err err = database_begin(index->database, &own);

    if (err)
        return err;
    if (!(err = find_number(index, revision, &number)) &&
        !(err = write_terms(index, INDEX_SEARCH_REMOVE_TEXT, number, terms))) {
        struct database_query *query = database_start(index->database, INDEX_SEARCH_REMOVE_ROW);
        database_bind_number(query, 1, number);
        err = database_run(index->database, query, NULL);
    } else if (err == ERR_MISSING)
        err = ERR_OK;
    return database_end(index->database, own, err);
}

enum err index_search_scrub(struct index *index)
{
    return database_run(index->database, database_start(index->database, INDEX_SEARCH_SCRUB), NULL);
}

/* FTS5 takes a negative number for a merge of all that there is. */
static enum err merge(struct index *index, bool all, size_t pages)
{
    struct database_query *query = database_start(index->database, INDEX_SEARCH_MERGE);

    database_bind_number(query, 1, all);
    database_bind_number(query, 2, pages);
    return database_run(index->database, query, NULL);
}

/* One row is changed when there was nothing to do. */
enum err index_search_merge(struct index *index, bool first, bool *more)
{
    uint64_t before = database_changes(index->database);
    enum err err = merge(index, first, MERGE_PAGES);

    *more = !err && database_changes(index->database) - before >= 2;
    return err;
}

enum err index_search_merge_few(struct index *index, size_t additions)
{
    return merge(index, false, MERGE_PAGES_EACH * (additions < MERGE_EACH_OF ? additions : MERGE_EACH_OF));
}

/* FTS5's own figure but for many at once, when it would be late to merge with fewer, and merged again behind them. */
enum err index_search_merge_later(struct index *index, bool later)
{
    struct database_query *query = database_start(index->database, INDEX_SEARCH_MERGE_AT);

    database_bind_number(query, 1, later ? PARTS_OF_MANY : 16);
    return database_run(index->database, query, NULL);
}

enum err index_search_clear(struct index *index)
{
    bool own;
    enum err err = database_begin(index->database, &own);

    if (err)
        return err;
    if (!(err = database_run(index->database, database_start(index->database, INDEX_SEARCH_CLEAR_ROWS), NULL)) &&
        !(err = database_run(index->database, database_start(index->database, INDEX_SEARCH_CLEAR_TEXTS), NULL)))
        err = index_search_set_means(index, INDEX_SEARCH_NEW);
    return database_end(index->database, own, err);
}

enum err index_search_means(struct index *index, enum index_search_means *means)
{
    uint64_t value = INDEX_SEARCH_NEW;
    enum err err = ask_number(index, database_start(index->database, INDEX_SEARCH_MEANS), &value);

    if (!err && value > INDEX_SEARCH_DICTIONARY)
        err = index_damaged(index);
    *means = (enum index_search_means)value;
    return err == ERR_MISSING ? ERR_OK : err;
}

enum err index_search_set_means(struct index *index, enum index_search_means means)
{
    struct database_query *query = database_start(index->database, INDEX_SEARCH_SET_MEANS);

    database_bind_number(query, 1, means);
    return database_run(index->database, query, NULL);
}

/* ---- what is not here yet ---- */

enum err index_search_missing(struct index *index, size_t limit, struct id revisions[], size_t *count)
{
    struct database_query *query = database_start(index->database, INDEX_SEARCH_MISSING);
    enum err err = ERR_OK;

    *count = 0;
    database_bind_number(query, 1, limit);
    while (*count < limit && !(err = database_step(index->database, query)))
        if (!index_read_id(query, 0, &revisions[(*count)++])) {
            err = index_damaged(index);
            break;
        }
    if (*count == limit)
        err = ERR_OK;
    database_finish(query);
    return err == ERR_MISSING ? ERR_OK : err;
}

enum err index_search_behind(struct index *index, uint64_t *count)
{
    *count = 0;
    return ask_number(index, database_start(index->database, INDEX_SEARCH_BEHIND), count);
}

/* ---- questions ---- */

enum err index_search_find(struct index *index, const char *expression, size_t limit, uint64_t numbers[], size_t *count)
{
    struct database_query *query = database_start(index->database, INDEX_SEARCH_FIND);
    enum err err = ERR_OK;

    *count = 0;
    database_bind_text(query, 1, bytes_text(expression));
    database_bind_number(query, 2, limit);
    while (*count < limit && !(err = database_step(index->database, query)))
        if (!database_number(query, 0, INT64_MAX, &numbers[(*count)++])) {
            err = index_damaged(index);
            break;
        }
    database_finish(query);
    return err == ERR_MISSING ? ERR_OK : err;
}

enum err index_search_revision(struct index *index, uint64_t number, struct sha1 *name, index_revision_fn *each,
                               void *context)
{
    struct database_query *query = database_start(index->database, INDEX_SEARCH_REVISION);
    struct index_revision revision;

    database_bind_number(query, 1, number);
    enum err err = database_step(index->database, query);
    if (!err && !database_blob(query, NAME_COLUMN, name->at, SHA1_LEN))
        err = index_damaged(index);
    if (!err && !(err = index_read_revision(index, query, &revision)))
        err = each(context, &revision);
    database_finish(query);
    return err;
}

void index_search_hold(struct index *index, bool *own)
{
    database_hold(index->database, own);
}

void index_search_release(struct index *index, bool own)
{
    database_release(index->database, own);
}
