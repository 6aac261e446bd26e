/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/search_batch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "store/index_search.h"
#include "store/search_text.h"
#include "store/tokenizer.h"

#define MEMORIES 4         /* For so many threads at once; others would wait. */
#define WORDS_KEPT 60000   /* By each of them, ... */
#define WORDS_AT_REST 8000 /* ... and when there is nothing to do. */
#define FULL MIB(8)
#define TEXTS_MAX (FULL + 8 * SEARCH_TEXT_SIZE_MAX) /* Of few texts all are gathered, though they be large. */
#define MANY 200                                    /* Are merged later. */
#define FIRST_SIZE 8

/* What a thread knows of words; lent to whoever comes. */
struct memory {
    struct terms *terms;
    atomic_flag is_lent;
};

struct taken {
    struct id revision;
    uint64_t clock;
    struct sha1 name;
    size_t from, len; /* Its text. */
    struct buffer terms;
    enum err err;         /* Of making them, */
    bool is_made;         /* under the lock; */
    atomic_bool is_begun; /* by whoever was first. */
};

struct search_batch {
    struct memory memories[MEMORIES];
    struct buffer texts;
    struct taken *at;
    size_t count, size;
};

struct search_batch *search_batch_new(void)
{
    struct search_batch *batch = calloc(1, sizeof *batch);

    if (!batch)
        return NULL;
    batch->texts = BUFFER(TEXTS_MAX);
    for (size_t i = 0; i < MEMORIES; i++)
        atomic_flag_clear(&batch->memories[i].is_lent);
    if ((batch->memories[0].terms = terms_new(WORDS_KEPT)))
        return batch;
    free(batch);
    return NULL;
}

void search_batch_free(struct search_batch *batch)
{
    if (!batch)
        return;
    search_batch_clear(batch);
    for (size_t i = 0; i < MEMORIES; i++)
        terms_free(batch->memories[i].terms);
    buffer_free(&batch->texts);
    free(batch->at);
    free(batch);
}

void search_batch_clear(struct search_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        buffer_free(&batch->at[i].terms);
    batch->count = 0;
    buffer_clear(&batch->texts);
}

void search_batch_rest(struct search_batch *batch)
{
    search_batch_clear(batch);
    buffer_free(&batch->texts);
    batch->texts = BUFFER(TEXTS_MAX);
    free(batch->at);
    batch->at = NULL;
    batch->size = 0;
    terms_rest(batch->memories[0].terms, WORDS_AT_REST);
    for (size_t i = 1; i < MEMORIES; i++) {
        terms_free(batch->memories[i].terms);
        batch->memories[i].terms = NULL;
    }
}

size_t search_batch_count(const struct search_batch *batch)
{
    return batch->count;
}

bool search_batch_is_full(const struct search_batch *batch)
{
    return batch->texts.len >= FULL;
}

static bool make_room(struct search_batch *batch)
{
    size_t size = batch->size ? batch->size * 2 : FIRST_SIZE;
    struct taken *at = batch->count < batch->size ? batch->at : realloc(batch->at, size * sizeof *at);

    if (!at)
        return false;
    batch->at = at;
    if (batch->count == batch->size)
        batch->size = size;
    return true;
}

enum err search_batch_take(struct search_batch *batch, const struct id *revision, uint64_t clock,
                           const struct sha1 *name, struct bytes text)
{
    size_t from = batch->texts.len;

    buffer_add(&batch->texts, text);
    if (buffer_error(&batch->texts) != ERR_OK || !make_room(batch))
        return ERR_MEMORY;
    batch->at[batch->count++] = (struct taken){.revision = *revision,
                                               .clock = clock,
                                               .name = *name,
                                               .from = from,
                                               .len = text.len,
                                               .terms = BUFFER(SEARCH_TEXT_SIZE_MAX * 4)};
    return ERR_OK;
}

/* ---- making terms ---- */

static struct memory *borrow(struct search_batch *batch)
{
    for (size_t i = 0;; i = (i + 1) % MEMORIES)
        if (!atomic_flag_test_and_set(&batch->memories[i].is_lent))
            return &batch->memories[i];
}

static enum err make_terms(struct search_batch *batch, struct bytes text, struct buffer *out)
{
    struct memory *memory = borrow(batch);
    enum err err = ERR_MEMORY;

    (void)buffer_extend(out, text.len * 2); /* Most of them are as long. */
    buffer_clear(out);
    if (memory->terms || (memory->terms = terms_new(WORDS_KEPT)))
        err = tokenizer_write(memory->terms, text, out);
    atomic_flag_clear(&memory->is_lent);
    return err;
}

/* ---- writing ---- */

static int older_first(const void *a, const void *b)
{
    const struct taken *one = a, *other = b;

    if (one->clock != other->clock)
        return one->clock < other->clock ? -1 : 1;
    return memcmp(one->revision.at, other->revision.at, ID_LEN);
}

/*
 * One part writes what is made, in order; the others make terms ahead of it, so that they go on while SQLite brings many terms
 * into their order.  Where nobody made the next ones, or there is nobody else, the writer does.
 */
struct work {
    struct search_batch *batch;
    struct index *index;
    pthread_mutex_t lock;
    pthread_cond_t was_made;
    atomic_bool failed; /* Nothing more need be made. */
};

static void make_one(struct work *w, struct taken *taken)
{
    enum err err = make_terms(w->batch, bytes_of(w->batch->texts.at + taken->from, taken->len), &taken->terms);

    (void)pthread_mutex_lock(&w->lock);
    taken->err = err;
    taken->is_made = true;
    (void)pthread_cond_signal(&w->was_made);
    (void)pthread_mutex_unlock(&w->lock);
}

static void need_one(struct work *w, struct taken *taken)
{
    if (!atomic_exchange(&taken->is_begun, true)) {
        make_one(w, taken);
        return;
    }
    (void)pthread_mutex_lock(&w->lock);
    while (!taken->is_made)
        (void)pthread_cond_wait(&w->was_made, &w->lock);
    (void)pthread_mutex_unlock(&w->lock);
}

static enum err write_all(struct work *w)
{
    enum err err = ERR_OK;

    for (size_t i = 0; !err && i < w->batch->count; i++) {
        struct taken *taken = &w->batch->at[i];

        need_one(w, taken);
        err = taken->err ? taken->err
                         : index_search_add(w->index, &taken->revision, taken->clock, &taken->name,
                                            buffer_bytes(&taken->terms));
        buffer_free(&taken->terms);
    }
    return err;
}

struct writing {
    struct work work;
    enum err err;
};

/* The first part writes; each other one makes the terms of a text. */
static void do_part(void *context, size_t index)
{
    struct writing *writing = context;
    struct work *w = &writing->work;

    if (index == 0) {
        writing->err = write_all(w);
        atomic_store(&w->failed, writing->err != ERR_OK);
    } else if (!atomic_load(&w->failed) && !atomic_exchange(&w->batch->at[index - 1].is_begun, true)) {
        make_one(w, &w->batch->at[index - 1]);
    }
}

static enum err write_in_parallel(struct search_batch *batch, struct index *index, const struct parallel *parallel)
{
    struct writing writing = {.work = {.batch = batch, .index = index}};

    (void)pthread_mutex_init(&writing.work.lock, NULL);
    (void)pthread_cond_init(&writing.work.was_made, NULL);
    qsort(batch->at, batch->count, sizeof *batch->at, older_first);
    parallel_run(parallel, 1 + batch->count, do_part, &writing);
    (void)pthread_cond_destroy(&writing.work.was_made);
    (void)pthread_mutex_destroy(&writing.work.lock);
    return writing.err;
}

enum err search_batch_write(struct search_batch *batch, struct index *index, const struct parallel *parallel)
{
    bool many = batch->count >= MANY;
    enum err err = many ? index_search_merge_later(index, true) : ERR_OK;

    if (!err)
        err = write_in_parallel(batch, index, parallel);
    if (many && !err)
        err = index_search_merge_later(index, false);
    return err;
}

enum err search_batch_remove(struct search_batch *batch, struct index *index, const struct id *revision,
                             struct bytes text)
{
    struct buffer terms = BUFFER(SEARCH_TEXT_SIZE_MAX * 4);
    enum err err = make_terms(batch, text, &terms);

    if (!err)
        err = index_search_remove(index, revision, buffer_bytes(&terms));
    buffer_free(&terms);
    return err;
}
