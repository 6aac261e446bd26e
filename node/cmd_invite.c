/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "node/address.h"
#include "node/arguments.h"
#include "node/cmd_invite.h"
#include "node/command.h"
#include "node/council_view.h"
#include "node/host.h"
#include "node/key_ring.h"
#include "node/output.h"
#include "node/qr.h"
#include "node/statement.h"
#include "node/i18n.h"

struct request {
    enum invitation_kind kind;
    const char *name;
    const char *address;
};

static const char *const kinds[] = {
    [INVITATION_KIBBUTZ] = "kibbutz", [INVITATION_COORDINATOR] = "coordinator", [INVITATION_NODE] = "node"};

static bool choose_kind(struct request *r, const char *kibbutz, const char *coordinator, const char *node)
{
    if ((kibbutz != NULL) + (coordinator != NULL) + (node != NULL) != 1) {
        output_error(_("'invite' needs exactly one of --kibbutz NAME, --coordinator NAME and --node NAME"));
        return false;
    }
    r->kind = kibbutz != NULL ? INVITATION_KIBBUTZ : coordinator != NULL ? INVITATION_COORDINATOR : INVITATION_NODE;
    r->name = kibbutz != NULL ? kibbutz : coordinator != NULL ? coordinator : node;
    if (!statement_is_name(r->name)) {
        output_error(_("the name must be one line of at most %d bytes, without control characters"), LIMIT_NAME);
        return false;
    }
    if (r->address != NULL && !address_is_right(r->address)) {
        output_error(_("'%s' is not an address of the form HOST:PORT"), r->address);
        return false;
    }
    return true;
}

/* Says where the newcomer calls: address and channel key of this node. */
static int fill_address(const struct office *o, const struct request *r, struct invitation *invitation)
{
    struct key_file_node *node = NULL;
    bool is_guess = false;
    int code = key_ring_open_node(o->home, &node);

    if (code != COMMAND_OK)
        return code;
    memcpy(invitation->channel.at, node->channel.public, ID_LEN);
    key_file_close_node(node);
    if (r->address != NULL)
        (void)snprintf(invitation->address, sizeof invitation->address, "%s", r->address);
    else
        address_own(o->config, invitation->address, &is_guess);
    if (is_guess)
        output_note(_("note: the invitation names %s as this node's address; --address HOST:PORT says it otherwise"),
                    invitation->address);
    return COMMAND_OK;
}

/* Without a vote nothing follows from an admission, so the invitation would lead nowhere. */
static int check_vote(const struct office *o, const struct id *kibbutz)
{
    for (size_t i = 0; i < trust_kibbutz_count(o->trust); i++) {
        struct trust_kibbutz known = trust_kibbutz_at(o->trust, i);

        if (known.votes && id_equal(&known.kibbutz, kibbutz))
            return COMMAND_OK;
    }
    output_error(_("this kibbutz has no vote in the council, so it cannot bring another kibbutz in"));
    output_hint(_("ask a steward of a kibbutz that has one; --node and --coordinator invite into your own kibbutz"));
    return COMMAND_FAILED;
}

/* Signs the admission or grant; `invitation` gets its id. */
static int sign(struct office *o, const struct request *r, const struct id *ephemeral, struct invitation *invitation)
{
    struct key_file_person *steward = NULL;
    struct signer *s = NULL;
    struct id root;
    struct head head;
    enum err err;
    int code = key_ring_open_signer(o, true, &steward);

    if (code != COMMAND_OK)
        return code;
    head = office_head(o, &steward->signing.public);
    invitation->kibbutz = trust_key(o->trust, &steward->signing.public).kibbutz;
    if (r->kind == INVITATION_KIBBUTZ && (code = check_vote(o, &invitation->kibbutz)) != COMMAND_OK) {
        key_file_close_person(steward);
        return code;
    }
    root = trust_root(o->trust);
    err = (s = signer_new(&invitation->network, &root)) == NULL
              ? ERR_MEMORY
              : statement_invite(s, &steward->signing, &head, &invitation->kibbutz, r->kind, ephemeral, r->name);
    key_file_close_person(steward);
    code = err ? office_fail(err, _("the invitation could not be signed"), NULL) : office_append(o, s);
    signer_free(s);
    invitation->grant = head.entry;
    if (r->kind == INVITATION_KIBBUTZ)
        invitation->kibbutz = head.entry;
    return code;
}

/* A kibbutz may come in when enough voters have said so; the line can be handed over before that. */
static void print_waiting(struct office *o, const struct id *admission, const struct trust_voices *voices)
{
    struct council_root *present = calloc(1, sizeof *present);
    struct buffer missing = BUFFER(LIMIT_ENTRY);
    char digits[ID_TEXT_LEN + 1];

    id_to_text(admission, digits);
    if (present != NULL && council_view_present(o, present) == COMMAND_OK)
        council_view_missing(o, voices, present, &missing);
    output_note(_("It becomes usable when %zu kibbutzim have approved it; yours has, and %zu more must run "
                  "'igum council approve %.16s'."),
                voices->need, voices->need - voices->count, digits);
    if (missing.len > 1 && !buffer_error(&missing))
        output_note(_("These can: %s"), (const char *)missing.at);
    buffer_free(&missing);
    free(present);
}

static bool waits(struct office *o, const struct request *r, const struct id *admission, struct trust_voices *voices)
{
    return r->kind == INVITATION_KIBBUTZ && trust_admission(o->trust, admission, voices) &&
           voices->count < voices->need;
}

static int print(struct office *o, const struct request *r, const struct invitation *invitation)
{
    struct trust_voices voices = {0};
    bool is_waiting = waits(o, r, &invitation->grant, &voices);
    struct buffer line = BUFFER(LIMIT_ENTRY);
    enum err err;

    invitation_write(&line, invitation);
    buffer_u8(&line, 0);
    err = buffer_error(&line);
    if (err)
        return office_fail(err, _("the invitation could not be written"), NULL);
    if (command_options()->json) {
        struct output_json *json = output_json_object();

        output_json_text(json, "invitation", (const char *)line.at);
        output_json_text(json, "kind", kinds[r->kind]);
        output_json_text(json, "name", r->name);
        output_json_id(json, "grant", &invitation->grant);
        output_json_text(json, "address", invitation->address);
        output_json_bool(json, "usable", !is_waiting);
        if (is_waiting) {
            output_json_number(json, "approved", voices.count);
            output_json_number(json, "need", voices.need);
        }
        output_json_print(json);
    } else {
        output_line("%s\n", (const char *)line.at);
        if (output_is_terminal())
            qr_print((const char *)line.at);
        output_note(
            _("This line is a secret until it is used: hand it over in person or by telephone. It works once."));
        if (is_waiting)
            print_waiting(o, &invitation->grant, &voices);
    }
    sodium_memzero(line.at, line.len);
    buffer_free(&line);
    return COMMAND_OK;
}

static int invite(struct office *o, const struct request *r)
{
    struct invitation invitation = {.kind = r->kind};
    struct signing_key ephemeral;
    int code = office_check_clock(o);

    if (code == COMMAND_OK)
        code = fill_address(o, r, &invitation);
    if (code != COMMAND_OK)
        return code;
    invitation.network = archive_network(o->archive);
    invitation.root = trust_council(o->trust).final_root; /* What the newcomer holds on to from the first day. */
    host_random(invitation.seed, sizeof invitation.seed);
    sshsig_key_from_seed(&ephemeral, invitation.seed);
    code = sign(o, r, &ephemeral.public, &invitation);
    sshsig_wipe(&ephemeral);
    if (code == COMMAND_OK)
        code = print(o, r, &invitation);
    invitation_wipe(&invitation);
    return code;
}

static int refuse_usage(void)
{
    output_hint("igum invite --kibbutz NAME | --coordinator NAME | --node NAME [--address HOST:PORT]");
    output_hint("igum invite --list | --withdraw GRANT|NAME [--yes]");
    return COMMAND_USAGE;
}

static int run(struct request *r, bool list, const char *withdraw, bool yes)
{
    struct office office;
    int code = office_open(&office, list ? OFFICE_READ : OFFICE_WRITE);

    if (code != COMMAND_OK)
        return code;
    if ((code = office_need_charter(&office)) == COMMAND_OK)
        code = list               ? invite_list(&office)
               : withdraw != NULL ? invite_withdraw(&office, withdraw, yes)
                                  : invite(&office, r);
    office_close(&office);
    return code;
}

int cmd_invite(int argc, char **argv)
{
    struct request r = {0};
    const char *kibbutz = NULL, *coordinator = NULL, *node = NULL, *withdraw = NULL;
    bool list = false, yes = false;
    const struct arguments_flag flags[] = {
        {"kibbutz", NULL, &kibbutz, NULL}, {"coordinator", NULL, &coordinator, NULL},
        {"node", NULL, &node, NULL},       {"address", NULL, &r.address, NULL},
        {"list", &list, NULL, NULL},       {"withdraw", NULL, &withdraw, NULL},
        {"yes", &yes, NULL, NULL},
    };

    if (!arguments_parse(&argc, argv, flags, sizeof flags / sizeof flags[0], 0, 0))
        return COMMAND_USAGE;
    if ((list || withdraw != NULL) &&
        (kibbutz != NULL || coordinator != NULL || node != NULL || (list && withdraw != NULL))) {
        output_error(_("--list and --withdraw stand alone"));
        return refuse_usage();
    }
    if (!list && withdraw == NULL && !choose_kind(&r, kibbutz, coordinator, node))
        return refuse_usage();
    return run(&r, list, withdraw, yes);
}
