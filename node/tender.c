/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/tender.h"

#include "node/host.h"
#include "node/log.h"
#include "node/running.h"
#include "proto/compress.h"
#include "store/dictionary.h"
#include "store/segments.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

#define LOOK_EACH_MS 500
#define QUIET_MS 1000     /* After the last store or answer. */
#define READ_QUIET_MS 200 /* Readers wait for it. */
#define START_MS 800      /* Who has waited for this node comes first. */
#define READ_AT_A_TIME 32 /* Texts: some 20 ms. */
#define SHRINK_EACH_MS 20 /* A pack takes the loop for as long, or longer. */
#define ENTRIES_MIN 64
#define RANK 10 /* Behind the rest of the node, as of nice. */

/* A segment with room in it: it goes out as it is until there is more, and is then made again. */
struct unfilled {
    bool is_kept;
    uint64_t number;
};

struct tender {
    struct node *node;
    uv_timer_t timer;
    uv_async_t done;
    uv_thread_t thread;
    uv_thread_t reading; /* Of the dictionary, once. */
    atomic_bool has_read;
    bool is_reading, running, stopping;
    bool unread;   /* There may be texts that were not read yet. */
    bool stored;   /* There may be packs that are not compressed yet. */
    bool untidied; /* What large batches took of memory may be given back. */
    uint64_t hushed_ms;
    /* Of logs that govern, and of the others: */
    uint64_t again[2];           /* How many entries there must be before it is tried again. */
    struct unfilled unfilled[2]; /* The last one that was made. */
    size_t handles;

    /* of the job: the thread's own while `running` */
    atomic_bool stop;
    bool governs;
    struct replica_run wanted[LIMIT_RANGES];
    size_t count;
    uint64_t entries, erasures;
    struct segment_draft draft;
    struct buffer frame;
    enum err err;
};

/* ---- in the thread ---- */

static bool is_stopped(void *context)
{
    struct tender *t = context;

    return atomic_load(&t->stop);
}

static enum err make(struct tender *t)
{
    struct archive *archive = NULL;
    enum err err = archive_open(t->node->home, ARCHIVE_READ, &archive);

    if (err == ERR_OK)
        err = segment_gather(archive, t->wanted, t->count, &t->draft);
    archive_close(archive);
    if (err == ERR_OK)
        err = compress_slowly(buffer_bytes(&t->draft.plain), COMPRESS_KEPT, is_stopped, t, &t->frame);
    return err;
}

static void run(void *context)
{
    struct tender *t = context;

    host_step_back(RANK);
    t->err = make(t);
    uv_async_send(&t->done);
}

static void read_dictionary(void *context)
{
    struct tender *t = context;

    dictionary_read();
    atomic_store(&t->has_read, true);
}

/* ---- in the loop ---- */

static void finish(struct tender *t)
{
    struct archive *archive = storer_archive(t->node->storer);
    struct segments *segments = archive_segments(archive);
    struct unfilled *unfilled = &t->unfilled[t->governs];
    uint64_t number = 0;

    if (t->err == ERR_OK && t->erasures == archive_erasures(archive) && segments != NULL) {
        t->err = segments_add(segments, t->draft.runs, t->draft.count, buffer_bytes(&t->frame), &number);
        *unfilled = (struct unfilled){.is_kept = t->err == ERR_OK && !t->draft.is_full, .number = number};
    }
    t->again[t->governs] = unfilled->is_kept ? t->entries / 4 : 0;
    if (t->err != ERR_OK) /* There is no room, or it was given up: later. */
        t->again[t->governs] = t->entries + t->entries / 4 + ENTRIES_MIN;
    t->untidied = true;
    if (t->err != ERR_OK && t->err != ERR_MISSING && t->err != ERR_BUSY)
        log_event("history not compressed", "%s", err_text(t->err));
}

static void on_done(uv_async_t *done)
{
    struct tender *t = done->data;

    if (!t->running)
        return;
    uv_thread_join(&t->thread);
    t->running = false;
    if (!t->stopping)
        finish(t);
    segment_draft_free(&t->draft);
    buffer_free(&t->frame);
}

/* What is not in any segment yet, of logs that never forked: a run is a log's own words only where it has one branch. */
static void look(struct tender *t, bool governs)
{
    const struct frontier *frontier = replica_frontier(t->node->replica);
    const struct segments *segments = archive_segments(storer_archive(t->node->storer));
    size_t first;

    t->count = 0;
    t->entries = 0;
    t->governs = governs;
    for (size_t i = 0; segments != NULL && i < frontier_count(frontier) && t->count < LIMIT_RANGES; i++) {
        const struct head *head = frontier_at(frontier, i);
        uint64_t until = segments_until(segments, &head->log);

        if (role_governs(head->role) != governs || head->seq <= until ||
            frontier_tips(frontier, &head->log, &first) != 1)
            continue;
        t->wanted[t->count++] = (struct replica_run){.log = head->log, .from = until + 1, .to = head->seq};
        t->entries += head->seq - until;
    }
}

/* What is in a segment that has room comes into the next one with the rest. */
static void fill_up(struct tender *t)
{
    struct segments *segments = archive_segments(storer_archive(t->node->storer));

    if (!t->unfilled[t->governs].is_kept)
        return;
    if (segments != NULL)
        segments_forget(segments, t->unfilled[t->governs].number);
    t->unfilled[t->governs].is_kept = false;
    look(t, t->governs);
}

static void start(struct tender *t)
{
    t->frame = BUFFER(LIMIT_BUNDLE);
    t->draft = (struct segment_draft){.count = 0};
    t->erasures = archive_erasures(storer_archive(t->node->storer));
    t->running = uv_thread_create(&t->thread, run, t) == 0;
}

static void on_timer(uv_timer_t *timer);

/* What came in large batches is read some texts at a time, so that nobody waits long for the loop. */
static void read_texts(struct tender *t)
{
    struct trust *trust = replica_trust(t->node->replica);
    enum err err = archive_read_unread(storer_archive(t->node->storer), trust, READ_AT_A_TIME, &t->unread);

    if (err != ERR_OK)
        log_event("texts not read", "%s", archive_reason(storer_archive(t->node->storer)));
    uv_timer_start(&t->timer, on_timer, t->unread ? 1 : LOOK_EACH_MS, LOOK_EACH_MS);
}

/* It takes a processor for a fifth of a second, which whoever has just come back has better use for. */
static bool has_dictionary(struct tender *t)
{
    if (!t->is_reading) {
        t->is_reading = uv_thread_create(&t->reading, read_dictionary, t) == 0;
        atomic_store(&t->has_read, !t->is_reading);
    }
    return atomic_load(&t->has_read);
}

static void on_timer(uv_timer_t *timer)
{
    struct tender *t = timer->data;
    uint64_t now = host_monotonic_ms();

    if (t->node->stopping || now < t->hushed_ms + READ_QUIET_MS)
        return;
    /* Nothing waits for the dictionary yet, and who was just answered may ask for more. */
    if (!t->is_reading && now < t->hushed_ms + QUIET_MS && archive_unread(storer_archive(t->node->storer)) == 0)
        return;
    if (!has_dictionary(t))
        return;
    /* While a batch is on its way to the disk trust is ahead of that. */
    if (t->unread && !replica_is_storing(t->node->replica))
        read_texts(t);
    if (t->unread || t->running || now < t->hushed_ms + QUIET_MS)
        return;
    if (t->stored) {
        t->stored = archive_shrink(storer_archive(t->node->storer));
        uv_timer_start(&t->timer, on_timer, t->stored ? SHRINK_EACH_MS : LOOK_EACH_MS, LOOK_EACH_MS);
        return;
    }
    if (t->untidied) {
        archive_rest(storer_archive(t->node->storer));
        (void)malloc_trim(0);
    }
    t->untidied = false;
    for (int governs = 1; governs >= 0; governs--) {
        look(t, governs);
        if (t->entries >= ENTRIES_MIN && t->entries >= t->again[governs]) {
            fill_up(t);
            start(t);
            return;
        }
    }
}

void tender_hush(struct tender *t)
{
    if (t == NULL)
        return;
    t->hushed_ms = host_monotonic_ms();
    t->unread = t->stored = t->untidied = true;
}

static void on_closed(uv_handle_t *handle)
{
    struct tender *t = handle->data;

    if (--t->handles == 0)
        free(t);
}

enum err tender_start(struct tender **tender, struct node *node)
{
    struct tender *t = calloc(1, sizeof *t);

    if (t == NULL)
        return ERR_MEMORY;
    t->node = node;
    t->unread = t->stored = true;
    t->hushed_ms = host_monotonic_ms() + START_MS;
    uv_timer_init(&node->loop, &t->timer);
    if (uv_async_init(&node->loop, &t->done, on_done) != 0) {
        t->handles = 1;
        t->timer.data = t;
        uv_close((uv_handle_t *)&t->timer, on_closed);
        return ERR_MEMORY;
    }
    t->handles = 2;
    t->timer.data = t->done.data = t;
    uv_timer_start(&t->timer, on_timer, LOOK_EACH_MS, LOOK_EACH_MS);
    *tender = t;
    return ERR_OK;
}

void tender_stop(struct tender *t)
{
    if (t == NULL)
        return;
    t->stopping = true;
    if (t->is_reading)
        uv_thread_join(&t->reading);
    atomic_store(&t->stop, true);
    if (t->running)
        on_done(&t->done);
    uv_close((uv_handle_t *)&t->timer, on_closed);
    uv_close((uv_handle_t *)&t->done, on_closed);
}
