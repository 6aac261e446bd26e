/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/recent.h"

#include <stdlib.h>

#include "proto/lean.h"
#include "proto/limits.h"

struct kept {
    struct id log, entry, prev, root;
    uint64_t seq;
    bool restricted;
    size_t len;
    uint8_t *text;
};

struct log {
    struct id id;
    struct kept *kept; /* In order of seq, each following the one before it. */
    size_t count;
    size_t len;    /* Of all texts. */
    uint64_t used; /* When it was last asked for, in questions. */
};

struct recent {
    struct id network;
    recent_read_fn *read;
    void *context;
    struct log logs[LIMIT_RECENT_LOGS];
    uint64_t questions;
};

struct recent *recent_new(const struct id *network, recent_read_fn *read, void *context)
{
    struct recent *r = calloc(1, sizeof *r);

    if (!r)
        return NULL;
    r->network = *network;
    r->read = read;
    r->context = context;
    return r;
}

static void forget(struct log *log)
{
    for (size_t i = 0; i < log->count; i++)
        free(log->kept[i].text);
    free(log->kept);
    *log = (struct log){.count = 0};
}

void recent_clear(struct recent *r)
{
    for (size_t i = 0; i < LIMIT_RECENT_LOGS; i++)
        forget(&r->logs[i]);
}

void recent_free(struct recent *r)
{
    if (!r)
        return;
    recent_clear(r);
    free(r);
}

size_t recent_memory(const struct recent *r)
{
    size_t total = sizeof *r;

    for (size_t i = 0; i < LIMIT_RECENT_LOGS; i++)
        total += r->logs[i].len + r->logs[i].count * sizeof(struct kept);
    return total;
}

/* ---- one entry ---- */

/* What others may say again: the id, for those that name it, and the text.  A large content is no help, and left out by everyone. */
static enum err make(const struct recent *r, struct bytes wire, struct bytes packed, const struct id *id,
                     struct kept *kept)
{
    struct buffer text = BUFFER(LIMIT_RECENT_TEXT);
    struct lean lean;
    struct entry entry;
    enum act_audience audience;
    enum err err = entry_decode(wire, &r->network, &entry);

    if (err)
        return err;
    buffer_hex(&text, id_bytes(id));
    err = packed.len < LIMIT_RECENT_CONTENT ? lean_write(&entry, packed, &text, &lean) : ERR_MISSING;
    if (err == ERR_MISSING) {
        buffer_clear(&text);
        buffer_hex(&text, id_bytes(id));
        err = lean_write(&entry, bytes_of(NULL, 0), &text, &lean);
    }
    if (err) {
        buffer_free(&text);
        return err;
    }
    *kept = (struct kept){.log = entry.log,
                          .entry = *id,
                          .prev = entry.prev,
                          .root = entry.root,
                          .seq = entry.seq,
                          .restricted = !act_audience(entry.body, &audience) && audience == ACT_FOR_KIBBUTZ,
                          .len = text.len,
                          .text = text.at};
    return ERR_OK;
}

static enum err read_kept(const struct recent *r, const struct id *id, struct kept *kept)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY), packed = BUFFER(LIMIT_CONTENT);
    enum err err = r->read ? r->read(r->context, id, &wire, &packed) : ERR_MISSING;

    if (!err)
        err = make(r, buffer_bytes(&wire), buffer_bytes(&packed), id, kept);
    buffer_free(&wire);
    buffer_free(&packed);
    return err;
}

/* ---- a log ---- */

static struct log *find(struct recent *r, const struct id *id)
{
    for (size_t i = 0; i < LIMIT_RECENT_LOGS; i++)
        if (r->logs[i].count && id_equal(&r->logs[i].id, id))
            return &r->logs[i];
    return NULL;
}

/* An empty place, or that of the log which nobody asked for the longest. */
static struct log *make_room(struct recent *r, const struct id *id)
{
    struct log *oldest = &r->logs[0];

    for (size_t i = 0; i < LIMIT_RECENT_LOGS; i++)
        if (r->logs[i].used < oldest->used)
            oldest = &r->logs[i];
    forget(oldest);
    oldest->id = *id;
    return oldest;
}

/* Takes over `kept` as the newest or the oldest; the oldest ones go where there are too many. */
static enum err add(struct log *log, const struct kept *kept, bool newest)
{
    struct kept *all = realloc(log->kept, (log->count + 1) * sizeof *all);

    if (!all) {
        free(kept->text);
        return ERR_MEMORY;
    }
    log->kept = all;
    if (!newest)
        memmove(all + 1, all, log->count * sizeof *all);
    all[newest ? log->count : 0] = *kept;
    log->count++;
    log->len += kept->len;
    while (newest && log->count > 1 && (log->len > LIMIT_PUSH_BASE || log->count > LIMIT_RECENT_RUN)) {
        log->len -= all[0].len;
        free(all[0].text);
        memmove(all, all + 1, --log->count * sizeof *all);
    }
    return ERR_OK;
}

void recent_note(struct recent *r, const struct item *item)
{
    struct log *log = find(r, &item->head.log);
    struct kept kept;

    if (!log || !item->entry.len || !id_equal(&log->kept[log->count - 1].entry, &item->prev))
        return;
    if (make(r, item->entry, item->content, &item->head.entry, &kept) || add(log, &kept, true))
        forget(log);
}

static size_t place_of(const struct log *log, const struct id *entry)
{
    size_t i = log->count;

    while (i > 0 && !id_equal(&log->kept[i - 1].entry, entry))
        i--;
    return i;
}

/* Reads what stands before the oldest at hand.  ERR_MISSING: nothing does, or it is not here. */
static enum err reach_back(struct recent *r, struct log *log)
{
    struct kept kept;

    if (log->kept[0].seq == 1)
        return ERR_MISSING;
    enum err err = read_kept(r, &log->kept[0].prev, &kept);
    return err ? err : add(log, &kept, false);
}

/* Has the log at hand with `last` in it; `end` is the place after that. */
static enum err have(struct recent *r, const struct id *id, const struct id *last, struct log **log, size_t *end)
{
    struct kept kept;

    *log = find(r, id);
    if (*log && (*end = place_of(*log, last)))
        return ERR_OK;
    enum err err = read_kept(r, last, &kept);
    if (err)
        return err;
    if (*log)
        forget(*log);
    else
        *log = make_room(r, id);
    (*log)->id = *id;
    *end = 1;
    return add(*log, &kept, true);
}

static size_t len_of(const struct log *log, size_t first, size_t end)
{
    size_t len = 0;

    for (size_t i = first; i < end; i++)
        len += log->kept[i].len;
    return len;
}

/* Where a run begins that ends at `end`; what is not at hand is read, by a sender only so much. */
static enum err begin_of(struct recent *r, struct log *log, size_t count, size_t limit, size_t *end, size_t *first)
{
    enum err err = ERR_OK;

    while (!err && log->len <= LIMIT_PUSH_BASE &&
           (count ? *end < count : len_of(log, 0, *end) < LIMIT_RECENT_READ && *end < LIMIT_RECENT_RUN))
        if (!(err = reach_back(r, log)))
            ++*end;
    if (err && (count || err != ERR_MISSING))
        return err;
    if (count) {
        if (*end < count)
            return ERR_LIMIT;
        *first = *end - count;
        return len_of(log, *first, *end) <= limit ? ERR_OK : ERR_LIMIT;
    }
    *first = *end - 1;
    while (*first > 0 && *end - *first < LIMIT_RECENT_RUN && len_of(log, *first - 1, *end) <= limit)
        --*first;
    return len_of(log, *first, *end) <= limit ? ERR_OK : ERR_LIMIT;
}

static enum err write_run(const struct kept kept[], size_t count, struct recent_run *run, struct buffer *text)
{
    const struct kept *last = &kept[count - 1];

    *run = (struct recent_run){
        .log = last->log, .entry = last->entry, .root = last->root, .seq = last->seq, .count = count};
    for (size_t i = 0; i < count; i++) {
        run->restricted = run->restricted || kept[i].restricted;
        buffer_add(text, bytes_of(kept[i].text, kept[i].len));
    }
    return buffer_error(text);
}

enum err recent_run(struct recent *r, const struct id *id, const struct id *last, size_t count, size_t limit,
                    struct recent_run *run, struct buffer *text)
{
    struct log *log;
    size_t first, end;
    enum err err = have(r, id, last, &log, &end);

    if (err)
        return err;
    log->used = ++r->questions;
    err = begin_of(r, log, count, limit, &end, &first);
    return err ? err : write_run(log->kept + first, end - first, run, text);
}

enum err recent_one(struct recent *r, const struct id *entry, size_t limit, struct recent_run *run, struct buffer *text)
{
    struct kept kept;
    enum err err = ERR_MISSING;

    for (size_t i = 0; i < LIMIT_RECENT_LOGS; i++) {
        size_t end = place_of(&r->logs[i], entry);

        if (end > 0 && r->logs[i].kept[end - 1].len <= limit)
            return write_run(&r->logs[i].kept[end - 1], 1, run, text);
    }
    if ((err = read_kept(r, entry, &kept)))
        return err;
    err = kept.len <= limit ? write_run(&kept, 1, run, text) : ERR_LIMIT;
    free(kept.text);
    return err;
}
