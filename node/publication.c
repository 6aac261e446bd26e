/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/publication.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "node/attachment.h"
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

void publication_tell_holders(struct office *o, enum act_audience audience, const struct id *kibbutz)
{
    if (audience == ACT_FOR_KIBBUTZ)
        output_note(_("for %s alone: only its own offices will hold this text"), office_kibbutz_name(o, kibbutz));
    else if (audience == ACT_FOR_NETWORK)
        output_note(_("for the network: every office of the %zu kibbutzim will hold this text for ever, also offices "
                      "that leave later"),
                    office_present_kibbutzim(o));
    else
        output_note(_("for everybody: every office will hold this text for ever, and may give it to anyone"));
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
    output_error(_("%s: it is larger than %zu bytes, the limit of a document"), path, limit);
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
    size_t count;
    struct buffer kept; /* The content whose attachments go on; their names are lent from it. */
    struct content content;
    struct attachment *attachments;
    size_t attachment_count;
};

static void packing_free(struct packing *packing)
{
    if (packing == NULL)
        return;
    buffer_free(&packing->kept);
    free(packing->attachments);
    free(packing);
}

static bool has_file(const struct packing *packing, struct bytes name)
{
    for (size_t i = 0; i < packing->count; i++)
        if (bytes_equal(packing->files[i].name, name))
            return true;
    return false;
}

static enum err add_file(struct packing *packing, const char *path, const struct content_file *file)
{
    if (packing->count == LIMIT_FILES) {
        output_error(_("%s: more than %d attachments"), path, LIMIT_FILES - 1);
        output_hint(_("make it smaller, or divide it into several documents"));
        return ERR_FORMAT;
    }
    packing->files[packing->count++] = *file;
    return ERR_OK;
}

static enum err add_attachments(struct packing *packing, const char *path, const struct arguments_list *attach)
{
    enum err err = ERR_OK;

    packing->attachments = calloc(attach->count + 1, sizeof *packing->attachments);
    if (packing->attachments == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; !err && i < attach->count; i++) {
        struct attachment *attachment = &packing->attachments[i];

        if ((err = attachment_measure(attach->items[i], attachment)))
            break;
        if (has_file(packing, attachment->name)) {
            output_error(_("%s: another attachment has the same name"), attach->items[i]);
            output_hint(_("rename one of the two files"));
            return ERR_FORMAT;
        }
        packing->attachment_count++;
        err = add_file(
            packing, path,
            &(struct content_file){.name = attachment->name, .size = attachment->size, .digest = attachment->digest});
    }
    return err;
}

static bool is_listed(const struct arguments_list *list, struct bytes name)
{
    for (size_t i = 0; i < list->count; i++)
        if (bytes_equal(bytes_text(list->items[i]), name))
            return true;
    return false;
}

/* What the revision before had goes on, by its digest, but for what has a new file of its name or is left out. */
static enum err keep_attachments(struct office *o, struct packing *packing, const char *path,
                                 const struct publication_options *options)
{
    enum err err = archive_read_content_of(o->archive, options->keep, &packing->kept);

    if (!err)
        err = content_open(buffer_bytes(&packing->kept), &packing->content);
    if (err == ERR_MISSING || err == ERR_AUTH || err == ERR_FORMAT) {
        output_note(_("note: the text before this one is not here, so its attachments, if it has any, are left out"));
        return ERR_OK;
    }
    for (size_t i = 0; !err && i < packing->content.count; i++) {
        const struct content_file *file = &packing->content.files[i];

        if (!bytes_equal(file->name, bytes_text(CONTENT_DOCUMENT)) && !has_file(packing, file->name) &&
            !is_listed(&options->detach, file->name))
            err = add_file(packing, path, file);
    }
    return err;
}

static enum err store_all(struct office *o, const struct packing *packing)
{
    int code = COMMAND_OK;

    for (size_t i = 0; code == COMMAND_OK && i < packing->attachment_count; i++)
        code = attachment_store(o, &packing->attachments[i]);
    return code == COMMAND_OK ? ERR_OK : ERR_FORMAT; /* It was told. */
}

static enum err pack(struct office *o, const char *path, struct bytes document,
                     const struct publication_options *options, struct packing *packing, struct buffer *packed,
                     struct id *id)
{
    const struct content_file text = {.name = bytes_text(CONTENT_DOCUMENT), .bytes = document};
    uint8_t salt[CONTENT_SALT_LEN];
    enum err err = add_file(packing, path, &text);

    packing->kept = BUFFER(LIMIT_BUNDLE);
    if (!err)
        err = add_attachments(packing, path, &options->attach);
    if (!err && options->keep != NULL)
        err = keep_attachments(o, packing, path, options);
    if (err)
        return err;
    host_random(salt, sizeof salt);
    err = content_pack(packing->files, packing->count, salt, packed, id);
    return err == ERR_LIMIT ? refuse_size(path, LIMIT_CONTENT) : err;
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

static enum err take_kibbutz(void *context, const struct index_revision *revision)
{
    if (id_equal(&revision->revision, &revision->document))
        *(struct id *)context = revision->kibbutz;
    return ERR_OK;
}

static bool looks_like_id(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++)
        if (strchr("0123456789abcdefABCDEF", name.at[i]) == NULL)
            return false;
    return name.len >= INDEX_PREFIX_MIN && name.len <= ID_TEXT_LEN;
}

static enum err refuse_superseded(struct office *o, const char *path, const char *name, enum err err,
                                  const struct id *kibbutz)
{
    if (kibbutz != NULL) {
        output_error(_("%s: it supersedes '%s', which is a document of %s"), path, name,
                     office_kibbutz_name(o, kibbutz));
        output_hint(_("only a document of the own kibbutz is superseded: leave this one out, or name it in the text"));
    } else if (err == ERR_EXISTS) {
        output_error(_("%s: it supersedes '%s', and several documents begin so"), path, name);
        output_hint(_("give more digits of the id; 'igum list' shows them"));
    } else {
        output_error(_("%s: it supersedes '%s', which is no document here"), path, name);
        output_hint(_("'igum list' shows the ids; if it is published elsewhere, 'igum sync' fetches it"));
    }
    return ERR_FORMAT;
}

/*
 * The document that a line of front matter names: by its id, or by the first digits of one.  Other words, such as the number
 * of a decision on paper, are for people: nothing follows from them, and that is said.
 */
static enum err find_superseded(struct office *o, const char *path, const struct id *own, struct bytes name,
                                struct superseded *superseded)
{
    const char *text = (const char *)name.at; /* It ends in NUL. */
    struct id *id = &superseded->ids[superseded->count], kibbutz = {0};
    enum err err;

    if (!looks_like_id(name)) {
        output_note(_("note: %s supersedes '%s', which is no id: people will read it, nothing follows from it"), path,
                    text);
        return ERR_OK;
    }
    if (o->index == NULL && office_open_index(o) != COMMAND_OK)
        return ERR_FORMAT;
    if ((err = index_find_document(o->index, text, id)) != ERR_OK)
        return refuse_superseded(o, path, text, err, NULL);
    if ((err = index_each_revision(o->index, id, take_kibbutz, &kibbutz)) != ERR_OK)
        return err;
    if (!id_equal(&kibbutz, own))
        return refuse_superseded(o, path, text, ERR_OK, &kibbutz);
    superseded->count++;
    return ERR_OK;
}

static enum err find_all_superseded(struct office *o, const char *path, const struct id *own,
                                    const struct front_matter_list *names, struct superseded *superseded)
{
    size_t kept = 0;
    enum err err = ERR_OK;

    if (names->count > LIMIT_SUPERSEDES) {
        output_error(_("%s: it supersedes more than %d documents"), path, LIMIT_SUPERSEDES);
        output_hint(_("make it smaller, or divide it into several documents"));
        return ERR_FORMAT;
    }
    for (size_t i = 0; !err && i < names->count; i++)
        err = find_superseded(o, path, own, names->items[i], superseded);
    qsort(superseded->ids, superseded->count, sizeof superseded->ids[0], compare_ids);
    for (size_t i = 0; i < superseded->count; i++)
        if (i == 0 || !id_equal(&superseded->ids[i], &superseded->ids[i - 1]))
            superseded->ids[kept++] = superseded->ids[i];
    superseded->count = kept;
    return err;
}

/* How many approvals, and whose: what the front matter asks for, as far as it may. */
static enum err choose_need(const char *path, const struct publication_options *options,
                            const struct front_matter *front, uint64_t *need, bool *own)
{
    *need = front->approvals > 0 ? front->approvals : 1;
    *own = options->follows ? options->counts_own : front->approvals_are_own || options->audience == ACT_FOR_KIBBUTZ;
    if (options->follows && *need < options->least_need) {
        if (front->approvals > 0)
            output_note(_("note: %s asks for %" PRIu64 " approvals, and what it follows for %" PRIu64
                          ": a revision never needs fewer"),
                        path, front->approvals, options->least_need);
        *need = options->least_need;
    }
    if (*need > 1 && front->approvals > 0 && *own != front->approvals_are_own)
        output_note(*own ? _("note: %s: approvals of the own kibbutz are counted")
                         : _("note: %s: approvals of different kibbutzim are counted, as in the revision before"),
                    path);
    if (*own || options->audience != ACT_FOR_KIBBUTZ || *need == 1)
        return ERR_OK;
    output_error(_("%s: it needs %" PRIu64 " kibbutzim to approve, and only one may read it"), path, *need);
    output_hint(_("publish it as a document of its own: 'igum publish --audience kibbutz'"));
    return ERR_FORMAT;
}

static enum err write_terms(struct office *o, const char *path, const struct publication_options *options,
                            const struct id *content, const struct front_matter *front, struct buffer *terms)
{
    struct superseded superseded = {.count = 0};
    uint64_t need;
    bool own;
    enum err err = choose_need(path, options, front, &need, &own);

    if (!err)
        err = find_all_superseded(o, path, &options->kibbutz, &front->supersedes, &superseded);
    if (err)
        return err;
    act_write_text(terms, ACT_AUDIENCE, act_audience_name(options->audience));
    act_write_id(terms, ACT_CONTENT, content);
    act_write_number(terms, ACT_NEED, need);
    act_write_text(terms, ACT_COUNT, own ? "own" : "kibbutzim");
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
    struct packing *packing = calloc(1, sizeof *packing);
    struct document *document = NULL;
    struct id content;
    enum err err;

    *publication = (struct publication){.packed = BUFFER(LIMIT_BUNDLE), .terms = BUFFER(LIMIT_ENTRY_BODY)};
    if ((err = packing == NULL ? ERR_MEMORY : ERR_OK) || (err = read_document(path, options, &file, &document)) ||
        (err = pack(o, path, buffer_bytes(&file), options, packing, &publication->packed, &content)) ||
        (err = write_terms(o, path, options, &content, &document->front, &publication->terms)) ||
        (err = store_all(o, packing)))
        goto out;
    copy_title(document, publication);
out:
    document_free(document);
    packing_free(packing);
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
