/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/report.h"

#include "node/clocks.h"
#include "node/host.h"
#include "node/log.h"
#include "node/output.h"
#include "node/peer.h"
#include "node/reader_process.h"
#include "store/names.h"
#include "store/segments.h"

#include <stdio.h>
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

static void put_reason(struct output_json *object, enum dialer_failure why, const char *address, const char *detail)
{
    char text[DIALER_WHY];

    dialer_failure_write(text, why, dialer_failure_text(why), address, detail);
    output_json_text(object, "why", text[0] != '\0' ? text : NULL);
    output_json_text(object, "cause", dialer_failure_name(why));
    output_json_text(object, "side", dialer_failure_side(why));
    output_json_text(object, "detail", detail);
}

/* Why a contact is apart, as far as it is known. */
static void add_reason(struct node *node, struct output_json *object, const struct contact *contact)
{
    enum dialer_failure why = contact->failure;
    char detail[DIALER_WHY], key[9];
    const struct contact *holder = dialer_holder(node->dialer, &contact->channel, contact->address);

    snprintf(detail, sizeof detail, "%s", contact->detail);
    if (dialer_bars(node->dialer, &contact->channel, &contact->node)) {
        why = DIALER_REMOVED;
    } else if (contact->address_count == 0) {
        why = DIALER_NO_ADDRESS;
    } else if (why == DIALER_OTHER_KEY && holder != NULL) {
        why = DIALER_TAKEN;
        snprintf(detail, sizeof detail, "%s, %.200s", log_key(&holder->channel, key), contact->address);
    }
    put_reason(object, why, contact->address, detail);
}

static void add_time(struct output_json *object, const char *name, uint64_t monotonic_ms)
{
    if (monotonic_ms > 0)
        output_json_time(object, name, host_now_ms() - (host_monotonic_ms() - monotonic_ms));
    else
        output_json_null(object, name);
}

static const struct receipts_node *receipt_of(const struct node *node, const struct id *key)
{
    const struct receipts *receipts = replica_receipts(node->replica);
    size_t place = receipts_find(receipts, key);
    const struct receipts_node *found = place == SIZE_MAX ? NULL : receipts_at(receipts, place);

    return found != NULL && found->receipt.number > 0 ? found : NULL;
}

/* Of one that is apart its last receipt tells. */
static void add_behind(struct node *node, struct output_json *object, const struct id *key,
                       const struct replica_peer *open)
{
    const struct receipts_node *receipt = receipt_of(node, key);

    if (open != NULL)
        output_json_number(object, "behind", open->behind);
    else if (receipt != NULL)
        output_json_number(object, "behind", receipts_behind(receipt, replica_frontier(node->replica)));
    else
        output_json_null(object, "behind");
}

static struct output_json *describe(struct node *node, struct names *names, const struct contact *contact,
                                    const struct id *channel, const struct replica_peer *open)
{
    struct output_json *object = output_json_object();
    struct trust *trust = replica_trust(node->replica);
    struct trust_key key = {.status = TRUST_UNKNOWN};
    const struct receipts_node *receipt;

    if (trust != NULL)
        key = open != NULL && open->key.status != TRUST_UNKNOWN ? trust_key(trust, &open->key.key)
                                                                : trust_channel(trust, channel);
    if (key.status != TRUST_UNKNOWN && !id_is_zero(&key.channel))
        channel = &key.channel; /* The one of today: a session may have begun under an older one. */
    add_names(object, names, &key);
    receipt = receipt_of(node, &key.key);
    output_json_id(object, "channel", channel);
    output_json_text(object, "address", contact != NULL && contact->address[0] != '\0' ? contact->address : NULL);
    output_json_bool(object, "given", contact != NULL && contact->is_given);
    output_json_text(object, "state", open == NULL ? "apart" : open->is_equal ? "equal" : "connected");
    if (open != NULL)
        add_time(object, "last_heard", open->heard_ms);
    else if (contact != NULL && contact->heard_ms > 0)
        output_json_time(object, "last_heard", contact->heard_ms);
    else if (receipt != NULL)
        output_json_time(object, "last_heard", ENTRY_CLOCK_MS(receipt->receipt.number));
    else
        output_json_null(object, "last_heard");
    add_time(object, "since", contact == NULL ? 0 : open != NULL ? contact->opened_ms : contact->apart_ms);
    add_behind(node, object, &key.key, open);
    if (open == NULL && contact != NULL)
        add_reason(node, object, contact);
    else
        output_json_null(object, "why");
    return object;
}

static bool is_open(struct node *node, const struct peer *peer, struct replica_peer *state)
{
    return peer->open && peer->connected && replica_peer(node->replica, peer->connection, state) == ERR_OK &&
           state->is_open;
}

/* What the clock of a connected peer says by now, however wild; 0: it did not tell. */
static uint64_t clock_of(const struct peer *peer, const struct replica_peer *state)
{
    const uint64_t last = LIMIT_CLOCK_SECONDS * 1000;

    return state->clock_ms == 0     ? 0
           : state->clock_ms < last ? state->clock_ms + (host_monotonic_ms() - peer->opened_ms)
                                    : last;
}

/* By how much the clocks of connected peers are ahead of ours. */
static size_t read_clocks(struct node *node, int64_t ahead_ms[LIMIT_SESSIONS])
{
    uint64_t now = host_now_ms(), clock;
    struct replica_peer state;
    size_t count = 0;

    for (const struct peer *peer = node->peers; peer != NULL && count < LIMIT_SESSIONS; peer = peer->next)
        if (is_open(node, peer, &state) && (clock = clock_of(peer, &state)) > 0)
            ahead_ms[count++] = (int64_t)clock - (int64_t)now;
    return count;
}

static void add_clock(struct output_json *object, uint64_t clock_ms, enum clocks_off off)
{
    static const enum dialer_failure reasons[] = {
        [CLOCKS_THEIRS] = DIALER_CLOCK, [CLOCKS_OURS] = DIALER_OUR_CLOCK, [CLOCKS_EITHER] = DIALER_CLOCKS};
    char time[OUTPUT_TIME_LEN + 1];

    output_json_time(object, "clock", clock_ms);
    output_time(clock_ms, time);
    if (off != CLOCKS_GOOD)
        put_reason(object, reasons[off], "", time);
}

static void add_connected(struct node *node, struct names *names, struct output_json *list)
{
    int64_t ahead_ms[LIMIT_SESSIONS];
    size_t clocks = read_clocks(node, ahead_ms), which = 0;
    struct replica_peer state;

    for (const struct peer *peer = node->peers; peer != NULL; peer = peer->next) {
        struct output_json *object;
        uint64_t clock;

        if (!is_open(node, peer, &state))
            continue;
        object = describe(node, names, dialer_find(node->dialer, &peer->channel), &peer->channel, &state);
        output_json_number(object, "received", peer->received);
        if (which < clocks && (clock = clock_of(peer, &state)) > 0)
            add_clock(object, clock, clocks_judge(ahead_ms, clocks, which++));
        output_json_add(list, object);
    }
}

static void add_peers(struct node *node, struct names *names, struct output_json *list)
{
    add_connected(node, names, list);
    for (size_t i = 0; i < dialer_count(node->dialer); i++) {
        const struct contact *contact = dialer_at(node->dialer, i);

        if (contact->open == 0)
            output_json_add(list, describe(node, names, contact, &contact->channel, NULL));
    }
}

enum err report_write(struct node *node, struct buffer *json)
{
    const struct frontier *frontier = replica_frontier(node->replica);
    struct output_json *object = output_json_object();
    struct output_json *peers = output_json_list();
    struct id root = frontier_root(frontier);
    struct id network = archive_network(storer_archive(node->storer));
    const struct segments *segments = archive_segments(storer_archive(node->storer));
    struct trust *trust = replica_trust(node->replica);
    struct roster roster = {.keys = {.at = NULL}};
    struct names *names = trust != NULL && roster_take(&roster, trust) == ERR_OK
                              ? names_new(storer_archive(node->storer), &roster)
                              : NULL;

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
    output_json_number(object, "compressed", segments != NULL ? segments_entries(segments) : 0);
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
    roster_free(&roster);
    output_json_put(object, "peers", peers);
    return output_json_write(object, json);
}
