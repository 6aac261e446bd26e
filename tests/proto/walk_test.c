/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/samples.h"

struct pair { /* What one has and the other walks down, and what that cost. */
    struct frontier *ours, *theirs;
    struct walk walk;
    size_t bytes, rounds;
    size_t change_at; /* The round after which a tip of theirs goes on; SIZE_MAX: none does. */
    bool lies;        /* One item of each leaf is another. */
};

static void set(struct frontier *f, unsigned log, uint64_t seq)
{
    struct head head = {.log = sample_id(log), .seq = seq, .entry = sample_id(log + 100000 * (unsigned)seq)};

    head.role = ROLE_COORDINATOR;
    assert_int_equal(frontier_set(f, &head), ERR_OK);
}

/* Two that have so many logs, of which the last `newer` go on at theirs, the first `lacking` are not at ours. */
static struct pair pair_of(unsigned logs, unsigned newer, unsigned lacking)
{
    struct pair p = {.ours = frontier_new(), .theirs = frontier_new(), .change_at = SIZE_MAX};

    for (unsigned i = 0; i < logs; i++) {
        if (i >= lacking)
            set(p.ours, i, 1);
        set(p.theirs, i, i + newer < logs ? 1 : 2);
    }
    return p;
}

static void end(struct pair *p)
{
    walk_end(&p->walk);
    frontier_free(p->ours);
    frontier_free(p->theirs);
}

static enum err take(struct pair *p, struct buffer *told, bool top)
{
    struct bytes rest = buffer_bytes(told);
    struct trie_node node;
    enum err err = trie_next_node(&rest, &node);

    p->bytes += told->len;
    if (p->lies && node.kind == TRIE_LEAF)
        told->at[3 + ID_LEN + 7] ^= 4; /* The last byte of the first item's seq. */
    if (!err)
        err = top ? walk_begin(&p->walk, p->ours, trie_shape(), &node)
                  : walk_take(&p->walk, p->ours, trie_shape(), &node);
    return err;
}

static enum err answer(struct pair *p, struct bytes asked)
{
    static struct trie_ask asks[LIMIT_TRIE_ASKS];
    struct buffer out = BUFFER(LIMIT_MESSAGE);
    uint8_t digest[TRIE_DIGEST_LEN];
    size_t count, len = 0;
    enum err err = trie_read_asks(asked, trie_shape(), asks, &count);

    for (size_t i = 0; !err && i < count && len < KIB(100); i++, len += out.len) {
        buffer_clear(&out);
        if (trie_digest(p->theirs, trie_shape(), asks[i].place, digest) &&
            memcmp(digest, asks[i].digest, sizeof digest) == 0)
            err = trie_write_node(&out, p->theirs, trie_shape(), asks[i].place);
        else
            trie_write_gone(&out);
        err = err ? err : take(p, &out, false);
    }
    buffer_free(&out);
    return err;
}

static enum err go(struct pair *p)
{
    struct buffer out = BUFFER(LIMIT_MESSAGE);
    enum err err = trie_write_node(&out, p->theirs, trie_shape(), (struct trie_place){.depth = 0});

    p->bytes = 0;
    err = err ? err : take(p, &out, true);
    for (buffer_clear(&out); !err && walk_ask(&p->walk, &out); buffer_clear(&out)) {
        if (p->walk.rounds == p->change_at)
            set(p->theirs, 3, 9);
        p->bytes += out.len;
        err = answer(p, buffer_bytes(&out));
    }
    p->rounds = p->walk.rounds;
    buffer_free(&out);
    return err;
}

static struct trie_ask *next_ask(const struct pair *p)
{
    return sorted_at(&p->walk.asks, p->walk.next);
}

static bool is_told(const struct walk *w, const struct head *head)
{
    for (size_t i = 0; i < w->told.count; i++) {
        const struct message_item *told = sorted_at(&w->told, i);

        if (id_equal(&told->log, &head->log) && told->seq == head->seq && told->role == head->role &&
            memcmp(told->tag, head->entry.at, MESSAGE_TAG_LEN) == 0)
            return true;
    }
    return false;
}

static void assert_all_is_told(const struct pair *p)
{
    assert_int_equal(p->walk.told.count, frontier_count(p->theirs));
    for (size_t i = 0; i < frontier_count(p->theirs); i++)
        assert_true(is_told(&p->walk, frontier_at(p->theirs, i)));
}

static void what_is_told_is_all_that_it_has(void **state)
{
    static const unsigned cases[][3] = {{300, 1, 0}, {300, 0, 1},   {300, 300, 0}, {300, 0, 299},  {300, 0, 300},
                                        {20, 1, 0},  {2000, 40, 9}, {3000, 10, 0}, {3000, 0, 3000}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pair p = pair_of(cases[i][0], cases[i][1], cases[i][2]);

        set(p.ours, 7000, 1); /* What it has not. */
        assert_int_equal(go(&p), ERR_OK);
        assert_all_is_told(&p);
        end(&p);
    }
}

static void all_branches_are_told(void **state)
{
    struct pair p = pair_of(1000, 0, 0);
    struct head head = *frontier_at(p.theirs, 400);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        head.entry = sample_id(9000 + i);
        assert_int_equal(frontier_add(p.theirs, NULL, &head, NULL), ERR_OK);
    }
    assert_int_equal(go(&p), ERR_OK);
    assert_all_is_told(&p);
    end(&p);
}

/* The figures of docs/PROTOCOL.md, 2, "Trie": bytes of one direction, where a VECTOR has 57 for each log. */
static void it_costs_what_the_page_says(void **state)
{
    static const struct {
        unsigned logs, newer;
        size_t bytes, rounds;
    } cases[] = {{256, 1, 1400, 1},   {256, 10, 4400, 1},      {256, 256, 17300, 1},  {1000, 10, 11000, 1},
                 {3000, 10, 7300, 2}, {3000, 3000, 263100, 7}, {16000, 10, 14300, 2}, {16000, 16000, 1101000, 12}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pair p = pair_of(cases[i].logs, cases[i].newer, 0);

        assert_int_equal(go(&p), ERR_OK);
        assert_in_range(p.bytes, cases[i].bytes * 9 / 10, cases[i].bytes);
        assert_in_range(p.rounds, 1, cases[i].rounds);
        end(&p);
    }
}

static void what_changed_meanwhile_is_left_out(void **state)
{
    struct pair p = pair_of(3000, 3000, 0);

    (void)state;
    p.change_at = 2;
    assert_int_equal(go(&p), ERR_OK);
    assert_true(p.walk.told.count < 3000 && p.walk.told.count >= 3000 - LIMIT_TRIE_LEAF);
    end(&p);
}

static void a_lie_does_not_have_the_digest_that_was_told(void **state)
{
    struct pair p = pair_of(3000, 10, 0);

    (void)state;
    p.lies = true;
    assert_int_equal(go(&p), ERR_AUTH);
    end(&p);
}

/* Each of its nodes has all children, and all have the digest that was told: it has no bottom, but the walk has. */
static void a_trie_without_end_is_left(void **state)
{
    struct buffer inner = BUFFER(KIB(2)), out = BUFFER(LIMIT_MESSAGE);
    struct pair p = pair_of(300, 0, 0);
    uint8_t child[TRIE_DIGEST_LEN] = {9};
    struct trie_node node;
    enum err err = ERR_OK;

    (void)state;
    buffer_u8(&inner, TRIE_INNER);
    buffer_u64(&inner, UINT64_MAX);
    for (int i = 0; i < 64; i++)
        buffer_add(&inner, bytes_of(child, sizeof child));
    struct bytes rest = buffer_bytes(&inner);
    assert_int_equal(trie_next_node(&rest, &node), ERR_OK);
    assert_int_equal(walk_begin(&p.walk, p.ours, trie_shape(), &node), ERR_OK);
    for (; !err && walk_ask(&p.walk, &out) && p.walk.rounds < 1000; buffer_clear(&out))
        for (size_t asked = p.walk.end - p.walk.next; !err && asked > 0; asked--) {
            assert_int_equal(trie_node_digest(&node, next_ask(&p)->digest), ERR_OK); /* As if it were so. */
            err = walk_take(&p.walk, p.ours, trie_shape(), &node);
        }
    assert_int_equal(err, ERR_LIMIT);
    assert_true(walk_memory(&p.walk) <= MIB(2));
    buffer_free(&inner);
    buffer_free(&out);
    end(&p);
}

static void below_the_ground_and_beside_what_was_asked_is_nothing(void **state)
{
    struct pair p = pair_of(3, 0, 0);
    struct buffer out = BUFFER(KIB(1));
    uint8_t child[TRIE_DIGEST_LEN] = {9};
    struct trie_node node;

    (void)state;
    buffer_u8(&out, TRIE_INNER);
    buffer_u64(&out, 1);
    buffer_add(&out, bytes_of(child, sizeof child));
    struct bytes rest = buffer_bytes(&out);
    assert_int_equal(trie_next_node(&rest, &node), ERR_OK);
    assert_int_equal(walk_begin(&p.walk, p.ours, trie_shape(), &node), ERR_OK);
    assert_int_equal(walk_take(&p.walk, p.ours, trie_shape(), &node), ERR_FORMAT); /* Nothing was asked yet. */
    for (unsigned depth = 1; depth <= LIMIT_TRIE_DEPTH; depth++) {
        struct buffer asked = BUFFER(KIB(1));

        assert_true(walk_ask(&p.walk, &asked));
        assert_int_equal(next_ask(&p)->place.depth, depth);
        assert_int_equal(trie_node_digest(&node, next_ask(&p)->digest), ERR_OK);
        assert_int_equal(walk_take(&p.walk, p.ours, trie_shape(), &node),
                         depth < LIMIT_TRIE_DEPTH ? ERR_OK : ERR_FORMAT);
        buffer_free(&asked);
    }
    buffer_free(&out);
    end(&p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_is_all_that_it_has),
        cmocka_unit_test(all_branches_are_told),
        cmocka_unit_test(it_costs_what_the_page_says),
        cmocka_unit_test(what_changed_meanwhile_is_left_out),
        cmocka_unit_test(a_lie_does_not_have_the_digest_that_was_told),
        cmocka_unit_test(a_trie_without_end_is_left),
        cmocka_unit_test(below_the_ground_and_beside_what_was_asked_is_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
