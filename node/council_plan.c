/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/council_plan.h"

uint64_t council_least_majority(uint64_t voters)
{
    return voters / 2 + 1;
}

static bool fail(struct council_plan *plan, enum council_flaw flaw, const struct id *about)
{
    plan->flaw = flaw;
    if (about != NULL)
        plan->about = *about;
    return false;
}

/* ---- lines ---- */

/* Whether a key or the digest of a card is taken by any other line. */
static bool is_taken(const struct council_root *root, const struct council_line *but, const struct id *id)
{
    for (size_t i = 0; i < root->line_count; i++) {
        const struct council_line *line = &root->lines[i];

        if (line != but && (id_equal(&line->card, id) || council_line_has(line, id)))
            return true;
    }
    return false;
}

/* T9 forbids copies among all kibbutzim, keys and cards: the one that came later is left out, so that it harms itself only. */
static bool repeats(const struct council_root *root, const struct council_line *line)
{
    bool repeated = is_taken(root, NULL, &line->card);

    for (size_t i = 0; i < line->key_count; i++)
        repeated = repeated || is_taken(root, NULL, &line->keys[i]);
    return repeated;
}

static bool register_joined(const struct council_state *state, struct council_plan *plan)
{
    struct council_root *next = &plan->next;

    for (size_t i = 0; i < state->joined_count; i++) {
        const struct council_line *joined = &state->joined[i];

        if (council_root_find(next, &joined->kibbutz) != NULL)
            continue;
        if (repeats(next, joined)) {
            plan->left_out[plan->left_out_count++] = joined->kibbutz;
            continue;
        }
        if (next->line_count == LIMIT_LINES)
            return fail(plan, COUNCIL_TOO_MUCH, &joined->kibbutz);
        next->lines[next->line_count] = *joined;
        next->lines[next->line_count++].votes = false;
    }
    return true;
}

static bool remove_line(struct council_root *root, const struct council_line *line)
{
    size_t index = (size_t)(line - root->lines);

    if (root->closed_count == LIMIT_CLOSED)
        return false;
    root->closed[root->closed_count++] = line->kibbutz;
    root->lines[index] = root->lines[--root->line_count];
    return true;
}

/* ---- wishes ---- */

static bool is_wished(const struct council_request *request, enum council_wish_kind kind, const struct id *kibbutz)
{
    for (size_t i = 0; i < request->wish_count; i++)
        if (request->wishes[i].kind == kind && id_equal(&request->wishes[i].kibbutz, kibbutz))
            return true;
    return false;
}

static bool give_vote(const struct council_request *request, struct council_plan *plan, struct council_line *line)
{
    if (line->votes)
        return fail(plan, COUNCIL_VOTES_ALREADY, &line->kibbutz);
    if (is_wished(request, COUNCIL_TAKE_VOTE, &line->kibbutz))
        return fail(plan, COUNCIL_CROSSED, &line->kibbutz);
    line->votes = true;
    return true;
}

static bool take_vote(const struct council_request *request, struct council_plan *plan, struct council_line *line)
{
    if (!line->votes)
        return fail(plan, COUNCIL_VOTES_NOT, &line->kibbutz);
    if (!is_wished(request, COUNCIL_STEWARD, &line->kibbutz))
        return fail(plan, COUNCIL_NEEDS_STEWARD, &line->kibbutz);
    line->votes = false;
    return true;
}

/* The stewards that are named replace all that there were. */
static bool set_stewards(const struct council_request *request, struct council_plan *plan, struct council_line *line)
{
    struct council_line next = *line;

    next.key_count = 0;
    for (size_t i = 0; i < request->wish_count; i++) {
        const struct council_wish *wish = &request->wishes[i];

        if (wish->kind != COUNCIL_STEWARD || !id_equal(&wish->kibbutz, &line->kibbutz))
            continue;
        if (is_taken(&plan->next, line, &wish->id) || council_line_has(&next, &wish->id))
            return fail(plan, COUNCIL_KEY_IN_USE, &wish->id);
        if (next.key_count == LIMIT_STEWARDS)
            return fail(plan, COUNCIL_TOO_MUCH, &line->kibbutz);
        next.keys[next.key_count++] = wish->id;
    }
    if (next.key_count == line->key_count) {
        size_t same = 0;

        for (size_t i = 0; i < next.key_count; i++)
            same += council_line_has(line, &next.keys[i]);
        if (same == next.key_count)
            return fail(plan, COUNCIL_KEY_IN_USE, &next.keys[0]);
    }
    *line = next;
    return true;
}

static bool set_card(struct council_plan *plan, struct council_line *line, const struct id *card)
{
    if (id_equal(&line->card, card) || is_taken(&plan->next, NULL, card))
        return fail(plan, COUNCIL_KEY_IN_USE, card);
    line->card = *card;
    return true;
}

static bool close_kibbutz(const struct council_request *request, struct council_plan *plan, struct council_line *line)
{
    struct id kibbutz = line->kibbutz;

    if (is_wished(request, COUNCIL_GIVE_VOTE, &kibbutz) || is_wished(request, COUNCIL_TAKE_VOTE, &kibbutz) ||
        is_wished(request, COUNCIL_STEWARD, &kibbutz) || is_wished(request, COUNCIL_CARD, &kibbutz))
        return fail(plan, COUNCIL_CROSSED, &kibbutz);
    return remove_line(&plan->next, line) ? true : fail(plan, COUNCIL_TOO_MUCH, &kibbutz);
}

/* An admission that nobody has taken up, or a kibbutz that repeats another's keys. */
static bool close_unused(struct council_plan *plan, const struct id *kibbutz)
{
    if (plan->next.closed_count == LIMIT_CLOSED)
        return fail(plan, COUNCIL_TOO_MUCH, kibbutz);
    plan->next.closed[plan->next.closed_count++] = *kibbutz;
    return true;
}

static bool is_left_out(const struct council_plan *plan, const struct id *kibbutz)
{
    for (size_t i = 0; i < plan->left_out_count; i++)
        if (id_equal(&plan->left_out[i], kibbutz))
            return true;
    return false;
}

/* Whether an earlier wish of the same kind has spoken for this kibbutz: all its stewards are set at once. */
static bool is_repeated(const struct council_request *request, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (request->wishes[i].kind == request->wishes[index].kind &&
            id_equal(&request->wishes[i].kibbutz, &request->wishes[index].kibbutz))
            return true;
    return false;
}

static bool grant_wish(const struct council_request *request, size_t index, struct council_plan *plan)
{
    const struct council_wish *wish = &request->wishes[index];
    struct council_line *line = council_root_find(&plan->next, &wish->kibbutz);

    if (is_repeated(request, index))
        return wish->kind == COUNCIL_STEWARD ? true : fail(plan, COUNCIL_CROSSED, &wish->kibbutz);
    if (line == NULL && wish->kind == COUNCIL_CLOSE)
        return close_unused(plan, &wish->kibbutz);
    if (line == NULL)
        return fail(plan, is_left_out(plan, &wish->kibbutz) ? COUNCIL_KEY_IN_USE : COUNCIL_NOT_JOINED, &wish->kibbutz);
    switch (wish->kind) {
    case COUNCIL_GIVE_VOTE: return give_vote(request, plan, line);
    case COUNCIL_TAKE_VOTE: return take_vote(request, plan, line);
    case COUNCIL_STEWARD: return set_stewards(request, plan, line);
    case COUNCIL_CARD: return set_card(plan, line, &wish->id);
    case COUNCIL_CLOSE: return close_kibbutz(request, plan, line);
    }
    return false;
}

/* ---- thresholds ---- */

static uint64_t clamp(uint64_t number, uint64_t least, uint64_t most)
{
    return number < least ? least : number > most ? most : number;
}

/* A majority or admission that was the least or the usual one stays so; one that was set higher is kept where it can be. */
static bool set_thresholds(const struct council_state *state, const struct council_request *request,
                           struct council_plan *plan)
{
    uint64_t before = council_root_voters(&state->present), voters = council_root_voters(&plan->next);
    uint64_t least = council_least_majority(voters);
    uint64_t present = state->present.majority;
    uint64_t usual = voters == 1 ? 1 : 2;

    if (voters == 0)
        return fail(plan, COUNCIL_NO_VOTER, NULL);
    plan->next.majority = present == council_least_majority(before) ? least : clamp(present, least, voters);
    plan->next.admission =
        state->present.admission == 1 && before == 1 ? usual : clamp(state->present.admission, 1, voters);
    if (request->majority != 0 && (request->majority < least || request->majority > voters))
        return fail(plan, COUNCIL_MAJORITY, NULL);
    if (request->admission > voters)
        return fail(plan, COUNCIL_ADMISSION, NULL);
    if (request->majority != 0)
        plan->next.majority = request->majority;
    if (request->admission != 0)
        plan->next.admission = request->admission;
    return true;
}

/* ---- pins ---- */

static bool is_listed(struct council_root *root, const struct council_log *log)
{
    struct council_line *line = council_root_find(root, &log->kibbutz);

    return line != NULL && council_line_has(line, &log->key);
}

static bool add_pin(struct council_pin pins[], size_t *count, const struct council_log *log)
{
    if (*count == LIMIT_PINS)
        return false;
    pins[(*count)++] =
        (struct council_pin){.key = log->key, .kibbutz = log->kibbutz, .seq = log->seq, .entry = log->entry};
    return true;
}

/* A steward's key that is taken away, or any key of a kibbutz that closes: what it wrote until now stands. */
static bool add_cuts(const struct council_state *state, struct council_plan *plan)
{
    for (size_t i = 0; i < state->log_count; i++) {
        const struct council_log *log = &state->logs[i];
        bool closes = council_root_closes(&plan->next, &log->kibbutz);

        if ((closes ||
             (log->steward && council_root_find(&plan->next, &log->kibbutz) != NULL && !is_listed(&plan->next, log))) &&
            !add_pin(plan->next.cuts, &plan->next.cut_count, log))
            return fail(plan, COUNCIL_TOO_MUCH, &log->kibbutz);
    }
    return true;
}

/* Where there are more stewards than pins, those with a vote have checkpoints: a fork of theirs would do most harm. */
static void add_checkpoints(const struct council_state *state, struct council_root *next)
{
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < state->log_count; i++) {
            const struct council_log *log = &state->logs[i];
            const struct council_line *line = council_root_find(next, &log->kibbutz);

            if (log->steward && log->seq > 0 && is_listed(next, log) && line->votes == (round == 0))
                (void)add_pin(next->keeps, &next->keep_count, log);
        }
}

/* A key of the present root that is dropped must be pinned even when it has never signed. */
static bool pin_silent(const struct council_state *state, struct council_plan *plan)
{
    for (size_t i = 0; i < state->present.line_count; i++) {
        const struct council_line *line = &state->present.lines[i];

        for (size_t k = 0; k < line->key_count; k++) {
            const struct council_log log = {.key = line->keys[k], .kibbutz = line->kibbutz};

            if (!is_listed(&plan->next, &log) && council_root_cut(&plan->next, &log.key) == NULL &&
                !add_pin(plan->next.cuts, &plan->next.cut_count, &log))
                return fail(plan, COUNCIL_TOO_MUCH, &line->kibbutz);
        }
    }
    return true;
}

/* ---- the whole ---- */

static bool changes_something(const struct council_state *state, const struct council_plan *plan,
                              const struct council_request *request)
{
    return request->wish_count > 0 || plan->next.line_count != state->present.line_count || state->over_count > 0 ||
           plan->next.majority != state->present.majority || plan->next.admission != state->present.admission;
}

static bool make(const struct council_state *state, const struct council_request *request, struct council_plan *plan)
{
    struct council_root *next = &plan->next;

    next->base = state->base;
    next->line_count = state->present.line_count;
    memcpy(next->lines, state->present.lines, sizeof next->lines);
    next->over_count = state->over_count;
    memcpy(next->over, state->over, sizeof next->over);
    if (!register_joined(state, plan))
        return false;
    for (size_t i = 0; i < request->wish_count; i++)
        if (!grant_wish(request, i, plan))
            return false;
    if (!set_thresholds(state, request, plan) || !add_cuts(state, plan) || !pin_silent(state, plan))
        return false;
    add_checkpoints(state, next);
    return changes_something(state, plan, request) ? true : fail(plan, COUNCIL_NOTHING, NULL);
}

enum council_flaw council_plan(const struct council_state *state, const struct council_request *request,
                               struct council_plan *plan)
{
    memset(plan, 0, sizeof *plan);
    (void)make(state, request, plan);
    return plan->flaw;
}
