/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/proto/mesh.h"

/* What it costs to say something: bytes of both ways, handshake and all. */

#define RECONNECT_MAX 320

static void two_that_are_equal_say_so_in_two_turns(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct buffer enrolment;

    /* What it would show to one that does not know it. */
    mesh_begin(&enrolment, mesh);
    federation_publish(&mesh->f, &mesh->f.founder, "# צומת\n", ACT_FOR_NETWORK, &enrolment);
    assert_int_equal(replica_load_enrolment(mesh->nodes[0].replica, buffer_bytes(&enrolment)), ERR_OK);
    buffer_free(&enrolment);
    struct mesh_wire *first = mesh_dial(mesh, &mesh->nodes[0], &mesh->nodes[1]), *wire;

    mesh_pass(mesh, 2 * LIMIT_RECEIPT_GAP_MS); /* Each has the other's receipt. */
    replica_close(mesh->nodes[0].replica, first->at_from);
    mesh_run(mesh);
    mesh->nodes[0].equal = mesh->nodes[1].equal = 0;
    wire = mesh_dial(mesh, &mesh->nodes[0], &mesh->nodes[1]);
    mesh_run(mesh);
    assert_int_equal(mesh->nodes[0].equal, 1);
    assert_int_equal(mesh->nodes[1].equal, 1);
    assert_in_range(wire->bytes, 200, RECONNECT_MAX);
    size_t opened = wire->bytes;
    replica_close(mesh->nodes[0].replica, wire->at_from);
    mesh_run(mesh);
    assert_false(wire->up);
    assert_true(wire->bytes - opened < 40);
    mesh_end(mesh);
}

/* A responder on whose caller nothing is known says no more than that it speaks the protocol. */
static void a_stranger_learns_nothing_from_a_hello(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();

    mesh->nodes[0].signs_nothing = mesh->nodes[1].signs_nothing = true; /* Receipts are not what is weighed here. */
    struct mesh_node *stranger = mesh_start(mesh, 3, "stranger", true);
    struct mesh_wire *known = mesh_dial(mesh, &mesh->nodes[1], &mesh->nodes[0]);
    struct mesh_wire *unknown = mesh_dial(mesh, stranger, &mesh->nodes[0]);

    mesh_run(mesh);
    /* Not its roots, of 32 bytes, in particular. */
    assert_true(unknown->back + 32 <= known->back);
    assert_int_equal(stranger->opened, 0);
    mesh_end(mesh);
}

/* What comes in several bundles is pressed as if it were one: a text that came in the first costs nothing in the second. */
static void a_bundle_goes_on_after_the_one_before(void **state)
{
    static char text[24 * 1024 + 1];
    struct mesh *mesh = mesh_three();
    struct buffer bundle;
    uint32_t dice = 1;

    (void)state;
    for (size_t i = 0; i < sizeof text - 1; i++, dice = dice * UINT32_C(1664525) + UINT32_C(1013904223))
        text[i] = "0123456789abcdef"[dice >> 28]; /* Half of it is left, however it is pressed. */
    for (int i = 0; i < 10; i++) {
        mesh_begin(&bundle, mesh);
        federation_publish(&mesh->f, &mesh->f.founder, text, ACT_FOR_NETWORK, &bundle);
        assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
        mesh_run(mesh);
    }
    struct mesh_wire *wire = mesh_dial(mesh, &mesh->nodes[1], &mesh->nodes[0]);
    mesh_run(mesh);
    mesh_assert_equal_roots(&mesh->nodes[0], &mesh->nodes[1]);
    assert_int_equal(replica_missing(mesh->nodes[1].replica), 0);
    assert_true(wire->bytes > sizeof text / 2);
    assert_true(wire->bytes < sizeof text - 4096);
    mesh_end(mesh);
}

/* Each answer is made durable by itself, which takes longer than to send it: a little first, and then all of it. */
static void what_was_missed_comes_in_few_answers(void **state)
{
    static char text[24 * 1024 + 1];
    struct mesh *mesh = mesh_three();
    struct buffer bundle;

    (void)state;
    memset(text, 'a', sizeof text - 1);
    for (int i = 0; i < 30; i++) {
        mesh_begin(&bundle, mesh);
        federation_publish(&mesh->f, &mesh->f.founder, text, ACT_FOR_NETWORK, &bundle);
        assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
        mesh_run(mesh);
    }
    size_t before = mesh->nodes[1].stores;
    mesh->nodes[1].store_holds = true;
    mesh_dial(mesh, &mesh->nodes[1], &mesh->nodes[0]);
    for (int answer = 0; answer < 2; answer++) {
        mesh_run(mesh);
        assert_int_equal(mesh->nodes[1].held[0].more, answer == 0);
        mesh_stored(mesh, &mesh->nodes[1]);
    }
    mesh_run(mesh);
    mesh_assert_equal_roots(&mesh->nodes[0], &mesh->nodes[1]);
    assert_int_equal(mesh->nodes[1].stores - before, 2);
    mesh_end(mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_that_are_equal_say_so_in_two_turns),
        cmocka_unit_test(a_stranger_learns_nothing_from_a_hello),
        cmocka_unit_test(a_bundle_goes_on_after_the_one_before),
        cmocka_unit_test(what_was_missed_comes_in_few_answers),
    };

    return cmocka_run_group_tests_name("proto.replica_bytes", tests, NULL, NULL);
}
