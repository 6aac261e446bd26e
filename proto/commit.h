/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_COMMIT_H
#define PROTO_COMMIT_H

/*
 * A signed git commit in its one canonical form (docs/FORMAT.md, 2.1).  git and OpenSSH accept many re-encodings of
 * one signature; here a commit is read, built again from what was understood, and compared.
 */

#include "proto/buffer.h"
#include "proto/sha1.h"
#include "proto/sshsig.h"

#define COMMIT_EMPTY_TREE "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

struct commit {
    struct sha1 tree;
    bool has_parent;
    struct sha1 parent;
    struct bytes name;    /* Author and committer are the same person: lines of text without '<' and '>' ... */
    struct bytes email;
    uint64_t seconds;     /* ... at the same time, in UTC, below LIMIT_CLOCK_SECONDS. */
    struct bytes message; /* UTF-8, no controls but LF and TAB, ends with one LF, does not begin with LF. */
    struct id key;        /* Who signed ... */
    struct signature signature; /* ... the payload. */
};

/* A commit of the empty tree has this tree. */
struct sha1 commit_empty_tree(void);

/* Appends the commit's bytes without the signature: what is signed and hashed. */
void commit_write_payload(struct buffer *out, const struct commit *commit);

/* Appends the whole commit, signature header included. */
void commit_write(struct buffer *out, const struct commit *commit);

/*
 * Reads a canonical signed commit and verifies its signature.  The views in `commit` are borrowed from `in`.
 * ERR_FORMAT: not canonical.  ERR_LIMIT: longer than LIMIT_COMMIT.  ERR_AUTH: canonical, but the signature is wrong.
 */
enum err commit_read(struct bytes in, struct commit *commit);

/* The same without looking at the signature: of what was verified when it was taken in, and is vouched for by its name. */
enum err commit_read_kept(struct bytes in, struct commit *commit);

/* The parent that a verified commit names; false: none. */
bool commit_parent(struct bytes in, struct sha1 *parent);

#endif
