/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/index_private.h"
#include "store/running_number.h"

#include <stdlib.h>

/* What documents say, so that it can be asked across all of them: books, decisions, subjects, people. */

/* ---- writing ---- */

static enum err forget(struct index *index, uint64_t number)
{
    enum err err = ERR_OK;

    for (int query = INDEX_FORGET_CONTACTS; !err && query <= INDEX_FORGET_PARTS; query++) {
        struct database_query *run = database_start(index->database, query);

        database_bind_number(run, 1, number);
        err = database_run(index->database, run, NULL);
    }
    return err;
}

static enum err add_contact(struct index *index, uint64_t number, size_t place, const struct front_matter_contact *c)
{
    struct database_query *query = database_start(index->database, INDEX_ADD_CONTACT);

    database_bind_number(query, 1, number);
    database_bind_number(query, 2, place);
    database_bind_text(query, 3, c->name);
    database_bind_text(query, 4, c->phone);
    database_bind_text(query, 5, c->role);
    database_bind_text(query, 6, c->kibbutz);
    database_bind_text(query, 7, c->confirmed);
    return database_run(index->database, query, NULL);
}

static enum err add_topic(struct index *index, uint64_t number, struct bytes topic)
{
    struct database_query *query = database_start(index->database, INDEX_ADD_TOPIC);

    database_bind_number(query, 1, number);
    database_bind_text(query, 2, topic);
    return database_run(index->database, query, NULL);
}

static enum err add_part(struct index *index, uint64_t number, size_t place, const struct minutes_part *part)
{
    struct database_query *query = database_start(index->database, INDEX_ADD_PART);

    database_bind_number(query, 1, number);
    database_bind_number(query, 2, place);
    database_bind_number(query, 3, part->is_decision);
    database_bind_text(query, 4, part->text);
    return database_run(index->database, query, NULL);
}

static enum err find_number(struct index *index, const struct id *revision, uint64_t *number)
{
    struct database_query *query = database_start(index->database, INDEX_FIND_REVISION);
    enum err err;

    index_bind_id(query, 1, revision);
    if (!(err = database_step(index->database, query)) && !database_number(query, 0, INT64_MAX, number))
        err = index_damaged(index);
    database_finish(query);
    return err;
}

enum err index_replace_facts(struct index *index, const struct index_revision *revision, uint64_t number)
{
    const struct front_matter *front = revision->front;
    const struct minutes *minutes = revision->minutes;
    enum err err = ERR_OK;

    if (number == 0 && !(err = find_number(index, &revision->revision, &number)))
        err = forget(index, number);
    for (size_t i = 0; !err && front && i < front->contact_count; i++)
        if (front->contacts[i].name.len > 0)
            err = add_contact(index, number, i, &front->contacts[i]);
    for (size_t i = 0; !err && front && i < front->topics.count; i++)
        err = add_topic(index, number, front->topics.items[i]);
    for (size_t i = 0; !err && minutes && i < minutes->count; i++)
        err = add_part(index, number, i, &minutes->parts[i]);
    return err;
}

/* ---- reading ---- */

/* Steps through a query; `read` does a row.  It is finished, whatever comes. */
typedef enum err row_fn(struct index *index, struct database_query *row, void *context);

static enum err each_row(struct index *index, struct database_query *query, row_fn *read, void *context)
{
    enum err err = ERR_OK, ended = ERR_OK;

    while (!ended && !(err = database_step(index->database, query)))
        ended = read(index, query, context);
    database_finish(query);
    return ended ? ended : err == ERR_MISSING ? ERR_OK : err;
}

/* What a row is handed to. */
struct taker {
    index_part_fn *part;
    index_book_fn *book;
    index_revision_fn *revision;
    index_decision_fn *decision;
    index_subject_fn *subject;
    index_share_fn *share;
    void *context;
};

static enum err read_part(struct index *index, struct database_query *row, void *context)
{
    const struct taker *taker = context;
    uint64_t is_decision;

    if (!database_number(row, 0, 1, &is_decision))
        return index_damaged(index);
    return taker->part(taker->context, is_decision, database_text(row, 1));
}

enum err index_each_part(struct index *index, const struct id *revision, index_part_fn *each, void *context)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_PART);
    struct taker taker = {.part = each, .context = context};

    index_bind_id(query, 1, revision);
    return each_row(index, query, read_part, &taker);
}

static enum err read_book(struct index *index, struct database_query *row, void *context)
{
    const struct taker *taker = context;
    struct index_book book;
    uint64_t year, last;

    if (!index_read_id(row, 0, &book.kibbutz) || !database_number(row, 2, UINT16_MAX, &year) ||
        !database_number(row, 3, INT64_MAX, &book.minutes) || !database_number(row, 4, INT64_MAX, &book.numbers) ||
        !database_number(row, 5, RUNNING_NUMBER_MAX, &last))
        return index_damaged(index);
    book.body = database_text(row, 1);
    book.year = (unsigned)year;
    book.last = (unsigned)last;
    return taker->book(taker->context, &book);
}

enum err index_each_book(struct index *index, index_book_fn *each, void *context)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_BOOK);
    struct taker taker = {.book = each, .context = context};

    database_bind_number(query, 1, index->hides_kibbutz);
    return each_row(index, query, read_book, &taker);
}

static enum err read_minutes(struct index *index, struct database_query *row, void *context)
{
    const struct taker *taker = context;
    struct index_revision revision;
    enum err err = index_read_revision(index, row, &revision);

    return err ? err : taker->revision(taker->context, &revision);
}

enum err index_each_minutes(struct index *index, const struct index_book *book, uint64_t limit, index_revision_fn *each,
                            void *context)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_MINUTES);
    struct taker taker = {.revision = each, .context = context};

    index_bind_id(query, 1, &book->kibbutz);
    database_bind_text(query, 2, book->body);
    database_bind_number(query, 3, book->year);
    database_bind_number(query, 4, limit ? limit : INT64_MAX);
    database_bind_number(query, 5, index->hides_kibbutz);
    return each_row(index, query, read_minutes, &taker);
}

static enum err read_decision(struct index *index, struct database_query *row, void *context)
{
    const struct taker *taker = context;
    struct index_decision decision = {.place = 0};
    enum err err = index_read_revision(index, row, &decision.revision);

    if (!err && !database_is_null(row, 30)) {
        decision.text = database_text(row, 29);
        if (!database_number(row, 30, INT64_MAX, &decision.place))
            err = index_damaged(index);
    }
    return err ? err : taker->decision(taker->context, &decision);
}

enum err index_each_decision(struct index *index, const struct index_decision_filter *filter, index_decision_fn *each,
                             void *context)
{
    bool is_ruling = filter->documents_only && filter->state != NULL; /* An index knows them. */
    struct database_query *query = database_start(index->database, is_ruling ? INDEX_EACH_RULING : INDEX_EACH_DECISION);
    struct taker taker = {.decision = each, .context = context};

    if (filter->state != NULL)
        database_bind_number(query, 1, *filter->state);
    if (filter->kibbutz != NULL)
        index_bind_id(query, 2, filter->kibbutz);
    if (filter->body.len > 0)
        database_bind_text(query, 3, filter->body);
    if (filter->topic.len > 0)
        database_bind_text(query, 4, filter->topic);
    database_bind_number(query, 5, filter->limit ? filter->limit : INT64_MAX);
    database_bind_number(query, 6, filter->offset);
    database_bind_number(query, 7, filter->documents_only);
    database_bind_number(query, 8, index->hides_kibbutz);
    return each_row(index, query, read_decision, &taker);
}

static enum err read_subject(struct index *index, struct database_query *row, void *context)
{
    const struct taker *taker = context;
    uint64_t documents;

    if (!database_number(row, 1, INT64_MAX, &documents))
        return index_damaged(index);
    return taker->subject(taker->context, database_text(row, 0), documents);
}

enum err index_each_subject(struct index *index, struct bytes kind, uint64_t limit, index_subject_fn *each,
                            void *context)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_SUBJECT);
    struct taker taker = {.subject = each, .context = context};

    if (kind.len > 0)
        database_bind_text(query, 1, kind);
    database_bind_number(query, 2, limit);
    database_bind_number(query, 3, index->hides_kibbutz);
    return each_row(index, query, read_subject, &taker);
}

static enum err read_share(struct index *index, struct database_query *row, void *context)
{
    const struct taker *taker = context;
    struct id kibbutz;
    uint64_t documents;

    if (!index_read_id(row, 0, &kibbutz) || !database_number(row, 1, INT64_MAX, &documents))
        return index_damaged(index);
    return taker->share(taker->context, &kibbutz, documents);
}

enum err index_each_share(struct index *index, index_share_fn *each, void *context)
{
    struct database_query *query = database_start(index->database, INDEX_EACH_SHARE);
    struct taker taker = {.share = each, .context = context};

    database_bind_number(query, 1, index->hides_kibbutz);
    return each_row(index, query, read_share, &taker);
}

/* ---- people ---- */

/* The next name and kibbutz after these, which it replaces.  ERR_MISSING: there is none. */
static enum err next_person(struct index *index, struct buffer *name, struct buffer *kibbutz)
{
    struct database_query *query = database_start(index->database, INDEX_NEXT_PERSON);
    struct buffer next_name = BUFFER(KIB(4)), next_kibbutz = BUFFER(KIB(4));
    enum err err;

    database_bind_text(query, 1, buffer_bytes(name));
    database_bind_text(query, 2, buffer_bytes(kibbutz));
    if (!(err = database_step(index->database, query))) {
        buffer_add(&next_name, database_text(query, 0));
        buffer_add(&next_kibbutz, database_text(query, 1));
    }
    database_finish(query);
    buffer_free(name);
    buffer_free(kibbutz);
    *name = next_name;
    *kibbutz = next_kibbutz;
    return err ? err : buffer_error(name) ? buffer_error(name) : buffer_error(kibbutz);
}

static enum err tell_person(struct index *index, struct bytes name, struct bytes kibbutz, struct bytes topic,
                            index_person_fn *each, void *context)
{
    struct database_query *query = database_start(index->database, INDEX_FIND_CONTACT);
    struct index_person person;
    enum err err;

    database_bind_text(query, 1, name);
    database_bind_text(query, 2, kibbutz);
    if (topic.len > 0)
        database_bind_text(query, 3, topic);
    database_bind_number(query, 4, index->hides_kibbutz);
    if (!(err = database_step(index->database, query))) {
        person = (struct index_person){.name = database_text(query, 0),
                                       .phone = database_text(query, 1),
                                       .role = database_text(query, 2),
                                       .kibbutz = database_text(query, 3),
                                       .confirmed = database_text(query, 4),
                                       .title = database_text(query, 6)};
        err = index_read_id(query, 5, &person.document) ? each(context, &person) : index_damaged(index);
    } else if (err == ERR_MISSING) {
        err = ERR_OK; /* Named in earlier revisions only, or in another context. */
    }
    database_finish(query);
    return err;
}

enum err index_each_person(struct index *index, struct bytes topic, index_person_fn *each, void *context)
{
    struct buffer name = BUFFER(KIB(4)), kibbutz = BUFFER(KIB(4));
    enum err err;

    while (!(err = next_person(index, &name, &kibbutz)))
        if ((err = tell_person(index, buffer_bytes(&name), buffer_bytes(&kibbutz), topic, each, context)))
            break;
    buffer_free(&name);
    buffer_free(&kibbutz);
    return err == ERR_MISSING ? ERR_OK : err;
}

enum err index_version(struct index *index, uint64_t *version)
{
    struct database_query *query = database_start(index->database, INDEX_FIND_VERSION);
    enum err err = database_step(index->database, query);

    if (!err && !database_number(query, 0, INT64_MAX, version))
        err = index_damaged(index);
    database_finish(query);
    return err;
}
