/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/replica.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/proto/mesh.h"

/* Small pushes that rest on what the receiver has: what they cost, and that nothing is lost where it has it not. */

#define WORDS 3000
#define REVISION_MAX 440

/* Minutes of some 6 KB, of words that others use too; always the same for the same number. */
static const char *minutes(unsigned number, size_t changed)
{
    static char text[8192];
    uint32_t random = number * 2654435761u + 1;
    size_t len = (size_t)snprintf(text, sizeof text, "# פרוטוקול %u\n\n", number);

    for (size_t i = 0; len < 6000; i++) {
        random = random * 1664525 + 1013904223;
        uint32_t word = (random >> 8) % WORDS * (random >> 20) / 4096;
        if (changed && i == changed)
            word = WORDS - 1;
        for (word = word * 7919 + 31; word > 0; word /= 22)
            len += (size_t)snprintf(text + len, 3, "\xd7%c", (char)(0x90 + word % 22));
        len += (size_t)snprintf(text + len, 3, i % 12 == 11 ? ".\n" : " ");
    }
    return text;
}

static struct id publish(struct mesh *mesh, unsigned number, enum act_audience audience)
{
    struct buffer bundle;

    mesh_begin(&bundle, mesh);
    struct id id = federation_publish(&mesh->f, &mesh->f.founder, minutes(number, 0), audience, &bundle);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
    mesh_run(mesh);
    return id;
}

static void revise(struct mesh *mesh, const struct id *document, const char *text)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), packed = BUFFER(LIMIT_CONTENT), bundle;
    struct content_file file = {.name = bytes_text(CONTENT_DOCUMENT), .bytes = bytes_text(text)};
    uint8_t salt[CONTENT_SALT_LEN];
    struct id content;

    for (size_t i = 0; i < sizeof salt; i++)
        salt[i] = (uint8_t)(i * 37 + 11);
    assert_int_equal(content_pack(&file, 1, salt, &packed, &content), ERR_OK);
    act_write_id(&body, ACT_DOCUMENT, document);
    act_write_id(&body, ACT_AFTER, document);
    act_write_text(&body, ACT_AUDIENCE, "network");
    act_write_id(&body, ACT_CONTENT, &content);
    act_write_number(&body, ACT_NEED, 1);
    act_write_text(&body, ACT_COUNT, "kibbutzim");
    mesh_begin(&bundle, mesh);
    federation_sign(&mesh->f, &mesh->f.founder, ACT_REVISE, buffer_bytes(&body), buffer_bytes(&packed), &bundle);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
    mesh_run(mesh);
    buffer_free(&body);
    buffer_free(&packed);
}

static struct mesh *mesh_of_two(struct mesh_wire **wire)
{
    struct mesh *mesh = mesh_three();

    *wire = mesh_dial(mesh, &mesh->nodes[0], &mesh->nodes[1]);
    mesh_run(mesh);
    return mesh;
}

static void assert_has(struct mesh *mesh, size_t node, const struct id *entry)
{
    struct mesh_kept *kept = mesh_find_id(&mesh->nodes[node], entry);

    assert_non_null(kept);
    assert_true(kept->content.len > 0);
}

static void the_more_they_share_the_less_a_push_costs(void **state)
{
    (void)state;
    struct mesh_wire *wire;
    struct mesh *mesh = mesh_of_two(&wire);
    size_t costs[20];
    struct id id;

    for (unsigned i = 0; i < 20; i++) {
        size_t before = wire->bytes;

        id = publish(mesh, i, ACT_FOR_NETWORK);
        costs[i] = wire->bytes - before;
        assert_has(mesh, 1, &id);
    }
    assert_true(costs[19] * 10 < costs[0] * 9);
    assert_int_equal(replica_pushes(mesh->nodes[0].replica).lean, 20);
    assert_int_equal(replica_pushes(mesh->nodes[1].replica).useless, 0);
    size_t before = wire->bytes;
    revise(mesh, &id, minutes(19, 300));
    assert_in_range(wire->bytes - before, 100, REVISION_MAX);
    mesh_assert_equal_roots(&mesh->nodes[0], &mesh->nodes[1]);
    mesh_end(mesh);
}

/* An old document, with others of the same author since. */
static void a_revision_rests_on_the_one_before_wherever_that_stands(void **state)
{
    (void)state;
    struct mesh_wire *wire;
    struct mesh *mesh = mesh_of_two(&wire);
    struct id id = publish(mesh, 1, ACT_FOR_NETWORK);

    for (unsigned i = 2; i < 5; i++)
        publish(mesh, i, ACT_FOR_NETWORK);
    size_t before = wire->bytes;
    revise(mesh, &id, minutes(1, 200));
    assert_in_range(wire->bytes - before, 100, REVISION_MAX);
    mesh_assert_equal_roots(&mesh->nodes[0], &mesh->nodes[1]);
    mesh_end(mesh);
}

static void it_goes_on_as_it_came(void **state)
{
    (void)state;
    struct mesh_wire *first, *second;
    struct mesh *mesh = mesh_of_two(&first);

    second = mesh_dial(mesh, &mesh->nodes[1], &mesh->nodes[2]);
    mesh_run(mesh);
    publish(mesh, 1, ACT_FOR_NETWORK);
    size_t before[] = {first->bytes, second->bytes};
    struct id id = publish(mesh, 2, ACT_FOR_NETWORK);
    assert_has(mesh, 2, &id);
    assert_int_equal(first->bytes - before[0], second->bytes - before[1]);
    assert_int_equal(replica_pushes(mesh->nodes[1].replica).lean, 2);
    /* Round about it comes back to where it is known, and costs nobody a look at the disk. */
    mesh_dial(mesh, &mesh->nodes[2], &mesh->nodes[0]);
    mesh_run(mesh);
    id = publish(mesh, 3, ACT_FOR_NETWORK);
    assert_has(mesh, 1, &id);
    assert_has(mesh, 2, &id);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(replica_pushes(mesh->nodes[i].replica).useless, 0);
    mesh_end(mesh);
}

/* It told of nothing that it lacks, and lacks it all the same: the peer is asked for the entry, and nothing is lost. */
static void what_rests_on_nothing_here_is_fetched(void **state)
{
    (void)state;
    struct mesh_wire *wire;
    struct mesh *mesh = mesh_of_two(&wire);
    struct id id = publish(mesh, 1, ACT_FOR_NETWORK);

    mesh_restart(mesh, 1); /* Nothing is at hand. */
    wire->up = false;
    mesh_dial(mesh, &mesh->nodes[0], &mesh->nodes[1]);
    mesh_run(mesh);
    buffer_clear(&mesh_find_id(&mesh->nodes[1], &id)->content);
    id = publish(mesh, 2, ACT_FOR_NETWORK);
    assert_int_equal(replica_pushes(mesh->nodes[1].replica).useless, 1);
    assert_has(mesh, 1, &id);
    mesh_assert_equal_roots(&mesh->nodes[0], &mesh->nodes[1]);
    mesh_end(mesh);
}

static void one_that_lacks_something_is_told_in_full(void **state)
{
    (void)state;
    struct mesh_wire *wire;
    struct mesh *mesh = mesh_of_two(&wire);
    struct id id = publish(mesh, 1, ACT_FOR_NETWORK);

    buffer_clear(&mesh_find_id(&mesh->nodes[1], &id)->content);
    buffer_clear(&mesh_find_id(&mesh->nodes[0], &id)->content); /* So that it cannot be had. */
    mesh_restart(mesh, 1);
    wire->up = false;
    mesh_dial(mesh, &mesh->nodes[0], &mesh->nodes[1]);
    mesh_run(mesh);
    assert_int_equal(replica_missing(mesh->nodes[1].replica), 1);
    uint64_t lean = replica_pushes(mesh->nodes[0].replica).lean;
    id = publish(mesh, 2, ACT_FOR_NETWORK);
    assert_has(mesh, 1, &id);
    assert_int_equal(replica_pushes(mesh->nodes[0].replica).lean, lean);
    mesh_end(mesh);
}

/* A content for the kibbutz alone is no help to others, not even as what they would have to have. */
static void nothing_rests_on_what_the_peer_may_not_hold(void **state)
{
    (void)state;
    struct mesh *mesh = mesh_three();
    struct buffer bundle;
    struct writer ephemeral = federation_writer("ephemeral", &mesh->f.founder.kibbutz, ROLE_INVITATION);

    mesh_begin(&bundle, mesh);
    struct id admit = federation_admit(&mesh->f, &mesh->f.founder, &ephemeral.key.public, &bundle);
    assert_int_equal(mesh_publish(&mesh->nodes[0], &bundle), ERR_OK);
    mesh_run(mesh);
    ephemeral.kibbutz = admit;
    struct mesh_node *other = mesh_join(mesh, &ephemeral, &admit, "new steward");
    mesh_dial(mesh, other, &mesh->nodes[0]);
    mesh_dial(mesh, &mesh->nodes[1], &mesh->nodes[0]);
    mesh_run(mesh);
    struct id ours = publish(mesh, 1, ACT_FOR_KIBBUTZ);
    assert_has(mesh, 1, &ours);
    assert_int_equal(mesh_find_id(other, &ours)->content.len, 0);
    uint64_t lean = replica_pushes(mesh->nodes[0].replica).lean;
    struct id all = publish(mesh, 2, ACT_FOR_NETWORK);
    assert_has(mesh, 1, &all);
    assert_has(mesh, 3, &all);
    assert_int_equal(replica_pushes(mesh->nodes[0].replica).lean, lean + 1); /* To the one alone. */
    assert_int_equal(replica_pushes(other->replica).useless, 0);
    mesh_end(mesh);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_more_they_share_the_less_a_push_costs),
        cmocka_unit_test(a_revision_rests_on_the_one_before_wherever_that_stands),
        cmocka_unit_test(it_goes_on_as_it_came),
        cmocka_unit_test(what_rests_on_nothing_here_is_fetched),
        cmocka_unit_test(one_that_lacks_something_is_told_in_full),
        cmocka_unit_test(nothing_rests_on_what_the_peer_may_not_hold),
    };

    return cmocka_run_group_tests_name("proto.replica_lean", tests, NULL, NULL);
}
