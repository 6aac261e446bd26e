/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/history.h"
#include "node/i18n.h"
#include "node/output.h"
#include "node/page.h"
#include "node/pager.h"
#include "node/route.h"
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

/*
 * A line on a terminal.  Where most of its letters run from right to left, a mark says so: a terminal that orders them
 * goes by the first one else, and a line may begin with a number.
 */
static void print_line(struct bytes line)
{
    struct page_letters letters = {0};

    page_count_letters(&letters, line);
    if (output_is_terminal() && (page_dominant(&letters) == PAGE_HEBREW || page_dominant(&letters) == PAGE_ARABIC))
        output_raw(bytes_text("\xE2\x80\x8F"));
    output_text(line);
}

static void print_lines(struct bytes text)
{
    while (text.len > 0) {
        const uint8_t *end = memchr(text.at, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.at) + 1 : text.len;

        print_line(bytes_of(text.at, len));
        text = bytes_from(text, len);
    }
}

static void print_attachments(struct office *o, const struct index_revision *revision, const struct content *content)
{
    char document[ID_TEXT_LEN + 1];
    bool any_absent = false;

    for (size_t i = 0; i < content->count; i++) {
        const struct content_file *file = &content->files[i];
        bool here = is_here(o, content, i);

        any_absent = any_absent || !here;
        if (!bytes_equal(file->name, bytes_text(CONTENT_DOCUMENT)))
            output_line(here ? _("attachment: %.*s (%" PRIu64 " bytes)\n")
                             : _("attachment: %.*s (%" PRIu64 " bytes), still on its way\n"),
                        (int)file->name.len, (const char *)file->name.at, file->size);
    }
    id_to_text(&revision->document, document);
    if (any_absent && config_fetches_on_demand(o->config))
        output_line(_("attachments are fetched on demand: 'igum fetch %.12s'\n"), document);
}

static void print_words(struct office *o, const struct index_revision *revision, const struct content *content,
                        struct bytes text)
{
    char date[SUMMARY_DATE_LEN + 1];

    pager_begin();
    summary_date(revision, date);
    output_line("%.*s\n", (int)revision->title.len, revision->title.len > 0 ? (const char *)revision->title.at : "");
    output_line(_("%s, %s, %s; revision %" PRIu64 ", %s\n"), date, office_kibbutz_name(o, &revision->kibbutz),
                office_key_name(o, &revision->log), revision->revisions, _(summary_words(revision)));
    history_print(o, revision);
    print_attachments(o, revision, content);
    output_line("\n");
    print_lines(text);
    if (text.len > 0 && text.at[text.len - 1] != '\n')
        output_line("\n");
    pager_end();
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

/* ---- the page of the reader ---- */

static enum err find_revision(void *context, const struct index_revision *revision)
{
    struct showing *showing = context;

    if (!is_wanted(showing, revision))
        return ERR_OK;
    showing->document = revision->revision;
    showing->is_done = true;
    return ERR_EXISTS;
}

/* "/d/DOCUMENT" or "/d/DOCUMENT/r/REVISION"; false: there is no such revision. */
static bool write_path(struct office *o, const struct id *document, const char *revision,
                       char path[2 * ID_TEXT_LEN + 16])
{
    struct showing showing = {.wanted = revision};
    char id[ID_TEXT_LEN + 1], wanted[ID_TEXT_LEN + 1];

    id_to_text(document, id);
    (void)snprintf(path, 2 * ID_TEXT_LEN + 16, "/d/%s", id);
    if (revision == NULL)
        return true;
    (void)index_each_revision(o->index, document, find_revision, &showing);
    id_to_text(&showing.document, wanted);
    (void)snprintf(path, 2 * ID_TEXT_LEN + 16, "/d/%s/r/%s", id, wanted);
    return showing.is_done;
}

static int show_page(struct office *o, const char *prefix, const char *revision)
{
    struct site *site = site_open(o->home);
    struct route_request request = {.page = 1, .language = reader_language_of_locale()};
    struct route_answer answer;
    char path[2 * ID_TEXT_LEN + 16];
    struct id document;
    int code = site != NULL ? office_open_index(o) : COMMAND_FAILED;

    if (code == COMMAND_OK)
        code = office_find_document(o, prefix, &document);
    if (code == COMMAND_OK && !write_path(o, &document, revision, path)) {
        output_error(_("this document has no revision '%s'"), revision);
        output_hint(_("'igum show' lists the revisions of a document"));
        code = COMMAND_FAILED;
    }
    if (code == COMMAND_OK) {
        request.path = bytes_text(path);
        route_answer_begin(&answer, &request);
        route(site, &request, &answer);
        output_raw(buffer_bytes(&answer.page.out));
        code = answer.status == 200 ? COMMAND_OK : COMMAND_FAILED;
        route_answer_free(&answer);
    }
    site_close(site);
    return code;
}

int cmd_show(int argc, char **argv)
{
    bool raw = false, html = false;
    const char *revision = NULL;
    const struct arguments_flag flags[] = {
        {"raw", &raw, NULL, NULL}, {"html", &html, NULL, NULL}, {"revision", NULL, &revision, NULL}};
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, flags, 3, 1, 1))
        return COMMAND_USAGE;
    if ((code = office_open(&office, OFFICE_READ)) != COMMAND_OK)
        return code;
    code = html ? show_page(&office, argv[1], revision) : show(&office, argv[1], revision, raw);
    office_close(&office);
    return code;
}
