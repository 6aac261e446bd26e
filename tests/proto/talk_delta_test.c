/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Catching up after a cut: what is told is what differs from a state that both know, and where there is none, everything. */

#include "proto/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/proto/mesh.h"

#define AUTHORS 60
#define VECTOR_LEN (AUTHORS * 57)

struct office { /* Two nodes that have the logs of many authors, and a line between them that was cut. */
    struct mesh *mesh;
    struct mesh_node *one, *two;
    struct mesh_wire *wire;
    struct writer authors[AUTHORS];
};

static void join(struct office *o)
{
    o->wire = mesh_dial(o->mesh, o->two, o->one);
    mesh_run(o->mesh);
}

static void cut(struct office *o)
{
    o->wire->up = false;
    replica_cut(o->one->replica, o->wire->at_to);
    replica_cut(o->two->replica, o->wire->at_from);
    mesh_run(o->mesh);
}

static void publish(struct office *o, struct mesh_node *at, size_t author)
{
    struct buffer bundle;

    mesh_begin(&bundle, o->mesh);
    federation_publish(&o->mesh->f, &o->authors[author], "# מים\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(mesh_publish(at, &bundle), ERR_OK);
    mesh_run(o->mesh);
}

static struct office begin(void)
{
    struct office o = {.mesh = mesh_three()};
    struct buffer grants;

    o.one = &o.mesh->nodes[0];
    o.two = &o.mesh->nodes[1];
    o.one->signs_nothing = o.two->signs_nothing = true; /* Receipts are another subject. */
    mesh_begin(&grants, o.mesh);
    for (size_t i = 0; i < AUTHORS; i++) {
        char name[24];

        snprintf(name, sizeof name, "author %zu", i);
        o.authors[i] = federation_writer(name, &o.mesh->f.founder.kibbutz, ROLE_COORDINATOR);
        federation_grant_coordinator(&o.mesh->f, &o.mesh->f.founder, &o.authors[i].key.public, &grants);
    }
    assert_int_equal(mesh_publish(o.one, &grants), ERR_OK);
    mesh_run(o.mesh);
    for (size_t i = 0; i < AUTHORS; i++)
        publish(&o, o.one, i);
    join(&o);
    mesh_assert_equal_roots(o.one, o.two);
    cut(&o);
    return o;
}

/* All bytes of a session that opens, both ways, once both have the same. */
static size_t bytes_to_equal(struct office *o)
{
    join(o);
    mesh_assert_equal_roots(o->one, o->two);
    assert_true(replica_settled(o->one->replica) && replica_settled(o->two->replica));
    return o->wire->bytes;
}

static void one_that_was_away_is_told_what_is_new(void **state)
{
    struct office o = begin();
    size_t idle = bytes_to_equal(&o);

    (void)state;
    cut(&o);
    publish(&o, o.one, 7);
    publish(&o, o.one, 9);
    assert_true(bytes_to_equal(&o) < idle + VECTOR_LEN / 2);
    mesh_end(o.mesh);
}

static void both_have_gone_on(void **state)
{
    struct office o = begin();
    size_t idle = bytes_to_equal(&o);

    (void)state;
    cut(&o);
    publish(&o, o.one, 7);
    publish(&o, o.two, 9);
    assert_true(bytes_to_equal(&o) < idle + VECTOR_LEN);
    mesh_end(o.mesh);
}

/* A fork that came up during the cut: a branch is told of as any other tip. */
static void both_sides_of_a_fork_are_told(void **state)
{
    struct office o = begin();

    (void)state;
    o.authors[8] = o.authors[7];
    publish(&o, o.one, 7);
    publish(&o, o.two, 8);
    (void)bytes_to_equal(&o);
    assert_int_equal(o.one->forks, 1);
    assert_int_equal(o.two->forks, 1);
    mesh_end(o.mesh);
}

static void without_a_common_state_all_is_told(void **state)
{
    struct office o = begin();

    (void)state;
    publish(&o, o.one, 7);
    publish(&o, o.two, 9);
    mesh_restart(o.mesh, 0); /* Nothing of the past is known to them any more. */
    mesh_restart(o.mesh, 1);
    assert_true(bytes_to_equal(&o) > VECTOR_LEN);
    mesh_end(o.mesh);
}

/* Only one of them lost its memory, and goes on from what the other knows of it. */
static void one_that_started_again_is_told_what_is_new(void **state)
{
    struct office o = begin();

    (void)state;
    publish(&o, o.one, 7);
    mesh_restart(o.mesh, 1);
    assert_true(bytes_to_equal(&o) < 2 * VECTOR_LEN); /* It asks for receipts, too; vectors would go both ways. */
    ;
    mesh_end(o.mesh);
}

/* A store that was set back is at a state that the other remembers. */
static void a_store_set_back_catches_up(void **state)
{
    struct office o = begin();
    size_t kept = o.two->kept_count;

    (void)state;
    publish(&o, o.one, 7);
    publish(&o, o.one, 9);
    (void)bytes_to_equal(&o);
    cut(&o);
    while (o.two->kept_count > kept) {
        o.two->kept_count--;
        buffer_free(&o.two->kept[o.two->kept_count].entry);
        buffer_free(&o.two->kept[o.two->kept_count].content);
    }
    mesh_restart(o.mesh, 1);
    assert_true(bytes_to_equal(&o) < 2 * VECTOR_LEN); /* It asks for receipts, too; vectors would go both ways. */
    ;
    mesh_end(o.mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_was_away_is_told_what_is_new),
        cmocka_unit_test(both_have_gone_on),
        cmocka_unit_test(both_sides_of_a_fork_are_told),
        cmocka_unit_test(without_a_common_state_all_is_told),
        cmocka_unit_test(one_that_started_again_is_told_what_is_new),
        cmocka_unit_test(a_store_set_back_catches_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
