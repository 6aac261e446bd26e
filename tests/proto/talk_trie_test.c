/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Two nodes without a common past: what differs is found by a trie where there are many logs, and attacks on that (docs/PROTOCOL.md, 7). */

#include "proto/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "proto/trie.h"
#include "proto/wire.h"
#include "tests/proto/office.h"

#define AUTHORS (OFFICE_AUTHORS - 1)
#define VECTOR_LEN (AUTHORS * MESSAGE_ITEM_LEN)

/* One has the logs of so many authors, and neither knows anything of what the other had. */
static struct office begin(size_t authors, bool small_trie)
{
    struct office o = office_begin();

    for (size_t i = 0; i < 2; i++) {
        o.mesh->nodes[i].forgetful = true;
        o.mesh->nodes[i].small_trie = small_trie;
        mesh_restart(o.mesh, i);
    }
    office_write(&o, authors);
    return o;
}

/* As begin(), and then both had the same. */
static struct office begin_equal(size_t authors, bool small_trie)
{
    struct office o = begin(authors, small_trie);

    (void)office_meet(&o);
    office_part(&o);
    return o;
}

static void of_many_logs_only_what_differs_is_told(void **state)
{
    struct office o = begin_equal(AUTHORS, false);

    (void)state;
    office_publish(&o, o.one, 7);
    office_publish(&o, o.one, 100);
    office_publish(&o, o.two, 200);
    assert_true(office_meet(&o) < VECTOR_LEN / 2); /* Vectors would go both ways. */
    mesh_end(o.mesh);
}

static void few_logs_are_told_one_by_one(void **state)
{
    struct office o = begin_equal(20, false);

    (void)state;
    office_publish(&o, o.one, 7);
    assert_in_range(office_meet(&o), 2 * 20 * MESSAGE_ITEM_LEN, 2 * 20 * MESSAGE_ITEM_LEN + 2500);
    mesh_end(o.mesh);
}

static void a_deep_trie_tells_both_sides_of_a_fork(void **state)
{
    struct office o = begin_equal(60, true);

    (void)state;
    o.authors[60] = o.authors[7];
    office_publish(&o, o.one, 7);
    office_publish(&o, o.two, 60);
    office_publish(&o, o.two, 8);
    (void)office_meet(&o);
    assert_int_equal(o.one->forks, 1);
    assert_int_equal(o.two->forks, 1);
    mesh_end(o.mesh);
}

/* ---- attacks ---- */

struct foe { /* The third node's key, in hands that do as they like. */
    struct mesh *mesh;
    struct mesh_node *victim;
    struct session *session;
    size_t asked, answered, tops; /* What the victim said. */
    uint32_t request;             /* Of what it asked last. */
    struct trie_ask ask;
};

#define AT_VICTIM 900

static struct foe attack(struct mesh *mesh)
{
    struct foe foe = {.mesh = mesh, .victim = &mesh->nodes[0]};
    struct noise_key_pair channel = federation_channel("three");
    struct id expect = federation_channel_id("one");
    struct session_options options = {
        .initiator = true, .network = mesh->f.network, .channel = &channel, .expect = &expect, .software = "foe"};
    struct replica_connection how = {.initiator = false, .seed = {++mesh->seed}};

    options.seed[1] = mesh->seed;
    foe.session = session_new(&options, mesh->now);
    assert_non_null(foe.session);
    assert_int_equal(replica_connect(foe.victim->replica, AT_VICTIM, &how, mesh->now), ERR_OK);
    return foe;
}

static void hear(struct foe *foe, const struct session_event *event)
{
    struct trie_ask asks[LIMIT_TRIE_ASKS];
    size_t count;

    if (event->kind != SESSION_MESSAGE)
        return;
    struct wire_reader reader = wire_reader(event->payload);
    uint32_t request = wire_u32(&reader);
    if (event->type == MESSAGE_WANT_TRIE) {
        assert_int_equal(trie_read_asks(reader.rest, trie_shape(), asks, &count), ERR_OK);
        foe->asked++;
        foe->request = request;
        foe->ask = asks[0];
    } else if (event->type == MESSAGE_TRIE) {
        foe->tops += request == 0;
        foe->answered += request != 0;
    }
}

static void carry(struct foe *foe)
{
    for (size_t moved = 1; moved > 0;) {
        struct bytes out = session_output(foe->session, foe->mesh->now);

        moved = out.len ? replica_receive(foe->victim->replica, AT_VICTIM, out, foe->mesh->now) : 0;
        session_sent(foe->session, moved);
        (void)mesh_step(foe->mesh, foe->victim);
        out = replica_output(foe->victim->replica, AT_VICTIM, foe->mesh->now);
        size_t taken = out.len ? session_receive(foe->session, out, foe->mesh->now) : 0;
        replica_sent(foe->victim->replica, AT_VICTIM, taken);
        moved += taken;
        for (struct session_event event; (event = session_next(foe->session)).kind != SESSION_IDLE;) {
            hear(foe, &event);
            if (event.kind == SESSION_CLOSED) {
                replica_cut(foe->victim->replica, AT_VICTIM);
                (void)mesh_step(foe->mesh, foe->victim);
                return;
            }
        }
    }
}

static void say(struct foe *foe, uint8_t type, struct buffer *body)
{
    (void)session_send(foe->session, SESSION_LIVE, type, buffer_bytes(body));
    buffer_free(body);
    carry(foe);
}

static void say_roots(struct foe *foe, uint8_t which)
{
    struct buffer body = BUFFER(KIB(1));

    message_write_roots(&body, &(struct message_roots){.frontier = {{which}}});
    say(foe, MESSAGE_ROOTS, &body);
}

/* An inner node with one child, of this digest. */
static void say_inner(struct foe *foe, uint32_t request, const uint8_t child[TRIE_DIGEST_LEN])
{
    struct buffer body = BUFFER(KIB(1));

    buffer_u32(&body, request);
    buffer_u8(&body, TRIE_INNER);
    buffer_u64(&body, 1);
    buffer_add(&body, bytes_of(child, TRIE_DIGEST_LEN));
    say(foe, MESSAGE_TRIE, &body);
}

/* The digests of a trie that is one long path, from its ground on. */
static void dig(uint8_t digests[LIMIT_TRIE_DEPTH + 2][TRIE_DIGEST_LEN])
{
    memset(digests[0], 9, TRIE_DIGEST_LEN);
    for (size_t i = 1; i < LIMIT_TRIE_DEPTH + 2; i++) {
        struct trie_node node = {.kind = TRIE_INNER, .children = 1, .body = bytes_of(digests[i - 1], TRIE_DIGEST_LEN)};

        assert_int_equal(trie_node_digest(&node, digests[i]), ERR_OK);
    }
}

static void assert_left(struct foe *foe, enum err cause)
{
    assert_int_equal(foe->victim->closed, 1);
    assert_int_equal(foe->victim->last_closed, cause);
    session_free(foe->session);
    mesh_end(foe->mesh);
}

/* Goal: the victim goes down what is not there.  Method: a node that is not what its digest said. */
static void attack_31_lying_trie(void **state)
{
    uint8_t child[TRIE_DIGEST_LEN] = {1}, other[TRIE_DIGEST_LEN] = {2};
    struct foe foe = attack(mesh_three());

    (void)state;
    say_roots(&foe, 1);
    say_inner(&foe, 0, child);
    assert_int_equal(foe.asked, 1);
    assert_memory_equal(foe.ask.digest, child, sizeof child);
    assert_int_equal(foe.victim->closed, 0);
    say_inner(&foe, foe.request, other);
    assert_left(&foe, ERR_AUTH);
}

/* Goal: it goes down without end.  Method: a path of which each node has the digest that was told, deeper than any trie is. */
static void attack_31_endless_descent(void **state)
{
    uint8_t digests[LIMIT_TRIE_DEPTH + 2][TRIE_DIGEST_LEN];
    struct foe foe = attack(mesh_three());
    size_t depth = 0;

    (void)state;
    dig(digests);
    say_roots(&foe, 1);
    say_inner(&foe, 0, digests[LIMIT_TRIE_DEPTH]);
    for (; foe.victim->closed == 0 && depth < 100; depth++) {
        assert_int_equal(foe.asked, depth + 1);
        say_inner(&foe, foe.request, digests[LIMIT_TRIE_DEPTH - 1 - (depth < LIMIT_TRIE_DEPTH ? depth : 0)]);
    }
    assert_int_equal(depth, LIMIT_TRIE_DEPTH);
    assert_left(&foe, ERR_FORMAT);
}

/* Goal: the victim waits for ever, and asks nothing else.  Method: a top, and silence. */
static void attack_31_descent_into_silence(void **state)
{
    uint8_t child[TRIE_DIGEST_LEN] = {1};
    struct foe foe = attack(mesh_three());

    (void)state;
    say_roots(&foe, 1);
    say_inner(&foe, 0, child);
    assert_int_equal(foe.asked, 1);
    foe.mesh->now += LIMIT_STALL_MS - 1;
    replica_expire(foe.victim->replica, foe.mesh->now++);
    carry(&foe);
    assert_int_equal(foe.victim->closed, 0);
    assert_true(replica_deadline(foe.victim->replica) <= foe.mesh->now);
    replica_expire(foe.victim->replica, foe.mesh->now);
    carry(&foe);
    assert_left(&foe, ERR_TIMEOUT);
}

/* Goal: the victim works without end.  Method: to ask again and again for what it has. */
static void attack_31_endless_asking(void **state)
{
    struct trie_ask ask = {.place = {.prefix = 0, .depth = 1}};
    struct office o = begin(8, true);
    struct foe foe = attack(o.mesh);

    (void)state;
    say_roots(&foe, 1);
    assert_int_equal(foe.tops, 1);
    for (size_t i = 1; i <= LIMIT_TRIE_ROUNDS + 1; i++) {
        struct buffer body = BUFFER(KIB(1));

        assert_int_equal(foe.victim->closed, 0);
        buffer_u32(&body, (uint32_t)i);
        trie_write_ask(&body, &ask);
        say(&foe, MESSAGE_WANT_TRIE, &body);
        assert_int_equal(foe.answered, i <= LIMIT_TRIE_ROUNDS ? i : LIMIT_TRIE_ROUNDS);
    }
    assert_left(&foe, ERR_LIMIT);
}

/* Goal: the same before anything was told. */
static void attack_31_asking_unasked(void **state)
{
    struct trie_ask ask = {.place = {.prefix = 0, .depth = 1}};
    struct foe foe = attack(mesh_three());
    struct buffer body = BUFFER(KIB(1));

    (void)state;
    buffer_u32(&body, 1);
    trie_write_ask(&body, &ask);
    say(&foe, MESSAGE_WANT_TRIE, &body);
    assert_int_equal(foe.answered, 0);
    assert_left(&foe, ERR_LIMIT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_many_logs_only_what_differs_is_told),
        cmocka_unit_test(few_logs_are_told_one_by_one),
        cmocka_unit_test(a_deep_trie_tells_both_sides_of_a_fork),
        cmocka_unit_test(attack_31_lying_trie),
        cmocka_unit_test(attack_31_endless_descent),
        cmocka_unit_test(attack_31_descent_into_silence),
        cmocka_unit_test(attack_31_endless_asking),
        cmocka_unit_test(attack_31_asking_unasked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
