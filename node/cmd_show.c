/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/history.h"
#include "node/i18n.h"
#include "node/output.h"
#include "node/summary.h"
#include "proto/content.h"
#include "store/document.h"

struct showing {
    struct office *office;
    bool raw;
    struct id document;
    const char *wanted; /* The first digits of a revision; NULL: the one that counts. */
    int code;
    bool is_done;
};

static bool is_here(struct office *o, const struct content *content, size_t place)
{
    const struct content_file *file = &content->files[place];

    return file == content_text(content) || archive_has_file(o->archive, &file->digest);
}

static void print_json(struct office *o, const struct index_revision *revision, const struct content *content,
                       struct bytes text)
{
    struct output_json *json = output_json_object(), *files = output_json_list();

    for (size_t i = 0; i < content->count; i++) {
        struct output_json *file = output_json_object();

        output_json_bytes(file, "name", content->files[i].name);
        output_json_number(file, "size", content->files[i].size);
        output_json_bool(file, "here", is_here(o, content, i));
        output_json_add(files, file);
    }
    summary_write(o, revision, json);
    history_write(o, revision, json);
    output_json_put(json, "files", files);
    if (revision->judged.erased)
        output_json_null(json, "text");
    else
        output_json_bytes(json, "text", text);
    output_json_print(json);
}

static void print_words(struct office *o, const struct index_revision *revision, const struct content *content,
                        struct bytes text)
{
    char date[SUMMARY_DATE_LEN + 1];

    summary_date(revision, date);
    output_line("%.*s\n", (int)revision->title.len, revision->title.len > 0 ? (const char *)revision->title.at : "");
    output_line(_("%s, %s, %s; revision %" PRIu64 ", %s\n"), date, office_kibbutz_name(o, &revision->kibbutz),
                office_key_name(o, &revision->log), revision->revisions, _(summary_words(revision)));
    history_print(o, revision);
    for (size_t i = 0; i < content->count; i++)
        if (!bytes_equal(content->files[i].name, bytes_text(CONTENT_DOCUMENT)))
            output_line(is_here(o, content, i) ? _("attachment: %.*s (%" PRIu64 " bytes)\n")
                                               : _("attachment: %.*s (%" PRIu64 " bytes), still on its way\n"),
                        (int)content->files[i].name.len, (const char *)content->files[i].name.at,
                        content->files[i].size);
    output_line("\n");
    output_text(text);
    if (text.len > 0 && text.at[text.len - 1] != '\n')
        output_line("\n");
}

static int print(const struct showing *showing, const struct index_revision *revision, const struct content *content)
{
    const struct content_file *file = content_find(content, CONTENT_DOCUMENT);
    struct document *document = NULL;
    enum err err;

    if (file == NULL) {
        output_error(_("this document has no text"));
        return COMMAND_FAILED;
    }
    if (showing->raw) {
        output_text(file->bytes);
        return COMMAND_OK;
    }
    if ((err = document_read(file->bytes, &document)))
        return office_fail(err, _("the document cannot be read"), NULL);
    if (command_options()->json)
        print_json(showing->office, revision, content, file->bytes);
    else
        print_words(showing->office, revision, content, document->is_text ? document->text : file->bytes);
    document_free(document);
    return COMMAND_OK;
}

/* What remains of it are its entries and the reason. */
static int print_erased(const struct showing *showing, const struct index_revision *revision, struct content *nothing)
{
    nothing->count = 0;
    if (showing->raw) {
        output_error(_("the text of this document was erased"));
        output_hint(_("'igum show' without --raw tells why"));
        return COMMAND_FAILED;
    }
    if (command_options()->json)
        print_json(showing->office, revision, nothing, bytes_text(""));
    else
        print_words(showing->office, revision, nothing, bytes_text(""));
    return COMMAND_OK;
}

static int fail_content(const struct showing *showing, enum err err)
{
    if (err == ERR_MISSING) {
        output_error(_("the text of this document has not come to this node yet"));
        output_hint(_("'igum sync' asks the other nodes for it; a document for one kibbutz stays there"));
        return COMMAND_FAILED;
    }
    if (err == ERR_AUTH || err == ERR_FORMAT) {
        output_error(_("the text of this document is damaged on this disk"));
        output_hint(_("'igum verify' tells what else is"));
        return COMMAND_BAD;
    }
    return office_fail(err, _("the document cannot be read"), archive_reason(showing->office->archive));
}

static int show_content(const struct showing *showing, const struct index_revision *revision)
{
    struct buffer packed = BUFFER(LIMIT_BUNDLE);
    struct content *content = malloc(sizeof *content); /* Too large for the stack. */
    enum err err =
        content == NULL ? ERR_MEMORY : archive_read_content_of(showing->office->archive, &revision->revision, &packed);
    int code;

    if (!err)
        err = content_open(buffer_bytes(&packed), content);
    if (err && content != NULL && revision->judged.erased)
        code = print_erased(showing, revision, content);
    else
        code = err ? fail_content(showing, err) : print(showing, revision, content);
    free(content);
    buffer_free(&packed);
    return code;
}

static bool is_wanted(const struct showing *showing, const struct index_revision *revision)
{
    char text[ID_TEXT_LEN + 1];

    if (showing->wanted == NULL)
        return id_equal(&revision->revision, &revision->judged.revision);
    id_to_text(&revision->revision, text);
    return strlen(showing->wanted) >= INDEX_PREFIX_MIN && strncmp(text, showing->wanted, strlen(showing->wanted)) == 0;
}

static enum err show_revision(void *context, const struct index_revision *revision)
{
    struct showing *showing = context;

    if (showing->is_done || !is_wanted(showing, revision))
        return ERR_OK;
    showing->is_done = true;
    showing->code = show_content(showing, revision);
    return ERR_EXISTS; /* One is enough. */
}

static int show(struct office *o, const char *prefix, const char *revision, bool raw)
{
    struct showing showing = {.office = o, .raw = raw, .wanted = revision};
    enum err err;
    int code = office_open_index(o);

    if (code == COMMAND_OK)
        code = office_find_document(o, prefix, &showing.document);
    if (code != COMMAND_OK)
        return code;
    err = index_each_revision(o->index, &showing.document, show_revision, &showing);
    if (showing.is_done)
        return showing.code;
    if (err || revision == NULL)
        return office_fail(err ? err : ERR_MISSING, _("the index cannot be read"), index_reason(o->index));
    output_error(_("this document has no revision '%s'"), revision);
    output_hint(_("'igum show' lists the revisions of a document"));
    return COMMAND_FAILED;
}

int cmd_show(int argc, char **argv)
{
    bool raw = false;
    const char *revision = NULL;
    const struct arguments_flag flags[] = {{"raw", &raw, NULL, NULL}, {"revision", NULL, &revision, NULL}};
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, flags, 2, 1, 1))
        return COMMAND_USAGE;
    if ((code = office_open(&office, OFFICE_READ)) != COMMAND_OK)
        return code;
    code = show(&office, argv[1], revision, raw);
    office_close(&office);
    return code;
}
