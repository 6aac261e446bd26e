/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <sodium.h>

#include "node/address.h"
#include "node/arguments.h"
#include "node/cmd_key.h"
#include "node/command.h"
#include "node/control.h"
#include "node/host.h"
#include "node/key_ring.h"
#include "node/output.h"
#include "node/undersign.h"
#include "node/i18n.h"

/* Which key file is the node's. */
static const struct key_file_info *find_node(const struct key_ring *ring)
{
    for (size_t i = 0; i < ring->count; i++)
        if (!ring->keys[i].err && ring->keys[i].role == ROLE_NODE)
            return &ring->keys[i];
    output_error(_("this home has no node key"));
    output_hint(_("without it the home reads and signs, but does not call other nodes"));
    return NULL;
}

static int check_granted(struct office *o, const struct id *key)
{
    if (trust_key(o->trust, key).status == TRUST_GOOD)
        return COMMAND_OK;
    output_error(_("nothing grants this node a place in the network, so it has no channel key to change"));
    output_hint(_("a steward can invite a new node: 'igum invite --node NAME'"));
    return COMMAND_FAILED;
}

/* Names the new key to the others, and where this node is called when that was set. */
static int sign(struct office *o, const struct key_file_node *node, const struct id *channel)
{
    const struct statement what = {
        .act = ACT_TRANSPORT, .kibbutz = trust_key(o->trust, &node->signing.public).kibbutz, .role = ROLE_NODE};
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    char address[LIMIT_ADDRESS + 1];
    bool is_guess;

    address_own(o->config, address, &is_guess);
    act_write_id(&body, ACT_CHANNEL, channel);
    if (!is_guess)
        act_write_text(&body, ACT_ADDRESS, address);
    return undersign(o, &node->signing, &what, &body, NULL);
}

/* The new secret is durable before the entry that names it, and takes its place after. */
static int rotate(struct office *o, const struct key_file_info *info, struct id *channel)
{
    struct key_file_node *node = NULL, *next = NULL;
    struct key_file_reason reason = {""};
    uint8_t secret[NOISE_KEY_LEN];
    enum err err;
    int code = COMMAND_OK;

    host_random(secret, sizeof secret);
    err = key_file_open_node(info->path, &node, &reason);
    if (!err)
        err = key_file_stage_channel(info->path, secret, &reason);
    if (!err)
        err = key_file_open_next(info->path, &next, &reason);
    sodium_memzero(secret, sizeof secret);
    if (!err) {
        memcpy(channel->at, next->channel.public, ID_LEN);
        code = sign(o, node, channel);
    }
    if (!err && code == COMMAND_OK)
        err = key_file_take_channel(info->path, &reason);
    key_file_close_node(node);
    key_file_close_node(next);
    return err ? key_ring_fail(err, info->path, &reason) : code;
}

/* A rotation that was cut off: its entry is durable, and the new key waits beside the old one. */
static bool finish(struct office *o, const struct key_file_info *info, struct id *channel)
{
    struct trust_key own = trust_key(o->trust, &info->key);
    struct key_file_reason reason = {""};
    struct key_file_node *next = NULL;
    bool is_named;

    if (key_file_open_next(info->path, &next, &reason))
        return false;
    memcpy(channel->at, next->channel.public, ID_LEN);
    is_named = id_equal(channel, &own.channel);
    key_file_close_node(next);
    return is_named && !key_file_take_channel(info->path, &reason);
}

static int tell_node(struct office *o)
{
    char reason[CONTROL_REASON] = "";
    enum err outcome = ERR_OK;
    enum err err;

    if (!o->node_runs)
        return COMMAND_OK;
    err = control_request(o->home, CONTROL_CHANNEL, bytes_of(NULL, 0), &outcome, reason);
    if (!err && !outcome)
        return COMMAND_OK;
    output_error(_("the new key is in place, but the running node did not take it up: %s"),
                 reason[0] != '\0' ? reason : err_text(err ? err : outcome));
    output_hint(_("restart it: stop 'igum serve' and start it again"));
    return COMMAND_PARTLY;
}

static void print_result(const struct office *o, const struct id *channel)
{
    char digits[ID_TEXT_LEN + 1];
    struct output_json *json;

    if (command_options()->json) {
        json = output_json_object();
        output_json_id(json, "channel", channel);
        output_json_bool(json, "running", o->node_runs);
        output_json_print(json);
        return;
    }
    id_to_text(channel, digits);
    output_line(_("channel %s\n"), digits);
    output_note(o->node_runs ? _("The running node has taken up the new key.")
                             : _("The next 'igum serve' or 'igum sync' uses the new key."));
    output_note(_("Other nodes learn it from the archive and need to be told nothing; the old key opens nothing once "
                  "they have."));
}

static int run(struct office *o)
{
    const struct key_file_info *info;
    struct key_ring ring = {0};
    struct id channel = {{0}};
    int code;

    if ((code = office_need_charter(o)) != COMMAND_OK || (code = office_check_clock(o)) != COMMAND_OK ||
        (code = key_ring_load(o->home, &ring)) != COMMAND_OK)
        return code;
    code = (info = find_node(&ring)) == NULL ? COMMAND_FAILED : check_granted(o, &info->key);
    if (code == COMMAND_OK && !finish(o, info, &channel))
        code = rotate(o, info, &channel);
    if (code == COMMAND_OK)
        code = tell_node(o);
    if (code == COMMAND_OK)
        print_result(o, &channel);
    key_ring_free(&ring);
    return code;
}

int key_rotate(int argc, char **argv)
{
    struct office office;
    int code;

    if (!arguments_parse(&argc, argv, NULL, 0, 0, 0))
        return COMMAND_USAGE;
    if ((code = office_open(&office, OFFICE_WRITE)) != COMMAND_OK)
        return code;
    code = run(&office);
    office_close(&office);
    return code;
}
