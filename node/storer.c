/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/storer.h"

#include "proto/replica.h"
#include "store/verdicts.h"

#include <assert.h>
#include <stdlib.h>

#define BESIDE_MIN 9 /* Items; fewer are stored by the journal, sooner than a thread wakes. */
#define VERDICTS_AT_ONCE 8192
#define JOBS (1 + REPLICA_AHEAD)

struct job {
    struct storer_batch batch;
    struct verdicts verdicts;
    struct storer_outcome outcome;
};

struct storer {
    struct archive *archive;
    storer_done_fn *done;
    void *context;
    uv_loop_t *loop;  /* NULL: it does not run. */
    uv_async_t wakes; /* It. */
    uv_thread_t thread;
    bool has_thread;
    struct job jobs[JOBS]; /* In turn. */
    size_t told;           /* Of all jobs ever: `done` was called, or will never be. */
    uint64_t offices;      /* Of the verdicts that were taken last. */
    /* The thread's own while it has a job: some could not be written, and later ones rest on them. */
    bool lacks_verdicts;
    uv_mutex_t lock;
    uv_cond_t job_came, job_ended;

    /* under the lock */
    size_t given;    /* Of all jobs ever; the loop alone changes it. */
    size_t ended;    /* The thread is at the one after these; it alone changes it. */
    bool has_failed; /* One of those that were not told. */
    bool stopping;
};

enum err storer_new(struct archive *archive, storer_done_fn *done, void *context, struct storer **storer)
{
    struct storer *s = calloc(1, sizeof *s);

    if (s == NULL)
        return ERR_MEMORY;
    s->archive = archive;
    s->done = done;
    s->context = context;
    uv_mutex_init(&s->lock);
    uv_cond_init(&s->job_came);
    uv_cond_init(&s->job_ended);
    *storer = s;
    return ERR_OK;
}

void storer_free(struct storer *s)
{
    if (s == NULL)
        return;
    assert(!s->has_thread);
    archive_close(s->archive);
    for (size_t i = 0; i < JOBS; i++)
        verdicts_free(&s->jobs[i].verdicts);
    uv_cond_destroy(&s->job_ended);
    uv_cond_destroy(&s->job_came);
    uv_mutex_destroy(&s->lock);
    free(s);
}

/* ---- beside the loop ---- */

/* What is not written here is mended later: the index is behind, and says so. */
static void write_index(struct storer *s, struct job *job)
{
    bool is_taken = job->outcome.is_judged;

    job->outcome.is_judged =
        is_taken && !s->lacks_verdicts && archive_write_verdicts(s->archive, &job->verdicts) == ERR_OK;
    s->lacks_verdicts = s->lacks_verdicts || (is_taken && !job->outcome.is_judged);
    if (job->batch.flush)
        (void)archive_flush_index(s->archive);
}

static void store(struct storer *s, struct job *job)
{
    if (job->batch.more)
        archive_expect_more(s->archive);
    job->outcome.err = archive_append(s->archive, job->batch.items, job->batch.count);
    if (job->outcome.err == ERR_OK)
        write_index(s, job);
    job->outcome.is_flushed = archive_index_is_flushed(s->archive);
}

/* One job after the other; what rests on one that failed is passed over. */
static void work(void *context)
{
    struct storer *s = context;

    uv_mutex_lock(&s->lock);
    for (;;) {
        while (!s->stopping && s->ended == s->given)
            uv_cond_wait(&s->job_came, &s->lock);
        if (s->ended == s->given)
            break;
        struct job *job = &s->jobs[s->ended % JOBS];
        if (!s->has_failed) {
            uv_mutex_unlock(&s->lock);
            store(s, job);
            uv_mutex_lock(&s->lock);
        }
        s->has_failed = s->has_failed || job->outcome.err != ERR_OK;
        s->ended++;
        uv_cond_signal(&s->job_ended);
        (void)uv_async_send(&s->wakes);
    }
    uv_mutex_unlock(&s->lock);
}

/* ---- in the loop ---- */

/* Until the thread has ended that many jobs. */
static void wait_until(struct storer *s, size_t ended)
{
    uv_mutex_lock(&s->lock);
    while (s->ended < ended)
        uv_cond_wait(&s->job_ended, &s->lock);
    uv_mutex_unlock(&s->lock);
}

struct archive *storer_archive(struct storer *s)
{
    if (s == NULL)
        return NULL;
    wait_until(s, s->given);
    return s->archive;
}

/* Nothing is told of those behind one that failed. */
static void drop_rest(struct storer *s)
{
    wait_until(s, s->given);
    s->told = s->given;
    s->has_failed = false; /* The thread waits for a job. */
}

static void tell(struct storer *s, const struct job *job)
{
    struct storer_outcome outcome = job->outcome;

    outcome.is_judged = outcome.is_judged && !job->verdicts.more;
    s->told++;
    if (outcome.err != ERR_OK)
        drop_rest(s);
    if (s->told == s->given)
        uv_unref((uv_handle_t *)&s->wakes); /* The loop may end. */
    s->done(s->context, &outcome);
}

static bool has_ended(struct storer *s)
{
    uv_mutex_lock(&s->lock);
    bool ended = s->told < s->ended;
    uv_mutex_unlock(&s->lock);
    return ended;
}

static void on_wake(uv_async_t *wakes)
{
    struct storer *s = wakes->data;

    while (has_ended(s))
        tell(s, &s->jobs[s->told % JOBS]);
}

bool storer_finish(struct storer *s)
{
    if (s->told == s->given)
        return false;
    while (s->told < s->given) {
        wait_until(s, s->told + 1);
        tell(s, &s->jobs[s->told % JOBS]);
    }
    return true;
}

void storer_start(struct storer *s, uv_loop_t *loop)
{
    if (uv_async_init(loop, &s->wakes, on_wake) != 0)
        return;
    s->wakes.data = s;
    uv_unref((uv_handle_t *)&s->wakes);
    s->loop = loop;
}

void storer_stop(struct storer *s)
{
    if (s->loop == NULL)
        return;
    (void)storer_finish(s);
    uv_mutex_lock(&s->lock);
    s->stopping = true;
    uv_cond_signal(&s->job_came);
    uv_mutex_unlock(&s->lock);
    if (s->has_thread)
        uv_thread_join(&s->thread);
    s->has_thread = false;
    uv_close((uv_handle_t *)&s->wakes, NULL);
    s->loop = NULL;
}

static bool is_beside(struct storer *s, const struct storer_batch *batch)
{
    if (s->loop == NULL || (batch->count < BESIDE_MIN && !batch->more && s->told == s->given))
        return false;
    if (!s->has_thread)
        s->has_thread = uv_thread_create(&s->thread, work, s) == 0;
    return s->has_thread;
}

static bool tells_of_nodes(const struct item items[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (role_governs(items[i].head.role) && items[i].entry.len > 0)
            return true;
    return false;
}

/* What trust says when it knows just what will be durable by this one; offices, as they will stand in the index by then. */
static void take_verdicts(struct storer *s, struct job *job)
{
    if (s->told == s->given) { /* The thread waits. */
        s->offices = archive_offices(s->archive);
        s->lacks_verdicts = false;
    }
    job->outcome.is_judged = verdicts_take(&job->verdicts, job->batch.trust, s->offices, VERDICTS_AT_ONCE) == ERR_OK;
    if (job->outcome.is_judged)
        s->offices = job->verdicts.offices;
}

void storer_store(struct storer *s, const struct storer_batch *batch)
{
    struct job *job = &s->jobs[s->given % JOBS];

    assert(s->given - s->told < JOBS);
    job->batch = *batch;
    job->outcome = (struct storer_outcome){.governs = tells_of_nodes(batch->items, batch->count)};
    if (!is_beside(s, batch)) {
        store(s, job);
        s->done(s->context, &job->outcome);
        return;
    }
    if (batch->trust != NULL)
        take_verdicts(s, job);
    uv_ref((uv_handle_t *)&s->wakes);
    uv_mutex_lock(&s->lock);
    s->given++;
    uv_cond_signal(&s->job_came);
    uv_mutex_unlock(&s->lock);
}
