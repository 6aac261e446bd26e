/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_WHO_H
#define NODE_WHO_H

/*
 * Whom people mean: a kibbutz or a key, called by its name or by the first digits of its id.  Exit codes of
 * node/command.h; when none or several fit, that is told, with what to do.
 */

#include "node/office.h"

#define WHO_DIGITS 4 /* The fewest that name anything. */

/* Whether `word` is `name`, or the first digits of `id`. */
bool who_is(const char *word, const char *name, const struct id *id);

int who_kibbutz(struct office *o, const char *word, struct trust_kibbutz *found);

/*
 * A key that was granted something.  Of several that go by one name, those that may still sign are meant; keys of
 * `kibbutz` go before others of the name.
 */
int who_key(struct office *o, const char *word, const struct id *kibbutz, struct trust_key *found);

/* Reads a public key: its 64 digits. */
int who_read_key(const char *word, struct id *key);

/* The kibbutz for which this home's steward signs, by its node or keys; refuses a home that is in none. */
int who_own_kibbutz(struct office *o, struct id *kibbutz);

/* "the coordinator רותם (12ab34cd56ef7890)"; lent until the office closes or the 8th call after. */
const char *who_describe(struct office *o, const struct id *key);

#endif
