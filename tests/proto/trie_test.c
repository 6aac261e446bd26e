/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/trie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/samples.h"

static const struct trie_place TOP = {.depth = 0};

static struct head head_of(unsigned log, uint64_t seq)
{
    return (struct head){
        .log = sample_id(log), .seq = seq, .entry = sample_id(log * 1000 + (unsigned)seq), .role = ROLE_COORDINATOR};
}

static void add(struct frontier *f, const struct head *head)
{
    assert_int_equal(frontier_add(f, NULL, head, NULL), ERR_OK);
}

static struct frontier *logs(unsigned from, unsigned to)
{
    struct frontier *f = frontier_new();

    for (unsigned i = from; i < to; i++)
        add(f, &(struct head){.log = head_of(i, 1).log, .seq = 1, .entry = head_of(i, 1).entry, .role = ROLE_NODE});
    return f;
}

static void digest_of(const struct frontier *f, uint8_t digest[TRIE_DIGEST_LEN])
{
    assert_true(trie_digest(f, trie_shape(), TOP, digest));
}

static bool same(const struct frontier *a, const struct frontier *b)
{
    uint8_t one[TRIE_DIGEST_LEN], other[TRIE_DIGEST_LEN];

    digest_of(a, one);
    digest_of(b, other);
    return memcmp(one, other, sizeof one) == 0;
}

/* What a node says of itself, and whether it is what its digest says. */
static struct trie_node told(const struct frontier *f, struct trie_place place, struct buffer *out)
{
    struct trie_node node;
    struct bytes rest;
    uint8_t want[TRIE_DIGEST_LEN], got[TRIE_DIGEST_LEN];

    buffer_clear(out);
    assert_int_equal(trie_write_node(out, f, trie_shape(), place), ERR_OK);
    rest = buffer_bytes(out);
    assert_int_equal(trie_next_node(&rest, &node), ERR_OK);
    assert_int_equal(rest.len, 0);
    assert_int_equal(trie_node_digest(&node, got), ERR_OK);
    assert_true(trie_digest(f, trie_shape(), place, want));
    assert_memory_equal(got, want, sizeof got);
    return node;
}

static void the_digest_tells_logs_seqs_and_entries_apart(void **state)
{
    struct frontier *f = logs(0, 5), *g = logs(0, 5), *empty = frontier_new();
    struct head head = *frontier_at(g, 2);
    uint8_t digest[TRIE_DIGEST_LEN];

    (void)state;
    assert_true(same(f, g));
    assert_false(trie_digest(empty, trie_shape(), TOP, digest));
    head.seq = 2;
    assert_int_equal(frontier_set(g, &head), ERR_OK);
    assert_false(same(f, g));
    head.seq = 1;
    head.entry.at[MESSAGE_TAG_LEN - 1] ^= 1;
    assert_int_equal(frontier_set(g, &head), ERR_OK);
    assert_false(same(f, g));
    head = *frontier_at(f, 2);
    assert_int_equal(frontier_set(g, &head), ERR_OK);
    assert_true(same(f, g));
    head = head_of(77, 1);
    add(g, &head);
    assert_false(same(f, g));
    frontier_free(f);
    frontier_free(g);
    frontier_free(empty);
}

/* Each tip of a fork is told; of a log with as many as are kept, nodes need not have the same. */
static void branches_count_until_a_log_is_crowded(void **state)
{
    struct frontier *f = logs(0, 5), *g = logs(0, 5);
    struct head head = *frontier_at(f, 1);

    (void)state;
    for (unsigned i = 0; i < LIMIT_BRANCHES - 1; i++) {
        head.entry = sample_id(5000 + i);
        add(f, &head);
        assert_false(same(f, g));
        head.entry = sample_id(i % 2 ? 5000 + i : 6000 + i);
        add(g, &head);
        assert_int_equal(same(f, g), i == LIMIT_BRANCHES - 2);
    }
    frontier_free(f);
    frontier_free(g);
}

static void a_node_says_what_its_digest_says(void **state)
{
    struct buffer out = BUFFER(LIMIT_MESSAGE);
    struct frontier *f = logs(0, 3000);
    size_t tips = 0, inner = 0;

    (void)state;
    struct trie_node top = told(f, TOP, &out);
    assert_int_equal(top.kind, TRIE_INNER);
    assert_int_equal(top.body.len, 64 * TRIE_DIGEST_LEN);
    assert_true(top.children == UINT64_MAX);
    for (unsigned i = 0; i < 64; i++) {
        struct trie_place place = trie_child(trie_shape(), TOP, i);
        struct trie_node node = told(f, place, &out);
        size_t first, count = trie_tips(f, trie_shape(), place, &first);

        assert_int_equal(first, tips);
        assert_int_equal(node.kind == TRIE_LEAF, count <= LIMIT_TRIE_LEAF);
        inner += node.kind == TRIE_INNER;
        tips += count;
    }
    assert_int_equal(tips, 3000);
    assert_true(inner > 40);
    buffer_free(&out);
    frontier_free(f);
}

/* Keys that are alike in their first 48 bits end in a leaf all the same, but for more than anybody could have found. */
static void the_trie_has_a_ground(void **state)
{
    struct buffer out = BUFFER(2 * LIMIT_MESSAGE);
    struct trie_place place = TOP;
    struct frontier *f = frontier_new();
    struct head head = head_of(1, 1);

    (void)state;
    memset(head.log.at, 0x55, ID_LEN);
    for (unsigned i = 0; i <= 32 * LIMIT_BRANCHES; i++) {
        head.log.at[8] = (uint8_t)(i >> 8);
        head.log.at[9] = (uint8_t)i;
        add(f, &head);
        if (i != LIMIT_TRIE_LEAF)
            continue;
        for (place = TOP; place.depth < LIMIT_TRIE_DEPTH; place = trie_child(trie_shape(), place, 21))
            assert_int_equal(told(f, place, &out).kind, TRIE_INNER); /* 0x55 is 010101 again and again. */
        assert_int_equal(told(f, place, &out).kind, TRIE_LEAF);
    }
    buffer_clear(&out);
    assert_int_equal(trie_write_node(&out, f, trie_shape(), place), ERR_LIMIT);
    buffer_free(&out);
    frontier_free(f);
}

static void assert_malformed(const uint8_t *at, size_t len)
{
    struct bytes rest = bytes_of(at, len);
    struct trie_node node;

    assert_int_equal(trie_next_node(&rest, &node), ERR_FORMAT);
}

static void malformed_nodes_are_refused(void **state)
{
    static const uint8_t kind[] = {3}, short_inner[] = {TRIE_INNER, 0, 0, 0, 0, 0, 0, 0, 1, 7};
    static const uint8_t no_child[] = {TRIE_INNER, 0, 0, 0, 0, 0, 0, 0, 0}, no_item[] = {TRIE_LEAF, 0, 0};
    static uint8_t large[3 + 2049 * MESSAGE_ITEM_LEN] = {TRIE_LEAF, 2049 >> 8, 2049 & 255};
    static const uint8_t leaf[3 + MESSAGE_ITEM_LEN] = {TRIE_LEAF, 0, 1};
    struct bytes rest = bytes_of(leaf, sizeof leaf);
    uint8_t digest[TRIE_DIGEST_LEN];
    struct trie_node node;

    (void)state;
    assert_malformed(kind, 0);
    assert_malformed(kind, 1);
    assert_malformed(short_inner, sizeof short_inner);
    assert_malformed(no_child, sizeof no_child);
    assert_malformed(no_item, sizeof no_item);
    assert_malformed(large, sizeof large);
    assert_malformed(leaf, sizeof leaf - 1);
    assert_int_equal(trie_next_node(&rest, &node), ERR_OK); /* An item of seq 0 has no digest. */
    assert_int_equal(trie_node_digest(&node, digest), ERR_FORMAT);
}

static enum err asks_of(const struct trie_ask asks[], size_t count)
{
    static struct trie_ask read[LIMIT_TRIE_ASKS];
    struct buffer out = BUFFER(KIB(64));
    size_t got;

    for (size_t i = 0; i < count; i++)
        trie_write_ask(&out, &asks[i]);
    enum err err = trie_read_asks(buffer_bytes(&out), trie_shape(), read, &got);
    if (!err) {
        assert_int_equal(got, count);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(read[i].place.prefix, asks[i].place.prefix);
            assert_int_equal(read[i].place.depth, asks[i].place.depth);
            assert_memory_equal(read[i].digest, asks[i].digest, TRIE_DIGEST_LEN);
        }
    }
    buffer_free(&out);
    return err;
}

/* Nobody asks for a place within another, which would cost more than the whole trie. */
static void what_is_asked_is_of_one_depth_and_in_order(void **state)
{
    static struct trie_ask many[LIMIT_TRIE_ASKS + 1];
    struct trie_place one = trie_child(trie_shape(), TOP, 1), two = trie_child(trie_shape(), TOP, 2);
    struct trie_ask good[] = {{.place = one, .digest = {1}}, {.place = two, .digest = {2}}};
    struct trie_ask within[] = {{.place = one}, {.place = trie_child(trie_shape(), one, 3)}};
    struct trie_ask back[] = {{.place = two}, {.place = one}}, again[] = {{.place = one}, {.place = one}};
    struct trie_ask top[] = {{.place = TOP}}, crooked[] = {{.place = {.prefix = one.prefix | 16, .depth = 1}}};
    struct trie_ask deep[] = {{.place = {.prefix = 0, .depth = LIMIT_TRIE_DEPTH + 1}}};

    (void)state;
    for (unsigned i = 0; i <= LIMIT_TRIE_ASKS; i++)
        many[i].place = trie_child(trie_shape(), trie_child(trie_shape(), TOP, i / 64), i % 64);
    assert_int_equal(asks_of(good, 2), ERR_OK);
    assert_int_equal(asks_of(many, LIMIT_TRIE_ASKS), ERR_OK);
    assert_int_equal(asks_of(many, LIMIT_TRIE_ASKS + 1), ERR_FORMAT);
    assert_int_equal(asks_of(good, 0), ERR_FORMAT);
    assert_int_equal(asks_of(within, 2), ERR_FORMAT);
    assert_int_equal(asks_of(back, 2), ERR_FORMAT);
    assert_int_equal(asks_of(again, 2), ERR_FORMAT);
    assert_int_equal(asks_of(top, 1), ERR_FORMAT);
    assert_int_equal(asks_of(crooked, 1), ERR_FORMAT);
    assert_int_equal(asks_of(deep, 1), ERR_FORMAT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digest_tells_logs_seqs_and_entries_apart),
        cmocka_unit_test(branches_count_until_a_log_is_crowded),
        cmocka_unit_test(a_node_says_what_its_digest_says),
        cmocka_unit_test(the_trie_has_a_ground),
        cmocka_unit_test(malformed_nodes_are_refused),
        cmocka_unit_test(what_is_asked_is_of_one_depth_and_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
