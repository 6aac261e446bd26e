/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"

#include <stdlib.h>

#include "store/dictionary.h"
#include "store/index_search.h"
#include "store/search_batch.h"
#include "store/search_text.h"

/* The full-text part of the index, filled from contents: with the rest of it, or later from the archive. */

#define SLICE 500       /* Texts that one transaction adds. */
#define MERGE_FROM 2000 /* Texts: fewer do not make all be merged into one. */

static enum err write_text(const struct index_entry *row, const struct document *document,
                           const struct content *content, struct buffer *out)
{
    struct search_text text = {.document = document,
                               .content = content,
                               .log = row->log,
                               .kibbutz = row->kibbutz,
                               .clock = row->clock,
                               .audience = row->audience};

    return search_text_write(&text, out);
}

static struct search_batch *batch_of(struct archive *a)
{
    if (!a->batch)
        a->batch = search_batch_new();
    return a->batch;
}

/* In the transaction of who called. */
enum err archive_search_write(struct archive *a)
{
    enum err err = a->batch ? search_batch_write(a->batch, a->index, a->parallel) : ERR_OK;

    archive_search_drop(a);
    return err;
}

void archive_search_drop(struct archive *a)
{
    if (a->batch)
        search_batch_clear(a->batch);
}

enum err archive_search_take(struct archive *a, const struct index_entry *row, const struct document *document,
                             const struct content *content)
{
    struct buffer written = BUFFER(SEARCH_TEXT_SIZE_MAX);
    struct sha1 name = sha1_of_object("blob", content_text(content)->bytes);
    enum err err = batch_of(a) ? write_text(row, document, content, &written) : ERR_MEMORY;

    if (!err)
        err = search_batch_take(a->batch, &row->entry, row->clock, &name, buffer_bytes(&written));
    buffer_free(&written);
    return !err && !a->keeps_words && search_batch_is_full(a->batch) ? archive_search_write(a) : err;
}

enum err archive_search_write_apart(struct archive *a)
{
    size_t count = a->batch ? search_batch_count(a->batch) : 0;
    enum err err;

    if (count == 0)
        return ERR_OK;
    err = index_begin(a->index);
    if (!err)
        err = archive_search_write(a);
    if (!err)
        err = index_commit(a->index);
    if (err)
        index_rollback(a->index);
    return err ? err : index_search_merge_few(a->index, count); /* They are found by now. */
}

/* ---- from the archive ---- */

struct reading {
    struct buffer packed;
    struct content *content;
    struct document *document;
};

static void end_reading(struct reading *r)
{
    document_free(r->document);
    free(r->content);
    buffer_free(&r->packed);
}

/* Reads what an entry published; ERR_MISSING: nothing of it can be searched. */
static enum err read_document(struct archive *a, const struct index_entry *row, struct reading *r)
{
    const struct content_file *file = NULL;

    *r = (struct reading){.packed = BUFFER(LIMIT_BUNDLE), .content = malloc(sizeof *r->content)};
    if (!r->content)
        return ERR_MEMORY;
    enum err err = archive_read_listed(a, &row->entry, &r->packed);
    if (err == ERR_AUTH || err == ERR_FORMAT)
        return ERR_MISSING; /* Damaged: archive_verify() tells. */
    if (!err && content_open(buffer_bytes(&r->packed), r->content) == ERR_OK)
        file = content_find(r->content, CONTENT_DOCUMENT);
    if (err || !file)
        return err ? err : ERR_MISSING;
    return document_read(file->bytes, &r->document);
}

/* What cannot be read is noted as done, with no words: it is not asked for again and again. */
static enum err add_from_archive(struct archive *a, const struct id *revision)
{
    struct index_entry row;
    struct reading r;
    enum err err = index_find_id(a->index, revision, &row);

    if (err)
        return err;
    err = read_document(a, &row, &r);
    if (err == ERR_MISSING)
        err = index_search_add(a->index, revision, row.clock, &(struct sha1){0}, bytes_text(""));
    else if (!err)
        err = archive_search_take(a, &row, r.document, r.content);
    end_reading(&r);
    return err;
}

static enum err add_slice(struct archive *a, size_t *count)
{
    struct id revisions[SLICE];
    enum err err = index_begin(a->index);

    if (!err)
        err = index_search_missing(a->index, SLICE, revisions, count);
    for (size_t i = 0; !err && i < *count; i++)
        err = add_from_archive(a, &revisions[i]);
    if (!err)
        err = archive_search_write(a);
    if (!err)
        err = index_commit(a->index);
    if (err)
        index_rollback(a->index);
    archive_search_drop(a);
    return err;
}

enum err archive_search_catch_up(struct archive *a)
{
    size_t count = SLICE;
    enum err err = ERR_OK;

    while (!err && count == SLICE)
        if (!(err = add_slice(a, &count)))
            a->texts_read += count;
    return err;
}

enum err archive_search_merge(struct archive *a, bool *more)
{
    enum err err = ERR_OK;

    *more = a->merging || a->texts_read > 0;
    if (!*more)
        return ERR_OK;
    err = index_search_merge(a->index, !a->merging && a->texts_read >= MERGE_FROM, more);
    a->merging = *more;
    a->texts_read = 0;
    return err;
}

/* Terms by the dictionary and terms by guess find different things: an index is made of the one or of the other. */
enum err archive_search_begin(struct archive *a)
{
    enum index_search_means now = dictionary_is_here() ? INDEX_SEARCH_DICTIONARY : INDEX_SEARCH_GUESSES, then;
    enum err err = index_search_means(a->index, &then);

    if (err || then == now)
        return err;
    if (then != INDEX_SEARCH_NEW)
        err = index_search_clear(a->index);
    return err ? err : index_search_set_means(a->index, now);
}

/* ---- erasing ---- */

static enum err forget(struct archive *a, const struct id *revision, bool *lost)
{
    struct index_entry row;
    struct reading r;
    struct buffer written = BUFFER(SEARCH_TEXT_SIZE_MAX);
    bool has = false;
    enum err err = index_search_has(a->index, revision, &has);

    if (err || !has)
        return err;
    if ((err = index_find_id(a->index, revision, &row)))
        return err;
    err = read_document(a, &row, &r);
    if (err == ERR_MISSING) { /* Without its text nobody knows its words. */
        *lost = true;
        err = ERR_OK;
    } else if (!err) {
        err = batch_of(a) ? write_text(&row, r.document, r.content, &written) : ERR_MEMORY;
        if (!err)
            err = search_batch_remove(a->batch, a->index, revision, buffer_bytes(&written));
    }
    end_reading(&r);
    buffer_free(&written);
    return err;
}

enum err archive_search_forget(struct archive *a, const struct archive_place places[], size_t count)
{
    bool lost = false;
    enum err err = index_begin(a->index);

    for (size_t i = 0; !err && i < count; i++)
        err = forget(a, &places[i].entry, &lost);
    if (!err && lost && !(err = index_search_clear(a->index)))
        err = archive_search_begin(a);
    if (!err)
        err = index_commit(a->index);
    if (err)
        index_rollback(a->index);
    return err ? archive_fail_index(a, err) : ERR_OK;
}
