/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_RECEIPTS_H
#define PROTO_RECEIPTS_H

/*
 * The newest receipt of each node, with what stands behind it: the tips whose root it signs, and the contents it lacks.
 * A receipt counts only once that is known and its root was computed from it, so that nobody who passes one on can make it say more.
 *
 * Tips are kept once for all nodes that have the same.  They travel as what differs from tips that the other side has: mostly
 * nothing, for whoever is up to date has the same root as we have, or had.  docs/PROTOCOL.md, 2, "Receipts".
 */

#include "proto/frontier.h"
#include "proto/limits.h"
#include "proto/receipt.h"

struct receipt_tip {
    struct id log;
    uint64_t seq;
    struct id entry;
};

struct receipt_tips { /* In order of log, seq and entry; lent as long as a receipt rests on them. */
    size_t users;
    struct id root;
    size_t count;
    struct receipt_tip at[];
};

struct receipts_node {
    struct receipt receipt; /* number 0: none is known yet, and the rest is empty. */
    const struct receipt_tips *tips;
    const struct receipt_lack *lacks; /* receipt_listed() of them. */
    bool changed;                     /* Since receipts_next_changed(). */
};

struct receipts;

struct receipts *receipts_new(const struct id *network); /* NULL when memory is out. */
/* The same, for receipts that were verified before they were written down: signatures are not looked at again. */
struct receipts *receipts_new_verified(void);
void receipts_free(struct receipts *s);

/* Nodes in the order in which they became known; a place never changes. */
size_t receipts_count(const struct receipts *s);
const struct receipts_node *receipts_at(const struct receipts *s, size_t place); /* Lent until the next change. */
/* The place of the nth node in ascending order of key; which of them is the first that is not before this key. */
size_t receipts_sorted(const struct receipts *s, size_t nth);
size_t receipts_nth(const struct receipts *s, const struct id *node);
/* Grows with every receipt that is new. */
uint64_t receipts_serial(const struct receipts *s);
/* SIZE_MAX: not known.  receipts_place() makes a place; SIZE_MAX: there is no room for another. */
size_t receipts_find(const struct receipts *s, const struct id *node);
size_t receipts_place(struct receipts *s, const struct id *node);
/* The next node whose receipt is new since it was last taken; SIZE_MAX: none. */
size_t receipts_next_changed(struct receipts *s);

/* ---- tips that are known ---- */

/*
 * Remembers the frontier as it is, so that receipts of others may rest on it; the other, that a peer has it as well, so that
 * after a cut what differs is told from there. The oldest are forgotten, those that only we had before the others.  ERR_MEMORY.
 */
enum err receipts_remember(struct receipts *s, const struct frontier *frontier);
enum err receipts_remember_shared(struct receipts *s, const struct frontier *frontier);
/* Those whose root begins so, or NULL; lent until the next change. */
const struct receipt_tips *receipts_tips(const struct receipts *s, struct bytes beginning);
/* The roots of tips that are known, each once: what that node had by its receipt, what peers had, the own newest and some older ones, what others had. */
size_t receipts_points(const struct receipts *s, const struct id *node, struct id roots[LIMIT_POINTS]);
bool receipts_knows(const struct receipts *s, const struct id *root);

/* ---- the own receipt ---- */

/*
 * Takes in what this node signed, over a frontier that was remembered and `count` lacks (none for RECEIPT_MANY).  ERR_MISSING: no such frontier.
 */
enum err receipts_put(struct receipts *s, const struct receipt *receipt, const struct receipt_lack lacks[], size_t count);

/* ---- whole, with its proof ---- */

/*
 * Writes a node's receipt with its proof: tips as they differ from those with root `base`, or all when that is not known
 * here (zeros: all).
 */
void receipts_write(const struct receipts *s, size_t place, const struct id *base, struct buffer *out);

/*
 * Takes one in that may come from anybody: only the node's own signature over what the proof amounts to makes it count.
 * ERR_EXISTS: not newer than what is known.  ERR_MISSING: the tips it builds on are not known here.  ERR_AUTH: the signature, root or
 * digest does not fit.  ERR_FORMAT, ERR_LIMIT, ERR_MEMORY.
 */
enum err receipts_read(struct receipts *s, struct bytes whole, size_t *place);

/* Whose it is, without judging it.  ERR_FORMAT. */
enum err receipts_peek(struct bytes whole, struct receipt *receipt);

/* ---- in brief: for whoever has the same tips ---- */

#define RECEIPTS_BRIEF_LEN 92
#define RECEIPTS_NODE_LEN 8 /* A node is meant by the first bytes of its key. */

/* Whether it can be told in brief: it lacks nothing. */
bool receipts_is_brief(const struct receipts *s, size_t place);
void receipts_write_brief(const struct receipts *s, size_t place, struct buffer *out);

struct receipts_brief {
    uint8_t node[RECEIPTS_NODE_LEN];
    uint64_t number;
    uint64_t store_id;
    uint8_t root[4];
    struct signature signature;
};
enum err receipts_next_brief(struct bytes *rest, struct receipts_brief *brief); /* ERR_FORMAT. */
/*
 * Takes it in as that of `node`.  ERR_EXISTS as above.  ERR_MISSING: no tips with such a root are known here.  ERR_AUTH: some
 * are, and the signature fits none of them.
 */
enum err receipts_read_brief(struct receipts *s, const struct id *node, const struct receipts_brief *brief);

/* ---- what it says ---- */

/*
 * Whether the node holds an entry: it is one of its tips, or a tip leads on from it.  `leads` (NULL: not asked) tells the latter of a
 * tip that is known here.  Of one that is not, it is believed where the node has one tip of that log; where it has several, it is not.
 * Of a log with LIMIT_BRANCHES tips a receipt says nothing.
 */
enum receipts_lead { RECEIPTS_UNKNOWN, RECEIPTS_LEADS, RECEIPTS_LEADS_NOT };
typedef enum receipts_lead receipts_lead_fn(void *context, const struct receipt_tip *tip, uint64_t seq,
                                            const struct id *entry);
bool receipts_holds(const struct receipts_node *node, const struct id *log, uint64_t seq, const struct id *entry,
                    receipts_lead_fn *leads, void *context);
/*
 * Which parts of the content of an entry that it holds it lacks, or may lack for all that it says: 0, or of enum receipt_part.  Of a
 * content that names no attachments RECEIPT_LACKS_FILES is nothing.
 */
unsigned receipts_lacks(const struct receipts_node *node, const struct id *entry);
/* How many entries of this frontier it has not, by the main heads of logs. */
uint64_t receipts_behind(const struct receipts_node *node, const struct frontier *frontier);

size_t receipts_memory(const struct receipts *s);

#endif
