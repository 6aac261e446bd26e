/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_COUNCIL_ROOT_H
#define NODE_COUNCIL_ROOT_H

/* A root of the council taken apart: what the lines of a `council` act say (docs/FORMAT.md, 2.2). */

#include "proto/act.h"
#include "proto/charter.h"
#include "proto/limits.h"

struct council_line {
    struct id kibbutz;
    bool votes;
    struct id card;
    size_t key_count;
    struct id keys[LIMIT_STEWARDS];
};

struct council_pin {
    struct id key, kibbutz;
    uint64_t seq; /* 0: nothing stands. */
    struct id entry;
};

struct council_root { /* Too large for the stack. */
    struct id base;
    uint64_t majority, admission;
    size_t line_count, cut_count, keep_count, closed_count, over_count;
    struct council_line lines[LIMIT_LINES];
    struct council_pin cuts[LIMIT_PINS], keeps[LIMIT_PINS];
    struct id closed[LIMIT_CLOSED], over[LIMIT_OVER];
};

/* The charter as a root, its `base` zeros. */
void council_root_from_charter(struct council_root *root, const struct charter *charter);

/* Reads a body.  ERR_FORMAT, ERR_LIMIT: it is none that act_check() accepts. */
enum err council_root_read(struct council_root *root, struct bytes body);

/* Sorts what is in it as the act wants it, and appends the act's lines.  Two equal kibbutzim, keys or ids are refused by act_check(). */
void council_root_write(struct buffer *body, struct council_root *root);
void council_pin_write(struct buffer *body, enum act_line name, const struct council_pin *pin);

/* NULL: it is not listed. */
struct council_line *council_root_find(struct council_root *root, const struct id *kibbutz);
bool council_root_closes(const struct council_root *root, const struct id *kibbutz);
const struct council_pin *council_root_cut(const struct council_root *root, const struct id *key);
bool council_line_has(const struct council_line *line, const struct id *key);
size_t council_root_voters(const struct council_root *root);

#endif
