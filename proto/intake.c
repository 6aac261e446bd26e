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
    const struct intake_base *base;
    struct checks *later; /* Where what is to be verified is gathered; NULL: it is done at once. */
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
    checks_free(&in->checks);
    free(in->items);
    free(in->seen);
    free(in);
}

static void shrink(struct buffer *buffer)
{
    if (buffer->size > KEEP_SIZE)
        buffer_free(buffer);
    buffer_clear(buffer);
}

/* Forgets what was taken in of the bundle. */
static void start_over(struct intake *in)
{
    buffer_clear(&in->commits);
    frontier_clear(in->ahead);
    checks_clear(&in->checks);
    in->count = 0;
    in->known = in->strangers = in->gaps = in->crowded = in->forks = in->new_logs = 0;
}

void intake_clear(struct intake *in)
{
    shrink(&in->bundle);
    shrink(&in->commits);
    start_over(in);
}

size_t intake_memory(const struct intake *in)
{
    return sizeof *in + in->bundle.size + in->commits.size + in->size * sizeof *in->items;
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

/* ---- entries ---- */

/* Where the log's tips stand: in `ahead` of this bundle, or of the newest before it that has moved it. */
static const struct frontier *tips_of(const struct run *run, const struct id *log)
{
    for (const struct intake *in = run->in; in; in = in->before)
        if (frontier_find(in->ahead, log))
            return in->ahead;
    return run->base->frontier;
}

static const struct item *find_item(const struct intake *in, const struct id *id)
{
    for (size_t i = in->count; i > 0; i--)
        if (in->items[i - 1].entry.len && id_equal(&in->items[i - 1].head.entry, id))
            return &in->items[i - 1];
    return NULL;
}

/* An entry that is here: durable, or taken in from this bundle or one before it. */
static enum err find_entry(const struct run *run, const struct id *log, uint64_t seq, const struct id *id,
                           struct head *head)
{
    const struct item *item = NULL;

    for (const struct intake *in = run->in; in && !item; in = in->before)
        item = find_item(in, id);
    if (item) {
        *head = item->head;
        return ERR_OK;
    }
    return frontier_entry(run->base->frontier, log, seq, id_bytes(id), head);
}

/* The entry before this one; `is_tip`: nothing follows it yet, so this one is new.  ERR_MISSING. */
static enum err find_before(const struct run *run, const struct entry *entry, struct head *before, bool *is_tip)
{
    const struct frontier *tips = tips_of(run, &entry->log);
    const struct head *tip = entry->seq > 1 ? frontier_tip(tips, &entry->log, &entry->prev) : NULL;

    *before = tip ? *tip : (struct head){.log = entry->log};
    *is_tip = tip || (entry->seq == 1 && !frontier_find(tips, &entry->log));
    if (*is_tip || entry->seq == 1)
        return ERR_OK;
    return find_entry(run, &entry->log, entry->seq - 1, &entry->prev, before);
}

static enum err note_seen(struct intake *in, const struct entry *entry, const struct id *id)
{
    if (in->known == in->seen_size) {
        size_t size = in->seen_size ? in->seen_size * 2 : 16;
        struct intake_seen *seen = realloc(in->seen, size * sizeof *seen);

        if (!seen)
            return ERR_MEMORY;
        in->seen = seen;
        in->seen_size = size;
    }
    in->seen[in->known++] =
        (struct intake_seen){.log = entry->log, .entry = *id, .prev = entry->prev, .seq = entry->seq};
    return ERR_OK;
}

/* Whether an entry that follows one which others follow is one of those. */
static enum err is_known(struct run *run, const struct entry *entry, const struct head *before, bool *known)
{
    struct head same;
    struct id id;
    enum err err = entry_identify(entry, before, &id);

    if (!err)
        err = frontier_tip(tips_of(run, &entry->log), &entry->log, &id)
                  ? ERR_OK
                  : find_entry(run, &entry->log, entry->seq, &id, &same);
    *known = err == ERR_OK;
    return *known ? note_seen(run->in, entry, &id) : err == ERR_MISSING ? ERR_OK : err;
}

/* Moves `ahead`, which first takes over the log's tips as they are. */
static enum err move_ahead(struct run *run, const struct entry *entry, const struct head *after, bool *branches)
{
    const struct frontier *now = tips_of(run, &entry->log);
    bool was_ahead = now == run->in->ahead;
    size_t first, tips = was_ahead ? 0 : frontier_tips(now, &entry->log, &first);
    enum err err = ERR_OK;

    for (size_t i = 0; i < tips && !err; i++)
        err = frontier_add(run->in->ahead, NULL, frontier_at(now, first + i), NULL);
    if (!err)
        err = frontier_add(run->in->ahead, &entry->prev, after, branches);
    run->in->new_logs += !err && !was_ahead && tips == 0;
    return err;
}

/* Once it is stored there must be a place for it in the frontier. */
static enum err check_room(struct run *run, const struct entry *entry, bool is_tip)
{
    const struct frontier *durable = run->base->frontier, *tips = tips_of(run, &entry->log);
    size_t new_logs = 0, new_forks = 0;
    size_t first, count = frontier_tips(tips, &entry->log, &first);

    for (const struct intake *in = run->in; in; in = in->before) {
        new_logs += in->new_logs;
        new_forks += in->forks;
    }
    if (count == 0)
        return frontier_logs(durable) + new_logs >= LIMIT_LOGS ? ERR_LIMIT : ERR_OK;
    size_t forks = frontier_count(durable) - frontier_logs(durable);
    if (!is_tip && (MUTANT(MUTANT_DROP_BRANCH) || count >= LIMIT_BRANCHES || forks + new_forks >= LIMIT_FORKS)) {
        run->in->crowded++;
        return ERR_EXISTS;
    }
    return ERR_OK;
}

static enum err verify(struct run *run, const struct entry *entry, const struct head *before, struct head *after)
{
    struct sshsig_check *check;

    if (!run->later)
        return entry_verify(entry, before, after, &run->in->commits);
    check = checks_add_signature(run->later);
    return check ? entry_follow(entry, before, after, &run->in->commits, check) : ERR_MEMORY;
}

/* Verifies an entry that is new and follows `before`. */
static enum err take_new(struct run *run, const struct entry *entry, const struct head *before, struct bytes wire)
{
    struct intake *in = run->in;
    size_t commit_start = in->commits.len;
    struct head after;
    bool branches;
    enum err err = verify(run, entry, before, &after);

    if (err) {
        in->commits.len = commit_start;
        return err == ERR_GAP || err == ERR_EXISTS || err == ERR_FORK ? ERR_FORMAT : err; /* Its seq is not the next. */
    }
    if ((err = move_ahead(run, entry, &after, &branches)) || (err = trust_add(run->base->trust, entry, &after.entry)))
        return err;
    in->forks += branches;
    struct item *item = add_item(in);
    if (!item)
        return ERR_MEMORY;
    *item = (struct item){.head = after,
                          .prev = entry->prev,
                          .branches = branches,
                          .entry = wire,
                          .commit = {.len = in->commits.len - commit_start}};
    return ERR_OK;
}

static enum err take_entry(struct run *run, struct bytes wire)
{
    struct intake *in = run->in;
    bool is_tip, known = false;
    struct entry entry;
    struct head before;
    enum err err;

    if ((err = entry_decode(wire, run->base->network, &entry)))
        return err;
    err = find_before(run, &entry, &before, &is_tip);
    if (err == ERR_MISSING && (MUTANT(MUTANT_SKIP_TRUST) || !trust_admits(run->base->trust, &entry))) {
        in->gaps++;
        return ERR_OK;
    }
    if (!err && !is_tip)
        err = is_known(run, &entry, &before, &known);
    if (known || (err && err != ERR_MISSING))
        return err;
    if (!MUTANT(MUTANT_SKIP_TRUST) && trust_admits(run->base->trust, &entry)) {
        in->strangers++;
        return ERR_OK;
    }
    if (!err)
        err = check_room(run, &entry, is_tip);
    if (err)
        return err == ERR_EXISTS ? ERR_OK : err;
    return take_new(run, &entry, &before, wire);
}

/* ---- contents ---- */

/* The content of the entry just taken in: what it signs. */
static bool find_wanted(const struct run *run, const struct item *item, struct id *wanted)
{
    struct entry entry;

    return !item->content.len && !entry_read(item->entry, run->base->network, &entry) &&
           !act_id(entry.body, ACT_CONTENT, 0, wanted);
}

static bool is_just_before(const struct item *item, const struct bundle_record *record)
{
    return item && item->entry.len && item->head.seq == record->seq && id_equal(&item->head.log, &record->log);
}

/* Contents that were missing: where a log forks several entries of that seq may name the same one, or others. */
static enum err take_late(struct run *run, const struct bundle_record *record, const struct id *id)
{
    const struct missing_content *missing;

    for (size_t i = 0; (missing = missing_find(run->base->missing, &record->log, record->seq, i)); i++) {
        if (!id_equal(&missing->content, id) && !MUTANT(MUTANT_SKIP_CONTENT_DIGEST))
            continue; /* The sender may honestly hold another branch, and that one's content. */
        struct item *item = add_item(run->in);
        if (!item)
            return ERR_MEMORY;
        item->head = (struct head){.log = record->log, .seq = record->seq, .entry = missing->entry};
        item->content = record->bytes;
        item->content_id = *id;
    }
    return ERR_OK;
}

static enum err take_content(struct run *run, const struct bundle_record *record)
{
    struct intake *in = run->in;
    struct item *last = in->count ? &in->items[in->count - 1] : NULL;
    bool is_wanted = is_just_before(last, record);
    struct content *content;
    struct id wanted;
    enum err err;

    if (is_wanted ? !find_wanted(run, last, &wanted) : !missing_find(run->base->missing, &record->log, record->seq, 0))
        return ERR_OK;
    if (is_wanted && run->later) {
        last->content = record->bytes;
        last->content_id = wanted; /* Or all is taken in anew. */
        return checks_add_content(run->later, record->bytes, &wanted);
    }
    if (!(content = malloc(sizeof *content)))
        return ERR_MEMORY;
    err = content_open(record->bytes, content);
    if (!err && !is_wanted)
        err = take_late(run, record, &content->id);
    else if (!err && !id_equal(&content->id, &wanted) && !MUTANT(MUTANT_SKIP_CONTENT_DIGEST))
        err = ERR_AUTH;
    else if (!err) {
        last->content = record->bytes;
        last->content_id = content->id;
    }
    free(content);
    return err;
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

static enum err take_all(struct run *run)
{
    struct intake *in = run->in;
    struct bundle_reader reader;
    struct bundle_record record;
    size_t records = 0;
    enum err err = bundle_open(&reader, buffer_bytes(&in->bundle), run->base->network);

    while (!err && !(err = bundle_next(&reader, &record)) && record.kind != BUNDLE_END) {
        if (++records > 2 * LIMIT_BUNDLE_ENTRIES)
            err = ERR_LIMIT;
        else if (record.kind == BUNDLE_ENTRY)
            err = take_entry(run, record.bytes);
        else if (record.kind == BUNDLE_CONTENT)
            err = take_content(run, &record);
    }
    return err;
}

enum err intake_run(struct intake *in, const struct intake_base *base)
{
    struct run run = {.in = in, .base = base, .later = &in->checks};
    enum err err;

    in->before = base->before;
    in->mark = trust_mark(base->trust);
    err = take_all(&run);
    if (!checks_hold(&in->checks, base->parallel)) { /* What comes before the first wrong one is kept. */
        trust_undo(base->trust, in->mark);
        start_over(in);
        run.later = NULL;
        err = take_all(&run);
    }
    checks_clear(&in->checks);
    place_commits(in);
    return err;
}
