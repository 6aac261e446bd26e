/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/mutant.h"
#include "proto/trust_state.h"

/* Kibbutzim, stewards, coordinators and nodes (T16 to T23): stages 3 to 6, each using only what those before it found. */

static uint8_t lesser(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

/* ---- seats and pins ---- */

/* Of several grants the best counts; of equal ones the lowest id is shown, the charter before all. */
static bool is_better(const struct trust *t, const struct trust_seat *seat, uint8_t weight, uint32_t by)
{
    if (!seat->is_named || weight != seat->weight)
        return !seat->is_named || weight > seat->weight;
    if (seat->by == NONE || by == NONE)
        return by == NONE;
    return id_compare(ID_OF(t, NODE(t, by)->name), ID_OF(t, NODE(t, seat->by)->name)) < 0;
}

static enum err give_seat(struct trust *t, uint32_t key, uint32_t kibbutz, enum role role, uint8_t weight, uint32_t by)
{
    uint32_t place = trust_seat_of(t, key, kibbutz, role);

    if (place == NONE)
        return ERR_MEMORY;
    struct trust_seat *seat = SEAT(t, place);
    if (!seat->is_named && role == ROLE_STEWARD) {
        seat->of_kibbutz = PARTY(t, kibbutz)->sources;
        PARTY(t, kibbutz)->sources = place;
    }
    if (is_better(t, seat, weight, by)) {
        seat->weight = weight;
        seat->by = by;
    }
    seat->is_named = true;
    return ERR_OK;
}

static enum err add_pin(struct trust *t, const struct trust_pin *pin)
{
    struct trust_pin one = *pin;
    uint32_t entry = one.last == NONE ? NONE : NAME(t, one.last)->entry;

    one.next = PARTY(t, one.key)->pins;
    if (sorted_append(&t->pins, &one))
        return ERR_MEMORY;
    PARTY(t, one.key)->pins = (uint32_t)t->pins.count - 1;
    if (one.last != NONE && (entry == NONE || !NODE(t, entry)->known))
        NAME(t, one.last)->is_awaited = true;
    return ERR_OK;
}

static enum err add_named(struct trust *t, const struct trust_named_pin *named, struct trust_pin pin)
{
    pin.key = named->key;
    pin.seq = named->seq;
    pin.last = named->last;
    pin.is_open = named->is_open;
    return add_pin(t, &pin);
}

/* ---- stage 3: the council's pins ---- */

static enum err take_lines(struct trust *t, const struct trust_proposal *p)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < p->line_count; i++)
        for (uint32_t j = 0; j < p->lines[i].key_count; j++) {
            struct trust_party *key = PARTY(t, p->lines[i].keys[j]);

            if (key->ever == NONE)
                key->listed_by = NAME(t, p->name)->entry;
            key->ever = p->lines[i].kibbutz;
            key->voted = key->voted || p->lines[i].vote;
        }
    for (size_t i = 0; i < p->pin_count && !err; i++) {
        struct trust_party *key = PARTY(t, p->pins[i].key);
        struct trust_pin pin = {.kibbutz = NONE, .weight = GOOD, .level = PIN_COUNCIL, .by = NAME(t, p->name)->entry};

        if (key->ever == NONE) {
            key->ever = p->pins[i].kibbutz;
            key->listed_by = pin.by;
        }
        err = add_named(t, &p->pins[i], pin);
    }
    return err;
}

/* Pins of rivals that passed: the key that one of them removed does not come back to life unmarked (T13). */
static enum err doubt_pins(struct trust *t, const struct trust_proposal *p)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < p->pin_count && !err; i++)
        if (!p->pins[i].is_open)
            err = add_named(t, &p->pins[i],
                            (struct trust_pin){
                                .kibbutz = NONE, .weight = DOUBT, .level = PIN_COUNCIL, .by = NAME(t, p->name)->entry});
    return err;
}

static enum err run_council_pins(struct trust *t)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < t->chain.count && !err; i++)
        err = take_lines(t, PROPOSAL(t, *ITEM(t->chain, uint32_t, i)));
    for (size_t i = 0; i < t->doubted.count && !err && !MUTANT(MUTANT_RIVALS_FORGIVEN); i++)
        err = doubt_pins(t, PROPOSAL(t, *ITEM(t->doubted, uint32_t, i)));
    for (uint32_t i = 0; i < t->parties.count && !err; i++)
        if (PARTY(t, i)->ever != NONE)
            err = give_seat(t, i, PARTY(t, i)->ever, ROLE_STEWARD, GOOD, PARTY(t, i)->listed_by);
    for (size_t i = 0; i < t->lines.count; i++) {
        const struct trust_line *line = ITEM(t->lines, struct trust_line, i);

        PARTY(t, line->kibbutz)->present_card = line->card;
    }
    return err;
}

/* ---- stage 4: admissions and accepts ---- */

enum weight trust_office_at_council(struct trust *t, uint32_t entry)
{
    uint32_t log = NODE(t, entry)->log;

    if (PARTY(t, log)->judged_in != t->evaluation) {
        struct trust_view view = trust_judge(t, log, PIN_COUNCIL, NONE);

        PARTY(t, log)->judged_in = t->evaluation;
        PARTY(t, log)->judged_clean = view.is_clean;
        for (size_t i = 0; i < t->order.count && !view.is_clean; i++) {
            struct trust_node *node = NODE(t, *ITEM(t->order, uint32_t, i));

            node->at_council = (uint8_t)trust_judged(t, &view, node);
        }
    }
    return PARTY(t, log)->judged_clean ? GOOD : (enum weight)NODE(t, entry)->at_council;
}

/* Adds the kibbutz of a key that once had a vote; each counts once. */
static void add_voice(struct trust *t, uint32_t entry, struct trust_voices *voices, size_t *count)
{
    const struct trust_party *log = PARTY(t, NODE(t, entry)->log);

    if (!log->voted || trust_office_at_council(t, entry) < (MUTANT(MUTANT_FORK_UNADMITS) ? GOOD : DOUBT) ||
        (PARTY(t, log->ever)->stamp == t->stamp && !MUTANT(MUTANT_ADMITS_TWICE)))
        return;
    PARTY(t, log->ever)->stamp = t->stamp;
    if (voices && *count < LIMIT_LINES)
        voices->kibbutzim[*count] = *PARTY_ID(t, log->ever);
    ++*count;
}

size_t trust_office_admitted_by(struct trust *t, uint32_t admit, struct trust_voices *voices)
{
    size_t count = 0;

    trust_stamp(t);
    add_voice(t, admit, voices, &count);
    for (uint32_t i = NAME(t, NODE(t, admit)->name)->refs; i != NONE; i = NODE(t, i)->ref_next)
        if (NODE(t, i)->act == ACT_APPROVE)
            add_voice(t, i, voices, &count);
    return count;
}

bool trust_hands_over(const struct trust *t, const struct trust_node *accept, const struct trust_node *source)
{
    return accept->act == ACT_ACCEPT && SEAT(t, accept->seat)->role == ROLE_INVITATION &&
           PARTY(t, accept->log)->name == source->subject;
}

/* Who was handed a kibbutz that no root registers yet (T18). */
static enum err take_accepts(struct trust *t, const struct trust_node *admit, uint32_t kibbutz)
{
    enum err err = ERR_OK;

    for (uint32_t i = NAME(t, admit->name)->refs; i != NONE && !err; i = NODE(t, i)->ref_next) {
        const struct trust_node *accept = NODE(t, i);
        const uint32_t *words = WORDS(t, accept);

        if (!trust_hands_over(t, accept, admit) || words[WORD_CARD] == NONE || PARTY(t, words[WORD_KEY])->ever != NONE)
            continue;
        enum weight weight = trust_office_at_council(t, i);
        err = give_seat(t, words[WORD_KEY], kibbutz, ROLE_STEWARD, (uint8_t)weight, i);
        if (weight == GOOD)
            PARTY(t, kibbutz)->present_card = words[WORD_CARD];
    }
    return err;
}

static enum err run_admissions(struct trust *t)
{
    enum err err = ERR_OK;
    const struct trust_proposal *root = PROPOSAL(t, *ITEM(t->chain, uint32_t, t->chain.count - 1));

    for (size_t i = 0; i < t->admits.count && !err; i++) {
        uint32_t place = *ITEM(t->admits, uint32_t, i);
        const struct trust_node *admit = NODE(t, place);
        uint32_t kibbutz = NAME(t, admit->name)->party;

        if (kibbutz == NONE || !PARTY(t, admit->log)->voted || trust_office_at_council(t, place) == VOID)
            continue;
        PARTY(t, kibbutz)->is_kibbutz = true;
        PARTY(t, kibbutz)->admit = place;
        if (PARTY(t, kibbutz)->closed || trust_office_admitted_by(t, place, NULL) <
                                             (MUTANT(MUTANT_OLD_THRESHOLD) ? PROPOSAL(t, 0) : root)->admission)
            continue;
        PARTY(t, kibbutz)->admitted = true;
        if (PARTY(t, kibbutz)->line == NONE)
            err = take_accepts(t, admit, kibbutz);
    }
    return err;
}

/* ---- stage 5: recovery, and the standing of stewards ---- */

/* The kibbutz whose present card wrote this, or NONE. */
static uint32_t recovered(const struct trust *t, uint32_t place)
{
    const struct trust_node *node = NODE(t, place);
    uint32_t kibbutz = NAME(t, node->subject)->party;

    if (kibbutz == NONE || PARTY(t, kibbutz)->closed || PARTY(t, kibbutz)->present_card != PARTY(t, node->log)->card)
        return NONE;
    return kibbutz;
}

static enum err take_recover(struct trust *t, uint32_t place, uint32_t kibbutz, uint8_t weight)
{
    const struct trust_proposal *p = PROPOSAL(t, WORDS(t, NODE(t, place))[WORD_PROPOSAL]);
    struct trust_pin pin = {.kibbutz = kibbutz, .weight = weight, .level = PIN_RECOVER, .by = place};
    enum err err = ERR_OK;

    if (p->new_key != NONE && PARTY(t, p->new_key)->ever == NONE)
        err = give_seat(t, p->new_key, kibbutz, ROLE_STEWARD, weight, place);
    for (size_t i = 0; i < p->pin_count && !err; i++)
        if (p->pins[i].key != p->new_key)
            err = add_named(t, &p->pins[i], pin);
    return err;
}

static enum err run_recoveries(struct trust *t)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < t->recovers.count && !err; i++) {
        uint32_t place = *ITEM(t->recovers, uint32_t, i), kibbutz = recovered(t, place);
        enum weight weight = kibbutz == NONE ? VOID : trust_office_at_council(t, place);

        if (weight != VOID)
            err = take_recover(t, place, kibbutz, (uint8_t)weight);
    }
    return err;
}

/* Gives the entries written from a seat their standing.  Nothing is walked when nothing that it is computed from has changed. */
static enum err stand(struct trust *t, uint32_t place)
{
    struct trust_seat *seat = SEAT(t, place);
    struct trust_view view = {.is_clean = true, .has_void_leaf = seat->weight == VOID};

    if (seat->weight != VOID)
        view = trust_judge(t, seat->key, trust_levels(seat), seat->kibbutz);
    if (view.is_clean && seat->was_clean && seat->weight == seat->last_weight && !seat->is_touched)
        return ERR_OK;
    if (view.is_clean && !trust_walk(t, seat->key))
        return ERR_MEMORY;
    seat->cut = seat->contested = 0;
    seat->transport = NONE;
    for (size_t i = 0; i < t->order.count; i++) {
        uint32_t at = *ITEM(t->order, uint32_t, i);
        struct trust_node *node = NODE(t, at);

        if (node->seat != place)
            continue;
        uint8_t standing = lesser(seat->weight, (uint8_t)trust_judged(t, &view, node));
        if (MUTANT(MUTANT_REVOKED_APPROVES) && node->act == ACT_APPROVE)
            standing = seat->weight;
        if (standing != VOID && node->seq > seat->cut)
            seat->cut = node->seq;
        if (standing == DOUBT && !seat->contested)
            seat->contested = node->seq;
        if (standing != VOID && node->act == ACT_TRANSPORT && trust_is_newer_transport(t, seat, node))
            seat->transport = at;
        if (standing == node->standing)
            continue;
        node->standing = standing;
        trust_document_touch(t, node);
    }
    seat->last_weight = seat->weight;
    seat->was_clean = view.is_clean;
    seat->is_touched = false;
    seat->leaf_is_void = view.has_void_leaf;
    seat->leaf_is_open = view.has_open_leaf;
    return ERR_OK;
}

static enum err stand_all(struct trust *t, bool stewards)
{
    enum err err = ERR_OK;

    for (uint32_t i = 0; i < t->seats.count && !err; i++) {
        const struct trust_seat *seat = SEAT(t, i);

        if (!seat->is_used)
            continue;
        if (stewards ? seat->role == ROLE_STEWARD : seat->role == ROLE_COORDINATOR || seat->role == ROLE_NODE)
            err = stand(t, i);
    }
    return err;
}

/* ---- stage 6: grants, revocations, invitations ---- */

/* A revocation binds the coordinators, nodes and invitations of its kibbutz, and nobody else (T23). */
static enum err take_revoke(struct trust *t, uint32_t place)
{
    const struct trust_node *node = NODE(t, place);
    const struct trust_seat *seat = SEAT(t, node->seat);
    const uint32_t *words = WORDS(t, node);
    struct trust_pin pin = {.key = NAME(t, node->subject)->party,
                            .kibbutz = seat->kibbutz,
                            .seq = (uint64_t)words[WORD_SEQ_HIGH] << 32 | words[WORD_SEQ_LOW],
                            .last = words[WORD_LAST],
                            .weight = node->standing,
                            .level = PIN_REVOKE,
                            .by = place};

    if (pin.key == NONE || pin.weight == VOID)
        return ERR_OK;
    return add_pin(t, &pin);
}

enum weight trust_office_handed(struct trust *t, uint32_t accept, uint32_t kibbutz)
{
    uint32_t log = NODE(t, accept)->log;

    if (PARTY(t, log)->handed_in != t->evaluation || PARTY(t, log)->handed_for != kibbutz) {
        struct trust_view view = trust_judge(t, log, PIN_COUNCIL | PIN_REVOKE, kibbutz);

        if (view.is_clean && !trust_walk(t, log))
            return VOID;
        for (size_t i = 0; i < t->order.count; i++) {
            struct trust_node *node = NODE(t, *ITEM(t->order, uint32_t, i));

            node->handed = (uint8_t)trust_judged(t, &view, node);
        }
        PARTY(t, log)->handed_in = t->evaluation;
        PARTY(t, log)->handed_for = kibbutz;
    }
    return (enum weight)NODE(t, accept)->handed;
}

static enum err give_office(struct trust *t, uint32_t key, const struct trust_node *grant, uint8_t weight, uint32_t by)
{
    uint32_t kibbutz = SEAT(t, grant->seat)->kibbutz;

    if (MUTANT(MUTANT_VOID_GRANTS) && weight == VOID)
        weight = GOOD;
    if (MUTANT(MUTANT_GRANT_REVIVES) && grant->seq > 2)
        PARTY(t, key)->pins = NONE;
    return give_seat(t, key, kibbutz, (enum role)WORDS(t, grant)[WORD_ROLE], weight, by);
}

static enum err take_grant(struct trust *t, uint32_t place)
{
    enum err err = ERR_OK;
    const struct trust_node *grant = NODE(t, place);
    const struct trust_seat *seat = SEAT(t, grant->seat);
    uint32_t kibbutz = seat->kibbutz, key = NAME(t, grant->subject)->party;
    bool is_node = WORDS(t, grant)[WORD_ROLE] == ROLE_NODE;

    if (key == NONE || seat->role != ROLE_STEWARD || !seat->is_named)
        return ERR_OK;
    if (!WORDS(t, grant)[WORD_BY_INVITATION])
        return give_office(t, key, grant, grant->standing, place);
    for (uint32_t i = NAME(t, grant->name)->refs; i != NONE && !err; i = NODE(t, i)->ref_next) {
        const struct trust_node *accept = NODE(t, i);
        const uint32_t *words = WORDS(t, accept);

        if (!trust_hands_over(t, accept, grant) || words[WORD_CARD] != NONE ||
            is_node != (words[WORD_ACCEPT_CHANNEL] != NONE))
            continue;
        uint8_t weight = lesser(grant->standing, (uint8_t)trust_office_handed(t, i, kibbutz));
        err = give_office(t, words[WORD_KEY], grant, weight, i);
    }
    return err;
}

/* A closed kibbutz keeps what its roots pinned, and nothing else. */
static enum err end_closed(struct trust *t)
{
    enum err err = ERR_OK;

    for (uint32_t i = 0; i < t->seats.count && !err; i++) {
        const struct trust_seat *seat = SEAT(t, i);
        bool is_office = seat->role == ROLE_COORDINATOR || seat->role == ROLE_NODE;
        bool is_pinned = false;

        if (!is_office || seat->weight == VOID || !PARTY(t, seat->kibbutz)->closed)
            continue;
        for (uint32_t j = PARTY(t, seat->key)->pins; j != NONE; j = ITEM(t->pins, struct trust_pin, j)->next)
            is_pinned = is_pinned || ITEM(t->pins, struct trust_pin, j)->level == PIN_COUNCIL;
        struct trust_pin pin = {
            .key = seat->key, .kibbutz = seat->kibbutz, .last = NONE, .weight = GOOD, .level = PIN_REVOKE, .by = NONE};
        if (!is_pinned)
            err = add_pin(t, &pin);
    }
    return err;
}

static enum err run_grants(struct trust *t)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < t->offices.count && !err; i++) {
        uint32_t place = *ITEM(t->offices, uint32_t, i);

        if (NODE(t, place)->act == ACT_REVOKE &&
            (SEAT(t, NODE(t, place)->seat)->role == ROLE_STEWARD || MUTANT(MUTANT_ANYBODY_REVOKES)))
            err = take_revoke(t, place);
    }
    for (size_t i = 0; i < t->offices.count && !err; i++)
        if (NODE(t, *ITEM(t->offices, uint32_t, i))->act == ACT_GRANT)
            err = take_grant(t, *ITEM(t->offices, uint32_t, i));
    return err ? err : end_closed(t);
}

enum err trust_office_run(struct trust *t)
{
    enum err err;

    if ((err = run_council_pins(t)) || (err = run_admissions(t)) || (err = run_recoveries(t)) ||
        (err = stand_all(t, true)) || (err = run_grants(t)))
        return err;
    return stand_all(t, false);
}
