/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>

#include "node/cmd_invite.h"
#include "node/command.h"
#include "node/confirm.h"
#include "node/council_view.h"
#include "node/key_ring.h"
#include "node/undersign.h"
#include "node/who.h"
#include "node/i18n.h"
#include "proto/content.h"

struct open_invitation {
    struct id grant, log; /* The entry, and whose it is. */
    struct id ephemeral;  /* The key that is handed over. */
    struct id kibbutz;    /* Which the newcomer will belong to. */
    enum role role;       /* ROLE_STEWARD: a kibbutz. */
    enum trust_invitation state;
    uint64_t seq, clock;
    char name[LIMIT_NAME + 1];
};

struct search {
    struct office *o;
    struct open_invitation *all;
    size_t count;
};

/* ---- finding ---- */

static enum role granted_role(const struct entry *entry)
{
    struct bytes by, grants;

    if (entry->act == ACT_ADMIT)
        return ROLE_STEWARD;
    if (entry->act != ACT_GRANT || act_value(entry->body, ACT_BY, 0, &by) ||
        !bytes_equal(by, bytes_text("invitation")) || act_value(entry->body, ACT_GRANTS, 0, &grants))
        return ROLE_NONE;
    return role_from_name(grants);
}

/* The name that the inviter gave; its content may not be here. */
static void read_name(struct office *o, struct open_invitation *invitation)
{
    struct buffer packed = BUFFER(LIMIT_CONTENT + LIMIT_MANIFEST + KIB(1));
    struct content *content = malloc(sizeof *content);
    const struct content_file *file;

    invitation->name[0] = '\0';
    if (content != NULL && archive_read_content(o->archive, &invitation->log, invitation->seq, &packed) == ERR_OK &&
        content_open(buffer_bytes(&packed), content) == ERR_OK &&
        (file = content_find(content, CONTENT_NAME)) != NULL) {
        size_t len = file->bytes.len > LIMIT_NAME + 1 ? 0 : file->bytes.len;

        len -= len > 0 && file->bytes.at[len - 1] == '\n';
        memcpy(invitation->name, file->bytes.at, len);
        invitation->name[len] = '\0';
    }
    free(content);
    buffer_free(&packed);
}

static enum err collect(void *context, const struct entry *entry, const struct id *id)
{
    struct search *s = context;
    enum role role = granted_role(entry);
    struct open_invitation *all;
    struct id handed_to;

    if (role == ROLE_NONE || (all = realloc(s->all, (s->count + 1) * sizeof *all)) == NULL)
        return role == ROLE_NONE ? ERR_OK : ERR_MEMORY;
    s->all = all;
    all[s->count] = (struct open_invitation){.grant = *id,
                                             .log = entry->log,
                                             .role = role,
                                             .seq = entry->seq,
                                             .clock = entry->clock,
                                             .state = trust_invitation(s->o->trust, id, &handed_to)};
    if (act_id(entry->body, role == ROLE_STEWARD ? ACT_INVITED : ACT_SUBJECT, 0, &all[s->count].ephemeral))
        return ERR_OK;
    all[s->count].kibbutz = role == ROLE_STEWARD ? *id : trust_key(s->o->trust, &entry->log).kibbutz;
    s->count++;
    return ERR_OK;
}

static int load(struct search *s)
{
    enum err err = archive_load_entries(s->o->archive, collect, s);

    for (size_t i = 0; !err && i < s->count; i++)
        read_name(s->o, &s->all[i]);
    return err ? office_fail(err, _("the archive cannot be read"), archive_reason(s->o->archive)) : COMMAND_OK;
}

static bool is_open(const struct open_invitation *invitation)
{
    return invitation->state == TRUST_OPEN || invitation->state == TRUST_UNAPPROVED;
}

/* ---- listing ---- */

static const char *kind_of(const struct open_invitation *invitation)
{
    return invitation->role == ROLE_STEWARD ? N_("kibbutz") : role_name(invitation->role);
}

static void print(struct office *o, const struct open_invitation *invitation)
{
    bool is_unapproved = invitation->state == TRUST_UNAPPROVED;
    char digits[ID_TEXT_LEN + 1], time[OUTPUT_TIME_LEN + 1];
    struct output_json *json;

    if (command_options()->json) {
        json = output_json_object();
        output_json_id(json, "grant", &invitation->grant);
        output_json_text(json, "kind", kind_of(invitation));
        output_json_text(json, "name", invitation->name);
        output_json_id(json, "by", &invitation->log);
        output_json_time(json, "date", ENTRY_CLOCK_MS(invitation->clock));
        output_json_text(json, "state", is_unapproved ? "unapproved" : "open");
        output_json_print(json);
        return;
    }
    id_to_text(&invitation->grant, digits);
    output_time(ENTRY_CLOCK_MS(invitation->clock), time);
    output_line("%.16s  %s  %s: %s, %s%s\n", digits, time, _(kind_of(invitation)), invitation->name,
                who_describe(o, &invitation->log), is_unapproved ? _(", waits for approvals") : "");
}

int invite_list(struct office *o)
{
    struct search s = {.o = o};
    size_t shown = 0;
    int code = load(&s);

    for (size_t i = 0; code == COMMAND_OK && i < s.count; i++)
        if (is_open(&s.all[i])) {
            print(o, &s.all[i]);
            shown++;
        }
    if (code == COMMAND_OK && shown == 0)
        output_note(_("no invitation is open"));
    free(s.all);
    return code;
}

/* ---- withdrawing ---- */

static const struct open_invitation *find(const struct search *s, const char *word)
{
    const struct open_invitation *found = NULL;
    size_t open = 0, closed = 0;

    for (size_t i = 0; i < s->count; i++) {
        const struct open_invitation *each = &s->all[i];

        if (!who_is(word, each->name, &each->grant))
            continue;
        if (is_open(each)) {
            found = each;
            open++;
        } else
            closed++;
    }
    if (open == 1)
        return found;
    if (open > 1)
        output_error(_("several open invitations go by '%s': say which by the digits that --list shows"), word);
    else if (closed > 0)
        output_error(_("this invitation is not open any more: it was used, or withdrawn"));
    else
        output_error(_("no invitation goes by '%s'"), word);
    output_hint(closed > 0 && open == 0 ? _("who came by it is revoked by 'igum revoke NAME'")
                                        : _("'igum invite --list' shows those that are open"));
    return NULL;
}

static int check(struct office *o, const struct open_invitation *invitation)
{
    struct id own;
    int code = who_own_kibbutz(o, &own);

    if (code != COMMAND_OK)
        return code;
    if (invitation->role == ROLE_STEWARD) {
        output_error(
            _("an invitation of a kibbutz is an admission by the council, and no steward alone takes it back"));
        output_hint(_("destroy the line; to rule it out for good: 'igum council propose --close \"%s\"'"),
                    invitation->name);
        return COMMAND_FAILED;
    }
    if (!id_equal(&own, &invitation->kibbutz)) {
        output_error(_("this invitation was given by %s"), office_kibbutz_name(o, &invitation->kibbutz));
        output_hint(_("a steward of that kibbutz can withdraw it"));
        return COMMAND_FAILED;
    }
    return COMMAND_OK;
}

static int sign(struct office *o, const struct open_invitation *invitation)
{
    const struct statement what = {.act = ACT_REVOKE, .kibbutz = invitation->kibbutz, .role = ROLE_STEWARD};
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    struct key_file_person *steward = NULL;
    int code = key_ring_open_signer(o, true, &steward);

    if (code != COMMAND_OK)
        return code;
    act_write_id(&body, ACT_SUBJECT, &invitation->ephemeral);
    act_write_text(&body, ACT_PIN, "0 -");
    act_write_text(&body, ACT_WHY, "retire");
    code = undersign(o, &steward->signing, &what, &body, NULL);
    key_file_close_person(steward);
    return code;
}

static void print_withdrawn(const struct open_invitation *invitation)
{
    struct output_json *json;

    if (!command_options()->json) {
        output_note(_("The invitation of %s is withdrawn: whoever has the line can do nothing with it."),
                    invitation->name);
        return;
    }
    json = output_json_object();
    output_json_id(json, "grant", &invitation->grant);
    output_json_text(json, "name", invitation->name);
    output_json_text(json, "state", "withdrawn");
    output_json_print(json);
}

int invite_withdraw(struct office *o, const char *word, bool yes)
{
    struct search s = {.o = o};
    const struct open_invitation *invitation = NULL;
    int code = office_check_clock(o);

    if (code == COMMAND_OK)
        code = load(&s);
    if (code == COMMAND_OK && (invitation = find(&s, word)) == NULL)
        code = COMMAND_FAILED;
    if (code == COMMAND_OK && (code = check(o, invitation)) == COMMAND_OK &&
        (code = confirm(_("Withdraw it?"), yes, false)) == COMMAND_OK && (code = sign(o, invitation)) == COMMAND_OK)
        print_withdrawn(invitation);
    free(s.all);
    return code;
}
