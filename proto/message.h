/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_MESSAGE_H
#define PROTO_MESSAGE_H

/* The typed messages of docs/PROTOCOL.md, part 2: their bodies, written and read. */

#include "proto/lean.h"

enum message_type {
    MESSAGE_ROOTS = 0x10,
    MESSAGE_VECTOR = 0x12,
    MESSAGE_WANT = 0x14,
    MESSAGE_WANT_CONTENT = 0x16,
    MESSAGE_BUNDLE = 0x18,
    MESSAGE_PUSH = 0x1a,
    MESSAGE_SHOW = 0x1c,
    MESSAGE_WANT_CHARTER = 0x1e,
    MESSAGE_CHARTER = 0x20,
    MESSAGE_REFUSED = 0x22,
    MESSAGE_RECEIPT = 0x24,
    MESSAGE_WANT_RECEIPT = 0x26,
    MESSAGE_WANT_FILE = 0x28,
    MESSAGE_FILE = 0x2a,
    MESSAGE_DELTA = 0x2c,
    MESSAGE_POINTS = 0x2e,
    MESSAGE_LEAN = 0x30,
    MESSAGE_FILE_HERE = 0x32,
    MESSAGE_TRIE = 0x34,
    MESSAGE_WANT_TRIE = 0x36,
};

enum message_refusal {
    MESSAGE_REFUSED_USED = 1,     /* The invitation was used before. */
    MESSAGE_REFUSED_STRANGER = 2, /* Nothing grants this. */
    MESSAGE_REFUSED_WAITING = 3,  /* The admission waits for approvals. */
    MESSAGE_REFUSED_REVOKED = 4,  /* It was granted, and has been taken back. */
};

enum message_receipt { /* The first byte of a RECEIPT. */
    MESSAGE_RECEIPT_NUMBERS, /* Which receipts there are. */
    MESSAGE_RECEIPT_BRIEF,   /* Receipts for whoever knows what they rest on. */
    MESSAGE_RECEIPT_PART,    /* Of one that was asked for, with its proof; more follows. */
    MESSAGE_RECEIPT_END,     /* The rest of it. */
    MESSAGE_RECEIPT_KINDS
};

#define MESSAGE_TAG_LEN 16
#define MESSAGE_POINT_LEN 8 /* The first bytes of a root: what it leads to is compared whole. */
#define MESSAGE_ITEM_LEN (ID_LEN + 8 + MESSAGE_TAG_LEN + 1)
#define MESSAGE_LAST 1  /* Flag of BUNDLE: the last of its series. */
#define MESSAGE_AFTER 2 /* Flag of BUNDLE: its frame goes on where the one before it ends. */

struct message_roots {
    struct id frontier;
    uint32_t missing;  /* Contents that it may hold and has not. */
    uint64_t receipts; /* The first bytes of a digest of all newest receipts. */
};

struct message_item { /* Of a VECTOR, or a leaf of a TRIE. */
    struct id log;
    uint64_t seq;
    uint8_t tag[MESSAGE_TAG_LEN]; /* The first bytes of the entry id. */
    enum role role;
};

struct message_range { /* Of a WANT; of a WANT_CONTENT with from == to. */
    struct id log;
    uint64_t from, to;
    uint8_t
        tag[MESSAGE_TAG_LEN]; /* The first bytes of the id of the entry at `to`: which branch, where the log forks. */
};

struct message_bundle {
    uint32_t request;
    uint8_t flags;
    struct bytes frame; /* Borrowed from the message; may be empty. */
};

#define MESSAGE_RUNS 2         /* Of a LEAN. */
#define MESSAGE_SHORT_TAG_LEN 4 /* Enough to tell apart what is not chosen to be alike: the check tells the rest. */

struct message_run { /* Entries of one log that the receiver has. */
    uint8_t log[MESSAGE_SHORT_TAG_LEN];   /* The first bytes of its key, ... */
    uint64_t seq;                         /* ... of the last one's seq, at most 32 bits, ... */
    uint8_t entry[MESSAGE_SHORT_TAG_LEN]; /* ... and of its id. */
    uint8_t count;                        /* At least 1. */
};

struct message_lean {
    struct message_run runs[MESSAGE_RUNS];
    size_t run_count;
    uint8_t check[MESSAGE_SHORT_TAG_LEN];
    bool has_root; /* Else it is that of the last entry of the first run. */
    struct lean lean;
    struct bytes frame; /* Borrowed from the message. */
};

/* What both sides must hold alike: the ids of the runs' last entries, and the text before which the frame goes on. */
void message_check(const struct id last[], size_t count, struct bytes base, uint8_t check[MESSAGE_SHORT_TAG_LEN]);
void message_write_lean(struct buffer *out, const struct message_lean *lean);
enum err message_read_lean(struct bytes in, struct message_lean *lean);

void message_write_roots(struct buffer *out, const struct message_roots *roots);
enum err message_read_roots(struct bytes in, struct message_roots *roots);

void message_write_item(struct buffer *out, const struct head *head);
/* Items one by one; ERR_FORMAT also for seq 0, an unknown role or a number out of bounds. */
enum err message_next_item(struct bytes *rest, struct message_item *item);

/* WANT and WANT_CONTENT: a request number, then ranges. */
void message_write_range(struct buffer *out, const struct message_range *range, bool content_only);
/* At most LIMIT_RANGES, at least one, each with 1 <= from <= to. */
enum err message_read_ranges(struct bytes in, bool content_only, uint32_t *request, struct message_range ranges[],
                             size_t *count);

void message_write_bundle(struct buffer *out, uint32_t request, uint8_t flags, struct bytes frame);
enum err message_read_bundle(struct bytes in, struct message_bundle *bundle);

/* One chunk of an attachment, or the list of its chunks' hashes, asked for by a content that names it. */
struct message_want_file {
    uint32_t request;
    struct id log;
    uint64_t seq;
    uint8_t tag[MESSAGE_TAG_LEN]; /* Of the entry. */
    struct id digest;
    uint16_t chunk; /* MESSAGE_LIST: the list. */
};
#define MESSAGE_LIST 0xffff

struct message_file {
    uint32_t request;
    bool has_it;        /* Else it is not here, or not for the asker. */
    struct bytes bytes; /* Borrowed from the message. */
};

void message_write_want_file(struct buffer *out, const struct message_want_file *want);
enum err message_read_want_file(struct bytes in, struct message_want_file *want);
void message_write_file(struct buffer *out, const struct message_file *file);
enum err message_read_file(struct bytes in, struct message_file *file);

void message_write_refused(struct buffer *out, enum message_refusal cause, const char *text);
/* A cause that is not known counts as MESSAGE_REFUSED_STRANGER.  Any text becomes printable: bytes that are no line of UTF-8 are left out whole. */
enum err message_read_refused(struct bytes in, enum message_refusal *cause, struct bytes *text);

#endif
