/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_RECEIPT_FILE_H
#define STORE_RECEIPT_FILE_H

/*
 * Receipts on disk (docs/FORMAT.md, 12).  HOME/keys/receipt is the last that this node signed: durable before it leaves, since no
 * number may come twice.  HOME/receipts.sqlite holds the newest of every node with what it rests on, and who is a member at all, for
 * those that read beside the running node; it is derived, for the others tell it again.
 */

#include "proto/receipts.h"

/* ---- the own one ---- */
enum err receipt_file_keep_own(const char *home, const struct receipt *receipt);
/* ERR_MISSING: none was signed here.  ERR_FORMAT: the file is damaged. */
enum err receipt_file_own(const char *home, struct receipt *receipt);

/* ---- those of all ---- */
struct receipt_file;

/* ERR_MISSING: reading, and there is no such file.  A damaged one is begun anew when `write` is set. */
enum err receipt_file_open(const char *home, bool write, struct receipt_file **file);
void receipt_file_close(struct receipt_file *file); /* Accepts NULL. */

/* Writes one node's, heard of at that time of the clock on the wall. */
enum err receipt_file_put(struct receipt_file *file, const struct receipts *receipts, size_t place, uint64_t heard_ms);

/* Reads all; the callback (may be NULL) tells when each was heard of.  What does not verify is passed over. */
typedef void receipt_file_fn(void *context, const struct id *node, uint64_t heard_ms);
enum err receipt_file_load(struct receipt_file *file, struct receipts *receipts, receipt_file_fn *each, void *context);

/* Who there is: the kibbutzim that are members, and the nodes that count, as trust says; and the own node. */
struct receipt_seat {
    struct id node, kibbutz;
};
struct receipt_world {
    struct id own; /* Zeros: not known. */
    struct id *members; /* Ascending. */
    size_t member_count;
    struct receipt_seat *nodes; /* In ascending order of node. */
    size_t node_count;
};
void receipt_world_free(struct receipt_world *world); /* Leaves an empty one. */
enum err receipt_file_set_world(struct receipt_file *file, const struct receipt_world *world);
enum err receipt_file_world(struct receipt_file *file, struct receipt_world *world);

/* When another node last had the same as this one. */
enum err receipt_file_set_complete(struct receipt_file *file, uint64_t wall_ms);
enum err receipt_file_complete(struct receipt_file *file, uint64_t *wall_ms); /* 0: never. */

/* Grows with every change; the same: nothing has changed. */
enum err receipt_file_serial(struct receipt_file *file, uint64_t *serial);

#endif
