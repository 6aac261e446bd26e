/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_PROTO_OFFICE_H
#define TESTS_PROTO_OFFICE_H

/* Two nodes of a mesh, one of which has the logs of many authors, and a line between them that comes and goes. */

#include "tests/proto/mesh.h"

#define OFFICE_AUTHORS 281

struct office {
    struct mesh *mesh; /* Ended by the test. */
    struct mesh_node *one, *two;
    struct mesh_wire *wire; /* Of office_meet(). */
    struct writer authors[OFFICE_AUTHORS];
};

struct office office_begin(void); /* Of nobody yet; neither signs receipts. */
/* Grants so many authors, of whom each publishes a document at the first node. */
void office_write(struct office *o, size_t authors);
void office_publish(struct office *o, struct mesh_node *at, size_t author);

/* The second calls the first; returns what a session costs until both have the same: all bytes, both ways. */
size_t office_meet(struct office *o);
void office_part(struct office *o);

#endif
