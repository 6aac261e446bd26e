/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/crew.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

#define HELPERS_MAX 3 /* More are of little use to an office, and the texts have to be read as well. */

struct crew {
    struct parallel parallel;
    uv_thread_t helpers[HELPERS_MAX];
    size_t helper_count;
    uv_mutex_t lock;
    uv_cond_t work_came, all_left;

    /* under the lock */
    bool stopping;
    size_t inside; /* Helpers that are at the work at hand. */
    unsigned turn; /* Of the work at hand; each helper comes to it once. */

    /* the work at hand; changed while nobody is inside */
    parallel_part_fn *part;
    void *context;
    size_t count;
    atomic_size_t next;
};

static void take_parts(struct crew *crew)
{
    for (size_t i; (i = atomic_fetch_add(&crew->next, 1)) < crew->count;)
        crew->part(crew->context, i);
}

static void help(void *context)
{
    struct crew *crew = context;
    unsigned seen = 0;

    uv_mutex_lock(&crew->lock);
    for (;;) {
        while (!crew->stopping && (crew->turn == seen || crew->part == NULL))
            uv_cond_wait(&crew->work_came, &crew->lock);
        if (crew->stopping)
            break;
        seen = crew->turn;
        crew->inside++;
        uv_mutex_unlock(&crew->lock);
        take_parts(crew);
        uv_mutex_lock(&crew->lock);
        if (--crew->inside == 0)
            uv_cond_signal(&crew->all_left);
    }
    uv_mutex_unlock(&crew->lock);
}

static void run(void *self, size_t count, parallel_part_fn *part, void *context)
{
    struct crew *crew = self;

    uv_mutex_lock(&crew->lock);
    crew->part = part;
    crew->context = context;
    crew->count = count;
    atomic_store(&crew->next, 0);
    crew->turn++;
    uv_cond_broadcast(&crew->work_came);
    uv_mutex_unlock(&crew->lock);
    take_parts(crew);
    uv_mutex_lock(&crew->lock);
    crew->part = NULL; /* Who wakes only now has come too late. */
    while (crew->inside > 0)
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
