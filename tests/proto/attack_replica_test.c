/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Attacks on what a node takes in, numbered as in docs/TRUST.md, 7. */

#include "proto/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/commit.h"
#include "proto/limits.h"
#include "tests/proto/mesh.h"

/* The wire form of one entry, as the only record of a bundle for `network`. */
static struct buffer alone(const struct entry *entry, const struct id *network)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY), bundle = BUFFER(LIMIT_BUNDLE);

    entry_encode(&wire, entry);
    bundle_begin(&bundle, network);
    bundle_add_entry(&bundle, buffer_bytes(&wire));
    buffer_free(&wire);
    return bundle;
}

static struct entry approval(const struct writer *w, const struct id *network)
{
    return (struct entry){
        .network = *network,
        .kibbutz = w->kibbutz,
        .role = w->role,
        .root = *network,
        .act = ACT_APPROVE,
        .body = bytes_text("subject 1111111111111111111111111111111111111111111111111111111111111111\n"),
    };
}

/* The founder's next entry here; the same place of the same log is to be filled by the attacker. */
static void publish_one(struct mesh *mesh)
{
    struct buffer bundle;

    mesh_begin(&bundle, mesh);
    federation_publish(&mesh->f, &mesh->f.founder, "# מים\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
    mesh_run(mesh);
}

/* Signs over an entry's payload with a namespace that is not ours, as a file signed by ssh-keygen has it. */
static void sign_as_file(struct entry *entry, const struct head *before, const struct signing_key *key, uint64_t now)
{
    struct buffer bytes = BUFFER(LIMIT_COMMIT), payload = BUFFER(LIMIT_COMMIT);
    struct head after;
    struct commit commit;

    assert_int_equal(entry_sign(entry, before, key, now), ERR_OK);
    assert_int_equal(entry_verify(entry, before, &after, &bytes), ERR_OK);
    assert_int_equal(commit_read(buffer_bytes(&bytes), &commit), ERR_OK);
    commit_write_payload(&payload, &commit);
    sshsig_sign(key, "file", buffer_bytes(&payload), &entry->signature);
    buffer_free(&bytes);
    buffer_free(&payload);
}

static void assert_no_fork(struct mesh *mesh, struct buffer *bundle)
{
    assert_int_not_equal(mesh_publish(&mesh->nodes[0], bundle), ERR_OK);
    mesh_run(mesh);
    assert_int_equal(mesh->nodes[0].forks, 0);
}

/* Goal: nobody is accused by what was not signed as an entry of this network. */
static void attack_05_framed_equivocation(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct writer framed = mesh->f.founder;
    struct id other = {{7}};

    publish_one(mesh);
    struct entry entry = approval(&framed, &other);
    assert_int_equal(entry_sign(&entry, &framed.head, &framed.key, mesh->f.now_ms), ERR_OK);
    struct buffer bundle = alone(&entry, &mesh->f.network);
    assert_no_fork(mesh, &bundle);
    entry = approval(&framed, &mesh->f.network);
    sign_as_file(&entry, &framed.head, &framed.key, mesh->f.now_ms);
    bundle = alone(&entry, &mesh->f.network);
    assert_no_fork(mesh, &bundle);
    mesh_end(mesh);
}

/* Goal: what a key signed in one network is nothing in another.  Method: the same founder's key, two charters. */
static void attack_15_cross_network_replay(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct federation other;
    struct buffer bundle;

    federation_begin(&other, "אחרת");
    assert_memory_equal(other.founder.key.public.at, mesh->f.founder.key.public.at, ID_LEN);
    assert_memory_not_equal(other.network.at, mesh->f.network.at, ID_LEN);
    other.founder.head = mesh->f.founder.head; /* It fits the place, */
    other.founder.kibbutz = mesh->f.founder.kibbutz;
    other.now_ms = mesh->f.now_ms;
    bundle = BUFFER(LIMIT_BUNDLE);
    bundle_begin(&bundle, &mesh->f.network); /* in a bundle that says it is ours. */
    federation_publish(&other, &other.founder, "# מים\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_AUTH);
    bundle = BUFFER(LIMIT_BUNDLE);
    bundle_begin(&bundle, &other.network); /* Or in one that says whose it is. */
    federation_publish(&other, &other.founder, "# מים\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_NETWORK);
    mesh_run(mesh);
    assert_null(mesh_find(&mesh->nodes[0], &mesh->f.founder.key.public, mesh->f.founder.head.seq + 1));
    publish_one(mesh); /* The place is free for what is signed here. */
    assert_non_null(mesh_find(&mesh->nodes[0], &mesh->f.founder.key.public, mesh->f.founder.head.seq));
    federation_free(&other);
    mesh_end(mesh);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(attack_05_framed_equivocation),
        cmocka_unit_test(attack_15_cross_network_replay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
