/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "node/arguments.h"
#include "node/command.h"
#include "node/difference.h"
#include "node/i18n.h"
#include "node/office.h"
#include "node/output.h"
#include "proto/content.h"

/* The revisions of the document that are meant: two that were named, or the last two. */
struct choice {
    const char *wanted[2];
    struct id found[2]; /* Before and after. */
    size_t seen;
    bool is_found[2];
    bool is_twice; /* What was typed is the beginning of several. */
};

static void match(struct choice *c, size_t which, const struct id *revision)
{
    char text[ID_TEXT_LEN + 1];

    id_to_text(revision, text);
    if (strlen(c->wanted[which]) < INDEX_PREFIX_MIN || strncmp(text, c->wanted[which], strlen(c->wanted[which])) != 0)
        return;
    c->is_twice = c->is_twice || c->is_found[which];
    c->is_found[which] = true;
    c->found[which] = *revision;
}

static enum err take_revision(void *context, const struct index_revision *revision)
{
    struct choice *c = context;

    if (c->wanted[0] != NULL) {
        match(c, 0, &revision->revision);
        match(c, 1, &revision->revision);
    } else if (c->seen < 2) {
        c->found[1 - c->seen] = revision->revision;
        c->is_found[1 - c->seen] = true;
    }
    c->seen++;
    return ERR_OK;
}

static int choose(struct office *o, const struct id *document, struct choice *c)
{
    enum err err = index_each_revision(o->index, document, take_revision, c);

    if (err)
        return office_fail(err, _("the index cannot be read"), index_reason(o->index));
    if (c->wanted[0] == NULL && c->seen < 2) {
        output_error(_("this document has one revision: there is nothing to compare"));
        return COMMAND_FAILED;
    }
    for (size_t i = 0; i < 2; i++)
        if (!c->is_found[i] || c->is_twice) {
            output_error(_("this document has no revision '%s', or several that begin so"), c->wanted[i]);
            output_hint(_("'igum show' lists the revisions of a document"));
            return COMMAND_FAILED;
        }
    return COMMAND_OK;
}

/* ---- texts ---- */

struct side {
    struct buffer packed;
    struct content *content;
    struct bytes text;
};

static int read_side(struct office *o, const struct id *revision, struct side *side)
{
    const struct content_file *file;
    enum err err = ERR_MEMORY;

    if ((side->content = malloc(sizeof *side->content)) != NULL &&
        !(err = archive_read_content_of(o->archive, revision, &side->packed)))
        err = content_open(buffer_bytes(&side->packed), side->content);
    if (err == ERR_MISSING) {
        output_error(_("the text of this document has not come to this node yet"));
        output_hint(_("'igum sync' asks the other nodes for it; a document for one kibbutz stays there"));
        return COMMAND_FAILED;
    }
    if (err)
        return office_fail(err, _("the document cannot be read"), archive_reason(o->archive));
    file = content_find(side->content, CONTENT_DOCUMENT);
    side->text = file != NULL ? file->bytes : bytes_text("");
    return COMMAND_OK;
}

static const char *const marks[] = {[DIFFERENCE_KEPT] = "  ", [DIFFERENCE_REMOVED] = "- ", [DIFFERENCE_ADDED] = "+ "};
static const char *const names[] = {
    [DIFFERENCE_KEPT] = "kept", [DIFFERENCE_REMOVED] = "removed", [DIFFERENCE_ADDED] = "added"};

static void print_words(const struct difference *d)
{
    for (size_t i = 0; i < d->count; i++) {
        struct bytes text = d->pieces[i].text;

        while (text.len > 0 && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == ' '))
            text.len--;
        if (d->pieces[i].kind == DIFFERENCE_KEPT || text.len == 0)
            continue;
        output_text(bytes_text(marks[d->pieces[i].kind]));
        output_text(text);
        output_text(bytes_text("\n"));
    }
    if (d->added + d->removed == 0)
        output_note(_("the two say the same"));
}

static void print_json(const struct choice *c, const struct difference *d)
{
    struct output_json *json = output_json_object(), *pieces = output_json_list();

    output_json_id(json, "from", &c->found[0]);
    output_json_id(json, "to", &c->found[1]);
    output_json_number(json, "kept", d->kept);
    output_json_number(json, "removed", d->removed);
    output_json_number(json, "added", d->added);
    for (size_t i = 0; i < d->count; i++) {
        struct output_json *piece = output_json_object();

        output_json_text(piece, "change", names[d->pieces[i].kind]);
        output_json_bytes(piece, "text", d->pieces[i].text);
        output_json_add(pieces, piece);
    }
    output_json_put(json, "pieces", pieces);
    output_json_print(json);
}

static int compare(struct office *o, const struct choice *c)
{
    struct side before = {.packed = BUFFER(LIMIT_BUNDLE)}, after = {.packed = BUFFER(LIMIT_BUNDLE)};
    struct difference d = {.pieces = NULL};
    enum err err;
    int code = read_side(o, &c->found[0], &before);

    if (code == COMMAND_OK)
        code = read_side(o, &c->found[1], &after);
    if (code == COMMAND_OK && (err = difference_of_sentences(before.text, after.text, &d)))
        code = office_fail(err, _("the texts cannot be compared"), NULL);
    if (code == COMMAND_OK && command_options()->json)
        print_json(c, &d);
    else if (code == COMMAND_OK)
        print_words(&d);
    difference_free(&d);
    free(before.content);
    free(after.content);
    buffer_free(&before.packed);
    buffer_free(&after.packed);
    return code;
}

int cmd_diff(int argc, char **argv)
{
    struct choice c = {.seen = 0};
    struct office office;
    struct id document;
    int code;

    if (!arguments_parse(&argc, argv, NULL, 0, 1, 3))
        return COMMAND_USAGE;
    if (argc == 3) {
        output_error(_("two revisions are compared: name both, or none for the last two"));
        return COMMAND_USAGE;
    }
    if (argc == 4) {
        c.wanted[0] = argv[2];
        c.wanted[1] = argv[3];
    }
    if ((code = office_open(&office, OFFICE_READ)) != COMMAND_OK)
        return code;
    code = office_open_index(&office);
    if (code == COMMAND_OK)
        code = office_find_document(&office, argv[1], &document);
    if (code == COMMAND_OK)
        code = choose(&office, &document, &c);
    if (code == COMMAND_OK)
        code = compare(&office, &c);
    office_close(&office);
    return code;
}
