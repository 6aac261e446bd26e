/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>

#include "node/arrival.h"
#include "node/command.h"
#include "node/file_list.h"
#include "node/host.h"
#include "node/key_ring.h"
#include "node/output.h"
#include "node/publication.h"
#include "node/i18n.h"

#define BATCH_MAX 500 /* Documents made durable together. */
#define RECORD_LEN 64 /* At most, around an entry and its content in a bundle. */

/* A document that is signed and waits for being durable. */
struct pending {
    const char *path; /* Borrowed from the list. */
    char *title;
    struct id document;
    uint64_t seq;
};

struct run {
    struct office office;
    struct publication_options options;
    struct file_list files;
    struct key_file_person *author;
    struct head head;
    struct id kibbutz;
    struct signer *signer;
    struct pending pending[BATCH_MAX];
    size_t pending_count;
    size_t published;
    struct arrival_wait wait;
    struct pending *waiting; /* With --wait: what is published, in that order; `waiting_room` is allocated. */
    size_t waiting_count, waiting_room;
};

static void print_published(const struct pending *done)
{
    char document[ID_TEXT_LEN + 1];

    id_to_text(&done->document, document);
    output_line("%s  %s\n", document, done->title);
}

static struct output_json *write_published(const struct run *run, const struct pending *done)
{
    struct output_json *json = output_json_object();

    output_json_id(json, "document", &done->document);
    output_json_id(json, "entry", &done->document);
    output_json_id(json, "log", &run->head.log);
    output_json_number(json, "seq", done->seq);
    output_json_text(json, "title", done->title);
    output_json_text(json, "file", done->path);
    return json;
}

static bool keep_waiting(struct run *run, struct pending *done)
{
    size_t room = run->waiting_room ? run->waiting_room * 2 : BATCH_MAX;

    if (run->waiting_count == run->waiting_room) {
        struct pending *waiting = realloc(run->waiting, room * sizeof *waiting);

        if (waiting == NULL)
            return false;
        run->waiting = waiting;
        run->waiting_room = room;
    }
    run->waiting[run->waiting_count++] = *done;
    done->title = NULL;
    return true;
}

/* It is durable.  One object tells all of a document: with --wait, that comes when it is known how far it has come. */
static void tell_published(struct run *run, struct pending *done)
{
    if (!command_options()->json)
        print_published(done);
    if ((!run->wait.is_asked || !keep_waiting(run, done)) && command_options()->json)
        output_json_print(write_published(run, done));
}

static void forget_pending(struct run *run)
{
    for (size_t i = 0; i < run->pending_count; i++)
        free(run->pending[i].title);
    run->pending_count = 0;
}

/* "Published" is said of what is durable, and of nothing else. */
static int flush(struct run *run)
{
    int code = office_append(&run->office, run->signer);

    for (size_t i = 0; code == COMMAND_OK && i < run->pending_count; i++)
        tell_published(run, &run->pending[i]);
    if (code == COMMAND_OK)
        run->published += run->pending_count;
    else
        run->files.failed += run->pending_count;
    forget_pending(run);
    return code;
}

static enum err sign(struct run *run, const char *path, const struct publication *publication)
{
    struct signer_entry what = {.act = ACT_PUBLISH,
                                .body = buffer_bytes(&publication->terms),
                                .content = buffer_bytes(&publication->packed),
                                .kibbutz = run->kibbutz,
                                .role = run->author->role};
    struct pending *pending = &run->pending[run->pending_count];
    char *title = strdup(publication->title);
    enum err err =
        title == NULL ? ERR_MEMORY : signer_sign(run->signer, &run->author->signing, &run->head, &what, host_now_ms());

    if (err) {
        free(title);
        return err;
    }
    *pending = (struct pending){.path = path, .title = title, .document = run->head.entry, .seq = run->head.seq};
    run->pending_count++;
    return ERR_OK;
}

static bool is_full(const struct run *run, const struct publication *next)
{
    size_t size = signer_size(run->signer) + run->pending_count * RECORD_LEN + next->packed.len + next->terms.len;

    return run->pending_count == BATCH_MAX || size + LIMIT_ENTRY > LIMIT_BUNDLE_FILL;
}

static int publish_one(struct run *run, const char *path)
{
    struct publication publication;
    enum err err = publication_prepare(&run->office, path, &run->options, &publication);
    int code = COMMAND_OK;

    if (err == ERR_MEMORY)
        return office_fail(err, path, NULL);
    if (err) {
        run->files.failed++;
        return COMMAND_OK;
    }
    if (run->pending_count > 0 && is_full(run, &publication))
        code = flush(run);
    if (code == COMMAND_OK && (err = sign(run, path, &publication)))
        code = office_fail(err, path, NULL);
    publication_free(&publication);
    return code;
}

static int publish_all(struct run *run)
{
    struct output_progress progress;
    int code = COMMAND_OK;

    output_progress_begin(&progress, _("publishing"));
    for (size_t i = 0; code == COMMAND_OK && i < run->files.count; i++) {
        code = publish_one(run, run->files.paths[i]);
        output_progress(&progress, i + 1, run->files.count);
    }
    if (run->pending_count > 0 && code == COMMAND_OK)
        code = flush(run);
    output_progress_end(&progress);
    if (code == COMMAND_OK && run->files.failed > 0)
        code = COMMAND_FAILED;
    if (code != COMMAND_OK && run->published > 0) {
        output_error(_("%zu documents were published, %zu were not"), run->published, run->files.failed);
        output_hint(_("what failed stands above; publish only that again"));
        return COMMAND_PARTLY;
    }
    return code;
}

static int prepare(struct run *run)
{
    struct id network, root;
    int code = office_need_charter(&run->office);

    if (code == COMMAND_OK)
        code = office_check_clock(&run->office);
    if (code == COMMAND_OK)
        code = key_ring_open_signer(&run->office, false, &run->author);
    if (code != COMMAND_OK)
        return code;
    network = archive_network(run->office.archive);
    root = office_root(&run->office);
    run->head = office_head(&run->office, &run->author->signing.public);
    run->kibbutz = office_key(&run->office, &run->author->signing.public).kibbutz;
    run->options.kibbutz = run->kibbutz;
    publication_tell_holders(&run->office, run->options.audience, &run->kibbutz);
    run->signer = signer_new(&network, &root);
    return run->signer != NULL ? COMMAND_OK : office_fail(ERR_MEMORY, _("nothing was published"), NULL);
}

static int publish(struct run *run, int argc, char **argv)
{
    int code = office_open(&run->office, OFFICE_SIGN);
    enum err err;

    if (code != COMMAND_OK)
        return code;
    for (int i = 1; i < argc; i++)
        if ((err = file_list_add(&run->files, argv[i])))
            return office_fail(err, argv[i], NULL);
    if (run->files.count == 0)
        return COMMAND_FAILED;
    if (run->options.attach.count > 0 && run->files.count > 1) {
        output_error(_("--attach goes with one document, and these are %zu"), run->files.count);
        return COMMAND_USAGE;
    }
    code = prepare(run);
    return code == COMMAND_OK ? publish_all(run) : code;
}

/* ---- waiting ---- */

static void tell_arrival(struct run *run, const struct pending *done, const struct arrival *arrival,
                         struct reach_count count)
{
    struct output_json *json;

    if (!command_options()->json) {
        arrival_print(&run->office, arrival, count);
        return;
    }
    json = write_published(run, done);
    arrival_write(&run->office, arrival, count, json);
    output_json_print(json);
}

/* An exit code; what it did not come to know of it is told without saying how far it has come. */
static int await_one(struct run *run, const struct pending *done, uint64_t end_ms, int code)
{
    struct reach_count count;
    struct arrival arrival;

    if (code == COMMAND_OK)
        code = arrival_find(&run->office, &done->document, end_ms, &arrival);
    if (code != COMMAND_OK || !arrival.is_found) {
        if (command_options()->json)
            output_json_print(write_published(run, done));
        return COMMAND_PARTLY;
    }
    count = arrival_await(&run->office, &arrival, &run->wait, end_ms);
    tell_arrival(run, done, &arrival, count);
    return arrival_is_far_enough(&run->wait, count) ? COMMAND_OK : COMMAND_PARTLY;
}

/* The office is opened anew, to read: nobody else is kept from writing meanwhile. */
static int await_all(struct run *run)
{
    uint64_t end_ms = host_monotonic_ms() + run->wait.timeout_s * 1000;
    int outcome = COMMAND_OK, opened;

    (void)output_flush(); /* Whoever reads along need not wait to learn that it is durable. */
    office_close(&run->office);
    opened = office_open(&run->office, OFFICE_READ);
    if (opened == COMMAND_OK)
        opened = office_open_index(&run->office);
    for (size_t i = 0; i < run->waiting_count; i++)
        if (await_one(run, &run->waiting[i], end_ms, opened) != COMMAND_OK)
            outcome = COMMAND_PARTLY;
    return outcome;
}

static void forget_waiting(struct run *run)
{
    for (size_t i = 0; i < run->waiting_count; i++)
        free(run->waiting[i].title);
    free(run->waiting);
}

int cmd_publish(int argc, char **argv)
{
    struct run *run = calloc(1, sizeof *run);
    const char *audience = NULL, *count = NULL, *timeout = NULL;
    int awaited;
    int code = COMMAND_USAGE;

    if (run == NULL)
        return office_fail(ERR_MEMORY, _("nothing was published"), NULL);
    const struct arguments_flag flags[] = {
        {"attach", NULL, NULL, &run->options.attach},
        {"audience", NULL, &audience, NULL},
        {"kind", NULL, &run->options.kind, NULL},
        {"title", NULL, &run->options.title, NULL},
        {"wait", NULL, &count, NULL},
        {"timeout", NULL, &timeout, NULL},
    };
    if (arguments_parse(&argc, argv, flags, 6, 1, INT32_MAX) && arrival_read_wait(count, timeout, &run->wait) &&
        publication_read_audience(audience, &run->options.audience) && publication_check_options(&run->options))
        code = publish(run, argc, argv);
    if (run->waiting_count > 0 && (awaited = await_all(run)) != COMMAND_OK && code == COMMAND_OK)
        code = awaited;
    key_file_close_person(run->author);
    signer_free(run->signer);
    forget_pending(run);
    forget_waiting(run);
    file_list_free(&run->files);
    arguments_list_free(&run->options.attach);
    office_close(&run->office);
    free(run);
    return code;
}
