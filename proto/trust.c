/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <assert.h>
#include <stdlib.h>

#include "proto/mutant.h"
#include "proto/trust_state.h"

/* The life of trust, and what is asked of keys, kibbutzim, entries and forks. */

static void set_sizes(struct trust *t)
{
    t->claim_work.item_size = t->chain.item_size = t->doubted.item_size = t->keys.item_size = t->forks.item_size =
        t->order.item_size = t->scratch.item_size = sizeof(uint32_t);
    t->rivals.item_size = sizeof(struct trust_rival);
    t->lines.item_size = sizeof(struct trust_line);
    t->pins.item_size = sizeof(struct trust_pin);
    t->kibbutzim.item_size = sizeof(struct trust_kibbutz);
    t->status.item_size = sizeof(uint8_t);
    t->counts.item_size = 4 * sizeof(uint32_t);
    t->approvals.item_size = sizeof(struct trust_approval);
    t->anchor = t->changed = t->approvals_of = NONE;
    t->stale = true;
}

struct trust *trust_new(struct bytes charter)
{
    struct trust *t = calloc(1, sizeof *t);

    if (!t || charter.len == 0 || charter.len > LIMIT_CHARTER || !(t->text = malloc(charter.len)))
        goto fail;
    memcpy(t->text, charter.at, charter.len);
    if (charter_read(bytes_of(t->text, charter.len), &t->charter))
        goto fail;
    set_sizes(t);
    if (trust_set_begin(t) || trust_proposal_charter(t))
        goto fail;
    trust_claim_charter(t);
    return t;
fail:
    trust_free(t);
    return NULL;
}

void trust_free(struct trust *t)
{
    if (!t)
        return;
    struct sorted *lists[] = {&t->claim_work, &t->chain,   &t->doubted,   &t->keys,     &t->forks,
                              &t->order,      &t->scratch, &t->rivals,    &t->lines,    &t->pins,
                              &t->status,     &t->counts,  &t->kibbutzim, &t->approvals};
    trust_proposals_free(t);
    trust_set_free(t);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        free(lists[i]->at);
    free(t->text);
    free(t);
}

const struct charter *trust_charter(const struct trust *t)
{
    return &t->charter;
}

/* ---- kibbutzim ---- */

size_t trust_kibbutz_count(struct trust *t)
{
    trust_evaluate(t);
    return t->kibbutzim.count;
}

struct trust_kibbutz trust_kibbutz_at(struct trust *t, size_t index)
{
    trust_evaluate(t);
    assert(index < t->kibbutzim.count);
    return *ITEM(t->kibbutzim, struct trust_kibbutz, index);
}

static int order_kibbutz(const void *item, const void *wanted)
{
    return id_compare(&((const struct trust_kibbutz *)item)->kibbutz, wanted);
}

bool trust_kibbutz(struct trust *t, const struct id *kibbutz, struct trust_kibbutz *found)
{
    trust_evaluate(t);
    const struct trust_kibbutz *shown = sorted_at(&t->kibbutzim, sorted_place(&t->kibbutzim, kibbutz, order_kibbutz));
    if (!shown || !id_equal(&shown->kibbutz, kibbutz))
        return false;
    *found = *shown;
    return true;
}

/* ---- keys ---- */

static bool touches(const struct trust_pin *pin, const struct trust_seat *seat)
{
    return (pin->level & trust_levels(seat)) && (pin->kibbutz == NONE || pin->kibbutz == seat->kibbutz);
}

static struct id entry_id(const struct trust *t, uint32_t entry)
{
    return entry == NONE ? (struct id){{0}} : *ID_OF(t, NODE(t, entry)->name);
}

static enum trust_cause cause_of(const struct trust_pin *pin)
{
    if (pin->level == PIN_COUNCIL)
        return TRUST_CUT;
    if (pin->level == PIN_RECOVER)
        return TRUST_RECOVERED;
    return pin->by == NONE ? TRUST_CLOSED : TRUST_REVOKED;
}

/* The closed pin that speaks for what ended a key: a good one before a doubtful one, then the lowest id. */
static const struct trust_pin *ending_pin(const struct trust *t, const struct trust_seat *seat)
{
    const struct trust_pin *chosen = NULL;

    for (uint32_t i = PARTY(t, seat->key)->pins; i != NONE; i = ITEM(t->pins, struct trust_pin, i)->next) {
        const struct trust_pin *pin = ITEM(t->pins, struct trust_pin, i);

        if (pin->is_open || !touches(pin, seat))
            continue;
        struct id own = entry_id(t, pin->by), other = chosen ? entry_id(t, chosen->by) : own;
        if (!chosen || pin->weight > chosen->weight || (pin->weight == chosen->weight && id_compare(&own, &other) < 0))
            chosen = pin;
    }
    return chosen;
}

/* The lowest two ids of a seq of a log. */
static void find_pair(struct trust *t, uint32_t log, uint64_t seq, struct id *a, struct id *b)
{
    size_t found = 0;

    if (!trust_walk(t, log))
        return;
    for (size_t i = 0; i < t->order.count; i++) {
        const struct trust_node *node = NODE(t, *ITEM(t->order, uint32_t, i));
        struct id id = *ID_OF(t, node->name);

        if (node->seq != seq)
            continue;
        if (found == 0 || id_compare(&id, a) < 0) {
            if (found)
                *b = *a;
            *a = id;
        } else if (found == 1 || id_compare(&id, b) < 0) {
            *b = id;
        }
        found++;
    }
}

static void explain_key(struct trust *t, const struct trust_seat *seat, struct trust_key *key)
{
    const struct trust_pin *pin = ending_pin(t, seat);
    struct id other;

    key->status = (enum trust_status)(TRUST_VOID + seat->weight);
    if (key->status != TRUST_GOOD) {
        key->cause = TRUST_RESTS_ON;
        key->because = key->grant;
    }
    enum trust_status left = !pin ? TRUST_GOOD : pin->weight == GOOD ? TRUST_VOID : TRUST_CONTESTED;
    if (left < key->status && !MUTANT(MUTANT_REVOKED_IS_GOOD)) {
        key->status = left;
        key->cause = cause_of(pin);
        key->because = entry_id(t, pin->by);
    }
    if (pin && pin->weight == GOOD) {
        key->is_cut = true;
        key->compromised = pin->level == PIN_REVOKE && pin->by != NONE && WORDS(t, NODE(t, pin->by))[WORD_COMPROMISED];
    }
    if (seat->is_used && seat->weight == GOOD && seat->contested && key->status == TRUST_GOOD) {
        key->status = TRUST_CONTESTED;
        key->cause = TRUST_FORKED;
        find_pair(t, seat->key, seat->contested, &key->because, &other);
    }
}

static struct id channel_of(const struct trust *t, const struct trust_seat *seat)
{
    uint32_t name = NONE, by = seat->by;

    if (seat->is_used && seat->transport != NONE)
        name = NODE(t, seat->transport)->subject;
    else if (by != NONE && NODE(t, by)->act == ACT_GRANT)
        name = WORDS(t, NODE(t, by))[WORD_GRANT_CHANNEL];
    else if (by != NONE && NODE(t, by)->act == ACT_ACCEPT)
        name = WORDS(t, NODE(t, by))[WORD_ACCEPT_CHANNEL];
    return name == NONE ? (struct id){{0}} : *ID_OF(t, name);
}

static struct trust_key key_of(struct trust *t, uint32_t party)
{
    struct trust_key key = {.status = TRUST_UNKNOWN, .key = *PARTY_ID(t, party)};
    bool holds;
    uint32_t place = trust_shown_seat(t, party, &holds);

    if (place == NONE)
        return key;
    const struct trust_seat *seat = SEAT(t, place);
    key.kibbutz = *PARTY_ID(t, seat->kibbutz);
    key.role = seat->role;
    key.grant = seat->by == NONE ? t->charter.network : entry_id(t, seat->by);
    if (seat->by != NONE) {
        key.grant_log = *PARTY_ID(t, NODE(t, seat->by)->log);
        key.grant_seq = NODE(t, seat->by)->seq;
    }
    if (seat->told_by != NONE) {
        key.told_log = *PARTY_ID(t, NODE(t, seat->told_by)->log);
        key.told_seq = NODE(t, seat->told_by)->seq;
    }
    if (seat->role == ROLE_NODE)
        key.channel = channel_of(t, seat);
    if (seat->role == ROLE_NODE && seat->is_used && seat->transport != NONE)
        key.transport = entry_id(t, seat->transport);
    if (!holds) {
        key.status = TRUST_VOID;
        key.cause = TRUST_NOT_GRANTED;
        return key;
    }
    key.cut = seat->is_used ? seat->cut : 0;
    key.contested = seat->is_used ? seat->contested : 0;
    explain_key(t, seat, &key);
    return key;
}

struct trust_key trust_key(struct trust *t, const struct id *key)
{
    trust_evaluate(t);
    uint32_t party = trust_find_party(t, key);
    return party == NONE ? (struct trust_key){.status = TRUST_UNKNOWN, .key = *key} : key_of(t, party);
}

static void try_channel(struct trust *t, uint32_t party, const struct id *channel, struct trust_key *best)
{
    struct trust_key key = party == NONE ? (struct trust_key){.status = TRUST_UNKNOWN} : key_of(t, party);

    if (key.status == TRUST_UNKNOWN || key.role != ROLE_NODE || !id_equal(&key.channel, channel))
        return;
    if (key.status > best->status || (key.status == best->status && id_compare(&key.key, &best->key) < 0))
        *best = key;
}

struct trust_key trust_channel(struct trust *t, const struct id *channel)
{
    struct trust_key best = {.status = TRUST_UNKNOWN, .channel = *channel};

    trust_evaluate(t);
    uint32_t name = trust_find(t, channel);
    if (name == NONE)
        return best;
    for (uint32_t i = NAME(t, name)->refs; i != NONE; i = NODE(t, i)->ref_next)
        if (NODE(t, i)->act == ACT_TRANSPORT)
            try_channel(t, NODE(t, i)->log, channel, &best);
    for (uint32_t i = NAME(t, name)->links; i != NONE; i = ITEM(t->links, struct trust_link_to, i)->next) {
        const struct trust_node *node = NODE(t, ITEM(t->links, struct trust_link_to, i)->entry);

        if (node->act == ACT_GRANT)
            try_channel(t, NAME(t, node->subject)->party, channel, &best);
        else if (node->act == ACT_ACCEPT)
            try_channel(t, WORDS(t, node)[WORD_KEY], channel, &best);
    }
    return best;
}

size_t trust_key_count(struct trust *t)
{
    trust_evaluate(t);
    return t->keys.count;
}

size_t trust_key_from(struct trust *t, const struct id *least)
{
    size_t low = 0, high = trust_key_count(t);

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (id_compare(PARTY_ID(t, *ITEM(t->keys, uint32_t, middle)), least) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct trust_key trust_key_at(struct trust *t, size_t index)
{
    trust_evaluate(t);
    assert(index < t->keys.count);
    return key_of(t, *ITEM(t->keys, uint32_t, index));
}

/* ---- invitations ---- */

static bool is_ended_by_pin(const struct trust *t, uint32_t key, uint32_t kibbutz)
{
    for (uint32_t i = PARTY(t, key)->pins; i != NONE; i = ITEM(t->pins, struct trust_pin, i)->next) {
        const struct trust_pin *pin = ITEM(t->pins, struct trust_pin, i);

        if (!pin->is_open && (pin->level == PIN_COUNCIL || (pin->level == PIN_REVOKE && pin->kibbutz == kibbutz)))
            return true;
    }
    return false;
}

/* The hand-overs by the invitation's own key; another key that names it does not use it up. */
static size_t find_accepts(struct trust *t, const struct trust_node *grant, uint32_t kibbutz, struct id *handed_to)
{
    bool is_admit = grant->act == ACT_ADMIT;
    size_t count = 0, good = 0;
    struct id lowest = {{0}};

    for (uint32_t i = NAME(t, grant->name)->refs; i != NONE; i = NODE(t, i)->ref_next) {
        const struct trust_node *accept = NODE(t, i);

        if (!trust_hands_over(t, accept, grant))
            continue;
        enum weight weight = is_admit ? trust_office_at_council(t, i) : trust_office_handed(t, i, kibbutz);
        bool is_lower = count == 0 || id_compare(ID_OF(t, accept->name), &lowest) < 0;
        if (weight == GOOD || (is_lower && !good)) {
            *handed_to = *PARTY_ID(t, WORDS(t, accept)[WORD_KEY]);
            lowest = *ID_OF(t, accept->name);
        }
        good += weight == GOOD;
        count++;
    }
    return good == 1 ? 1 : count;
}

enum trust_invitation trust_invitation(struct trust *t, const struct id *grant, struct id *handed_to)
{
    trust_evaluate(t);
    uint32_t entry = trust_find_entry(t, grant);
    const struct trust_node *node = entry == NONE ? NULL : NODE(t, entry);
    bool is_admit = node && node->act == ACT_ADMIT;
    if (!node || (!is_admit && (node->act != ACT_GRANT || !WORDS(t, node)[WORD_BY_INVITATION])))
        return TRUST_NO_INVITATION;
    uint32_t kibbutz = is_admit ? NAME(t, node->name)->party : SEAT(t, node->seat)->kibbutz;
    size_t count = find_accepts(t, node, kibbutz, handed_to);
    if (count > 0)
        return count == 1 ? TRUST_USED : TRUST_USED_TWICE;
    uint32_t invited = NAME(t, node->subject)->party;
    if (kibbutz == NONE || invited == NONE || is_ended_by_pin(t, invited, kibbutz))
        return TRUST_ENDED;
    if (!is_admit)
        return node->standing == VOID ? TRUST_ENDED : TRUST_OPEN;
    const struct trust_party *party = PARTY(t, kibbutz);
    if (party->line != NONE || party->closed || !party->is_kibbutz)
        return TRUST_ENDED;
    return party->admitted ? TRUST_OPEN : TRUST_UNAPPROVED;
}

/* ---- entries ---- */

/* Whether a decided or undecided pin is what keeps an entry from standing. */
static bool fails(const struct trust *t, const struct trust_pin *pin, const struct trust_node *node)
{
    uint32_t at = pin->last == NONE ? NONE : NAME(t, pin->last)->entry, from;
    bool is_here = at != NONE && NODE(t, at)->known && NODE(t, at)->log == node->log && NODE(t, at)->seq == pin->seq;

    if (pin->seq == 0)
        return !pin->is_open;
    if (!is_here)
        return !pin->is_open && node->seq > pin->seq;
    if (node->seq > pin->seq && !pin->is_open)
        return true;
    /* The higher of the two must lead down to the lower. */
    uint32_t upper = node->seq > pin->seq ? NAME(t, node->name)->entry : at;
    uint32_t lower = node->seq > pin->seq ? at : NAME(t, node->name)->entry;
    for (from = upper; from != NONE && NODE(t, from)->seq > NODE(t, lower)->seq;)
        from = NODE(t, from)->parent;
    return from != lower;
}

static const struct trust_pin *failed_pin(const struct trust *t, const struct trust_seat *seat,
                                          const struct trust_node *node)
{
    for (uint32_t i = PARTY(t, node->log)->pins; i != NONE; i = ITEM(t->pins, struct trust_pin, i)->next) {
        const struct trust_pin *pin = ITEM(t->pins, struct trust_pin, i);

        if (touches(pin, seat) && (node->standing == VOID) == (pin->weight == GOOD) && fails(t, pin, node))
            return pin;
    }
    return NULL;
}

static void explain_entry(struct trust *t, const struct trust_node *node, struct trust_verdict *verdict)
{
    const struct trust_seat *seat = SEAT(t, node->seat);
    struct id other;

    if (!seat->is_named) {
        verdict->cause = TRUST_NOT_GRANTED;
        return;
    }
    const struct trust_pin *pin = failed_pin(t, seat, node);
    if (seat->weight <= node->standing) {
        verdict->cause = TRUST_RESTS_ON;
        verdict->because = entry_id(t, seat->by);
    } else if (pin) {
        verdict->cause = cause_of(pin);
        verdict->because = entry_id(t, pin->by);
    } else {
        verdict->cause = TRUST_FORKED;
        find_pair(t, node->log, seat->contested ? seat->contested : PARTY(t, node->log)->fork, &verdict->because,
                  &other);
    }
}

static enum weight weight_of(struct trust *t, uint32_t entry)
{
    const struct trust_node *node = NODE(t, entry);
    uint32_t from = node->subject == NONE ? NONE : NAME(t, node->subject)->entry;

    if (SEAT(t, node->seat)->role == ROLE_CARD)
        return trust_office_at_council(t, entry);
    if (SEAT(t, node->seat)->role != ROLE_INVITATION)
        return (enum weight)node->standing;
    if (from == NONE || !NODE(t, from)->known || !trust_hands_over(t, node, NODE(t, from)))
        return VOID;
    if (NODE(t, from)->act != ACT_GRANT)
        return NODE(t, from)->act == ACT_ADMIT ? trust_office_at_council(t, entry) : VOID;
    enum weight handed = trust_office_handed(t, entry, SEAT(t, NODE(t, from)->seat)->kibbutz);
    return handed < NODE(t, from)->standing ? handed : (enum weight)NODE(t, from)->standing;
}

struct trust_verdict trust_entry(struct trust *t, const struct id *entry)
{
    struct trust_verdict verdict = {.status = TRUST_UNKNOWN, .cause = TRUST_NOT_GRANTED};

    trust_evaluate(t);
    uint32_t place = trust_find_entry(t, entry);
    if (place == NONE || !NODE(t, place)->known)
        return verdict;
    const struct trust_node *node = NODE(t, place);
    const struct trust_seat *seat = SEAT(t, node->seat);
    enum weight weight = weight_of(t, place);
    verdict.status = (enum trust_status)(TRUST_VOID + weight);
    verdict.cause = weight == GOOD ? TRUST_STANDS : TRUST_NOT_GRANTED;
    verdict.kibbutz = *PARTY_ID(t, seat->kibbutz);
    verdict.role = seat->role;
    if (weight == GOOD)
        return verdict;
    if (seat->role != ROLE_CARD && seat->role != ROLE_INVITATION)
        explain_entry(t, node, &verdict);
    else if (PARTY(t, node->log)->fork)
        verdict.cause = TRUST_FORKED;
    else if (seat->is_claimed)
        verdict.cause = TRUST_RESTS_ON;
    return verdict;
}

uint64_t trust_offices(struct trust *t)
{
    trust_evaluate(t);
    return t->office_changes;
}

/* ---- forks ---- */

size_t trust_fork_count(struct trust *t)
{
    trust_evaluate(t);
    return t->forks.count;
}

struct trust_fork trust_fork_at(struct trust *t, size_t index)
{
    trust_evaluate(t);
    assert(index < t->forks.count);
    uint32_t log = *ITEM(t->forks, uint32_t, index);
    struct trust_fork fork = {.log = *PARTY_ID(t, log), .seq = PARTY(t, log)->fork};
    bool is_judged = false, is_open = false;
    find_pair(t, log, fork.seq, &fork.a, &fork.b);
    for (uint32_t i = PARTY(t, log)->seats; i != NONE; i = SEAT(t, i)->of_key) {
        const struct trust_seat *seat = SEAT(t, i);

        is_judged = is_judged || (seat->is_used && seat->weight == GOOD);
        is_open = is_open || (seat->is_used && seat->weight != VOID && seat->contested);
    }
    fork.settled = is_judged && !is_open;
    return fork;
}
