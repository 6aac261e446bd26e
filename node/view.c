/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/view.h"

#include <stdlib.h>

static enum err take_revision(void *context, const struct index_revision *revision)
{
    struct view *v = context;

    v->total = revision->revisions;
    if (v->count < VIEW_REVISIONS)
        v->revisions[v->count++] = (struct view_revision){.id = revision->revision,
                                                          .log = revision->log,
                                                          .kibbutz = revision->kibbutz,
                                                          .seq = revision->seq,
                                                          .clock = revision->clock,
                                                          .audience = revision->audience,
                                                          .state = revision->state};
    return ERR_OK;
}

const struct view_revision *view_newest(const struct view *v)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->revisions[i].state != INDEX_VOID)
            return &v->revisions[i];
    return &v->revisions[0];
}

static const struct view_revision *find_revision(const struct view *v, const struct id *id)
{
    for (size_t i = 0; i < v->count; i++)
        if (id_equal(&v->revisions[i].id, id))
            return &v->revisions[i];
    return NULL;
}

/* Reads the content; what is missing or damaged on disk is simply not here. */
static enum err read_content(struct view *v)
{
    const struct content_file *file;
    enum err err = archive_read_content(site_archive(v->site), &v->shown->log, v->shown->seq, &v->packed);

    if (err == ERR_OK)
        err = content_open(buffer_bytes(&v->packed), v->content);
    if (err != ERR_OK && err != ERR_MISSING && err != ERR_AUTH && err != ERR_FORMAT)
        return err;
    file = err == ERR_OK ? content_find(v->content, CONTENT_DOCUMENT) : NULL;
    v->here = err == ERR_OK;
    return document_read(file != NULL ? file->bytes : bytes_text(""), &v->text);
}

static enum err fill(struct view *v, const struct id *revision)
{
    struct index_entry entry;
    enum err err = index_each_revision(site_index(v->site), &v->document, take_revision, v);

    if (err != ERR_OK)
        return err;
    if (v->count == 0)
        return ERR_MISSING;
    v->shown = revision == NULL ? view_newest(v) : find_revision(v, revision);
    if (v->shown == NULL)
        return ERR_MISSING;
    if ((err = index_find_id(site_index(v->site), &v->shown->id, &entry)) != ERR_OK)
        return err;
    v->role = entry.role;
    v->commit = entry.commit;
    return read_content(v);
}

enum err view_open(struct site *site, const struct id *document, const struct id *revision, struct view **view)
{
    struct view *v = calloc(1, sizeof *v);
    enum err err = ERR_MEMORY;

    *view = v;
    if (v == NULL)
        return ERR_MEMORY;
    v->site = site;
    v->document = *document;
    v->packed = BUFFER(LIMIT_BUNDLE);
    if ((v->content = calloc(1, sizeof *v->content)) != NULL)
        err = fill(v, revision);
    return err;
}

void view_close(struct view *v)
{
    if (v == NULL)
        return;
    document_free(v->text);
    free(v->content);
    buffer_free(&v->packed);
    free(v);
}
