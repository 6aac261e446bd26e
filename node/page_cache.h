/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_PAGE_CACHE_H
#define NODE_PAGE_CACHE_H

/*
 * Answers that were given a moment ago, so that fifty who read the same pages do not have each of them made fifty times.
 *
 *     page_cache_route()   stands for route()
 *
 * The key is all that route() reads of a request but the time, and for whom the answer is.  No answer lives beyond the
 * first change of the index.  What else a page is made of changes more slowly: names follow the index within a second,
 * receipts tell of others, and of the clock pages show days.  So an answer lives for PAGE_CACHE_MS; for longer as long as
 * receipts are the same, if it was made when the index had been still for that long.
 *
 * Kept are whole pages that everybody of that key may have: no error, no attachment, nothing that browsers may not keep.
 */

#include "node/route.h"

#define PAGE_CACHE_MS 1000
#define PAGE_CACHE_STILL_MS 10000 /* At most; half of it at least, lest all be made anew in one moment. */
#define PAGE_CACHE_ANSWERS 256
#define PAGE_CACHE_ANSWER KIB(256) /* A larger one is not kept. */
#define PAGE_CACHE_BYTES MIB(4)    /* All of them, with their keys. */

struct page_cache_asker {
    bool is_near;
    struct site_stamp stamp; /* Another index, or version of it, makes all that is kept old. */
    uint64_t now_ms;         /* Of a clock that never goes back. */
};

struct page_cache { /* Zero-initialised. */
    struct page_cache_slot {
        struct buffer bytes; /* The key, then the body; empty: the slot is free. */
        size_t key_len;
        const char *type;
        char etag[ID_TEXT_LEN + 3];
        uint64_t modified_ms, made_ms, life_ms, receipts;
    } slots[PAGE_CACHE_ANSWERS];
    struct site_stamp stamp; /* Of all that is kept, but for receipts, ... */
    uint64_t stamped_ms;     /* ... and when it was first seen. */
    size_t next, used;       /* The slot of the oldest, and bytes of memory. */
};

void page_cache_free(struct page_cache *cache);

/* An answer that is kept, or that of route(), then kept; with its version.  site_set_near() was said before. */
void page_cache_route(struct page_cache *cache, struct site *site, const struct route_request *request, uint64_t now_ms,
                      struct route_answer *answer);

/* Fills an answer that route_answer_begin() made; false: there is none, and `answer` is as it was. */
bool page_cache_find(struct page_cache *cache, const struct page_cache_asker *asker, const struct route_request *request,
                     struct route_answer *answer);

/* Takes a copy if it may be kept; `asker` is that of page_cache_find(), from before the answer was made. */
void page_cache_keep(struct page_cache *cache, const struct page_cache_asker *asker, const struct route_request *request,
                     const struct route_answer *answer);

#endif
