/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arguments.h"
#include "node/command.h"
#include "node/config.h"
#include "node/control.h"
#include "node/dialer.h"
#include "node/node.h"
#include "node/office.h"
#include "node/output.h"
#include "node/peer_list.h"
#include "node/i18n.h"
#include "proto/invitation.h"
#include "store/files.h"

#include <stdio.h>
#include <string.h>

/* What the running node has to know at once; without one, the configuration is enough. */
static int tell_node(enum control_type type, const char *text)
{
    enum err outcome = ERR_OK;
    char reason[CONTROL_REASON];
    enum err err = control_request(command_options()->home, type, bytes_text(text), &outcome, reason);

    if (err == ERR_MISSING || (err == ERR_OK && (outcome == ERR_OK || outcome == ERR_MISSING)))
        return COMMAND_OK;
    output_error(_("the running node did not take it: %s"), err != ERR_OK ? err_text(err) : err_text(outcome));
    output_hint(_("it is in the configuration, and counts when the node starts again"));
    return COMMAND_PARTLY;
}

static int fail_config(enum err err)
{
    output_error(_("the configuration cannot be changed: %s"), err_text(err));
    return COMMAND_FAILED;
}

/* CHANNELKEY@HOST:PORT as it is, or the node that an invitation names. */
static bool read_line(const char *text, struct id *channel, char line[ID_TEXT_LEN + LIMIT_ADDRESS + 2])
{
    struct invitation invitation;
    char address[LIMIT_ADDRESS + 1];
    char key[ID_TEXT_LEN + 1];
    bool found = dialer_read(bytes_text(text), channel, address) == ERR_OK;

    if (!found && invitation_read(bytes_text(text), &invitation) == ERR_OK) {
        *channel = invitation.channel;
        memcpy(address, invitation.address, sizeof address);
        invitation_wipe(&invitation);
        found = true;
    }
    if (!found) {
        output_error(_("'%s' is not a peer"), text);
        output_hint(_("write it as 'igum serve' prints it over there: CHANNELKEY@HOST:PORT"));
        return false;
    }
    id_to_text(channel, key);
    snprintf(line, ID_TEXT_LEN + LIMIT_ADDRESS + 2, "%s@%s", key, address);
    return true;
}

/* Takes every line of this channel key out. */
static size_t remove_lines(struct config *config, const char *key)
{
    char line[ID_TEXT_LEN + LIMIT_ADDRESS + 2];
    const char *value;
    size_t count = 0;

    for (size_t i = 0; (value = config_value(config, "peer", i)) != NULL;) {
        if (strncmp(value, key, strlen(key)) != 0) {
            i++;
            continue;
        }
        snprintf(line, sizeof line, "%s", value);
        if (!config_remove(config, "peer", line))
            break;
        count++;
    }
    return count;
}

/* The key by which a granted node is known, whatever its channel key is by now; else, and where nothing is known here, that. */
static bool find_node(const struct id *channel, char key[ID_TEXT_LEN + 1])
{
    struct trust_key known = {.status = TRUST_UNKNOWN};
    struct office office;

    id_to_text(channel, key);
    if (office_open(&office, OFFICE_READ) != COMMAND_OK)
        return false;
    if (office.trust != NULL)
        known = trust_channel(office.trust, channel);
    if (known.status != TRUST_UNKNOWN)
        id_to_text(&known.key, key);
    office_close(&office);
    return known.status != TRUST_UNKNOWN;
}

static int add(const char *text)
{
    struct config *config = NULL;
    char node[ID_TEXT_LEN + 1];
    struct id channel;
    char line[ID_TEXT_LEN + LIMIT_ADDRESS + 2];
    enum err err;

    if (!read_line(text, &channel, line))
        return COMMAND_USAGE;
    if ((err = config_load(command_options()->home, &config)) == ERR_OK) {
        char key[ID_TEXT_LEN + 1];

        id_to_text(&channel, key);
        (void)remove_lines(config, key); /* It moved: one key has one address. */
        (void)find_node(&channel, node);
        (void)config_remove(config, "removed", node);
        (void)config_remove(config, "removed", key);
        if ((err = config_add(config, "peer", line)) == ERR_OK)
            err = config_save(config);
    }
    config_free(config);
    if (err != ERR_OK)
        return fail_config(err);
    output_note(_("added: %s"), line);
    return tell_node(CONTROL_PEER_ADD, line);
}

/* The one peer that a piece of a key or address means. */
static bool choose(const struct peer_list *list, const char *text, char key[ID_TEXT_LEN + 1])
{
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++) {
        const struct peer_list_item *item = &list->items[i];

        if (strncmp(item->channel, text, strlen(text)) != 0 && strcmp(item->address, text) != 0 &&
            strcmp(item->kibbutz, text) != 0)
            continue;
        if (count > 0 && strcmp(key, item->channel) == 0)
            continue;
        snprintf(key, ID_TEXT_LEN + 1, "%s", item->channel);
        count++;
    }
    if (count == 1)
        return true;
    output_error(count == 0 ? _("no peer '%s' is known") : _("'%s' means more than one peer"), text);
    output_hint(_("'igum peer list' shows them"));
    return false;
}

static int remove_peer(const char *text)
{
    struct config *config = NULL;
    struct peer_list list;
    struct id channel;
    char key[ID_TEXT_LEN + 1] = "", node[ID_TEXT_LEN + 1];
    enum err err = peer_list_load(command_options()->home, &list);
    bool found;

    if (err != ERR_OK)
        return fail_config(err);
    found = choose(&list, text, key);
    peer_list_free(&list);
    if (!found)
        return COMMAND_FAILED;
    if ((err = id_from_text(bytes_text(key), &channel)) == ERR_OK)
        err = config_load(command_options()->home, &config);
    if (err == ERR_OK) {
        (void)remove_lines(config, key);
        if (find_node(&channel, node)) /* A member would call, or be called, all the same. */
            err = config_add(config, "removed", node);
        if (err == ERR_OK || err == ERR_EXISTS)
            err = config_save(config);
    }
    config_free(config);
    if (err != ERR_OK)
        return fail_config(err);
    output_note(_("removed: %s"), key);
    return tell_node(CONTROL_PEER_REMOVE, node);
}

static void print_json(const struct peer_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct peer_list_item *item = &list->items[i];
        struct output_json *object = output_json_object();

        output_json_text(object, "kibbutz", item->kibbutz[0] != '\0' ? item->kibbutz : NULL);
        output_json_text(object, "node", item->node[0] != '\0' ? item->node : NULL);
        output_json_text(object, "channel", item->channel);
        output_json_text(object, "address", item->address[0] != '\0' ? item->address : NULL);
        output_json_text(object, "state", item->state);
        output_json_text(object, "last_heard", item->last_heard[0] != '\0' ? item->last_heard : NULL);
        if (item->has_behind)
            output_json_number(object, "behind", item->behind);
        else
            output_json_null(object, "behind");
        output_json_text(object, "since", item->since[0] != '\0' ? item->since : NULL);
        output_json_text(object, "why", item->why[0] != '\0' ? item->why : NULL);
        output_json_text(object, "cause", item->cause[0] != '\0' ? item->cause : NULL);
        output_json_text(object, "side", item->side[0] != '\0' ? item->side : NULL);
        output_json_text(object, "clock", item->clock[0] != '\0' ? item->clock : NULL);
        output_json_print(object);
    }
}

/* Who can change it; nobody needs to be told where it mends itself. */
static const char *side_text(const struct peer_list_item *item)
{
    if (strcmp(item->side, "we") == 0)
        return _("to be mended here");
    if (strcmp(item->side, "they") == 0)
        return _("to be mended there");
    return strcmp(item->side, "either") == 0 ? _("to be mended here or there, or on the way") : "";
}

static void print_reason(const struct peer_list_item *item)
{
    enum dialer_failure why = dialer_failure_from_name(item->cause);
    const char *text = dialer_failure_text(why);
    char line[DIALER_WHY];

    if (text[0] == '\0')
        return;
    dialer_failure_write(line, why, _(text), item->address, item->detail);
    output_line("          %s%s%s\n", line, side_text(item)[0] != '\0' ? "; " : "", side_text(item));
    if (item->since[0] != '\0' && strcmp(item->state, "apart") == 0)
        output_line(_("          so since %s\n"), item->since);
}

static void print_people(const struct peer_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct peer_list_item *item = &list->items[i];

        output_line("%.8s  %s%s%s  %s\n", item->channel, item->kibbutz,
                    item->kibbutz[0] != '\0' && item->address[0] != '\0' ? " · " : "", item->address,
                    list->node_runs ? peer_list_state_text(item->state) : "");
        print_reason(item);
        if (item->last_heard[0] != '\0')
            output_line(_("          last heard %s\n"), item->last_heard);
    }
    if (list->count == 0)
        output_note(_("no peers are known; add one with 'igum peer add CHANNELKEY@HOST:PORT'"));
    else if (!list->node_runs)
        output_note(_("no node runs here: 'igum serve' starts it"));
}

static int list_peers(void)
{
    struct peer_list list;
    enum err err = peer_list_load(command_options()->home, &list);

    if (err != ERR_OK) {
        output_error(_("the peers cannot be listed: %s"), err_text(err));
        return COMMAND_FAILED;
    }
    if (command_options()->json)
        print_json(&list);
    else
        print_people(&list);
    peer_list_free(&list);
    return COMMAND_OK;
}

int cmd_peer(int argc, char **argv)
{
    char path[FILES_PATH_SIZE];

    if (!arguments_parse(&argc, argv, NULL, 0, 1, 2))
        return COMMAND_USAGE;
    if (files_join(path, command_options()->home, "archive.git") != ERR_OK || !files_exists(path)) {
        output_error(_("no archive here: '%s'"), command_options()->home);
        output_hint(_("start with 'igum found' or 'igum join'"));
        return COMMAND_NO_ARCHIVE;
    }
    if (strcmp(argv[1], "list") == 0 && argc == 2)
        return list_peers();
    if (strcmp(argv[1], "add") == 0 && argc == 3)
        return add(argv[2]);
    if (strcmp(argv[1], "remove") == 0 && argc == 3)
        return remove_peer(argv[2]);
    output_error(_("usage: igum peer add CHANNELKEY@HOST:PORT | remove PEER | list"));
    return COMMAND_USAGE;
}
