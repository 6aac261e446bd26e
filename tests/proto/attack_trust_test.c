/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Attacks on who may do what, numbered as in docs/TRUST.md, 7.  Every judgement is the same in every order of entries. */

#include "proto/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/league.h"

static struct league *begin(size_t founders, uint64_t admission, bool has_seconds)
{
    struct league *l = calloc(1, sizeof *l);

    assert_non_null(l);
    league_begin(l, (struct league_options){.name = "רשת",
                                            .founders = founders,
                                            .majority = founders / 2 + 1,
                                            .admission = admission,
                                            .has_seconds = has_seconds});
    return l;
}

static void end(struct league *l)
{
    league_free(l);
    free(l);
}

/* A coordinator of a founder's kibbutz, granted by its steward. */
static struct league_writer granted(struct league *l, const char *label, size_t founder)
{
    struct league_writer w = league_writer(label, &l->kibbutzim[founder], ROLE_COORDINATOR);

    league_grant(l, &l->stewards[founder], &w);
    return w;
}

/* ---- what trust says ---- */

static enum trust_state state_of(struct trust *t, const struct id *document)
{
    struct trust_document found;

    assert_true(trust_document(t, document, &found));
    return found.state;
}

static void assert_state(const struct league *l, const struct id *document, enum trust_state state)
{
    struct trust *t = league_judge(l);

    assert_string_equal(trust_state_name(state_of(t, document)), trust_state_name(state));
    trust_free(t);
}

static void assert_council(struct trust *t, enum trust_council_status status, const struct id *root)
{
    struct trust_council council = trust_council(t);

    assert_string_equal(trust_council_name(council.status), trust_council_name(status));
    assert_memory_equal(council.root.at, root->at, ID_LEN);
}

static void assert_root(const struct league *l, enum trust_council_status status, const struct id *root)
{
    struct trust *t = league_judge(l);

    assert_council(t, status, root);
    trust_free(t);
}

static void assert_entry(const struct league *l, const struct id *entry, enum trust_status status)
{
    struct trust *t = league_judge(l);

    assert_int_equal(trust_entry(t, entry).status, status);
    trust_free(t);
}

static enum trust_status admission_of(const struct league *l, const struct id *admit)
{
    struct trust *t = league_judge(l);
    struct trust_kibbutz found;

    assert_true(trust_kibbutz(t, admit, &found));
    trust_free(t);
    return found.status;
}

/* ---- 4 ---- */

/* Goal: a steward's key, stolen after years, does not unsay grants that a later root has seen, nor votes that made a root. */
static void attack_04_fork_at_seq_one(void **state)
{
    struct league *l = begin(3, 1, false);
    struct league_writer thief = l->stewards[0];

    (void)state;
    league_stand(l, &l->stewards[0]);
    struct league_writer anna = granted(l, "anna", 0);
    struct id document = league_publish(l, &anna, 1, "kibbutzim");
    struct league_root plan = league_root(l, &l->network);
    plan.keeps[plan.keep_count++] = (struct league_pin){.key = l->stewards[0].key.public,
                                                        .kibbutz = l->kibbutzim[0],
                                                        .seq = l->stewards[0].head.seq,
                                                        .last = l->stewards[0].head.entry};
    struct id root = league_propose(l, &l->stewards[1], &plan);
    league_approve(l, &l->stewards[0], &root); /* The thief's key is one of the two that made it. */
    assert_root(l, TRUST_SETTLED, &root);
    league_stand(l, &thief);
    struct trust *t = league_judge(l);
    assert_council(t, TRUST_SETTLED, &root);
    assert_int_equal(state_of(t, &document), TRUST_IN_FORCE);
    assert_int_equal(trust_key(t, &anna.key.public).status, TRUST_GOOD);
    assert_int_equal(trust_entry(t, &thief.head.entry).status, TRUST_VOID); /* The second first entry. */
    trust_free(t);
    struct league_writer later = granted(l, "later", 0); /* The log goes on from its checkpoint. */
    document = league_publish(l, &later, 1, "kibbutzim");
    assert_state(l, &document, TRUST_IN_FORCE);
    end(l);
}

/* Without a checkpoint what the forked steward gave is contested, and its vote still counts. */
static void attack_04_fork_at_seq_one_without_checkpoint(void **state)
{
    struct league *l = begin(3, 1, false);
    struct league_writer thief = l->stewards[0];

    (void)state;
    struct league_writer anna = granted(l, "anna", 0);
    struct id document = league_publish(l, &anna, 1, "kibbutzim");
    struct league_root plan = league_root(l, &l->network);
    struct id root = league_propose(l, &l->stewards[1], &plan);
    league_approve(l, &l->stewards[0], &root);
    league_stand(l, &thief);
    assert_root(l, TRUST_SETTLED, &root);
    assert_state(l, &document, TRUST_DISPUTED);
    end(l);
}

/* A voter's fork takes back no admission. */
static void attack_04_fork_at_seq_one_un_admits_nobody(void **state)
{
    struct league *l = begin(2, 2, false);
    struct league_writer thief = l->stewards[0], ephemeral = league_writer("ephemeral", &l->network, ROLE_INVITATION);

    (void)state;
    struct id admit = league_admit(l, &l->stewards[0], &ephemeral);
    league_approve(l, &l->stewards[1], &admit);
    struct league_writer third = league_writer("third", &admit, ROLE_STEWARD);
    struct id card = id_hash(ID_CARD, bytes_text("card of the third"));
    ephemeral.kibbutz = admit;
    league_accept(l, &ephemeral, &admit, &third, &card);
    struct id document = league_publish(l, &third, 1, "kibbutzim");
    assert_state(l, &document, TRUST_IN_FORCE);
    league_stand(l, &thief);
    assert_int_equal(admission_of(l, &admit), TRUST_GOOD);
    assert_state(l, &document, TRUST_IN_FORCE);
    end(l);
}

/* ---- 7, 10 ---- */

/* Goal: no clock says what came before a revocation. */
static void attack_07_backdated_after_revocation(void **state)
{
    struct league *l = begin(2, 1, false);

    (void)state;
    struct league_writer anna = granted(l, "anna", 0);
    struct id before = league_publish(l, &anna, 1, "kibbutzim");
    uint64_t then = l->now_ms;
    l->now_ms += 1000000;
    struct id revoke = league_revoke(l, &l->stewards[0], &anna.key.public, anna.head.seq, &anna.head.entry);
    uint64_t now = l->now_ms;
    l->now_ms = then; /* Its next entry says that it is older than the revocation. */
    struct id after = league_publish(l, &anna, 1, "kibbutzim");
    l->now_ms = now;
    struct trust *t = league_judge(l);
    struct trust_verdict verdict = trust_entry(t, &after);
    assert_int_equal(verdict.status, TRUST_VOID);
    assert_int_equal(verdict.cause, TRUST_REVOKED);
    assert_memory_equal(verdict.because.at, revoke.at, ID_LEN);
    assert_int_equal(state_of(t, &after), TRUST_NULL);
    assert_int_equal(state_of(t, &before), TRUST_IN_FORCE); /* And what it kept stands, whatever its clock. */
    trust_free(t);
    end(l);
}

/* Its approval after the pin counts no more than a document of its own. */
static void attack_07_backdated_after_revocation_approves(void **state)
{
    struct league *l = begin(3, 1, false);

    (void)state;
    struct league_writer anna = granted(l, "anna", 0), bert = granted(l, "bert", 1);
    struct id kept = league_approve(l, &anna, &l->network);
    struct id document = league_publish(l, &bert, 2, "kibbutzim");
    league_revoke(l, &l->stewards[0], &anna.key.public, 1, &kept);
    league_approve(l, &anna, &document);
    assert_state(l, &document, TRUST_PROPOSED);
    league_approve(l, &l->stewards[0], &document);
    assert_state(l, &document, TRUST_IN_FORCE);
    end(l);
}

static void attack_10_grant_revoke_race(void **state)
{
    struct league *l = begin(3, 1, true);

    (void)state;
    struct league_writer anna = granted(l, "anna", 0);
    struct id kept = league_publish(l, &anna, 1, "kibbutzim");
    league_revoke(l, &l->stewards[0], &anna.key.public, 1, &kept);
    struct id document = league_publish(l, &anna, 1, "kibbutzim");
    league_grant(l, &l->stewards[0], &anna); /* By the same key, */
    league_grant(l, &l->seconds[0], &anna);  /* by another steward of the kibbutz, in no order with the revocation, */
    struct league_writer again = anna;
    again.kibbutz = l->kibbutzim[1];
    league_grant(l, &l->stewards[1], &again); /* and by another kibbutz. */
    struct trust *t = league_judge(l);
    assert_int_equal(trust_key(t, &anna.key.public).status, TRUST_VOID);
    assert_int_equal(state_of(t, &document), TRUST_NULL);
    assert_int_equal(state_of(t, &kept), TRUST_IN_FORCE);
    trust_free(t);
    end(l);
}

/* A steward key that a root cut cannot be listed again, nor granted what it was. */
static void attack_10_grant_revoke_race_of_a_steward(void **state)
{
    struct league *l = begin(3, 1, false);
    struct league_writer next = league_writer("next", &l->kibbutzim[0], ROLE_STEWARD);

    (void)state;
    league_stand(l, &l->stewards[0]);
    struct league_root plan = league_root(l, &l->network);
    league_replace(&plan, l, 0, &next.key.public);
    struct id root = league_propose(l, &l->stewards[1], &plan);
    league_approve(l, &l->stewards[2], &root);
    assert_root(l, TRUST_SETTLED, &root);
    plan = league_root(l, &root); /* The charter's keys again, */
    league_cut(&plan, &next, 0, &root);
    struct id back = league_propose(l, &l->stewards[1], &plan);
    league_approve(l, &l->stewards[2], &back);
    struct league_writer anna = league_writer("anna", &l->kibbutzim[0], ROLE_COORDINATOR);
    league_grant(l, &l->stewards[0], &anna); /* and one that grants as if nothing had been. */
    struct id document = league_publish(l, &anna, 1, "kibbutzim");
    struct trust *t = league_judge(l);
    assert_council(t, TRUST_SETTLED, &root);
    assert_true(trust_was_removed(t, &l->stewards[0].key.public));
    assert_int_equal(state_of(t, &document), TRUST_NULL);
    trust_free(t);
    end(l);
}

/* ---- 9 ---- */

static void attack_09_rogue_steward_voids(void **state)
{
    struct league *l = begin(3, 1, false);
    struct league_writer next = league_writer("next", &l->kibbutzim[0], ROLE_STEWARD);

    (void)state;
    struct league_writer anna = granted(l, "anna", 0);
    struct league_root plan = league_root(l, &l->network);
    league_replace(&plan, l, 0, &next.key.public); /* To the grant, and no further. */
    struct id document = league_publish(l, &anna, 1, "kibbutzim");
    league_revoke(l, &l->stewards[0], &anna.key.public, 0, NULL);
    assert_state(l, &document, TRUST_NULL);
    struct id root = league_propose(l, &l->stewards[1], &plan);
    league_approve(l, &l->stewards[2], &root);
    struct trust *t = league_judge(l);
    assert_council(t, TRUST_SETTLED, &root);
    assert_int_equal(state_of(t, &document), TRUST_IN_FORCE);
    assert_int_equal(trust_key(t, &anna.key.public).status, TRUST_GOOD);
    assert_int_equal(trust_key(t, &l->stewards[0].key.public).status, TRUST_VOID);
    trust_free(t);
    end(l);
}

/* A rogue steward reaches nobody of another kibbutz. */
static void attack_09_rogue_steward_voids_strangers(void **state)
{
    struct league *l = begin(2, 1, false);

    (void)state;
    struct league_writer anna = granted(l, "anna", 0);
    struct id document = league_publish(l, &anna, 1, "kibbutzim");
    league_revoke(l, &l->stewards[1], &anna.key.public, 0, NULL);
    league_revoke(l, &l->stewards[1], &l->stewards[0].key.public, 0, NULL);
    league_revoke(l, &l->stewards[0], &l->stewards[0].key.public, 0, NULL); /* Not even itself, as a steward. */
    assert_state(l, &document, TRUST_IN_FORCE);
    end(l);
}

/* ---- 11 ---- */

/* Proposes a root and lets all founders approve it. */
static struct id elected(struct league *l, const struct league_root *plan)
{
    struct id root = league_propose(l, &l->stewards[0], plan);

    for (size_t i = 1; i < l->founder_count; i++)
        league_approve(l, &l->stewards[i], &root);
    return root;
}

static void assert_malformed(struct league *l, const struct league_root *plan)
{
    struct id root = elected(l, plan);
    struct trust *t = league_judge(l);
    struct trust_candidate candidate;

    assert_council(t, TRUST_SETTLED, &l->network);
    for (size_t i = 0; i < trust_candidate_count(t); i++)
        if (trust_candidate_at(t, i, &candidate) && id_equal(&candidate.entry, &root)) {
            assert_false(candidate.well_formed || candidate.passed);
            assert_non_null(candidate.flaw);
        }
    trust_free(t);
}

static void attack_11_duplicate_keys(void **state)
{
    struct league *l = begin(4, 2, true);
    struct league_root plan;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        league_stand(l, &l->seconds[i]);
    plan = league_root(l, &l->network);
    for (size_t i = 0; i < 4; i++)
        league_cut(&plan, &l->seconds[i], 1, &l->seconds[i].head.entry);
    plan.lines[1].keys[0] = plan.lines[0].keys[0]; /* One key at two kibbutzim. */
    league_cut(&plan, &l->stewards[1], 0, &l->network);
    assert_malformed(l, &plan);
    plan.lines[1].keys[0] = l->stewards[1].key.public;
    plan.cut_count--;
    plan.lines[1].card = plan.lines[0].card; /* One card for two. */
    assert_malformed(l, &plan);
    plan.lines[1].card = id_hash(ID_CARD, id_bytes(&plan.lines[2].keys[0])); /* A card that is another's steward key. */
    assert_malformed(l, &plan);
    plan = league_root(l, &l->network); /* Each once. */
    for (size_t i = 0; i < 4; i++)
        league_cut(&plan, &l->seconds[i], 1, &l->seconds[i].head.entry);
    struct id root = elected(l, &plan);
    assert_root(l, TRUST_SETTLED, &root);
    end(l);
}

static void attack_11_duplicate_keys_vote_once(void **state)
{
    struct league *l = begin(3, 2, true);

    (void)state;
    struct league_root plan = league_root(l, &l->network);
    for (size_t i = 0; i < 3; i++) {
        plan.lines[i].keys[plan.lines[i].key_count++] = l->seconds[i].key.public;
    }
    struct id root = league_propose(l, &l->stewards[0], &plan); /* Two keys of a kibbutz, and its card. */
    league_approve(l, &l->seconds[0], &root);
    league_approve(l, &l->seconds[0], &root);
    league_approve(l, &l->cards[0], &root);
    assert_root(l, TRUST_SETTLED, &l->network);
    struct league_writer ephemeral = league_writer("ephemeral", &l->network, ROLE_INVITATION);
    struct id admit = league_admit(l, &l->stewards[0], &ephemeral);
    league_approve(l, &l->seconds[0], &admit);
    league_approve(l, &l->stewards[0], &admit);
    assert_int_equal(admission_of(l, &admit), TRUST_VOID);
    struct league_writer anna = granted(l, "anna", 0), bert = granted(l, "bert", 0);
    struct id document = league_publish(l, &anna, 2, "kibbutzim");
    league_approve(l, &anna, &document);
    league_approve(l, &bert, &document);
    league_approve(l, &l->stewards[0], &document);
    assert_state(l, &document, TRUST_PROPOSED);
    league_approve(l, &l->seconds[1], &root);
    league_approve(l, &l->seconds[1], &admit);
    league_approve(l, &l->seconds[1], &document);
    assert_root(l, TRUST_SETTLED, &root);
    assert_int_equal(admission_of(l, &admit), TRUST_GOOD);
    assert_state(l, &document, TRUST_IN_FORCE);
    end(l);
}

/* ---- 12 ---- */

static void attack_12_threshold_abuse_by_a_root(void **state)
{
    struct league *l = begin(4, 1, false);
    struct league_root plan = league_root(l, &l->network);

    (void)state;
    plan.majority = 2; /* Half. */
    assert_malformed(l, &plan);
    plan.majority = 5;
    assert_malformed(l, &plan);
    plan.majority = 3;
    plan.admission = 5;
    assert_malformed(l, &plan);
    plan.admission = 1;
    plan.majority = 1;
    assert_malformed(l, &plan);
    plan.majority = 3; /* Three of four vote, so three of four would have to. */
    plan.admission = 4;
    struct id root = elected(l, &plan);
    assert_root(l, TRUST_SETTLED, &root);
    end(l);
}

/* Keys that nobody holds make no majority: a root passes by its own keys as well. */
static void attack_12_threshold_abuse_by_keys_of_nobody(void **state)
{
    struct league *l = begin(3, 1, false);
    struct league_root plan = league_root(l, &l->network);
    struct league_writer fresh[2];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        league_stand(l, &l->stewards[i]);
        fresh[i] = league_writer(i ? "new 1" : "new 0", &l->kibbutzim[i], ROLE_STEWARD);
        league_replace(&plan, l, i, &fresh[i].key.public);
    }
    struct id root = elected(l, &plan);
    assert_root(l, TRUST_SETTLED, &l->network);
    league_approve(l, &fresh[0], &root);
    assert_root(l, TRUST_SETTLED, &root);
    end(l);
}

/* An admission asks as many as the present root says, whatever root its entry names. */
static void attack_12_threshold_abuse_by_an_old_root(void **state)
{
    struct league *l = begin(3, 1, false);
    struct league_root plan = league_root(l, &l->network);
    struct league_writer ephemeral = league_writer("ephemeral", &l->network, ROLE_INVITATION);

    (void)state;
    plan.admission = 2;
    struct id root = elected(l, &plan);
    assert_root(l, TRUST_SETTLED, &root);
    struct id admit = league_admit(l, &l->stewards[0], &ephemeral); /* Its root line is still the charter's. */
    assert_int_equal(admission_of(l, &admit), TRUST_VOID);
    league_approve(l, &l->stewards[1], &admit);
    assert_int_equal(admission_of(l, &admit), TRUST_GOOD);
    end(l);
}

/* ---- 13 ---- */

/* Two roots that passed, by one kibbutz that voted for both. */
static void elect_two(struct league *l, struct id rivals[2])
{
    struct league_root plan = league_root(l, &l->network);

    rivals[0] = league_propose(l, &l->stewards[0], &plan);
    plan.admission = 2;
    rivals[1] = league_propose(l, &l->stewards[3], &plan);
    league_approve(l, &l->stewards[1], &rivals[0]);
    league_approve(l, &l->stewards[2], &rivals[0]);
    league_approve(l, &l->stewards[2], &rivals[1]);
    league_approve(l, &l->stewards[4], &rivals[1]);
}

static void attack_13_two_council_successors(void **state)
{
    struct league *l = begin(5, 1, false);
    struct id rivals[2];

    (void)state;
    struct league_writer anna = granted(l, "anna", 0);
    elect_two(l, rivals);
    assert_root(l, TRUST_RIVALS, &l->network); /* In whatever order: neither, and what was there stands. */
    l->root = rivals[0];
    for (size_t i = 0; i < 3; i++) /* Three of five stand on one of them: that is not two thirds. */
        league_stand(l, &l->stewards[i]);
    l->root = l->network;
    assert_root(l, TRUST_RIVALS, &l->network);
    struct id document = league_publish(l, &anna, 2, "kibbutzim");
    league_approve(l, &l->stewards[4], &document);
    assert_state(l, &document, TRUST_IN_FORCE);
    struct league_root plan = league_root(l, &l->network);
    plan.admission = 3;
    struct id third = league_propose(l, &l->stewards[0], &plan); /* One more rival settles nothing, */
    league_approve(l, &l->stewards[1], &third);
    league_approve(l, &l->stewards[3], &third);
    assert_root(l, TRUST_RIVALS, &l->network);
    memcpy(plan.over, rivals, sizeof rivals);
    plan.over[2] = third;
    plan.over_count = 3;
    struct id way_out = league_propose(l, &l->stewards[0], &plan); /* one that names all of them does. */
    league_approve(l, &l->stewards[1], &way_out);
    assert_root(l, TRUST_RIVALS, &l->network);
    league_approve(l, &l->stewards[3], &way_out);
    assert_root(l, TRUST_SETTLED, &way_out);
    end(l);
}

/* A key that one of the rivals removed does not come back unmarked. */
static void attack_13_two_council_successors_in_doubt(void **state)
{
    struct league *l = begin(5, 1, false);
    struct league_root one = league_root(l, &l->network), other = one;
    struct league_writer next = league_writer("next", &l->kibbutzim[0], ROLE_STEWARD);

    (void)state;
    league_replace(&one, l, 0, &next.key.public);
    struct id rival = league_propose(l, &l->stewards[1], &one);
    league_approve(l, &l->stewards[2], &rival);
    league_approve(l, &l->stewards[3], &rival);
    struct league_writer anna = granted(l, "anna", 0); /* By the removed key. */
    struct id document = league_publish(l, &anna, 1, "kibbutzim");
    assert_state(l, &document, TRUST_NULL);
    rival = league_propose(l, &l->stewards[4], &other);
    league_approve(l, &l->stewards[0], &rival);
    league_approve(l, &l->stewards[3], &rival);
    assert_root(l, TRUST_RIVALS, &l->network);
    assert_state(l, &document, TRUST_DISPUTED);
    end(l);
}

/* ---- 14 ---- */

/* All founders change their keys, sign with the new ones and stand on the root. */
static struct id change_all_keys(struct league *l, struct league_writer fresh[])
{
    struct league_root plan = league_root(l, &l->network);

    for (size_t i = 0; i < l->founder_count; i++) {
        char label[] = {'n', 'e', 'w', (char)('0' + i), '\0'};

        league_stand(l, &l->stewards[i]);
        fresh[i] = league_writer(label, &l->kibbutzim[i], ROLE_STEWARD);
        league_replace(&plan, l, i, &fresh[i].key.public);
    }
    struct id root = elected(l, &plan);
    for (size_t i = 0; i < l->founder_count; i++)
        league_approve(l, &fresh[i], &root);
    l->root = root;
    for (size_t i = 0; i < l->founder_count; i++)
        league_stand(l, &fresh[i]);
    return root;
}

/* Everybody's retired key writes the history that the thief would have had. */
static struct id rewrite_history(struct league *l, struct league_writer old[])
{
    struct league_root plan = league_root(l, &l->network);
    struct id thiefs[LEAGUE_FOUNDERS];

    for (size_t i = 0; i < l->founder_count; i++) {
        char label[] = {'t', 'h', 'i', 'e', 'f', (char)('0' + i), '\0'};

        thiefs[i] = league_writer(label, &l->kibbutzim[i], ROLE_STEWARD).key.public;
        plan.lines[i].keys[0] = thiefs[i];
        league_cut(&plan, &old[i], 0, &l->network);
    }
    l->root = l->network;
    struct id root = league_propose(l, &old[0], &plan);
    for (size_t i = 1; i < l->founder_count; i++)
        league_approve(l, &old[i], &root);
    l->root = root;
    for (size_t i = 0; i < l->founder_count; i++) {
        char label[] = {'t', 'h', 'i', 'e', 'f', (char)('0' + i), '\0'};
        struct league_writer thief = league_writer(label, &l->kibbutzim[i], ROLE_STEWARD);

        league_approve(l, &thief, &root);
        league_stand(l, &thief);
    }
    return root;
}

static void attack_14_stolen_retired_keys(void **state)
{
    struct league *l = begin(3, 1, false);
    struct league_writer fresh[3], old[3];

    (void)state;
    memcpy(old, l->stewards, sizeof old);
    struct id root = change_all_keys(l, fresh);
    struct trust *t = league_judge(l);
    assert_council(t, TRUST_SETTLED, &root);
    assert_true(trust_council(t).is_final); /* So a node keeps it as its anchor. */
    assert_memory_equal(trust_council(t).final_root.at, root.at, ID_LEN);
    trust_free(t);
    struct league_writer anna = league_writer("anna", &l->kibbutzim[0], ROLE_COORDINATOR);
    league_grant(l, &fresh[0], &anna);
    struct id document = league_publish(l, &anna, 1, "kibbutzim");
    (void)rewrite_history(l, old);
    t = league_judge_anchored(l, &root);
    assert_council(t, TRUST_SETTLED, &root);
    assert_int_equal(state_of(t, &document), TRUST_IN_FORCE);
    trust_free(t);
    assert_root(l, TRUST_SPLIT, &l->network); /* Who knows nothing yet is told so, and follows nobody. */
    end(l);
}

/* While what an anchor rests on is not here, nobody else's root is taken for it. */
static void attack_14_stolen_retired_keys_shown_first(void **state)
{
    struct league *l = begin(3, 1, false);
    struct league_writer fresh[3], old[3];

    (void)state;
    memcpy(old, l->stewards, sizeof old);
    struct id root = change_all_keys(l, fresh);
    size_t honest = l->count;
    struct id false_root = rewrite_history(l, old);
    struct trust *t = trust_new(buffer_bytes(&l->charter));
    assert_non_null(t);
    trust_set_anchor(t, &root);
    for (size_t i = 0; i < l->count; i++) /* All but the approvals of the true root. */
        if (i >= honest || !(l->entries[i].act == ACT_APPROVE))
            assert_int_equal(trust_add(t, &l->entries[i], &l->ids[i]), ERR_OK);
    assert_council(t, TRUST_WAITING, &l->network);
    for (size_t i = 0; i < honest; i++)
        assert_int_equal(trust_add(t, &l->entries[i], &l->ids[i]), ERR_OK);
    assert_council(t, TRUST_SETTLED, &root);
    assert_memory_not_equal(root.at, false_root.at, ID_LEN);
    trust_free(t);
    end(l);
}

/* ---- 46 ---- */

#define BOMBS 100000

static struct id some_id(unsigned number)
{
    return id_hash(ID_ENTRY, bytes_of(&number, sizeof number));
}

/* Goal: references to what is not here, and long ones to what is, cost their number and change nothing.  Trust looks at no signature. */
static void attack_46_dependency_bombs(void **state)
{
    struct league *l = begin(2, 1, false);

    (void)state;
    struct league_writer anna = granted(l, "anna", 0);
    struct id document = league_publish(l, &anna, 1, "kibbutzim");
    struct id last = league_revise(l, &anna, &document, &document, 1);
    struct trust *t = league_judge(l);
    struct entry bomb = *league_last(l), chain = bomb;
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    for (unsigned i = 0; i < BOMBS;
         i++) { /* Approvals and revisions of nothing, in a log whose beginning is missing. */
        struct id id = some_id(2 * i), nothing = some_id(2 * i + 1);

        buffer_clear(&body);
        act_write_id(&body, ACT_SUBJECT, &nothing);
        bomb.act = ACT_APPROVE;
        bomb.act_name = bytes_text("approve");
        bomb.body = buffer_bytes(&body);
        bomb.seq = 3 + i;
        bomb.prev = nothing;
        assert_int_equal(trust_add(t, &bomb, &id), ERR_OK);
    }
    assert_int_equal(state_of(t, &document), TRUST_IN_FORCE);
    struct id tip = last; /* And a long row of revisions, the newest first. */
    for (unsigned i = 20000; i-- > 0;) {
        struct id id = some_id(3000000 + i), before = i ? some_id(3000000 + i - 1) : last;

        buffer_clear(&body);
        act_write_id(&body, ACT_DOCUMENT, &document);
        act_write_id(&body, ACT_AFTER, &before);
        act_write_text(&body, ACT_AUDIENCE, "network");
        act_write_id(&body, ACT_CONTENT, &id);
        act_write_number(&body, ACT_NEED, 1);
        act_write_text(&body, ACT_COUNT, "kibbutzim");
        chain.body = buffer_bytes(&body);
        chain.seq = 3 + i;
        chain.prev = before;
        chain.clock = league_last(l)->clock + 1 + i;
        assert_int_equal(trust_add(t, &chain, &id), ERR_OK);
        if (i == 19999)
            tip = id;
    }
    struct trust_document found;
    assert_true(trust_document(t, &document, &found));
    assert_int_equal(found.state, TRUST_IN_FORCE);
    assert_int_equal(found.head_count, 1);
    assert_memory_equal(found.revision.at, tip.at, ID_LEN);
    buffer_free(&body);
    trust_free(t);
    end(l);
}

static void attack_46_dependency_bombs_are_not_taken(void **state)
{
    struct buffer body = BUFFER(2 * LIMIT_ENTRY_BODY);
    struct id ids[LIMIT_AFTER + 1] = {0};

    (void)state;
    for (size_t more = 0; more < 2; more++) {
        buffer_clear(&body);
        act_write_id(&body, ACT_DOCUMENT, &ids[0]);
        for (size_t i = 0; i < LIMIT_AFTER + more; i++) {
            ids[i].at[0] = (uint8_t)i;
            act_write_id(&body, ACT_AFTER, &ids[i]);
        }
        act_write_text(&body, ACT_AUDIENCE, "network");
        act_write_id(&body, ACT_CONTENT, &ids[0]);
        act_write_number(&body, ACT_NEED, 1);
        act_write_text(&body, ACT_COUNT, "kibbutzim");
        assert_int_equal(act_check(ACT_REVISE, buffer_bytes(&body)), more ? ERR_LIMIT : ERR_OK);
    }
    buffer_free(&body);
}

/* ---- 53 ---- */

/* One key in two kibbutzim, or in two roles: the seat that its log named is the only one. */
static void attack_53_key_reuse(void **state)
{
    struct league *l = begin(2, 1, false);
    struct league_writer other = league_writer("anna", &l->kibbutzim[1], ROLE_COORDINATOR);

    (void)state;
    struct league_writer anna = granted(l, "anna", 0);
    league_grant(l, &l->stewards[1], &other); /* The same key, granted by the neighbour too, */
    league_sign(l, &l->stewards[0], ACT_GRANT, "subject %s\ngrants node\nby key\nchannel %s\ncontent %s\n",
                league_hex(&anna.key.public), league_hex(&l->network), league_hex(&l->network)); /* and as a node. */
    struct id document = league_publish(l, &anna, 1, "kibbutzim");
    struct trust *t = league_judge(l);
    assert_int_equal(trust_key(t, &anna.key.public).role, ROLE_COORDINATOR);
    assert_memory_equal(trust_key(t, &anna.key.public).kibbutz.at, l->kibbutzim[0].at, ID_LEN);
    assert_int_equal(state_of(t, &document), TRUST_IN_FORCE);
    trust_free(t);
    league_revoke(l, &l->stewards[1], &anna.key.public, 0, NULL); /* The neighbour takes back its own grant alone. */
    assert_state(l, &document, TRUST_IN_FORCE);
    struct id foreign =
        league_publish(l, &other, 1, "kibbutzim"); /* A second first entry with the other seat is a fork. */
    assert_entry(l, &foreign, TRUST_VOID);
    assert_state(l, &document, TRUST_DISPUTED);
    end(l);
}

/* ---- 55 ---- */

/* A node that is revoked is no member any more, though everything that it wrote stands. */
static void attack_55_removed_node_polls_on(void **state)
{
    struct league *l = begin(2, 1, false);
    struct league_writer node = league_writer("node", &l->kibbutzim[0], ROLE_NODE);

    (void)state;
    league_sign(l, &l->stewards[0], ACT_GRANT, "subject %s\ngrants node\nby key\nchannel %s\ncontent %s\n",
                league_hex(&node.key.public), league_hex(&l->network), league_hex(&l->network));
    struct id old = league_stand(l, &node);
    struct id channel = some_id(1), other = some_id(2);
    league_sign(l, &node, ACT_TRANSPORT, "channel %s\n", league_hex(&channel));
    struct trust *t = league_judge(l);
    assert_int_equal(trust_channel(t, &channel).status, TRUST_GOOD);
    trust_free(t);
    struct id revoke = league_revoke(l, &l->stewards[0], &node.key.public, node.head.seq, &node.head.entry);
    league_sign(l, &node, ACT_TRANSPORT, "channel %s\n", league_hex(&other)); /* It goes on, under another channel. */
    t = league_judge(l);
    assert_int_equal(trust_channel(t, &channel).status, TRUST_VOID);
    assert_int_equal(trust_channel(t, &channel).cause, TRUST_REVOKED);
    assert_memory_equal(trust_channel(t, &channel).because.at, revoke.at, ID_LEN);
    assert_int_not_equal(trust_channel(t, &other).status, TRUST_GOOD);
    assert_int_equal(trust_key(t, &node.key.public).status, TRUST_VOID);
    assert_int_equal(trust_entry(t, &old).status, TRUST_GOOD);
    trust_free(t);
    end(l);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(attack_04_fork_at_seq_one),
        cmocka_unit_test(attack_04_fork_at_seq_one_without_checkpoint),
        cmocka_unit_test(attack_04_fork_at_seq_one_un_admits_nobody),
        cmocka_unit_test(attack_07_backdated_after_revocation),
        cmocka_unit_test(attack_07_backdated_after_revocation_approves),
        cmocka_unit_test(attack_09_rogue_steward_voids),
        cmocka_unit_test(attack_09_rogue_steward_voids_strangers),
        cmocka_unit_test(attack_10_grant_revoke_race),
        cmocka_unit_test(attack_10_grant_revoke_race_of_a_steward),
        cmocka_unit_test(attack_11_duplicate_keys),
        cmocka_unit_test(attack_11_duplicate_keys_vote_once),
        cmocka_unit_test(attack_12_threshold_abuse_by_a_root),
        cmocka_unit_test(attack_12_threshold_abuse_by_keys_of_nobody),
        cmocka_unit_test(attack_12_threshold_abuse_by_an_old_root),
        cmocka_unit_test(attack_13_two_council_successors),
        cmocka_unit_test(attack_13_two_council_successors_in_doubt),
        cmocka_unit_test(attack_14_stolen_retired_keys),
        cmocka_unit_test(attack_14_stolen_retired_keys_shown_first),
        cmocka_unit_test(attack_46_dependency_bombs),
        cmocka_unit_test(attack_46_dependency_bombs_are_not_taken),
        cmocka_unit_test(attack_53_key_reuse),
        cmocka_unit_test(attack_55_removed_node_polls_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
