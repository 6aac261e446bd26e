/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_RECEIPT_H
#define PROTO_RECEIPT_H

/*
 * A receipt: a node's signed statement of what it holds durably (docs/FORMAT.md, 12).  It names the root of the node's frontier,
 * and by a digest the contents that it lacks though it may hold them.  What stands behind root and digest is not signed but
 * shown: proto/receipts.h.  A receipt says that this node claims to keep something, not that anybody has read it.
 */

#include "proto/buffer.h"
#include "proto/id.h"
#include "proto/sshsig.h"

#define RECEIPT_LEN 180              /* As it travels whole. */
#define RECEIPT_NAMESPACE "igum-receipt" /* Of the signature: no entry can be taken for a receipt, nor the other way round. */
#define RECEIPT_MANY UINT32_MAX      /* So many texts are missing there that no content counts as held. */

struct receipt {
    struct id node;
    uint64_t store_id;
    uint64_t number; /* A clock like an entry's: tells when, as a claim; grows from receipt to receipt, and none comes twice. */
    struct id root;
    uint32_t lacking; /* How many contents it lacks, or RECEIPT_MANY. */
    bool texts_only;  /* Attachments are missing of more contents than are listed: of those not listed it claims the text alone. */
    struct id lacks;  /* receipt_lacks() of those listed; zeros where there are none. */
    struct signature signature;
};

/* A content that a node may hold and does not. */
enum receipt_part { RECEIPT_LACKS_TEXT = 1, RECEIPT_LACKS_FILES = 2 };
struct receipt_lack {
    struct id entry;
    uint8_t part; /* Of enum receipt_part. */
};

/* How many it lists: `lacking`, and none for RECEIPT_MANY. */
static inline uint32_t receipt_listed(const struct receipt *receipt)
{
    return receipt->lacking == RECEIPT_MANY ? 0 : receipt->lacking;
}

/* The digest of such a list, which is in strictly ascending order of entry. */
struct id receipt_lacks(const struct receipt_lack lacks[], size_t count);

/* Appends the text that is signed. */
void receipt_write_statement(struct buffer *out, const struct id *network, const struct receipt *receipt);

/* By the node's key.  ERR_MEMORY. */
enum err receipt_sign(struct receipt *receipt, const struct id *network, const struct signing_key *key);
enum err receipt_verify(const struct receipt *receipt, const struct id *network); /* ERR_AUTH. */

void receipt_encode(struct buffer *out, const struct receipt *receipt);
/* Takes one off the front.  ERR_FORMAT also when `lacks` does not go with `lacking`. */
enum err receipt_decode(struct bytes *rest, struct receipt *receipt);

#endif
