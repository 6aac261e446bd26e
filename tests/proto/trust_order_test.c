/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* What trust answers to the protocol, and that the order of entries does not matter to it. */

#include "proto/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/proto/twin.h"

#define ORDERS 200

/* ---- channels ---- */

static void a_node_is_found_by_the_latest_channel_that_it_named(void **state)
{
    struct twin w = twin_begin(1);
    struct writer one = twin_node("one", &w.f.founder.kibbutz), other = twin_node("other", &w.f.founder.kibbutz);
    struct twin_set set;

    (void)state;
    federation_grant_node(&w.f, &w.f.founder, &one.key.public, "one", &w.bundle);
    federation_grant_node(&w.f, &w.f.founder, &other.key.public, "other", &w.bundle);
    struct trust *t = twin_judged(&w);
    assert_int_equal(twin_channel_status(t, "one"), TRUST_GOOD);
    assert_int_equal(twin_channel_status(t, "nobody"), TRUST_UNKNOWN);
    trust_free(t);
    twin_transport(&w, &one, "moved");
    twin_transport(&w, &one, "moved again");
    twin_read_set(&w, &set);
    t = twin_fresh(&w);
    for (size_t i = set.count; i > 0; i--) /* The latest is what its log says, not what came last. */
        assert_int_equal(trust_add(t, &set.at[i - 1].entry, &set.at[i - 1].id), ERR_OK);
    struct id channel = federation_channel_id("moved again");
    struct trust_key key = trust_channel(t, &channel);
    assert_int_equal(key.status, TRUST_GOOD);
    assert_memory_equal(key.key.at, one.key.public.at, ID_LEN);
    assert_int_equal(twin_channel_status(t, "one"), TRUST_UNKNOWN);
    assert_int_equal(twin_channel_status(t, "moved"), TRUST_UNKNOWN);
    assert_int_equal(twin_channel_status(t, "other"), TRUST_GOOD);
    twin_end(&w, t);
}

static void a_transport_by_someone_else_moves_no_node(void **state)
{
    struct twin w = twin_begin(1);
    struct writer one = twin_node("one", &w.f.founder.kibbutz), other = twin_node("other", &w.f.founder.kibbutz);

    (void)state;
    federation_grant_node(&w.f, &w.f.founder, &one.key.public, "one", &w.bundle);
    twin_transport(&w, &w.f.founder, "steward");
    twin_transport(&w, &other, "stranger");
    struct trust *t = twin_judged(&w);
    assert_int_equal(twin_channel_status(t, "one"), TRUST_GOOD);
    assert_int_equal(twin_channel_status(t, "steward"), TRUST_UNKNOWN);
    assert_int_equal(twin_channel_status(t, "stranger"), TRUST_UNKNOWN);
    twin_end(&w, t);
}

/* ---- enrolment ---- */

static void assert_range(const struct trust_range *range, const struct writer *log, uint64_t to)
{
    assert_memory_equal(range->log.at, log->key.public.at, ID_LEN);
    assert_int_equal(range->to, to);
}

/* The ranges' entries in their order, each admitted before it is added, are enough for one who knows the charter. */
static void assert_enough(const struct twin *w, const struct trust_range ranges[], size_t count,
                          const struct writer *who)
{
    struct trust *t = twin_fresh(w);
    struct twin_set set;

    twin_read_set(w, &set);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < set.count; j++) {
            const struct entry *entry = &set.at[j].entry;

            if (!id_equal(&entry->log, &ranges[i].log) || entry->seq > ranges[i].to)
                continue;
            assert_int_equal(trust_admits(t, entry), ERR_OK);
            assert_int_equal(trust_add(t, entry, &set.at[j].id), ERR_OK);
        }
    twin_assert_good(t, who);
    trust_free(t);
}

static void enrolment_is_the_chain_from_the_charter_to_the_node(void **state)
{
    struct twin w = twin_begin(1);
    struct writer near = twin_node("near", &w.f.founder.kibbutz);
    struct writer stranger = twin_node("stranger", &w.f.founder.kibbutz);
    struct trust_range ranges[LIMIT_ENROLMENT];

    (void)state;
    federation_grant_node(&w.f, &w.f.founder, &near.key.public, "near", &w.bundle);
    struct writer third = twin_admitted(&w), ephemeral = twin_invitation("ephemeral", &third.kibbutz);
    struct writer hand = twin_invitation("hand", &third.kibbutz), far = twin_node("far", &third.kibbutz);
    struct id grant = federation_grant_invitation(&w.f, &third, &hand.key.public, ROLE_NODE, &w.bundle);
    federation_accept(&w.f, &hand, &grant, &far, NULL, "far", &w.bundle);
    struct trust *t = twin_judged(&w);
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
    twin_end(&w, t);
}

/* ---- what is taken in ---- */

/* The verdict on an entry that is not added. */
static enum err admits(struct twin *w, struct trust *t, struct writer *by, enum act act)
{
    struct twin_set set;
    struct id id = w->f.network;

    if (act == ACT_PUBLISH)
        federation_publish(&w->f, by, "# מים\n", ACT_FOR_NETWORK, &w->bundle);
    else if (act == ACT_ACCEPT)
        federation_accept(&w->f, by, &id, &w->second, NULL, NULL, &w->bundle);
    else
        twin_approve(w, by, &id);
    twin_read_set(w, &set);
    return trust_admits(t, &set.at[set.count - 1].entry);
}

static void only_entries_of_granted_seats_are_taken_in(void **state)
{
    struct twin w = twin_begin(1);
    struct writer anna = twin_coordinator("anna", &w.second.kibbutz), liar = twin_steward("anna", &w.second.kibbutz);
    struct writer foreign = twin_coordinator("anna", &w.f.founder.kibbutz);
    struct writer stranger = twin_coordinator("noa", &w.second.kibbutz);

    (void)state;
    federation_grant_coordinator(&w.f, &w.second, &anna.key.public, &w.bundle);
    struct trust *t = twin_judged(&w);
    assert_int_equal(admits(&w, t, &w.f.founder, ACT_PUBLISH), ERR_OK);
    assert_int_equal(admits(&w, t, &w.second, ACT_PUBLISH), ERR_OK);
    assert_int_equal(admits(&w, t, &stranger, ACT_PUBLISH), ERR_STRANGER);
    assert_int_equal(admits(&w, t, &liar, ACT_PUBLISH), ERR_STRANGER);
    assert_int_equal(admits(&w, t, &foreign, ACT_PUBLISH), ERR_STRANGER);
    assert_int_equal(admits(&w, t, &anna, ACT_PUBLISH), ERR_OK);
    assert_int_equal(admits(&w, t, &anna, ACT_PUBLISH), ERR_STRANGER); /* Its first entry was not added. */
    twin_end(&w, t);
}

static void an_invitation_key_may_accept_and_nothing_else(void **state)
{
    struct twin w = twin_begin(1);
    struct writer ephemeral = twin_invitation("ephemeral", &w.f.founder.kibbutz), other = ephemeral, unknown;

    (void)state;
    federation_grant_invitation(&w.f, &w.f.founder, &ephemeral.key.public, ROLE_COORDINATOR, &w.bundle);
    struct trust *t = twin_judged(&w);
    unknown = twin_invitation("unknown", &w.f.founder.kibbutz);
    assert_int_equal(admits(&w, t, &other, ACT_PUBLISH), ERR_STRANGER);
    assert_int_equal(admits(&w, t, &unknown, ACT_ACCEPT), ERR_STRANGER);
    assert_int_equal(admits(&w, t, &ephemeral, ACT_ACCEPT), ERR_OK);
    trust_free(t);
    twin_end(&w, NULL);

    w = twin_begin(1);
    ephemeral.head = (struct head){.log = ephemeral.key.public};
    ephemeral.kibbutz = w.f.founder.kibbutz;
    struct writer anna = twin_coordinator("anna", &w.f.founder.kibbutz);
    struct id grant =
        federation_grant_invitation(&w.f, &w.f.founder, &ephemeral.key.public, ROLE_COORDINATOR, &w.bundle);
    federation_accept(&w.f, &ephemeral, &grant, &anna, NULL, NULL, &w.bundle);
    t = twin_judged(&w);
    assert_int_equal(admits(&w, t, &ephemeral, ACT_PUBLISH), ERR_STRANGER); /* After its accept was added. */
    twin_end(&w, t);
}

static void stewards_and_coordinators_publish(void **state)
{
    struct twin w = twin_begin(1);
    struct writer anna = twin_coordinator("anna", &w.second.kibbutz), one = twin_node("one", &w.second.kibbutz);
    struct writer ephemeral = twin_invitation("ephemeral", &w.second.kibbutz);

    (void)state;
    federation_grant_coordinator(&w.f, &w.second, &anna.key.public, &w.bundle);
    federation_grant_node(&w.f, &w.second, &one.key.public, "one", &w.bundle);
    federation_grant_invitation(&w.f, &w.second, &ephemeral.key.public, ROLE_COORDINATOR, &w.bundle);
    struct trust *t = twin_judged(&w);
    assert_true(twin_publishes(t, &w.second.key.public));
    assert_true(twin_publishes(t, &anna.key.public));
    assert_false(twin_publishes(t, &one.key.public));
    assert_false(twin_publishes(t, &ephemeral.key.public));
    assert_false(twin_publishes(t, &w.second.kibbutz));
    twin_end(&w, t);
}

/* ---- any order ---- */

/* Something of everything, and some that counts for nothing. */
static void sign_everything(struct twin *w)
{
    struct writer third = twin_admitted(w), fourth = twin_invitation("fourth", &w->f.network);
    struct writer fifth = twin_invitation("fifth", &w->f.network);
    struct writer anna = twin_coordinator("anna", &third.kibbutz), one = twin_node("one", &third.kibbutz);
    struct writer a = twin_invitation("a", &third.kibbutz), b = twin_invitation("b", &third.kibbutz);
    struct writer c = twin_invitation("c", &third.kibbutz);
    struct writer noa = twin_coordinator("noa", &third.kibbutz), two = twin_node("two", &third.kibbutz);
    struct writer three = twin_node("three", &third.kibbutz);
    struct writer both = twin_coordinator("both", &w->second.kibbutz), liar = twin_coordinator("liar", &third.kibbutz);

    twin_approve(w, &w->second, &third.kibbutz);
    federation_grant_coordinator(&w->f, &third, &anna.key.public, &w->bundle);
    federation_grant_node(&w->f, &third, &one.key.public, "one", &w->bundle);
    struct id for_noa = federation_grant_invitation(&w->f, &third, &a.key.public, ROLE_COORDINATOR, &w->bundle);
    struct id for_two = federation_grant_invitation(&w->f, &third, &b.key.public, ROLE_NODE, &w->bundle);
    struct id for_three = federation_grant_invitation(&w->f, &third, &c.key.public, ROLE_NODE, &w->bundle);
    federation_accept(&w->f, &a, &for_noa, &noa, NULL, NULL, &w->bundle);
    federation_accept(&w->f, &b, &for_two, &two, NULL, "two", &w->bundle);
    twin_accept_with(w, &c, &for_three, &three, (struct twin_consent){.by = &two.key}); /* Void: not its consent. */
    twin_transport(w, &one, "one, later");
    twin_transport(w, &one, "one, at last");
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
static struct id print_of(const struct twin *w, const struct twin_set *set, uint64_t seed)
{
    size_t order[2 * TWIN_ENTRIES], count = 0;
    struct trust *t = twin_fresh(w);

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
    struct twin w = twin_begin(2);
    struct twin_set set;

    (void)state;
    sign_everything(&w);
    twin_read_set(&w, &set);
    struct trust *t = twin_judged(&w);
    struct id print = trust_fingerprint(t);
    assert_int_equal(trust_kibbutz_count(t), 4);     /* One of them waits for approvals. */
    assert_int_equal(trust_key_count(t), 3 + 4 + 2); /* Stewards; of the third kibbutz; `both` and `liar`. */
    for (size_t i = 1; i < trust_key_count(t); i++) {
        struct trust_key last = trust_key_at(t, i - 1), key = trust_key_at(t, i);

        assert_true(id_compare(&last.key, &key.key) < 0);
        assert_int_not_equal(key.role, ROLE_INVITATION);
        assert_int_equal(trust_key_from(t, &key.key), i);
        last.key.at[ID_LEN - 1]++; /* After the one before it, and (these keys being no neighbours) before this one. */
        assert_int_equal(trust_key_from(t, &last.key), last.key.at[ID_LEN - 1] ? i : i - 1);
    }
    struct id end = {{0}};
    assert_int_equal(trust_key_from(t, &end), 0);
    memset(end.at, 0xff, ID_LEN);
    assert_int_equal(trust_key_from(t, &end), trust_key_count(t));
    for (uint64_t seed = 1; seed <= ORDERS; seed++) {
        struct id other = print_of(&w, &set, seed);

        assert_memory_equal(other.at, print.at, ID_LEN);
    }
    twin_end(&w, t);
}

/* The fingerprint sees what matters: without the approval, nothing that rests on it is left. */
static void another_set_has_another_fingerprint(void **state)
{
    struct twin w = twin_begin(2);
    struct twin_set set, less;

    (void)state;
    sign_everything(&w);
    twin_read_set(&w, &set);
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
    twin_end(&w, NULL);
}

static void add(struct trust *t, const struct twin_set *set, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        assert_int_equal(trust_add(t, &set->at[i % set->count].entry, &set->at[i % set->count].id), ERR_OK);
}

static void what_is_taken_back_was_never_there(void **state)
{
    struct twin w = twin_begin(2);
    struct twin_set set;

    (void)state;
    sign_everything(&w);
    twin_read_set(&w, &set);
    struct trust *whole = twin_judged(&w);
    struct id print = trust_fingerprint(whole);
    for (size_t start = 0; start < set.count; start++)
        for (size_t kept = 0; kept < set.count; kept += 3) {
            struct trust *t = twin_fresh(&w);

            struct id empty = trust_fingerprint(t);
            size_t outer = trust_mark(t);
            add(t, &set, start, start + kept);
            struct id before = trust_fingerprint(t);
            size_t inner = trust_mark(t);
            add(t, &set, start, start + set.count);
            struct id all = trust_fingerprint(t);
            assert_memory_equal(all.at, print.at, ID_LEN);
            trust_undo(t, inner);
            struct id after = trust_fingerprint(t);
            assert_memory_equal(after.at, before.at, ID_LEN);
            trust_undo(t, inner); /* There is nothing more to take back. */
            after = trust_fingerprint(t);
            assert_memory_equal(after.at, before.at, ID_LEN);
            add(t, &set, start + kept, start + set.count);
            trust_undo(t, outer); /* Both at once. */
            after = trust_fingerprint(t);
            assert_memory_equal(after.at, empty.at, ID_LEN);
            add(t, &set, start, start + set.count);
            all = trust_fingerprint(t);
            assert_memory_equal(all.at, print.at, ID_LEN);
            trust_free(t);
        }
    twin_end(&w, whole);
}

static void a_first_entry_that_was_replaced_is_put_back(void **state)
{
    struct twin w = twin_begin(1);
    struct writer node = twin_node("node", &w.f.founder.kibbutz), again;
    struct twin_set set;

    (void)state;
    federation_grant_node(&w.f, &w.f.founder, &node.key.public, "node", &w.bundle);
    again = node;
    again.kibbutz = w.second.kibbutz; /* Nothing grants it that seat. */
    twin_transport(&w, &node, "one");
    twin_transport(&w, &again, "two");
    twin_read_set(&w, &set);
    assert_int_equal(set.count, 3);
    size_t low = id_compare(&set.at[1].id, &set.at[2].id) < 0 ? 1 : 2, high = 3 - low;
    struct trust *t = twin_fresh(&w);
    add(t, &set, 0, 1);
    add(t, &set, high, high + 1);
    enum trust_status before = twin_status_of(t, &node);
    size_t mark = trust_mark(t);
    add(t, &set, low, low + 1);
    assert_int_not_equal(twin_status_of(t, &node), before);
    trust_undo(t, mark);
    assert_int_equal(twin_status_of(t, &node), before);
    twin_end(&w, t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_is_found_by_the_latest_channel_that_it_named),
        cmocka_unit_test(a_transport_by_someone_else_moves_no_node),
        cmocka_unit_test(enrolment_is_the_chain_from_the_charter_to_the_node),
        cmocka_unit_test(only_entries_of_granted_seats_are_taken_in),
        cmocka_unit_test(an_invitation_key_may_accept_and_nothing_else),
        cmocka_unit_test(stewards_and_coordinators_publish),
        cmocka_unit_test(the_order_of_entries_does_not_matter),
        cmocka_unit_test(another_set_has_another_fingerprint),
        cmocka_unit_test(what_is_taken_back_was_never_there),
        cmocka_unit_test(a_first_entry_that_was_replaced_is_put_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
