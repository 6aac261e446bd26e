/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/beacon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/samples.h"

static struct id network(void)
{
    return sample_id(1);
}

static struct signing_key key_of(uint8_t number)
{
    uint8_t seed[SSHSIG_SEED_LEN] = {number};
    struct signing_key key;

    sshsig_key_from_seed(&key, seed);
    return key;
}

static struct beacon beacon_at(uint64_t clock_ms)
{
    return (struct beacon){.clock_ms = clock_ms, .port = 8610, .salt = {1, 2, 3, (uint8_t)clock_ms}};
}

static struct buffer written(const struct signing_key *key, struct beacon *beacon)
{
    struct buffer out = BUFFER(BEACON_LEN);
    struct id net = network();

    beacon_write(&out, &net, key, beacon);
    assert_int_equal(buffer_error(&out), ERR_OK);
    assert_int_equal(out.len, BEACON_LEN);
    return out;
}

static void beacon_says_who_and_where(void **state)
{
    struct signing_key key = key_of(7);
    struct beacon beacon = beacon_at(1234567890123), read;
    struct buffer out = written(&key, &beacon);
    struct id net = network();

    (void)state;
    assert_int_equal(beacon_open(buffer_bytes(&out), &net, &read), ERR_OK);
    assert_true(id_equal(&read.node, &key.public));
    assert_int_equal(read.clock_ms, 1234567890123);
    assert_int_equal(read.port, 8610);
    assert_int_equal(beacon_verify(&read, &net), ERR_OK);
    buffer_free(&out);
}

/* Neither the network's id nor the node's key stands in it, and of two beacons of one node no byte tells that they are. */
static void stranger_learns_nothing_from_it(void **state)
{
    struct signing_key key = key_of(7);
    struct beacon a = beacon_at(1), b = beacon_at(2), read;
    struct buffer one = written(&key, &a), two = written(&key, &b);
    struct id net = network(), other = sample_id(2);
    size_t same = 0;

    (void)state;
    assert_null(memmem(one.at, one.len, key.public.at, 8));
    assert_null(memmem(one.at, one.len, net.at, 8));
    for (size_t i = BEACON_SALT_LEN; i < BEACON_LEN; i++)
        same += one.at[i] == two.at[i];
    assert_true(same < 8);
    assert_int_equal(beacon_open(buffer_bytes(&one), &other, &read), ERR_FORMAT);
    buffer_free(&one);
    buffer_free(&two);
}

static void beacon_with_any_bit_changed_is_none(void **state)
{
    struct signing_key key = key_of(7);
    struct beacon beacon = beacon_at(5), read;
    struct buffer out = written(&key, &beacon);
    struct id net = network();

    (void)state;
    for (size_t bit = 0; bit < 8 * BEACON_LEN; bit++) {
        out.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(beacon_open(buffer_bytes(&out), &net, &read), ERR_FORMAT);
        out.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < BEACON_LEN; len++)
        assert_int_equal(beacon_open(bytes_of(out.at, len), &net, &read), ERR_FORMAT);
    buffer_free(&out);
}

/* Whoever knows the network's id can seal; only the node can sign. */
static void what_another_key_signed_is_not_believed(void **state)
{
    struct signing_key key = key_of(7), other = key_of(8);
    struct beacon beacon = beacon_at(5), read;
    struct buffer out = written(&key, &beacon);
    struct id net = network();

    (void)state;
    assert_int_equal(beacon_open(buffer_bytes(&out), &net, &read), ERR_OK);
    read.node = other.public;
    assert_int_equal(beacon_verify(&read, &net), ERR_AUTH);
    read.node = key.public;
    read.port++;
    assert_int_equal(beacon_verify(&read, &net), ERR_AUTH);
    read.port--;
    read.clock_ms++;
    assert_int_equal(beacon_verify(&read, &net), ERR_AUTH);
    read.clock_ms--;
    assert_int_equal(beacon_verify(&read, &net), ERR_OK);
    buffer_free(&out);
}

static void beacon_without_a_port_is_none(void **state)
{
    struct signing_key key = key_of(7);
    struct beacon beacon = beacon_at(5), read;
    struct id net = network();

    (void)state;
    beacon.port = 0;
    struct buffer out = written(&key, &beacon);
    assert_int_equal(beacon_open(buffer_bytes(&out), &net, &read), ERR_FORMAT);
    buffer_free(&out);
}

static void flood_is_looked_at_slowly(void **state)
{
    struct beacon_guard guard = {.filled_ms = 0};
    unsigned seen = 0;

    (void)state;
    for (int i = 0; i < 10000; i++)
        seen += beacon_guard_admits(&guard, 1000);
    assert_int_equal(seen, BEACON_BURST);
    for (uint64_t now = 1001; now <= 11000; now++)
        for (int i = 0; i < 10; i++)
            seen += beacon_guard_admits(&guard, now);
    assert_in_range(seen, BEACON_BURST + 10 * BEACON_PER_SECOND - 1, BEACON_BURST + 10 * BEACON_PER_SECOND);
    seen = 0;
    for (int i = 0; i < 10000; i++)
        seen += beacon_guard_admits(&guard, 10000000);
    assert_int_equal(seen, BEACON_BURST);
}

static void beacon_that_is_played_again_is_no_news(void **state)
{
    struct beacon_guard guard = {.filled_ms = 0};
    struct beacon beacon = {.node = sample_id(3), .clock_ms = 100};

    (void)state;
    assert_true(beacon_guard_is_news(&guard, &beacon, 5));
    assert_false(beacon_guard_is_news(&guard, &beacon, 6));
    beacon.clock_ms = 99;
    assert_false(beacon_guard_is_news(&guard, &beacon, 7));
    beacon.clock_ms = 101;
    assert_true(beacon_guard_is_news(&guard, &beacon, 8));
    beacon.clock_ms = 50; /* A clock that was set back is believed in the end. */
    assert_false(beacon_guard_is_news(&guard, &beacon, 8 + BEACON_AGAIN_MS - 1));
    assert_true(beacon_guard_is_news(&guard, &beacon, 8 + BEACON_AGAIN_MS));
}

static void many_nodes_are_remembered_and_the_longest_silent_is_forgotten(void **state)
{
    struct beacon_guard guard = {.filled_ms = 0};

    (void)state;
    for (unsigned i = 0; i <= BEACON_NODES; i++) {
        struct beacon beacon = {.node = {{(uint8_t)(i >> 8), (uint8_t)i, 1}}, .clock_ms = 100};

        assert_true(beacon_guard_is_news(&guard, &beacon, 1 + i));
    }
    assert_true(beacon_guard_is_news(&guard, &(struct beacon){.node = {{0, 0, 1}}, .clock_ms = 100}, 1000));
    assert_false(beacon_guard_is_news(&guard, &(struct beacon){.node = {{0, 2, 1}}, .clock_ms = 100}, 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beacon_says_who_and_where),
        cmocka_unit_test(stranger_learns_nothing_from_it),
        cmocka_unit_test(beacon_with_any_bit_changed_is_none),
        cmocka_unit_test(what_another_key_signed_is_not_believed),
        cmocka_unit_test(beacon_without_a_port_is_none),
        cmocka_unit_test(flood_is_looked_at_slowly),
        cmocka_unit_test(beacon_that_is_played_again_is_no_news),
        cmocka_unit_test(many_nodes_are_remembered_and_the_longest_silent_is_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
