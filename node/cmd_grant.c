/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arguments.h"
#include "node/command.h"
#include "node/key_ring.h"
#include "node/output.h"
#include "node/undersign.h"
#include "node/who.h"
#include "node/i18n.h"

struct grant {
    enum role role;
    const char *name, *key_text, *channel_text;
    struct id key, channel;
};

static int refuse_usage(const char *error)
{
    output_error("%s", error);
    output_hint("igum grant --coordinator NAME --key KEY | --node NAME --key KEY --channel KEY");
    return COMMAND_USAGE;
}

static int read_grant(struct grant *g, const char *coordinator, const char *node)
{
    int code;

    if ((coordinator != NULL) == (node != NULL) || g->key_text == NULL)
        return refuse_usage(_("'grant' needs --key, and one of --coordinator NAME and --node NAME"));
    g->role = node != NULL ? ROLE_NODE : ROLE_COORDINATOR;
    g->name = node != NULL ? node : coordinator;
    if (!statement_is_name(g->name)) {
        output_error(_("the name must be one line of at most %d bytes, without control characters"), LIMIT_NAME);
        return COMMAND_USAGE;
    }
    if ((g->channel_text != NULL) != (g->role == ROLE_NODE))
        return refuse_usage(_("a node has a channel key, --channel, and a coordinator has none"));
    if ((code = who_read_key(g->key_text, &g->key)) != COMMAND_OK)
        return code;
    if (g->role == ROLE_NODE && (id_from_text(bytes_text(g->channel_text), &g->channel) || id_is_zero(&g->channel)))
        return refuse_usage(_("the channel key has 64 digits"));
    return COMMAND_OK;
}

/* A key keeps its place for good, and one that was taken away never comes back. */
static int check_key(struct office *o, const struct grant *g)
{
    struct trust_key known = trust_key(o->trust, &g->key);

    if (known.status == TRUST_UNKNOWN)
        return COMMAND_OK;
    if (known.is_cut || known.status == TRUST_VOID)
        output_error(_("%s was ended, and an ended key never returns"), who_describe(o, &g->key));
    else
        output_error(_("this key is in use already: %s of %s"), who_describe(o, &g->key),
                     office_kibbutz_name(o, &known.kibbutz));
    output_hint(_("'igum key new' makes a new key; each key has one place for good"));
    return COMMAND_FAILED;
}

static int sign(struct office *o, const struct grant *g, const struct key_file_person *steward, struct id *entry)
{
    struct trust_key own = trust_key(o->trust, &steward->signing.public);
    const struct statement what = {.act = ACT_GRANT, .kibbutz = own.kibbutz, .role = ROLE_STEWARD, .name = g->name};
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    act_write_id(&body, ACT_SUBJECT, &g->key);
    act_write_text(&body, ACT_GRANTS, role_name(g->role));
    act_write_text(&body, ACT_BY, "key");
    if (g->role == ROLE_NODE)
        act_write_id(&body, ACT_CHANNEL, &g->channel);
    return undersign(o, &steward->signing, &what, &body, entry);
}

static void print_result(const struct grant *g, const struct id *entry)
{
    struct output_json *json;

    if (!command_options()->json) {
        output_note(_("%s is granted: what that key signs counts from now on."), g->name);
        return;
    }
    json = output_json_object();
    output_json_id(json, "grant", entry);
    output_json_id(json, "key", &g->key);
    output_json_text(json, "role", role_name(g->role));
    output_json_text(json, "name", g->name);
    output_json_print(json);
}

static int grant(struct office *o, const struct grant *g)
{
    struct key_file_person *steward = NULL;
    struct id entry;
    int code;

    if ((code = office_need_charter(o)) != COMMAND_OK || (code = office_check_clock(o)) != COMMAND_OK ||
        (code = check_key(o, g)) != COMMAND_OK || (code = key_ring_open_signer(o, true, &steward)) != COMMAND_OK)
        return code;
    code = sign(o, g, steward, &entry);
    key_file_close_person(steward);
    if (code == COMMAND_OK)
        print_result(g, &entry);
    return code;
}

int cmd_grant(int argc, char **argv)
{
    struct grant g = {0};
    const char *coordinator = NULL, *node = NULL;
    const struct arguments_flag flags[] = {
        {"coordinator", NULL, &coordinator, NULL},
        {"node", NULL, &node, NULL},
        {"key", NULL, &g.key_text, NULL},
        {"channel", NULL, &g.channel_text, NULL},
    };
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, flags, 4, 0, 0))
        return COMMAND_USAGE;
    if ((code = read_grant(&g, coordinator, node)) != COMMAND_OK ||
        (code = office_open(&office, OFFICE_WRITE)) != COMMAND_OK)
        return code;
    code = grant(&office, &g);
    office_close(&office);
    return code;
}
