/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/condition.h"

#include <inttypes.h>

#include "node/command.h"
#include "node/control.h"
#include "node/i18n.h"

static void load_report(const struct office *o, struct condition *condition)
{
    struct buffer text = BUFFER(CONTROL_REPLY);

    if (!control_status(o->home, &text))
        condition->report = output_json_read(buffer_bytes(&text));
    buffer_free(&text);
}

int condition_load(struct office *o, struct condition *condition)
{
    struct index_counts counts;
    enum err err;
    int code = office_open_index(o);

    *condition = (struct condition){.network = archive_network(o->archive),
                                    .root = frontier_root(o->frontier),
                                    .entries = frontier_entries(o->frontier)};
    if (code != COMMAND_OK)
        return code;
    if ((err = index_count(o->index, &counts)))
        return office_fail(err, _("the index cannot be read"), index_reason(o->index));
    condition->documents = counts.documents;
    condition->contents_missing = counts.contents_missing;
    condition->has_kibbutz = office_kibbutz(o, &condition->kibbutz);
    condition->has_node = office_node(o, &condition->node, NULL);
    load_report(o, condition);
    return COMMAND_OK;
}

void condition_free(struct condition *condition)
{
    if (condition->report != NULL)
        output_json_free(condition->report);
    condition->report = NULL;
}

/* Where no node runs, all that is known of peers is whom it would call. */
static struct output_json *write_configured_peers(const struct office *o)
{
    struct output_json *peers = output_json_list();
    const char *value;

    for (size_t i = 0; (value = config_value(o->config, "peer", i)) != NULL; i++) {
        struct output_json *peer = output_json_object();

        output_json_null(peer, "kibbutz");
        output_json_null(peer, "node");
        output_json_text(peer, "address", value);
        output_json_text(peer, "state", "stopped");
        output_json_null(peer, "last_heard");
        output_json_null(peer, "behind");
        output_json_add(peers, peer);
    }
    return peers;
}

struct output_json *condition_write(struct office *o, const struct condition *condition)
{
    struct output_json *json = output_json_object();
    struct output_json *peers = condition->report != NULL ? output_json_find(condition->report, "peers") : NULL;

    output_json_id(json, "network", &condition->network);
    output_json_text(json, "kibbutz", condition->has_kibbutz ? office_kibbutz_name(o, &condition->kibbutz) : NULL);
    output_json_text(json, "node", condition->has_node ? office_key_name(o, &condition->node) : NULL);
    output_json_id(json, "root", &condition->root);
    output_json_number(json, "entries", condition->entries);
    output_json_number(json, "documents", condition->documents);
    output_json_number(json, "contents_missing", condition->contents_missing);
    output_json_number(json, "forks", 0);
    output_json_put(json, "peers", peers != NULL ? output_json_keep(peers) : write_configured_peers(o));
    if (condition->has_kibbutz)
        output_json_id(json, "kibbutz_id", &condition->kibbutz);
    if (condition->has_node)
        output_json_id(json, "node_key", &condition->node);
    output_json_bool(json, "running", condition->report != NULL);
    output_json_text(json, "trouble",
                     condition->report != NULL ? output_json_find_text(condition->report, "trouble") : NULL);
    return json;
}

static const char *or_unknown(const char *text)
{
    return text != NULL ? text : _("not known yet");
}

static void print_peers(const struct condition *condition)
{
    struct output_json *peers = output_json_find(condition->report, "peers"), *peer;

    for (size_t i = 0; (peer = output_json_at(peers, i)) != NULL; i++)
        output_line(_("peer      %s, %s: %s\n"), or_unknown(output_json_find_text(peer, "kibbutz")),
                    or_unknown(output_json_find_text(peer, "address")),
                    or_unknown(output_json_find_text(peer, "state")));
}

void condition_print(struct office *o, const struct condition *condition)
{
    char network[ID_TEXT_LEN + 1], root[ID_TEXT_LEN + 1];

    id_to_text(&condition->network, network);
    id_to_text(&condition->root, root);
    output_line(_("network   %s\n"), network);
    output_line(_("kibbutz   %s\n"),
                condition->has_kibbutz ? office_kibbutz_name(o, &condition->kibbutz) : or_unknown(NULL));
    output_line(_("node      %s (%s)\n"), condition->has_node ? office_key_name(o, &condition->node) : or_unknown(NULL),
                condition->report != NULL ? _("running") : _("not running"));
    output_line(_("root      %s\n"), root);
    output_line(_("entries   %" PRIu64 "\n"), condition->entries);
    output_line(_("documents %" PRIu64 "\n"), condition->documents);
    output_line(_("missing   %" PRIu64 "\n"), condition->contents_missing);
    if (condition->report == NULL)
        return;
    print_peers(condition);
    if (output_json_find_text(condition->report, "trouble") != NULL)
        output_line(_("trouble   %s\n"), output_json_find_text(condition->report, "trouble"));
}
