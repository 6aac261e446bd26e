/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/trust_state.h"

#include "proto/limits.h"

/*
 * What follows from the facts, by rounds until nothing changes.  Every rule only adds, so the result does not depend on the
 * order in which rules or facts are met.
 */

const struct trust_claim *trust_rules_claim_of(const struct trust *t, const struct id *key, const struct id *kibbutz,
                                               enum role role)
{
    struct trust_key wanted = {.key = *key, .kibbutz = *kibbutz, .role = role};
    size_t place = sorted_place(&t->claims, &wanted, trust_order_claim);
    const struct trust_claim *claim = sorted_at(&t->claims, place);

    return claim && trust_order_claim(claim, &wanted) == 0 ? claim : NULL;
}

const struct trust_claim *trust_rules_standing(const struct trust *t, const struct id *key)
{
    const struct trust_seat *seat = trust_seat_of(t, key);

    if (seat)
        return trust_rules_claim_of(t, key, &seat->kibbutz, seat->role);
    const struct trust_claim *claim = sorted_at(&t->claims, sorted_place(&t->claims, key, trust_order_claim_key));
    return claim && id_equal(&claim->as.key, key) ? claim : NULL;
}

/* Adds a claim; of two that differ in their grant alone the lower entry id stays, whichever came first. */
static enum err add_claim(struct trust *t, const struct trust_claim *claim, bool *changed)
{
    size_t place = sorted_place(&t->claims, &claim->as, trust_order_claim);
    struct trust_claim *old = sorted_at(&t->claims, place);

    if (old && trust_order_claim(old, &claim->as) == 0) {
        if (id_compare(&claim->as.grant, &old->as.grant) < 0) {
            *old = *claim;
            *changed = true;
        }
        return ERR_OK;
    }
    *changed = true;
    return sorted_insert(&t->claims, place, claim);
}

static const struct trust_kibbutz *kibbutz_of(const struct trust *t, const struct id *kibbutz)
{
    const struct trust_kibbutz *k = sorted_at(&t->kibbutzim, sorted_place(&t->kibbutzim, kibbutz, trust_order_kibbutz));

    return k && id_equal(&k->kibbutz, kibbutz) ? k : NULL;
}

static enum err add_kibbutz(struct trust *t, const struct trust_kibbutz *kibbutz, bool *changed)
{
    if (kibbutz_of(t, &kibbutz->kibbutz))
        return ERR_OK;
    *changed = true;
    return sorted_insert(&t->kibbutzim, sorted_place(&t->kibbutzim, &kibbutz->kibbutz, trust_order_kibbutz), kibbutz);
}

/* The kibbutz for which this key votes, or NULL. */
static const struct trust_kibbutz *voter(const struct trust *t, const struct id *key)
{
    const struct trust_claim *claim = trust_rules_standing(t, key);
    const struct trust_kibbutz *kibbutz =
        claim && claim->as.role == ROLE_STEWARD ? kibbutz_of(t, &claim->as.kibbutz) : NULL;

    return kibbutz && kibbutz->votes ? kibbutz : NULL;
}

/* How many voting kibbutzim stand behind an admit entry: its writer's, and those that approve it; each counts once. */
static uint64_t voices(const struct trust *t, const struct trust_fact *admit)
{
    struct id seen[LIMIT_FOUNDERS];
    size_t count = 0;

    for (size_t i = 0; i < t->facts.count; i++) {
        const struct trust_fact *fact = sorted_at(&t->facts, i);
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

static struct trust_claim claim_from(const struct trust_fact *fact, const struct id *key, const struct id *kibbutz,
                                     enum role role)
{
    return (struct trust_claim){.as = {.status = TRUST_GOOD,
                                       .key = *key,
                                       .kibbutz = *kibbutz,
                                       .role = role,
                                       .grant = fact->id,
                                       .grant_log = fact->log,
                                       .grant_seq = fact->seq,
                                       .channel = fact->channel}};
}

static enum err apply_admit(struct trust *t, const struct trust_fact *fact, bool *changed)
{
    enum err err;

    if (!voter(t, &fact->log) || (t->charter.admission > 1 && voices(t, fact) < t->charter.admission))
        return ERR_OK;
    struct trust_kibbutz kibbutz = {.kibbutz = fact->id, .admit_log = fact->log, .admit_seq = fact->seq};
    struct trust_claim claim = claim_from(fact, &fact->subject, &fact->id, ROLE_INVITATION);
    claim.invitation_role_grant = fact->id;
    if ((err = add_kibbutz(t, &kibbutz, changed)))
        return err;
    return add_claim(t, &claim, changed);
}

static enum err apply_grant(struct trust *t, const struct trust_fact *fact, bool *changed)
{
    const struct trust_claim *by = trust_rules_standing(t, &fact->log);

    if (!by || by->as.role != ROLE_STEWARD)
        return ERR_OK;
    struct id kibbutz = by->as.kibbutz;
    struct trust_claim claim =
        claim_from(fact, &fact->subject, &kibbutz, fact->by_invitation ? ROLE_INVITATION : fact->grants);
    if (fact->by_invitation)
        claim.invitation_role_grant = fact->id;
    return add_claim(t, &claim, changed);
}

static enum err apply_accept(struct trust *t, const struct trust_fact *fact, bool *changed)
{
    const struct trust_claim *by = trust_rules_standing(t, &fact->log);
    const struct trust_fact *grant = trust_fact_of(t, &fact->about);

    if (!by || by->as.role != ROLE_INVITATION || !id_equal(&by->invitation_role_grant, &fact->about) || !grant)
        return ERR_OK;
    enum role role = grant->act == ACT_ADMIT ? ROLE_STEWARD : grant->grants;
    if ((role == ROLE_NODE) == id_is_zero(&fact->channel) || (role == ROLE_STEWARD) != fact->has_card)
        return ERR_OK;
    struct id kibbutz = by->as.kibbutz;
    struct trust_claim claim = claim_from(fact, &fact->subject, &kibbutz, role);
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
            struct trust_fact charter = {.id = t->charter.network};
            struct trust_claim claim = claim_from(&charter, &founder->stewards[j].key, &founder->kibbutz, ROLE_STEWARD);

            err = add_claim(t, &claim, changed);
        }
    }
    return err;
}

/* A node's own transport entry replaces its channel key; the latest in its log counts. */
static void apply_transport(struct trust *t)
{
    for (size_t i = 0; i < t->claims.count; i++) {
        struct trust_claim *claim = sorted_at(&t->claims, i);
        uint64_t newest = 0;

        if (claim->as.role != ROLE_NODE || !trust_seat_of(t, &claim->as.key))
            continue;
        for (size_t j = 0; j < t->facts.count; j++) {
            const struct trust_fact *fact = sorted_at(&t->facts, j);

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
        const struct trust_claim *claim = sorted_at(&t->claims, i);
        const struct trust_key *last = t->shown.count ? sorted_at(&t->shown, t->shown.count - 1) : NULL;
        const struct trust_claim *stands = trust_rules_standing(t, &claim->as.key);
        struct trust_key as = stands ? stands->as : claim->as;

        if (last && id_equal(&last->key, &as.key))
            continue;
        if (!stands)
            as.status = TRUST_VOID;
        if (as.role != ROLE_INVITATION)
            err = sorted_insert(&t->shown, t->shown.count, &as);
    }
    for (size_t i = 0; i < t->shown.count && !err; i++) {
        const struct trust_key *key = sorted_at(&t->shown, i);
        struct trust_kibbutz *kibbutz =
            sorted_at(&t->kibbutzim, sorted_place(&t->kibbutzim, &key->kibbutz, trust_order_kibbutz));

        if (kibbutz && id_equal(&kibbutz->kibbutz, &key->kibbutz) && key->role == ROLE_STEWARD &&
            key->status == TRUST_GOOD)
            kibbutz->joined = true;
    }
    return err;
}

void trust_rules_evaluate(struct trust *t)
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
            const struct trust_fact *fact = sorted_at(&t->facts, i);

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
