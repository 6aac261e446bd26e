/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/trust.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/limits.h"

/*
 * The entries that matter are kept as facts; the state is derived from the facts alone, by rounds until nothing changes.
 * Every rule only adds, so the result does not depend on the order in which rules or facts are met.
 */

struct seat {
    struct id log;
    struct id entry; /* The log's first entry.  Of two the lower id counts, whichever came first. */
    struct id kibbutz;
    enum role role;
};

struct fact {
    enum act act;
    struct id id; /* Of the entry ... */
    struct id log;
    uint64_t seq;
    struct id subject; /* admit: the invited key.  grant: its subject.  accept: the new key.  approve: what it names. */
    struct id about;   /* accept: the admit or grant entry. */
    struct id channel;
    bool has_card;
    enum role grants;
    bool by_invitation;
};

/* One way in which a key came to a seat. */
struct claim {
    struct trust_key as;
    struct id invitation_role_grant; /* Of an invitation key: the admit or grant it may hand over; else zeros. */
};

struct list {
    void *at;
    size_t count, size, item_size;
};

struct trust {
    uint8_t *text;
    struct charter charter;
    struct list seats;     /* By log. */
    struct list facts;     /* In order of entry id. */
    struct list claims;    /* By key, kibbutz, role. */
    struct list kibbutzim; /* By id. */
    struct list shown;     /* struct trust_key: what each key is, by key, without invitations. */
    struct list changes;   /* Since the mark, in order. */
    bool marked;
    bool stale;
};

/* One thing that trust_add() did: it took a seat, instead of another one or not, or a fact. */
struct change {
    bool is_seat, was_there;
    struct id fact;
    struct seat seat; /* As it was before, or at least its log. */
};

static int compare_ids(const struct id *a, const struct id *b)
{
    return id_compare(a, b);
}

/* The place of the first item for which `order(item) >= 0`. */
typedef int order_fn(const void *item, const void *wanted);

static size_t place_of(const struct list *list, const void *wanted, order_fn *order)
{
    size_t low = 0, high = list->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (order((const uint8_t *)list->at + middle * list->item_size, wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void *item_at(const struct list *list, size_t index)
{
    return index < list->count ? (uint8_t *)list->at + index * list->item_size : NULL;
}

static enum err insert(struct list *list, size_t place, const void *item)
{
    if (list->count == list->size) {
        size_t size = list->size ? list->size * 2 : 16;
        void *at = realloc(list->at, size * list->item_size);

        if (!at)
            return ERR_MEMORY;
        list->at = at;
        list->size = size;
    }
    uint8_t *to = (uint8_t *)list->at + place * list->item_size;
    memmove(to + list->item_size, to, (list->count - place) * list->item_size);
    memcpy(to, item, list->item_size);
    list->count++;
    return ERR_OK;
}

static void take_out(struct list *list, size_t place)
{
    uint8_t *at = (uint8_t *)list->at + place * list->item_size;

    list->count--;
    memmove(at, at + list->item_size, (list->count - place) * list->item_size);
}

static int order_seat(const void *item, const void *wanted)
{
    return compare_ids(&((const struct seat *)item)->log, wanted);
}

static int order_fact(const void *item, const void *wanted)
{
    return compare_ids(&((const struct fact *)item)->id, wanted);
}

static int order_claim(const void *item, const void *wanted)
{
    const struct trust_key *a = &((const struct claim *)item)->as, *b = wanted;
    int order = compare_ids(&a->key, &b->key);

    if (!order)
        order = compare_ids(&a->kibbutz, &b->kibbutz);
    return order ? order : (int)a->role - (int)b->role;
}

static int order_claim_key(const void *item, const void *wanted)
{
    return compare_ids(&((const struct claim *)item)->as.key, wanted);
}

static int order_kibbutz(const void *item, const void *wanted)
{
    return compare_ids(&((const struct trust_kibbutz *)item)->kibbutz, wanted);
}

struct trust *trust_new(struct bytes charter)
{
    struct trust *t = calloc(1, sizeof *t);

    if (!t || charter.len == 0 || charter.len > LIMIT_CHARTER || !(t->text = malloc(charter.len)))
        goto fail;
    memcpy(t->text, charter.at, charter.len);
    if (charter_read(bytes_of(t->text, charter.len), &t->charter))
        goto fail;
    t->seats.item_size = sizeof(struct seat);
    t->facts.item_size = sizeof(struct fact);
    t->claims.item_size = sizeof(struct claim);
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

struct id trust_root(const struct trust *t)
{
    return t->charter.network;
}

static const struct seat *seat_of(const struct trust *t, const struct id *log)
{
    const struct seat *seat = item_at(&t->seats, place_of(&t->seats, log, order_seat));

    return seat && id_equal(&seat->log, log) ? seat : NULL;
}

/* ---- facts ---- */

/* The consent is part of the accept's meaning: without it the new key never agreed to anything. */
static bool consents(const struct entry *entry, const struct fact *fact)
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
static bool read_fact(const struct entry *entry, const struct id *id, struct fact *fact)
{
    struct bytes word;
    enum err missing = ERR_OK;

    *fact = (struct fact){.act = entry->act, .id = *id, .log = entry->log, .seq = entry->seq};
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
    return t->marked ? insert(&t->changes, t->changes.count, change) : ERR_OK;
}

static enum err add_seat(struct trust *t, const struct entry *entry, const struct id *id)
{
    enum err err;
    struct change change = {.is_seat = true, .seat = {.log = entry->log}};
    struct seat seat = {.log = entry->log, .entry = *id, .kibbutz = entry->kibbutz, .role = entry->role};
    size_t place = place_of(&t->seats, &entry->log, order_seat);
    struct seat *old = item_at(&t->seats, place);

    if (old && id_equal(&old->log, &entry->log)) {
        if (id_compare(id, &old->entry) >= 0)
            return ERR_OK;
        change.was_there = true;
        change.seat = *old;
        if (!(err = note_change(t, &change)))
            *old = seat;
        return err;
    }
    if ((err = insert(&t->seats, place, &seat)))
        return err;
    if ((err = note_change(t, &change)))
        take_out(&t->seats, place);
    return err;
}

enum err trust_add(struct trust *t, const struct entry *entry, const struct id *id)
{
    enum err err;
    struct fact fact;

    if (entry->seq == 1 && (err = add_seat(t, entry, id)))
        return err;
    if (!read_fact(entry, id, &fact))
        return ERR_OK;
    size_t place = place_of(&t->facts, id, order_fact);
    const struct fact *old = item_at(&t->facts, place);
    if (old && id_equal(&old->id, id))
        return ERR_OK;
    struct change change = {.fact = *id};
    if ((err = insert(&t->facts, place, &fact)))
        return err;
    if ((err = note_change(t, &change)))
        take_out(&t->facts, place);
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
            take_out(&t->facts, place_of(&t->facts, &change->fact, order_fact));
            continue;
        }
        size_t place = place_of(&t->seats, &change->seat.log, order_seat);
        if (change->was_there)
            ((struct seat *)t->seats.at)[place] = change->seat;
        else
            take_out(&t->seats, place);
    }
    t->changes.count = 0;
    t->stale = true;
}

/* ---- rules ---- */

static const struct claim *claim_of(const struct trust *t, const struct id *key, const struct id *kibbutz,
                                    enum role role)
{
    struct trust_key wanted = {.key = *key, .kibbutz = *kibbutz, .role = role};
    size_t place = place_of(&t->claims, &wanted, order_claim);
    const struct claim *claim = item_at(&t->claims, place);

    return claim && order_claim(claim, &wanted) == 0 ? claim : NULL;
}

/*
 * The claim that stands for a key: the one its own first entry names.  Before there is a first entry, a key stands
 * where it was granted, so that a node may connect before it ever signed.
 */
static const struct claim *standing(const struct trust *t, const struct id *key)
{
    const struct seat *seat = seat_of(t, key);

    if (seat)
        return claim_of(t, key, &seat->kibbutz, seat->role);
    const struct claim *claim = item_at(&t->claims, place_of(&t->claims, key, order_claim_key));
    return claim && id_equal(&claim->as.key, key) ? claim : NULL;
}

/* Adds a claim; of two that differ in their grant alone the lower entry id stays, whichever came first. */
static enum err add_claim(struct trust *t, const struct claim *claim, bool *changed)
{
    size_t place = place_of(&t->claims, &claim->as, order_claim);
    struct claim *old = item_at(&t->claims, place);

    if (old && order_claim(old, &claim->as) == 0) {
        if (id_compare(&claim->as.grant, &old->as.grant) < 0) {
            *old = *claim;
            *changed = true;
        }
        return ERR_OK;
    }
    *changed = true;
    return insert(&t->claims, place, claim);
}

static const struct trust_kibbutz *kibbutz_of(const struct trust *t, const struct id *kibbutz)
{
    const struct trust_kibbutz *k = item_at(&t->kibbutzim, place_of(&t->kibbutzim, kibbutz, order_kibbutz));

    return k && id_equal(&k->kibbutz, kibbutz) ? k : NULL;
}

static enum err add_kibbutz(struct trust *t, const struct trust_kibbutz *kibbutz, bool *changed)
{
    if (kibbutz_of(t, &kibbutz->kibbutz))
        return ERR_OK;
    *changed = true;
    return insert(&t->kibbutzim, place_of(&t->kibbutzim, &kibbutz->kibbutz, order_kibbutz), kibbutz);
}

/* The kibbutz for which this key votes, or NULL. */
static const struct trust_kibbutz *voter(const struct trust *t, const struct id *key)
{
    const struct claim *claim = standing(t, key);
    const struct trust_kibbutz *kibbutz =
        claim && claim->as.role == ROLE_STEWARD ? kibbutz_of(t, &claim->as.kibbutz) : NULL;

    return kibbutz && kibbutz->votes ? kibbutz : NULL;
}

/* How many voting kibbutzim stand behind an admit entry: its writer's, and those that approve it; each counts once. */
static uint64_t voices(const struct trust *t, const struct fact *admit)
{
    struct id seen[LIMIT_FOUNDERS];
    size_t count = 0;

    for (size_t i = 0; i < t->facts.count; i++) {
        const struct fact *fact = item_at(&t->facts, i);
        bool speaks = fact == admit || (fact->act == ACT_APPROVE && id_equal(&fact->subject, &admit->id));
        const struct trust_kibbutz *kibbutz = speaks ? voter(t, &fact->log) : NULL;
        bool known = !kibbutz;

        for (size_t j = 0; !known && j < count; j++)
            known = id_equal(&seen[j], &kibbutz->kibbutz);
        if (!known && count < LIMIT_FOUNDERS)
            seen[count++] = kibbutz->kibbutz;
    }
    return count;
}

static struct claim claim_from(const struct fact *fact, const struct id *key, const struct id *kibbutz, enum role role)
{
    return (struct claim){.as = {.status = TRUST_GOOD,
                                 .key = *key,
                                 .kibbutz = *kibbutz,
                                 .role = role,
                                 .grant = fact->id,
                                 .grant_log = fact->log,
                                 .grant_seq = fact->seq,
                                 .channel = fact->channel}};
}

static enum err apply_admit(struct trust *t, const struct fact *fact, bool *changed)
{
    enum err err;

    if (!voter(t, &fact->log) || (t->charter.admission > 1 && voices(t, fact) < t->charter.admission))
        return ERR_OK;
    struct trust_kibbutz kibbutz = {.kibbutz = fact->id, .admit_log = fact->log, .admit_seq = fact->seq};
    struct claim claim = claim_from(fact, &fact->subject, &fact->id, ROLE_INVITATION);
    claim.invitation_role_grant = fact->id;
    if ((err = add_kibbutz(t, &kibbutz, changed)))
        return err;
    return add_claim(t, &claim, changed);
}

static enum err apply_grant(struct trust *t, const struct fact *fact, bool *changed)
{
    const struct claim *by = standing(t, &fact->log);

    if (!by || by->as.role != ROLE_STEWARD)
        return ERR_OK;
    struct id kibbutz = by->as.kibbutz;
    struct claim claim =
        claim_from(fact, &fact->subject, &kibbutz, fact->by_invitation ? ROLE_INVITATION : fact->grants);
    if (fact->by_invitation)
        claim.invitation_role_grant = fact->id;
    return add_claim(t, &claim, changed);
}

static const struct fact *fact_of(const struct trust *t, const struct id *id)
{
    const struct fact *fact = item_at(&t->facts, place_of(&t->facts, id, order_fact));

    return fact && id_equal(&fact->id, id) ? fact : NULL;
}

static enum err apply_accept(struct trust *t, const struct fact *fact, bool *changed)
{
    const struct claim *by = standing(t, &fact->log);
    const struct fact *grant = fact_of(t, &fact->about);

    if (!by || by->as.role != ROLE_INVITATION || !id_equal(&by->invitation_role_grant, &fact->about) || !grant)
        return ERR_OK;
    enum role role = grant->act == ACT_ADMIT ? ROLE_STEWARD : grant->grants;
    if ((role == ROLE_NODE) == id_is_zero(&fact->channel) || (role == ROLE_STEWARD) != fact->has_card)
        return ERR_OK;
    struct id kibbutz = by->as.kibbutz;
    struct claim claim = claim_from(fact, &fact->subject, &kibbutz, role);
    return add_claim(t, &claim, changed);
}

static enum err apply_founders(struct trust *t, bool *changed)
{
    enum err err = ERR_OK;

    for (size_t i = 0; i < t->charter.founder_count && !err; i++) {
        const struct charter_founder *founder = &t->charter.founders[i];
        struct trust_kibbutz kibbutz = {.kibbutz = founder->kibbutz, .founder = i, .votes = true};

        err = add_kibbutz(t, &kibbutz, changed);
        for (size_t j = 0; j < founder->steward_count && !err; j++) {
            struct fact charter = {.id = t->charter.network};
            struct claim claim = claim_from(&charter, &founder->stewards[j].key, &founder->kibbutz, ROLE_STEWARD);

            err = add_claim(t, &claim, changed);
        }
    }
    return err;
}

/* A node's own transport entry replaces its channel key; the latest in its log counts. */
static void apply_transport(struct trust *t)
{
    for (size_t i = 0; i < t->claims.count; i++) {
        struct claim *claim = item_at(&t->claims, i);
        uint64_t newest = 0;

        if (claim->as.role != ROLE_NODE || !seat_of(t, &claim->as.key))
            continue;
        for (size_t j = 0; j < t->facts.count; j++) {
            const struct fact *fact = item_at(&t->facts, j);

            if (fact->act == ACT_TRANSPORT && fact->seq > newest && id_equal(&fact->log, &claim->as.key)) {
                newest = fact->seq;
                claim->as.channel = fact->channel;
            }
        }
    }
}

/* Writes down, for every key but ephemeral ones, what it is. */
static enum err write_keys(struct trust *t)
{
    enum err err = ERR_OK;

    t->shown.count = 0;
    for (size_t i = 0; i < t->claims.count && !err; i++) {
        const struct claim *claim = item_at(&t->claims, i);
        const struct trust_key *last = t->shown.count ? item_at(&t->shown, t->shown.count - 1) : NULL;
        const struct claim *stands = standing(t, &claim->as.key);
        struct trust_key as = stands ? stands->as : claim->as;

        if (last && id_equal(&last->key, &as.key))
            continue;
        if (!stands)
            as.status = TRUST_VOID;
        if (as.role != ROLE_INVITATION)
            err = insert(&t->shown, t->shown.count, &as);
    }
    for (size_t i = 0; i < t->shown.count && !err; i++) {
        const struct trust_key *key = item_at(&t->shown, i);
        struct trust_kibbutz *kibbutz = item_at(&t->kibbutzim, place_of(&t->kibbutzim, &key->kibbutz, order_kibbutz));

        if (kibbutz && id_equal(&kibbutz->kibbutz, &key->kibbutz) && key->role == ROLE_STEWARD &&
            key->status == TRUST_GOOD)
            kibbutz->joined = true;
    }
    return err;
}

/* Out of memory here leaves less trust, never more; the next question tries again. */
static void evaluate(struct trust *t)
{
    bool changed = true;
    enum err err;

    if (!t->stale)
        return;
    t->claims.count = 0;
    t->kibbutzim.count = 0;
    err = apply_founders(t, &changed);
    while (changed && !err) {
        changed = false;
        for (size_t i = 0; i < t->facts.count && !err; i++) {
            const struct fact *fact = item_at(&t->facts, i);

            if (fact->act == ACT_ADMIT)
                err = apply_admit(t, fact, &changed);
            else if (fact->act == ACT_GRANT)
                err = apply_grant(t, fact, &changed);
            else if (fact->act == ACT_ACCEPT)
                err = apply_accept(t, fact, &changed);
        }
    }
    if (!err)
        apply_transport(t);
    if (!err)
        err = write_keys(t);
    t->stale = err != ERR_OK;
}

/* ---- questions ---- */

struct trust_key trust_key(struct trust *t, const struct id *key)
{
    evaluate(t);
    const struct claim *claim = standing(t, key);
    if (claim)
        return claim->as;
    struct trust_key none = {.status = TRUST_UNKNOWN, .key = *key};
    claim = item_at(&t->claims, place_of(&t->claims, key, order_claim_key));
    if (claim && id_equal(&claim->as.key, key)) {
        none = claim->as;
        none.status = TRUST_VOID;
    }
    return none;
}

struct trust_key trust_channel(struct trust *t, const struct id *channel)
{
    evaluate(t);
    for (size_t i = 0; i < t->shown.count; i++) {
        const struct trust_key *key = item_at(&t->shown, i);

        if (key->role == ROLE_NODE && key->status == TRUST_GOOD && id_equal(&key->channel, channel))
            return *key;
    }
    return (struct trust_key){.status = TRUST_UNKNOWN, .channel = *channel};
}

size_t trust_key_count(struct trust *t)
{
    evaluate(t);
    return t->shown.count;
}

struct trust_key trust_key_at(struct trust *t, size_t index)
{
    evaluate(t);
    assert(index < t->shown.count);
    return *(const struct trust_key *)item_at(&t->shown, index);
}

size_t trust_kibbutz_count(struct trust *t)
{
    evaluate(t);
    return t->kibbutzim.count;
}

struct trust_kibbutz trust_kibbutz_at(struct trust *t, size_t index)
{
    evaluate(t);
    assert(index < t->kibbutzim.count);
    return *(const struct trust_kibbutz *)item_at(&t->kibbutzim, index);
}

enum err trust_admits(struct trust *t, const struct entry *entry)
{
    evaluate(t);
    const struct seat *seat = seat_of(t, &entry->log);
    const struct id *kibbutz = seat ? &seat->kibbutz : &entry->kibbutz;
    enum role role = seat ? seat->role : entry->role;

    if (!seat && entry->seq != 1)
        return ERR_STRANGER;
    /* An invitation hands itself over and does nothing else. */
    if (role == ROLE_INVITATION && (entry->seq != 1 || entry->act != ACT_ACCEPT))
        return ERR_STRANGER;
    return claim_of(t, &entry->log, kibbutz, role) ? ERR_OK : ERR_STRANGER;
}

bool trust_invitation_used(struct trust *t, const struct id *grant, struct id *key)
{
    evaluate(t);
    const struct fact *invitation = fact_of(t, grant);
    for (size_t i = 0; invitation && i < t->facts.count; i++) {
        const struct fact *fact = item_at(&t->facts, i);

        /* Another key that names this invitation does not use it up. */
        if (fact->act == ACT_ACCEPT && id_equal(&fact->about, grant) && id_equal(&fact->log, &invitation->subject)) {
            *key = fact->subject;
            return true;
        }
    }
    return false;
}

bool trust_publishes(struct trust *t, const struct id *key)
{
    struct trust_key k = trust_key(t, key);

    return k.status == TRUST_GOOD && (k.role == ROLE_STEWARD || k.role == ROLE_COORDINATOR);
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

    evaluate(t);
    for (size_t steps = 0; steps < LIMIT_ENROLMENT; steps++) {
        const struct claim *claim = standing(t, &key);

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

    evaluate(t);
    id_hasher_begin(&hasher, ID_FRONTIER);
    for (size_t i = 0; i < t->shown.count; i++) {
        const struct trust_key *key = item_at(&t->shown, i);
        uint8_t words[2] = {(uint8_t)key->status, (uint8_t)key->role};
        const struct bytes parts[] = {id_bytes(&key->key), id_bytes(&key->kibbutz), id_bytes(&key->grant),
                                      id_bytes(&key->channel), bytes_of(words, sizeof words)};

        for (size_t j = 0; j < sizeof parts / sizeof *parts; j++)
            id_hasher_add(&hasher, parts[j]);
    }
    for (size_t i = 0; i < t->kibbutzim.count; i++) {
        const struct trust_kibbutz *kibbutz = item_at(&t->kibbutzim, i);
        uint8_t words[2] = {kibbutz->votes, kibbutz->joined};

        id_hasher_add(&hasher, id_bytes(&kibbutz->kibbutz));
        id_hasher_add(&hasher, bytes_of(words, sizeof words));
    }
    return id_hasher_end(&hasher);
}
