/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_SHA1_H
#define PROTO_SHA1_H

/*
 * Git's object names (RFC 3174; libsodium has no SHA-1, Nettle has one that uses what the processor offers).  They are
 * plumbing: a signed payload names its parent commit by one, and no decision ever rests on them.
 */

#include "proto/bytes.h"
#include "proto/error.h"

#define SHA1_LEN 20
#define SHA1_TEXT_LEN 40

struct sha1 {
    uint8_t at[SHA1_LEN];
};

struct sha1 sha1_of(const struct bytes parts[], size_t count);

/* ERR_FORMAT unless the text is exactly 40 lower-case hex digits. */
enum err sha1_from_text(struct bytes text, struct sha1 *sha1);

/* The name git gives to an object: "commit", "tree" or "blob". */
struct sha1 sha1_of_object(const char *kind, struct bytes object);

#endif
