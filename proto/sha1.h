/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_SHA1_H
#define PROTO_SHA1_H

/*
 * Git's object names (RFC 3174; libsodium has no SHA-1, and this layer links nothing else).  They are plumbing: a
 * signed payload names its parent commit by one, and no decision ever rests on them.
 */

#include "proto/bytes.h"

#define SHA1_LEN 20

struct sha1 {
    uint8_t at[SHA1_LEN];
};

struct sha1 sha1_of(const struct bytes parts[], size_t count);

/* The name git gives to a commit with these bytes. */
struct sha1 sha1_of_commit(struct bytes commit);

#endif
