/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/stick_read.h"

#include "node/control.h"
#include "node/host.h"
#include "node/i18n.h"
#include "node/lone.h"
#include "node/output.h"
#include "proto/compress.h"
#include "store/stream_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_AT_ONCE KIB(256)
#define TURNS 8 /* What rests on a later frame is taken in by a later turn; each brings something, or it is the last. */
#define BUSY_MS 30000
#define ASK_AGAIN_MS 50

struct run {
    struct stick_read *s;
    struct lone *lone; /* NULL: a node runs here, and takes it in. */
    struct buffer window, plain;
    struct output_progress progress;
    uint64_t done, total, left_out, taken;
    bool is_first;          /* Turn: only it counts and tells. */
    struct buffer *charter; /* Nothing else is looked for; NULL: all is taken in. */
};

/* ---- one frame ---- */

static enum err hand_over(struct run *r, uint64_t *left_out)
{
    uint64_t end_ms = host_monotonic_ms() + BUSY_MS;
    char reason[CONTROL_REASON] = "";
    enum err outcome = ERR_OK, err;

    while (!(err = control_import(r->s->home, buffer_bytes(&r->plain), &outcome, reason)) && outcome == ERR_BUSY &&
           host_monotonic_ms() < end_ms)
        usleep(ASK_AGAIN_MS * 1000);
    if (err == ERR_OK && outcome == ERR_OK)
        *left_out = strtoull(reason, NULL, 10); /* CONTROL_IMPORT says so. */
    else
        snprintf(r->s->reason, sizeof r->s->reason, "%s", reason);
    return err != ERR_OK ? ERR_IO : outcome;
}

static enum err take_in(struct run *r, uint64_t *left_out)
{
    return r->lone != NULL ? lone_import(r->lone, buffer_bytes(&r->plain), left_out, r->s->reason)
                           : hand_over(r, left_out);
}

/* What the frame's content is guilty of is counted; what is the matter with this home ends it. */
static enum err take_bundle(struct run *r, struct stick_file *file, struct bytes frame)
{
    uint64_t left_out = 0;
    enum err err;

    buffer_clear(&r->plain);
    if ((err = compress_open(frame, LIMIT_BUNDLE, &r->plain)) == ERR_OK)
        err = take_in(r, &left_out);
    r->left_out += left_out;
    switch (err) {
    case ERR_OK:
        file->taken += r->is_first;
        r->taken++;
        return ERR_OK;
    case ERR_EXISTS: file->known += r->is_first; return ERR_OK;
    case ERR_STRANGER:
    case ERR_GAP: r->left_out++; return ERR_OK;
    case ERR_FORMAT:
    case ERR_AUTH:
    case ERR_LIMIT:
    case ERR_NETWORK:
    case ERR_VERSION:
    case ERR_FORK: file->refused += r->is_first; return ERR_OK;
    case ERR_MEMORY:
    case ERR_IO:
    case ERR_FULL:
    case ERR_TIMEOUT:
    case ERR_MISSING:
    case ERR_BUSY: break;
    }
    return err;
}

/* What a node signed that it holds: of no harm, whoever carries it. */
static enum err take_receipt(struct run *r, struct stick_file *file, struct bytes whole)
{
    char reason[CONTROL_REASON] = "";
    enum err outcome = ERR_OK, err = ERR_OK;

    if (r->lone != NULL)
        outcome = lone_receipt(r->lone, whole);
    else
        err = control_request(r->s->home, CONTROL_RECEIPT, whole, &outcome, reason);
    if (err != ERR_OK || outcome == ERR_MEMORY)
        return err != ERR_OK ? ERR_IO : ERR_MEMORY;
    file->receipts +=
        outcome == ERR_OK; /* In a later turn: of a node that is granted by what an earlier one left out. */
    file->known += r->is_first && outcome == ERR_EXISTS;
    file->refused += r->is_first && outcome != ERR_OK && outcome != ERR_EXISTS &&
                     outcome != ERR_STRANGER; /* Of no use, and no harm. */
    return ERR_OK;
}

static enum err add_chunk(struct run *r, struct bytes body, const struct file_chunk *chunk)
{
    enum err outcome = ERR_OK, err;

    if (r->lone != NULL)
        return lone_chunk(r->lone, chunk, r->s->reason);
    err = control_request(r->s->home, CONTROL_CHUNK, body, &outcome, r->s->reason);
    return err != ERR_OK ? ERR_IO : outcome;
}

/* A chunk of an attachment that a content here names, and is not here: everything else is passed over. */
static enum err take_chunk(struct run *r, struct stick_file *file, struct bytes body)
{
    struct file_state *state = malloc(sizeof *state);
    struct file_chunk chunk;
    struct id entry;
    uint64_t size = 0;
    enum err err = state != NULL ? ERR_OK : ERR_MEMORY;

    if (err == ERR_OK && (body.len < ID_LEN || control_read_chunk(bytes_from(body, ID_LEN), &chunk) != ERR_OK)) {
        file->refused += r->is_first;
    } else if (err == ERR_OK) {
        memcpy(entry.at, body.at, ID_LEN);
        archive_file_state(r->s->archive, &chunk.digest, chunk.size, state);
        if (file_state_has(state, chunk.index)) {
            file->known += r->is_first;
        } else if (!archive_names_file(r->s->archive, &entry, &chunk.digest, &size) || size != chunk.size) {
            r->left_out++;
        } else if ((err = add_chunk(r, bytes_from(body, ID_LEN), &chunk)) == ERR_OK) {
            file->taken++;
            r->taken++;
        }
    }
    free(state);
    return err;
}

/* ERR_EXISTS: it is found. */
static enum err look_for_charter(struct run *r, const struct bundle_file_reader *reader)
{
    struct id network;

    if (reader->type != BUNDLE_FILE_CHARTER || reader->body.len > LIMIT_CHARTER)
        return ERR_OK;
    network = id_hash(ID_NETWORK, reader->body);
    if (!id_equal(&network, &r->s->network))
        return ERR_OK;
    buffer_add(r->charter, reader->body);
    return ERR_EXISTS;
}

static enum err take_frame(struct run *r, struct stick_file *file, const struct bundle_file_reader *reader)
{
    if (r->charter != NULL)
        return look_for_charter(r, reader);
    file->frames += r->is_first;
    if (reader->type == BUNDLE_FILE_BUNDLE)
        return take_bundle(r, file, reader->body);
    if (reader->type == BUNDLE_FILE_CHUNK)
        return take_chunk(r, file, reader->body);
    if (reader->type == BUNDLE_FILE_RECEIPT)
        return take_receipt(r, file, reader->body);
    file->refused += r->is_first && reader->type % 2 == 0; /* Odd ones are of a newer igum, and may be passed over. */
    return ERR_OK;
}

/* ---- one file ---- */

static enum err fill(struct run *r, struct stream_file *stream, size_t want, bool *is_all)
{
    size_t before = r->window.len;
    enum err err;

    if (*is_all || r->window.len >= want)
        return ERR_OK;
    err = stream_file_read(stream, want - before, &r->window);
    *is_all = err == ERR_OK && r->window.len < want;
    return err;
}

static enum err read_header(struct run *r, struct stream_file *stream, struct stick_file *file,
                            struct bundle_file_reader *reader, bool *is_all)
{
    enum err err = fill(r, stream, BUNDLE_FILE_HEADER_LEN, is_all);
    size_t len = r->window.len < BUNDLE_FILE_HEADER_LEN ? r->window.len : BUNDLE_FILE_HEADER_LEN;

    if (err != ERR_OK)
        return err;
    file->odd = bundle_file_open(reader, bytes_of(r->window.at, len), &r->s->network);
    file->header = reader->header;
    if (file->odd == ERR_FORMAT && r->is_first)
        file->damaged += len;
    buffer_drop(&r->window, len);
    return ERR_OK;
}

/* The window grows to what the frame needs, and no further. */
static enum err read_frames(struct run *r, struct stream_file *stream, struct stick_file *file,
                            struct bundle_file_reader *reader, bool is_all)
{
    size_t want = READ_AT_ONCE;

    for (;;) {
        enum err err = fill(r, stream, want, &is_all);
        enum bundle_file_event event;

        if (err != ERR_OK)
            return err;
        event = bundle_file_next(reader, buffer_bytes(&r->window), is_all);
        if (event == BUNDLE_FILE_FRAME && (err = take_frame(r, file, reader)) != ERR_OK)
            return err;
        if (event == BUNDLE_FILE_DAMAGED)
            file->damaged += r->is_first ? reader->used : 0;
        if (event == BUNDLE_FILE_ENDED && r->is_first)
            file->is_whole = reader->is_whole;
        if (event == BUNDLE_FILE_CUT && r->is_first)
            file->is_cut = true;
        if (event == BUNDLE_FILE_ENDED || event == BUNDLE_FILE_CUT)
            return ERR_OK;
        want = event == BUNDLE_FILE_MORE ? BUNDLE_FILE_WINDOW : READ_AT_ONCE;
        r->done += reader->used;
        buffer_drop(&r->window, reader->used);
        output_progress(&r->progress, r->done, r->total);
    }
}

static enum err read_file(struct run *r, struct stick_file *file)
{
    struct stream_file *stream = NULL;
    struct bundle_file_reader reader;
    bool is_all = false;
    enum err err;

    file->unread = stream_file_open(file->path, &stream);
    if (file->unread != ERR_OK)
        return ERR_OK; /* The others may be read. */
    buffer_clear(&r->window);
    if ((err = read_header(r, stream, file, &reader, &is_all)) == ERR_OK)
        err = read_frames(r, stream, file, &reader, is_all);
    stream_file_close(stream);
    return err;
}

/* ---- all of them ---- */

static void add_sizes(struct run *r)
{
    for (size_t i = 0; i < r->s->count; i++) {
        struct stream_file *stream = NULL;

        if (stream_file_open(r->s->files[i].path, &stream) == ERR_OK)
            r->total += stream_file_size(stream);
        stream_file_close(stream);
    }
}

/* A later turn is for what was left out by the one before, and goes on as long as that helps. */
static enum err read_all(struct run *r)
{
    enum err err = ERR_OK;

    add_sizes(r);
    for (int turn = 0; err == ERR_OK && turn < TURNS; turn++) {
        r->is_first = turn == 0;
        r->left_out = r->taken = r->done = 0;
        for (size_t i = 0; err == ERR_OK && i < r->s->count; i++)
            err = read_file(r, &r->s->files[i]);
        r->s->left_out = r->left_out;
        if (r->left_out == 0 || r->taken == 0)
            break;
    }
    return err;
}

enum err stick_read_charter(struct stick_read *s, struct buffer *charter)
{
    struct run r = {.s = s, .window = BUFFER(BUNDLE_FILE_WINDOW + READ_AT_ONCE), .charter = charter};
    enum err err = ERR_OK;

    for (size_t i = 0; err == ERR_OK && i < s->count; i++)
        err = read_file(&r, &s->files[i]);
    buffer_free(&r.window);
    return err == ERR_EXISTS ? buffer_error(charter) : err == ERR_OK ? ERR_MISSING : err;
}

enum err stick_read(struct stick_read *s)
{
    struct run r = {.s = s, .window = BUFFER(BUNDLE_FILE_WINDOW + READ_AT_ONCE), .plain = BUFFER(LIMIT_BUNDLE)};
    enum err err = ERR_OK;

    if (!control_running(s->home))
        err = lone_open(s->home, &r.lone, s->reason);
    output_progress_begin(&r.progress, _("reading"));
    if (err == ERR_OK)
        err = read_all(&r);
    output_progress_end(&r.progress);
    lone_close(r.lone);
    buffer_free(&r.window);
    buffer_free(&r.plain);
    return err;
}
