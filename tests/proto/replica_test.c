/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/bundle.h"
#include "proto/compress.h"
#include "proto/limits.h"
#include "tests/proto/mesh.h"

/* What is said, without faults: tests/proto/replica_fault_test.c has those, and the simulator (tests/sim). */

static void a_published_document_reaches_the_other_node_at_once(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct buffer bundle;

    mesh_dial(mesh, &mesh->nodes[0], &mesh->nodes[1]);
    mesh_run(mesh);
    assert_int_equal(mesh->nodes[1].equal, 1);
    mesh_begin(&bundle, mesh);
    federation_publish(&mesh->f, &mesh->f.founder, "# פרוטוקול\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
    mesh_run(mesh);
    assert_int_equal(mesh->nodes[0].last_published, ERR_OK);
    mesh_assert_equal_roots(&mesh->nodes[0], &mesh->nodes[1]);
    struct mesh_kept *kept = mesh_find(&mesh->nodes[1], &mesh->f.founder.key.public, mesh->f.founder.head.seq);
    assert_non_null(kept);
    assert_true(kept->content.len > 0);
    mesh_end(mesh);
}

static void a_node_catches_up_with_what_it_missed(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct buffer bundle;

    for (size_t i = 0; i < 300; i++) {
        mesh_begin(&bundle, mesh);
        federation_publish(&mesh->f, &mesh->f.founder, "החלטה: להקים ועדה חדשה לענייני תרבות, ולהזמין אליה נציגים.\n",
                           ACT_FOR_NETWORK, &bundle);
        assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
        mesh_run(mesh);
    }
    mesh_dial(mesh, &mesh->nodes[1], &mesh->nodes[0]);
    mesh_run(mesh);
    mesh_assert_equal_roots(&mesh->nodes[0], &mesh->nodes[1]);
    assert_int_equal(replica_missing(mesh->nodes[1].replica), 0);
    assert_true(mesh->nodes[1].stores < 20); /* In bundles, not one by one. */
    mesh_end(mesh);
}

/* Publishes three documents at node 0, and makes a frame of the founder's entries `from` to `to`. */
static struct buffer publish_and_frame(struct mesh *mesh, struct replica_run *run, uint64_t skip)
{
    struct mesh_node *node = &mesh->nodes[0];
    struct buffer bundle, plain = BUFFER(LIMIT_BUNDLE), frame = BUFFER(LIMIT_BUNDLE);

    for (size_t i = 0; i < 3; i++) {
        mesh_begin(&bundle, mesh);
        federation_publish(&mesh->f, &mesh->f.founder, "# החלטה\n", ACT_FOR_NETWORK, &bundle);
        assert_int_equal(mesh_publish(node, &bundle), ERR_OK);
        mesh_run(mesh);
    }
    uint64_t end = mesh->f.founder.head.seq;
    *run = (struct replica_run){.log = mesh->f.founder.key.public, .from = end - 2 - skip, .to = end - 1};
    bundle_begin(&plain, &mesh->f.network);
    for (uint64_t seq = run->from; seq <= run->to; seq++) {
        struct mesh_kept *kept = mesh_find(node, &run->log, seq);

        bundle_add_entry(&plain, buffer_bytes(&kept->entry));
        if (kept->content.len)
            bundle_add_content(&plain, &run->log, seq, buffer_bytes(&kept->content));
    }
    assert_int_equal(compress_frame(buffer_bytes(&plain), COMPRESS_BULK, &frame), ERR_OK);
    buffer_free(&plain);
    node->runs = run;
    node->run_count = 1;
    node->frame = buffer_bytes(&frame);
    return frame;
}

static void a_frame_made_before_is_sent_where_all_of_it_is_asked_for(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct replica_run run;
    struct buffer frame = publish_and_frame(mesh, &run, 0);

    mesh_dial(mesh, &mesh->nodes[1], &mesh->nodes[0]);
    mesh_run(mesh);
    mesh_assert_equal_roots(&mesh->nodes[0], &mesh->nodes[1]);
    assert_int_equal(mesh->nodes[0].frames, 1);
    assert_int_equal(replica_missing(mesh->nodes[1].replica), 0);
    buffer_free(&frame);
    mesh_end(mesh);
}

static void a_frame_that_begins_elsewhere_is_not_sent(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct replica_run run;
    struct buffer frame = publish_and_frame(mesh, &run, 1); /* With an entry that the other has. */

    mesh_dial(mesh, &mesh->nodes[1], &mesh->nodes[0]);
    mesh_run(mesh);
    mesh_assert_equal_roots(&mesh->nodes[0], &mesh->nodes[1]);
    assert_int_equal(mesh->nodes[0].frames, 0);
    buffer_free(&frame);
    mesh_end(mesh);
}

static void what_comes_by_push_is_passed_on(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct buffer bundle;

    mesh_dial(mesh, &mesh->nodes[0], &mesh->nodes[1]);
    mesh_dial(mesh, &mesh->nodes[1], &mesh->nodes[2]);
    mesh_run(mesh);
    mesh_begin(&bundle, mesh);
    federation_publish(&mesh->f, &mesh->f.founder, "# הודעה\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
    mesh_run(mesh);
    mesh_assert_equal_roots(&mesh->nodes[0], &mesh->nodes[2]);
    mesh_end(mesh);
}

/* The last one is equal with its neighbour before that one catches up; all three know in the end that they are equal. */
static void what_was_caught_up_is_passed_on(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct replica_peer peer;
    struct buffer bundle;

    for (size_t i = 0; i < 40; i++) {
        mesh_begin(&bundle, mesh);
        federation_publish(&mesh->f, &mesh->f.founder, "# פרוטוקול\n", ACT_FOR_NETWORK, &bundle);
        assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
        mesh_run(mesh);
    }
    mesh_dial(mesh, &mesh->nodes[2], &mesh->nodes[1]);
    mesh_run(mesh);
    mesh_dial(mesh, &mesh->nodes[1], &mesh->nodes[0]);
    mesh_run(mesh);
    mesh_assert_equal_roots(&mesh->nodes[0], &mesh->nodes[1]);
    mesh_assert_equal_roots(&mesh->nodes[0], &mesh->nodes[2]);
    for (size_t i = 0; i < mesh->wire_count; i++) {
        assert_int_equal(replica_peer(mesh->wires[i].from->replica, mesh->wires[i].at_from, &peer), ERR_OK);
        assert_true(peer.is_equal);
        assert_int_equal(replica_peer(mesh->wires[i].to->replica, mesh->wires[i].at_to, &peer), ERR_OK);
        assert_true(peer.is_equal);
    }
    mesh_end(mesh);
}

static void a_caller_that_nothing_grants_gets_nothing(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *stranger = mesh_start(mesh, 3, "stranger", true);
    struct mesh_wire *wire = mesh_dial(mesh, stranger, &mesh->nodes[0]);

    mesh_run(mesh);
    assert_int_equal(mesh->nodes[0].opened, 0);
    assert_int_equal(stranger->opened, 0);
    assert_int_equal(stranger->kept_count, 0);
    mesh->now += LIMIT_HANDSHAKE_MS;
    replica_expire(mesh->nodes[0].replica, mesh->now);
    mesh_run(mesh);
    assert_int_equal(mesh->nodes[0].closed, 1);
    assert_int_equal(mesh->nodes[0].last_closed, ERR_STRANGER);
    assert_false(wire->up);
    mesh_end(mesh);
}

static void an_invited_kibbutz_joins_and_gets_everything(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct buffer bundle;
    struct writer ephemeral = federation_writer("ephemeral", &mesh->f.founder.kibbutz, ROLE_INVITATION);

    mesh_begin(&bundle, mesh);
    struct id admit = federation_admit(&mesh->f, &mesh->f.founder, &ephemeral.key.public, &bundle);
    federation_publish(&mesh->f, &mesh->f.founder, "# פרוטוקול ישן\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
    mesh_run(mesh);
    ephemeral.kibbutz = admit;
    struct mesh_node *newcomer = mesh_join(mesh, &ephemeral, &admit, "new steward");
    mesh_dial(mesh, newcomer, &mesh->nodes[0]);
    mesh_run(mesh);
    mesh_assert_equal_roots(newcomer, &mesh->nodes[0]);
    assert_int_equal(replica_missing(newcomer->replica), 0);
    assert_int_equal(newcomer->opened, 1);
    mesh_end(mesh);
}

static void an_invitation_used_twice_is_refused_in_words(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct buffer bundle;
    struct writer ephemeral = federation_writer("ephemeral", &mesh->f.founder.kibbutz, ROLE_INVITATION);

    mesh_begin(&bundle, mesh);
    struct id admit = federation_admit(&mesh->f, &mesh->f.founder, &ephemeral.key.public, &bundle);
    ephemeral.kibbutz = admit;
    struct writer again = ephemeral, first = federation_writer("first", &admit, ROLE_STEWARD);
    struct id card = id_hash(ID_CARD, bytes_text("first"));
    federation_accept(&mesh->f, &ephemeral, &admit, &first, &card, NULL, &bundle);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
    mesh_run(mesh);
    struct mesh_node *second = mesh_join(mesh, &again, &admit, "second");
    mesh_dial(mesh, second, &mesh->nodes[0]);
    mesh_run(mesh);
    assert_int_equal(second->closed, 1);
    assert_int_equal(second->last_closed, ERR_EXISTS);
    assert_int_equal(mesh->nodes[0].forks, 1);
    mesh_end(mesh);
}

static void a_kibbutz_keeps_its_own_contents(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct buffer bundle;
    struct writer ephemeral = federation_writer("ephemeral", &mesh->f.founder.kibbutz, ROLE_INVITATION);

    mesh_begin(&bundle, mesh);
    struct id admit = federation_admit(&mesh->f, &mesh->f.founder, &ephemeral.key.public, &bundle);
    federation_publish(&mesh->f, &mesh->f.founder, "# רק לנו\n", ACT_FOR_KIBBUTZ, &bundle);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
    mesh_run(mesh);
    ephemeral.kibbutz = admit;
    struct mesh_node *newcomer = mesh_join(mesh, &ephemeral, &admit, "new steward");
    mesh_dial(mesh, newcomer, &mesh->nodes[0]);
    mesh_dial(mesh, &mesh->nodes[1], &mesh->nodes[0]);
    mesh_run(mesh);
    mesh_begin(&bundle, mesh);
    federation_publish(&mesh->f, &mesh->f.founder, "# גם זה רק לנו\n", ACT_FOR_KIBBUTZ, &bundle);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
    mesh_run(mesh);
    for (uint64_t seq = mesh->f.founder.head.seq - 1; seq <= mesh->f.founder.head.seq; seq++) {
        struct mesh_kept *theirs = mesh_find(newcomer, &mesh->f.founder.key.public, seq);
        struct mesh_kept *ours = mesh_find(&mesh->nodes[1], &mesh->f.founder.key.public, seq);

        assert_non_null(theirs);
        assert_non_null(ours);
        assert_int_equal(theirs->content.len, 0);
        assert_true(ours->content.len > 0);
    }
    mesh_assert_equal_roots(newcomer, &mesh->nodes[0]);
    assert_int_equal(replica_missing(newcomer->replica), 0); /* It does not even want it. */
    mesh_end(mesh);
}

static void a_failed_store_publishes_nothing(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct buffer bundle;

    mesh_dial(mesh, &mesh->nodes[0], &mesh->nodes[1]);
    mesh_run(mesh);
    struct id before = frontier_root(replica_frontier(mesh->nodes[0].replica));
    mesh->nodes[0].store_fails = true;
    mesh_begin(&bundle, mesh);
    federation_publish(&mesh->f, &mesh->f.founder, "# הודעה\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
    mesh_run(mesh);
    assert_int_equal(mesh->nodes[0].last_published, ERR_FULL);
    struct id after = frontier_root(replica_frontier(mesh->nodes[0].replica));
    assert_memory_equal(before.at, after.at, ID_LEN);
    mesh_assert_equal_roots(&mesh->nodes[0], &mesh->nodes[1]);
    mesh_begin(&bundle, mesh);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_IO);
    mesh_end(mesh);
}

static void publishing_with_a_gap_or_twice_is_refused(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct buffer first, second;

    mesh_begin(&first, mesh);
    mesh_begin(&second, mesh);
    federation_publish(&mesh->f, &mesh->f.founder, "א\n", ACT_FOR_NETWORK, &first);
    federation_publish(&mesh->f, &mesh->f.founder, "ב\n", ACT_FOR_NETWORK, &second);
    assert_int_equal(replica_publish(mesh->nodes[0].replica, 1, buffer_bytes(&second)), ERR_GAP);
    assert_int_equal(replica_publish(mesh->nodes[0].replica, 1, buffer_bytes(&first)), ERR_OK);
    assert_int_equal(replica_publish(mesh->nodes[0].replica, 1, buffer_bytes(&second)), ERR_BUSY);
    mesh_run(mesh);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &first), ERR_EXISTS);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &second), ERR_OK);
    mesh_run(mesh);
    struct writer nobody = federation_writer("nobody", &mesh->f.founder.kibbutz, ROLE_COORDINATOR);
    mesh_begin(&first, mesh);
    federation_publish(&mesh->f, &nobody, "ג\n", ACT_FOR_NETWORK, &first);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &first), ERR_STRANGER);
    mesh_end(mesh);
}

static struct mesh_node *higher_of(struct mesh_node *a, struct mesh_node *b)
{
    return id_compare(&a->key.key.public, &b->key.key.public) > 0 ? a : b;
}

static void of_two_calls_at_once_both_sides_keep_that_of_the_lower_key(void **state)
{
    (void)state;
    for (size_t later = 0; later < 2; later++) { /* Whichever comes first. */
        struct mesh *mesh = mesh_three();
        struct mesh_node *high = higher_of(&mesh->nodes[0], &mesh->nodes[1]),
                         *low = &mesh->nodes[high == &mesh->nodes[0]];
        struct mesh_wire *first = mesh_dial(mesh, later ? low : high, later ? high : low);
        struct mesh_wire *second = mesh_dial(mesh, later ? high : low, later ? low : high);

        mesh_run(mesh);
        assert_int_equal((later ? first : second)->up, true);
        assert_int_equal((later ? second : first)->up, false);
        mesh_end(mesh);
    }
}

/* The session that the lower key called is gone at the other end, which calls anew; nothing told the lower one. */
static void who_calls_again_has_lost_the_session_before(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *high = higher_of(&mesh->nodes[0], &mesh->nodes[1]), *low = &mesh->nodes[high == &mesh->nodes[0]];
    struct mesh_wire *dead = mesh_dial(mesh, low, high), *wire;
    struct buffer bundle;

    mesh_run(mesh);
    replica_cut(high->replica, dead->at_to);
    dead->up = false;
    mesh_pass(mesh, mesh->now + LIMIT_CALL_MS);
    assert_int_equal(low->closed, 0);
    wire = mesh_dial(mesh, high, low);
    mesh_run(mesh);
    assert_true(wire->up);
    assert_int_equal(low->opened, 2);
    mesh_begin(&bundle, mesh);
    federation_publish(&mesh->f, &mesh->f.founder, "# מהמקום החדש\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(mesh_publish(high, &bundle), ERR_OK);
    mesh_run(mesh);
    mesh_assert_equal_roots(high, low);
    mesh_pass(mesh, mesh->now + LIMIT_STALL_MS); /* Its goodbye could not be written. */
    assert_int_equal(low->closed, 1);
    assert_int_equal(low->last_closed, ERR_EXISTS);
    mesh_end(mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_published_document_reaches_the_other_node_at_once),
        cmocka_unit_test(a_node_catches_up_with_what_it_missed),
        cmocka_unit_test(a_frame_made_before_is_sent_where_all_of_it_is_asked_for),
        cmocka_unit_test(a_frame_that_begins_elsewhere_is_not_sent),
        cmocka_unit_test(what_comes_by_push_is_passed_on),
        cmocka_unit_test(what_was_caught_up_is_passed_on),
        cmocka_unit_test(a_caller_that_nothing_grants_gets_nothing),
        cmocka_unit_test(an_invited_kibbutz_joins_and_gets_everything),
        cmocka_unit_test(an_invitation_used_twice_is_refused_in_words),
        cmocka_unit_test(a_kibbutz_keeps_its_own_contents),
        cmocka_unit_test(a_failed_store_publishes_nothing),
        cmocka_unit_test(of_two_calls_at_once_both_sides_keep_that_of_the_lower_key),
        cmocka_unit_test(who_calls_again_has_lost_the_session_before),
        cmocka_unit_test(publishing_with_a_gap_or_twice_is_refused),
    };

    return cmocka_run_group_tests_name("proto.replica", tests, NULL, NULL);
}
