/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>

#include "proto/trust_state.h"

/* The evaluation as a whole: what begins it, and the lists that people are shown of it. */

static void begin(struct trust *t)
{
    for (size_t i = 0; i < t->pins.count; i++) {
        uint32_t last = ITEM(t->pins, struct trust_pin, i)->last;

        if (last != NONE)
            NAME(t, last)->is_awaited = false;
    }
    for (size_t i = 0; i < t->parties.count; i++) {
        struct trust_party *party = PARTY(t, i);

        party->ever = party->pins = party->line = party->present_card = party->sources = party->held = NONE;
        party->admit = party->listed_by = NONE;
        party->voted = party->removed = party->closed = party->is_kibbutz = party->admitted = false;
    }
    for (size_t i = 0; i < t->seats.count; i++) {
        struct trust_seat *seat = SEAT(t, i);

        seat->weight = VOID;
        seat->by = seat->of_kibbutz = NONE;
        seat->is_named = false;
    }
    t->pins.count = t->lines.count = t->chain.count = t->rivals.count = t->doubted.count = 0;
    t->kibbutzim.count = t->keys.count = t->forks.count = 0;
    t->council = TRUST_SETTLED;
}

/* Out of memory in the middle: nothing stands, until it is asked again. */
static void stand_nowhere(struct trust *t)
{
    for (size_t i = 0; i < t->seats.count; i++) {
        SEAT(t, i)->weight = VOID;
        SEAT(t, i)->is_touched = true;
    }
    for (size_t i = 0; i < t->entries.count; i++)
        NODE(t, i)->standing = VOID;
    for (size_t i = 0; i < t->papers.count; i++)
        PAPER(t, i)->is_judged = false;
    t->kibbutzim.count = t->keys.count = t->forks.count = 0;
    t->stale = true;
}

void trust_evaluate(struct trust *t)
{
    enum err err;

    if (!t->stale)
        return;
    t->stale = false;
    bool is_ready = trust_claim_ready(t); /* Which keys are listed rests on the claims. */
    t->evaluation++;
    t->office_changes++;
    begin(t);
    if (!is_ready || (err = trust_council_walk(t)) || (err = trust_office_run(t)) || (err = trust_show(t)) || t->stale)
        stand_nowhere(t);
}

unsigned trust_levels(const struct trust_seat *seat)
{
    return seat->role == ROLE_STEWARD ? PIN_COUNCIL | PIN_RECOVER : PIN_COUNCIL | PIN_REVOKE;
}

static bool is_shown_before(const struct trust *t, const struct trust_seat *a, const struct trust_seat *b)
{
    if (a->weight != b->weight)
        return a->weight > b->weight;
    int order = id_compare(PARTY_ID(t, a->kibbutz), PARTY_ID(t, b->kibbutz));
    return order ? order < 0 : a->role < b->role;
}

uint32_t trust_shown_seat(const struct trust *t, uint32_t key, bool *holds)
{
    bool has_log = PARTY(t, key)->first != NONE;
    uint32_t best = NONE, held = NONE;

    for (uint32_t i = PARTY(t, key)->seats; i != NONE; i = SEAT(t, i)->of_key) {
        const struct trust_seat *seat = SEAT(t, i);

        if (!seat->is_named)
            continue;
        if (best == NONE || is_shown_before(t, seat, SEAT(t, best)))
            best = i;
        if ((seat->is_used || !has_log) && (held == NONE || is_shown_before(t, seat, SEAT(t, held))))
            held = i;
    }
    *holds = held != NONE;
    return held != NONE ? held : best;
}

/* ---- lists ---- */

/* Whether a pin has ended a key's work at a seat. */
static bool is_ended(const struct trust *t, const struct trust_seat *seat)
{
    for (uint32_t i = PARTY(t, seat->key)->pins; i != NONE; i = ITEM(t->pins, struct trust_pin, i)->next) {
        const struct trust_pin *pin = ITEM(t->pins, struct trust_pin, i);

        if (!pin->is_open && pin->weight == GOOD && (pin->level & trust_levels(seat)) &&
            (pin->kibbutz == NONE || pin->kibbutz == seat->kibbutz))
            return true;
    }
    return false;
}

static int order_ids(const void *a, const void *b)
{
    return id_compare(a, b);
}

static void list_stewards(struct trust *t, uint32_t kibbutz, struct trust_kibbutz *shown)
{
    for (uint32_t i = PARTY(t, kibbutz)->sources; i != NONE; i = SEAT(t, i)->of_kibbutz) {
        const struct trust_seat *seat = SEAT(t, i);
        bool holds;

        if (seat->weight == VOID || trust_shown_seat(t, seat->key, &holds) != i || !holds)
            continue;
        shown->joined = true;
        if (!is_ended(t, seat) && shown->steward_count < LIMIT_STEWARDS)
            shown->stewards[shown->steward_count++] = *PARTY_ID(t, seat->key);
    }
    qsort(shown->stewards, shown->steward_count, sizeof *shown->stewards, order_ids);
}

static void place_founder(const struct trust *t, struct trust_kibbutz *shown)
{
    for (size_t i = 0; i < t->charter.founder_count; i++)
        if (id_equal(&t->charter.founders[i].kibbutz, &shown->kibbutz))
            shown->founder = i;
}

static enum err show_kibbutz(struct trust *t, uint32_t place)
{
    const struct trust_party *party = PARTY(t, place);
    const struct trust_line *line = party->line == NONE ? NULL : ITEM(t->lines, struct trust_line, party->line);
    uint32_t entry = NAME(t, party->name)->entry;
    struct trust_kibbutz shown = {.kibbutz = *ID_OF(t, party->name),
                                  .votes = line && line->vote,
                                  .registered = line != NULL,
                                  .closed = party->closed,
                                  .status = line || party->admitted ? TRUST_GOOD : TRUST_VOID};

    if (entry != NONE && NODE(t, entry)->act == ACT_ADMIT) {
        shown.admit_log = *PARTY_ID(t, NODE(t, entry)->log);
        shown.admit_seq = NODE(t, entry)->seq;
    } else {
        place_founder(t, &shown);
    }
    if (party->present_card != NONE)
        shown.card = *PARTY_ID(t, party->present_card);
    list_stewards(t, place, &shown);
    return sorted_append(&t->kibbutzim, &shown);
}

static int order_kibbutzim(const void *a, const void *b)
{
    return id_compare(&((const struct trust_kibbutz *)a)->kibbutz, &((const struct trust_kibbutz *)b)->kibbutz);
}

struct shown_party {
    struct id id;
    uint32_t place;
};

/* Orders a list of parties by id. */
static enum err order_parties(struct trust *t, struct sorted *list)
{
    struct shown_party *shown = list->count ? malloc(list->count * sizeof *shown) : NULL;

    if (!shown)
        return list->count ? ERR_MEMORY : ERR_OK;
    for (size_t i = 0; i < list->count; i++) {
        shown[i].place = *ITEM(*list, uint32_t, i);
        shown[i].id = *PARTY_ID(t, shown[i].place);
    }
    qsort(shown, list->count, sizeof *shown, order_ids);
    for (size_t i = 0; i < list->count; i++)
        *ITEM(*list, uint32_t, i) = shown[i].place;
    free(shown);
    return ERR_OK;
}

enum err trust_show(struct trust *t)
{
    enum err err = ERR_OK;
    bool holds;

    for (uint32_t i = 0; i < t->parties.count && !err; i++) {
        const struct trust_party *party = PARTY(t, i);

        if (party->line != NONE || party->is_kibbutz || party->closed)
            err = show_kibbutz(t, i);
        if (!err && trust_shown_seat(t, i, &holds) != NONE)
            err = trust_push(&t->keys, i);
        if (!err && PARTY(t, i)->fork)
            err = trust_push(&t->forks, i);
    }
    if (t->kibbutzim.count)
        qsort(t->kibbutzim.at, t->kibbutzim.count, sizeof(struct trust_kibbutz), order_kibbutzim);
    if (err || (err = order_parties(t, &t->keys)))
        return err;
    return order_parties(t, &t->forks);
}
