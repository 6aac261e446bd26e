/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Catching up after a cut: what is told is what differs from a state that both know, and where there is none, everything. */

#include "proto/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "proto/message.h"
#include "tests/proto/office.h"

#define AUTHORS 60
#define VECTOR_LEN (AUTHORS * MESSAGE_ITEM_LEN)

/* They have the same, and the line was cut. */
static struct office begin(void)
{
    struct office o = office_begin();

    office_write(&o, AUTHORS);
    (void)office_meet(&o);
    office_part(&o);
    return o;
}

static void one_that_was_away_is_told_what_is_new(void **state)
{
    struct office o = begin();
    size_t idle = office_meet(&o);

    (void)state;
    office_part(&o);
    office_publish(&o, o.one, 7);
    office_publish(&o, o.one, 9);
    assert_true(office_meet(&o) < idle + VECTOR_LEN / 2);
    mesh_end(o.mesh);
}

/* What it costs to be told of so many documents; the last that both had came by a push, a moment before the cut. */
static size_t told_of(size_t count)
{
    struct office o = begin();

    (void)office_meet(&o);
    office_publish(&o, o.one, 5);
    office_part(&o);
    for (size_t i = 0; i < count; i++)
        office_publish(&o, o.one, 7);
    size_t bytes = office_meet(&o);
    mesh_end(o.mesh);
    return bytes;
}

/* Each document is a state of its own, and only so many are remembered. */
static void many_states_of_one_alone_hide_none_that_both_had(void **state)
{
    size_t none = told_of(0), few = told_of(20), many = told_of(100);

    (void)state;
    assert_true(few > none);
    assert_true(many < none + 5 * (few - none) + VECTOR_LEN / 2);
}

static void both_have_gone_on(void **state)
{
    struct office o = begin();
    size_t idle = office_meet(&o);

    (void)state;
    office_part(&o);
    office_publish(&o, o.one, 7);
    office_publish(&o, o.two, 9);
    assert_true(office_meet(&o) < idle + VECTOR_LEN);
    mesh_end(o.mesh);
}

/* A fork that came up during the cut: a branch is told of as any other tip. */
static void both_sides_of_a_fork_are_told(void **state)
{
    struct office o = begin();

    (void)state;
    o.authors[8] = o.authors[7];
    office_publish(&o, o.one, 7);
    office_publish(&o, o.two, 8);
    (void)office_meet(&o);
    assert_int_equal(o.one->forks, 1);
    assert_int_equal(o.two->forks, 1);
    mesh_end(o.mesh);
}

static void without_a_common_state_all_is_told(void **state)
{
    struct office o = begin();

    (void)state;
    office_publish(&o, o.one, 7);
    office_publish(&o, o.two, 9);
    mesh_restart(o.mesh, 0); /* Nothing of the past is known to them any more. */
    mesh_restart(o.mesh, 1);
    assert_true(office_meet(&o) > VECTOR_LEN);
    mesh_end(o.mesh);
}

/* Only one of them lost its memory, and goes on from what the other knows of it. */
static void one_that_started_again_is_told_what_is_new(void **state)
{
    struct office o = begin();

    (void)state;
    office_publish(&o, o.one, 7);
    mesh_restart(o.mesh, 1);
    assert_true(office_meet(&o) < 2 * VECTOR_LEN); /* It asks for receipts, too; vectors would go both ways. */
    mesh_end(o.mesh);
}

/* A store that was set back is at a state that the other remembers. */
static void a_store_set_back_catches_up(void **state)
{
    struct office o = begin();
    size_t kept = o.two->kept_count;

    (void)state;
    office_publish(&o, o.one, 7);
    office_publish(&o, o.one, 9);
    (void)office_meet(&o);
    office_part(&o);
    while (o.two->kept_count > kept) {
        o.two->kept_count--;
        buffer_free(&o.two->kept[o.two->kept_count].entry);
        buffer_free(&o.two->kept[o.two->kept_count].content);
    }
    mesh_restart(o.mesh, 1);
    assert_true(office_meet(&o) < 2 * VECTOR_LEN); /* It asks for receipts, too; vectors would go both ways. */
    mesh_end(o.mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_was_away_is_told_what_is_new),
        cmocka_unit_test(many_states_of_one_alone_hide_none_that_both_had),
        cmocka_unit_test(both_have_gone_on),
        cmocka_unit_test(both_sides_of_a_fork_are_told),
        cmocka_unit_test(without_a_common_state_all_is_told),
        cmocka_unit_test(one_that_started_again_is_told_what_is_new),
        cmocka_unit_test(a_store_set_back_catches_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
