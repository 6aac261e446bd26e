/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_SIGNER_H
#define NODE_SIGNER_H

/*
 * Makes own entries: signs them one after another, for one key or several, and keeps them as items for the archive or
 * as a bundle for the running node.  Nothing signed here may be thrown away and signed again once it may have left.
 */

#include "proto/frontier.h"
#include "proto/item.h"

struct signer;

/* One entry to be signed. */
struct signer_entry {
    enum act act;
    struct bytes body;    /* The act's lines. */
    struct bytes content; /* Packed; empty: none. */
    struct id kibbutz;    /* The seat, used at seq 1 only. */
    enum role role;
};

/* NULL when memory is out.  All entries name `network` and stand on `root`. */
struct signer *signer_new(const struct id *network, const struct id *root);
void signer_free(struct signer *s); /* Accepts NULL. */

/*
 * Signs one entry that follows `head` (seq 0: a new log), and moves `head` on.  Everything is copied.
 * ERR_FORMAT, ERR_LIMIT: the act's lines are not in order.  ERR_MEMORY.
 */
enum err signer_sign(struct signer *s, const struct signing_key *key, struct head *head,
                     const struct signer_entry *what, uint64_t now_ms);

/* What was signed since the start or signer_clear(); lent until the next call. */
const struct item *signer_items(const struct signer *s, size_t *count);
size_t signer_size(const struct signer *s); /* Bytes of all entries and contents. */
void signer_clear(struct signer *s);

/* Appends all of it as one bundle. */
enum err signer_write_bundle(const struct signer *s, struct buffer *bundle);

/*
 * Takes up such a bundle of an earlier run, as if it had been signed now: those entries that are beyond the heads of
 * `frontier`.  ERR_GAP, ERR_FORK: they do not follow them.  ERR_FORMAT, ERR_AUTH ...: it is damaged.
 */
enum err signer_resume(struct signer *s, struct bytes bundle, const struct frontier *frontier);

/*
 * Whether the clock may be signed by: the entries of a clock that is far off stay in the archive for ever.
 * `newest_ms` is that of the newest entry known, 0 when there is none.
 */
enum signer_clock { SIGNER_CLOCK_GOOD, SIGNER_CLOCK_BEHIND, SIGNER_CLOCK_AHEAD };
enum signer_clock signer_judge_clock(uint64_t now_ms, uint64_t newest_ms);

#endif
