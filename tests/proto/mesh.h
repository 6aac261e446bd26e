/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef TESTS_PROTO_MESH_H
#define TESTS_PROTO_MESH_H

/* Replicas in one process, joined by perfect wires, with stores that do as they are told. */

#include "proto/content.h"
#include "proto/replica.h"
#include "tests/support/federation.h"

#define MESH_NODES 4
#define MESH_KEPT 1024
#define MESH_WALL_MS UINT64_C(1750000000000) /* What clocks on the wall say when the mesh begins. */

struct mesh_kept { /* A store: one entry with its content. */
    struct head head;
    struct id prev;
    struct buffer entry, content;
};

struct mesh_file { /* What of an attachment a store has. */
    struct id digest;
    uint64_t size;
    struct file_state state;
    uint8_t *bytes;
};

#define MESH_FILES 24

#define MESH_HELD 8

struct mesh_node {
    struct replica *replica;
    struct mesh_file files[MESH_FILES];
    size_t file_count, files_whole, chunks_stored, chunks_read;
    bool on_demand;
    bool forgetful, small_trie; /* From its next start on: see struct replica_options. */
    bool chunks_fail;   /* The disk has no room for attachments. */
    bool files_stall;   /* What it is asked of attachments it never answers. */
    bool files_lie;     /* It answers with other bytes. */
    bool lists_lie;     /* With the list of another file. */
    struct writer key;
    const char *name;
    struct mesh_kept kept[MESH_KEPT];
    size_t kept_count;
    bool store_fails;
    bool store_holds;          /* A store is done when mesh_stored() says so. */
    const struct replica_run *runs; /* What its frame holds, ... */
    size_t run_count;
    struct bytes frame; /* ... offered before anything is supplied one by one. */
    size_t frames;      /* So many were sent. */
    bool answers_stall;        /* What it is asked it never answers. */
    bool reads_nothing;        /* It answers what it is asked without what it has. */
    struct replica_event held[MESH_HELD]; /* The stores that are not done, the oldest first. */
    size_t held_count;
    size_t stores, opened, closed, equal, forks, behind, refused, published;
    char refusal[256]; /* The last one. */
    enum err last_published, last_closed;
    bool signs_nothing; /* Its receipts are not signed. */
    size_t signs, contradictions;
};

struct mesh_wire {
    struct mesh_node *from, *to;
    uint32_t at_from, at_to;
    bool up; /* Else it is silent. */
    size_t bytes, back; /* Both ways; and from the one that was called. */
};

struct mesh {
    struct federation f;
    struct mesh_node nodes[MESH_NODES];
    struct mesh_wire wires[16];
    size_t wire_count;
    uint64_t now;
    uint8_t seed;
    size_t cut_after; /* Bytes after which mesh_run() carries nothing more; 0: it carries all. */
    void (*turn)(struct mesh *mesh, const struct mesh_node *node); /* Before anything is asked of a node; NULL: nothing. */
};

/* Three nodes of the founding kibbutz, granted by its steward; the grants are in the store of each. */
struct mesh *mesh_three(void);
void mesh_end(struct mesh *mesh);

struct mesh_node *mesh_start(struct mesh *mesh, size_t index, const char *name, bool with_charter);
/* Puts a bundle of whole logs into a node's store, as a start finds it. */
void mesh_load(struct mesh *mesh, struct mesh_node *node, const struct buffer *bundle);
/* Starts a node again from its store, without its connections; it has to sign nothing any more. */
void mesh_restart(struct mesh *mesh, size_t index);
/* Tells a replica of what contents in its store name and its store has not got. */
void mesh_load_absent(struct mesh *mesh, struct mesh_node *node);
/* The whole way in, for the fourth node: accept and grant signed before the first contact, the charter learnt from the wire. */
struct mesh_node *mesh_join(struct mesh *mesh, struct writer *ephemeral, const struct id *admit,
                            const char *steward_label);

struct mesh_wire *mesh_dial(struct mesh *mesh, struct mesh_node *from, struct mesh_node *to);
/* Until nothing moves. */
void mesh_run(struct mesh *mesh);
void mesh_stored(struct mesh *mesh, struct mesh_node *node);
/* Signs a receipt as a node does when it is due. */
void mesh_sign(struct mesh *mesh, struct mesh_node *node);
/* Lets time go on to `now`, one deadline after another. */
void mesh_pass(struct mesh *mesh, uint64_t now);

void mesh_begin(struct buffer *bundle, struct mesh *mesh);
/* A file of pseudo-random bytes; the same seed makes the same.  Puts it whole into a node's store. */
struct mesh_file *mesh_add_file(struct mesh_node *node, uint64_t seed, uint64_t size);
struct mesh_file *mesh_find_file(struct mesh_node *node, const struct id *digest);
/* All that a node's replica has to say now; false: nothing. */
bool mesh_step(struct mesh *mesh, struct mesh_node *node);

enum err mesh_publish(struct mesh_node *node, struct buffer *bundle); /* Frees the bundle. */

/* The first of that log and seq; the one with that id. */
struct mesh_kept *mesh_find(struct mesh_node *node, const struct id *log, uint64_t seq);
struct mesh_kept *mesh_find_id(struct mesh_node *node, const struct id *entry);
void mesh_keep(struct mesh_node *node, const struct item *item);
void mesh_assert_equal_roots(const struct mesh_node *a, const struct mesh_node *b);

#endif
