/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_LEAN_H
#define PROTO_LEAN_H

/*
 * An entry and its content without what follows from the rest (docs/PROTOCOL.md, 2): no log, seq, prev and network, which follow
 * from the entry before it, no digests, which follow from the files; and apart from the text what no compression makes smaller.
 * Whoever rebuilds it finds by the signature whether it is the same.
 */

#include "proto/content.h"
#include "proto/entry.h"

#define LEAN_FILES 16 /* A content of more files travels as it is. */

struct lean {
    uint64_t clock;
    struct id root;
    struct signature signature;
    bool has_content;
    uint8_t salt[CONTENT_SALT_LEN];
};

/*
 * Appends the text, and fills in the rest.  `content` empty: without it.  ERR_MISSING: it cannot be told so: its content is of too
 * many files, or not what the entry signs.  ERR_MEMORY, ERR_LIMIT.
 */
enum err lean_write(const struct entry *entry, struct bytes content, struct buffer *text, struct lean *lean);

/*
 * Rebuilds what was written: `entry` comes with network, log, seq and prev, and leaves without its body.  Appends the wire form,
 * which may still be no entry, and the packed content.  ERR_FORMAT, ERR_LIMIT, ERR_MEMORY.
 */
enum err lean_read(struct bytes text, const struct lean *lean, struct entry *entry, struct buffer *wire,
                   struct buffer *packed);

#endif
