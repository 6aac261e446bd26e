/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arguments.h"
#include "node/command.h"
#include "node/confirm.h"
#include "node/deed.h"
#include "node/i18n.h"
#include "node/output.h"

/* Erasing cannot be taken back: it waits until nobody can doubt it. */
static int refuse(struct deed *d)
{
    const struct deed_revision *first = deed_first(d);
    bool is_author = first != NULL && id_equal(&first->log, &d->person->signing.public);

    if (d->state.erased) {
        output_error(_("the text of this document was erased already"));
        return COMMAND_FAILED;
    }
    if (d->person->role != ROLE_STEWARD && !is_author) {
        output_error(_("only its author, or a steward of %s, erases a document"),
                     office_kibbutz_name(&d->office, &d->state.kibbutz));
        output_hint(_("'igum withdraw' takes it out of force, and leaves it to be read"));
        return COMMAND_FAILED;
    }
    return COMMAND_OK;
}

static int ask(struct deed *d, const char *reason, bool yes)
{
    output_note(_("to be erased: %s (%s, %zu revisions)"), d->revisions[0].title, d->revisions[0].date, d->count);
    output_note(_("the reason, which everybody reads: %s"), reason);
    output_note(_("the text and the attachments of all revisions are removed from every node that hears of it, and "
                  "cannot be brought back; the entries and the reason remain"));
    output_note(_("it does not reach what was printed or saved, backups, and a node that left the network or never "
                  "hears of it"));
    return confirm(_("erase it everywhere?"), yes, true);
}

static int sign(struct deed *d, const char *reason)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    int code;

    act_write_id(&body, ACT_SUBJECT, &d->document);
    act_write_text(&body, ACT_REASON, reason);
    code = deed_sign(d, ACT_ERASE, buffer_bytes(&body), bytes_of(NULL, 0));
    buffer_free(&body);
    return code;
}

static int print(struct deed *d, const char *title)
{
    struct output_json *json;

    if (command_options()->json) {
        json = deed_write(d, &d->document);
        output_json_bool(json, "erased", d->state.erased);
        output_json_print(json);
    } else
        deed_print(d, title);
    if (!d->state.erased)
        output_note(
            _("nothing is removed yet: a signature of this document or of its kibbutz is contested, and erasing "
              "waits until that is settled"));
    return COMMAND_OK;
}

int cmd_erase(int argc, char **argv)
{
    const char *reason = NULL;
    bool yes = false;
    const struct arguments_flag flags[] = {{"reason", NULL, &reason, NULL}, {"yes", &yes, NULL, NULL}};
    struct deed deed;
    int code;

    if (!arguments_parse(&argc, argv, flags, 2, 1, 1))
        return COMMAND_USAGE;
    if ((code = deed_check_reason(reason)) != COMMAND_OK || (code = deed_open(&deed, argv[1])) != COMMAND_OK)
        return code;
    code = deed_open_key(&deed, true);
    if (code == COMMAND_OK)
        code = refuse(&deed);
    if (code == COMMAND_OK)
        code = ask(&deed, reason, yes);
    if (code == COMMAND_OK)
        code = sign(&deed, reason);
    if (code == COMMAND_OK)
        code = deed_append(&deed);
    if (code == COMMAND_OK)
        code = print(&deed, deed.revisions[0].title);
    deed_close(&deed);
    return code;
}
