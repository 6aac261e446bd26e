/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "node/gate.h"

static struct gate_address ipv4(uint8_t last)
{
    return (struct gate_address){.at = {[10] = 0xff, [11] = 0xff, 10, 0, 0, last}};
}

static void one_address_is_half_open_up_to_its_limit(void **state)
{
    struct gate *g = gate_new();
    struct gate_address a = ipv4(1), b = ipv4(2);

    (void)state;
    for (unsigned i = 0; i < GATE_HALF_OPEN_ADDRESS; i++)
        assert_true(gate_enter(g, &a, 0));
    assert_false(gate_enter(g, &a, 0));
    assert_true(gate_enter(g, &b, 0));
    gate_leave(g, &a);
    assert_true(gate_enter(g, &a, 0));
    gate_free(g);
}

static void all_addresses_together_have_a_limit(void **state)
{
    struct gate *g = gate_new();
    struct gate_address last = ipv4(200);

    (void)state;
    for (unsigned i = 0; i < GATE_HALF_OPEN; i++) {
        struct gate_address each = ipv4((uint8_t)i);

        assert_true(gate_enter(g, &each, 0));
    }
    assert_false(gate_enter(g, &last, 0));
    last = ipv4(0);
    gate_leave(g, &last);
    assert_true(gate_enter(g, &last, 0));
    gate_free(g);
}

static void who_may_come_in_is_told_when_only_others_are_in_the_way(void **state)
{
    struct gate *g = gate_new();
    struct gate_address last = ipv4(200), first = ipv4(0);

    (void)state;
    assert_false(gate_is_crowded(g, &last, 0));
    for (unsigned i = 0; i < GATE_HALF_OPEN; i++) {
        struct gate_address each = ipv4((uint8_t)(i / GATE_HALF_OPEN_ADDRESS));

        assert_int_equal(gate_half_open(g), i);
        assert_false(gate_is_crowded(g, &last, 0));
        assert_true(gate_enter(g, &each, 0));
    }
    assert_false(gate_enter(g, &last, 0));
    assert_true(gate_is_crowded(g, &last, 0));
    assert_false(gate_is_crowded(g, &first, 0)); /* It has its share. */
    gate_leave(g, &first);
    assert_false(gate_is_crowded(g, &last, 0));
    assert_true(gate_enter(g, &last, 0));
    gate_free(g);
}

static void knocks_of_one_address_are_slowed_after_a_burst(void **state)
{
    struct gate *g = gate_new();
    struct gate_address a = ipv4(1);
    unsigned count = 0;

    (void)state;
    while (gate_enter(g, &a, 0)) {
        gate_leave(g, &a);
        count++;
    }
    assert_int_equal(count, GATE_BURST);
    assert_false(gate_enter(g, &a, 1000 / GATE_PER_SECOND - 1));
    assert_true(gate_enter(g, &a, 1000 / GATE_PER_SECOND));
    assert_false(gate_enter(g, &a, 1000 / GATE_PER_SECOND));
    gate_leave(g, &a);
    for (count = 0; gate_enter(g, &a, 1000000); count++)
        gate_leave(g, &a);
    assert_int_equal(count, GATE_BURST);
    gate_free(g);
}

static void one_ipv6_network_counts_as_one_address(void **state)
{
    struct gate *g = gate_new();
    struct gate_address each = {.at = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1}};

    (void)state;
    for (unsigned i = 0; i < GATE_HALF_OPEN_ADDRESS; i++) {
        each.at[15] = (uint8_t)i;
        assert_true(gate_enter(g, &each, 0));
    }
    each.at[15] = 0xff;
    assert_false(gate_enter(g, &each, 0));
    each.at[7] = 2;
    assert_true(gate_enter(g, &each, 0));
    gate_free(g);
}

static void many_addresses_are_forgotten_but_not_those_that_are_half_open(void **state)
{
    struct gate *g = gate_new();
    struct gate_address held = ipv4(1);

    (void)state;
    assert_true(gate_enter(g, &held, 0));
    for (unsigned i = 0; i < 4 * GATE_ADDRESSES; i++) {
        struct gate_address each = {.at = {1, (uint8_t)(i >> 8), (uint8_t)i}};

        assert_true(gate_enter(g, &each, i));
        gate_leave(g, &each);
    }
    gate_leave(g, &held); /* Asserts that it is still known. */
    gate_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_address_is_half_open_up_to_its_limit),
        cmocka_unit_test(all_addresses_together_have_a_limit),
        cmocka_unit_test(who_may_come_in_is_told_when_only_others_are_in_the_way),
        cmocka_unit_test(knocks_of_one_address_are_slowed_after_a_burst),
        cmocka_unit_test(one_ipv6_network_counts_as_one_address),
        cmocka_unit_test(many_addresses_are_forgotten_but_not_those_that_are_half_open),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
