/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/federation.h"

#define ENTRIES 64
#define ORDERS 200

struct world { /* Two founding kibbutzim, and every entry that was signed. */
    struct federation f;
    struct writer second; /* The steward of the second one. */
    struct buffer bundle;
};

struct known {
    struct entry entry;
    struct id id;
};

struct set {
    struct known at[ENTRIES];
    size_t count;
};

static const struct bytes NOTHING;

static struct world begin(uint64_t admission)
{
    struct world w = {.bundle = BUFFER(LIMIT_BUNDLE)};
    struct charter *charter = calloc(1, sizeof *charter);
    struct buffer text = BUFFER(LIMIT_CHARTER);

    assert_non_null(charter);
    federation_begin(&w.f, "רשת");
    assert_int_equal(charter_read(buffer_bytes(&w.f.charter), charter), ERR_OK);
    w.second = federation_writer("second", &w.f.network, ROLE_STEWARD);
    charter->majority = 2;
    charter->admission = admission;
    charter->founder_count = 2;
    charter->founders[1].name = bytes_text("בית");
    charter->founders[1].card = id_hash(ID_CARD, bytes_text("card of bet"));
    charter->founders[1].steward_count = 1;
    charter->founders[1].stewards[0].key = w.second.key.public;
    charter->founders[1].stewards[0].name = bytes_text("רות");
    charter_write(&text, charter);
    assert_int_equal(charter_read(buffer_bytes(&text), charter), ERR_OK);
    buffer_free(&w.f.charter);
    w.f.charter = text;
    w.f.network = charter->network;
    w.f.founder.kibbutz = charter->founders[0].kibbutz;
    w.second.kibbutz = charter->founders[1].kibbutz;
    bundle_begin(&w.bundle, &w.f.network);
    free(charter);
    return w;
}

static void end(struct world *w, struct trust *t)
{
    trust_free(t);
    buffer_free(&w->bundle);
    federation_free(&w->f);
}

/* Everything signed, in the order of signing. */
static void read_set(const struct world *w, struct set *set)
{
    struct frontier *heads = frontier_new();
    struct buffer commit = BUFFER(LIMIT_COMMITS);
    struct bundle_reader reader;
    struct bundle_record record;

    assert_non_null(heads);
    set->count = 0;
    assert_int_equal(bundle_open(&reader, buffer_bytes(&w->bundle), &w->f.network), ERR_OK);
    while (!bundle_next(&reader, &record) && record.kind != BUNDLE_END) {
        struct known *known = &set->at[set->count];
        struct head before, after;

        if (record.kind != BUNDLE_ENTRY)
            continue;
        assert_true(set->count < ENTRIES);
        assert_int_equal(entry_decode(record.bytes, &w->f.network, &known->entry), ERR_OK);
        before = known->entry.seq == 1 ? (struct head){.log = known->entry.log} : *frontier_find(heads, &known->entry.log);
        assert_int_equal(entry_verify(&known->entry, &before, &after, &commit), ERR_OK);
        assert_int_equal(frontier_set(heads, &after), ERR_OK);
        known->id = after.entry;
        set->count++;
    }
    buffer_free(&commit);
    frontier_free(heads);
}

static struct trust *fresh(const struct world *w)
{
    struct trust *t = trust_new(buffer_bytes(&w->f.charter));

    assert_non_null(t);
    return t;
}

static struct trust *judged(const struct world *w)
{
    struct trust *t = fresh(w);
    struct set set;

    read_set(w, &set);
    for (size_t i = 0; i < set.count; i++)
        assert_int_equal(trust_add(t, &set.at[i].entry, &set.at[i].id), ERR_OK);
    return t;
}

static struct writer steward(const char *label, const struct id *kibbutz)
{
    return federation_writer(label, kibbutz, ROLE_STEWARD);
}

static struct writer coordinator(const char *label, const struct id *kibbutz)
{
    return federation_writer(label, kibbutz, ROLE_COORDINATOR);
}

static struct writer node(const char *label, const struct id *kibbutz)
{
    return federation_writer(label, kibbutz, ROLE_NODE);
}

static struct writer invitation(const char *label, const struct id *kibbutz)
{
    return federation_writer(label, kibbutz, ROLE_INVITATION);
}

static struct id card(void)
{
    return id_hash(ID_CARD, bytes_text("card of gimel"));
}

/* A third kibbutz, admitted by the first one's steward and handed over; its steward has no vote. */
static struct writer admitted(struct world *w)
{
    struct writer ephemeral = invitation("ephemeral", &w->f.network);
    struct id gimel = card();
    struct id admit = federation_admit(&w->f, &w->f.founder, &ephemeral.key.public, &w->bundle);
    struct writer third = steward("third", &admit);

    ephemeral.kibbutz = admit;
    federation_accept(&w->f, &ephemeral, &admit, &third, &gimel, NULL, &w->bundle);
    return third;
}

static struct id sign_id(struct world *w, struct writer *by, enum act act, enum act_line line, const struct id *id)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);

    act_write_id(&body, line, id);
    struct id entry = federation_sign(&w->f, by, act, buffer_bytes(&body), NOTHING, &w->bundle);
    buffer_free(&body);
    return entry;
}

static struct id approve(struct world *w, struct writer *by, const struct id *subject)
{
    return sign_id(w, by, ACT_APPROVE, ACT_SUBJECT, subject);
}

static struct id transport(struct world *w, struct writer *by, const char *channel_label)
{
    struct id channel = federation_channel_id(channel_label);

    return sign_id(w, by, ACT_TRANSPORT, ACT_CHANNEL, &channel);
}

struct consent { /* What a consent says, where it differs from its accept. */
    const struct signing_key *by;
    const struct id *invitation, *channel;
};

/* A node's accept whose consent may say something else. */
static void accept_with(struct world *w, struct writer *ephemeral, const struct id *grant, const struct writer *newcomer,
                        struct consent consent)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), hex = BUFFER(2 * SSHSIG_LEN);
    struct id channel = federation_channel_id("newcomer");
    struct signature signature;
    struct id hash = act_consent_hash(&w->f.network, &ephemeral->key.public, consent.invitation ? consent.invitation : grant,
                                      &newcomer->key.public, NULL, consent.channel ? consent.channel : &channel);

    sshsig_sign_plain(consent.by ? consent.by : &newcomer->key, id_bytes(&hash), &signature);
    buffer_hex(&hex, bytes_of(signature.at, SSHSIG_LEN));
    act_write_id(&body, ACT_INVITATION, grant);
    act_write_id(&body, ACT_KEY, &newcomer->key.public);
    act_write_id(&body, ACT_CHANNEL, &channel);
    act_write(&body, ACT_CONSENT, buffer_bytes(&hex));
    federation_sign(&w->f, ephemeral, ACT_ACCEPT, buffer_bytes(&body), NOTHING, &w->bundle);
    buffer_free(&body);
    buffer_free(&hex);
}

static enum trust_status status_of(struct trust *t, const struct writer *who)
{
    struct trust_key key = trust_key(t, &who->key.public);

    assert_memory_equal(key.key.at, who->key.public.at, ID_LEN);
    return key.status;
}

static void assert_good(struct trust *t, const struct writer *who)
{
    struct trust_key key = trust_key(t, &who->key.public);

    assert_int_equal(key.status, TRUST_GOOD);
    assert_int_equal(key.role, who->role);
    assert_memory_equal(key.kibbutz.at, who->kibbutz.at, ID_LEN);
}

static enum trust_status channel_status(struct trust *t, const char *label)
{
    struct id channel = federation_channel_id(label);

    return trust_channel(t, &channel).status;
}

/* ---- the charter ---- */

static void founders_are_stewards_from_the_start(void **state)
{
    struct world w = begin(1);
    struct trust *t = fresh(&w);
    struct writer stranger = steward("stranger", &w.second.kibbutz);
    struct id root = trust_root(t);

    (void)state;
    assert_good(t, &w.f.founder);
    assert_good(t, &w.second);
    assert_int_equal(status_of(t, &stranger), TRUST_UNKNOWN);
    struct trust_key key = trust_key(t, &w.second.key.public);
    assert_memory_equal(key.grant.at, w.f.network.at, ID_LEN);
    assert_int_equal(key.grant_seq, 0);
    assert_memory_equal(root.at, w.f.network.at, ID_LEN);
    assert_int_equal(trust_charter(t)->founder_count, 2);
    assert_int_equal(trust_kibbutz_count(t), 2);
    for (size_t i = 0; i < 2; i++) {
        struct trust_kibbutz kibbutz = trust_kibbutz_at(t, i);
        const struct id *id = &trust_charter(t)->founders[kibbutz.founder].kibbutz;

        assert_true(kibbutz.votes && kibbutz.joined && kibbutz.admit_seq == 0);
        assert_memory_equal(kibbutz.kibbutz.at, id->at, ID_LEN);
    }
    end(&w, t);
}

static void a_text_that_is_no_charter_makes_no_trust(void **state)
{
    static uint8_t large[LIMIT_CHARTER + 1];
    struct world w = begin(1);

    (void)state;
    assert_null(trust_new(NOTHING));
    assert_null(trust_new(bytes_of(w.f.charter.at, w.f.charter.len - 1)));
    assert_null(trust_new(bytes_of(large, sizeof large)));
    buffer_u8(&w.f.charter, 'x');
    assert_null(trust_new(buffer_bytes(&w.f.charter)));
    end(&w, NULL);
}

/* ---- grants ---- */

static void a_steward_grants_nodes_and_coordinators_of_its_own_kibbutz(void **state)
{
    struct world w = begin(1);
    struct writer one = node("one", &w.second.kibbutz), anna = coordinator("anna", &w.second.kibbutz);
    struct id grant = federation_grant_node(&w.f, &w.second, &one.key.public, "one", &w.bundle);

    (void)state;
    federation_grant_coordinator(&w.f, &w.second, &anna.key.public, &w.bundle);
    struct trust *t = judged(&w);
    assert_good(t, &one);
    assert_good(t, &anna);
    struct trust_key key = trust_key(t, &one.key.public);
    assert_memory_equal(key.grant.at, grant.at, ID_LEN);
    assert_memory_equal(key.grant_log.at, w.second.key.public.at, ID_LEN);
    assert_int_equal(key.grant_seq, 1);
    end(&w, t);
}

static void a_grant_by_anyone_but_a_steward_counts_for_nothing(void **state)
{
    struct world w = begin(1);
    struct id kibbutz = w.f.founder.kibbutz;
    struct writer anna = coordinator("anna", &kibbutz), one = node("one", &kibbutz), stranger = steward("stranger", &kibbutz);
    struct writer two = node("two", &kibbutz), three = node("three", &kibbutz), four = node("four", &kibbutz);

    (void)state;
    federation_grant_coordinator(&w.f, &w.f.founder, &anna.key.public, &w.bundle);
    federation_grant_node(&w.f, &w.f.founder, &one.key.public, "one", &w.bundle);
    federation_grant_node(&w.f, &anna, &two.key.public, "two", &w.bundle);
    federation_grant_node(&w.f, &one, &three.key.public, "three", &w.bundle);
    federation_grant_node(&w.f, &stranger, &four.key.public, "four", &w.bundle);
    struct trust *t = judged(&w);
    assert_good(t, &anna);
    assert_good(t, &one);
    assert_int_equal(status_of(t, &two), TRUST_UNKNOWN);
    assert_int_equal(status_of(t, &three), TRUST_UNKNOWN);
    assert_int_equal(status_of(t, &four), TRUST_UNKNOWN);
    assert_int_equal(status_of(t, &stranger), TRUST_UNKNOWN);
    end(&w, t);
}

static void a_key_whose_first_entry_names_another_role_is_void(void **state)
{
    struct world w = begin(1);
    struct writer one = node("one", &w.f.founder.kibbutz), liar = coordinator("two", &w.f.founder.kibbutz);

    (void)state;
    federation_grant_node(&w.f, &w.f.founder, &one.key.public, "one", &w.bundle);
    federation_grant_node(&w.f, &w.f.founder, &liar.key.public, "two", &w.bundle);
    transport(&w, &one, "one again");
    federation_publish(&w.f, &liar, "# מים\n", ACT_FOR_NETWORK, &w.bundle);
    struct trust *t = judged(&w);
    assert_good(t, &one);
    assert_int_equal(status_of(t, &liar), TRUST_VOID);
    assert_false(trust_publishes(t, &liar.key.public));
    assert_int_equal(channel_status(t, "two"), TRUST_UNKNOWN);
    assert_int_equal(trust_key_count(t), 4);
    end(&w, t);
}

static void a_key_whose_first_entry_names_another_kibbutz_is_void(void **state)
{
    struct world w = begin(1);
    struct writer anna = coordinator("anna", &w.f.founder.kibbutz), liar = coordinator("liar", &w.second.kibbutz);

    (void)state;
    federation_grant_coordinator(&w.f, &w.f.founder, &anna.key.public, &w.bundle);
    federation_grant_coordinator(&w.f, &w.f.founder, &liar.key.public, &w.bundle);
    federation_publish(&w.f, &anna, "# מים\n", ACT_FOR_NETWORK, &w.bundle);
    federation_publish(&w.f, &liar, "# מים\n", ACT_FOR_NETWORK, &w.bundle);
    struct trust *t = judged(&w);
    assert_good(t, &anna);
    assert_true(trust_publishes(t, &anna.key.public));
    assert_int_equal(status_of(t, &liar), TRUST_VOID);
    assert_false(trust_publishes(t, &liar.key.public));
    end(&w, t);
}

static void a_key_granted_by_two_kibbutzim_is_of_the_one_that_it_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world w = begin(1);
        struct writer anna = coordinator("anna", i ? &w.f.founder.kibbutz : &w.second.kibbutz);

        federation_grant_coordinator(&w.f, &w.f.founder, &anna.key.public, &w.bundle);
        federation_grant_coordinator(&w.f, &w.second, &anna.key.public, &w.bundle);
        federation_publish(&w.f, &anna, "# מים\n", ACT_FOR_NETWORK, &w.bundle);
        struct trust *t = judged(&w);
        assert_good(t, &anna);
        end(&w, t);
    }
}

/* ---- invitations ---- */

static void an_invitation_hands_over_what_it_was_granted_for(void **state)
{
    struct world w = begin(1);
    struct id kibbutz = w.f.founder.kibbutz, used;
    struct writer first = invitation("first", &kibbutz), other = invitation("other", &kibbutz);
    struct writer anna = coordinator("anna", &kibbutz), one = node("one", &kibbutz);
    struct id for_anna = federation_grant_invitation(&w.f, &w.f.founder, &first.key.public, ROLE_COORDINATOR, &w.bundle);
    struct id for_one = federation_grant_invitation(&w.f, &w.f.founder, &other.key.public, ROLE_NODE, &w.bundle);

    (void)state;
    struct trust *t = judged(&w);
    assert_false(trust_invitation_used(t, &for_anna, &used));
    trust_free(t);
    federation_accept(&w.f, &first, &for_anna, &anna, NULL, NULL, &w.bundle);
    federation_accept(&w.f, &other, &for_one, &one, NULL, "one", &w.bundle);
    t = judged(&w);
    assert_good(t, &anna);
    assert_good(t, &one);
    assert_int_equal(channel_status(t, "one"), TRUST_GOOD);
    assert_true(trust_invitation_used(t, &for_anna, &used));
    assert_memory_equal(used.at, anna.key.public.at, ID_LEN);
    end(&w, t);
}

static void an_invitation_hands_over_nothing_else(void **state)
{
    struct world w = begin(1);
    struct id kibbutz = w.f.founder.kibbutz, gimel = card();
    struct writer a = invitation("a", &kibbutz), b = invitation("b", &kibbutz), c = invitation("c", &kibbutz);
    struct writer one = node("one", &kibbutz), two = node("two", &kibbutz), three = coordinator("three", &kibbutz);
    struct id for_coordinator = federation_grant_invitation(&w.f, &w.f.founder, &a.key.public, ROLE_COORDINATOR, &w.bundle);
    struct id for_node = federation_grant_invitation(&w.f, &w.f.founder, &b.key.public, ROLE_NODE, &w.bundle);
    struct id for_another = federation_grant_invitation(&w.f, &w.f.founder, &c.key.public, ROLE_COORDINATOR, &w.bundle);

    (void)state;
    federation_accept(&w.f, &a, &for_coordinator, &one, NULL, "one", &w.bundle); /* As a node. */
    federation_accept(&w.f, &b, &for_node, &two, NULL, NULL, &w.bundle);         /* Without a channel. */
    federation_accept(&w.f, &c, &for_another, &three, &gimel, NULL, &w.bundle);  /* As a kibbutz. */
    struct trust *t = judged(&w);
    assert_int_equal(status_of(t, &one), TRUST_UNKNOWN);
    assert_int_equal(status_of(t, &two), TRUST_UNKNOWN);
    assert_int_equal(status_of(t, &three), TRUST_UNKNOWN);
    assert_int_equal(channel_status(t, "one"), TRUST_UNKNOWN);
    end(&w, t);
}

static void a_kibbutz_is_handed_over_with_its_card_only(void **state)
{
    struct world w = begin(1);
    struct writer ephemeral = invitation("ephemeral", &w.f.network);
    struct id admit = federation_admit(&w.f, &w.f.founder, &ephemeral.key.public, &w.bundle);
    struct writer third = steward("third", &admit);

    (void)state;
    ephemeral.kibbutz = admit;
    federation_accept(&w.f, &ephemeral, &admit, &third, NULL, NULL, &w.bundle);
    struct trust *t = judged(&w);
    assert_int_equal(status_of(t, &third), TRUST_UNKNOWN);
    end(&w, t);
}

/* Whoever holds one invitation can neither use another one nor make it look used. */
static void an_invitation_accepts_only_its_own_grant(void **state)
{
    struct world w = begin(1);
    struct id kibbutz = w.f.founder.kibbutz, used;
    struct writer mine = invitation("mine", &kibbutz), theirs = invitation("theirs", &kibbutz);
    struct writer one = node("one", &kibbutz), anna = coordinator("anna", &kibbutz);

    (void)state;
    federation_grant_invitation(&w.f, &w.f.founder, &mine.key.public, ROLE_COORDINATOR, &w.bundle);
    struct id other = federation_grant_invitation(&w.f, &w.f.founder, &theirs.key.public, ROLE_NODE, &w.bundle);
    federation_accept(&w.f, &mine, &other, &one, NULL, "one", &w.bundle);
    federation_accept(&w.f, &anna, &other, &anna, NULL, "one", &w.bundle); /* A key that nothing grants. */
    struct trust *t = judged(&w);
    assert_int_equal(status_of(t, &one), TRUST_UNKNOWN);
    assert_int_equal(status_of(t, &anna), TRUST_UNKNOWN);
    assert_false(trust_invitation_used(t, &other, &used));
    end(&w, t);
}

static void an_accept_without_the_newcomer_s_consent_counts_for_nothing(void **state)
{
    struct world w = begin(1);
    struct id kibbutz = w.f.founder.kibbutz, elsewhere = federation_channel_id("elsewhere"), used;
    struct writer other = node("other", &kibbutz);
    const struct consent consents[] = {
        {.by = NULL}, {.by = &other.key}, {.invitation = &kibbutz}, {.channel = &elsewhere},
    };

    (void)state;
    for (size_t i = 0; i < sizeof consents / sizeof *consents; i++) {
        const char *const labels[] = {"a", "b", "c", "d"};
        const char *const newcomers[] = {"one", "two", "three", "four"};
        struct writer ephemeral = invitation(labels[i], &kibbutz), newcomer = node(newcomers[i], &kibbutz);
        struct id grant = federation_grant_invitation(&w.f, &w.f.founder, &ephemeral.key.public, ROLE_NODE, &w.bundle);

        accept_with(&w, &ephemeral, &grant, &newcomer, consents[i]);
        struct trust *t = judged(&w);
        assert_int_equal(status_of(t, &newcomer), i == 0 ? TRUST_GOOD : TRUST_UNKNOWN);
        assert_int_equal(trust_invitation_used(t, &grant, &used), i == 0);
        trust_free(t);
    }
    end(&w, NULL);
}

/* One log has one first entry: a second one is refused before it comes here.  Should it come, the order tells nothing. */
static void two_accepts_of_one_invitation_are_judged_alike_in_either_order(void **state)
{
    struct world w = begin(1);
    struct id kibbutz = w.f.founder.kibbutz, used[2], prints[2];
    struct writer ephemeral = invitation("ephemeral", &kibbutz), again = ephemeral;
    struct writer anna = coordinator("anna", &kibbutz), noa = coordinator("noa", &kibbutz);
    struct id grant = federation_grant_invitation(&w.f, &w.f.founder, &ephemeral.key.public, ROLE_COORDINATOR, &w.bundle);
    struct set set;

    (void)state;
    federation_accept(&w.f, &ephemeral, &grant, &anna, NULL, NULL, &w.bundle);
    again.kibbutz = w.second.kibbutz; /* It even claims another seat. */
    federation_accept(&w.f, &again, &grant, &noa, NULL, NULL, &w.bundle);
    read_set(&w, &set);
    assert_int_equal(set.count, 3);
    for (size_t i = 0; i < 2; i++) {
        struct trust *t = fresh(&w);

        for (size_t j = 0; j < 3; j++) {
            const struct known *known = &set.at[i ? 2 - j : j];

            assert_int_equal(trust_add(t, &known->entry, &known->id), ERR_OK);
        }
        assert_true(trust_invitation_used(t, &grant, &used[i]));
        prints[i] = trust_fingerprint(t);
        trust_free(t);
    }
    assert_memory_equal(used[0].at, used[1].at, ID_LEN);
    assert_memory_equal(prints[0].at, prints[1].at, ID_LEN);
    end(&w, NULL);
}

/* ---- admissions ---- */

static void an_admitted_kibbutz_has_a_steward_who_grants_and_does_not_vote(void **state)
{
    struct world w = begin(1);
    struct writer third = admitted(&w), one = node("one", &third.kibbutz), fourth = invitation("fourth", &w.f.network);

    (void)state;
    federation_grant_node(&w.f, &third, &one.key.public, "one", &w.bundle);
    struct id admit = federation_admit(&w.f, &third, &fourth.key.public, &w.bundle);
    struct trust *t = judged(&w);
    assert_good(t, &third);
    assert_good(t, &one);
    fourth.kibbutz = admit;
    assert_int_equal(status_of(t, &fourth), TRUST_UNKNOWN);
    assert_int_equal(trust_kibbutz_count(t), 3);
    for (size_t i = 0; i < 3; i++) {
        struct trust_kibbutz kibbutz = trust_kibbutz_at(t, i);

        assert_true(kibbutz.joined);
        assert_int_equal(kibbutz.votes, !id_equal(&kibbutz.kibbutz, &third.kibbutz));
        assert_int_equal(kibbutz.admit_seq, kibbutz.votes ? 0 : 1);
    }
    end(&w, t);
}

static void a_kibbutz_that_nobody_took_over_is_not_joined(void **state)
{
    struct world w = begin(1);
    struct writer ephemeral = invitation("ephemeral", &w.f.network);
    struct id admit = federation_admit(&w.f, &w.f.founder, &ephemeral.key.public, &w.bundle);
    struct trust *t = judged(&w);

    (void)state;
    assert_int_equal(trust_kibbutz_count(t), 3);
    for (size_t i = 0; i < 3; i++) {
        struct trust_kibbutz kibbutz = trust_kibbutz_at(t, i);

        assert_int_equal(kibbutz.joined, !id_equal(&kibbutz.kibbutz, &admit));
    }
    end(&w, t);
}

static size_t kibbutzim(const struct world *w)
{
    struct trust *t = judged(w);
    size_t count = trust_kibbutz_count(t);

    trust_free(t);
    return count;
}

static void an_admission_of_two_needs_a_second_founder_s_approval(void **state)
{
    struct world w = begin(2);
    struct writer third = admitted(&w), anna = coordinator("anna", &w.second.kibbutz);
    struct id unrelated = federation_grant_coordinator(&w.f, &w.second, &anna.key.public, &w.bundle);

    (void)state;
    assert_int_equal(kibbutzim(&w), 2);
    approve(&w, &w.f.founder, &third.kibbutz); /* The same kibbutz again. */
    approve(&w, &anna, &third.kibbutz);        /* No steward. */
    approve(&w, &w.second, &unrelated);        /* Something else. */
    assert_int_equal(kibbutzim(&w), 2);
    struct trust *t = judged(&w);
    assert_int_equal(status_of(t, &third), TRUST_UNKNOWN);
    trust_free(t);
    approve(&w, &w.second, &third.kibbutz);
    assert_int_equal(kibbutzim(&w), 3);
    t = judged(&w);
    assert_good(t, &third);
    end(&w, t);
}

/* ---- channels ---- */

static void a_node_is_found_by_the_latest_channel_that_it_named(void **state)
{
    struct world w = begin(1);
    struct writer one = node("one", &w.f.founder.kibbutz), other = node("other", &w.f.founder.kibbutz);
    struct set set;

    (void)state;
    federation_grant_node(&w.f, &w.f.founder, &one.key.public, "one", &w.bundle);
    federation_grant_node(&w.f, &w.f.founder, &other.key.public, "other", &w.bundle);
    struct trust *t = judged(&w);
    assert_int_equal(channel_status(t, "one"), TRUST_GOOD);
    assert_int_equal(channel_status(t, "nobody"), TRUST_UNKNOWN);
    trust_free(t);
    transport(&w, &one, "moved");
    transport(&w, &one, "moved again");
    read_set(&w, &set);
    t = fresh(&w);
    for (size_t i = set.count; i > 0; i--) /* The latest is what its log says, not what came last. */
        assert_int_equal(trust_add(t, &set.at[i - 1].entry, &set.at[i - 1].id), ERR_OK);
    struct id channel = federation_channel_id("moved again");
    struct trust_key key = trust_channel(t, &channel);
    assert_int_equal(key.status, TRUST_GOOD);
    assert_memory_equal(key.key.at, one.key.public.at, ID_LEN);
    assert_int_equal(channel_status(t, "one"), TRUST_UNKNOWN);
    assert_int_equal(channel_status(t, "moved"), TRUST_UNKNOWN);
    assert_int_equal(channel_status(t, "other"), TRUST_GOOD);
    end(&w, t);
}

static void a_transport_by_someone_else_moves_no_node(void **state)
{
    struct world w = begin(1);
    struct writer one = node("one", &w.f.founder.kibbutz), other = node("other", &w.f.founder.kibbutz);

    (void)state;
    federation_grant_node(&w.f, &w.f.founder, &one.key.public, "one", &w.bundle);
    transport(&w, &w.f.founder, "steward");
    transport(&w, &other, "stranger");
    struct trust *t = judged(&w);
    assert_int_equal(channel_status(t, "one"), TRUST_GOOD);
    assert_int_equal(channel_status(t, "steward"), TRUST_UNKNOWN);
    assert_int_equal(channel_status(t, "stranger"), TRUST_UNKNOWN);
    end(&w, t);
}

/* ---- enrolment ---- */

static void assert_range(const struct trust_range *range, const struct writer *log, uint64_t to)
{
    assert_memory_equal(range->log.at, log->key.public.at, ID_LEN);
    assert_int_equal(range->to, to);
}

/* The ranges' entries in their order, each admitted before it is added, are enough for one who knows the charter alone. */
static void assert_enough(const struct world *w, const struct trust_range ranges[], size_t count, const struct writer *who)
{
    struct trust *t = fresh(w);
    struct set set;

    read_set(w, &set);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < set.count; j++) {
            const struct entry *entry = &set.at[j].entry;

            if (!id_equal(&entry->log, &ranges[i].log) || entry->seq > ranges[i].to)
                continue;
            assert_int_equal(trust_admits(t, entry), ERR_OK);
            assert_int_equal(trust_add(t, entry, &set.at[j].id), ERR_OK);
        }
    assert_good(t, who);
    trust_free(t);
}

static void enrolment_is_the_chain_from_the_charter_to_the_node(void **state)
{
    struct world w = begin(1);
    struct writer near = node("near", &w.f.founder.kibbutz), stranger = node("stranger", &w.f.founder.kibbutz);
    struct trust_range ranges[LIMIT_ENROLMENT];

    (void)state;
    federation_grant_node(&w.f, &w.f.founder, &near.key.public, "near", &w.bundle);
    struct writer third = admitted(&w), ephemeral = invitation("ephemeral", &third.kibbutz);
    struct writer hand = invitation("hand", &third.kibbutz), far = node("far", &third.kibbutz);
    struct id grant = federation_grant_invitation(&w.f, &third, &hand.key.public, ROLE_NODE, &w.bundle);
    federation_accept(&w.f, &hand, &grant, &far, NULL, "far", &w.bundle);
    struct trust *t = judged(&w);
    assert_int_equal(trust_enrolment(t, &far.key.public, ranges, LIMIT_ENROLMENT), 4);
    assert_range(&ranges[0], &w.f.founder, 2);
    assert_range(&ranges[1], &ephemeral, 1);
    assert_range(&ranges[2], &third, 1);
    assert_range(&ranges[3], &hand, 1);
    assert_enough(&w, ranges, 4, &far);
    assert_int_equal(trust_enrolment(t, &far.key.public, ranges, 3), 3);
    assert_int_equal(trust_enrolment(t, &near.key.public, ranges, LIMIT_ENROLMENT), 1);
    assert_range(&ranges[0], &w.f.founder, 1);
    assert_int_equal(trust_enrolment(t, &w.f.founder.key.public, ranges, LIMIT_ENROLMENT), 0);
    assert_int_equal(trust_enrolment(t, &stranger.key.public, ranges, LIMIT_ENROLMENT), 0);
    end(&w, t);
}

/* ---- what is taken in ---- */

/* The verdict on an entry that is not added. */
static enum err admits(struct world *w, struct trust *t, struct writer *by, enum act act)
{
    struct set set;
    struct id id = w->f.network;

    if (act == ACT_PUBLISH)
        federation_publish(&w->f, by, "# מים\n", ACT_FOR_NETWORK, &w->bundle);
    else if (act == ACT_ACCEPT)
        federation_accept(&w->f, by, &id, &w->second, NULL, NULL, &w->bundle);
    else
        approve(w, by, &id);
    read_set(w, &set);
    return trust_admits(t, &set.at[set.count - 1].entry);
}

static void only_entries_of_granted_seats_are_taken_in(void **state)
{
    struct world w = begin(1);
    struct writer anna = coordinator("anna", &w.second.kibbutz), liar = steward("anna", &w.second.kibbutz);
    struct writer foreign = coordinator("anna", &w.f.founder.kibbutz), stranger = coordinator("noa", &w.second.kibbutz);

    (void)state;
    federation_grant_coordinator(&w.f, &w.second, &anna.key.public, &w.bundle);
    struct trust *t = judged(&w);
    assert_int_equal(admits(&w, t, &w.f.founder, ACT_PUBLISH), ERR_OK);
    assert_int_equal(admits(&w, t, &w.second, ACT_PUBLISH), ERR_OK);
    assert_int_equal(admits(&w, t, &stranger, ACT_PUBLISH), ERR_STRANGER);
    assert_int_equal(admits(&w, t, &liar, ACT_PUBLISH), ERR_STRANGER);
    assert_int_equal(admits(&w, t, &foreign, ACT_PUBLISH), ERR_STRANGER);
    assert_int_equal(admits(&w, t, &anna, ACT_PUBLISH), ERR_OK);
    assert_int_equal(admits(&w, t, &anna, ACT_PUBLISH), ERR_STRANGER); /* Its first entry was not added. */
    end(&w, t);
}

static void an_invitation_key_may_accept_and_nothing_else(void **state)
{
    struct world w = begin(1);
    struct writer ephemeral = invitation("ephemeral", &w.f.founder.kibbutz), other = ephemeral, unknown;

    (void)state;
    federation_grant_invitation(&w.f, &w.f.founder, &ephemeral.key.public, ROLE_COORDINATOR, &w.bundle);
    struct trust *t = judged(&w);
    unknown = invitation("unknown", &w.f.founder.kibbutz);
    assert_int_equal(admits(&w, t, &other, ACT_PUBLISH), ERR_STRANGER);
    assert_int_equal(admits(&w, t, &unknown, ACT_ACCEPT), ERR_STRANGER);
    assert_int_equal(admits(&w, t, &ephemeral, ACT_ACCEPT), ERR_OK);
    trust_free(t);
    end(&w, NULL);

    w = begin(1);
    ephemeral.head = (struct head){.log = ephemeral.key.public};
    ephemeral.kibbutz = w.f.founder.kibbutz;
    struct writer anna = coordinator("anna", &w.f.founder.kibbutz);
    struct id grant = federation_grant_invitation(&w.f, &w.f.founder, &ephemeral.key.public, ROLE_COORDINATOR, &w.bundle);
    federation_accept(&w.f, &ephemeral, &grant, &anna, NULL, NULL, &w.bundle);
    t = judged(&w);
    assert_int_equal(admits(&w, t, &ephemeral, ACT_PUBLISH), ERR_STRANGER); /* After its accept was added. */
    end(&w, t);
}

static void stewards_and_coordinators_publish(void **state)
{
    struct world w = begin(1);
    struct writer anna = coordinator("anna", &w.second.kibbutz), one = node("one", &w.second.kibbutz);
    struct writer ephemeral = invitation("ephemeral", &w.second.kibbutz);

    (void)state;
    federation_grant_coordinator(&w.f, &w.second, &anna.key.public, &w.bundle);
    federation_grant_node(&w.f, &w.second, &one.key.public, "one", &w.bundle);
    federation_grant_invitation(&w.f, &w.second, &ephemeral.key.public, ROLE_COORDINATOR, &w.bundle);
    struct trust *t = judged(&w);
    assert_true(trust_publishes(t, &w.second.key.public));
    assert_true(trust_publishes(t, &anna.key.public));
    assert_false(trust_publishes(t, &one.key.public));
    assert_false(trust_publishes(t, &ephemeral.key.public));
    assert_false(trust_publishes(t, &w.second.kibbutz));
    end(&w, t);
}

/* ---- any order ---- */

/* Something of everything, and some that counts for nothing. */
static void sign_everything(struct world *w)
{
    struct writer third = admitted(w), fourth = invitation("fourth", &w->f.network), fifth = invitation("fifth", &w->f.network);
    struct writer anna = coordinator("anna", &third.kibbutz), one = node("one", &third.kibbutz);
    struct writer a = invitation("a", &third.kibbutz), b = invitation("b", &third.kibbutz), c = invitation("c", &third.kibbutz);
    struct writer noa = coordinator("noa", &third.kibbutz), two = node("two", &third.kibbutz), three = node("three", &third.kibbutz);
    struct writer both = coordinator("both", &w->second.kibbutz), liar = coordinator("liar", &third.kibbutz);

    approve(w, &w->second, &third.kibbutz);
    federation_grant_coordinator(&w->f, &third, &anna.key.public, &w->bundle);
    federation_grant_node(&w->f, &third, &one.key.public, "one", &w->bundle);
    struct id for_noa = federation_grant_invitation(&w->f, &third, &a.key.public, ROLE_COORDINATOR, &w->bundle);
    struct id for_two = federation_grant_invitation(&w->f, &third, &b.key.public, ROLE_NODE, &w->bundle);
    struct id for_three = federation_grant_invitation(&w->f, &third, &c.key.public, ROLE_NODE, &w->bundle);
    federation_accept(&w->f, &a, &for_noa, &noa, NULL, NULL, &w->bundle);
    federation_accept(&w->f, &b, &for_two, &two, NULL, "two", &w->bundle);
    accept_with(w, &c, &for_three, &three, (struct consent){.by = &two.key}); /* Void: not its consent. */
    transport(w, &one, "one, later");
    transport(w, &one, "one, at last");
    federation_grant_coordinator(&w->f, &w->f.founder, &both.key.public, &w->bundle); /* Twice granted. */
    federation_grant_coordinator(&w->f, &w->second, &both.key.public, &w->bundle);
    federation_publish(&w->f, &both, "# מים\n", ACT_FOR_NETWORK, &w->bundle);
    federation_grant_node(&w->f, &third, &liar.key.public, "liar", &w->bundle); /* Void: it says otherwise. */
    federation_publish(&w->f, &liar, "# מים\n", ACT_FOR_NETWORK, &w->bundle);
    federation_grant_node(&w->f, &anna, &three.key.public, "three", &w->bundle); /* Void: no steward. */
    federation_admit(&w->f, &third, &fourth.key.public, &w->bundle);             /* Void: no vote. */
    federation_admit(&w->f, &w->second, &fifth.key.public, &w->bundle);          /* Void: no second voice. */
}

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* All of a set in some order, half of it twice, and questions in between. */
static struct id print_of(const struct world *w, const struct set *set, uint64_t seed)
{
    size_t order[2 * ENTRIES], count = 0;
    struct trust *t = fresh(w);

    for (size_t i = 0; i < set->count; i++) {
        order[count++] = i;
        if (splitmix(&seed) & 1)
            order[count++] = i;
    }
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)(splitmix(&seed) % i), kept = order[i - 1];

        order[i - 1] = order[j];
        order[j] = kept;
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(trust_add(t, &set->at[order[i]].entry, &set->at[order[i]].id), ERR_OK);
        if (splitmix(&seed) % 4 == 0)
            (void)trust_fingerprint(t);
    }
    struct id print = trust_fingerprint(t);
    trust_free(t);
    return print;
}

static void the_order_of_entries_does_not_matter(void **state)
{
    struct world w = begin(2);
    struct set set;

    (void)state;
    sign_everything(&w);
    read_set(&w, &set);
    struct trust *t = judged(&w);
    struct id print = trust_fingerprint(t);
    assert_int_equal(trust_kibbutz_count(t), 3);
    assert_int_equal(trust_key_count(t), 3 + 4 + 2); /* Stewards; of the third kibbutz; `both` and `liar`. */
    for (size_t i = 1; i < trust_key_count(t); i++) {
        struct trust_key last = trust_key_at(t, i - 1), key = trust_key_at(t, i);

        assert_true(id_compare(&last.key, &key.key) < 0);
        assert_int_not_equal(key.role, ROLE_INVITATION);
    }
    for (uint64_t seed = 1; seed <= ORDERS; seed++) {
        struct id other = print_of(&w, &set, seed);

        assert_memory_equal(other.at, print.at, ID_LEN);
    }
    end(&w, t);
}

/* The fingerprint sees what matters: without the approval, nothing that rests on it is left. */
static void another_set_has_another_fingerprint(void **state)
{
    struct world w = begin(2);
    struct set set, less;

    (void)state;
    sign_everything(&w);
    read_set(&w, &set);
    struct id print = print_of(&w, &set, 1);
    for (size_t i = 0; i < set.count; i++) {
        const struct entry *entry = &set.at[i].entry;

        if (entry->act != ACT_APPROVE && !(entry->act == ACT_TRANSPORT && entry->seq == 2))
            continue;
        less = set;
        less.at[i] = less.at[--less.count];
        struct id other = print_of(&w, &less, 1);
        assert_memory_not_equal(other.at, print.at, ID_LEN);
    }
    end(&w, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(founders_are_stewards_from_the_start),
        cmocka_unit_test(a_text_that_is_no_charter_makes_no_trust),
        cmocka_unit_test(a_steward_grants_nodes_and_coordinators_of_its_own_kibbutz),
        cmocka_unit_test(a_grant_by_anyone_but_a_steward_counts_for_nothing),
        cmocka_unit_test(a_key_whose_first_entry_names_another_role_is_void),
        cmocka_unit_test(a_key_whose_first_entry_names_another_kibbutz_is_void),
        cmocka_unit_test(a_key_granted_by_two_kibbutzim_is_of_the_one_that_it_names),
        cmocka_unit_test(an_invitation_hands_over_what_it_was_granted_for),
        cmocka_unit_test(an_invitation_hands_over_nothing_else),
        cmocka_unit_test(a_kibbutz_is_handed_over_with_its_card_only),
        cmocka_unit_test(an_invitation_accepts_only_its_own_grant),
        cmocka_unit_test(an_accept_without_the_newcomer_s_consent_counts_for_nothing),
        cmocka_unit_test(two_accepts_of_one_invitation_are_judged_alike_in_either_order),
        cmocka_unit_test(an_admitted_kibbutz_has_a_steward_who_grants_and_does_not_vote),
        cmocka_unit_test(a_kibbutz_that_nobody_took_over_is_not_joined),
        cmocka_unit_test(an_admission_of_two_needs_a_second_founder_s_approval),
        cmocka_unit_test(a_node_is_found_by_the_latest_channel_that_it_named),
        cmocka_unit_test(a_transport_by_someone_else_moves_no_node),
        cmocka_unit_test(enrolment_is_the_chain_from_the_charter_to_the_node),
        cmocka_unit_test(only_entries_of_granted_seats_are_taken_in),
        cmocka_unit_test(an_invitation_key_may_accept_and_nothing_else),
        cmocka_unit_test(stewards_and_coordinators_publish),
        cmocka_unit_test(the_order_of_entries_does_not_matter),
        cmocka_unit_test(another_set_has_another_fingerprint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
