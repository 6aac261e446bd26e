/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/reach.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/home.h"
#include "tests/support/samples.h"

#define NODES 3
#define NOW UINT64_C(1750000000000)

/* Three kibbutzim with a node each; the first is our own. */
struct place {
    struct home home;
    struct index *index;
    struct id network;
    struct signing_key keys[NODES];
    struct id kibbutzim[NODES];
    struct frontier *frontier;
    struct receipts *receipts;
    struct receipt_file *file;
    struct reach *reach;
};

static struct head head_of(unsigned log, uint64_t seq)
{
    return (struct head){
        .log = sample_id(log), .seq = seq, .entry = sample_id(log * 1000 + (unsigned)seq), .role = ROLE_COORDINATOR};
}

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    struct id members[NODES];
    struct receipt_seat nodes[NODES];
    struct receipt_world world = {.members = members, .member_count = NODES, .nodes = nodes, .node_count = NODES};

    assert_non_null(p);
    p->home = home_make();
    p->network = sample_id(99);
    assert_int_equal(mkdir(home_file(&p->home, "keys"), 0700), 0);
    assert_int_equal(index_open(home_file(&p->home, "index.sqlite"), true, &p->index, NULL), ERR_OK);
    p->frontier = frontier_new();
    p->receipts = receipts_new(&p->network);
    for (unsigned i = 0; i < NODES; i++) {
        uint8_t seed[SSHSIG_SEED_LEN] = {(uint8_t)(i + 1)};

        sshsig_key_from_seed(&p->keys[i], seed);
        p->kibbutzim[i] = (struct id){{(uint8_t)(i + 1)}};
        members[i] = p->kibbutzim[i];
        nodes[i] = (struct receipt_seat){.node = p->keys[i].public, .kibbutz = p->kibbutzim[i]};
    }
    world.own = p->keys[0].public;
    assert_int_equal(receipt_file_open(p->home.path, true, &p->file), ERR_OK);
    assert_int_equal(receipt_file_set_world(p->file, &world), ERR_OK);
    assert_int_equal(reach_open(p->home.path, &p->reach), ERR_OK);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    struct place *p = *state;

    reach_close(p->reach);
    receipt_file_close(p->file);
    receipts_free(p->receipts);
    frontier_free(p->frontier);
    index_close(p->index);
    home_remove(&p->home);
    free(p);
    return 0;
}

static void grow(struct place *p, unsigned log, uint64_t seq)
{
    struct head head = head_of(log, seq);

    assert_int_equal(frontier_set(p->frontier, &head), ERR_OK);
}

/* The node signs that it holds what the frontier is now, and that is written down. */
static void sign(struct place *p, unsigned node, uint64_t ms, const struct id *lacks, uint8_t part)
{
    struct receipt_lack lack = {.part = part};
    struct receipt receipt = {
        .node = p->keys[node].public, .store_id = 1, .number = ENTRY_CLOCK(ms, 0), .root = frontier_root(p->frontier)};

    if (lacks) {
        lack.entry = *lacks;
        receipt.lacking = 1;
        receipt.lacks = receipt_lacks(&lack, 1);
    }
    assert_int_equal(receipts_remember(p->receipts, p->frontier), ERR_OK);
    assert_int_equal(receipt_sign(&receipt, &p->network, &p->keys[node]), ERR_OK);
    assert_int_equal(receipts_put(p->receipts, &receipt, &lack, lacks != NULL), ERR_OK);
    assert_int_equal(receipt_file_put(p->file, p->receipts, receipts_find(p->receipts, &receipt.node), ms + 5000),
                     ERR_OK);
}

/* Attachments are missing of more contents than it lists. */
static void sign_texts(struct place *p, unsigned node, uint64_t ms)
{
    struct receipt receipt = {.node = p->keys[node].public,
                              .store_id = 1,
                              .number = ENTRY_CLOCK(ms, 0),
                              .root = frontier_root(p->frontier),
                              .texts_only = true};

    assert_int_equal(receipts_remember(p->receipts, p->frontier), ERR_OK);
    assert_int_equal(receipt_sign(&receipt, &p->network, &p->keys[node]), ERR_OK);
    assert_int_equal(receipts_put(p->receipts, &receipt, NULL, 0), ERR_OK);
    assert_int_equal(receipt_file_put(p->file, p->receipts, receipts_find(p->receipts, &receipt.node), ms + 5000),
                     ERR_OK);
}

static struct index_revision revision_of(const struct place *p, unsigned log, uint64_t seq)
{
    struct head head = head_of(log, seq);

    return (struct index_revision){.log = head.log,
                                   .seq = seq,
                                   .revision = head.entry,
                                   .document = head.entry,
                                   .kibbutz = p->kibbutzim[0],
                                   .audience = ACT_FOR_NETWORK,
                                   .here = true};
}

struct seen {
    struct reach_kibbutz all[NODES];
    size_t count;
};

static void see(void *context, const struct reach_kibbutz *kibbutz)
{
    struct seen *seen = context;

    seen->all[seen->count++] = *kibbutz;
}

static struct seen look(struct place *p, const struct index_revision *revision)
{
    struct seen seen = {.count = 0};

    assert_int_equal(reach_refresh(p->reach, p->index), ERR_OK);
    reach_each(p->reach, p->index, revision, see, &seen);
    return seen;
}

static void before_any_receipt_only_the_own_kibbutz_has_it(void **state)
{
    struct place *p = *state;
    struct index_revision revision = revision_of(p, 1, 1);
    struct seen seen = look(p, &revision);
    struct reach_count count = reach_count(p->reach, p->index, &revision);

    assert_int_equal(seen.count, NODES);
    assert_true(seen.all[0].is_own);
    assert_true(id_equal(reach_own(p->reach), &p->kibbutzim[0]));
    assert_int_equal(seen.all[0].has, REACH_ALL);
    assert_int_equal(seen.all[1].has, REACH_NOTHING);
    assert_int_equal(seen.all[1].heard_ms, 0);
    assert_int_equal(count.reached, 1);
    assert_int_equal(count.of, NODES);
}

static void what_receipts_say_is_counted_by_kibbutz(void **state)
{
    struct place *p = *state;
    struct index_revision first = revision_of(p, 1, 1), second = revision_of(p, 1, 2);

    grow(p, 1, 1);
    sign(p, 1, NOW, NULL, 0);
    grow(p, 1, 2);
    sign(p, 2, NOW + 1000, NULL, 0);
    struct seen seen = look(p, &second);
    assert_int_equal(seen.all[1].has, REACH_NOTHING);
    assert_int_equal(seen.all[1].since_ms, 0);
    assert_int_equal(seen.all[1].heard_ms, NOW);
    assert_int_equal(seen.all[2].has, REACH_ALL);
    assert_int_equal(seen.all[2].since_ms, NOW + 1000);
    struct reach_count count = reach_count(p->reach, p->index, &first);
    assert_int_equal(count.reached, 3);
    sign(p, 1, NOW + 2000, NULL, 0); /* It catches up. */
    assert_int_equal(reach_refresh(p->reach, p->index), ERR_OK);
    count = reach_count(p->reach, p->index, &second);
    assert_int_equal(count.reached, 3);
}

static void an_entry_without_its_text_is_not_all(void **state)
{
    struct place *p = *state;
    struct index_revision revision = revision_of(p, 1, 1);

    grow(p, 1, 1);
    sign(p, 1, NOW, &revision.revision, RECEIPT_LACKS_TEXT);
    sign(p, 2, NOW, &revision.revision, RECEIPT_LACKS_FILES);
    struct seen seen = look(p, &revision);
    assert_int_equal(seen.all[1].has, REACH_ENTRY);
    assert_int_equal(seen.all[2].has, REACH_TEXT);
    struct reach_count count = reach_count(p->reach, p->index, &revision);
    assert_int_equal(count.reached, 1);
    struct index_attachment scan = {
        .entry = revision.revision, .place = 1, .name = bytes_text("scan.pdf"), .digest = sample_id(77), .size = 9};
    assert_int_equal(index_add_attachment(p->index, &scan), ERR_OK);
    seen = look(p, &revision);
    assert_int_equal(seen.all[0].has, REACH_TEXT);
    assert_int_equal(index_set_file(p->index, &scan.digest), ERR_OK);
    seen = look(p, &revision);
    assert_int_equal(seen.all[0].has, REACH_ALL);
    revision.here = false;
    seen = look(p, &revision);
    assert_int_equal(seen.all[0].has, REACH_ENTRY);
}

static void who_lacks_many_attachments_has_what_has_none(void **state)
{
    struct place *p = *state;
    struct index_revision revision = revision_of(p, 1, 1);
    struct index_attachment scan = {
        .entry = revision.revision, .place = 1, .name = bytes_text("scan.pdf"), .digest = sample_id(77), .size = 9};

    grow(p, 1, 1);
    sign_texts(p, 1, NOW);
    struct seen seen = look(p, &revision);
    assert_int_equal(seen.all[1].has, REACH_ALL);
    revision.here = false; /* Who knows whether it has any? */
    seen = look(p, &revision);
    assert_int_equal(seen.all[1].has, REACH_TEXT);
    revision.here = true;
    assert_int_equal(index_add_attachment(p->index, &scan), ERR_OK);
    seen = look(p, &revision);
    assert_int_equal(seen.all[1].has, REACH_TEXT);
    sign(p, 1, NOW + 1000, NULL, 0);
    seen = look(p, &revision);
    assert_int_equal(seen.all[1].has, REACH_ALL);
}

static void what_is_for_one_kibbutz_is_not_missing_elsewhere(void **state)
{
    struct place *p = *state;
    struct index_revision revision = revision_of(p, 1, 1);

    revision.audience = ACT_FOR_KIBBUTZ;
    struct seen seen = look(p, &revision);
    assert_int_equal(seen.count, 1);
    assert_true(id_equal(&seen.all[0].kibbutz, &p->kibbutzim[0]));
}

static void a_clock_that_runs_ahead_is_heard_when_it_came(void **state)
{
    struct place *p = *state;

    grow(p, 1, 1);
    sign(p, 1, NOW, NULL, 0);
    struct receipt receipt = receipts_at(p->receipts, 0)->receipt;
    receipt.number = ENTRY_CLOCK(NOW + UINT64_C(1000000000), 0);
    assert_int_equal(receipt_sign(&receipt, &p->network, &p->keys[1]), ERR_OK);
    assert_int_equal(receipts_put(p->receipts, &receipt, NULL, 0), ERR_OK);
    assert_int_equal(receipt_file_put(p->file, p->receipts, 0, NOW + 1), ERR_OK);
    struct seen seen = look(p, NULL);
    assert_int_equal(seen.all[1].heard_ms, NOW + 1);
}

static void silence_and_being_cut_off_are_told(void **state)
{
    struct place *p = *state;
    struct reach_freshness fresh;

    grow(p, 1, 1);
    sign(p, 1, NOW, NULL, 0);
    sign(p, 2, NOW, NULL, 0);
    assert_int_equal(receipt_file_set_complete(p->file, NOW), ERR_OK);
    assert_int_equal(reach_refresh(p->reach, p->index), ERR_OK);
    fresh = reach_freshness(p->reach, NOW + 1000);
    assert_int_equal(fresh.others, 2);
    assert_int_equal(fresh.silent, 0);
    assert_int_equal(fresh.complete_ms, NOW);
    assert_false(fresh.cut_off);
    sign(p, 1, NOW + REACH_SILENT_MS, NULL, 0);
    assert_int_equal(receipt_file_set_complete(p->file, NOW + REACH_SILENT_MS), ERR_OK);
    assert_int_equal(reach_refresh(p->reach, p->index), ERR_OK);
    fresh = reach_freshness(p->reach, NOW + REACH_SILENT_MS + 1000);
    assert_int_equal(fresh.silent, 1);
    assert_false(fresh.cut_off); /* One of two is silent: that is theirs. */
    fresh = reach_freshness(p->reach, NOW + 3 * REACH_SILENT_MS);
    assert_int_equal(fresh.silent, 2);
    assert_true(fresh.cut_off);
}

static void a_home_without_receipts_knows_nothing_and_fails_not(void **state)
{
    struct place *p = *state;
    struct home empty = home_make();
    struct reach *reach;
    struct index_revision revision = revision_of(p, 1, 1);

    assert_int_equal(reach_open(empty.path, &reach), ERR_OK);
    assert_int_equal(reach_refresh(reach, p->index), ERR_OK);
    assert_int_equal(reach_count(reach, p->index, &revision).of, 0);
    assert_false(reach_freshness(reach, NOW).cut_off);
    reach_close(reach);
    home_remove(&empty);
}

static void tips_that_nothing_rests_on_are_not_kept(void **state)
{
    struct place *p = *state;
    struct receipts *again = receipts_new(&p->network);

    for (uint64_t seq = 1; seq < 20; seq++) {
        grow(p, 1, seq);
        sign(p, 1, NOW + seq, NULL, 0);
    }
    assert_int_equal(receipt_file_load(p->file, again, NULL, NULL), ERR_OK);
    assert_int_equal(receipts_count(again), 1);
    assert_int_equal(receipts_at(again, 0)->receipt.number, ENTRY_CLOCK(NOW + 19, 0));
    assert_int_equal(receipts_at(again, 0)->tips->at[0].seq, 19);
    receipts_free(again);
}

static void the_own_receipt_is_kept_apart(void **state)
{
    struct place *p = *state;
    struct receipt read;

    assert_int_equal(receipt_file_own(p->home.path, &read), ERR_MISSING);
    grow(p, 1, 1);
    sign(p, 0, NOW, NULL, 0);
    assert_int_equal(receipt_file_keep_own(p->home.path, &receipts_at(p->receipts, 0)->receipt), ERR_OK);
    assert_int_equal(receipt_file_own(p->home.path, &read), ERR_OK);
    assert_int_equal(read.number, ENTRY_CLOCK(NOW, 0));
    assert_int_equal(receipt_verify(&read, &p->network), ERR_OK);
    home_write(home_file(&p->home, "keys/receipt"), bytes_text("igum own receipt 1\n00\n"));
    assert_int_equal(receipt_file_own(p->home.path, &read), ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(before_any_receipt_only_the_own_kibbutz_has_it, make_place, remove_place),
        cmocka_unit_test_setup_teardown(what_receipts_say_is_counted_by_kibbutz, make_place, remove_place),
        cmocka_unit_test_setup_teardown(an_entry_without_its_text_is_not_all, make_place, remove_place),
        cmocka_unit_test_setup_teardown(who_lacks_many_attachments_has_what_has_none, make_place, remove_place),
        cmocka_unit_test_setup_teardown(what_is_for_one_kibbutz_is_not_missing_elsewhere, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_clock_that_runs_ahead_is_heard_when_it_came, make_place, remove_place),
        cmocka_unit_test_setup_teardown(silence_and_being_cut_off_are_told, make_place, remove_place),
        cmocka_unit_test_setup_teardown(a_home_without_receipts_knows_nothing_and_fails_not, make_place, remove_place),
        cmocka_unit_test_setup_teardown(tips_that_nothing_rests_on_are_not_kept, make_place, remove_place),
        cmocka_unit_test_setup_teardown(the_own_receipt_is_kept_apart, make_place, remove_place),
    };

    return cmocka_run_group_tests_name("store.reach", tests, NULL, NULL);
}
