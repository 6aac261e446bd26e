/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_DIALER_ADDRESS_H
#define NODE_DIALER_ADDRESS_H

/* The addresses of one contact: which there are, and which is next. */

#include "node/dialer.h"

/* Puts these in the place of all of that source; true when one of them is new.  Too many of them, and what is not host:port, are left out. */
bool dialer_address_set(struct contact *contact, enum dialer_source source, const struct bytes addresses[], size_t count);
void dialer_address_clear(struct contact *contact);

/* The next call goes to the one after; true when all have been tried. */
bool dialer_address_turn(struct contact *contact);

/* The next call begins with the first of that source. */
void dialer_address_begin_with(struct contact *contact, enum dialer_source source);

#endif
