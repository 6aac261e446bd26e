/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_BUNDLE_H
#define PROTO_BUNDLE_H

/* A run of entries and contents as one unit, before compression (docs/FORMAT.md, 6). */

#include "proto/buffer.h"
#include "proto/id.h"

enum bundle_kind { BUNDLE_END, BUNDLE_ENTRY, BUNDLE_CONTENT, BUNDLE_CHARTER };

struct bundle_record {
    enum bundle_kind kind;
    struct id log;      /* Of a content: the log and seq ... */
    uint64_t seq;       /* ... of its entry. */
    struct bytes bytes; /* The entry's wire form, the packed content, or the charter's text.  Borrowed from the bundle. */
};

/* Larger entries, contents and charters than proto/limits.h allows are a bug of the caller. */
void bundle_begin(struct buffer *out, const struct id *network);
void bundle_add_entry(struct buffer *out, struct bytes entry);
void bundle_add_content(struct buffer *out, const struct id *log, uint64_t seq, struct bytes packed);
void bundle_add_charter(struct buffer *out, struct bytes text);

struct bundle_reader {
    struct bytes rest;
};

/* ERR_FORMAT, ERR_LIMIT, ERR_VERSION (a newer one), ERR_NETWORK (it is of another network). */
enum err bundle_open(struct bundle_reader *reader, struct bytes bundle, const struct id *network);

/*
 * Reads the next record; BUNDLE_END at the end.  ERR_FORMAT: what follows is cut or unknown, ERR_LIMIT: it is too large;
 * all records before it were whole.  An error stays.
 */
enum err bundle_next(struct bundle_reader *reader, struct bundle_record *record);

#endif
