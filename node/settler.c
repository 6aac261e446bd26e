/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/settler.h"

#include "node/host.h"
#include "node/revival.h"
#include "node/running.h"

#include <stdlib.h>

#define LATER_MS 1000 /* What comes soon after is settled with it. */

struct settler {
    struct node *node; /* NULL: it was stopped. */
    uv_timer_t timer;
    uv_work_t work;
    bool is_working, is_closed;
    struct archive_settling *settling;
    enum err err; /* The thread's own while it works. */
};

static void free_when_quiet(struct settler *s)
{
    if (s->is_closed && !s->is_working)
        free(s);
}

static void run(uv_work_t *work)
{
    struct settler *s = work->data;

    s->err = archive_settling_run(s->settling);
}

static void on_done(uv_work_t *work, int status)
{
    struct settler *s = work->data;
    struct node *node = s->node;
    struct archive *archive = node != NULL && status == 0 ? storer_archive(node->storer) : NULL;
    enum err err = archive_settling_end(archive, s->settling, s->err);

    s->is_working = false;
    if (node == NULL)
        free_when_quiet(s);
    else if (archive != NULL && err != ERR_OK)
        revival_note(node, err, host_monotonic_ms());
    else
        settler_look(s);
}

static void on_timer(uv_timer_t *timer)
{
    struct settler *s = timer->data;

    s->settling = archive_settling_begin(storer_archive(s->node->storer));
    if (s->settling == NULL)
        return;
    s->work.data = s;
    s->is_working = uv_queue_work(&s->node->loop, &s->work, run, on_done) == 0;
    if (!s->is_working)
        (void)archive_settling_end(NULL, s->settling, ERR_OK);
}

void settler_look(struct settler *s)
{
    if (s != NULL && !s->is_working && !uv_is_active((uv_handle_t *)&s->timer))
        uv_timer_start(&s->timer, on_timer, LATER_MS, 0);
}

static void on_closed(uv_handle_t *handle)
{
    struct settler *s = handle->data;

    s->is_closed = true;
    free_when_quiet(s);
}

enum err settler_start(struct settler **settler, struct node *node)
{
    struct settler *s = calloc(1, sizeof *s);

    if (s == NULL)
        return ERR_MEMORY;
    s->node = node;
    uv_timer_init(&node->loop, &s->timer);
    s->timer.data = s;
    *settler = s;
    return ERR_OK;
}

void settler_stop(struct settler *s)
{
    if (s == NULL)
        return;
    s->node = NULL;
    uv_close((uv_handle_t *)&s->timer, on_closed);
}
