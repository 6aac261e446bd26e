/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * search_build HOME TEXTS: makes a home of the documents in a file (each behind a line with its length), published one an hour over
 * the years, then measures what the search part of the index costs.  Prints NAME VALUE lines.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "node/crew.h"
#include "proto/limits.h"
#include "store/archive.h"
#include "store/document.h"
#include "store/index_search.h"
#include "store/search_batch.h"
#include "store/search_text.h"
#include "tests/support/scribe.h"

#define BATCH 1000
#define HOUR_OF_CLOCK (UINT64_C(3600000) << 16)

static void need(enum err err, const char *what)
{
    if (err == ERR_OK)
        return;
    fprintf(stderr, "search_build: %s: %s\n", what, err_text(err));
    exit(1);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Of all threads. */
static double busy_seconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct buffer read_all(const char *path)
{
    struct buffer all = BUFFER(SIZE_MAX);
    FILE *file = fopen(path, "rb");
    struct stat status;

    if (file == NULL || fstat(fileno(file), &status) != 0 ||
        fread(buffer_extend(&all, (size_t)status.st_size), 1, (size_t)status.st_size, file) != (size_t)status.st_size)
        need(ERR_IO, path);
    fclose(file);
    return all;
}

static bool next_text(struct bytes *rest, struct bytes *text)
{
    char *end;
    size_t len;

    if (rest->len == 0)
        return false;
    len = strtoul((const char *)rest->at, &end, 10);
    *rest = bytes_from(*rest, (size_t)(end + 1 - (const char *)rest->at));
    *text = bytes_of(rest->at, len);
    *rest = bytes_from(*rest, len);
    return true;
}

struct bench {
    struct bytes texts;
    char home[4000];
    size_t count;
};

static void make_home(struct bench *b)
{
    struct id network = id_hash(ID_NETWORK, bytes_text("bench"));
    struct scribe_item made[BATCH];
    struct item items[BATCH];
    struct archive *archive;
    struct scribe scribe;
    struct bytes rest = b->texts, text;
    double start = now();
    size_t count = 0;

    scribe_begin(&scribe, &network, 1, ROLE_COORDINATOR);
    need(archive_create(b->home, &network), "create");
    need(archive_open(b->home, ARCHIVE_WRITE, &archive), "open");
    archive_read_later(archive, 32);
    while (next_text(&rest, &text)) {
        scribe.head.clock += HOUR_OF_CLOCK;
        scribe_publish(&scribe, text, &made[count]);
        items[count] = made[count].item;
        b->count++;
        if (++count == BATCH || rest.len == 0) {
            need(archive_append(archive, items, count), "append");
            while (count > 0)
                scribe_item_free(&made[--count]);
        }
    }
    need(archive_flush_index(archive), "flush");
    for (bool more = true; more;)
        need(archive_read_unread(archive, NULL, 32, &more), "read");
    archive_close(archive);
    printf("home_seconds %.3f\n", now() - start);
}

static void take(struct search_batch *batch, struct bytes text, size_t number, struct buffer *written)
{
    struct document *document;
    struct id revision = id_hash(ID_BLOB, bytes_of(&number, sizeof number));
    struct search_text of = {.log = revision, .kibbutz = revision, .clock = (number + 1) * HOUR_OF_CLOCK};

    need(document_read(text, &document), "read");
    struct sha1 name = sha1_of_object("blob", text);
    of.document = document;
    buffer_clear(written);
    need(search_text_write(&of, written), "text");
    need(search_batch_take(batch, &revision, of.clock, &name, buffer_bytes(written)), "take");
    document_free(document);
}

static void write_taken(struct search_batch *batch, struct index *index, const struct parallel *parallel)
{
    need(search_batch_write(batch, index, parallel), "write");
    search_batch_clear(batch);
}

static void write_one(struct search_batch *batch, struct index *index)
{
    need(index_begin(index), "begin");
    write_taken(batch, index, NULL);
    need(index_commit(index), "commit");
}

/* The search part alone, from texts in memory, in one transaction as an index that is made anew. */
static void build(struct bench *b)
{
    struct buffer written = BUFFER(SEARCH_TEXT_SIZE_MAX);
    struct search_batch *batch = search_batch_new();
    struct bytes rest = b->texts, text;
    struct index *index;
    struct crew *crew;
    char path[4096];
    bool rebuilt;
    size_t number = 0;
    double start, busy, slowest = 0, sum = 0, merged = 0, slowest_merge = 0;

    snprintf(path, sizeof path, "%s/alone.sqlite", b->home);
    need(index_open(path, true, &index, &rebuilt), "index");
    need(batch ? crew_new(&crew) : ERR_MEMORY, "crew");
    take(batch, bytes_text("# מילה\n\nאחת"), 0, &written); /* The dictionary is read. */
    write_one(batch, index);
    start = now();
    busy = busy_seconds();
    need(index_begin(index), "begin");
    while (next_text(&rest, &text)) {
        take(batch, text, ++number, &written);
        if (search_batch_is_full(batch) || rest.len == 0)
            write_taken(batch, index, crew_parallel(crew));
    }
    need(index_commit(index), "commit");
    for (bool first = true, more = true; more; first = false)
        need(index_search_merge(index, first, &more), "merge");
    printf("build_seconds %.3f\nbuild_busy_seconds %.3f\n", now() - start, busy_seconds() - busy);
    rest = b->texts;
    index_empty_log(path);
    for (size_t i = 0; i < 200 && next_text(&rest, &text); i++) {
        double begun = now(), took;
        take(batch, text, ++number, &written);
        write_one(batch, index);
        took = now() - begun;
        sum += took;
        slowest = took > slowest ? took : slowest;
        begun = now();
        need(index_search_merge_few(index, 1), "merge"); /* As the archive does behind it. */
        took = now() - begun;
        merged += took;
        slowest_merge = took > slowest_merge ? took : slowest_merge;
        if (index_log_is_long(index)) /* As a node does, in a thread that settles. */
            index_empty_log(path);
    }
    printf("one_ms %.3f\none_slowest_ms %.3f\n", sum / 200 * 1e3, slowest * 1e3);
    printf("merge_ms %.3f\nmerge_slowest_ms %.3f\n", merged / 200 * 1e3, slowest_merge * 1e3);
    start = now();
    need(index_search_scrub(index), "scrub");
    printf("scrub_seconds %.3f\n", now() - start);
    search_batch_free(batch);
    crew_free(crew);
    index_close(index);
    buffer_free(&written);
}

int main(int argc, char **argv)
{
    struct bench b = {.count = 0};
    struct buffer all;

    if (argc != 3)
        return 2;
    all = read_all(argv[2]);
    b.texts = buffer_bytes(&all);
    snprintf(b.home, sizeof b.home, "%s", argv[1]);
    make_home(&b);
    build(&b);
    printf("documents %zu\n", b.count);
    buffer_free(&all);
    return 0;
}
