/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/shunned.h"

#define FIRST_MS 60000
#define LAST_MS 3600000
#define OFFENCES 16 /* Counted: the time does not grow any more long before. */

static bool is_of(const struct shunned_node *node, const struct id *channel)
{
    return node->offences > 0 && id_equal(&node->channel, channel);
}

uint64_t shunned_until(const struct shunned *shunned, const struct id *channel)
{
    for (size_t i = 0; i < SHUNNED_PLACES; i++)
        if (is_of(&shunned->nodes[i], channel))
            return shunned->nodes[i].until_ms;
    return 0;
}

/* Its place, or a free one, or that of the node that would be free first. */
static struct shunned_node *place_for(struct shunned *shunned, const struct id *channel)
{
    struct shunned_node *place = &shunned->nodes[0];

    for (size_t i = 0; i < SHUNNED_PLACES; i++) {
        struct shunned_node *each = &shunned->nodes[i];

        if (is_of(each, channel))
            return each;
        if (place->offences > 0 && (each->offences == 0 || each->until_ms < place->until_ms))
            place = each;
    }
    *place = (struct shunned_node){.channel = *channel};
    return place;
}

void shunned_note(struct shunned *shunned, const struct id *channel, uint64_t now)
{
    struct shunned_node *place = place_for(shunned, channel);
    uint64_t wait_ms = FIRST_MS;

    for (unsigned i = 0; i < place->offences && wait_ms < LAST_MS; i++)
        wait_ms *= 2;
    place->until_ms = now + (wait_ms < LAST_MS ? wait_ms : LAST_MS);
    if (place->offences < OFFENCES)
        place->offences++;
}
