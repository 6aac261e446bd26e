/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/segments.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "proto/wire.h"
#include "store/deflate.h"
#include "store/files.h"

#define FOLDER "segments"
#define MAGIC "IGUMSEG2"
#define SUM_LEN 4
#define FOLDER_MODE 0700
#define FILE_MODE 0600
#define RUN_LEN (ID_LEN + 8 + 8)
#define HEAD_LEN(count) (sizeof MAGIC - 1 + 4 + (count)*RUN_LEN + SUM_LEN)
#define FILE_LIMIT (LIMIT_MESSAGE_BULK + HEAD_LEN(LIMIT_RANGES))

struct kept {
    uint64_t number;
    struct replica_run *runs;
    size_t count;
};

struct segments {
    struct kept *at;
    size_t count, size;
    uint64_t next;
    char path[FILES_PATH_SIZE];
};

/* ---- one file: a head of magic, number of runs, runs and their CRC-32; then the frame and its own ---- */

static enum err path_of(const struct segments *s, uint64_t number, char path[FILES_PATH_SIZE])
{
    char name[24];

    snprintf(name, sizeof name, "%016llx", (unsigned long long)number);
    return files_join(path, s->path, name);
}

static void add_sum(struct buffer *out, size_t start)
{
    buffer_u32(out, deflate_crc(bytes_from(buffer_bytes(out), start)));
}

static void write_file(struct buffer *out, const struct replica_run runs[], size_t count, struct bytes frame)
{
    buffer_text(out, MAGIC);
    buffer_u32(out, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        buffer_add(out, id_bytes(&runs[i].log));
        buffer_u64(out, runs[i].from);
        buffer_u64(out, runs[i].to);
    }
    add_sum(out, 0);
    size_t start = out->len;
    buffer_add(out, frame);
    add_sum(out, start);
}

/* Takes bytes that end in their sum, which is against damage alone: whoever gets a frame verifies all that is in it. */
static enum err check_sum(struct bytes run)
{
    if (run.len < SUM_LEN)
        return ERR_AUTH;
    struct wire_reader sum = wire_reader(bytes_from(run, run.len - SUM_LEN));
    return wire_u32(&sum) == deflate_crc(bytes_of(run.at, run.len - SUM_LEN)) ? ERR_OK : ERR_AUTH;
}

/* Reads a head; `runs` is the caller's to free, and `rest` is what follows. */
static enum err read_head(struct bytes file, struct replica_run **runs, size_t *count, struct bytes *rest)
{
    struct wire_reader r = wire_reader(file);

    *runs = NULL;
    if (!bytes_equal(wire_read(&r, sizeof MAGIC - 1), bytes_text(MAGIC)))
        return ERR_AUTH;
    *count = wire_u32(&r);
    if (r.err || *count == 0 || *count > LIMIT_RANGES || r.rest.len < *count * RUN_LEN + SUM_LEN ||
        check_sum(bytes_of(file.at, HEAD_LEN(*count))))
        return ERR_AUTH;
    if (!(*runs = calloc(*count, sizeof **runs)))
        return ERR_MEMORY;
    for (size_t i = 0; i < *count; i++) {
        wire_copy(&r, (*runs)[i].log.at, ID_LEN);
        (*runs)[i].from = wire_u64(&r);
        (*runs)[i].to = wire_u64(&r);
    }
    *rest = bytes_from(file, HEAD_LEN(*count));
    return ERR_OK;
}

/* ---- those that are known ---- */

static enum err note(struct segments *s, uint64_t number, struct replica_run *runs, size_t count)
{
    if (s->count == s->size) {
        size_t size = s->size ? s->size * 2 : 16;
        struct kept *at = realloc(s->at, size * sizeof *at);

        if (!at)
            return ERR_MEMORY;
        s->at = at;
        s->size = size;
    }
    s->at[s->count++] = (struct kept){.number = number, .runs = runs, .count = count};
    if (number >= s->next)
        s->next = number + 1;
    return ERR_OK;
}

static void forget_at(struct segments *s, size_t index)
{
    char path[FILES_PATH_SIZE];

    if (path_of(s, s->at[index].number, path) == ERR_OK)
        (void)files_remove(path);
    free(s->at[index].runs);
    s->count--;
    memmove(s->at + index, s->at + index + 1, (s->count - index) * sizeof *s->at);
}

static enum err open_one(void *context, const char *name)
{
    struct segments *s = context;
    struct buffer head = BUFFER(HEAD_LEN(LIMIT_RANGES));
    char path[FILES_PATH_SIZE], *end;
    struct replica_run *runs = NULL;
    struct bytes rest;
    size_t count;
    uint64_t number = strtoull(name, &end, 16);
    enum err err = files_join(path, s->path, name);

    if (err)
        return ERR_OK;
    err = *end == '\0' && strlen(name) == 16 ? files_read_start(path, head.limit, &head) : ERR_FORMAT;
    if (!err)
        err = read_head(buffer_bytes(&head), &runs, &count, &rest);
    buffer_free(&head);
    if (!err && !(err = note(s, number, runs, count)))
        return ERR_OK;
    free(runs);
    if (err != ERR_MEMORY)
        (void)files_remove(path);
    return err == ERR_MEMORY ? err : ERR_OK;
}

enum err segments_open(const char *home, struct segments **segments)
{
    struct segments *s = calloc(1, sizeof *s);
    enum err err = s ? files_join(s->path, home, FOLDER) : ERR_MEMORY;

    if (!err)
        err = files_make_unsynced_directory(s->path, FOLDER_MODE);
    if (err == ERR_EXISTS)
        err = files_each(s->path, open_one, s);
    if (err)
        segments_close(s);
    else
        *segments = s;
    return err;
}

bool segments_exist(const char *home)
{
    char path[FILES_PATH_SIZE];

    return files_join(path, home, FOLDER) == ERR_OK && files_is_directory(path);
}

void segments_close(struct segments *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        free(s->at[i].runs);
    free(s->at);
    free(s);
}

bool segments_find(const struct segments *s, const struct id *log, uint64_t from, struct segment *segment)
{
    for (size_t i = 0; i < s->count; i++)
        for (size_t j = 0; j < s->at[i].count; j++)
            if (s->at[i].runs[j].from == from && id_equal(&s->at[i].runs[j].log, log)) {
                *segment = (struct segment){s->at[i].runs, s->at[i].count, s->at[i].number};
                return true;
            }
    return false;
}

enum err segments_read(struct segments *s, const struct segment *segment, struct buffer *frame)
{
    struct buffer file = BUFFER(FILE_LIMIT);
    char path[FILES_PATH_SIZE];
    struct replica_run *runs = NULL;
    struct bytes rest;
    size_t count;
    enum err err = path_of(s, segment->number, path);

    if (!err)
        err = files_read(path, FILE_LIMIT, &file);
    if (!err)
        err = read_head(buffer_bytes(&file), &runs, &count, &rest);
    if (!err)
        err = check_sum(rest);
    if (!err) {
        buffer_add(frame, bytes_of(rest.at, rest.len - SUM_LEN));
        err = buffer_error(frame);
    }
    free(runs);
    buffer_free(&file);
    for (size_t i = 0; err && err != ERR_MEMORY && i < s->count; i++)
        if (s->at[i].number == segment->number) {
            forget_at(s, i);
            return ERR_AUTH;
        }
    return err;
}

uint64_t segments_until(const struct segments *s, const struct id *log)
{
    uint64_t until = 0;

    for (size_t i = 0; i < s->count; i++)
        for (size_t j = 0; j < s->at[i].count; j++)
            if (s->at[i].runs[j].to > until && id_equal(&s->at[i].runs[j].log, log))
                until = s->at[i].runs[j].to;
    return until;
}

uint64_t segments_entries(const struct segments *s)
{
    uint64_t entries = 0;

    for (size_t i = 0; i < s->count; i++)
        for (size_t j = 0; j < s->at[i].count; j++)
            entries += s->at[i].runs[j].to - s->at[i].runs[j].from + 1;
    return entries;
}

enum err segments_add(struct segments *s, const struct replica_run runs[], size_t count, struct bytes frame,
                      uint64_t *number)
{
    struct replica_run *copy = calloc(count ? count : 1, sizeof *copy);
    struct buffer file = BUFFER(FILE_LIMIT);
    char path[FILES_PATH_SIZE];
    enum err err = copy ? path_of(s, s->next, path) : ERR_MEMORY;

    *number = s->next;
    write_file(&file, runs, count, frame);
    if (!err)
        err = buffer_error(&file);
    if (!err)
        err = files_replace(path, buffer_bytes(&file), FILE_MODE);
    if (!err) {
        memcpy(copy, runs, count * sizeof *copy);
        err = note(s, s->next, copy, count);
    }
    if (err)
        free(copy);
    buffer_free(&file);
    return err;
}

void segments_drop(struct segments *s, const struct id *log, uint64_t seq)
{
    for (size_t i = s->count; i > 0; i--) {
        const struct kept *kept = &s->at[i - 1];
        bool hit = false;

        for (size_t j = 0; j < kept->count; j++)
            hit = hit || (id_equal(&kept->runs[j].log, log) && kept->runs[j].from <= seq && seq <= kept->runs[j].to);
        if (hit)
            forget_at(s, i - 1);
    }
}

void segments_forget(struct segments *s, uint64_t number)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->at[i].number == number) {
            forget_at(s, i);
            return;
        }
}
