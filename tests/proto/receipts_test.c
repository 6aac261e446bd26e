/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/receipts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/samples.h"

static const struct id NOTHING;

/* Two sets: one of a node that signs, one of another that hears of it. */
struct pair {
    struct id network;
    struct signing_key key;
    struct frontier *frontier;
    struct receipts *ours, *theirs;
    uint64_t number;
};

static struct head head_of(unsigned log, uint64_t seq)
{
    return (struct head){
        .log = sample_id(log), .seq = seq, .entry = sample_id(log * 1000 + (unsigned)seq), .role = ROLE_COORDINATOR};
}

static void grow(struct frontier *f, unsigned log, uint64_t seq)
{
    struct head head = head_of(log, seq);

    assert_int_equal(frontier_set(f, &head), ERR_OK);
}

static void begin(struct pair *p)
{
    uint8_t seed[SSHSIG_SEED_LEN] = {3};

    *p = (struct pair){.network = sample_id(77)};
    sshsig_key_from_seed(&p->key, seed);
    p->frontier = frontier_new();
    p->ours = receipts_new(&p->network);
    p->theirs = receipts_new(&p->network);
    assert_true(p->frontier && p->ours && p->theirs);
    for (unsigned log = 1; log <= 20; log++)
        grow(p->frontier, log, log);
}

static void end(struct pair *p)
{
    frontier_free(p->frontier);
    receipts_free(p->ours);
    receipts_free(p->theirs);
}

static size_t sign(struct pair *p, const struct receipt_lack lacks[], size_t count)
{
    struct receipt receipt = {.node = p->key.public,
                              .store_id = 1,
                              .number = ++p->number,
                              .root = frontier_root(p->frontier),
                              .lacking = (uint32_t)count};

    if (count)
        receipt.lacks = receipt_lacks(lacks, count);
    assert_int_equal(receipts_remember(p->ours, p->frontier), ERR_OK);
    assert_int_equal(receipt_sign(&receipt, &p->network, &p->key), ERR_OK);
    assert_int_equal(receipts_put(p->ours, &receipt, lacks, count), ERR_OK);
    return receipts_find(p->ours, &p->key.public);
}

static enum err brief(struct pair *p, size_t place)
{
    struct buffer out = BUFFER(KIB(1));
    struct receipts_brief brief;

    receipts_write_brief(p->ours, place, &out);
    assert_int_equal(out.len, RECEIPTS_BRIEF_LEN);
    struct bytes rest = buffer_bytes(&out);
    assert_int_equal(receipts_next_brief(&rest, &brief), ERR_OK);
    enum err err = receipts_read_brief(p->theirs, &p->key.public, &brief);
    buffer_free(&out);
    return err;
}

static enum err whole(struct pair *p, size_t place, const struct id *base, size_t *len)
{
    struct buffer out = BUFFER(LIMIT_RECEIPT_PROOF);

    receipts_write(p->ours, place, base, &out);
    assert_int_equal(buffer_error(&out), ERR_OK);
    *len = out.len;
    enum err err = receipts_read(p->theirs, buffer_bytes(&out), &place);
    buffer_free(&out);
    return err;
}

static bool holds(const struct pair *p, unsigned log, uint64_t seq)
{
    size_t place = receipts_find(p->theirs, &p->key.public);
    struct head head = head_of(log, seq);

    return place != SIZE_MAX &&
           receipts_holds(receipts_at(p->theirs, place), &head.log, head.seq, &head.entry, NULL, NULL);
}

static void whoever_has_the_same_needs_no_proof(void **state)
{
    struct pair p;
    size_t place;

    (void)state;
    begin(&p);
    place = sign(&p, NULL, 0);
    assert_int_equal(brief(&p, place), ERR_MISSING);
    assert_false(holds(&p, 3, 3));
    assert_int_equal(receipts_remember(p.theirs, p.frontier), ERR_OK);
    assert_int_equal(brief(&p, place), ERR_OK);
    assert_true(holds(&p, 3, 3));
    assert_true(holds(&p, 3, 2));
    assert_false(holds(&p, 3, 4));
    assert_false(holds(&p, 21, 1));
    assert_int_equal(brief(&p, place), ERR_EXISTS);
    end(&p);
}

static void a_frontier_that_was_had_before_is_remembered(void **state)
{
    struct pair p;
    size_t place;

    (void)state;
    begin(&p);
    place = sign(&p, NULL, 0);
    assert_int_equal(receipts_remember(p.theirs, p.frontier), ERR_OK);
    for (uint64_t seq = 100; seq < 140; seq++) {
        grow(p.frontier, 5, seq);
        assert_int_equal(receipts_remember(p.theirs, p.frontier), ERR_OK);
    }
    assert_int_equal(brief(&p, place), ERR_OK);
    assert_true(holds(&p, 5, 5));
    assert_false(holds(&p, 5, 100)); /* What is here is not what is there. */
    end(&p);
}

static bool is_a_point(const struct pair *p, const struct id *root)
{
    struct id points[LIMIT_POINTS];
    size_t count = receipts_points(p->ours, &p->key.public, points);

    assert_true(count <= LIMIT_POINTS);
    for (size_t i = 0; i < count; i++)
        if (id_equal(&points[i], root))
            return true;
    return false;
}

/* A hundred people publish while the line is cut: what differs is told from the state before it. */
static void what_a_peer_had_outlasts_what_was_only_ours(void **state)
{
    struct pair p;
    struct id passed, shared, old;

    (void)state;
    begin(&p);
    assert_int_equal(receipts_remember(p.ours, p.frontier), ERR_OK);
    passed = frontier_root(p.frontier);
    grow(p.frontier, 5, 99);
    assert_int_equal(receipts_remember(p.ours, p.frontier), ERR_OK);
    assert_int_equal(receipts_remember_shared(p.ours, p.frontier), ERR_OK); /* We had it before the peer did. */
    shared = old = frontier_root(p.frontier);
    for (uint64_t seq = 100; seq < 300; seq++) {
        grow(p.frontier, 5, seq);
        assert_int_equal(receipts_remember(p.ours, p.frontier), ERR_OK);
    }
    assert_true(receipts_knows(p.ours, &shared) && is_a_point(&p, &shared));
    assert_false(receipts_knows(p.ours, &passed));
    /* Not for ever: peers keep up, and the newest are always known. */
    for (uint64_t seq = 300; seq < 500; seq++) {
        grow(p.frontier, 5, seq);
        assert_int_equal(receipts_remember_shared(p.ours, p.frontier), ERR_OK);
        shared = frontier_root(p.frontier);
        assert_true(receipts_knows(p.ours, &shared) && is_a_point(&p, &shared));
    }
    assert_false(receipts_knows(p.ours, &old));
    end(&p);
}

static void a_proof_tells_what_differs_from_what_the_other_has(void **state)
{
    struct pair p;
    size_t place, all, some;

    (void)state;
    begin(&p);
    assert_int_equal(receipts_remember(p.theirs, p.frontier), ERR_OK);
    struct id base = frontier_root(p.frontier);
    assert_int_equal(receipts_remember(p.ours, p.frontier), ERR_OK);
    grow(p.frontier, 4, 9);
    grow(p.frontier, 30, 1);
    place = sign(&p, NULL, 0);
    assert_int_equal(brief(&p, place), ERR_MISSING);
    assert_int_equal(whole(&p, place, &base, &some), ERR_OK);
    assert_int_equal(some, RECEIPT_LEN + ID_LEN + 2 * (2 * ID_LEN + 8));
    assert_true(holds(&p, 4, 9) && holds(&p, 30, 1) && holds(&p, 20, 20));
    place = sign(&p, NULL, 0);
    assert_int_equal(whole(&p, place, &NOTHING, &all), ERR_OK);
    assert_true(all > some);
    end(&p);
}

static void a_proof_tells_of_a_log_that_is_not_there(void **state)
{
    struct pair p;
    struct frontier *more = frontier_new();
    size_t place, len;

    (void)state;
    begin(&p);
    for (unsigned log = 1; log <= 22; log++)
        grow(more, log, log);
    assert_int_equal(receipts_remember(p.theirs, more), ERR_OK);
    assert_int_equal(receipts_remember(p.ours, more), ERR_OK);
    struct id base = frontier_root(more);
    place = sign(&p, NULL, 0);
    assert_int_equal(whole(&p, place, &base, &len), ERR_OK);
    assert_int_equal(len, RECEIPT_LEN + ID_LEN + 2 * (ID_LEN + 8));
    assert_false(holds(&p, 21, 21));
    assert_true(holds(&p, 20, 20));
    assert_int_equal(receipts_behind(receipts_at(p.theirs, receipts_find(p.theirs, &p.key.public)), more), 21 + 22);
    frontier_free(more);
    end(&p);
}

static void a_proof_from_unknown_ground_is_no_proof(void **state)
{
    struct pair p;
    size_t place, len;

    (void)state;
    begin(&p);
    struct id base = frontier_root(p.frontier);
    assert_int_equal(receipts_remember(p.ours, p.frontier), ERR_OK);
    grow(p.frontier, 1, 50);
    place = sign(&p, NULL, 0);
    assert_int_equal(whole(&p, place, &base, &len), ERR_MISSING);
    assert_int_equal(receipts_find(p.theirs, &p.key.public), SIZE_MAX);
    end(&p);
}

/* Whoever passes a receipt on cannot make it say more, nor less, nor something else. */
static void a_proof_that_was_touched_proves_nothing(void **state)
{
    struct receipt_lack lacks[2] = {{sample_id(5005), RECEIPT_LACKS_TEXT}, {sample_id(7007), RECEIPT_LACKS_FILES}};
    struct buffer out = BUFFER(LIMIT_RECEIPT_PROOF);
    struct pair p;
    size_t place;

    (void)state;
    begin(&p);
    if (id_compare(&lacks[0].entry, &lacks[1].entry) > 0) {
        struct receipt_lack first = lacks[0];

        lacks[0] = lacks[1];
        lacks[1] = first;
    }
    place = sign(&p, lacks, 2);
    receipts_write(p.ours, place, &NOTHING, &out);
    for (size_t at = 0; at < out.len; at++) {
        out.at[at] ^= 1;
        enum err err = receipts_read(p.theirs, buffer_bytes(&out), &place);
        assert_true(err == ERR_AUTH || err == ERR_FORMAT || err == ERR_LIMIT || err == ERR_MISSING);
        out.at[at] ^= 1;
    }
    for (size_t cut = 0; cut < out.len; cut++)
        assert_int_not_equal(receipts_read(p.theirs, bytes_of(out.at, cut), &place), ERR_OK);
    assert_int_equal(receipts_find(p.theirs, &p.key.public), SIZE_MAX);
    assert_int_equal(receipts_read(p.theirs, buffer_bytes(&out), &place), ERR_OK);
    const struct receipts_node *node = receipts_at(p.theirs, place);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(receipts_lacks(node, &lacks[i].entry), lacks[i].part);
    struct id held = sample_id(6006);
    assert_int_equal(receipts_lacks(node, &held), 0);
    buffer_free(&out);
    end(&p);
}

static void an_older_receipt_does_not_come_back(void **state)
{
    struct buffer old = BUFFER(LIMIT_RECEIPT_PROOF);
    struct pair p;
    size_t place, len;

    (void)state;
    begin(&p);
    place = sign(&p, NULL, 0);
    receipts_write(p.ours, place, &NOTHING, &old);
    grow(p.frontier, 2, 40);
    place = sign(&p, NULL, 0);
    assert_int_equal(whole(&p, place, &NOTHING, &len), ERR_OK);
    assert_int_equal(receipts_read(p.theirs, buffer_bytes(&old), &place), ERR_EXISTS);
    assert_true(holds(&p, 2, 40));
    buffer_free(&old);
    end(&p);
}

static void where_too_much_is_missing_no_content_counts(void **state)
{
    struct pair p;
    struct id entry = sample_id(1001);

    (void)state;
    begin(&p);
    (void)sign(&p, NULL, 0);
    struct receipt receipt = receipts_at(p.ours, 0)->receipt;
    receipt.lacking = RECEIPT_MANY;
    receipt.number++;
    assert_int_equal(receipt_sign(&receipt, &p.network, &p.key), ERR_OK);
    assert_int_equal(receipts_put(p.ours, &receipt, NULL, 0), ERR_OK);
    assert_false(receipts_is_brief(p.ours, 0));
    assert_int_equal(receipts_lacks(receipts_at(p.ours, 0), &entry), RECEIPT_LACKS_TEXT);
    end(&p);
}

static void where_many_attachments_are_missing_texts_count(void **state)
{
    struct receipt_lack lack = {sample_id(1001), RECEIPT_LACKS_TEXT};
    struct buffer out = BUFFER(LIMIT_RECEIPT_PROOF);
    struct id other = sample_id(1002);
    struct pair p;
    size_t place;

    (void)state;
    begin(&p);
    (void)sign(&p, NULL, 0);
    struct receipt receipt = receipts_at(p.ours, 0)->receipt;
    receipt.texts_only = true;
    receipt.number++;
    assert_int_equal(receipt_sign(&receipt, &p.network, &p.key), ERR_OK);
    assert_int_equal(receipts_put(p.ours, &receipt, NULL, 0), ERR_OK);
    assert_false(receipts_is_brief(p.ours, 0)); /* In brief it would say that it lacks nothing. */
    assert_int_equal(receipts_lacks(receipts_at(p.ours, 0), &other), RECEIPT_LACKS_FILES);
    receipt.lacking = 1;
    receipt.lacks = receipt_lacks(&lack, 1);
    receipt.number++;
    assert_int_equal(receipt_sign(&receipt, &p.network, &p.key), ERR_OK);
    assert_int_equal(receipts_put(p.ours, &receipt, &lack, 1), ERR_OK);
    receipts_write(p.ours, 0, &NOTHING, &out);
    assert_int_equal(receipts_read(p.theirs, buffer_bytes(&out), &place), ERR_OK);
    assert_int_equal(receipts_lacks(receipts_at(p.theirs, place), &lack.entry), RECEIPT_LACKS_TEXT);
    assert_int_equal(receipts_lacks(receipts_at(p.theirs, place), &other), RECEIPT_LACKS_FILES);
    buffer_free(&out);
    end(&p);
}

static void what_is_new_is_told_once(void **state)
{
    struct pair p;

    (void)state;
    begin(&p);
    assert_int_equal(receipts_next_changed(p.ours), SIZE_MAX);
    size_t place = sign(&p, NULL, 0);
    assert_int_equal(receipts_next_changed(p.ours), place);
    assert_int_equal(receipts_next_changed(p.ours), SIZE_MAX);
    end(&p);
}

static enum receipts_lead says(void *context, const struct receipt_tip *tip, uint64_t seq, const struct id *entry)
{
    (void)tip;
    (void)seq;
    (void)entry;
    return *(const enum receipts_lead *)context;
}

static void of_several_branches_only_those_count_that_are_known_to_lead_there(void **state)
{
    struct pair p;
    struct head branch = head_of(3, 9), first = head_of(3, 1);
    enum receipts_lead lead = RECEIPTS_UNKNOWN;

    (void)state;
    begin(&p);
    assert_int_equal(frontier_add(p.frontier, NULL, &branch, NULL), ERR_OK);
    size_t place = sign(&p, NULL, 0);
    const struct receipts_node *node = receipts_at(p.ours, place);
    assert_true(receipts_holds(node, &branch.log, 9, &branch.entry, says, &lead));
    assert_false(receipts_holds(node, &first.log, 1, &first.entry, says, &lead));
    lead = RECEIPTS_LEADS;
    assert_true(receipts_holds(node, &first.log, 1, &first.entry, says, &lead));
    lead = RECEIPTS_LEADS_NOT;
    assert_false(receipts_holds(node, &first.log, 1, &first.entry, says, &lead));
    first = head_of(4, 1);
    assert_false(receipts_holds(node, &first.log, 1, &first.entry, says, &lead));
    lead = RECEIPTS_UNKNOWN;
    assert_true(receipts_holds(node, &first.log, 1, &first.entry, says, &lead));
    end(&p);
}

/* Whoever signs the same root may have other branches. */
static void of_a_crowded_log_a_receipt_says_nothing(void **state)
{
    struct pair p;
    struct head tip = head_of(3, 3);

    (void)state;
    begin(&p);
    for (unsigned i = 1; i < LIMIT_BRANCHES; i++) {
        struct head branch = head_of(3, 100 + i);
        const struct receipts_node *node = receipts_at(p.ours, sign(&p, NULL, 0));

        assert_true(receipts_holds(node, &tip.log, 3, &tip.entry, NULL, NULL));
        assert_int_equal(frontier_add(p.frontier, NULL, &branch, NULL), ERR_OK);
    }
    const struct receipts_node *node = receipts_at(p.ours, sign(&p, NULL, 0));
    assert_false(receipts_holds(node, &tip.log, 3, &tip.entry, NULL, NULL));
    tip = head_of(4, 4);
    assert_true(receipts_holds(node, &tip.log, 4, &tip.entry, NULL, NULL));
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_has_the_same_needs_no_proof),
        cmocka_unit_test(a_frontier_that_was_had_before_is_remembered),
        cmocka_unit_test(what_a_peer_had_outlasts_what_was_only_ours),
        cmocka_unit_test(a_proof_tells_what_differs_from_what_the_other_has),
        cmocka_unit_test(a_proof_tells_of_a_log_that_is_not_there),
        cmocka_unit_test(a_proof_from_unknown_ground_is_no_proof),
        cmocka_unit_test(a_proof_that_was_touched_proves_nothing),
        cmocka_unit_test(an_older_receipt_does_not_come_back),
        cmocka_unit_test(where_too_much_is_missing_no_content_counts),
        cmocka_unit_test(where_many_attachments_are_missing_texts_count),
        cmocka_unit_test(what_is_new_is_told_once),
        cmocka_unit_test(of_several_branches_only_those_count_that_are_known_to_lead_there),
        cmocka_unit_test(of_a_crowded_log_a_receipt_says_nothing),
    };

    return cmocka_run_group_tests_name("proto.receipts", tests, NULL, NULL);
}
