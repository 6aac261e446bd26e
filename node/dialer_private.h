/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_DIALER_PRIVATE_H
#define NODE_DIALER_PRIVATE_H

/* The inside of a dialer, for dialer.c (who there is, and how it went) and dialer_next.c (who is next); nobody else includes it. */

#include "node/dialer.h"
#include "node/shunned.h"

struct listed { /* A contact, and whether dialer_learn() named it in the present round. */
    struct contact contact;
    bool is_named;
};

struct dialer {
    size_t count, given;
    struct listed *contacts[DIALER_CONTACTS];
    struct shunned shunned;
    struct id barred[DIALER_GIVEN]; /* Channel or node keys. */
    size_t barred_count;
    uint64_t visit_ms;    /* When one is called by chance next; 0: not set yet. */
    bool is_changed;      /* Since ... */
    uint64_t deadline_ms; /* ... this was computed. */
};

static inline struct contact *dialer_contact(const struct dialer *d, size_t index)
{
    return &d->contacts[index]->contact;
}

#endif
