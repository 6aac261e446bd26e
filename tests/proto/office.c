/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/proto/office.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct office office_begin(void)
{
    struct office o = {.mesh = mesh_three()};

    o.one = &o.mesh->nodes[0];
    o.two = &o.mesh->nodes[1];
    o.one->signs_nothing = o.two->signs_nothing = true;
    return o;
}

void office_publish(struct office *o, struct mesh_node *at, size_t author)
{
    struct buffer bundle;

    mesh_begin(&bundle, o->mesh);
    federation_publish(&o->mesh->f, &o->authors[author], "# מים\n", ACT_FOR_NETWORK, &bundle);
    assert_int_equal(mesh_publish(at, &bundle), ERR_OK);
    mesh_run(o->mesh);
}

void office_write(struct office *o, size_t authors)
{
    struct buffer grants;

    mesh_begin(&grants, o->mesh);
    for (size_t i = 0; i < authors; i++) {
        char name[32];

        snprintf(name, sizeof name, "author %zu", i);
        o->authors[i] = federation_writer(name, &o->mesh->f.founder.kibbutz, ROLE_COORDINATOR);
        federation_grant_coordinator(&o->mesh->f, &o->mesh->f.founder, &o->authors[i].key.public, &grants);
    }
    assert_int_equal(mesh_publish(o->one, &grants), ERR_OK);
    mesh_run(o->mesh);
    for (size_t i = 0; i < authors; i++)
        office_publish(o, o->one, i);
}

size_t office_meet(struct office *o)
{
    o->wire = mesh_dial(o->mesh, o->two, o->one);
    mesh_run(o->mesh);
    mesh_assert_equal_roots(o->one, o->two);
    assert_true(replica_settled(o->one->replica) && replica_settled(o->two->replica));
    return o->wire->bytes;
}

void office_part(struct office *o)
{
    o->wire->up = false;
    replica_cut(o->one->replica, o->wire->at_to);
    replica_cut(o->two->replica, o->wire->at_from);
    mesh_run(o->mesh);
}
