/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/report.h"

#include "node/host.h"
#include "node/output.h"
#include "node/peer.h"
#include "node/reader_process.h"
#include "proto/content.h"

#include <unistd.h>

/* ---- names ---- */

/* Appends the one line that an entry's content holds, if it is here. */
static void name_from(struct node *node, const struct id *log, uint64_t seq, struct buffer *name)
{
    struct buffer packed = BUFFER(LIMIT_CONTENT);
    static struct content content; /* Too large for the stack. */
    const struct content_file *file;

    if (seq > 0 && archive_read_content(node->archive, log, seq, &packed) == ERR_OK &&
        content_open(buffer_bytes(&packed), &content) == ERR_OK && (file = content_find(&content, CONTENT_NAME)) != NULL)
        buffer_add(name, bytes_of(file->bytes.at, file->bytes.len > 0 && file->bytes.at[file->bytes.len - 1] == '\n'
                                                      ? file->bytes.len - 1
                                                      : file->bytes.len));
    buffer_free(&packed);
}

static void add_name(struct output_json *object, const char *field, const struct buffer *name)
{
    if (name->len > 0)
        output_json_bytes(object, field, buffer_bytes(name));
    else
        output_json_null(object, field);
}

static void add_names(struct node *node, struct output_json *object, const struct trust_key *key)
{
    struct trust *trust = replica_trust(node->replica);
    struct buffer kibbutz = BUFFER(LIMIT_NAME + 1), name = BUFFER(LIMIT_NAME + 1);

    for (size_t i = 0; trust != NULL && i < trust_kibbutz_count(trust); i++) {
        struct trust_kibbutz each = trust_kibbutz_at(trust, i);

        if (!id_equal(&each.kibbutz, &key->kibbutz))
            continue;
        if (each.admit_seq == 0)
            buffer_add(&kibbutz, trust_charter(trust)->founders[each.founder].name);
        else
            name_from(node, &each.admit_log, each.admit_seq, &kibbutz);
        break;
    }
    if (key->status != TRUST_UNKNOWN)
        name_from(node, &key->grant_log, key->grant_seq, &name);
    add_name(object, "kibbutz", &kibbutz);
    add_name(object, "node", &name);
    buffer_free(&kibbutz);
    buffer_free(&name);
}

/* ---- peers ---- */

static struct output_json *describe(struct node *node, const struct id *channel, const struct contact *contact,
                                    const struct replica_peer *open)
{
    struct output_json *object = output_json_object();
    struct trust *trust = replica_trust(node->replica);
    struct trust_key key = {.status = TRUST_UNKNOWN};

    if (trust != NULL)
        key = trust_channel(trust, channel);
    add_names(node, object, &key);
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
    return peer->open && peer->connected && replica_peer(node->replica, peer->connection, state) == ERR_OK && state->is_open;
}

static void add_peers(struct node *node, struct output_json *list)
{
    struct replica_peer state;

    for (const struct peer *peer = node->peers; peer != NULL; peer = peer->next)
        if (is_open(node, peer, &state))
            output_json_add(list, describe(node, &peer->channel, dialer_find(node->dialer, &peer->channel), &state));
    for (size_t i = 0; i < dialer_count(node->dialer); i++) {
        const struct contact *contact = dialer_at(node->dialer, i);

        if (contact->open == 0)
            output_json_add(list, describe(node, &contact->channel, contact, NULL));
    }
}

enum err report_write(struct node *node, struct buffer *json)
{
    const struct frontier *frontier = replica_frontier(node->replica);
    struct output_json *object = output_json_object();
    struct output_json *peers = output_json_list();
    struct id root = frontier_root(frontier);
    struct id network = archive_network(node->archive);

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
    if (node->trouble[0] != '\0')
        output_json_text(object, "trouble", node->trouble);
    else
        output_json_null(object, "trouble");
    add_peers(node, peers);
    output_json_put(object, "peers", peers);
    return output_json_write(object, json);
}
