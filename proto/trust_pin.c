/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/mutant.h"
#include "proto/trust_state.h"

/*
 * One log under its pins (T4 to T7), in time linear in its entries and pins: that an entry passes all pins is counted, not walked.
 */

struct counts {            /* Of decided pins, at one entry of the walk. */
    uint32_t closed, open; /* On it or above it. */
    uint32_t here, behind; /* Open ones on it; and below it. */
};

struct level {             /* All pins of one weight. */
    uint32_t closed, open; /* Decided ones: their entry is here. */
    bool has_none;         /* One that keeps nothing. */
    uint64_t lowest;       /* Of undecided closed ones: beyond it nothing stands; ... */
    uint64_t doubtful;     /* ... up to this there is a doubt. */
    bool is_undecided, all_doubtful;
};

/* By levels; an entry's place is its place in the walk. */
bool trust_walk(struct trust *t, uint32_t log)
{
    t->order.count = 0;
    for (uint32_t i = PARTY(t, log)->first; i != NONE; i = NODE(t, i)->sibling)
        if (trust_push(&t->order, i))
            return false;
    for (uint32_t done = 0; done < t->order.count; done++) {
        uint32_t at = *ITEM(t->order, uint32_t, done);

        NODE(t, at)->place = done;
        for (uint32_t i = NODE(t, at)->child; i != NONE; i = NODE(t, i)->sibling)
            if (trust_push(&t->order, i))
                return false;
    }
    return true;
}

static bool begin_status(struct trust *t)
{
    struct counts none = {0};
    uint8_t good = GOOD;
    t->status.count = t->counts.count = 0;
    while (t->status.count < t->order.count)
        if (sorted_append(&t->status, &good) || sorted_append(&t->counts, &none))
            return false;
    return true;
}

static bool applies(const struct trust_pin *pin, unsigned levels, uint32_t kibbutz)
{
    return (pin->level & levels) && (pin->kibbutz == NONE || pin->kibbutz == kibbutz);
}

/* Sorts a pin in: decided ones are counted at their entry. */
static void place_pin(struct trust *t, uint32_t log, const struct trust_pin *pin, struct level *level)
{
    uint32_t at = pin->last == NONE ? NONE : NAME(t, pin->last)->entry;
    bool is_here = at != NONE && NODE(t, at)->known && NODE(t, at)->log == log && NODE(t, at)->seq == pin->seq;
    bool has_other = PARTY(t, log)->top >= pin->seq;

    while (MUTANT(MUTANT_DATES) && is_here && pin->by != NONE && NODE(t, at)->child != NONE &&
           NODE(t, NODE(t, at)->child)->clock < NODE(t, pin->by)->clock)
        at = NODE(t, at)->child;
    if (MUTANT(MUTANT_NO_CHECKPOINTS) && pin->is_open)
        return;
    if (MUTANT(MUTANT_FORGET_PIN) && !is_here && pin->seq)
        return;

    if (pin->seq == 0) {
        level->has_none = level->has_none || !pin->is_open; /* A checkpoint of nothing says nothing. */
    } else if (is_here && pin->is_open) {
        level->open++;
        ITEM(t->counts, struct counts, NODE(t, at)->place)->open++;
        ITEM(t->counts, struct counts, NODE(t, at)->place)->here++;
    } else if (is_here) {
        level->closed++;
        ITEM(t->counts, struct counts, NODE(t, at)->place)->closed++;
    } else {
        level->is_undecided = true;
        if (!pin->is_open && pin->seq < level->lowest)
            level->lowest = pin->seq;
        if (has_other && pin->is_open)
            level->all_doubtful = true;
        else if (has_other && pin->seq > level->doubtful)
            level->doubtful = pin->seq;
    }
}

static void spread_counts(struct trust *t)
{
    for (size_t i = t->order.count; i-- > 0;) {
        const struct trust_node *node = NODE(t, *ITEM(t->order, uint32_t, i));
        const struct counts *own = ITEM(t->counts, struct counts, i);

        if (node->parent == NONE)
            continue;
        struct counts *below = ITEM(t->counts, struct counts, NODE(t, node->parent)->place);
        below->closed += own->closed;
        below->open += own->open;
    }
}

static void count_behind(struct trust *t)
{
    for (size_t i = 0; i < t->order.count; i++) {
        const struct trust_node *node = NODE(t, *ITEM(t->order, uint32_t, i));

        if (node->parent == NONE)
            continue;
        const struct counts *below = ITEM(t->counts, struct counts, NODE(t, node->parent)->place);
        ITEM(t->counts, struct counts, i)->behind = below->behind + below->here;
    }
}

static void lower(struct trust *t, size_t place, uint8_t to)
{
    uint8_t *status = ITEM(t->status, uint8_t, place);

    if (to < *status)
        *status = to;
}

static void apply_level(struct trust *t, const struct level *level, uint8_t low)
{
    spread_counts(t);
    count_behind(t);
    for (size_t i = 0; i < t->order.count; i++) {
        const struct counts *own = ITEM(t->counts, struct counts, i);
        uint64_t seq = NODE(t, *ITEM(t->order, uint32_t, i))->seq;

        if (level->has_none || own->closed < level->closed || own->open + own->behind < level->open)
            lower(t, i, low);
        if (seq > level->lowest)
            lower(t, i, low);
        if (level->all_doubtful || seq <= level->doubtful)
            lower(t, i, DOUBT);
    }
}

static struct level apply(struct trust *t, uint32_t log, unsigned levels, uint32_t kibbutz, uint8_t weight)
{
    struct level level = {.lowest = UINT64_MAX};
    bool any = false;

    for (size_t i = 0; i < t->counts.count; i++)
        *ITEM(t->counts, struct counts, i) = (struct counts){0};
    for (uint32_t i = PARTY(t, log)->pins; i != NONE;) {
        const struct trust_pin *pin = ITEM(t->pins, struct trust_pin, i);

        if (applies(pin, levels, kibbutz) && pin->weight == weight) {
            place_pin(t, log, pin, &level);
            any = true;
        }
        i = pin->next;
    }
    if (any)
        apply_level(t, &level, weight == GOOD ? VOID : DOUBT);
    return level;
}

/* T6: from the first seq with two entries that stand, everything is contested. */
static void contest(struct trust *t)
{
    uint64_t fork = 0, last = 0;

    for (size_t i = 0; i < t->order.count && !fork; i++) {
        uint64_t seq = NODE(t, *ITEM(t->order, uint32_t, i))->seq;

        if (*ITEM(t->status, uint8_t, i) == VOID)
            continue;
        if (seq == last)
            fork = seq;
        last = seq;
    }
    for (size_t i = 0; i < t->order.count && fork; i++)
        if (NODE(t, *ITEM(t->order, uint32_t, i))->seq >= fork + MUTANT(MUTANT_GUESS_BRANCH))
            lower(t, i, DOUBT);
}

static bool has_pin(const struct trust *t, uint32_t log, unsigned levels, uint32_t kibbutz)
{
    for (uint32_t i = PARTY(t, log)->pins; i != NONE; i = ITEM(t->pins, struct trust_pin, i)->next)
        if (applies(ITEM(t->pins, struct trust_pin, i), levels, kibbutz))
            return true;
    return false;
}

struct trust_view trust_judge(struct trust *t, uint32_t log, unsigned levels, uint32_t kibbutz)
{
    if (!PARTY(t, log)->fork && !has_pin(t, log, levels, kibbutz))
        return (struct trust_view){.is_clean = true};
    if (!trust_walk(t, log) || !begin_status(t)) {
        t->status.count = 0; /* Out of memory: nothing of it stands. */
        t->stale = true;
        return (struct trust_view){.has_open_leaf = true};
    }
    struct level good = apply(t, log, levels, kibbutz, GOOD);
    contest(t);
    struct level doubt = apply(t, log, levels, kibbutz, DOUBT);
    bool is_void = good.closed || good.has_none;
    return (struct trust_view){
        .has_void_leaf = is_void,
        .has_open_leaf = !is_void && (good.is_undecided || doubt.is_undecided || doubt.closed || doubt.has_none)};
}

enum weight trust_judged(const struct trust *t, const struct trust_view *view, const struct trust_node *node)
{
    if (view->is_clean)
        return GOOD;
    return node->place < t->status.count ? (enum weight) * ITEM(t->status, uint8_t, node->place) : VOID;
}
