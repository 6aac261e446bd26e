/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdlib.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/output.h"
#include "node/summary.h"
#include "node/i18n.h"
#include "proto/content.h"
#include "store/document.h"

struct showing {
    struct office *office;
    bool raw;
    int code;
    bool is_done;
};

static void print_json(struct office *o, const struct index_revision *revision, const struct content *content,
                       struct bytes text)
{
    struct output_json *json = output_json_object(), *files = output_json_list();

    for (size_t i = 0; i < content->count; i++) {
        struct output_json *file = output_json_object();

        output_json_bytes(file, "name", content->files[i].name);
        output_json_number(file, "size", content->files[i].bytes.len);
        output_json_add(files, file);
    }
    summary_write(o, revision, json);
    output_json_put(json, "files", files);
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
                office_key_name(o, &revision->log), revision->revisions, _(summary_state(o, revision)));
    for (size_t i = 0; i < content->count; i++)
        if (!bytes_equal(content->files[i].name, bytes_text(CONTENT_DOCUMENT)))
            output_line(_("attachment: %.*s (%zu bytes)\n"), (int)content->files[i].name.len,
                        (const char *)content->files[i].name.at, content->files[i].bytes.len);
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

/* The first is the newest. */
static enum err show_revision(void *context, const struct index_revision *revision)
{
    struct showing *showing = context;
    struct buffer packed = BUFFER(LIMIT_BUNDLE);
    struct content *content = malloc(sizeof *content); /* Too large for the stack. */
    enum err err = content == NULL
                       ? ERR_MEMORY
                       : archive_read_content(showing->office->archive, &revision->log, revision->seq, &packed);

    if (!err)
        err = content_open(buffer_bytes(&packed), content);
    showing->code = err ? fail_content(showing, err) : print(showing, revision, content);
    showing->is_done = true;
    free(content);
    buffer_free(&packed);
    return ERR_EXISTS; /* One is enough. */
}

static int show(struct office *o, const char *prefix, bool raw)
{
    struct showing showing = {.office = o, .raw = raw};
    struct id document;
    enum err err;
    int code = office_open_index(o);

    if (code == COMMAND_OK)
        code = office_find_document(o, prefix, &document);
    if (code != COMMAND_OK)
        return code;
    err = index_each_revision(o->index, &document, show_revision, &showing);
    if (showing.is_done)
        return showing.code;
    return office_fail(err ? err : ERR_MISSING, _("the index cannot be read"), index_reason(o->index));
}

int cmd_show(int argc, char **argv)
{
    bool raw = false;
    const struct arguments_flag flags[] = {{"raw", &raw, NULL, NULL}};
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, flags, 1, 1, 1))
        return COMMAND_USAGE;
    if ((code = office_open(&office, OFFICE_READ)) != COMMAND_OK)
        return code;
    code = show(&office, argv[1], raw);
    office_close(&office);
    return code;
}
