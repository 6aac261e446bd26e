/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CONTACT_H
#define NODE_CONTACT_H

/* Whom to ask: a name, what they do, where, and a number that calls. */

#include "node/layout.h"

struct contact {
    struct bytes name, phone, role, kibbutz, confirmed; /* `confirmed` is a date, or empty. */
};

/* An item of a list of people. */
void contact_write(struct page *page, const struct contact *contact);

/* The number as a link that calls it; plain when it is none. */
void contact_phone(struct page *page, struct bytes phone);

/* The day, and a mark when that was years ago; nothing when it was never said. */
void contact_confirmed(struct page *page, struct bytes confirmed);

#endif
