/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/intake.h"

#include <stdlib.h>

#include "proto/bundle.h"
#include "proto/content.h"
#include "proto/limits.h"
#include "proto/mutant.h"

#define KEEP_SIZE KIB(256) /* Buffers up to this survive intake_clear(). */

struct run {
    struct intake *in;
    const struct id *network;
    const struct frontier *frontier;
    struct trust *trust;
    const struct missing *missing;
    size_t new_logs; /* Of those in `ahead`: not in `frontier`. */
};

struct intake *intake_new(void)
{
    struct intake *in = calloc(1, sizeof *in);

    if (!in)
        return NULL;
    in->bundle = BUFFER(LIMIT_BUNDLE);
    in->commits = BUFFER(LIMIT_COMMITS);
    if (!(in->ahead = frontier_new())) {
        free(in);
        return NULL;
    }
    return in;
}

void intake_free(struct intake *in)
{
    if (!in)
        return;
    buffer_free(&in->bundle);
    buffer_free(&in->commits);
    frontier_free(in->ahead);
    free(in->items);
    free(in);
}

static void shrink(struct buffer *buffer)
{
    if (buffer->size > KEEP_SIZE)
        buffer_free(buffer);
    buffer_clear(buffer);
}

void intake_clear(struct intake *in)
{
    shrink(&in->bundle);
    shrink(&in->commits);
    frontier_clear(in->ahead);
    in->count = 0;
    in->known = in->strangers = in->gaps = in->forks = 0;
}

static struct item *add_item(struct intake *in)
{
    if (in->count == in->size) {
        size_t size = in->size ? in->size * 2 : 16;
        struct item *items = realloc(in->items, size * sizeof *items);

        if (!items)
            return NULL;
        in->items = items;
        in->size = size;
    }
    in->items[in->count] = (struct item){.head = {.seq = 0}};
    return &in->items[in->count++];
}

static struct head head_of(const struct run *run, const struct id *log)
{
    const struct head *head = frontier_find(run->in->ahead, log);

    if (!head)
        head = frontier_find(run->frontier, log);
    return head ? *head : (struct head){.log = *log};
}

/* A second first entry is a fork that can be told apart here: an invitation used twice is one. */
static bool is_second_first(const struct entry *entry, const struct head *head)
{
    struct head empty = {.log = entry->log}, other;
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    bool forked = entry->seq == 1 && head->seq == 1 && !entry_verify(entry, &empty, &other, &commit) &&
                  !id_equal(&other.entry, &head->entry);

    buffer_free(&commit);
    return forked;
}

static void note_fork(struct intake *in, const struct entry *entry)
{
    if (in->forks++ == 0) {
        in->fork_log = entry->log;
        in->fork_seq = entry->seq;
    }
}

static enum err take_entry(struct run *run, struct bytes wire)
{
    enum err err;
    struct entry entry;
    struct head after;
    struct intake *in = run->in;
    size_t commit_start = in->commits.len;

    if ((err = entry_decode(wire, run->network, &entry)))
        return err;
    struct head before = head_of(run, &entry.log);
    if (entry.seq <= before.seq) {
        if (is_second_first(&entry, &before))
            note_fork(in, &entry);
        in->known++;
        return ERR_OK;
    }
    if (!MUTANT(MUTANT_SKIP_TRUST) && trust_admits(run->trust, &entry)) {
        in->strangers++;
        return ERR_OK;
    }
    /* Once it is stored there must be a place for it in the frontier. */
    if (before.seq == 0 && frontier_count(run->frontier) + run->new_logs >= LIMIT_LOGS)
        return ERR_LIMIT;
    err = entry_verify(&entry, &before, &after, &in->commits);
    if (err)
        in->commits.len = commit_start;
    if (err == ERR_GAP)
        in->gaps++;
    else if (err == ERR_FORK)
        note_fork(in, &entry);
    if (err == ERR_GAP || err == ERR_FORK || err == ERR_EXISTS)
        return ERR_OK;
    if (err)
        return err;
    if ((err = frontier_set(in->ahead, &after)))
        return err;
    run->new_logs += before.seq == 0;
    if ((entry.seq == 1 || role_governs(after.role)) && (err = trust_add(run->trust, &entry, &after.entry)))
        return err;
    struct item *item = add_item(in);
    if (!item)
        return ERR_MEMORY;
    *item = (struct item){.head = after, .entry = wire, .commit = {.len = in->commits.len - commit_start}};
    return ERR_OK;
}

/* The content that the entry just taken in signs; or one that was missing. */
static bool find_wanted(const struct run *run, const struct bundle_record *record, struct item **item,
                        struct id *wanted)
{
    struct intake *in = run->in;
    struct item *last = in->count ? &in->items[in->count - 1] : NULL;
    struct entry entry;

    *item = NULL;
    if (last && last->entry.len && last->head.seq == record->seq && id_equal(&last->head.log, &record->log)) {
        *item = last;
        return !last->content.len && !entry_decode(last->entry, run->network, &entry) &&
               !act_id(entry.body, ACT_CONTENT, 0, wanted);
    }
    const struct missing_content *missing = missing_find(run->missing, &record->log, record->seq);
    if (!missing)
        return false;
    *wanted = missing->content;
    return true;
}

static enum err take_content(struct run *run, const struct bundle_record *record)
{
    enum err err;
    struct item *item;
    struct id wanted;
    struct content *content;

    if (!find_wanted(run, record, &item, &wanted))
        return ERR_OK;
    if (!(content = malloc(sizeof *content)))
        return ERR_MEMORY;
    err = content_open(record->bytes, content);
    bool other = !err && !id_equal(&content->id, &wanted) && !MUTANT(MUTANT_SKIP_CONTENT_DIGEST);
    free(content);
    if (other && item)
        err = ERR_AUTH;
    if (err || other) /* Of a log that forked the sender may honestly hold the other branch, and that one's content. */
        return err;
    if (!item) {
        if (!(item = add_item(run->in)))
            return ERR_MEMORY;
        item->head = (struct head){.log = record->log, .seq = record->seq};
    }
    item->content = record->bytes;
    return ERR_OK;
}

/* The commits' buffer may have moved while it grew: their views are set when it is whole. */
static void place_commits(struct intake *in)
{
    const uint8_t *at = in->commits.at;

    for (size_t i = 0; i < in->count; i++) {
        in->items[i].commit.at = in->items[i].commit.len ? at : NULL;
        at += in->items[i].commit.len;
    }
}

enum err intake_run(struct intake *in, const struct id *network, const struct frontier *frontier, struct trust *trust,
                    const struct missing *missing)
{
    enum err err;
    struct run run = {.in = in, .network = network, .frontier = frontier, .trust = trust, .missing = missing};
    struct bundle_reader reader;
    struct bundle_record record;
    size_t records = 0;

    err = bundle_open(&reader, buffer_bytes(&in->bundle), network);
    while (!err && !(err = bundle_next(&reader, &record)) && record.kind != BUNDLE_END) {
        if (++records > 2 * LIMIT_BUNDLE_ENTRIES)
            err = ERR_LIMIT;
        else if (record.kind == BUNDLE_ENTRY)
            err = take_entry(&run, record.bytes);
        else if (record.kind == BUNDLE_CONTENT)
            err = take_content(&run, &record);
    }
    place_commits(in);
    return err;
}
