/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/index_private.h"
#include "store/running_number.h"

/* Documents and their revisions. */

#define PAGE_MAX 1000       /* Rows of a page, which are sorted once more. */
#define FEW_OF_KIND 2000    /* Documents, of which some ten milliseconds tell the newest; ... */
#define FEW_OF_KIBBUTZ 8000 /* ... and where a body is looked for among them, which may have nearly none. */

/* `number`: of the row, if it is new; else 0. */
static enum err add_revision_row(struct index *index, const struct index_revision *revision, uint64_t *number)
{
    uint64_t before = database_row_number(index->database);
    struct database_query *query = database_start(index->database, INDEX_ADD_REVISION);
    unsigned ordinal, year;

    if (!running_number_read(revision->number, &ordinal, &year) || year == 0)
        year = running_number_year(revision->date, ENTRY_CLOCK_MS(revision->clock));
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
    database_bind_number(query, 15, ordinal);
    database_bind_number(query, 16, year);
    database_bind_number(query, 17, running_number_day(revision->date, ENTRY_CLOCK_MS(revision->clock)));
    enum err err = database_run(index->database, query, NULL);
    *number = database_row_number(index->database);
    if (*number ==
        before) /* It was there.  Or it has the very number of another table's last row: that costs time alone. */
        *number = 0;
    return err;
}

/* A document that is not there yet has this revision alone. */
static enum err add_document(struct index *index, const struct index_revision *revision, bool *is_new)
{
    struct database_query *query = database_start(index->database, INDEX_ADD_DOCUMENT);
    uint64_t changes = 0;

    index_bind_id(query, 1, &revision->document);
    index_bind_id(query, 2, &revision->revision);
    database_bind_number(query, 3, revision->clock);
    database_bind_number(query, 4, running_number_day(revision->date, ENTRY_CLOCK_MS(revision->clock)));
    database_bind_text(query, 5, revision->kind);
    index_bind_id(query, 6, &revision->kibbutz);
    enum err err = database_run(index->database, query, &changes);
    *is_new = changes > 0;
    return err;
}

static enum err pick_revision(struct index *index, const struct index_revision *revision)
{
    bool is_new = false;
    enum err err = add_document(index, revision, &is_new);

    if (err || is_new)
        return err;
    struct database_query *query = database_start(index->database, INDEX_PICK_REVISION);
    index_bind_id(query, 1, &revision->document);
    if ((err = database_run(index->database, query, NULL)))
        return err;
    query = database_start(index->database, INDEX_SHOW_NEWEST);
    index_bind_id(query, 1, &revision->document);
    return database_run(index->database, query, NULL);
}

enum err index_add_revision(struct index *index, const struct index_revision *revision)
{
    uint64_t number = 0;
    bool own;
    enum err err = database_begin(index->database, &own);

    if (err)
        return err;
    if (!(err = add_revision_row(index, revision, &number)) && !(err = index_replace_facts(index, revision, number)))
        err = pick_revision(index, revision);
    return database_end(index->database, own, err);
}

/* Columns 19 to 28 of SELECT_REVISION in index.c. */
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

enum err index_read_revision(struct index *index, struct database_query *row, struct index_revision *revision)
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
        if (!(ended = index_read_revision(index, query, &revision)) &&
            !(index->hides_kibbutz && revision.audience == ACT_FOR_KIBBUTZ))
            ended = each(context, &revision);
    database_finish(query);
    return ended ? ended : err == ERR_MISSING ? ERR_OK : err;
}

/* Whether it asks for a page of all, of a kind or of a kibbutz, which the indexes find without looking at documents. */
static bool is_page(const struct index *index, const struct index_filter *filter)
{
    return filter->with_void && !index->hides_kibbutz && filter->limit > 0 && filter->limit <= PAGE_MAX &&
           filter->body.len == 0 && filter->year == 0 && filter->state == NULL && filter->log == NULL &&
           filter->since == 0;
}

static bool are_few(struct index *index, struct database_query *count, uint64_t few)
{
    uint64_t number = few;

    database_bind_number(count, 2, few);
    if (database_step(index->database, count) == ERR_OK)
        (void)database_number(count, 0, INT64_MAX, &number);
    database_finish(count);
    return number < few;
}

/*
 * What arrived is walked through from the newest on, where that soon meets what is asked for.  Of a kind or of a kibbutz that has few,
 * it would be all there is; these are sorted.
 */
static int statement_of_arrivals(struct index *index, const struct index_filter *filter)
{
    struct database_query *count;

    if (filter->kind.len > 0) {
        count = database_start(index->database, INDEX_COUNT_OF_KIND);
        database_bind_text(count, 1, filter->kind);
        if (are_few(index, count, FEW_OF_KIND))
            return INDEX_EACH_ARRIVAL_OF_KIND;
    }
    if (filter->kibbutz) {
        count = database_start(index->database, INDEX_COUNT_OF_KIBBUTZ);
        index_bind_id(count, 1, filter->kibbutz);
        if (are_few(index, count, FEW_OF_KIBBUTZ))
            return INDEX_EACH_ARRIVAL_OF_KIBBUTZ;
    }
    return INDEX_EACH_ARRIVAL;
}

static int statement_for(struct index *index, const struct index_filter *filter)
{
    bool page = is_page(index, filter);

    if (filter->by_arrival)
        return statement_of_arrivals(index, filter);
    if (filter->state != NULL && *filter->state >= TRUST_DISPUTED)
        return INDEX_EACH_DOUBTFUL; /* Few; an index knows them. */
    if (filter->kibbutz)
        return page ? INDEX_PAGE_OF_KIBBUTZ : INDEX_EACH_OF_KIBBUTZ;
    if (filter->kind.len > 0)
        return page ? INDEX_PAGE_OF_KIND : INDEX_EACH_OF_KIND;
    return page ? INDEX_PAGE : INDEX_EACH_DOCUMENT;
}

enum err index_each_document(struct index *index, const struct index_filter *filter, index_revision_fn *each,
                             void *context)
{
    struct database_query *query = database_start(index->database, statement_for(index, filter));

    database_bind_number(query, 1, filter->since);
    database_bind_number(query, 2, filter->with_void);
    if (filter->kind.len > 0)
        database_bind_text(query, 3, filter->kind);
    if (filter->kibbutz)
        index_bind_id(query, 4, filter->kibbutz);
    database_bind_number(query, 5, filter->limit ? filter->limit : INT64_MAX);
    database_bind_number(query, 6, filter->offset);
    if (filter->body.len > 0)
        database_bind_text(query, 7, filter->body);
    if (filter->year > 0)
        database_bind_number(query, 8, filter->year);
    if (filter->state != NULL)
        database_bind_number(query, 9, *filter->state);
    if (filter->log)
        index_bind_id(query, 10, filter->log);
    database_bind_number(query, 11, index->hides_kibbutz);
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

static enum err read_number(struct index *index, struct database_query *query, uint64_t *number)
{
    enum err err = database_step(index->database, query);

    if (!err && !database_number(query, 0, INT64_MAX, number))
        err = index_damaged(index);
    database_finish(query);
    return err;
}

enum err index_changed(struct index *index, const struct id *document, uint64_t *count)
{
    struct database_query *query = database_start(index->database, INDEX_FIND_CHANGED);

    index_bind_id(query, 1, document);
    return read_number(index, query, count);
}

enum err index_recalls(struct index *index, uint64_t *count)
{
    return read_number(index, database_start(index->database, INDEX_COUNT_RECALLS), count);
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
