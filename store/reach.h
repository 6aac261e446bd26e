/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef STORE_REACH_H
#define STORE_REACH_H

/*
 * Which kibbutzim a revision has reached, and how fresh what is here is: read from receipts (store/receipt_file.h) beside the running node.
 *
 *     reach_open()                              once
 *     reach_refresh()                           before each page or list; cheap when nothing has changed
 *     reach_count()                             "has reached 21 of 23 kibbutzim"
 *     reach_each()                              which have it, which not, and when each was last heard of
 *     reach_freshness(), reach_each_kibbutz()   "complete as of ...; not heard from: ..."
 *
 * A kibbutz has what one of its nodes has.  What a receipt says is a claim of that node: "has reached", never "was read".
 */

#include "store/index.h"
#include "store/receipt_file.h"

/* Silence of a kibbutz that is worth telling: a node in order signs a receipt every day, and it may go by way of others. */
#define REACH_SILENT_MS (UINT64_C(36) * 3600 * 1000)

struct reach;

/* There need be no receipts yet.  ERR_MEMORY. */
enum err reach_open(const char *home, struct reach **reach);
void reach_close(struct reach *reach); /* Accepts NULL. */

/* Reads what is new.  After an error it knows nothing, as if there were no receipts.  `index` tells of logs that fork. */
enum err reach_refresh(struct reach *reach, struct index *index);

/* Another one when a refresh has read something new. */
uint64_t reach_serial(const struct reach *reach);

/* Who there is by the caller's own trust, instead of what the running node wrote; copied.  Until reach_refresh() reads something new. */
enum err reach_set_world(struct reach *reach, const struct receipt_world *world);

/* The own kibbutz; NULL: it is not known.  Lent until the next refresh. */
const struct id *reach_own(const struct reach *reach);

enum reach_has {
    REACH_NOTHING,
    REACH_ENTRY, /* The signed entry, but not its text. */
    REACH_TEXT,  /* The text; attachments are still on their way. */
    REACH_ALL,
};

struct reach_kibbutz {
    struct id kibbutz;
    bool is_own;
    bool has_node; /* Else nothing can reach it. */
    bool may_hold; /* By the audience; always true in reach_each_kibbutz(). */
    enum reach_has has;
    uint64_t since_ms; /* When the receipt was signed that says so: it has had it since then, or longer.  0: it has it not. */
    uint64_t heard_ms; /* When the newest receipt of one of its nodes was signed, or came, whichever is earlier; 0: never. */
};

/* Members that may hold it, and those of them that have all of it. */
struct reach_count {
    size_t reached, of;
};
struct reach_count reach_count(struct reach *reach, struct index *index, const struct index_revision *revision);

typedef void reach_kibbutz_fn(void *context, const struct reach_kibbutz *kibbutz);
/* Each member that may hold it, ascending by id. */
void reach_each(struct reach *reach, struct index *index, const struct index_revision *revision, reach_kibbutz_fn *each,
                void *context);
/* Each member; `has` and `since_ms` are empty. */
void reach_each_kibbutz(struct reach *reach, reach_kibbutz_fn *each, void *context);

struct reach_freshness {
    uint64_t complete_ms; /* When another node last had the same as this one; 0: never. */
    size_t others;        /* Members beside the own kibbutz, ... */
    size_t silent;        /* ... and those of them not heard of for REACH_SILENT_MS. */
    bool cut_off;         /* Possibly cut off: nobody was equal for that long, or more than half of the others are silent. */
};
struct reach_freshness reach_freshness(struct reach *reach, uint64_t wall_ms);

#endif
