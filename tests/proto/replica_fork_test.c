/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/proto/mesh.h"

/* Keys that sign two entries for one seq, and nodes that are trusted no more. */

static void publish(struct mesh *mesh, struct mesh_node *node, struct writer *by, const char *text)
{
    struct buffer bundle;

    mesh_begin(&bundle, mesh);
    federation_publish(&mesh->f, by, text, ACT_FOR_NETWORK, &bundle);
    assert_int_equal(mesh_publish(node, &bundle), ERR_OK);
    mesh_run(mesh);
}

static size_t tips_of(const struct mesh_node *node, const struct writer *who)
{
    size_t first;

    return frontier_tips(replica_frontier(node->replica), &who->key.public, &first);
}

static void assert_same_trust(struct mesh_node *a, struct mesh_node *b)
{
    struct id x = trust_fingerprint(replica_trust(a->replica)), y = trust_fingerprint(replica_trust(b->replica));

    assert_memory_equal(x.at, y.at, ID_LEN);
}

/* Each node takes one side; when they meet, both have both, with their contents. */
static void both_sides_of_a_fork_meet_and_stay(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1], *three = &mesh->nodes[2];
    struct writer here = mesh->f.founder, there = mesh->f.founder;

    publish(mesh, one, &here, "א\n");
    publish(mesh, one, &here, "ב\n");
    publish(mesh, one, &here, "ג\n");
    publish(mesh, two, &there, "ד\n");
    mesh_dial(mesh, three, two);
    mesh_run(mesh);
    mesh_dial(mesh, one, two);
    mesh_run(mesh);
    for (size_t i = 0; i < 3; i++) {
        struct mesh_node *node = &mesh->nodes[i];

        mesh_assert_equal_roots(one, node);
        assert_same_trust(one, node);
        assert_int_equal(tips_of(node, &here), 2);
        assert_int_equal(node->forks, 1);
        assert_true(mesh_find_id(node, &here.head.entry)->content.len > 0);
        assert_true(mesh_find_id(node, &there.head.entry)->content.len > 0);
    }
    mesh_end(mesh);
}

/* A live push of each side goes through a node in the middle once. */
static void a_branch_is_passed_on_once(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1], *three = &mesh->nodes[2];
    struct writer here = mesh->f.founder, there = mesh->f.founder;

    mesh_dial(mesh, one, two);
    mesh_dial(mesh, two, three);
    mesh_run(mesh);
    struct mesh_wire *late = &mesh->wires[0];
    late->up = false;
    publish(mesh, one, &here, "א\n");
    publish(mesh, three, &there, "ב\n");
    late->up = true;
    mesh_run(mesh);
    uint64_t before = replica_pushes(two->replica).sent;
    publish(mesh, one, &here, "ג\n");
    mesh_assert_equal_roots(one, two);
    mesh_assert_equal_roots(one, three);
    assert_int_equal(tips_of(three, &here), 2);
    assert_int_equal(replica_pushes(two->replica).sent, before + 1);
    mesh_end(mesh);
}

/* What it takes in at a later start are both branches, and their trust. */
static void a_fork_survives_a_start(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1];
    struct writer here = mesh->f.founder, there = mesh->f.founder;

    publish(mesh, one, &here, "א\n");
    publish(mesh, two, &there, "ב\n");
    mesh_dial(mesh, one, two);
    mesh_run(mesh);
    mesh_restart(mesh, 0);
    mesh_assert_equal_roots(one, two);
    assert_same_trust(one, two);
    mesh_end(mesh);
}

/* Nobody publishes a fork of the own log. */
static void a_publication_that_forks_is_refused(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct writer here = mesh->f.founder, there = mesh->f.founder;
    struct buffer bundle;

    publish(mesh, &mesh->nodes[0], &here, "א\n");
    mesh_begin(&bundle, mesh);
    federation_publish(&mesh->f, &there, "ב\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_FORK);
    assert_int_equal(tips_of(&mesh->nodes[0], &here), 1);
    mesh_end(mesh);
}

/* A peer has more of a log than we: whoever holds its key must not sign now. */
static void a_log_that_went_on_elsewhere_is_noticed(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1];
    uint64_t seq;

    publish(mesh, two, &mesh->f.founder, "א\n");
    struct mesh_wire *wire = mesh_dial(mesh, one, two);
    one->store_holds = true; /* It hears of it, and does not have it yet. */
    mesh_run(mesh);
    (void)wire;
    assert_true(replica_is_behind(one->replica, &mesh->f.founder.key.public, &seq));
    assert_int_equal(seq, mesh->f.founder.head.seq);
    one->store_holds = false;
    mesh_stored(mesh, one);
    mesh_run(mesh);
    assert_false(replica_is_behind(one->replica, &mesh->f.founder.key.public, &seq));
    mesh_end(mesh);
}

/* ---- nodes that are trusted no more ---- */

static void revoke(struct mesh *mesh, struct mesh_node *at, const struct mesh_node *whom, const char *why)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), bundle;

    mesh_begin(&bundle, mesh);
    act_write_id(&body, ACT_SUBJECT, &whom->key.key.public);
    act_write_text(&body, ACT_PIN, "0 -");
    act_write_text(&body, ACT_WHY, why);
    (void)federation_sign(&mesh->f, &mesh->f.founder, ACT_REVOKE, buffer_bytes(&body), bytes_of(NULL, 0), &bundle);
    buffer_free(&body);
    assert_int_equal(mesh_publish(at, &bundle), ERR_OK);
    mesh_run(mesh);
}

static void a_revoked_node_is_told_why_and_left_at_once(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1], *three = &mesh->nodes[2];

    mesh_dial(mesh, one, two);
    mesh_dial(mesh, three, one);
    mesh_run(mesh);
    revoke(mesh, one, two, "compromise");
    assert_int_equal(two->refused, 1);
    assert_string_equal(two->refusal,
                        "this node was revoked by a steward of its kibbutz: its key is not safe any more");
    assert_int_equal(two->last_closed, ERR_STRANGER);
    assert_int_equal(three->refused, 0);
    mesh_assert_equal_roots(one, three);
    mesh_end(mesh);
}

/* It is the same whoever calls. */
static void a_revoked_node_is_refused_when_it_calls_and_when_it_is_called(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1];

    revoke(mesh, one, two, "retire");
    mesh_dial(mesh, two, one);
    mesh_run(mesh);
    assert_int_equal(two->refused, 1);
    assert_string_equal(two->refusal, "this node was retired by a steward of its kibbutz");
    mesh_dial(mesh, one, two);
    mesh_run(mesh);
    assert_int_equal(two->refused, 2);
    assert_int_equal(one->equal, 0);
    mesh_end(mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_of_a_fork_meet_and_stay),
        cmocka_unit_test(a_branch_is_passed_on_once),
        cmocka_unit_test(a_fork_survives_a_start),
        cmocka_unit_test(a_publication_that_forks_is_refused),
        cmocka_unit_test(a_log_that_went_on_elsewhere_is_noticed),
        cmocka_unit_test(a_revoked_node_is_told_why_and_left_at_once),
        cmocka_unit_test(a_revoked_node_is_refused_when_it_calls_and_when_it_is_called),
    };

    return cmocka_run_group_tests_name("proto.replica_fork", tests, NULL, NULL);
}
