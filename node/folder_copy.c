/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/folder_copy.h"

#include "node/date.h"
#include "node/safe_name.h"
#include "node/view.h"

#include <stdio.h>
#include <string.h>

#define PATH_SIZE (5 * SAFE_NAME_SIZE + 64)
#define CLAIMS                                                                                                         \
    COPY_TARGET_ASIDE "claims" /* Here names stand as Windows would compare them, while the folders are made. */
#define SAME_NAME_MAX 100000
#define REST                                                                                                           \
    256 /* After so many documents, what the index has at hand of them is given back: it would grow with the archive. */

struct writing {
    struct folder_copy *copy;
    folder_copy_progress_fn *progress;
    void *context;
    uint64_t total;
};

static enum err join(char path[PATH_SIZE], const char *directory, const char *name, const char *ending)
{
    int len = snprintf(path, PATH_SIZE, "%s/%s%s", directory, name, ending);

    return len < 0 || len >= PATH_SIZE ? ERR_LIMIT : ERR_OK;
}

/* "Title", "Title (2)" ...: the first in that directory that nothing else has, whatever its case. */
static enum err claim_name(const struct copy_target *target, const char *directory, const char *ending,
                           char name[SAFE_NAME_SIZE + 16])
{
    char given[SAFE_NAME_SIZE + 16], path[PATH_SIZE], folded[PATH_SIZE], claim[64], digits[ID_TEXT_LEN + 1];
    struct id id;
    enum err err = ERR_EXISTS;

    snprintf(given, sizeof given, "%s", name);
    for (unsigned i = 1; err == ERR_EXISTS && i < SAME_NAME_MAX; i++) {
        if (i > 1 && snprintf(name, SAFE_NAME_SIZE + 16, "%.*s (%u)", SAFE_NAME_SIZE - 1, given, i) < 0)
            return ERR_LIMIT;
        safe_name_fold(name, folded);
        if (join(path, directory, folded, ending) != ERR_OK)
            return ERR_LIMIT;
        id = id_hash(ID_BLOB, bytes_text(path));
        id_to_text(&id, digits);
        snprintf(claim, sizeof claim, CLAIMS "/%.2s/%.30s", digits, digits + 2);
        err = copy_target_claim(target, claim);
    }
    return err;
}

static enum err write_file(struct folder_copy *copy, const struct content_file *file, const char *path)
{
    uint64_t chunks = (file->size + LIMIT_CHUNK - 1) / LIMIT_CHUNK;
    struct buffer chunk = BUFFER(LIMIT_CHUNK);
    enum err err = copy_target_claim(copy->target, path);

    for (uint64_t i = 0; !err && i < chunks; i++) {
        buffer_clear(&chunk);
        err = archive_read_chunk(site_archive(copy->site), &file->digest, file->size, (size_t)i, &chunk);
        if (!err)
            err = copy_target_append(copy->target, path, buffer_bytes(&chunk));
    }
    buffer_free(&chunk);
    return err;
}

static enum err write_attachment(struct folder_copy *copy, const struct content_file *file, const char *directory)
{
    char name[SAFE_NAME_SIZE + 16], path[PATH_SIZE];
    enum err err;

    if (!archive_has_file(site_archive(copy->site), &file->digest)) {
        copy->missing++;
        return ERR_OK;
    }
    safe_name_of_file(file->name, "file", name);
    if ((err = claim_name(copy->target, directory, "", name)) != ERR_OK)
        return err;
    if ((err = join(path, directory, name, "")) != ERR_OK)
        return err;
    copy->attachments++;
    return write_file(copy, file, path);
}

/* KIBBUTZ/BODY/YEAR */
static void write_directory(const struct folder_copy *copy, const struct view *v, char path[PATH_SIZE])
{
    char kibbutz[SAFE_NAME_SIZE], body[SAFE_NAME_SIZE], year[16] = "";
    const struct front_matter *front = &v->text->front;
    struct date date;

    safe_name(site_kibbutz_name(copy->site, &view_main(v)->kibbutz), "kibbutz", kibbutz);
    safe_name(front->body, reader_text(copy->language, SAY("Without a body")), body);
    if (date_parse(front->date, &date) || date_from_ms(ENTRY_CLOCK_MS(v->shown->clock), &date))
        snprintf(year, sizeof year, "/%u", date.year);
    snprintf(path, PATH_SIZE, "%s/%s%s", kibbutz, body, year);
}

static enum err write_document(struct folder_copy *copy, const struct view *v)
{
    const struct content_file *text = content_text(v->content);
    char directory[PATH_SIZE], name[SAFE_NAME_SIZE + 16], path[PATH_SIZE];
    bool has_files = v->content->count > 1;
    enum err err;

    write_directory(copy, v, directory);
    safe_name(v->text->front.title, reader_text(copy->language, SAY("A document without a title")), name);
    if ((err = claim_name(copy->target, directory, has_files ? "" : ".md", name)) != ERR_OK)
        return err;
    if (has_files && (err = join(path, directory, name, "")) == ERR_OK) {
        memcpy(directory, path, sizeof directory);
        err = claim_name(copy->target, directory, ".md", name);
    }
    if (!err)
        err = join(path, directory, name, ".md");
    if (!err && (err = copy_target_claim(copy->target, path)) == ERR_OK && text != NULL)
        err = copy_target_append(copy->target, path, text->bytes);
    for (size_t i = 0; !err && i < v->content->count; i++)
        if (&v->content->files[i] != text)
            err = write_attachment(copy, &v->content->files[i], directory);
    copy->documents++;
    return err;
}

static enum err take(void *context, const struct index_revision *revision)
{
    struct writing *w = context;
    struct view *view = NULL;
    enum err err = ERR_OK;

    if (revision->judged.erased)
        return ERR_OK;
    if ((err = view_open(w->copy->site, &revision->document, NULL, &view)) == ERR_OK) {
        if (view->here)
            err = write_document(w->copy, view);
        else
            w->copy->missing++;
    }
    view_close(view);
    if ((w->copy->documents + w->copy->missing) % REST == 0)
        index_rest(site_index(w->copy->site));
    if (w->progress != NULL)
        w->progress(w->context, w->copy->documents + w->copy->missing, w->total);
    return err;
}

enum err folder_copy_write(struct folder_copy *copy, folder_copy_progress_fn *progress, void *context)
{
    struct writing w = {.copy = copy, .progress = progress, .context = context};
    const struct index_filter all = {.with_void = true};
    struct index_counts counts;
    enum err err = site_refresh(copy->site);

    if (!err && (err = index_count(site_index(copy->site), &counts)) == ERR_OK) {
        w.total = counts.documents;
        err = index_each_document(site_index(copy->site), &all, take, &w);
    }
    return err;
}
