/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/view.h"

#include <stdio.h>
#include <stdlib.h>

static enum err take_revision(void *context, const struct index_revision *revision)
{
    struct view *v = context;

    v->total = revision->revisions;
    v->judged = revision->judged;
    if (v->count < VIEW_REVISIONS)
        v->revisions[v->count++] = (struct view_revision){.id = revision->revision,
                                                          .log = revision->log,
                                                          .kibbutz = revision->kibbutz,
                                                          .seq = revision->seq,
                                                          .clock = revision->clock,
                                                          .audience = revision->audience,
                                                          .verdict = revision->verdict};
    return ERR_OK;
}

static const struct view_revision *find_revision(const struct view *v, const struct id *id)
{
    for (size_t i = 0; i < v->count; i++)
        if (id_equal(&v->revisions[i].id, id))
            return &v->revisions[i];
    return NULL;
}

const struct view_revision *view_main(const struct view *v)
{
    const struct view_revision *main = find_revision(v, &v->judged.revision);

    return main != NULL ? main : &v->revisions[0];
}

const struct view_revision *view_first(const struct view *v)
{
    return find_revision(v, &v->document);
}

/* ---- what ended it ---- */

static enum err take_title(void *context, const struct index_revision *revision)
{
    struct view_ending *ending = context;

    if (id_equal(&revision->revision, &revision->judged.revision))
        snprintf(ending->title, sizeof ending->title, "%.*s", (int)revision->title.len,
                 revision->title.len > 0 ? (const char *)revision->title.at : "");
    return ERR_OK;
}

static void read_reason(struct archive *archive, struct view_ending *ending)
{
    struct id network = archive_network(archive);
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct bytes reason;
    struct entry entry;

    if (archive_read_entry_of(archive, &ending->entry.entry, &wire) == ERR_OK &&
        entry_decode(buffer_bytes(&wire), &network, &entry) == ERR_OK &&
        act_value(entry.body, ACT_REASON, 0, &reason) == ERR_OK)
        snprintf(ending->reason, sizeof ending->reason, "%.*s", (int)reason.len, (const char *)reason.at);
    buffer_free(&wire);
}

static enum err read_ending(struct view *v)
{
    struct view_ending *ending = &v->ending;
    enum err err;

    if (id_is_zero(&v->judged.ended_by))
        return ERR_OK;
    err = index_find_id(site_index(v->site), &v->judged.ended_by, &ending->entry);
    if (err != ERR_OK)
        return err == ERR_MISSING ? ERR_OK : err;
    ending->is_known = true;
    if (ending->entry.act == ACT_PUBLISH)
        return index_each_revision(site_index(v->site), &v->judged.ended_by, take_title, ending);
    read_reason(site_archive(v->site), ending);
    return ERR_OK;
}

/* Reads the content; what is missing or damaged on disk is simply not here. */
static enum err read_content(struct view *v)
{
    const struct content_file *file;
    enum err err = archive_read_content_of(site_archive(v->site), &v->shown->id, &v->packed);

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
    v->shown = revision == NULL ? view_main(v) : find_revision(v, revision);
    if (v->shown == NULL)
        return ERR_MISSING;
    if ((err = index_find_id(site_index(v->site), &v->shown->id, &entry)) != ERR_OK)
        return err;
    v->role = entry.role;
    v->commit = entry.commit;
    if ((err = read_ending(v)) != ERR_OK)
        return err;
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
