/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <inttypes.h>

#include "node/arguments.h"
#include "node/changes.h"
#include "node/command.h"
#include "node/confirm.h"
#include "node/deed.h"
#include "node/i18n.h"
#include "node/output.h"

/* ---- which revision ---- */

static const char *short_id(const struct id *id, char text[ID_TEXT_LEN + 1])
{
    id_to_text(id, text);
    text[16] = '\0';
    return text;
}

static int refuse_several(struct deed *d, const struct id heads[], size_t count)
{
    char id[ID_TEXT_LEN + 1];

    output_error(_("this document was revised in two offices at once: %zu revisions are current"), count);
    for (size_t i = 0; i < count; i++) {
        const struct deed_revision *head = deed_find(d, &heads[i]);

        if (head != NULL)
            output_hint(_("--revision %s: of %s, by %s"), short_id(&heads[i], id), head->date,
                        office_key_name(&d->office, &head->log));
    }
    output_hint(_("'igum revise' joins them into one; or name by --revision the one that is approved"));
    return COMMAND_FAILED;
}

/* The revision that is approved: the current one, which nothing follows. */
static int choose(struct deed *d, const char *prefix, const struct deed_revision **chosen)
{
    struct id heads[LIMIT_AFTER];
    size_t count = trust_document_heads(d->office.trust, &d->document, heads);
    char id[ID_TEXT_LEN + 1];

    if (prefix == NULL && count > 1)
        return refuse_several(d, heads, count);
    *chosen = prefix != NULL ? deed_find_prefix(d, prefix) : count > 0 ? deed_find(d, &heads[0]) : &d->revisions[0];
    if (*chosen == NULL)
        return COMMAND_FAILED;
    for (size_t i = 0; i < count; i++)
        if (id_equal(&heads[i], &(*chosen)->id))
            return COMMAND_OK;
    if ((*chosen)->verdict.status != TRUST_GOOD) {
        output_error(_("this revision is %s, and an approval of it would count for nothing"),
                     (*chosen)->verdict.status == TRUST_CONTESTED ? _("contested") : _("void"));
        output_hint(_("'igum why %s' tells the reason"), short_id(&d->document, id));
        return COMMAND_FAILED;
    }
    output_error(_("this revision is not the current one any more: %s follows it"),
                 count > 0 ? short_id(&heads[0], id) : "?");
    output_hint(_("read the newer one; 'igum approve' without --revision approves it"));
    return COMMAND_FAILED;
}

/* ---- whether it counts ---- */

/* The own approval of a revision; writing it is one. */
static bool has_approved(struct deed *d, const struct id *revision)
{
    size_t count = trust_approval_count(d->office.trust, revision);

    for (size_t i = 0; i < count; i++) {
        struct trust_approval approval = trust_approval_at(d->office.trust, revision, i);

        if (id_equal(&approval.log, &d->person->signing.public))
            return true;
    }
    return false;
}

static int refuse_voice(struct deed *d, const struct deed_revision *revision)
{
    struct office *o = &d->office;
    bool is_own = id_equal(&d->key.kibbutz, &d->state.kibbutz);

    if (id_equal(&revision->log, &d->person->signing.public)) {
        output_error(_("this revision is your own: writing it was your approval"));
        return COMMAND_FAILED;
    }
    if (has_approved(d, &revision->id)) {
        output_error(_("you have approved this revision already"));
        output_hint(_("an approval counts once; 'igum show' tells which are missing"));
        return COMMAND_FAILED;
    }
    if (!is_own && (revision->audience == ACT_FOR_KIBBUTZ || d->state.own_only)) {
        output_error(_("only approvals of %s itself count for this document"),
                     office_kibbutz_name(o, &d->state.kibbutz));
        return COMMAND_FAILED;
    }
    return COMMAND_OK;
}

/* ---- what is signed ---- */

struct shown {
    bool any;
    bool left_out; /* Unchanged lines were passed over since the last changed one. */
};

static void show_change(void *context, enum changes_kind kind, struct bytes line)
{
    struct shown *shown = context;

    if (kind == CHANGES_SAME) {
        shown->left_out = true;
        return;
    }
    if (shown->left_out && shown->any)
        output_note("  …");
    shown->left_out = false;
    shown->any = true;
    output_note("%c %.*s", kind == CHANGES_REMOVED ? '-' : '+', (int)line.len,
                line.len > 0 ? (const char *)line.at : "");
}

static void show_line(void *context, enum changes_kind kind, struct bytes line)
{
    (void)context, (void)kind;
    output_note("  %.*s", (int)line.len, line.len > 0 ? (const char *)line.at : "");
}

/* The newest other revision that this key has approved, or wrote. */
static const struct deed_revision *last_approved(struct deed *d, const struct deed_revision *revision)
{
    for (size_t i = 0; i < d->count; i++)
        if (&d->revisions[i] != revision && d->revisions[i].here && has_approved(d, &d->revisions[i].id))
            return &d->revisions[i];
    return NULL;
}

static int show_text(struct deed *d, const struct deed_revision *revision)
{
    const struct deed_revision *before = last_approved(d, revision);
    struct buffer text = BUFFER(LIMIT_CONTENT), old = BUFFER(LIMIT_CONTENT);
    struct shown shown = {0};
    enum err err = ERR_OK;
    int code = deed_read_text(d, revision, &text);

    if (code == COMMAND_OK && before != NULL)
        code = deed_read_text(d, before, &old);
    if (code == COMMAND_OK && before != NULL) {
        output_note(_("what changed since revision %" PRIu64 ", which you approved:"), before->number);
        err = changes_each(buffer_bytes(&old), buffer_bytes(&text), show_change, &shown);
        if (!err && !shown.any)
            output_note(_("no line of the text"));
    } else if (code == COMMAND_OK) {
        output_note(_("you have approved no other revision of it; this is all of its text:"));
        err = changes_each(buffer_bytes(&text), buffer_bytes(&text), show_line, NULL);
    }
    if (err)
        code = office_fail(err, _("the document cannot be read"), NULL);
    buffer_free(&text);
    buffer_free(&old);
    return code;
}

/* How many approvals the revision has, of how many; for one that is not the document's revision in force, too. */
static void count_approvals(struct deed *d, const struct id *revision, size_t *count)
{
    size_t all = trust_approval_count(d->office.trust, revision);

    *count = 0;
    for (size_t i = 0; i < all; i++) {
        struct trust_approval approval = trust_approval_at(d->office.trust, revision, i);

        *count += approval.counts && approval.status == TRUST_GOOD;
    }
}

static int read_need(struct deed *d, const struct deed_revision *revision, uint64_t *need)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct entry entry;
    int code = deed_read_entry(d, revision, &wire, &entry);

    *need = 1;
    if (code == COMMAND_OK)
        (void)act_number(entry.body, ACT_NEED, need);
    buffer_free(&wire);
    return code;
}

static int show(struct deed *d, const struct deed_revision *revision)
{
    struct office *o = &d->office;
    char id[ID_TEXT_LEN + 1];
    uint64_t need;
    size_t count;
    int code = read_need(d, revision, &need);

    if (code != COMMAND_OK)
        return code;
    count_approvals(d, &revision->id, &count);
    id_to_text(&revision->id, id);
    output_note(_("to be approved: %s"), revision->title);
    output_note(_("  of %s, by %s, %s"), office_kibbutz_name(o, &revision->kibbutz), office_key_name(o, &revision->log),
                revision->date);
    output_note(_("  revision %" PRIu64 " of %zu: %s"), revision->number, d->count, id);
    output_note(_("  approvals: %zu of %" PRIu64), count, need);
    return show_text(d, revision);
}

static int sign(struct deed *d, const struct deed_revision *revision)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    int code;

    act_write_id(&body, ACT_SUBJECT, &revision->id);
    code = deed_sign(d, ACT_APPROVE, buffer_bytes(&body), bytes_of(NULL, 0));
    buffer_free(&body);
    return code;
}

static int approve(struct deed *d, const char *prefix, bool yes)
{
    const struct deed_revision *revision = NULL;
    int code = deed_refuse_dead(d);

    if (code == COMMAND_OK)
        code = choose(d, prefix, &revision);
    if (code == COMMAND_OK)
        code = deed_open_key(d, false);
    if (code == COMMAND_OK)
        code = refuse_voice(d, revision);
    if (code == COMMAND_OK)
        code = show(d, revision);
    if (code == COMMAND_OK)
        code = confirm(_("approve this revision?"), yes, true);
    if (code == COMMAND_OK)
        code = sign(d, revision);
    if (code == COMMAND_OK)
        code = deed_append(d);
    if (code == COMMAND_OK)
        deed_print(d, revision->title);
    return code;
}

int cmd_approve(int argc, char **argv)
{
    const char *revision = NULL;
    bool yes = false;
    const struct arguments_flag flags[] = {{"revision", NULL, &revision, NULL}, {"yes", &yes, NULL, NULL}};
    struct deed deed;
    int code;

    if (!arguments_parse(&argc, argv, flags, 2, 1, 1))
        return COMMAND_USAGE;
    if ((code = deed_open(&deed, argv[1])) != COMMAND_OK)
        return code;
    code = approve(&deed, revision, yes);
    deed_close(&deed);
    return code;
}
