/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/proto/mesh.h"

/* The next parts of an answer are verified while one before them is on its way to the disk. */

struct scene {
    struct mesh *mesh;
    struct mesh_node *one, *two;
    struct mesh_wire *wire;
    size_t stores; /* Of the second node, with the one that its disk holds. */
};

#define TEXT_LEN KIB(128) /* So that few fill many parts. */

/* The second node has been sent an answer of several parts, the first a small one, and its disk holds the second. */
static struct scene begin_answer(void)
{
    static char text[TEXT_LEN + 1];
    struct scene s = {.mesh = mesh_three()};
    struct buffer bundle;

    memset(text, 'x', TEXT_LEN);

    s.one = &s.mesh->nodes[0];
    s.two = &s.mesh->nodes[1];
    for (size_t i = 0; i < 150; i++) {
        mesh_begin(&bundle, s.mesh);
        federation_publish(&s.mesh->f, &s.mesh->f.founder, text, ACT_FOR_NETWORK, &bundle);
        assert_int_equal(mesh_publish(s.one, &bundle), ERR_OK);
        mesh_run(s.mesh);
    }
    s.two->store_holds = true;
    s.wire = mesh_dial(s.mesh, s.two, s.one);
    mesh_run(s.mesh);
    mesh_stored(s.mesh, s.two); /* Receipts came before the rest, and waited for this. */
    mesh_run(s.mesh);
    s.stores = s.two->stores;
    return s;
}

static uint64_t entries(const struct mesh_node *node)
{
    return frontier_entries(replica_frontier(node->replica));
}

/* The disk holds nothing up any more. */
static void store_all(struct scene *s)
{
    s->two->store_holds = false;
    while (s->two->held_count > 0)
        mesh_stored(s->mesh, s->two);
}

static void what_comes_next_is_verified_meanwhile(void **state)
{
    (void)state;
    struct scene s = begin_answer();
    uint64_t before = entries(s.two);

    s.wire->up = false; /* What is stored now is here already, and what can be verified meanwhile. */
    (void)mesh_step(s.mesh, s.two);
    assert_int_equal(s.two->held_count, 1 + REPLICA_AHEAD);
    for (int i = 0; i < 1 + REPLICA_AHEAD; i++) {
        struct replica_event oldest = s.two->held[0];
        uint64_t first = oldest.items[0].head.seq, count = oldest.item_count;

        assert_int_equal(first, before + 1); /* One log has all of them. */
        assert_int_equal(entries(s.two), before);
        mesh_stored(s.mesh, s.two);
        before += count;
        assert_int_equal(entries(s.two), before); /* It counts when it is durable, and nothing after it does. */
    }
    mesh_end(s.mesh);
}

static void not_without_end(void **state)
{
    (void)state;
    struct scene s = begin_answer();
    size_t stores = s.two->stores;

    mesh_run(s.mesh);
    assert_int_equal(s.two->stores, stores);
    mesh_stored(s.mesh, s.two);
    mesh_run(s.mesh);
    assert_int_equal(s.two->stores, stores + 1);
    assert_int_equal(s.two->held_count, 1 + REPLICA_AHEAD);
    mesh_end(s.mesh);
}

static void nobody_publishes_in_between(void **state)
{
    (void)state;
    struct scene s = begin_answer();
    struct buffer bundle;

    for (int parts = 0; parts < 2; parts++) {
        mesh_begin(&bundle, s.mesh);
        federation_publish(&s.mesh->f, &s.mesh->f.founder, "# אחר\n", ACT_FOR_NETWORK, &bundle);
        assert_int_equal(mesh_publish(s.two, &bundle), ERR_BUSY);
        mesh_stored(s.mesh, s.two);
        (void)mesh_step(s.mesh, s.two);
    }
    mesh_end(s.mesh);
}

static void what_rests_on_a_store_that_failed_counts_for_nothing(void **state)
{
    (void)state;
    struct scene s = begin_answer();
    uint64_t before = entries(s.two);

    s.two->store_fails = true;
    mesh_stored(s.mesh, s.two);
    mesh_run(s.mesh);
    assert_int_equal(s.two->stores, s.stores);
    assert_int_equal(entries(s.two), before);
    struct id judged = trust_fingerprint(replica_trust(s.two->replica));
    s.two->store_fails = s.two->store_holds = false;
    mesh_restart(s.mesh, 1); /* From what is durable. */
    struct id again = trust_fingerprint(replica_trust(s.two->replica));
    assert_memory_equal(judged.at, again.at, ID_LEN);
    (void)mesh_dial(s.mesh, s.two, s.one);
    mesh_run(s.mesh);
    mesh_assert_equal_roots(s.one, s.two);
    mesh_end(s.mesh);
}

static void it_is_stored_also_when_its_sender_is_gone(void **state)
{
    (void)state;
    struct scene s = begin_answer();

    s.wire->up = false;
    replica_cut(s.two->replica, s.wire->at_from);
    store_all(&s);
    mesh_run(s.mesh);
    assert_true(s.two->stores > s.stores);
    assert_int_equal(s.two->closed, 1);
    (void)mesh_dial(s.mesh, s.two, s.one);
    mesh_run(s.mesh);
    mesh_assert_equal_roots(s.one, s.two);
    mesh_end(s.mesh);
}

static void all_of_it_comes_in_the_end(void **state)
{
    (void)state;
    struct scene s = begin_answer();

    store_all(&s);
    mesh_run(s.mesh);
    assert_true(s.two->stores > s.stores);
    mesh_assert_equal_roots(s.one, s.two);
    mesh_end(s.mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_next_is_verified_meanwhile),
        cmocka_unit_test(not_without_end),
        cmocka_unit_test(nobody_publishes_in_between),
        cmocka_unit_test(what_rests_on_a_store_that_failed_counts_for_nothing),
        cmocka_unit_test(it_is_stored_also_when_its_sender_is_gone),
        cmocka_unit_test(all_of_it_comes_in_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
