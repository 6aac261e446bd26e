/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_FRONTIER_H
#define PROTO_FRONTIER_H

/* What a node has: per log, the newest entry.  Kept in ascending order of key; its roots are docs/PROTOCOL.md, 2. */

#include "proto/entry.h"

struct frontier;

struct frontier *frontier_new(void); /* NULL when memory is out. */
void frontier_free(struct frontier *f);
void frontier_clear(struct frontier *f); /* Forgets all heads. */

size_t frontier_count(const struct frontier *f);
const struct head *frontier_at(const struct frontier *f, size_t index); /* Lent until the next frontier_set(). */
const struct head *frontier_find(const struct frontier *f, const struct id *log); /* NULL: no such log.  Lent likewise. */

/* Sets the head of a log; its seq is not 0.  ERR_LIMIT, ERR_MEMORY. */
enum err frontier_set(struct frontier *f, const struct head *head);

/* The sum of all seqs. */
uint64_t frontier_entries(const struct frontier *f);

struct id frontier_root(const struct frontier *f);
struct id frontier_governance_root(const struct frontier *f);

#endif
