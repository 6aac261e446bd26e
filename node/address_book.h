/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_ADDRESS_BOOK_H
#define NODE_ADDRESS_BOOK_H

/*
 * The dialer's contacts follow what is signed: each granted node of the network, under the channel key that it goes by today,
 * with the addresses that it told of itself.  A node that nobody grants is never one of them.
 */

#include "node/running.h"

/* Something about nodes may have changed. */
void address_book_touch(struct node *node);

/* Brings the contacts up to date when they may not be, at most once a second; a node that learns none has nothing to do. */
void address_book_follow(struct node *node, uint64_t now);
uint64_t address_book_deadline(const struct node *node);

/* Reads the addresses that a `transport` entry tells. */
size_t address_book_read(struct node *node, const struct id *transport, char addresses[LIMIT_ADDRESSES][LIMIT_ADDRESS + 1]);

/* Sessions with this contact that opened before it was one are its own: it is not called beside them, nor told of as apart. */
void address_book_adopt(struct node *node, const struct id *channel);

#endif
