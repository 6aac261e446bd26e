/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>

#include "node/command.h"
#include "node/deed.h"
#include "node/i18n.h"
#include "node/output.h"
#include "node/publication.h"

/* What the new revision follows: all that none follows yet, so that it joins them. */
struct heads {
    struct id ids[LIMIT_AFTER];
    size_t count;
    enum act_audience audience;
    bool audiences_differ;
    uint64_t need; /* The greatest of theirs. */
};

static int look_at_head(struct deed *d, const struct id *id, struct heads *heads, bool is_first)
{
    const struct deed_revision *head = deed_find(d, id);
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct entry entry;
    uint64_t need = 1;
    int code;

    if (head == NULL)
        return COMMAND_OK;
    code = deed_read_entry(d, head, &wire, &entry);
    if (code == COMMAND_OK)
        (void)act_number(entry.body, ACT_NEED, &need);
    buffer_free(&wire);
    if (need > heads->need)
        heads->need = need;
    if (!is_first && head->audience != heads->audience)
        heads->audiences_differ = true;
    heads->audience = head->audience;
    return code;
}

static int find_heads(struct deed *d, struct heads *heads)
{
    int code = COMMAND_OK;

    *heads = (struct heads){.need = d->state.need};
    heads->count = trust_document_heads(d->office.trust, &d->document, heads->ids);
    for (size_t i = 0; code == COMMAND_OK && i < heads->count; i++)
        code = look_at_head(d, &heads->ids[i], heads, i == 0);
    if (code == COMMAND_OK && heads->count == 0) {
        output_error(_("no revision of this document stands, so none can follow it"));
        output_hint(_("'igum republish' publishes it again under a key that stands"));
        return COMMAND_FAILED;
    }
    if (code == COMMAND_OK && heads->count > 1)
        output_note(_("note: it was revised in two offices at once; this revision follows all %zu, and joins them"),
                    heads->count);
    return code;
}

/* A revision goes to those who have the document, unless it is said otherwise. */
static int choose_audience(struct deed *d, const struct heads *heads, bool is_given,
                           struct publication_options *options)
{
    if (!is_given && heads->audiences_differ) {
        output_error(_("the revisions that are joined are for different audiences"));
        output_hint(_("say by --audience who is to have this one"));
        return COMMAND_USAGE;
    }
    if (!is_given)
        options->audience = heads->audience;
    if (options->audience == heads->audience && !heads->audiences_differ)
        return COMMAND_OK;
    publication_tell_holders(&d->office, options->audience, &d->state.kibbutz);
    if (options->audience < heads->audience)
        output_note(_("note: who holds the earlier revisions keeps them"));
    else
        output_note(_("note: the earlier revisions stay with those who have them"));
    return COMMAND_OK;
}

static int sign(struct deed *d, const struct heads *heads, const struct publication *publication)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    int code;

    act_write_id(&body, ACT_DOCUMENT, &d->document);
    for (size_t i = 0; i < heads->count; i++)
        act_write_id(&body, ACT_AFTER, &heads->ids[i]);
    buffer_add(&body, buffer_bytes(&publication->terms));
    code = buffer_error(&body) ? office_fail(buffer_error(&body), _("the revision could not be signed"), NULL)
                               : deed_sign(d, ACT_REVISE, buffer_bytes(&body), buffer_bytes(&publication->packed));
    buffer_free(&body);
    return code;
}

static void print_result(struct deed *d, const char *title, const char *path)
{
    struct output_json *json;
    char entry[ID_TEXT_LEN + 1];

    if (!command_options()->json) {
        id_to_text(&d->head.entry, entry);
        output_line("%s  %s\n", entry, title);
        return;
    }
    json = deed_write(d, &d->document);
    output_json_text(json, "title", title);
    output_json_text(json, "file", path);
    output_json_print(json);
}

/* A colleague's document may be revised, and everybody sees who did. */
static void tell_author(struct deed *d)
{
    const struct deed_revision *first = deed_first(d);

    if (first != NULL && !id_equal(&first->log, &d->person->signing.public))
        output_note(_("note: the document is by %s; it will be shown as revised by %s"),
                    office_key_name(&d->office, &first->log), office_key_name(&d->office, &d->person->signing.public));
}

static int revise(struct deed *d, const char *path, struct publication_options *options, bool has_audience)
{
    struct publication publication;
    struct heads heads;
    enum err err;
    int code = deed_refuse_dead(d);

    if (code == COMMAND_OK)
        code = find_heads(d, &heads);
    if (code == COMMAND_OK)
        code = choose_audience(d, &heads, has_audience, options);
    if (code == COMMAND_OK)
        code = deed_open_key(d, true);
    if (code != COMMAND_OK)
        return code;
    options->kibbutz = d->state.kibbutz;
    options->follows = true;
    options->least_need = heads.need;
    options->counts_own = d->state.own_only;
    options->keep = &heads.ids[0];
    tell_author(d);
    if ((err = publication_prepare(&d->office, path, options, &publication)))
        return err == ERR_MEMORY ? office_fail(err, path, NULL) : COMMAND_FAILED;
    code = sign(d, &heads, &publication);
    if (code == COMMAND_OK)
        code = deed_append(d);
    if (code == COMMAND_OK)
        print_result(d, publication.title, path);
    publication_free(&publication);
    return code;
}

int cmd_revise(int argc, char **argv)
{
    struct publication_options options = {0};
    const char *audience = NULL;
    const struct arguments_flag flags[] = {
        {"attach", NULL, NULL, &options.attach}, {"audience", NULL, &audience, NULL},
        {"detach", NULL, NULL, &options.detach}, {"kind", NULL, &options.kind, NULL},
        {"title", NULL, &options.title, NULL},
    };
    struct deed deed;
    int code = COMMAND_USAGE;

    if (arguments_parse(&argc, argv, flags, 5, 2, 2) && publication_read_audience(audience, &options.audience) &&
        publication_check_options(&options) && (code = deed_open(&deed, argv[1])) == COMMAND_OK) {
        code = revise(&deed, argv[2], &options, audience != NULL);
        deed_close(&deed);
    }
    arguments_list_free(&options.attach);
    arguments_list_free(&options.detach);
    return code;
}
