/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef PROTO_BYTES_H
#define PROTO_BYTES_H

/* A borrowed run of bytes.  Who lends it, and until when, stands at each function. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *at; /* May be NULL when len is 0. */
    size_t len;
};

static inline struct bytes bytes_of(const void *at, size_t len)
{
    return (struct bytes){.at = at, .len = len};
}

static inline struct bytes bytes_text(const char *text)
{
    return bytes_of(text, strlen(text));
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* Orders as memcmp() does, a prefix first. */
static inline int bytes_compare(struct bytes a, struct bytes b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.at, b.at, len);

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static inline struct bytes bytes_from(struct bytes run, size_t offset)
{
    return offset < run.len ? bytes_of(run.at + offset, run.len - offset) : bytes_of(NULL, 0);
}

/* At most so many of the last ones. */
static inline struct bytes bytes_end(struct bytes run, size_t most)
{
    return bytes_from(run, run.len > most ? run.len - most : 0);
}

#endif
