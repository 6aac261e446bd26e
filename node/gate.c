/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/gate.h"

#include <assert.h>
#include <stdlib.h>

struct place {
    struct gate_address address;
    bool used;
    unsigned half_open;
    uint64_t tokens_milli; /* Thousandths of a knock, so that slow refill is not lost to rounding. */
    uint64_t seen_ms;
};

struct gate {
    unsigned half_open;
    struct place places[GATE_ADDRESSES];
};

struct gate *gate_new(void)
{
    return calloc(1, sizeof(struct gate));
}

void gate_free(struct gate *g)
{
    free(g);
}

/* One subscriber of IPv6 holds 2^64 addresses and counts as one. */
static struct gate_address subscriber(const struct gate_address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct gate_address result = *address;

    if (memcmp(address->at, mapped, sizeof mapped) != 0)
        memset(result.at + 8, 0, 8);
    return result;
}

static struct place *find(struct gate *g, const struct gate_address *address)
{
    for (size_t i = 0; i < GATE_ADDRESSES; i++)
        if (g->places[i].used && memcmp(&g->places[i].address, address, sizeof *address) == 0)
            return &g->places[i];
    return NULL;
}

/* A place is given up only when nothing of it is half open, or the count would be lost. */
static struct place *take(struct gate *g, const struct gate_address *address, uint64_t now)
{
    struct place *oldest = NULL;

    for (size_t i = 0; i < GATE_ADDRESSES; i++) {
        struct place *place = &g->places[i];

        if (!place->used || (place->half_open == 0 && (oldest == NULL || place->seen_ms < oldest->seen_ms)))
            oldest = place;
        if (!place->used)
            break;
    }
    if (oldest != NULL)
        *oldest = (struct place){.address = *address, .used = true, .tokens_milli = GATE_BURST * 1000, .seen_ms = now};
    return oldest;
}

/* The place of an address that may have one more connection; NULL: it may not. */
static struct place *welcome(struct gate *g, const struct gate_address *address, uint64_t now)
{
    struct gate_address who = subscriber(address);
    struct place *place = find(g, &who);

    if (place == NULL)
        place = take(g, &who, now);
    if (place == NULL)
        return NULL;
    place->tokens_milli += (now - place->seen_ms) * GATE_PER_SECOND;
    if (place->tokens_milli > GATE_BURST * 1000)
        place->tokens_milli = GATE_BURST * 1000;
    place->seen_ms = now;
    return place->tokens_milli >= 1000 && place->half_open < GATE_HALF_OPEN_ADDRESS ? place : NULL;
}

bool gate_is_crowded(struct gate *g, const struct gate_address *address, uint64_t now)
{
    return g->half_open >= GATE_HALF_OPEN && welcome(g, address, now) != NULL;
}

size_t gate_half_open(const struct gate *g)
{
    return g->half_open;
}

bool gate_enter(struct gate *g, const struct gate_address *address, uint64_t now)
{
    struct place *place = g->half_open < GATE_HALF_OPEN ? welcome(g, address, now) : NULL;

    if (place == NULL)
        return false;
    place->tokens_milli -= 1000;
    place->half_open++;
    g->half_open++;
    return true;
}

void gate_leave(struct gate *g, const struct gate_address *address)
{
    struct gate_address who = subscriber(address);
    struct place *place = find(g, &who);

    assert(place != NULL && place->half_open > 0 && g->half_open > 0);
    place->half_open--;
    g->half_open--;
}
