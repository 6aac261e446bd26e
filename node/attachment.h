/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_ATTACHMENT_H
#define NODE_ATTACHMENT_H

/*
 * A file on the author's disk on its way into the archive, read chunk by chunk: once to know its digest, once to hand it over.
 * It is there before the entry that publishes it is signed; what a crash leaves between the two is forgotten at a later start.
 */

#include "node/office.h"
#include "proto/file.h"

struct attachment {
    const char *path; /* Borrowed. */
    struct bytes name;
    struct id digest;
    uint64_t size;
    size_t list_len;
    uint8_t list[LIMIT_CHUNKS * ID_LEN];
};

/* What is wrong is told.  ERR_FORMAT for everything about this file; ERR_MEMORY. */
enum err attachment_measure(const char *path, struct attachment *attachment);

/* Makes it durable, here or by the running node, as far as it is not here yet.  An exit code; what is wrong is told. */
int attachment_store(struct office *o, const struct attachment *attachment);

#endif
