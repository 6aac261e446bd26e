/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/storer.h"

#include "store/verdicts.h"

#include <assert.h>
#include <stdlib.h>

#define BESIDE_MIN 9 /* Items; fewer are stored by the journal, sooner than a thread wakes. */
#define VERDICTS_AT_ONCE 8192

struct storer {
    struct archive *archive;
    storer_done_fn *done;
    void *context;
    uv_loop_t *loop; /* NULL: it does not run. */
    uv_work_t work;
    bool is_queued;  /* `work` is the loop's until on_end(). */
    bool is_storing; /* `done` was not called yet. */

    /* the thread's own until it has left */
    struct storer_batch batch;
    struct verdicts verdicts;
    struct storer_outcome outcome;

    uv_mutex_t lock;
    uv_cond_t has_left;
    bool left; /* Under the lock. */
};

enum err storer_new(struct archive *archive, storer_done_fn *done, void *context, struct storer **storer)
{
    struct storer *s = calloc(1, sizeof *s);

    if (s == NULL)
        return ERR_MEMORY;
    s->archive = archive;
    s->done = done;
    s->context = context;
    s->left = true;
    uv_mutex_init(&s->lock);
    uv_cond_init(&s->has_left);
    *storer = s;
    return ERR_OK;
}

void storer_free(struct storer *s)
{
    if (s == NULL)
        return;
    assert(!s->is_queued);
    archive_close(s->archive);
    verdicts_free(&s->verdicts);
    uv_cond_destroy(&s->has_left);
    uv_mutex_destroy(&s->lock);
    free(s);
}

void storer_start(struct storer *s, uv_loop_t *loop)
{
    s->loop = loop;
}

/* ---- beside the loop ---- */

static void wait_until_left(struct storer *s)
{
    uv_mutex_lock(&s->lock);
    while (!s->left)
        uv_cond_wait(&s->has_left, &s->lock);
    uv_mutex_unlock(&s->lock);
}

struct archive *storer_archive(struct storer *s)
{
    if (s == NULL)
        return NULL;
    if (s->is_storing)
        wait_until_left(s);
    return s->archive;
}

/* What is not written here is mended later: the index is behind, and says so. */
static void write_index(struct storer *s)
{
    if (s->outcome.is_judged)
        s->outcome.is_judged = archive_write_verdicts(s->archive, &s->verdicts) == ERR_OK;
    if (s->batch.flush)
        (void)archive_flush_index(s->archive);
}

static void store(uv_work_t *work)
{
    struct storer *s = work->data;

    if (s->batch.more)
        archive_expect_more(s->archive);
    s->outcome.err = archive_append(s->archive, s->batch.items, s->batch.count);
    if (s->outcome.err == ERR_OK)
        write_index(s);
    uv_mutex_lock(&s->lock);
    s->left = true;
    uv_cond_signal(&s->has_left);
    uv_mutex_unlock(&s->lock);
}

/* ---- in the loop ---- */

static void end(struct storer *s)
{
    struct storer_outcome outcome = s->outcome;

    outcome.is_judged = outcome.is_judged && !s->verdicts.more;
    s->is_storing = false;
    s->done(s->context, &outcome);
}

static void on_end(uv_work_t *work, int status)
{
    struct storer *s = work->data;

    (void)status; /* It is never cancelled. */
    s->is_queued = false;
    if (s->is_storing)
        end(s);
}

static bool begin_beside(struct storer *s)
{
    if (s->loop == NULL || s->is_queued || (s->batch.count < BESIDE_MIN && !s->batch.more))
        return false;
    if (s->batch.trust != NULL)
        s->outcome.is_judged =
            verdicts_take(&s->verdicts, s->batch.trust, archive_offices(s->archive), VERDICTS_AT_ONCE) == ERR_OK;
    s->work.data = s;
    s->left = false;                                       /* From the next line on it is the thread's to change. */
    (void)uv_queue_work(s->loop, &s->work, store, on_end); /* Fails for want of a callback alone. */
    s->is_queued = true;
    return true;
}

static bool tells_of_nodes(const struct item items[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (role_governs(items[i].head.role) && items[i].entry.len > 0)
            return true;
    return false;
}

void storer_store(struct storer *s, const struct storer_batch *batch)
{
    assert(!s->is_storing);
    s->batch = *batch;
    s->outcome = (struct storer_outcome){.governs = tells_of_nodes(batch->items, batch->count)};
    s->is_storing = true;
    if (begin_beside(s))
        return;
    s->outcome.err = archive_append(s->archive, batch->items, batch->count);
    end(s);
}

bool storer_finish(struct storer *s)
{
    if (!s->is_storing)
        return false;
    wait_until_left(s);
    end(s);
    return true;
}
