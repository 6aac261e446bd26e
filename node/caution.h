/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_CAUTION_H
#define NODE_CAUTION_H

/*
 * When the running node takes an own new entry: not while others may hold a newer one of the same log, for this home may
 * have been put back from a backup.  It asks before the first signature after a start, and waits for what it was told of.
 * A peer that tells of what it does not deliver delays an office, and does not silence it.  Reads no clock.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAUTION_ASK_MS 10000    /* The others have this long to be reached after a start. */
#define CAUTION_BEHIND_MS 30000 /* What was told of comes within this time, or other news does. */

struct caution {
    uint64_t start_ms;  /* When the node began. */
    uint64_t news_ms;   /* When it last took something in. */
    uint64_t behind_ms; /* When a log that was to be signed was first found behind; 0: none is. */
    bool is_asked;      /* The others were asked since the start. */
};

/* The node starts; something new came in. */
void caution_begin(struct caution *c, uint64_t now);
void caution_news(struct caution *c, uint64_t now);

/*
 * Whether an own entry must wait.  `is_behind`: a peer told of an entry of its log that is not here; `unheard`: contacts
 * that have been neither compared with nor found out of reach.
 */
bool caution_waits(struct caution *c, bool is_behind, size_t unheard, uint64_t now);

#endif
