/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_ROSTER_H
#define STORE_ROSTER_H

/*
 * Who holds which office, as trust said at one moment: all kibbutzim, keys and forks, and nothing of the entries that it follows from.
 * Who writes the archive leaves it in the index (archive_judge()), so that who only shows it needs no trust.
 */

#include "proto/buffer.h"
#include "proto/limits.h"
#include "proto/sorted.h"
#include "proto/trust.h"

#define ROSTER_KEYS 32768   /* Twice LIMIT_LOGS; of more, those of the lowest ids. */
#define ROSTER_SIZE MIB(32) /* Encoded: these keys, and as much again. */

struct roster { /* Zero-initialised: nobody. */
    struct id root;          /* trust_root(): that new entries stand on. */
    struct sorted kibbutzim; /* struct trust_kibbutz, ascending by id; */
    struct sorted keys;      /* struct trust_key, ascending by key; `cut` is told of those alone that are cut; */
    struct sorted forks;     /* struct trust_fork, ascending by log. */
};

/* In place of what it held.  ERR_MEMORY. */
enum err roster_take(struct roster *r, struct trust *trust);
void roster_free(struct roster *r);

/* As trust_kibbutz() and trust_key() said it.  NULL: no such kibbutz; lent until it changes. */
const struct trust_kibbutz *roster_kibbutz(const struct roster *r, const struct id *kibbutz);
struct trust_key roster_key(const struct roster *r, const struct id *key);

size_t roster_kibbutz_count(const struct roster *r);
const struct trust_kibbutz *roster_kibbutz_at(const struct roster *r, size_t place);
size_t roster_key_count(const struct roster *r);
const struct trust_key *roster_key_at(const struct roster *r, size_t place);
size_t roster_fork_count(const struct roster *r);
const struct trust_fork *roster_fork_at(const struct roster *r, size_t place);

/* As it stands in the index, for this program alone.  ERR_FORMAT: it is none; then nobody is in it. */
void roster_encode(const struct roster *r, struct buffer *out);
enum err roster_decode(struct roster *r, struct bytes in);

#endif
