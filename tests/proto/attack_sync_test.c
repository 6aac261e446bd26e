/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Attacks of members on the exchange between nodes, numbered as in docs/PROTOCOL.md, 7. */

#include "proto/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/proto/mesh.h"

#define ORPHANS 400

static size_t open_links(const struct mesh *mesh, const struct mesh_node *at, const struct mesh_node *with)
{
    struct replica_peer peer;
    size_t count = 0;

    for (size_t i = 0; i < mesh->wire_count; i++) {
        const struct mesh_wire *wire = &mesh->wires[i];
        bool ours = (wire->from == with && wire->to == at) || (wire->from == at && wire->to == with);
        uint32_t number = wire->to == at ? wire->at_to : wire->at_from;

        count += ours && !replica_peer(at->replica, number, &peer) && peer.is_open;
    }
    return count;
}

/* Goal: one member's node holds one session, however often it calls, and another member is let in all the same. */
static void attack_26_sybil_connections(void **state)
{
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1], *three = &mesh->nodes[2];
    struct buffer bundle;

    (void)state;
    for (int i = 0; i < 12; i++) {
        mesh_dial(mesh, two, one);
        mesh_run(mesh);
        assert_true(open_links(mesh, one, two) <= 1);
    }
    assert_int_equal(open_links(mesh, one, two), 1);
    mesh_dial(mesh, three, one);
    mesh_run(mesh);
    assert_int_equal(open_links(mesh, one, three), 1);
    mesh_begin(&bundle, mesh);
    federation_publish(&mesh->f, &mesh->f.founder, "# מים\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(mesh_publish(one, &bundle), ERR_OK);
    mesh_run(mesh);
    mesh_assert_equal_roots(one, two);
    mesh_assert_equal_roots(one, three);
    mesh_end(mesh);
}

/* Goal: entries that hang from nothing known cost no memory that lasts.  Method: a log's later half, from its end, bundle by bundle. */
static void attack_47_orphans_out_of_order(void **state)
{
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0];
    struct buffer *bundles = calloc(ORPHANS, sizeof *bundles);
    struct writer author = federation_writer("author", &mesh->f.founder.kibbutz, ROLE_COORDINATOR);

    (void)state;
    assert_non_null(bundles);
    mesh_begin(&bundles[0], mesh);
    federation_grant_coordinator(&mesh->f, &mesh->f.founder, &author.key.public, &bundles[0]);
    assert_int_equal(mesh_publish(one, &bundles[0]), ERR_OK);
    mesh_run(mesh);
    for (size_t i = 0; i < ORPHANS; i++) {
        mesh_begin(&bundles[i], mesh);
        federation_publish(&mesh->f, &author, "# מים\n", ACT_FOR_NETWORK, &bundles[i]);
    }
    size_t kept = one->kept_count, memory = replica_memory(one->replica);
    for (size_t i = ORPHANS - 1; i >= 1; i--) {
        enum err err = replica_import(one->replica, 2, buffer_bytes(&bundles[i]));

        assert_true(err != ERR_OK);
        mesh_run(mesh);
    }
    assert_int_equal(one->kept_count, kept);
    assert_true(replica_memory(one->replica) <= memory + KIB(64));
    for (size_t i = 0; i < ORPHANS && i < 20; i++) { /* In order they are welcome. */
        assert_int_equal(replica_import(one->replica, 2, buffer_bytes(&bundles[i])), ERR_OK);
        mesh_run(mesh);
    }
    assert_int_equal(one->kept_count, kept + 20);
    for (size_t i = 0; i < ORPHANS; i++)
        buffer_free(&bundles[i]);
    free(bundles);
    mesh_end(mesh);
}

/* The entries of one bundle with the contents of another: the same places, other bytes. */
static void graft(struct mesh *mesh, const struct buffer *entries, const struct buffer *contents, const struct id *log,
                  uint64_t seq, struct buffer *out)
{
    struct bundle_reader reader;
    struct bundle_record record;

    mesh_begin(out, mesh);
    assert_int_equal(bundle_open(&reader, buffer_bytes(entries), &mesh->f.network), ERR_OK);
    while (!bundle_next(&reader, &record) && record.kind != BUNDLE_END)
        if (record.kind == BUNDLE_ENTRY)
            bundle_add_entry(out, record.bytes);
    assert_int_equal(bundle_open(&reader, buffer_bytes(contents), &mesh->f.network), ERR_OK);
    while (!bundle_next(&reader, &record) && record.kind != BUNDLE_END)
        if (record.kind == BUNDLE_CONTENT)
            bundle_add_content(out, log, seq, record.bytes);
}

/* Goal: a bad content that comes first does not keep the good one out, and is never kept.  Method: bad, good, bad. */
static void attack_48_poisoned_first_arrival(void **state)
{
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0];
    struct writer other = mesh->f.founder;
    struct buffer good, bad, poisoned;

    (void)state;
    mesh_begin(&good, mesh);
    mesh_begin(&bad, mesh);
    federation_publish(&mesh->f, &other, "# שקר\n", ACT_FOR_NETWORK, &bad);
    federation_publish(&mesh->f, &mesh->f.founder, "# מים\n", ACT_FOR_NETWORK, &good);
    const struct head *head = &mesh->f.founder.head;
    graft(mesh, &good, &bad, &head->log, head->seq, &poisoned);
    for (int i = 0; i < 2; i++) {
        (void)replica_import(one->replica, 1, buffer_bytes(&poisoned));
        mesh_run(mesh);
        struct mesh_kept *kept = mesh_find(one, &head->log, head->seq);
        if (i == 0) {
            assert_true(!kept || kept->content.len == 0);
            (void)replica_import(one->replica, 1, buffer_bytes(&good));
            mesh_run(mesh);
            kept = mesh_find(one, &head->log, head->seq);
        }
        assert_non_null(kept);
        assert_true(kept->content.len > 0);
        assert_null(memmem(kept->content.at, kept->content.len, "שקר", strlen("שקר")));
    }
    buffer_free(&good);
    buffer_free(&bad);
    buffer_free(&poisoned);
    mesh_end(mesh);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(attack_26_sybil_connections),
        cmocka_unit_test(attack_47_orphans_out_of_order),
        cmocka_unit_test(attack_48_poisoned_first_arrival),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
