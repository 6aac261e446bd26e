/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_FRONTIER_H
#define PROTO_FRONTIER_H

/*
 * What a node has: of each log the tips of its tree, that is the entries that none follows.  A log whose key never signed
 * two entries on one has one tip.  Kept in ascending order of key, seq and entry id; its roots are docs/PROTOCOL.md, 2.
 */

#include "proto/entry.h"

struct frontier;

struct frontier *frontier_new(void); /* NULL when memory is out. */
void frontier_free(struct frontier *f);
void frontier_clear(struct frontier *f); /* Forgets all heads. */

size_t frontier_count(const struct frontier *f); /* Of tips. */
size_t frontier_logs(const struct frontier *f);
const struct head *frontier_at(const struct frontier *f, size_t index); /* Lent until the next change. */

/* The main head of a log: of its tips the one of the greatest seq, of several the lowest id.  NULL: no such log.  Lent likewise. */
const struct head *frontier_find(const struct frontier *f, const struct id *log);

/* The log whose key begins so.  ERR_MISSING: there is none, or several. */
enum err frontier_log(const struct frontier *f, struct bytes beginning, struct id *log);

/* The tips of a log; the first is frontier_at(f, *first). */
size_t frontier_tips(const struct frontier *f, const struct id *log, size_t *first);
/* Whether it has as many tips as are kept; from then on that stays so. */
bool frontier_is_crowded(const struct frontier *f, const struct id *log);
/* The tip with this id, or NULL. */
const struct head *frontier_tip(const struct frontier *f, const struct id *log, const struct id *entry);

/*
 * Adds a tip that leads on from `prev` (NULL: from none, or not known to the caller): it takes the place of that tip, or else
 * is one more; `branches` (may be NULL) says that it is one more of a log that has some.  What is a tip stays as it is.
 * ERR_LIMIT: too many logs, or branches; ERR_MEMORY.
 */
enum err frontier_add(struct frontier *f, const struct id *prev, const struct head *head, bool *branches);

/* Moves the main head of a log, or begins one; its seq is not 0.  ERR_LIMIT, ERR_MEMORY. */
enum err frontier_set(struct frontier *f, const struct head *head);

/*
 * The one question that is asked by a call, and only where a log forks, a peer tells of an older entry, a known one comes
 * again, or a receipt is doubted: the entry of that log and seq, on any branch, whose id begins so, as the head of what leads to it.  ERR_MISSING.
 */
typedef enum err frontier_find_fn(void *context, const struct id *log, uint64_t seq, struct bytes beginning,
                                  struct head *head);

/* Whom to ask for entries that are no tips; without it they are not found. */
void frontier_ask(struct frontier *f, frontier_find_fn *find, void *context);

/* Finds an entry, a tip or one that others follow.  ERR_MISSING. */
enum err frontier_entry(const struct frontier *f, const struct id *log, uint64_t seq, struct bytes beginning,
                        struct head *head);

/* The sum of the seqs of all main heads. */
uint64_t frontier_entries(const struct frontier *f);

/*
 * What nodes compare.  Of a log with LIMIT_BRANCHES tips each node keeps those that came first, so that no two need have the same:
 * the root tells only that it has so many, or one hostile key would keep all nodes from ever being equal again.
 */
struct id frontier_root(const struct frontier *f);
/* Of the logs that govern, each tip; so is the stamp of all logs: another whenever anything was added here. */
struct id frontier_governance_root(const struct frontier *f);
struct id frontier_stamp(const struct frontier *f);

#endif
