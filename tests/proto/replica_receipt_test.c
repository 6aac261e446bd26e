/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/proto/mesh.h"

/* Receipts among replicas: when they are signed, how they travel, and whose are believed. */

static const struct receipts_node *known(const struct mesh_node *at, const struct mesh_node *of)
{
    size_t place = receipts_find(replica_receipts(at->replica), &of->key.key.public);
    const struct receipts_node *node = place == SIZE_MAX ? NULL : receipts_at(replica_receipts(at->replica), place);

    return node && node->receipt.number ? node : NULL;
}

static bool says_newest(const struct mesh_node *at, const struct mesh_node *of)
{
    const struct receipts_node *node = known(at, of);
    struct id root = frontier_root(replica_frontier(of->replica));

    return node && id_equal(&node->receipt.root, &root);
}

static void publish(struct mesh *mesh, struct mesh_node *node)
{
    struct buffer bundle;

    mesh_begin(&bundle, mesh);
    federation_publish(&mesh->f, &mesh->f.founder, "# פרוטוקול\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(mesh_publish(node, &bundle), ERR_OK);
    mesh_run(mesh);
}

/* A line of three: whoever stands at its ends has no session with the other. */
static struct mesh *line(void)
{
    struct mesh *mesh = mesh_three();

    mesh_dial(mesh, &mesh->nodes[0], &mesh->nodes[1]);
    mesh_dial(mesh, &mesh->nodes[1], &mesh->nodes[2]);
    mesh_pass(mesh, 2 * LIMIT_RECEIPT_GAP_MS);
    return mesh;
}

static void a_receipt_comes_by_way_of_others(void **state)
{
    (void)state;
    struct mesh *mesh = line();

    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++)
            assert_true(says_newest(&mesh->nodes[i], &mesh->nodes[j]));
    publish(mesh, &mesh->nodes[0]);
    assert_false(says_newest(&mesh->nodes[0], &mesh->nodes[2]));
    mesh_pass(mesh, mesh->now + LIMIT_RECEIPT_GAP_MS + 3 * LIMIT_RECEIPT_DELAY_MS);
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++)
            assert_true(says_newest(&mesh->nodes[i], &mesh->nodes[j]));
    mesh_end(mesh);
}

static void many_changes_are_one_receipt(void **state)
{
    (void)state;
    struct mesh *mesh = line();
    size_t before = mesh->nodes[2].signs;

    mesh_pass(mesh, mesh->now + LIMIT_RECEIPT_GAP_MS);
    for (size_t i = 0; i < 20; i++)
        publish(mesh, &mesh->nodes[0]);
    mesh_pass(mesh, mesh->now + LIMIT_RECEIPT_GAP_MS);
    assert_int_equal(mesh->nodes[2].signs, before + 1);
    mesh_end(mesh);
}

static void an_idle_node_says_once_a_day_that_it_is_alive(void **state)
{
    (void)state;
    struct mesh *mesh = line();
    size_t before = mesh->nodes[0].signs;
    uint64_t number = known(&mesh->nodes[2], &mesh->nodes[0])->receipt.number;

    mesh_pass(mesh, mesh->now + LIMIT_RECEIPT_BEAT_MS + LIMIT_RECEIPT_GAP_MS);
    assert_int_equal(mesh->nodes[0].signs, before + 1);
    assert_true(known(&mesh->nodes[2], &mesh->nodes[0])->receipt.number > number);
    mesh_end(mesh);
}

static void one_document_costs_little_for_its_receipts(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_wire *wire = mesh_dial(mesh, &mesh->nodes[0], &mesh->nodes[1]);

    mesh_pass(mesh, 2 * LIMIT_RECEIPT_GAP_MS);
    publish(mesh, &mesh->nodes[0]);
    size_t before = wire->bytes;
    mesh_pass(mesh, mesh->now + LIMIT_RECEIPT_GAP_MS);
    assert_true(says_newest(&mesh->nodes[0], &mesh->nodes[1]));
    assert_in_range(wire->bytes - before, 2 * RECEIPTS_BRIEF_LEN, 2 * (RECEIPTS_BRIEF_LEN + 64));
    mesh_end(mesh);
}

static void what_is_on_its_way_to_the_disk_is_not_stated(void **state)
{
    (void)state;
    struct mesh *mesh = line();
    struct mesh_node *two = &mesh->nodes[1];
    struct receipt receipt;

    two->store_holds = true;
    publish(mesh, &mesh->nodes[0]);
    struct id ahead = frontier_root(replica_frontier(mesh->nodes[0].replica));
    assert_int_equal(replica_receipt(two->replica, MESH_WALL_MS, &receipt), ERR_OK);
    assert_false(id_equal(&receipt.root, &ahead));
    mesh_stored(mesh, two);
    assert_int_equal(replica_receipt(two->replica, MESH_WALL_MS, &receipt), ERR_OK);
    assert_true(id_equal(&receipt.root, &ahead));
    mesh_end(mesh);
}

static void a_content_that_is_missing_is_named(void **state)
{
    (void)state;
    struct mesh *mesh = line();
    struct buffer bundle;
    struct id document;

    mesh->nodes[0].reads_nothing = mesh->nodes[1].reads_nothing = true;
    mesh_begin(&bundle, mesh);
    document = federation_publish(&mesh->f, &mesh->f.founder, "# סודי\n", ACT_FOR_NETWORK, &bundle);
    struct bundle_reader reader;
    struct bundle_record record;
    struct buffer bare = BUFFER(LIMIT_BUNDLE); /* The entry alone, as one that lost the content would hand it over. */
    assert_int_equal(bundle_open(&reader, buffer_bytes(&bundle), &mesh->f.network), ERR_OK);
    assert_int_equal(bundle_next(&reader, &record), ERR_OK);
    bundle_begin(&bare, &mesh->f.network);
    bundle_add_entry(&bare, record.bytes);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bare), ERR_OK);
    buffer_free(&bundle);
    mesh_run(mesh);
    mesh_pass(mesh, mesh->now + 2 * LIMIT_RECEIPT_GAP_MS);
    const struct receipts_node *node = known(&mesh->nodes[2], &mesh->nodes[0]);
    assert_non_null(node);
    assert_int_equal(node->receipt.lacking, 1);
    assert_int_equal(receipts_lacks(node, &document), RECEIPT_LACKS_TEXT);
    mesh_end(mesh);
}

static void no_number_comes_twice_though_the_clock_goes_back(void **state)
{
    (void)state;
    struct mesh *mesh = line();
    struct mesh_node *one = &mesh->nodes[0];
    struct receipt first, second;

    assert_int_equal(replica_receipt(one->replica, MESH_WALL_MS + 1000000, &first), ERR_OK);
    assert_int_equal(receipt_sign(&first, &mesh->f.network, &one->key.key), ERR_OK);
    replica_receipt_kept(one->replica, &first, mesh->now);
    assert_int_equal(replica_receipt(one->replica, 5, &second), ERR_OK);
    assert_true(second.number > first.number);
    mesh_restart(mesh, 0);
    assert_int_equal(replica_load_own_receipt(one->replica, &first, 5, mesh->now), ERR_OK);
    assert_int_equal(replica_receipt(one->replica, 5, &second), ERR_OK);
    assert_true(second.number > first.number);
    second = first;
    second.number++;
    assert_int_equal(replica_load_own_receipt(one->replica, &second, 5, mesh->now), ERR_AUTH);
    mesh_end(mesh);
}

/* A node that lost what it signed hears of it from others, and its next goes before that. */
static void an_own_receipt_of_another_time_is_superseded(void **state)
{
    (void)state;
    struct mesh *mesh = line();
    struct mesh_node *one = &mesh->nodes[0];
    struct receipt ahead;

    assert_int_equal(replica_receipt(one->replica, MESH_WALL_MS + UINT64_C(90000000), &ahead), ERR_OK);
    ahead.store_id = 99; /* That store is not the one with which it starts again. */
    assert_int_equal(receipt_sign(&ahead, &mesh->f.network, &one->key.key), ERR_OK);
    replica_receipt_kept(one->replica, &ahead, mesh->now);
    mesh_run(mesh);
    mesh->wires[0].up = false;
    replica_cut(mesh->nodes[1].replica, mesh->wires[0].at_to);
    mesh_restart(mesh, 0);
    mesh_dial(mesh, one, &mesh->nodes[1]);
    mesh_pass(mesh, mesh->now + 2 * LIMIT_ROOTS_MS);
    assert_true(known(&mesh->nodes[1], one)->receipt.number > ahead.number);
    assert_true(known(one, one)->receipt.number == known(&mesh->nodes[1], one)->receipt.number);
    mesh_end(mesh);
}

/* A receipt as it lies on a stick, in `whole`. */
static struct bytes carried(const struct mesh_node *at, const struct mesh_node *of, struct buffer *whole)
{
    const struct receipts *receipts = replica_receipts(at->replica);
    const struct id none = {{0}};

    buffer_clear(whole);
    receipts_write(receipts, receipts_find(receipts, &of->key.key.public), &none, whole);
    assert_int_equal(buffer_error(whole), ERR_OK);
    return buffer_bytes(whole);
}

/* On a stick: what one knows of all is taken by another that never met them, and nothing that was touched is. */
static void receipts_are_taken_from_a_stick(void **state)
{
    (void)state;
    struct mesh *mesh = line();
    struct mesh_node *one = &mesh->nodes[0], *three = &mesh->nodes[2];
    struct buffer whole = BUFFER(LIMIT_RECEIPT_PROOF);
    uint64_t now = mesh->now;

    assert_int_equal(replica_take_receipt(three->replica, carried(one, one, &whole), now), ERR_EXISTS);
    mesh->wires[1].up = false;
    replica_cut(mesh->nodes[1].replica, mesh->wires[1].at_from);
    mesh_restart(mesh, 2);
    assert_null(known(three, one));
    whole.at[RECEIPT_LEN - 1] ^= 1; /* Of the signature. */
    assert_int_equal(replica_take_receipt(three->replica, buffer_bytes(&whole), now), ERR_AUTH);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(replica_take_receipt(three->replica, carried(one, &mesh->nodes[i], &whole), now), ERR_OK);
    for (size_t i = 0; i < 2; i++)
        assert_true(says_newest(three, &mesh->nodes[i]));
    buffer_free(&whole);
    mesh_end(mesh);
}

/* Made-up nodes could fill the memory: one that nothing grants is passed over, though its signature is right. */
static void a_receipt_of_a_made_up_node_takes_no_place(void **state)
{
    (void)state;
    struct mesh *mesh = line();
    struct mesh_node *one = &mesh->nodes[0];
    struct writer nobody = federation_writer("nobody", &mesh->f.founder.kibbutz, ROLE_NODE);
    struct receipt receipt = known(one, one)->receipt;
    struct buffer whole = BUFFER(LIMIT_RECEIPT_PROOF);
    size_t count = receipts_count(replica_receipts(one->replica));
    struct bytes rest = bytes_from(carried(one, one, &whole), RECEIPT_LEN);
    struct buffer forged = BUFFER(LIMIT_RECEIPT_PROOF);

    receipt.node = nobody.key.public;
    assert_int_equal(receipt_sign(&receipt, &mesh->f.network, &nobody.key), ERR_OK);
    receipt_encode(&forged, &receipt);
    buffer_add(&forged, rest);
    assert_int_equal(replica_take_receipt(one->replica, buffer_bytes(&forged), mesh->now), ERR_STRANGER);
    assert_int_equal(receipts_count(replica_receipts(one->replica)), count);
    buffer_free(&forged);
    buffer_free(&whole);
    mesh_end(mesh);
}

static void whoever_signs_what_it_does_not_give_is_found_out(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1];

    publish(mesh, one);
    struct mesh_kept *kept = mesh_find(one, &mesh->f.founder.key.public, mesh->f.founder.head.seq);
    assert_non_null(kept);
    mesh_pass(mesh, LIMIT_RECEIPT_GAP_MS); /* It has signed that it has it, */
    buffer_clear(&kept->content);          /* and loses it. */
    mesh_dial(mesh, two, one);
    mesh_pass(mesh, mesh->now + 3 * LIMIT_ROOTS_MS);
    assert_int_equal(replica_missing(two->replica), 1);
    assert_int_equal(two->contradictions, 1);
    mesh_end(mesh);
}

static void import(struct mesh *mesh, struct mesh_node *node, const struct buffer *bundle)
{
    assert_int_equal(replica_import(node->replica, 9, buffer_bytes(bundle)), ERR_OK);
    mesh_run(mesh);
}

static void part(struct mesh *mesh, struct mesh_wire *wire)
{
    replica_cut(wire->from->replica, wire->at_from);
    replica_cut(wire->to->replica, wire->at_to);
    wire->up = false;
    mesh_run(mesh);
}

/* Its receipt names a later entry of the log, of the other branch: that says nothing of what it never had. */
static void nobody_is_doubted_for_another_branch(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1], *three = &mesh->nodes[2];
    struct writer there = mesh->f.founder;
    struct buffer other;

    publish(mesh, one);
    publish(mesh, one);
    struct mesh_wire *wire = mesh_dial(mesh, one, two);
    mesh_pass(mesh, 2 * LIMIT_RECEIPT_GAP_MS);
    assert_true(says_newest(two, one));
    part(mesh, wire);
    mesh_begin(&other, mesh);
    federation_publish(&mesh->f, &there, "# אחרת\n", ACT_FOR_NETWORK, &other);
    import(mesh, three, &other);
    buffer_clear(
        &mesh_find_id(three, &there.head.entry)->content); /* Two learns of the branch, and nobody has its text. */
    wire = mesh_dial(mesh, two, three);
    mesh_run(mesh);
    part(mesh, wire);
    assert_int_equal(replica_missing(two->replica), 1);
    mesh_dial(mesh, two, one);
    mesh_pass(mesh, mesh->now + 3 * LIMIT_ROOTS_MS);
    assert_int_equal(replica_missing(one->replica), 1);
    assert_int_equal(two->contradictions, 0);
    buffer_free(&other);
    mesh_end(mesh);
}

/* The disk of the second fails when it has asked the first, which has told that it is equal, and not been answered. */
static void fail_before_the_answer(struct mesh *mesh, const struct mesh_node *node)
{
    struct mesh_node *two = &mesh->nodes[1];
    struct replica_peer peer;

    if (node != &mesh->nodes[0] || two->store_fails || replica_peer(two->replica, mesh->wires[2].at_from, &peer) ||
        !peer.is_equal)
        return;
    two->store_fails = true;
    struct buffer bundle;
    mesh_begin(&bundle, mesh);
    federation_publish(&mesh->f, &mesh->f.founder, "# אחרת\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(mesh_publish(two, &bundle), ERR_OK);
}

/* It gave what it was asked for, and there was no place for it here. */
static void nobody_is_doubted_for_a_disk_that_fails_here(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1], *three = &mesh->nodes[2];

    publish(mesh, one);
    three->signs_nothing = true;
    mesh_dial(mesh, three, one);
    mesh_pass(mesh, 2 * LIMIT_RECEIPT_GAP_MS);
    buffer_clear(&mesh_find_id(three, &mesh->f.founder.head.entry)->content);
    struct mesh_wire *wire = mesh_dial(mesh, two, three);
    mesh_pass(mesh, mesh->now + LIMIT_RECEIPT_GAP_MS);
    assert_true(says_newest(two, one));
    part(mesh, wire);
    mesh->turn = fail_before_the_answer;
    mesh_dial(mesh, two, one);
    mesh_run(mesh);
    assert_true(two->store_fails);
    assert_int_equal(replica_missing(two->replica), 1);
    assert_int_equal(two->contradictions, 0);
    mesh_end(mesh);
}

/* A fork puts all nodes in doubt, and the card settles it.  Who hears of that first is given nothing yet by who has not heard: no receipt is false by that. */
static void nobody_is_doubted_for_knowing_less(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1];
    struct writer *here = &mesh->f.founder, there = federation_writer("founder", &here->kibbutz, ROLE_STEWARD);
    struct writer next = federation_writer("next", &here->kibbutz, ROLE_STEWARD);
    struct buffer bundle;

    mesh_begin(&bundle, mesh);
    federation_publish(&mesh->f, here, "# לקיבוץ\n", ACT_FOR_KIBBUTZ, &bundle);
    assert_int_equal(mesh_publish(two, &bundle), ERR_OK);
    mesh_run(mesh);
    mesh_begin(&bundle, mesh);
    federation_publish(&mesh->f, &there, "# אחרת\n", ACT_FOR_NETWORK, &bundle);
    import(mesh, two, &bundle);
    buffer_free(&bundle);
    struct mesh_wire *wire = mesh_dial(mesh, one, two);
    mesh_pass(mesh, 2 * LIMIT_RECEIPT_GAP_MS);
    assert_true(says_newest(one, two));
    assert_true(mesh_find_id(two, &here->head.entry)->content.len > 0);
    assert_int_equal(replica_missing(one->replica), 1);
    part(mesh, wire);
    mesh_begin(&bundle, mesh);
    federation_recover(&mesh->f, here, &here->head, &next.key.public, &bundle);
    import(mesh, one, &bundle);
    buffer_free(&bundle);
    mesh_dial(mesh, one, two);
    mesh_pass(mesh, mesh->now + 3 * LIMIT_ROOTS_MS);
    mesh_assert_equal_roots(one, two);
    assert_int_equal(replica_missing(one->replica), 0);
    assert_int_equal(one->contradictions, 0);
    mesh_end(mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receipt_comes_by_way_of_others),
        cmocka_unit_test(many_changes_are_one_receipt),
        cmocka_unit_test(an_idle_node_says_once_a_day_that_it_is_alive),
        cmocka_unit_test(one_document_costs_little_for_its_receipts),
        cmocka_unit_test(what_is_on_its_way_to_the_disk_is_not_stated),
        cmocka_unit_test(a_content_that_is_missing_is_named),
        cmocka_unit_test(no_number_comes_twice_though_the_clock_goes_back),
        cmocka_unit_test(an_own_receipt_of_another_time_is_superseded),
        cmocka_unit_test(receipts_are_taken_from_a_stick),
        cmocka_unit_test(a_receipt_of_a_made_up_node_takes_no_place),
        cmocka_unit_test(whoever_signs_what_it_does_not_give_is_found_out),
        cmocka_unit_test(nobody_is_doubted_for_another_branch),
        cmocka_unit_test(nobody_is_doubted_for_a_disk_that_fails_here),
        cmocka_unit_test(nobody_is_doubted_for_knowing_less),
    };

    return cmocka_run_group_tests_name("proto.replica_receipt", tests, NULL, NULL);
}
