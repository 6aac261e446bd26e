/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef SUPPORT_SCRIBE_H
#define SUPPORT_SCRIBE_H

/* One writer's log, signed entry by entry, as the items that a store is handed.  The same seed makes the same bytes. */

#include "proto/content.h"
#include "proto/item.h"

struct scribe {
    struct id network;
    struct signing_key key;
    struct head head;
    uint64_t seed;
};

/* What an item's views point to.  scribe_item_free() gives it back. */
struct scribe_item {
    struct item item;
    struct buffer entry, commit, content;
};

void scribe_begin(struct scribe *s, const struct id *network, uint64_t seed, enum role role);

/* Goes on with a log that is there already. */
void scribe_resume(struct scribe *s, const struct head *head);

/* Publishes a text; or approves something, an entry without content. */
void scribe_publish(struct scribe *s, struct bytes text, struct scribe_item *made);
void scribe_publish_with(struct scribe *s, struct bytes text, const struct content_file *attachment,
                         struct scribe_item *made); /* Beside the text one attachment, by its digest. */
void scribe_approve(struct scribe *s, struct scribe_item *made);
void scribe_item_free(struct scribe_item *made);

/* The same item without its content, and its content alone. */
struct item scribe_without_content(const struct scribe_item *made);
struct item scribe_late_content(const struct scribe_item *made);

/* A sum of the seed, for choices that a test repeats. */
uint64_t scribe_random(uint64_t *state);

#endif
