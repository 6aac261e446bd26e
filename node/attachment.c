/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/attachment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "node/command.h"
#include "node/control.h"
#include "node/i18n.h"
#include "node/output.h"
#include "node/reserve.h"
#include "proto/content.h"
#include "proto/text.h"

static enum err refuse_unreadable(const char *path, enum err err)
{
    if (err == ERR_MEMORY)
        return err;
    output_error("%s: %s", path, errno != 0 ? strerror(errno) : err_text(err));
    output_hint(_("see whether the path is right, and whether you may read the file"));
    return ERR_FORMAT;
}

static enum err look_at(const char *path, struct attachment *attachment)
{
    const char *slash = strrchr(path, '/');
    struct stat facts;

    *attachment = (struct attachment){.path = path, .name = bytes_text(slash != NULL ? slash + 1 : path)};
    if (!text_is_file_name(attachment->name) || bytes_equal(attachment->name, bytes_text(CONTENT_DOCUMENT))) {
        output_error(_("%s: an attachment cannot have this name"), path);
        output_hint(_("rename the file: UTF-8, at most 255 bytes, without control characters, and not document.md"));
        return ERR_FORMAT;
    }
    errno = 0;
    if (stat(path, &facts) != 0)
        return refuse_unreadable(path, ERR_IO);
    if (!S_ISREG(facts.st_mode)) {
        output_error(_("%s: it is not a file"), path);
        output_hint(_("name a file; a folder of documents is published by 'igum publish FOLDER'"));
        return ERR_FORMAT;
    }
    attachment->size = (uint64_t)facts.st_size;
    if (attachment->size > LIMIT_FILE) {
        output_error(_("%s: it is larger than %zu MiB, the limit of an attachment"), path, LIMIT_FILE / MIB(1));
        output_hint(_("make it smaller, or divide it into several files"));
        return ERR_FORMAT;
    }
    return ERR_OK;
}

/* Reads one chunk; a file that has changed its length meanwhile fails by it. */
static enum err read_chunk(const struct attachment *attachment, size_t index, struct buffer *chunk)
{
    size_t size = file_chunk_size(attachment->size, index);

    buffer_clear(chunk);
    errno = 0;
    enum err err = files_read_part(attachment->path, (uint64_t)index * LIMIT_CHUNK, size, chunk);
    return err ? err : chunk->len == size ? ERR_OK : ERR_IO;
}

enum err attachment_measure(const char *path, struct attachment *attachment)
{
    struct buffer chunk = BUFFER(LIMIT_CHUNK);
    enum err err = look_at(path, attachment);
    struct id hash = {{0}};

    if (err)
        return err;
    for (size_t i = 0; !err && i < file_chunks(attachment->size); i++) {
        if ((err = read_chunk(attachment, i, &chunk)))
            break;
        hash = id_hash(ID_BLOB, buffer_bytes(&chunk));
        if (attachment->size > LIMIT_CHUNK) {
            memcpy(attachment->list + attachment->list_len, hash.at, ID_LEN);
            attachment->list_len += ID_LEN;
        }
    }
    attachment->digest = attachment->size > LIMIT_CHUNK
                             ? file_digest(attachment->size, bytes_of(attachment->list, attachment->list_len))
                             : hash;
    buffer_free(&chunk);
    return err ? refuse_unreadable(path, err) : ERR_OK;
}

/* ---- handing over ---- */

static enum err find_state(struct office *o, const struct attachment *attachment, struct file_state *state)
{
    archive_file_state(o->archive, &attachment->digest, attachment->size, state);
    return state->whole || reserve_allows(o->home, attachment->size) ? ERR_OK : ERR_FULL;
}

static enum err hand_over(struct office *o, const struct file_chunk *chunk, char reason[CONTROL_REASON])
{
    enum err err, outcome = ERR_OK;
    bool whole;

    reason[0] = '\0';
    if (o->node_runs) {
        err = control_chunk(o->home, chunk, &outcome, reason);
        return err ? err : outcome;
    }
    err = archive_add_chunk(o->archive, chunk, &whole);
    if (err)
        snprintf(reason, CONTROL_REASON, "%.200s", archive_reason(o->archive));
    return err;
}

static int fail(const struct attachment *attachment, enum err err, const char *reason)
{
    if (err == ERR_FULL) {
        output_error(_("%s: there is no room for it on the disk, which keeps a reserve for what is signed"),
                     attachment->path);
        output_hint(_("make room, or publish the document without this attachment"));
        return COMMAND_FAILED;
    }
    if (err == ERR_AUTH) {
        output_error(_("%s: the file changed while it was read"), attachment->path);
        output_hint(_("publish again when nobody writes to it"));
        return COMMAND_FAILED;
    }
    return office_fail(err, _("the attachment could not be stored"), reason);
}

int attachment_store(struct office *o, const struct attachment *attachment)
{
    const struct bytes list = bytes_of(attachment->list, attachment->list_len);
    struct file_chunk part = {.digest = attachment->digest, .size = attachment->size, .list = list};
    struct buffer chunk = BUFFER(LIMIT_CHUNK);
    struct output_progress progress;
    struct file_state state;
    char reason[CONTROL_REASON] = "";
    size_t count = file_chunks(attachment->size);
    enum err err = find_state(o, attachment, &state);

    output_progress_begin(&progress, _("storing the attachment"));
    for (size_t i = 0; !err && i < count; i++) {
        if (file_state_has(&state, i))
            continue;
        if ((err = read_chunk(attachment, i, &chunk)))
            break;
        part.index = i;
        part.bytes = buffer_bytes(&chunk);
        part.settle = i + 1 == count;
        err = file_chunk_is(&part.digest, part.size, list, i, part.bytes) ? hand_over(o, &part, reason) : ERR_AUTH;
        output_progress(&progress, i + 1, count);
    }
    output_progress_end(&progress);
    buffer_free(&chunk);
    return err ? fail(attachment, err, reason) : COMMAND_OK;
}
