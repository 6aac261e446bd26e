/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_MISSING_H
#define PROTO_MISSING_H

/* Contents that entries name and that are not here: what to ask for.  Each has a serial number, so that a peer is asked once. */

#include "proto/id.h"

struct missing;

struct missing_content {
    struct id log;
    uint64_t seq;
    struct id entry; /* A log that forks has several of one seq. */
    struct id content;
    bool restricted; /* Only nodes of its author's kibbutz may hold it. */
    uint64_t serial; /* Ascending from 1 in the order of addition; filled in by missing_add(). */
};

struct missing *missing_new(void);
void missing_free(struct missing *m);

size_t missing_count(const struct missing *m);

/* Adds one; known ones stay as they are.  ERR_LIMIT: too many to remember; they are found again at the next start. */
enum err missing_add(struct missing *m, const struct missing_content *content);
void missing_remove(struct missing *m, const struct id *log, uint64_t seq, const struct id *entry);

/* The missing contents of that log and seq, one of each branch, by their place from 0; NULL: no more.  Lent until the next change. */
const struct missing_content *missing_find(const struct missing *m, const struct id *log, uint64_t seq, size_t place);

/* The content with the lowest serial above `serial`, or NULL.  Lent likewise. */
const struct missing_content *missing_after(const struct missing *m, uint64_t serial);

#endif
