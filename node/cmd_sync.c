/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arguments.h"
#include "node/command.h"
#include "node/control.h"
#include "node/host.h"
#include "node/log.h"
#include "node/node.h"
#include "node/output.h"
#include "node/patience.h"
#include "node/peer_list.h"
#include "node/i18n.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_EACH_MS 100

static int finish(const struct node_sync_result *result, const char *reason)
{
    if (command_options()->json) {
        struct output_json *object = output_json_object();

        output_json_number(object, "peers", result->peers);
        output_json_number(object, "reached", result->reached);
        output_json_number(object, "equal", result->equal);
        output_json_print(object);
    }
    if (result->interrupted)
        return COMMAND_INTERRUPTED;
    if (result->peers == 0) {
        output_error("%s", reason[0] != '\0' ? reason : _("no peers are known"));
        output_hint(_("add one with 'igum peer add CHANNELKEY@HOST:PORT'"));
        return COMMAND_NOBODY;
    }
    if (result->reached == 0) {
        output_error(_("nobody can be reached: %s"), reason);
        output_hint(_("'igum peer list' shows who is known; is the network up?"));
        return COMMAND_NOBODY;
    }
    output_note(_("equal with %zu of %zu peers"), result->equal, result->peers);
    if (result->equal < result->peers) {
        output_error(_("not all peers are equal: %s"), reason[0] != '\0' ? reason : _("it took too long"));
        output_hint(_("'igum peer list' shows who is known; is the network up?"));
        return COMMAND_PARTLY;
    }
    return COMMAND_OK;
}

static int fail(enum err err, const char *reason)
{
    output_error(_("cannot sync: %s"), reason[0] != '\0' ? reason : err_text(err));
    if (err == ERR_MISSING) {
        output_hint(_("start with 'igum found' or 'igum join'"));
        return COMMAND_NO_ARCHIVE;
    }
    return err == ERR_BUSY ? COMMAND_LOCKED : COMMAND_FAILED;
}

/* ---- by the running node ---- */

static bool is_meant(const struct peer_list_item *item, const char *peer)
{
    return peer == NULL || strstr(item->channel, peer) != NULL || strstr(item->address, peer) != NULL;
}

/*
 * Counts what the running node says of its peers, and bytes of those not equal; true: there is nothing to wait for.  In a large
 * network somebody is always off: who was only learnt of, and is apart, counts when nobody else is there to be equal with.
 */
static bool look(const char *home, const char *peer, struct node_sync_result *result, uint64_t *received,
                 char reason[NODE_REASON])
{
    struct peer_list list;
    size_t learnt = 0;
    bool waiting = false, waiting_learnt = false;

    *result = (struct node_sync_result){0};
    *received = 0;
    if (peer_list_load(home, &list) != ERR_OK)
        return false;
    for (size_t i = 0; i < list.count; i++) {
        const struct peer_list_item *item = &list.items[i];
        bool equal = strcmp(item->state, "equal") == 0;

        if (!is_meant(item, peer))
            continue;
        if (peer == NULL && !item->given && strcmp(item->state, "apart") == 0) {
            learnt++;
            waiting_learnt |= item->why[0] == '\0';
            continue;
        }
        result->peers++;
        result->reached += equal || strcmp(item->state, "connected") == 0;
        result->equal += equal;
        *received += equal ? 0 : item->received;
        if (!equal && item->why[0] == '\0')
            waiting = true;
        if (item->why[0] != '\0')
            snprintf(reason, NODE_REASON, "%s", item->why);
    }
    if (result->peers == 0) {
        result->peers = learnt;
        waiting = waiting_learnt;
    }
    peer_list_free(&list);
    return !waiting;
}

static int by_node(const char *home, const char *peer, unsigned timeout_s)
{
    struct node_sync_result result = {0};
    char reason[NODE_REASON] = "";
    enum err outcome = ERR_OK;
    enum err err = control_request(home, CONTROL_SYNC, bytes_of(NULL, 0), &outcome, reason);
    struct patience patience;
    uint64_t received = 0;

    if (err != ERR_OK || (err = outcome) != ERR_OK)
        return fail(err, reason);
    patience_begin(&patience, timeout_s, host_monotonic_ms());
    do
        usleep(LOOK_EACH_MS * 1000);
    while (!look(home, peer, &result, &received, reason) &&
           !patience_is_over(&patience, received, host_monotonic_ms()));
    return finish(&result, reason);
}

int cmd_sync(int argc, char **argv)
{
    const char *timeout = NULL;
    const struct arguments_flag flags[] = {{.name = "timeout", .value = &timeout}};
    struct node_sync options = {.home = command_options()->home, .timeout_s = NODE_SYNC_TIMEOUT_S};
    struct node_sync_result result;
    char reason[NODE_REASON];
    enum err err;

    if (!arguments_parse(&argc, argv, flags, sizeof flags / sizeof flags[0], 0, 1))
        return COMMAND_USAGE;
    if (timeout != NULL) {
        char *end;
        long seconds = strtol(timeout, &end, 10);

        if (*end != '\0' || end == timeout || seconds < 1 || seconds > 86400) {
            output_error(_("'%s' is not a number of seconds"), timeout);
            return COMMAND_USAGE;
        }
        options.timeout_s = (unsigned)seconds;
    }
    options.peer = argc > 1 ? argv[1] : NULL;
    if (control_running(options.home))
        return by_node(options.home, options.peer, options.timeout_s);
    log_quiet(true);
    err = node_sync(&options, &result, reason);
    if (err != ERR_OK && err != ERR_TIMEOUT)
        return fail(err, reason);
    return finish(&result, reason);
}
