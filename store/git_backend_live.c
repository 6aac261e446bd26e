/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/git_backend_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "proto/wire.h"

/*
 * Objects and moves of refs as one record of the journal, which is durable before anything of it is done; doing it needs no
 * sync of its own then, and is done again after a crash.
 */

#define JOURNAL "journal"
#define FILL (JOURNAL_LIMIT / 2) /* It is settled from here on, whoever waits. */
#define REF_MODE 0644
#define REF_SIZE 256
#define MOVE 0 /* Else the kind of an object. */

/* ---- the record ---- */

void git_backend_live_add(struct git_backend *g, enum pack_kind kind, struct bytes object)
{
    buffer_u8(&g->record, (uint8_t)kind);
    buffer_u32(&g->record, (uint32_t)object.len);
    buffer_add(&g->record, object);
}

enum err git_backend_live_move(struct git_backend *g, const char *ref, const struct sha1 *from, const struct sha1 *to)
{
    static const struct sha1 none;
    struct sha1 now;
    enum err err = git_backend_ref(g, ref, &now);

    if (err != ERR_OK && err != ERR_MISSING)
        return err;
    if ((err == ERR_OK) != (from != NULL) || (from && memcmp(from->at, now.at, SHA1_LEN) != 0))
        return git_backend_fail(g, ERR_FORK, "a ref is not where it was", ref);
    buffer_u8(&g->record, MOVE);
    buffer_u32(&g->record, (uint32_t)strlen(ref));
    buffer_text(&g->record, ref);
    buffer_add(&g->record, bytes_of(from ? from->at : none.at, SHA1_LEN));
    buffer_add(&g->record, bytes_of(to->at, SHA1_LEN));
    return ERR_OK;
}

/* ---- doing it ---- */

struct step { /* One part of a record. */
    uint8_t kind;
    struct bytes object; /* Or of a move: */
    char ref[REF_SIZE];
    struct sha1 from, to;
};

static bool next_step(struct wire_reader *in, struct step *step)
{
    if (in->err || in->rest.len == 0)
        return false;
    step->kind = wire_u8(in);
    size_t len = wire_u32(in);
    struct bytes bytes = wire_read(in, len);
    if (step->kind != MOVE) {
        step->object = bytes;
        return !in->err;
    }
    wire_copy(in, step->from.at, SHA1_LEN);
    wire_copy(in, step->to.at, SHA1_LEN);
    if (len >= sizeof step->ref)
        wire_fail(in);
    if (in->err)
        return false;
    memcpy(step->ref, bytes.at, len);
    step->ref[len] = '\0';
    return true;
}

static enum err do_object(struct git_backend *g, const struct step *step)
{
    enum pack_kind kind = (enum pack_kind)step->kind;
    struct sha1 name = sha1_of_object(pack_kind_name(kind), step->object);
    enum err err = git_backend_write_unsynced(g, kind, step->object, &name);

    return err ? err : git_backend_read_back(g, kind, step->object, &name);
}

/*
 * A ref that a crash left is where it was before, or damaged or gone, or already further on: then a later record leads there, or
 * a move since that was durable by itself.
 */
static bool is_to_move(struct git_backend *g, const struct step *step)
{
    struct sha1 now;

    return git_backend_ref(g, step->ref, &now) != ERR_OK || memcmp(now.at, step->from.at, SHA1_LEN) == 0;
}

static enum err ref_paths(const struct git_backend *g, const struct step *step, char path[FILES_PATH_SIZE],
                          char lock[FILES_PATH_SIZE])
{
    enum err err = files_join(path, g->path, step->ref);

    return !err && snprintf(lock, FILES_PATH_SIZE, "%s.lock", path) >= FILES_PATH_SIZE ? ERR_LIMIT : err;
}

static enum err stage_ref(struct git_backend *g, const struct step *step)
{
    char path[FILES_PATH_SIZE], lock[FILES_PATH_SIZE], name[GIT_BACKEND_NAME_SIZE], text[GIT_BACKEND_NAME_SIZE + 1];
    enum err err = ref_paths(g, step, path, lock);

    git_backend_name_text(&step->to, name);
    snprintf(text, sizeof text, "%s\n", name);
    if (!err)
        err = files_stage_unsynced(lock, bytes_text(text), REF_MODE);
    return err ? git_backend_fail_files(g, err == ERR_MISSING ? ERR_IO : err, "cannot move a ref") : ERR_OK;
}

static enum err place_ref(struct git_backend *g, const struct step *step)
{
    char path[FILES_PATH_SIZE], lock[FILES_PATH_SIZE];
    struct sha1 now;
    enum err err = ref_paths(g, step, path, lock);

    if (err || files_rename_unsynced(lock, path))
        return git_backend_fail_files(g, ERR_IO, "cannot move a ref");
    err = git_backend_ref(g, step->ref, &now);
    if (err || memcmp(now.at, step->to.at, SHA1_LEN) != 0)
        return git_backend_fail(g, ERR_IO, "a ref that was moved cannot be read", step->ref);
    return ERR_OK;
}

static void unstage_refs(struct git_backend *g, struct bytes record)
{
    struct wire_reader in = wire_reader(record);
    char path[FILES_PATH_SIZE], lock[FILES_PATH_SIZE];
    struct step step;

    while (next_step(&in, &step))
        if (step.kind == MOVE && !ref_paths(g, &step, path, lock))
            (void)files_remove(lock);
}

/* What needs room on the disk comes before the first ref is moved. */
static enum err do_record(void *context, struct bytes record)
{
    struct git_backend *g = context;
    struct wire_reader in = wire_reader(record);
    struct step step;
    enum err err = ERR_OK;

    while (!err && next_step(&in, &step))
        err = step.kind != MOVE ? do_object(g, &step) : is_to_move(g, &step) ? stage_ref(g, &step) : ERR_OK;
    if (!err && in.err)
        err = git_backend_fail(g, ERR_FORMAT, "the journal cannot be read", JOURNAL);
    if (err) {
        unstage_refs(g, record);
        return err;
    }
    in = wire_reader(record);
    while (!err && next_step(&in, &step))
        if (step.kind == MOVE && is_to_move(g, &step))
            err = place_ref(g, &step);
    return err;
}

/* ---- settling ---- */

enum err git_backend_settle(struct git_backend *g)
{
    enum err err = ERR_OK;

    if (g->has_unnamed || !journal_is_empty(&g->journal))
        err = files_log_sync_system(&g->journal.file);
    if (!err)
        err = journal_settle(&g->journal);
    g->has_unnamed = g->has_unnamed && err;
    return err ? git_backend_fail_files(g, err, "cannot settle the journal") : ERR_OK;
}

bool git_backend_settling_begin(struct git_backend *g, struct git_backend_settling *settling)
{
    *settling = (struct git_backend_settling){.handle = -1, .mark = g->journal.sum};
    if (!journal_is_empty(&g->journal))
        settling->handle = files_log_handle(&g->journal.file);
    return settling->handle >= 0;
}

enum err git_backend_settling_run(const struct git_backend_settling *settling)
{
    return files_handle_sync_system(settling->handle);
}

enum err git_backend_settling_end(struct git_backend *g, struct git_backend_settling *settling, enum err err)
{
    files_handle_close(settling->handle);
    settling->handle = -1;
    if (g && !err && !journal_is_empty(&g->journal) && memcmp(settling->mark.at, g->journal.sum.at, SHA1_LEN) == 0)
        err = journal_empty(&g->journal);
    return err && g ? git_backend_fail_files(g, err, "cannot settle the journal") : err;
}

/* ---- ends ---- */

/* What was not done for lack of room must not be done later: what came before it is settled, and it is forgotten. */
static enum err give_up(struct git_backend *g, enum err err)
{
    char reason[sizeof g->reason];

    memcpy(reason, g->reason, sizeof reason);
    if (git_backend_settle(g))
        return ERR_IO;
    memcpy(g->reason, reason, sizeof reason);
    return err;
}

enum err git_backend_live_end(struct git_backend *g)
{
    enum err err = buffer_error(&g->record);

    if (err)
        return git_backend_fail(g, err, "cannot gather an object", err_text(err));
    if (g->record.len == 0)
        return ERR_OK;
    if (g->journal.file.len + g->record.len > FILL && (err = git_backend_settle(g)))
        return err;
    err = journal_add(&g->journal, buffer_bytes(&g->record));
    if (err)
        return git_backend_fail_files(g, err, "cannot write the journal");
    err = do_record(g, buffer_bytes(&g->record));
    return err && err != ERR_IO ? give_up(g, err) : err;
}

enum err git_backend_live_open(struct git_backend *g)
{
    char path[FILES_PATH_SIZE];
    enum err err = files_join(path, g->path, JOURNAL);

    if (!err)
        err = journal_open(&g->journal, path);
    if (err)
        return git_backend_fail_files(g, err, "cannot open the journal");
    err = journal_each(&g->journal, do_record, g);
    if (!err && !journal_is_empty(&g->journal))
        err = files_log_sync_system(&g->journal.file);
    /* What counts for nothing goes too. */
    if (!err && !(err = journal_empty(&g->journal)))
        err = journal_settle(&g->journal);
    return err ? git_backend_fail_files(g, err, "cannot settle the journal") : ERR_OK;
}

void git_backend_live_close(struct git_backend *g)
{
    journal_close(&g->journal);
}
