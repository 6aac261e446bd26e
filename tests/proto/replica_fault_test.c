/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/proto/mesh.h"

/* What the simulator (tests/sim) found, each in the few steps that show it. */

static void publish_text(struct mesh *mesh, struct mesh_node *node, enum act_audience audience)
{
    struct buffer bundle;

    mesh_begin(&bundle, mesh);
    federation_publish(&mesh->f, &mesh->f.founder, "# פרוטוקול\n", audience, &bundle);
    assert_int_equal(mesh_publish(node, &bundle), ERR_OK);
}

/* An invitation to another kibbutz, published by the first node; its key is in `ephemeral`. */
static struct id invite(struct mesh *mesh, struct writer *ephemeral)
{
    struct buffer bundle;

    *ephemeral = federation_writer("ephemeral", &mesh->f.founder.kibbutz, ROLE_INVITATION);
    mesh_begin(&bundle, mesh);
    struct id admit = federation_admit(&mesh->f, &mesh->f.founder, &ephemeral->key.public, &bundle);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
    mesh_run(mesh);
    ephemeral->kibbutz = admit;
    return admit;
}

static void expire(struct mesh *mesh, struct mesh_node *node)
{
    replica_expire(node->replica, mesh->now);
    mesh_run(mesh);
}

/* ---- time ---- */

static void what_is_said_to_an_ending_session_is_not_held_against_the_peer(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0];
    struct mesh_wire *wire = mesh_dial(mesh, one, &mesh->nodes[1]);

    mesh_run(mesh);
    one->store_holds = true;
    publish_text(mesh, one, ACT_FOR_NETWORK);
    mesh_run(mesh);
    wire->up = false;
    replica_cut(one->replica, wire->at_from);
    mesh->now += LIMIT_ROOTS_MS; /* Roots are due while nobody is read. */
    expire(mesh, one);
    mesh_stored(mesh, one);
    mesh_run(mesh);
    assert_int_equal(one->closed, 1);
    assert_int_equal(one->last_closed, ERR_IO);
    mesh_end(mesh);
}

/* The second node is behind by more than the first bundle of an answer, which its store holds. */
static struct mesh *behind(struct mesh_wire **wire)
{
    struct mesh *mesh = mesh_three();
    struct mesh_node *two = &mesh->nodes[1];

    for (size_t i = 0; i < 400; i++) {
        publish_text(mesh, &mesh->nodes[0], ACT_FOR_NETWORK);
        mesh_run(mesh);
    }
    two->store_holds = true;
    *wire = mesh_dial(mesh, two, &mesh->nodes[0]);
    mesh_run(mesh);
    return mesh;
}

static void a_slow_store_is_not_the_peer_s_silence(void **state)
{
    (void)state;
    struct mesh_wire *wire;
    struct mesh *mesh = behind(&wire);
    struct mesh_node *two = &mesh->nodes[1];

    mesh->now += LIMIT_STALL_MS + 1;
    expire(mesh, two);
    assert_true(replica_deadline(two->replica) > mesh->now); /* Else its caller would spin. */
    two->store_holds = false;
    mesh_stored(mesh, two);
    expire(mesh, two);
    assert_int_equal(two->closed, 0);
    mesh_assert_equal_roots(&mesh->nodes[0], two);
    mesh_end(mesh);
}

static void many_stores_do_not_keep_a_silent_peer_waited_for(void **state)
{
    (void)state;
    struct mesh_wire *wire;
    struct mesh *mesh = behind(&wire);
    struct mesh_node *two = &mesh->nodes[1];
    struct buffer bundle;

    wire->up = false;
    two->store_holds = false;
    mesh_stored(mesh, two);
    mesh_run(mesh);
    for (size_t i = 0; i < 2 * LIMIT_STALL_MS / 1000 && two->closed == 0; i++) {
        mesh_begin(&bundle, mesh);
        struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
        act_write_id(&body, ACT_SUBJECT, &mesh->f.network);
        federation_sign(&mesh->f, &two->key, ACT_APPROVE, buffer_bytes(&body), bytes_of(NULL, 0), &bundle);
        buffer_free(&body);
        assert_int_equal(mesh_publish(two, &bundle), ERR_OK);
        mesh_run(mesh);
        mesh->now += 1000;
        expire(mesh, two);
    }
    assert_int_equal(two->closed, 1);
    assert_int_equal(two->last_closed, ERR_TIMEOUT);
    mesh_end(mesh);
}

static void who_talks_and_does_not_answer_is_left(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1];

    publish_text(mesh, one, ACT_FOR_NETWORK);
    one->answers_stall = true;
    mesh_dial(mesh, two, one);
    mesh_run(mesh);
    uint64_t asked_ms = mesh->now;
    while (two->closed == 0 && mesh->now < asked_ms + 2 * LIMIT_ANSWER_MS) {
        mesh->now += LIMIT_STALL_MS / 2;
        publish_text(mesh, one, ACT_FOR_NETWORK); /* It goes on telling its news. */
        mesh_run(mesh);
        expire(mesh, two);
        assert_true(two->closed == 0 || mesh->now >= asked_ms + LIMIT_ANSWER_MS); /* A slow line gets that long. */
    }
    assert_int_equal(two->closed, 1);
    assert_int_equal(two->last_closed, ERR_TIMEOUT);
    mesh_end(mesh);
}

static void what_did_not_help_is_asked_for_again_after_a_minute(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1];

    publish_text(mesh, one, ACT_FOR_NETWORK);
    mesh_run(mesh);
    one->reads_nothing = true;
    mesh_dial(mesh, two, one);
    mesh_run(mesh);
    assert_null(mesh_find(two, &mesh->f.founder.key.public, mesh->f.founder.head.seq));
    one->reads_nothing = false;
    mesh->now += LIMIT_ROOTS_MS - 1;
    expire(mesh, two);
    assert_null(mesh_find(two, &mesh->f.founder.key.public, mesh->f.founder.head.seq));
    mesh->now++;
    expire(mesh, two);
    assert_non_null(mesh_find(two, &mesh->f.founder.key.public, mesh->f.founder.head.seq));
    mesh_end(mesh);
}

/* What it told and did not give comes otherwise: both sides know at once that they are equal. */
static void who_catches_up_by_way_of_others_says_so(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1];
    struct buffer bundle;

    mesh_begin(&bundle, mesh);
    federation_publish(&mesh->f, &mesh->f.founder, "# פרוטוקול\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(replica_publish(one->replica, 1, buffer_bytes(&bundle)), ERR_OK);
    mesh_run(mesh);
    one->reads_nothing = true;
    mesh_dial(mesh, two, one);
    mesh_run(mesh);
    assert_int_equal(one->equal + two->equal, 0);
    assert_int_equal(replica_import(two->replica, 2, buffer_bytes(&bundle)), ERR_OK);
    mesh_run(mesh);
    assert_int_equal(one->equal, 1);
    assert_int_equal(two->equal, 1);
    buffer_free(&bundle);
    mesh_end(mesh);
}

/* ---- ways in ---- */

static void the_enrolment_shows_no_content_that_is_for_one_kibbutz(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *newcomer = mesh_start(mesh, 3, "newcomer", false);
    struct writer ephemeral;
    struct id admit = invite(mesh, &ephemeral), card = id_hash(ID_CARD, bytes_text("card"));
    struct writer steward = federation_writer("steward", &admit, ROLE_STEWARD);
    struct buffer bundle;

    mesh_begin(&bundle, mesh);
    federation_accept(&mesh->f, &ephemeral, &admit, &steward, &card, NULL, &bundle);
    federation_publish(&mesh->f, &steward, "# רק לנו\n", ACT_FOR_KIBBUTZ, &bundle);
    federation_publish(&mesh->f, &steward, "# לכולם\n", ACT_FOR_NETWORK, &bundle);
    federation_grant_node(&mesh->f, &steward, &newcomer->key.key.public, "newcomer", &bundle);
    mesh_load(mesh, newcomer, &bundle);
    assert_int_equal(replica_load_enrolment(newcomer->replica, buffer_bytes(&bundle)), ERR_OK);
    buffer_free(&bundle);
    mesh_dial(mesh, newcomer, one);
    mesh_run(mesh);
    mesh_assert_equal_roots(newcomer, one);
    struct mesh_kept *secret = mesh_find(one, &steward.key.public, 1), *open = mesh_find(one, &steward.key.public, 2);
    assert_non_null(secret);
    assert_non_null(open);
    assert_int_equal(secret->content.len, 0);
    assert_true(open->content.len > 0);
    mesh_end(mesh);
}

static void a_shown_accept_is_durable_before_its_bearer_is_let_in(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1];
    struct writer ephemeral;
    struct id admit = invite(mesh, &ephemeral);

    mesh_dial(mesh, two, one);
    mesh_run(mesh);
    size_t before = one->opened;
    struct mesh_node *newcomer = mesh_join(mesh, &ephemeral, &admit, "new steward");
    one->store_holds = true;
    mesh_dial(mesh, newcomer, one);
    mesh_run(mesh);
    assert_int_equal(one->opened, before);
    assert_int_equal(newcomer->opened, 0);
    assert_null(mesh_find(two, &ephemeral.key.public, 1));
    one->store_holds = false;
    mesh_stored(mesh, one);
    mesh_run(mesh);
    assert_int_equal(one->opened, before + 1);
    assert_int_equal(newcomer->opened, 1);
    assert_non_null(mesh_find(two, &ephemeral.key.public, 1));
    mesh_end(mesh);
}

/* It is let in by what another link tells; what it said first must not be lost. */
static void who_is_let_in_late_is_known_to_be_equal_at_once(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1], *late = mesh_start(mesh, 3, "late", true);
    struct replica_peer peer;
    struct buffer grant, all;

    mesh_begin(&grant, mesh);
    federation_grant_node(&mesh->f, &mesh->f.founder, &late->key.key.public, "late", &grant);
    assert_int_equal(mesh_publish(one, &grant), ERR_OK);
    mesh_run(mesh);
    mesh_begin(&all, mesh);
    for (uint64_t seq = 1; seq <= mesh->f.founder.head.seq; seq++)
        bundle_add_entry(&all, buffer_bytes(&mesh_find(one, &mesh->f.founder.key.public, seq)->entry));
    mesh_load(mesh, late, &all);
    buffer_free(&all);
    struct mesh_wire *wire = mesh_dial(mesh, late, two);
    mesh_run(mesh);
    assert_int_equal(two->opened, 0);
    mesh_dial(mesh, two, one);
    mesh_run(mesh);
    assert_int_equal(replica_peer(late->replica, wire->at_from, &peer), ERR_OK);
    assert_true(peer.is_open && peer.is_equal);
    assert_int_equal(replica_peer(two->replica, wire->at_to, &peer), ERR_OK);
    assert_true(peer.is_open && peer.is_equal);
    mesh_end(mesh);
}

/* What is said to a node that has not let us in yet is not heard: an answer would be waited for without end. */
static void who_is_let_in_late_asks_then(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *two = &mesh->nodes[1], *late = mesh_start(mesh, 3, "late", true);
    const struct id *log = &mesh->f.founder.key.public;
    struct buffer grant, all;

    publish_text(mesh, one, ACT_FOR_NETWORK);
    mesh_run(mesh);
    uint64_t text = mesh->f.founder.head.seq;
    mesh_dial(mesh, two, one);
    mesh_run(mesh);
    replica_close(two->replica, mesh->wires[mesh->wire_count - 1].at_from);
    mesh_run(mesh);
    mesh_begin(&grant, mesh);
    federation_grant_node(&mesh->f, &mesh->f.founder, &late->key.key.public, "late", &grant);
    assert_int_equal(mesh_publish(one, &grant), ERR_OK);
    mesh_run(mesh);
    mesh_begin(&all, mesh);
    for (uint64_t seq = 1; seq <= mesh->f.founder.head.seq; seq++)
        bundle_add_entry(&all, buffer_bytes(&mesh_find(one, log, seq)->entry));
    mesh_load(mesh, late, &all);
    buffer_free(&all);
    mesh_restart(mesh, 3);
    assert_true(replica_missing(late->replica) > 0);
    struct mesh_wire *wire = mesh_dial(mesh, late, two);
    mesh_run(mesh);
    publish_text(mesh, late, ACT_FOR_NETWORK); /* It looks again what is missing. */
    mesh_run(mesh);
    buffer_clear(&mesh_find(one, log, text)->content); /* Only the one that has not let it in has it. */
    mesh_restart(mesh, 0);
    mesh_dial(mesh, two, one);
    mesh_run(mesh);
    assert_true(wire->up);
    assert_int_equal(replica_missing(late->replica), 0);
    assert_true(mesh_find(late, log, text)->content.len > 0);
    mesh_end(mesh);
}

/* A newcomer is asked by its host before it knows who its host is; the host has to be told something. */
static void a_newcomer_that_is_asked_too_early_keeps_its_host(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0];
    struct writer ephemeral;
    struct id admit = invite(mesh, &ephemeral);
    struct mesh_node *newcomer = mesh_join(mesh, &ephemeral, &admit, "new steward");
    struct buffer bundle, body = BUFFER(LIMIT_ENTRY_BODY);

    mesh_begin(&bundle, mesh); /* Something that it does not show. */
    newcomer->key.kibbutz = admit;
    act_write_id(&body, ACT_SUBJECT, &admit);
    federation_sign(&mesh->f, &newcomer->key, ACT_APPROVE, buffer_bytes(&body), bytes_of(NULL, 0), &bundle);
    mesh_load(mesh, newcomer, &bundle);
    buffer_free(&body);
    buffer_free(&bundle);
    newcomer->store_holds = true;
    mesh_dial(mesh, newcomer, one);
    mesh_run(mesh);
    assert_int_equal(newcomer->closed, 0);
    newcomer->store_holds = false;
    mesh_stored(mesh, newcomer);
    mesh_run(mesh);
    mesh->now += LIMIT_ROOTS_MS;
    expire(mesh, one);
    assert_int_equal(newcomer->closed, 0);
    mesh_assert_equal_roots(newcomer, one);
    mesh_end(mesh);
}

/* A host that lacks a content asks whoever it lets in for it, before it tells its roots. */
static void a_newcomer_without_a_charter_answers_its_host(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0];
    struct writer ephemeral;
    struct id admit = invite(mesh, &ephemeral);

    publish_text(mesh, one, ACT_FOR_NETWORK);
    mesh_run(mesh);
    buffer_clear(&mesh_find(one, &mesh->f.founder.key.public, mesh->f.founder.head.seq)->content);
    mesh_restart(mesh, 0);
    assert_int_equal(replica_missing(one->replica), 1);
    struct mesh_node *newcomer = mesh_join(mesh, &ephemeral, &admit, "new steward");
    mesh_dial(mesh, newcomer, one);
    mesh_run(mesh);
    assert_int_equal(newcomer->closed, 0);
    mesh_assert_equal_roots(newcomer, one);
    mesh_end(mesh);
}

/* ---- starts ---- */

static void after_a_start_contents_for_others_are_not_asked_for(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct writer ephemeral;
    struct id admit = invite(mesh, &ephemeral);

    publish_text(mesh, &mesh->nodes[0], ACT_FOR_KIBBUTZ);
    mesh_run(mesh);
    struct mesh_node *newcomer = mesh_join(mesh, &ephemeral, &admit, "new steward");
    mesh_dial(mesh, newcomer, &mesh->nodes[0]);
    mesh_run(mesh);
    assert_int_equal(replica_missing(newcomer->replica), 0);
    struct mesh_kept *kept = mesh_find(newcomer, &mesh->f.founder.key.public, mesh->f.founder.head.seq);
    assert_non_null(kept);
    assert_int_equal(kept->content.len, 0);
    mesh_restart(mesh, 3);
    assert_int_equal(replica_missing(newcomer->replica), 0);
    mesh_end(mesh);
}

static void what_a_node_lacked_before_it_knew_itself_is_asked_for(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0], *late = mesh_start(mesh, 3, "late", true);
    const struct id *log = &mesh->f.founder.key.public;
    struct buffer bundle;

    publish_text(mesh, one, ACT_FOR_KIBBUTZ);
    mesh_run(mesh);
    uint64_t seq = mesh->f.founder.head.seq;
    mesh_begin(&bundle, mesh);
    for (uint64_t i = 1; i <= seq; i++)
        bundle_add_entry(&bundle, buffer_bytes(&mesh_find(one, log, i)->entry));
    mesh_load(mesh, late, &bundle);
    buffer_free(&bundle);
    mesh_restart(mesh, 3);
    assert_true(replica_missing(late->replica) > 0);
    mesh_begin(&bundle, mesh);
    federation_grant_node(&mesh->f, &mesh->f.founder, &late->key.key.public, "late", &bundle);
    assert_int_equal(mesh_publish(one, &bundle), ERR_OK);
    mesh_run(mesh);
    mesh_dial(mesh, late, one);
    mesh_run(mesh);
    assert_int_equal(replica_missing(late->replica), 0);
    assert_true(mesh_find(late, log, seq)->content.len > 0);
    mesh_end(mesh);
}

/* ---- publications that fail ---- */

static enum trust_status status_of(const struct mesh_node *node, const struct writer *key)
{
    return trust_key(replica_trust(node->replica), &key->key.public).status;
}

static void a_publication_that_is_refused_grants_nothing(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0];
    struct writer late = federation_writer("late", &mesh->f.founder.kibbutz, ROLE_NODE);
    struct writer nobody = federation_writer("nobody", &mesh->f.founder.kibbutz, ROLE_COORDINATOR);
    struct buffer grant, both;

    mesh_begin(&grant, mesh);
    federation_grant_node(&mesh->f, &mesh->f.founder, &late.key.public, "late", &grant);
    both = BUFFER(LIMIT_BUNDLE);
    buffer_add(&both, buffer_bytes(&grant));
    federation_publish(&mesh->f, &nobody, "# הודעה\n", ACT_FOR_NETWORK, &both);
    assert_int_equal(mesh_publish(one, &both), ERR_STRANGER);
    assert_int_equal(status_of(one, &late), TRUST_UNKNOWN);
    assert_int_equal(status_of(one, &mesh->nodes[1].key), TRUST_GOOD); /* What was granted before stands. */
    uint8_t *large = calloc(1, LIMIT_BUNDLE + 1);
    assert_non_null(large);
    assert_int_equal(replica_publish(one->replica, 1, bytes_of(large, LIMIT_BUNDLE + 1)), ERR_LIMIT);
    free(large);
    assert_int_equal(status_of(one, &mesh->nodes[1].key), TRUST_GOOD);
    assert_int_equal(mesh_publish(one, &grant), ERR_OK);
    assert_int_equal(status_of(one, &late), TRUST_GOOD);
    mesh_run(mesh);
    assert_int_equal(one->last_published, ERR_OK);
    mesh_end(mesh);
}

static void a_publication_that_is_not_stored_grants_nothing(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct mesh_node *one = &mesh->nodes[0];
    struct writer late = federation_writer("late", &mesh->f.founder.kibbutz, ROLE_NODE);
    struct buffer grant;

    one->store_fails = true;
    mesh_begin(&grant, mesh);
    federation_grant_node(&mesh->f, &mesh->f.founder, &late.key.public, "late", &grant);
    assert_int_equal(mesh_publish(one, &grant), ERR_OK);
    mesh_run(mesh);
    assert_int_equal(one->last_published, ERR_FULL);
    assert_int_equal(status_of(one, &late), TRUST_UNKNOWN);
    mesh_end(mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_to_an_ending_session_is_not_held_against_the_peer),
        cmocka_unit_test(a_slow_store_is_not_the_peer_s_silence),
        cmocka_unit_test(many_stores_do_not_keep_a_silent_peer_waited_for),
        cmocka_unit_test(who_talks_and_does_not_answer_is_left),
        cmocka_unit_test(what_did_not_help_is_asked_for_again_after_a_minute),
        cmocka_unit_test(who_catches_up_by_way_of_others_says_so),
        cmocka_unit_test(the_enrolment_shows_no_content_that_is_for_one_kibbutz),
        cmocka_unit_test(a_shown_accept_is_durable_before_its_bearer_is_let_in),
        cmocka_unit_test(who_is_let_in_late_is_known_to_be_equal_at_once),
        cmocka_unit_test(who_is_let_in_late_asks_then),
        cmocka_unit_test(a_newcomer_that_is_asked_too_early_keeps_its_host),
        cmocka_unit_test(a_newcomer_without_a_charter_answers_its_host),
        cmocka_unit_test(after_a_start_contents_for_others_are_not_asked_for),
        cmocka_unit_test(what_a_node_lacked_before_it_knew_itself_is_asked_for),
        cmocka_unit_test(a_publication_that_is_refused_grants_nothing),
        cmocka_unit_test(a_publication_that_is_not_stored_grants_nothing),
    };

    return cmocka_run_group_tests_name("proto.replica_fault", tests, NULL, NULL);
}
