/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/roll.h"

#include <stdlib.h>

/* One that is only invited is no member yet. */
static bool is_member(const struct trust_kibbutz *kibbutz)
{
    return kibbutz->joined && !kibbutz->closed && kibbutz->status > TRUST_VOID;
}

static bool is_node(const struct trust_key *key)
{
    return key->role == ROLE_NODE && key->status > TRUST_VOID;
}

enum err roll_of(struct trust *trust, const struct id *own, struct receipt_world *world)
{
    size_t kibbutzim = trust_kibbutz_count(trust), keys = trust_key_count(trust);

    *world = (struct receipt_world){.own = own != NULL ? *own : (struct id){{0}}};
    world->members = malloc((kibbutzim + 1) * sizeof *world->members);
    world->nodes = malloc((keys + 1) * sizeof *world->nodes);
    if (world->members == NULL || world->nodes == NULL) {
        receipt_world_free(world);
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < kibbutzim; i++) {
        struct trust_kibbutz kibbutz = trust_kibbutz_at(trust, i);

        if (is_member(&kibbutz))
            world->members[world->member_count++] = kibbutz.kibbutz;
    }
    for (size_t i = 0; i < keys; i++) {
        struct trust_key key = trust_key_at(trust, i);

        if (is_node(&key))
            world->nodes[world->node_count++] = (struct receipt_seat){.node = key.key, .kibbutz = key.kibbutz};
    }
    return ERR_OK;
}
