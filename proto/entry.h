/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_ENTRY_H
#define PROTO_ENTRY_H

/*
 * An entry: one signed link of a log (docs/FORMAT.md, 2).  It has three faces, each a function of the others and of the
 * head before it: the fields here, the wire form that travels, and the git commit that is kept.
 */

#include "proto/act.h"
#include "proto/sha1.h"
#include "proto/sshsig.h"

enum role {
    ROLE_NONE = 0,
    ROLE_STEWARD = 1,
    ROLE_COORDINATOR = 2,
    ROLE_NODE = 3,
    ROLE_INVITATION = 4,
    ROLE_CARD = 5,
};

const char *role_name(enum role role);
enum role role_from_name(struct bytes name); /* ROLE_NONE: no such role. */

/* Governance logs are synchronised first: all but those of coordinators. */
bool role_governs(enum role role);

/* The newest entry of a log, and what the next one needs to know of it. */
struct head {
    struct id log;
    uint64_t seq; /* 0: the log is empty. */
    struct id entry;
    struct sha1 commit;
    uint64_t clock;
    struct id kibbutz; /* The seat ... */
    enum role role;    /* ... named by the entry at seq 1. */
};

struct entry {
    struct id network;
    struct id log;
    uint64_t seq;
    struct id prev;    /* seq > 1 */
    uint64_t clock;    /* ENTRY_CLOCK(milliseconds, counter) */
    struct id kibbutz; /* seq 1 */
    enum role role;    /* seq 1 */
    struct id root;
    enum act act;
    struct bytes act_name; /* Borrowed from what was decoded; for known acts it may be left empty when signing. */
    struct bytes body;     /* The act's lines, borrowed likewise. */
    struct signature signature;
};

#define ENTRY_CLOCK(ms, counter) (((uint64_t)(ms) << 16) | (uint64_t)(counter))
#define ENTRY_CLOCK_MS(clock) ((clock) >> 16)

/* The clock of the next entry: `now_ms`, or just after `last` when that is not later. */
uint64_t entry_next_clock(uint64_t last, uint64_t now_ms);

/*
 * Signs an entry that follows `before` (seq 0 for a new log: then the seat is taken from `entry`, else it is cleared
 * there).  Fills in log, seq, prev, clock (from now_ms), a known act's name and the signature.  `before` is a head of
 * this key's log.  ERR_FORMAT or ERR_LIMIT when the act's lines are not in order.
 */
enum err entry_sign(struct entry *entry, const struct head *before, const struct signing_key *key, uint64_t now_ms);

/* Appends the wire form. */
void entry_encode(struct buffer *out, const struct entry *entry);

/*
 * Reads the wire form, checks everything that needs no other entry and no signature.  Views are borrowed from `in`.
 * ERR_VERSION: another form.  ERR_LIMIT: a number or a length is out of bounds.  ERR_FORMAT.
 */
enum err entry_decode(struct bytes in, const struct id *network, struct entry *entry);

/* The same of what was checked before, by this process: what the act says is taken as it is. */
enum err entry_read(struct bytes in, const struct id *network, struct entry *entry);

/* Reads only what tells whose entry it is.  For looking before verifying. */
enum err entry_peek(struct bytes in, struct id *log, uint64_t *seq);

/*
 * Verifies that `entry`, as it was decoded or signed, follows `before` and that its signature is right.  On success
 * `after` is the new head (it may be `before`) and `commit` (appended to) holds the commit's bytes.  ERR_GAP: an entry
 * between is missing.  ERR_EXISTS: its seq is that of `before` or older; whether it is the same entry is not looked at.
 * ERR_FORK: it has the right seq and another prev; that alone proves nothing, for its parent commit is not known and
 * its signature so cannot be checked.  ERR_FORMAT: its clock does not advance, or it is of another log.  ERR_AUTH.
 */
enum err entry_verify(const struct entry *entry, const struct head *before, struct head *after, struct buffer *commit);

/* The same, but for the signature: *check tells whether that is right. */
enum err entry_follow(const struct entry *entry, const struct head *before, struct head *after, struct buffer *commit,
                      struct sshsig_check *check);

/*
 * The id that `entry` has where it follows `before`; its signature is not looked at.  For telling whether it is known already.
 * ERR_FORMAT: it does not follow.
 */
enum err entry_identify(const struct entry *entry, const struct head *before, struct id *id);

/*
 * Reads an entry back from its commit, signature included (it is verified).  Views are borrowed from `commit`.
 * `id` gets the entry id, `parent` the parent's name (zeros at seq 1).  ERR_FORMAT, ERR_LIMIT, ERR_AUTH.
 */
enum err entry_from_commit(struct bytes commit, struct entry *entry, struct id *id, struct sha1 *parent);

/* The same of a commit that was verified when it was taken in, and is what it was: its signature is not looked at. */
enum err entry_from_kept_commit(struct bytes commit, struct entry *entry, struct id *id, struct sha1 *parent);

#endif
