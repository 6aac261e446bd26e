/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/publication.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "node/command.h"
#include "node/host.h"
#include "node/output.h"
#include "node/i18n.h"
#include "proto/content.h"
#include "proto/text.h"

bool publication_read_audience(const char *name, enum act_audience *audience)
{
    *audience = ACT_FOR_NETWORK;
    if (name == NULL || !act_audience_from_name(bytes_text(name), audience))
        return true;
    output_error(_("there is no audience '%s'"), name);
    output_hint(_("kibbutz: only the nodes of the own kibbutz; network: all nodes; public: everybody"));
    return false;
}

bool publication_check_options(const struct publication_options *options)
{
    enum document_kind kind;

    if (options->kind != NULL && document_kind_from_name(bytes_text(options->kind), &kind)) {
        output_error(_("there is no kind of document '%s'"), options->kind);
        output_hint(_("the kinds are minutes, decision, knowledge and notice"));
        return false;
    }
    if (options->title != NULL && !text_is_line(bytes_text(options->title), FRONT_MATTER_LINE_MAX)) {
        output_error(_("the title must be one line of at most %d bytes, without control characters"),
                     FRONT_MATTER_LINE_MAX);
        return false;
    }
    return true;
}

/* ---- reading ---- */

static enum err refuse_size(const char *path, size_t limit)
{
    output_error(_("%s: it is larger than %zu bytes, the limit of a document with its attachments"), path, limit);
    output_hint(_("make it smaller, or divide it into several documents"));
    return ERR_FORMAT;
}

static enum err read_file(const char *path, size_t limit, struct buffer *out)
{
    struct stat facts;
    enum err err;

    errno = 0;
    if (stat(path, &facts) != 0) {
        output_error("%s: %s", path, strerror(errno));
        output_hint(_("see whether the path is right, and whether you may read the file"));
        return ERR_FORMAT;
    }
    if (!S_ISREG(facts.st_mode)) {
        output_error(_("%s: it is not a file"), path);
        output_hint(_("name a file; a folder of documents is published by 'igum publish FOLDER'"));
        return ERR_FORMAT;
    }
    err = files_read(path, limit, out);
    if (err == ERR_LIMIT)
        return refuse_size(path, limit);
    if (!err || err == ERR_MEMORY)
        return err;
    output_error("%s: %s", path, errno != 0 ? strerror(errno) : err_text(err));
    output_hint(_("see whether the path is right, and whether you may read the file"));
    return ERR_FORMAT;
}

static bool is_markdown(const char *path)
{
    const char *ending = strrchr(path, '.');

    return ending != NULL && (strcasecmp(ending, ".md") == 0 || strcasecmp(ending, ".markdown") == 0);
}

/* Puts one line into the front matter of the text in `file`. */
static enum err set_line(struct buffer *file, const char *name, const char *value)
{
    struct buffer changed = BUFFER(LIMIT_BUNDLE);
    enum err err = value == NULL ? ERR_OK : document_set(buffer_bytes(file), name, bytes_text(value), &changed);

    if (value != NULL && !err) {
        buffer_free(file);
        *file = changed;
    } else
        buffer_free(&changed);
    return err;
}

static enum err refuse(const char *path, enum err err, const struct document_reason *reason)
{
    if (err == ERR_MEMORY)
        return err;
    output_error("%s: %s", path, reason->text[0] != '\0' ? reason->text : err_text(err));
    output_hint(_("correct the file and publish it again: nothing of it was published"));
    return ERR_FORMAT;
}

/* Reads the file as the document.md that is published. */
static enum err read_document(const char *path, const struct publication_options *options, struct buffer *file,
                              struct document **document)
{
    struct document_reason reason = {""};
    struct buffer text = BUFFER(LIMIT_BUNDLE);
    enum err err = read_file(path, DOCUMENT_SIZE_MAX, is_markdown(path) ? file : &text);

    if (!err && !is_markdown(path) && (err = document_from_text(buffer_bytes(&text), file, &reason)))
        err = refuse(path, err, &reason);
    buffer_free(&text);
    if (err)
        return err;
    if ((err = set_line(file, "kind", options->kind)) || (err = set_line(file, "title", options->title)) ||
        (err = document_check(buffer_bytes(file), document, &reason)))
        return refuse(path, err, &reason);
    return ERR_OK;
}

/* ---- packing ---- */

struct packing {
    struct content_file files[LIMIT_FILES];
    struct buffer bytes[LIMIT_FILES]; /* What the files lend from. */
    size_t count;
};

static void packing_free(struct packing *packing)
{
    if (packing == NULL)
        return;
    for (size_t i = 0; i < packing->count; i++)
        buffer_free(&packing->bytes[i]);
    free(packing);
}

static enum err add_attachment(struct packing *packing, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    struct buffer *bytes = &packing->bytes[packing->count];
    enum err err;

    if (!text_is_file_name(bytes_text(name)) || strcmp(name, CONTENT_DOCUMENT) == 0) {
        output_error(_("%s: an attachment cannot have this name"), path);
        output_hint(_("rename the file: UTF-8, at most 255 bytes, without control characters, and not document.md"));
        return ERR_FORMAT;
    }
    for (size_t i = 0; i < packing->count; i++)
        if (bytes_equal(packing->files[i].name, bytes_text(name))) {
            output_error(_("%s: another attachment has the same name"), path);
            output_hint(_("rename one of the two files"));
            return ERR_FORMAT;
        }
    *bytes = BUFFER(LIMIT_BUNDLE);
    if ((err = read_file(path, LIMIT_CONTENT, bytes))) {
        buffer_free(bytes);
        return err;
    }
    packing->files[packing->count++] = (struct content_file){.name = bytes_text(name), .bytes = buffer_bytes(bytes)};
    return ERR_OK;
}

static enum err pack(const char *path, struct bytes document, const struct arguments_list *attach,
                     struct buffer *packed, struct id *id)
{
    struct packing *packing = calloc(1, sizeof *packing);
    uint8_t salt[CONTENT_SALT_LEN];
    enum err err = packing == NULL ? ERR_MEMORY : ERR_OK;

    if (err)
        return err;
    if (attach->count > LIMIT_FILES - 1) {
        output_error(_("%s: more than %d attachments"), path, LIMIT_FILES - 1);
        output_hint(_("make it smaller, or divide it into several documents"));
        err = ERR_FORMAT;
    }
    packing->files[packing->count++] = (struct content_file){.name = bytes_text(CONTENT_DOCUMENT), .bytes = document};
    for (size_t i = 0; !err && i < attach->count; i++)
        err = add_attachment(packing, attach->items[i]);
    if (!err) {
        host_random(salt, sizeof salt);
        err = content_pack(packing->files, packing->count, salt, packed, id);
        if (err == ERR_LIMIT)
            err = refuse_size(path, LIMIT_CONTENT);
    }
    packing_free(packing);
    return err;
}

/* ---- terms ---- */

struct superseded {
    struct id ids[LIMIT_SUPERSEDES];
    size_t count;
};

static int compare_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

/* The document that a line of front matter names: by its id, or by the first digits of one that is here. */
static bool find_superseded(struct office *o, struct bytes name, struct id *id)
{
    if (!id_from_text(name, id))
        return true;
    if (o->index == NULL && office_open_index(o) != COMMAND_OK)
        return false;
    return !index_find_document(o->index, (const char *)name.at, id); /* Its bytes end in NUL. */
}

static enum err find_all_superseded(struct office *o, const char *path, const struct front_matter_list *names,
                                    struct superseded *superseded)
{
    size_t kept = 0;

    if (names->count > LIMIT_SUPERSEDES) {
        output_error(_("%s: it supersedes more than %d documents"), path, LIMIT_SUPERSEDES);
        output_hint(_("make it smaller, or divide it into several documents"));
        return ERR_FORMAT;
    }
    for (size_t i = 0; i < names->count; i++)
        if (find_superseded(o, names->items[i], &superseded->ids[superseded->count]))
            superseded->count++;
        else
            output_note(
                _("note: %s supersedes '%s', which is no document here: people will read it, nothing follows from it"),
                path, (const char *)names->items[i].at);
    qsort(superseded->ids, superseded->count, sizeof superseded->ids[0], compare_ids);
    for (size_t i = 0; i < superseded->count; i++)
        if (i == 0 || !id_equal(&superseded->ids[i], &superseded->ids[i - 1]))
            superseded->ids[kept++] = superseded->ids[i];
    superseded->count = kept;
    return ERR_OK;
}

static enum err write_terms(struct office *o, const char *path, enum act_audience audience, const struct id *content,
                            const struct front_matter *front, struct buffer *terms)
{
    struct superseded superseded = {.count = 0};
    enum err err = find_all_superseded(o, path, &front->supersedes, &superseded);

    if (err)
        return err;
    act_write_text(terms, ACT_AUDIENCE, act_audience_name(audience));
    act_write_id(terms, ACT_CONTENT, content);
    act_write_number(terms, ACT_NEED, front->approvals > 0 ? front->approvals : 1);
    act_write_text(terms, ACT_COUNT, "kibbutzim");
    for (size_t i = 0; i < superseded.count; i++)
        act_write_id(terms, ACT_SUPERSEDES, &superseded.ids[i]);
    return buffer_error(terms);
}

static void copy_title(const struct document *document, struct publication *publication)
{
    size_t len = document->front.title.len;

    if (len > sizeof publication->title - 1)
        len = sizeof publication->title - 1;
    if (len > 0)
        memcpy(publication->title, document->front.title.at, len);
    publication->title[len] = '\0';
}

enum err publication_prepare(struct office *o, const char *path, const struct publication_options *options,
                             struct publication *publication)
{
    struct buffer file = BUFFER(LIMIT_BUNDLE);
    struct document *document = NULL;
    struct id content;
    enum err err;

    *publication = (struct publication){.packed = BUFFER(LIMIT_BUNDLE), .terms = BUFFER(LIMIT_ENTRY_BODY)};
    if ((err = read_document(path, options, &file, &document)) ||
        (err = pack(path, buffer_bytes(&file), &options->attach, &publication->packed, &content)) ||
        (err = write_terms(o, path, options->audience, &content, &document->front, &publication->terms)))
        goto out;
    copy_title(document, publication);
out:
    document_free(document);
    buffer_free(&file);
    if (err)
        publication_free(publication);
    return err == ERR_MEMORY ? ERR_MEMORY : err ? ERR_FORMAT : ERR_OK;
}

void publication_free(struct publication *publication)
{
    buffer_free(&publication->packed);
    buffer_free(&publication->terms);
}
