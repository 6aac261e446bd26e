/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/report.h"

#include "node/host.h"
#include "node/output.h"
#include "node/peer.h"
#include "node/reader_process.h"
#include "store/names.h"

#include <unistd.h>

static void add_names(struct output_json *object, struct names *names, const struct trust_key *key)
{
    char name[NAMES_SIZE];

    if (names == NULL || key->status == TRUST_UNKNOWN) {
        output_json_null(object, "kibbutz");
        output_json_null(object, "node");
        return;
    }
    names_kibbutz(names, &key->kibbutz, name);
    output_json_text(object, "kibbutz", name);
    names_key(names, &key->key, name);
    output_json_text(object, "node", name);
}

/* ---- peers ---- */

static struct output_json *describe(struct node *node, struct names *names, const struct id *channel,
                                    const struct contact *contact, const struct replica_peer *open)
{
    struct output_json *object = output_json_object();
    struct trust *trust = replica_trust(node->replica);
    struct trust_key key = {.status = TRUST_UNKNOWN};

    if (trust != NULL)
        key = trust_channel(trust, channel);
    add_names(object, names, &key);
    output_json_id(object, "channel", channel);
    if (contact != NULL)
        output_json_text(object, "address", contact->address);
    else
        output_json_null(object, "address");
    output_json_text(object, "state", open == NULL ? "apart" : open->is_equal ? "equal" : "connected");
    if (open != NULL)
        output_json_time(object, "last_heard", host_now_ms() - (host_monotonic_ms() - open->heard_ms));
    else if (contact != NULL && contact->heard_ms > 0)
        output_json_time(object, "last_heard", contact->heard_ms);
    else
        output_json_null(object, "last_heard");
    if (open != NULL)
        output_json_number(object, "behind", open->behind);
    else
        output_json_null(object, "behind");
    if (open == NULL && contact != NULL && contact->why[0] != '\0')
        output_json_text(object, "why", contact->why);
    else
        output_json_null(object, "why");
    return object;
}

static bool is_open(struct node *node, const struct peer *peer, struct replica_peer *state)
{
    return peer->open && peer->connected && replica_peer(node->replica, peer->connection, state) == ERR_OK &&
           state->is_open;
}

static void add_peers(struct node *node, struct names *names, struct output_json *list)
{
    struct replica_peer state;

    for (const struct peer *peer = node->peers; peer != NULL; peer = peer->next)
        if (is_open(node, peer, &state))
            output_json_add(list,
                            describe(node, names, &peer->channel, dialer_find(node->dialer, &peer->channel), &state));
    for (size_t i = 0; i < dialer_count(node->dialer); i++) {
        const struct contact *contact = dialer_at(node->dialer, i);

        if (contact->open == 0)
            output_json_add(list, describe(node, names, &contact->channel, contact, NULL));
    }
}

enum err report_write(struct node *node, struct buffer *json)
{
    const struct frontier *frontier = replica_frontier(node->replica);
    struct output_json *object = output_json_object();
    struct output_json *peers = output_json_list();
    struct id root = frontier_root(frontier);
    struct id network = archive_network(node->archive);
    struct trust *trust = replica_trust(node->replica);
    struct names *names = trust != NULL ? names_new(node->archive, trust) : NULL;

    output_json_number(object, "pid", (uint64_t)getpid());
    output_json_text(object, "version", IGUM_VERSION);
    output_json_time(object, "since", node->since_ms);
    output_json_id(object, "network", &network);
    output_json_id(object, "key", &node->key);
    output_json_id(object, "channel", &node->channel);
    output_json_text(object, "listen", node->listen);
    if (node->reader != NULL && reader_process_url(node->reader)[0] != '\0')
        output_json_text(object, "reader", reader_process_url(node->reader));
    else
        output_json_null(object, "reader");
    output_json_id(object, "root", &root);
    output_json_number(object, "entries", frontier_entries(frontier));
    output_json_number(object, "contents_missing", replica_missing(node->replica));
    output_json_number(object, "memory", replica_memory(node->replica));
    if (replica_news_ms(node->replica) > 0)
        output_json_time(object, "last_news", host_now_ms() - (host_monotonic_ms() - replica_news_ms(node->replica)));
    else
        output_json_null(object, "last_news");
    if (node->trouble[0] != '\0')
        output_json_text(object, "trouble", node->trouble);
    else
        output_json_null(object, "trouble");
    add_peers(node, names, peers);
    names_free(names);
    output_json_put(object, "peers", peers);
    return output_json_write(object, json);
}
