/* SPDX-License-Identifier: AGPL-3.0-or-later */

/*
 * Nodes of this version and of the next minor one, which has an act more (tests/proto/next_version): what one does not know it
 * keeps and relays, and all have the same.
 */

#include "proto/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/proto/mesh.h"

/* The node in the middle is of this version, its neighbours are of the next. */
static void take_version(struct mesh *mesh, const struct mesh_node *node)
{
    next_version = node != &mesh->nodes[1];
}

static struct mesh *mixed(void)
{
    next_version = false;
    struct mesh *mesh = mesh_three();

    mesh->turn = take_version;
    return mesh;
}

static enum act act_at(struct mesh *mesh, size_t index, const struct id *id)
{
    struct mesh_kept *kept = mesh_find_id(&mesh->nodes[index], id);
    struct entry entry;

    assert_non_null(kept);
    take_version(mesh, &mesh->nodes[index]);
    assert_int_equal(entry_decode(buffer_bytes(&kept->entry), &mesh->f.network, &entry), ERR_OK);
    return entry.act;
}

static enum trust_state state_at(struct mesh *mesh, size_t index, const struct id *document)
{
    struct trust_document found;

    take_version(mesh, &mesh->nodes[index]);
    assert_true(trust_document(replica_trust(mesh->nodes[index].replica), document, &found));
    return found.state;
}

/* Node 0 publishes a document, polls on it, and publishes another one after that in the same log. */
static void publish_and_poll(struct mesh *mesh, struct id *poll, struct id documents[2])
{
    struct buffer bundle, body = BUFFER(LIMIT_ENTRY_BODY);

    take_version(mesh, &mesh->nodes[0]);
    mesh_begin(&bundle, mesh);
    documents[0] = federation_publish(&mesh->f, &mesh->f.founder, "# סקר\n", ACT_FOR_NETWORK, &bundle);
    act_write_id(&body, ACT_SUBJECT, &documents[0]);
    *poll = federation_sign(&mesh->f, &mesh->f.founder, ACT_POLL, buffer_bytes(&body), bytes_of(NULL, 0), &bundle);
    documents[1] = federation_publish(&mesh->f, &mesh->f.founder, "# תוצאות\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
    mesh_run(mesh);
    buffer_free(&body);
}

static void assert_converged(struct mesh *mesh, const struct id *poll, const struct id documents[2])
{
    struct id prints[3];

    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(act_at(mesh, i, poll), i == 1 ? ACT_UNKNOWN : ACT_POLL);
        assert_int_equal(state_at(mesh, i, &documents[0]), TRUST_IN_FORCE);
        assert_int_equal(state_at(mesh, i, &documents[1]), TRUST_IN_FORCE);
        mesh_assert_equal_roots(&mesh->nodes[0], &mesh->nodes[i]);
        take_version(mesh, &mesh->nodes[i]);
        prints[i] = trust_fingerprint(replica_trust(mesh->nodes[i].replica));
        assert_memory_equal(prints[i].at, prints[0].at, ID_LEN);
        assert_true(bytes_equal(buffer_bytes(&mesh_find_id(&mesh->nodes[i], poll)->entry),
                                buffer_bytes(&mesh_find_id(&mesh->nodes[0], poll)->entry)));
    }
}

static void what_is_not_known_is_passed_on(void **state)
{
    (void)state;
    struct mesh *mesh = mixed();
    struct id poll, documents[2];

    mesh_dial(mesh, &mesh->nodes[0], &mesh->nodes[1]);
    mesh_dial(mesh, &mesh->nodes[1], &mesh->nodes[2]);
    mesh_run(mesh);
    publish_and_poll(mesh, &poll, documents);
    assert_converged(mesh, &poll, documents);
    mesh_end(mesh);
}

/* And read back from the store, and given to who asks for it later. */
static void what_is_not_known_is_kept(void **state)
{
    (void)state;
    struct mesh *mesh = mixed();
    struct id poll, documents[2];

    mesh_dial(mesh, &mesh->nodes[0], &mesh->nodes[1]);
    mesh_run(mesh);
    publish_and_poll(mesh, &poll, documents);
    mesh->wire_count = 0;
    take_version(mesh, &mesh->nodes[1]);
    mesh_restart(mesh, 1);
    mesh_dial(mesh, &mesh->nodes[2], &mesh->nodes[1]);
    mesh_run(mesh);
    assert_converged(mesh, &poll, documents);
    mesh_end(mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_known_is_passed_on),
        cmocka_unit_test(what_is_not_known_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
