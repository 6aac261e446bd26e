/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/sim/disk.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "tests/sim/planted.h"

void disk_begin(struct disk *d)
{
    *d = (struct disk){.charter = BUFFER(LIMIT_CHARTER)};
}

/* ---- bytes: those of a record that was copied are there once; a thousand nodes keep much ---- */

struct kept {
    size_t users;
    uint8_t bytes[];
};

static struct kept *kept_of(struct bytes bytes)
{
    return (struct kept *)(uintptr_t)(bytes.at - offsetof(struct kept, bytes));
}

static struct bytes keep(struct bytes from)
{
    struct kept *kept = from.len ? malloc(sizeof *kept + from.len) : NULL;

    if (from.len == 0)
        return bytes_of(NULL, 0);
    if (!kept)
        abort();
    kept->users = 1;
    memcpy(kept->bytes, from.at, from.len);
    return bytes_of(kept->bytes, from.len);
}

static struct bytes share(struct bytes bytes)
{
    if (bytes.len)
        kept_of(bytes)->users++;
    return bytes;
}

static void let_go(struct bytes *bytes)
{
    if (bytes->len && --kept_of(*bytes)->users == 0)
        free(kept_of(*bytes));
    *bytes = bytes_of(NULL, 0);
}

/* ---- records ---- */

static void free_record(struct disk_record *record)
{
    let_go(&record->entry);
    let_go(&record->content);
}

static void free_batch(struct disk_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        free_record(&batch->at[i]);
    free(batch->at);
    *batch = (struct disk_batch){.count = 0};
}

static void begin_next(struct disk *d)
{
    free_batch(&d->batch);
    d->phase = d->waiting_count ? DISK_WRITING : DISK_IDLE;
    if (d->waiting_count == 0)
        return;
    d->batch = d->waiting[0];
    memmove(d->waiting, d->waiting + 1, --d->waiting_count * sizeof d->waiting[0]);
}

static void drop_batches(struct disk *d)
{
    do
        begin_next(d);
    while (d->phase != DISK_IDLE);
}

/* What rests on it fails too. */
static void fail_batch(struct disk *d)
{
    if (PLANTED(PLANTED_STORE_AFTER_FAILURE) || PLANTED(PLANTED_SWALLOW_ERROR))
        begin_next(d);
    else
        drop_batches(d);
}

void disk_free(struct disk *d)
{
    drop_batches(d);
    for (size_t i = 0; i < d->count; i++)
        free_record(&d->records[i]);
    free(d->records);
    buffer_free(&d->charter);
}

static size_t place_of(const struct disk *d, const struct id *log, uint64_t seq, const struct id *entry)
{
    size_t low = 0, high = d->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct head *head = &d->records[middle].head;
        int order = id_compare(&head->log, log);

        if (order == 0 && head->seq != seq)
            order = head->seq < seq ? -1 : 1;
        if (order < 0 || (order == 0 && id_compare(&head->entry, entry) < 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct id LEAST = {.at = {0}};

static bool is_of(const struct disk *d, size_t place, const struct id *log, uint64_t seq)
{
    return place < d->count && d->records[place].head.seq == seq && id_equal(&d->records[place].head.log, log);
}

struct disk_record *disk_find_beginning(const struct disk *d, const struct id *log, uint64_t seq,
                                        struct bytes beginning)
{
    for (size_t place = place_of(d, log, seq, &LEAST); is_of(d, place, log, seq); place++)
        if (memcmp(d->records[place].head.entry.at, beginning.at, beginning.len) == 0)
            return &d->records[place];
    return NULL;
}

struct disk_record *disk_find(const struct disk *d, const struct id *log, uint64_t seq, const struct id *entry)
{
    return disk_find_beginning(d, log, seq, id_bytes(entry));
}

struct disk_record *disk_find_before(const struct disk *d, const struct head *later, uint64_t seq)
{
    struct disk_record *record = disk_find(d, &later->log, later->seq, &later->entry);
    size_t place = record ? (size_t)(record - d->records) : 0;

    /* As many records back as numbers: the log does not fork in between. */
    if (record && later->seq - seq <= place && is_of(d, place - (later->seq - seq), &later->log, seq) &&
        (place == later->seq - seq || !is_of(d, place - (later->seq - seq) - 1, &later->log, seq)))
        return &d->records[place - (later->seq - seq)];
    while (record && record->head.seq > seq)
        record = disk_find(d, &later->log, record->head.seq - 1, &record->prev);
    return record;
}

struct head disk_head(const struct disk *d, const struct id *log)
{
    size_t place = place_of(d, log, UINT64_MAX, &LEAST);

    if (place == 0 || !id_equal(&d->records[place - 1].head.log, log))
        return (struct head){.log = *log};
    while (place > 1 && is_of(d, place - 2, log, d->records[place - 1].head.seq))
        place--;
    return d->records[place - 1].head;
}

bool disk_is_tip(const struct disk *d, const struct disk_record *record)
{
    const struct head *head = &record->head;

    for (size_t place = place_of(d, &head->log, head->seq + 1, &LEAST); is_of(d, place, &head->log, head->seq + 1);
         place++)
        if (id_equal(&d->records[place].prev, &head->entry))
            return false;
    return true;
}

/* Its bytes are shared with who handed it over. */
static void put(struct disk *d, const struct disk_record *new, bool with_content)
{
    const struct head *head = &new->head;
    struct disk_record *record = disk_find(d, &head->log, head->seq, &head->entry);

    if (!record && new->entry.len == 0)
        return; /* A content whose entry is not here: nobody finds it. */
    if (!record) {
        size_t place = place_of(d, &head->log, head->seq, &head->entry);

        if (d->count == d->size) {
            d->size = d->size ? d->size * 2 : 64;
            d->records = realloc(d->records, d->size * sizeof *d->records);
            if (!d->records)
                abort();
        }
        memmove(d->records + place + 1, d->records + place, (d->count - place) * sizeof *d->records);
        d->count++;
        record = &d->records[place];
        *record = (struct disk_record){.head = *head, .prev = new->prev, .entry = share(new->entry)};
    }
    if (with_content && new->content.len) {
        let_go(&record->content);
        record->content = share(new->content);
    }
}

static struct disk_record record_of(const struct item *item)
{
    return (struct disk_record){
        .head = item->head, .prev = item->prev, .entry = keep(item->entry), .content = keep(item->content)};
}

void disk_put(struct disk *d, const struct item *item)
{
    struct disk_record record = record_of(item);

    put(d, &record, true);
    free_record(&record);
}

void disk_copy(struct disk *to, const struct disk *from)
{
    buffer_clear(&to->charter);
    buffer_add(&to->charter, buffer_bytes(&from->charter));
    if (buffer_error(&to->charter))
        abort();
    for (size_t i = 0; i < from->count; i++)
        put(to, &from->records[i], true);
}

bool disk_store(struct disk *d, const struct item items[], size_t count)
{
    struct disk_batch batch = {.at = calloc(count, sizeof *batch.at)};

    if (!batch.at || d->waiting_count == DISK_WAITING)
        abort();
    while (batch.count < count) {
        batch.at[batch.count] = record_of(&items[batch.count]);
        batch.count++;
    }
    d->waiting[d->waiting_count++] = batch;
    if (d->phase != DISK_IDLE)
        return false;
    begin_next(d);
    return true;
}

/* An entry for a seq that another one has. */
static bool is_second(const struct disk *d, const struct disk_record *record)
{
    const struct head *head = &record->head;
    size_t place = place_of(d, &head->log, head->seq, &LEAST);

    return record->entry.len && is_of(d, place, &head->log, head->seq) &&
           !disk_find(d, &head->log, head->seq, &head->entry);
}

static void land_all(struct disk *d)
{
    for (size_t i = 0; i < d->batch.count; i++)
        if (!PLANTED(PLANTED_DROP_BRANCH) || !is_second(d, &d->batch.at[i]))
            put(d, &d->batch.at[i], true);
}

/* Up to which seq the ref of this log survives. */
static uint64_t survivor(const struct disk *d, const struct id *log, enum disk_loss loss, struct random *r)
{
    uint64_t first = 0, last = 0;

    for (size_t i = 0; i < d->batch.count; i++) {
        const struct disk_record *record = &d->batch.at[i];

        if (record->entry.len == 0 || !id_equal(&record->head.log, log))
            continue;
        if (!first)
            first = record->head.seq;
        last = record->head.seq;
    }
    if (!first || loss == DISK_LOSE_ALL)
        return 0;
    if (random_chance(r, 300))
        return random_between(r, first - 1, last);
    return random_chance(r, 500) ? last : 0;
}

static bool is_first_of_log(const struct disk *d, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (id_equal(&d->batch.at[i].head.log, &d->batch.at[index].head.log))
            return false;
    return true;
}

static void land_some(struct disk *d, enum disk_loss loss, struct random *r)
{
    bool went_wrong = false;

    for (size_t i = 0; i < d->batch.count; i++) {
        if (!is_first_of_log(d, i))
            continue;
        const struct id *log = &d->batch.at[i].head.log;
        uint64_t to =
            loss == DISK_KEEP_PREFIX && !went_wrong && random_chance(r, 600) ? UINT64_MAX : survivor(d, log, loss, r);

        if (to != UINT64_MAX)
            went_wrong = true;
        if (loss == DISK_KEEP_PREFIX && went_wrong && to != UINT64_MAX)
            loss = DISK_LOSE_ALL;
        for (size_t j = i; j < d->batch.count; j++) {
            struct disk_record *record = &d->batch.at[j];
            bool with_content = random_chance(r, 700);

            if (id_equal(&record->head.log, log) && (record->head.seq <= to || record->entry.len == 0))
                put(d, record, with_content && loss != DISK_LOSE_ALL);
        }
    }
}

bool disk_step(struct disk *d, bool sync_fails, struct random *r, enum err *err)
{
    *err = ERR_OK;
    switch (d->phase) {
    case DISK_WRITING:
        if (d->full || sync_fails) {
            *err = d->full ? ERR_FULL : ERR_IO;
            d->broken = d->broken || !d->full;
            fail_batch(d);
            return true;
        }
        d->phase = DISK_OBJECTS_SYNCED;
        return PLANTED(PLANTED_ANSWER_UNSYNCED);
    case DISK_OBJECTS_SYNCED: d->phase = DISK_REFS_MOVED; return false;
    case DISK_REFS_MOVED:
        if (sync_fails) {
            land_some(d, DISK_KEEP_SUBSET, r);
            d->broken = true;
            *err = PLANTED(PLANTED_SWALLOW_ERROR) ? ERR_OK : ERR_IO;
            fail_batch(d);
            return true;
        }
        if (PLANTED(PLANTED_FORGET_CONTENT) && d->batch.count > 1)
            let_go(&d->batch.at[d->batch.count - 1].content);
        land_all(d);
        d->phase = DISK_DONE;
        return false;
    case DISK_DONE:
    case DISK_IDLE: begin_next(d); return true;
    }
    return true;
}

void disk_crash(struct disk *d, enum disk_loss loss, struct random *r)
{
    if (d->phase == DISK_REFS_MOVED && loss == DISK_LOSE_NOTHING)
        land_all(d);
    else if (d->phase == DISK_REFS_MOVED)
        land_some(d, loss, r);
    drop_batches(d);
    d->broken = false;
}
