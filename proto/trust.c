/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/trust.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "proto/trust_state.h"

/* One thing that trust_add() did: it took a seat, instead of another one or not, or a fact. */
struct change {
    bool is_seat, was_there;
    struct id fact;
    struct trust_seat seat; /* As it was before, or at least its log. */
};

int trust_order_seat(const void *item, const void *wanted)
{
    return id_compare(&((const struct trust_seat *)item)->log, wanted);
}

int trust_order_fact(const void *item, const void *wanted)
{
    return id_compare(&((const struct trust_fact *)item)->id, wanted);
}

int trust_order_claim(const void *item, const void *wanted)
{
    const struct trust_key *a = &((const struct trust_claim *)item)->as, *b = wanted;
    int order = id_compare(&a->key, &b->key);

    if (!order)
        order = id_compare(&a->kibbutz, &b->kibbutz);
    return order ? order : (int)a->role - (int)b->role;
}

int trust_order_claim_key(const void *item, const void *wanted)
{
    return id_compare(&((const struct trust_claim *)item)->as.key, wanted);
}

int trust_order_kibbutz(const void *item, const void *wanted)
{
    return id_compare(&((const struct trust_kibbutz *)item)->kibbutz, wanted);
}

struct trust *trust_new(struct bytes charter)
{
    struct trust *t = calloc(1, sizeof *t);

    if (!t || charter.len == 0 || charter.len > LIMIT_CHARTER || !(t->text = malloc(charter.len)))
        goto fail;
    memcpy(t->text, charter.at, charter.len);
    if (charter_read(bytes_of(t->text, charter.len), &t->charter))
        goto fail;
    t->seats.item_size = sizeof(struct trust_seat);
    t->facts.item_size = sizeof(struct trust_fact);
    t->claims.item_size = sizeof(struct trust_claim);
    t->kibbutzim.item_size = sizeof(struct trust_kibbutz);
    t->shown.item_size = sizeof(struct trust_key);
    t->changes.item_size = sizeof(struct change);
    t->stale = true;
    return t;
fail:
    trust_free(t);
    return NULL;
}

void trust_free(struct trust *t)
{
    if (!t)
        return;
    free(t->text);
    free(t->seats.at);
    free(t->facts.at);
    free(t->claims.at);
    free(t->kibbutzim.at);
    free(t->shown.at);
    free(t->changes.at);
    free(t);
}

const struct charter *trust_charter(const struct trust *t)
{
    return &t->charter;
}

struct id trust_root(struct trust *t)
{
    return t->charter.network;
}

const struct trust_seat *trust_seat_of(const struct trust *t, const struct id *log)
{
    const struct trust_seat *seat = sorted_at(&t->seats, sorted_place(&t->seats, log, trust_order_seat));

    return seat && id_equal(&seat->log, log) ? seat : NULL;
}

const struct trust_fact *trust_fact_of(const struct trust *t, const struct id *id)
{
    const struct trust_fact *fact = sorted_at(&t->facts, sorted_place(&t->facts, id, trust_order_fact));

    return fact && id_equal(&fact->id, id) ? fact : NULL;
}

/* ---- facts ---- */

/* The consent is part of the accept's meaning: without it the new key never agreed to anything. */
static bool consents(const struct entry *entry, const struct trust_fact *fact)
{
    struct id card, channel;
    struct signature consent;
    bool has_card = !act_id(entry->body, ACT_CARD, 0, &card);
    bool has_channel = !act_id(entry->body, ACT_CHANNEL, 0, &channel);

    if (act_consent(entry->body, &consent))
        return false;
    struct id hash = act_consent_hash(&entry->network, &entry->log, &fact->about, &fact->subject,
                                      has_card ? &card : NULL, has_channel ? &channel : NULL);
    return sshsig_verify_plain(&fact->subject, id_bytes(&hash), &consent);
}

/* Reads what an entry states for trust; false when it states nothing. */
static bool read_fact(const struct entry *entry, const struct id *id, struct trust_fact *fact)
{
    struct bytes word;
    enum err missing = ERR_OK;

    *fact = (struct trust_fact){.act = entry->act, .id = *id, .log = entry->log, .seq = entry->seq};
    switch (entry->act) {
    case ACT_ADMIT: return !act_id(entry->body, ACT_INVITED, 0, &fact->subject);
    case ACT_APPROVE: return !act_id(entry->body, ACT_SUBJECT, 0, &fact->subject);
    case ACT_GRANT:
        missing = act_id(entry->body, ACT_SUBJECT, 0, &fact->subject);
        if (missing || act_value(entry->body, ACT_GRANTS, 0, &word))
            return false;
        fact->grants = role_from_name(word);
        if (act_value(entry->body, ACT_BY, 0, &word))
            return false;
        fact->by_invitation = bytes_equal(word, bytes_text("invitation"));
        (void)act_id(entry->body, ACT_CHANNEL, 0, &fact->channel);
        return true;
    case ACT_ACCEPT:
        if (entry->seq != 1 || act_id(entry->body, ACT_INVITATION, 0, &fact->about) ||
            act_id(entry->body, ACT_KEY, 0, &fact->subject))
            return false;
        (void)act_id(entry->body, ACT_CHANNEL, 0, &fact->channel);
        fact->has_card = act_count(entry->body, ACT_CARD) > 0;
        return consents(entry, fact);
    case ACT_TRANSPORT: return !act_id(entry->body, ACT_CHANNEL, 0, &fact->channel);
    case ACT_PUBLISH:
    case ACT_REVISE:
    case ACT_WITHDRAW:
    case ACT_ERASE:
    case ACT_REVOKE:
    case ACT_COUNCIL:
    case ACT_RECOVER:
    case ACT_UNKNOWN: return false;
    }
    return false;
}

static enum err note_change(struct trust *t, const struct change *change)
{
    t->stale = true;
    return t->marked ? sorted_insert(&t->changes, t->changes.count, change) : ERR_OK;
}

static enum err add_seat(struct trust *t, const struct entry *entry, const struct id *id)
{
    enum err err;
    struct change change = {.is_seat = true, .seat = {.log = entry->log}};
    struct trust_seat seat = {.log = entry->log, .entry = *id, .kibbutz = entry->kibbutz, .role = entry->role};
    size_t place = sorted_place(&t->seats, &entry->log, trust_order_seat);
    struct trust_seat *old = sorted_at(&t->seats, place);

    if (old && id_equal(&old->log, &entry->log)) {
        if (id_compare(id, &old->entry) >= 0)
            return ERR_OK;
        change.was_there = true;
        change.seat = *old;
        if (!(err = note_change(t, &change)))
            *old = seat;
        return err;
    }
    if ((err = sorted_insert(&t->seats, place, &seat)))
        return err;
    if ((err = note_change(t, &change)))
        sorted_remove(&t->seats, place);
    return err;
}

enum err trust_add(struct trust *t, const struct entry *entry, const struct id *id)
{
    enum err err;
    struct trust_fact fact;

    if (entry->seq == 1 && (err = add_seat(t, entry, id)))
        return err;
    if (!read_fact(entry, id, &fact))
        return ERR_OK;
    size_t place = sorted_place(&t->facts, id, trust_order_fact);
    const struct trust_fact *old = sorted_at(&t->facts, place);
    if (old && id_equal(&old->id, id))
        return ERR_OK;
    struct change change = {.fact = *id};
    if ((err = sorted_insert(&t->facts, place, &fact)))
        return err;
    if ((err = note_change(t, &change)))
        sorted_remove(&t->facts, place);
    return err;
}

void trust_mark(struct trust *t)
{
    t->marked = true;
    t->changes.count = 0;
}

void trust_undo(struct trust *t)
{
    for (size_t i = t->changes.count; i > 0; i--) {
        const struct change *change = (const struct change *)t->changes.at + i - 1;

        if (!change->is_seat) {
            sorted_remove(&t->facts, sorted_place(&t->facts, &change->fact, trust_order_fact));
            continue;
        }
        size_t place = sorted_place(&t->seats, &change->seat.log, trust_order_seat);
        if (change->was_there)
            ((struct trust_seat *)t->seats.at)[place] = change->seat;
        else
            sorted_remove(&t->seats, place);
    }
    t->changes.count = 0;
    t->stale = true;
}

/* ---- questions ---- */

struct trust_key trust_key(struct trust *t, const struct id *key)
{
    trust_rules_evaluate(t);
    const struct trust_claim *claim = trust_rules_standing(t, key);
    if (claim)
        return claim->as;
    struct trust_key none = {.status = TRUST_UNKNOWN, .key = *key};
    claim = sorted_at(&t->claims, sorted_place(&t->claims, key, trust_order_claim_key));
    if (claim && id_equal(&claim->as.key, key)) {
        none = claim->as;
        none.status = TRUST_VOID;
    }
    return none;
}

struct trust_key trust_channel(struct trust *t, const struct id *channel)
{
    trust_rules_evaluate(t);
    for (size_t i = 0; i < t->shown.count; i++) {
        const struct trust_key *key = sorted_at(&t->shown, i);

        if (key->role == ROLE_NODE && key->status == TRUST_GOOD && id_equal(&key->channel, channel))
            return *key;
    }
    return (struct trust_key){.status = TRUST_UNKNOWN, .channel = *channel};
}

size_t trust_key_count(struct trust *t)
{
    trust_rules_evaluate(t);
    return t->shown.count;
}

struct trust_key trust_key_at(struct trust *t, size_t index)
{
    trust_rules_evaluate(t);
    assert(index < t->shown.count);
    return *(const struct trust_key *)sorted_at(&t->shown, index);
}

size_t trust_kibbutz_count(struct trust *t)
{
    trust_rules_evaluate(t);
    return t->kibbutzim.count;
}

struct trust_kibbutz trust_kibbutz_at(struct trust *t, size_t index)
{
    trust_rules_evaluate(t);
    assert(index < t->kibbutzim.count);
    return *(const struct trust_kibbutz *)sorted_at(&t->kibbutzim, index);
}

enum err trust_admits(struct trust *t, const struct entry *entry)
{
    trust_rules_evaluate(t);
    const struct trust_seat *seat = trust_seat_of(t, &entry->log);
    const struct id *kibbutz = seat ? &seat->kibbutz : &entry->kibbutz;
    enum role role = seat ? seat->role : entry->role;

    if (!seat && entry->seq != 1)
        return ERR_STRANGER;
    /* An invitation hands itself over and does nothing else. */
    if (role == ROLE_INVITATION && (entry->seq != 1 || entry->act != ACT_ACCEPT))
        return ERR_STRANGER;
    return trust_rules_claim_of(t, &entry->log, kibbutz, role) ? ERR_OK : ERR_STRANGER;
}

enum trust_invitation trust_invitation(struct trust *t, const struct id *grant, struct id *handed_to)
{
    trust_rules_evaluate(t);
    const struct trust_fact *invitation = trust_fact_of(t, grant);
    if (!invitation || (invitation->act != ACT_ADMIT && !invitation->by_invitation))
        return TRUST_NO_INVITATION;
    for (size_t i = 0; i < t->facts.count; i++) {
        const struct trust_fact *fact = sorted_at(&t->facts, i);

        /* Another key that names this invitation does not use it up. */
        if (fact->act == ACT_ACCEPT && id_equal(&fact->about, grant) && id_equal(&fact->log, &invitation->subject)) {
            *handed_to = fact->subject;
            return TRUST_USED;
        }
    }
    return TRUST_OPEN;
}

/* Puts a range first; one of the same log grows instead. */
static size_t put_first(struct trust_range ranges[], size_t count, size_t size, const struct id *log, uint64_t to)
{
    if (count == size)
        return count;
    memmove(ranges + 1, ranges, count * sizeof *ranges);
    ranges[0] = (struct trust_range){.log = *log, .to = to};
    for (size_t i = 1; i <= count; i++) {
        if (!id_equal(&ranges[i].log, log))
            continue;
        if (ranges[i].to > ranges[0].to)
            ranges[0].to = ranges[i].to;
        memmove(ranges + i, ranges + i + 1, (count - i) * sizeof *ranges);
        return count;
    }
    return count + 1;
}

size_t trust_enrolment(struct trust *t, const struct id *node, struct trust_range ranges[], size_t size)
{
    struct id key = *node;
    size_t count = 0;

    trust_rules_evaluate(t);
    for (size_t steps = 0; steps < LIMIT_ENROLMENT; steps++) {
        const struct trust_claim *claim = trust_rules_standing(t, &key);

        if (!claim || claim->as.grant_seq == 0)
            break;
        count = put_first(ranges, count, size, &claim->as.grant_log, claim->as.grant_seq);
        key = claim->as.grant_log;
    }
    return count;
}

struct id trust_fingerprint(struct trust *t)
{
    struct id_hasher hasher;

    trust_rules_evaluate(t);
    id_hasher_begin(&hasher, ID_FRONTIER);
    for (size_t i = 0; i < t->shown.count; i++) {
        const struct trust_key *key = sorted_at(&t->shown, i);
        uint8_t words[2] = {(uint8_t)key->status, (uint8_t)key->role};
        const struct bytes parts[] = {id_bytes(&key->key), id_bytes(&key->kibbutz), id_bytes(&key->grant),
                                      id_bytes(&key->channel), bytes_of(words, sizeof words)};

        for (size_t j = 0; j < sizeof parts / sizeof *parts; j++)
            id_hasher_add(&hasher, parts[j]);
    }
    for (size_t i = 0; i < t->kibbutzim.count; i++) {
        const struct trust_kibbutz *kibbutz = sorted_at(&t->kibbutzim, i);
        uint8_t words[2] = {kibbutz->votes, kibbutz->joined};

        id_hasher_add(&hasher, id_bytes(&kibbutz->kibbutz));
        id_hasher_add(&hasher, bytes_of(words, sizeof words));
    }
    return id_hasher_end(&hasher);
}
