/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/address_book.h"

#include "node/log.h"
#include "node/peer.h"

#include <stdio.h>

#define PAUSE_MS 1000 /* A first sync brings governance in many batches. */

void address_book_touch(struct node *node)
{
    node->book_is_stale = true;
}

uint64_t address_book_deadline(const struct node *node)
{
    return node->learns && node->book_is_stale ? node->book_ms : UINT64_MAX;
}

size_t address_book_read(struct node *node, const struct id *transport,
                         char addresses[LIMIT_ADDRESSES][LIMIT_ADDRESS + 1])
{
    const struct id network = archive_network(storer_archive(node->storer));
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct entry entry;
    struct bytes value;
    size_t count = 0;
    enum err err = archive_read_entry_of(storer_archive(node->storer), transport, &wire);

    if (err == ERR_OK)
        err = entry_decode(buffer_bytes(&wire), &network, &entry);
    while (err == ERR_OK && count < LIMIT_ADDRESSES && !act_value(entry.body, ACT_ADDRESS, count, &value)) {
        snprintf(addresses[count], LIMIT_ADDRESS + 1, "%.*s", (int)value.len, (const char *)value.at);
        count++;
    }
    buffer_free(&wire);
    return count;
}

/* Sessions that began under an older channel key are found again under the one of today. */
static void rename_peers(struct node *node, const struct id *old, const struct id *new)
{
    char key[9];

    log_event("channel changed", "%s goes by another key now", log_key(old, key));
    for (struct peer *peer = node->peers; peer != NULL; peer = peer->next)
        if (id_equal(&peer->channel, old))
            peer->channel = *new;
}

void address_book_adopt(struct node *node, const struct id *channel)
{
    const struct contact *contact = dialer_find(node->dialer, channel);

    if (contact == NULL || contact->open > 0)
        return;
    for (struct peer *peer = node->peers; peer != NULL; peer = peer->next)
        if (peer->open && peer->connected && id_equal(&peer->channel, channel))
            dialer_opened(node->dialer, channel, peer->called, peer->opened_ms);
}

static enum err learn(struct node *node, const struct trust_key *key, const struct id *own_kibbutz, uint64_t now)
{
    char addresses[LIMIT_ADDRESSES][LIMIT_ADDRESS + 1];
    struct bytes views[LIMIT_ADDRESSES];
    const struct contact *known = dialer_find_node(node->dialer, &key->key);
    struct dialer_node learnt = {.node = key->key,
                                 .channel = key->channel,
                                 .told_by = key->transport,
                                 .is_away = !id_equal(&key->kibbutz, own_kibbutz),
                                 .addresses = views};
    enum err err;

    if (known != NULL && !id_equal(&known->channel, &key->channel)) {
        struct id old = known->channel;

        rename_peers(node, &old, &key->channel);
    }
    if (!id_is_zero(&key->transport) && (known == NULL || !id_equal(&known->told_by, &key->transport)))
        learnt.address_count = address_book_read(node, &key->transport, addresses);
    for (size_t i = 0; i < learnt.address_count; i++)
        views[i] = bytes_text(addresses[i]);
    if ((err = dialer_learn(node->dialer, &learnt, now)) == ERR_OK)
        address_book_adopt(node, &key->channel);
    return err;
}

static void refresh(struct node *node, uint64_t now)
{
    struct trust *trust = replica_trust(node->replica);
    size_t count = trust_key_count(trust);
    struct trust_key own = trust_key(trust, &node->key);
    enum err err = ERR_OK;

    dialer_learn_begin(node->dialer);
    for (size_t i = 0; err == ERR_OK && i < count; i++) {
        struct trust_key key = trust_key_at(trust, i);

        if (key.role == ROLE_NODE && key.status == TRUST_GOOD && !id_is_zero(&key.channel) &&
            !id_equal(&key.key, &node->key) && !id_equal(&key.channel, &node->channel))
            err = learn(node, &key, &own.kibbutz, now);
    }
    dialer_learn_end(node->dialer);
    if (err != ERR_OK)
        log_event("nodes left out", "not all nodes of the network can be called: %s", err_text(err));
}

void address_book_follow(struct node *node, uint64_t now)
{
    if (now < address_book_deadline(node) || replica_trust(node->replica) == NULL)
        return;
    node->book_is_stale = false;
    node->book_ms = now + PAUSE_MS;
    refresh(node, now);
}
