/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_DELIVERY_H
#define NODE_DELIVERY_H

/* What receipts tell, in the words of the pages: how complete this node is, whom it hears, and whom a document has reached. */

#include "node/layout.h"

/* The sentence under the header; false: receipts tell nothing, and nothing was written. */
bool delivery_freshness(struct page *page, struct site *site);

/* "Has reached 21 of 23 kibbutzim", with those that lack it. */
void delivery_of(struct page *page, struct site *site, const struct index_revision *revision);

/* "As far as is known, it is kept at: ...": who of the others has all of a document; nothing when receipts tell of none. */
void delivery_holders(struct page *page, struct site *site, const struct index_revision *revision);

/* Which of the newest documents each kibbutz has.  NULL: receipts tell nothing. */
struct delivery_tally;
struct delivery_tally *delivery_tally_make(struct site *site);
void delivery_tally_free(struct delivery_tally *tally); /* Accepts NULL, as the next one does. */

/* "It has the newest 20 documents", or how many of them it lacks; nothing when it may hold none, or has no node. */
void delivery_behind(struct page *page, const struct delivery_tally *tally, const struct id *kibbutz);

/* When a kibbutz was last heard of; nothing when receipts do not tell. */
void delivery_heard(struct page *page, struct site *site, const struct id *kibbutz);

#endif
