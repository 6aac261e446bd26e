/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_FILE_IO_H
#define NODE_FILE_IO_H

/* Attachments between the replica and the archive. */

#include "node/running.h"

/* Stores a chunk that came.  ERR_FULL also where only the reserve is left: then none is asked for, for a while. */
enum err file_io_store(struct node *node, const struct file_chunk *chunk);

/* Answers REPLICA_READ_FILE. */
void file_io_supply(struct node *node, const struct replica_event *event);

/* What is not here of what contents here name, told to a replica that begins. */
enum err file_io_load(struct node *node);

/* At the start: forgets files that nothing names, unless something that was signed waits for being appended. */
void file_io_tidy(struct node *node);

/* What is here of a file: a wanted_state_fn of the node. */
void file_io_state(void *context, const struct id *digest, uint64_t size, struct file_state *state);

/* Asks for all attachments of that entry that are not here.  ERR_MISSING: nothing here names any; `asked` says how many. */
enum err file_io_want(struct node *node, const struct id *entry, size_t *asked);

/* Asks for one of them, of this size. */
enum err file_io_want_one(struct node *node, const struct id *entry, const struct id *digest, uint64_t size);

#endif
