/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/rotation.h"

struct search {
    const struct id *channel;
    struct id key; /* The node's. */
    bool found;
};

/* A node's channel key is named by its grant, its accept or its own transport. */
static enum err look_at(void *context, const struct entry *entry, const struct id *id)
{
    struct search *s = context;
    struct id channel;
    enum err err = ERR_MISSING;

    (void)id;
    if (s->found || act_id(entry->body, ACT_CHANNEL, 0, &channel) || !id_equal(&channel, s->channel))
        return ERR_OK;
    if (entry->act == ACT_GRANT)
        err = act_id(entry->body, ACT_SUBJECT, 0, &s->key);
    else if (entry->act == ACT_ACCEPT)
        err = act_id(entry->body, ACT_KEY, 0, &s->key);
    else if (entry->act == ACT_TRANSPORT) {
        s->key = entry->log;
        err = ERR_OK;
    }
    s->found = err == ERR_OK;
    return ERR_OK;
}

bool rotation_newest(struct node *node, const struct id *channel, struct id *newest)
{
    struct trust *trust = replica_trust(node->replica);
    struct search s = {.channel = channel};
    struct trust_key known;

    if (trust == NULL || trust_channel(trust, channel).status != TRUST_UNKNOWN ||
        archive_load_entries(storer_archive(node->storer), look_at, &s) != ERR_OK || !s.found)
        return false;
    known = trust_key(trust, &s.key);
    *newest = known.channel;
    return known.status >= TRUST_CONTESTED && known.role == ROLE_NODE && !id_equal(newest, channel);
}
