/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_CHARTER_H
#define PROTO_CHARTER_H

/* The founding text; its hash is the network id (docs/FORMAT.md, 4). */

#include "proto/buffer.h"
#include "proto/id.h"
#include "proto/limits.h"

struct charter_founder {
    struct bytes name; /* Borrowed from the text. */
    struct id kibbutz; /* Filled in by charter_read(). */
    struct id card;
    size_t steward_count;
    struct {
        struct id key;
        struct bytes name;
    } stewards[LIMIT_STEWARDS];
};

struct charter {
    struct id network;
    struct bytes name;
    struct id nonce;
    uint64_t majority;
    uint64_t admission;
    size_t founder_count;
    struct charter_founder founders[LIMIT_FOUNDERS];
};

/* Appends the text.  Ids of network and kibbutzim are not read. */
void charter_write(struct buffer *out, const struct charter *charter);

/* Reads and checks a charter; its views are borrowed from `text`.  ERR_FORMAT, ERR_LIMIT. */
enum err charter_read(struct bytes text, struct charter *charter);

/* The id of the founding kibbutz at `index`. */
struct id charter_kibbutz(const struct id *network, size_t index);

#endif
