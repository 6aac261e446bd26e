/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/crew.h"

#include "node/host.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

#define HELPERS_MAX 3 /* More are of little use to an office, and the texts have to be read as well. */

/* The work of one caller, who waits for its end. */
struct job {
    parallel_part_fn *part;
    void *context;
    size_t count;
    atomic_size_t next;
    size_t inside; /* Under the lock: helpers that are at it. */
    struct job *newer;
};

struct crew {
    struct parallel parallel;
    uv_thread_t helpers[HELPERS_MAX];
    size_t helper_count;
    uv_mutex_t lock;
    uv_cond_t work_came, all_left;

    /* under the lock */
    bool stopping;
    struct job *jobs; /* The oldest first. */
};

static void take_parts(struct job *job)
{
    for (size_t i; (i = atomic_fetch_add(&job->next, 1)) < job->count;)
        job->part(job->context, i);
}

/* The oldest work with parts that nobody has taken; NULL: none. */
static struct job *find_work(const struct crew *crew)
{
    struct job *job = crew->jobs;

    while (job != NULL && atomic_load(&job->next) >= job->count)
        job = job->newer;
    return job;
}

static void help(void *context)
{
    struct crew *crew = context;
    struct job *job = NULL;

    host_step_back(HOST_BEHIND_READER);
    uv_mutex_lock(&crew->lock);
    for (;;) {
        while (!crew->stopping && (job = find_work(crew)) == NULL)
            uv_cond_wait(&crew->work_came, &crew->lock);
        if (crew->stopping)
            break;
        job->inside++;
        uv_mutex_unlock(&crew->lock);
        take_parts(job);
        uv_mutex_lock(&crew->lock);
        if (--job->inside == 0)
            uv_cond_broadcast(&crew->all_left);
    }
    uv_mutex_unlock(&crew->lock);
}

static void add(struct crew *crew, struct job *job)
{
    struct job **end = &crew->jobs;

    while (*end != NULL)
        end = &(*end)->newer;
    *end = job;
}

static void drop(struct crew *crew, const struct job *job)
{
    struct job **at = &crew->jobs;

    while (*at != job)
        at = &(*at)->newer;
    *at = job->newer;
}

static void run(void *self, size_t count, parallel_part_fn *part, void *context)
{
    struct crew *crew = self;
    struct job job = {.part = part, .context = context, .count = count};

    atomic_init(&job.next, 0);
    uv_mutex_lock(&crew->lock);
    add(crew, &job);
    uv_cond_broadcast(&crew->work_came);
    uv_mutex_unlock(&crew->lock);
    take_parts(&job);
    uv_mutex_lock(&crew->lock);
    drop(crew, &job);
    while (job.inside > 0)
        uv_cond_wait(&crew->all_left, &crew->lock);
    uv_mutex_unlock(&crew->lock);
}

enum err crew_new(struct crew **made)
{
    struct crew *crew = calloc(1, sizeof *crew);
    size_t wanted = uv_available_parallelism() - 1;

    if (crew == NULL)
        return ERR_MEMORY;
    uv_mutex_init(&crew->lock);
    uv_cond_init(&crew->work_came);
    uv_cond_init(&crew->all_left);
    while (crew->helper_count < wanted && crew->helper_count < HELPERS_MAX &&
           uv_thread_create(&crew->helpers[crew->helper_count], help, crew) == 0)
        crew->helper_count++;
    crew->parallel = (struct parallel){.run = run, .self = crew, .width = crew->helper_count + 1};
    *made = crew;
    return ERR_OK;
}

void crew_free(struct crew *crew)
{
    if (crew == NULL)
        return;
    uv_mutex_lock(&crew->lock);
    crew->stopping = true;
    uv_cond_broadcast(&crew->work_came);
    uv_mutex_unlock(&crew->lock);
    for (size_t i = 0; i < crew->helper_count; i++)
        uv_thread_join(&crew->helpers[i]);
    uv_cond_destroy(&crew->all_left);
    uv_cond_destroy(&crew->work_came);
    uv_mutex_destroy(&crew->lock);
    free(crew);
}

const struct parallel *crew_parallel(const struct crew *crew)
{
    return crew == NULL ? NULL : &crew->parallel;
}
