/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_PAGE_CACHE_H
#define NODE_PAGE_CACHE_H

/*
 * Answers that were given a moment ago, so that fifty who read the same pages do not have each of them made fifty times.
 *
 *     page_cache_find()   a page that is kept; PAGE_CACHE_DUE: let it be made anew meanwhile
 *     page_cache_keep()   what was made
 *
 * The key is all that route() reads of a request but the time, and for whom the answer is.  Such an answer is current until
 * the index changes.  What else a page is made of changes more slowly: receipts tell of others, and of the clock pages show days.
 * So it stays so for PAGE_CACHE_MS at most; for longer as long as receipts are the same, if it was made when the index
 * had been still for that long.
 *
 * A page that is current no more is still given, for PAGE_CACHE_LATE_MS from when it was last known to be current, so that nobody
 * waits for a new one that is asked for all the time.  But what was taken back (index_recalls()) is gone from all pages at
 * once, and the page of a document that changed itself is not given again (index_changed()).
 *
 * Kept are whole pages that everybody of that key may have: no error, no attachment, nothing that browsers may not keep.
 */

#include "node/route.h"

#define PAGE_CACHE_MS 1000
#define PAGE_CACHE_STILL_MS 10000 /* At most; half of it at least, lest all be made anew in one moment. */
#define PAGE_CACHE_LATE_MS 1000
#define PAGE_CACHE_CALM_MS 200    /* No page is made anew more often, while the index changes all the time. */
#define PAGE_CACHE_ANSWERS 256
#define PAGE_CACHE_ANSWER KIB(256) /* A larger one is not kept. */
#define PAGE_CACHE_BYTES MIB(4)    /* All of them, with their keys. */

struct page_cache_asker {
    bool is_near;
    struct site_stamp stamp;
    uint64_t now_ms; /* Of a clock that never goes back. */
    /* index_changed() of a document; 0: there is none. */
    uint64_t (*changed)(void *context, const struct id *document);
    void *context;
};

struct page_cache { /* Zero-initialised. */
    struct page_cache_slot {
        struct buffer bytes; /* The key, then the body; empty: the slot is free. */
        size_t key_len;
        const char *type;
        char etag[ID_TEXT_LEN + 3];
        uint64_t modified_ms, made_ms, life_ms, receipts;
        uint64_t version;    /* Of the index, when it was asked for, ... */
        uint64_t current_ms; /* ... and, while that is another one, when it was last the same. */
        uint64_t due_ms;     /* When it was last said to be due; 0: not since it was made. */
        struct id document;  /* That it shows; zeros: none. */
        uint64_t changed;    /* That document's count, when the page was asked for, ... */
        uint64_t looked;     /* ... and the version at which it was still the same. */
    } slots[PAGE_CACHE_ANSWERS];
    struct site_stamp stamp;        /* The last, ... */
    uint64_t stamped_ms, seen_ms;   /* ... when it was first seen, and when last. */
    size_t next, used;              /* The slot of the oldest, and bytes of memory. */
};

void page_cache_free(struct page_cache *cache);

/* Fills an answer that route_answer_begin() made; PAGE_CACHE_NOTHING: there is none, and `answer` is as it was. */
enum page_cache_found { PAGE_CACHE_NOTHING, PAGE_CACHE_KEPT, PAGE_CACHE_DUE };
enum page_cache_found page_cache_find(struct page_cache *cache, const struct page_cache_asker *asker,
                                      const struct route_request *request, struct route_answer *answer);

/* Whether two requests are for the same page, whoever asks and when. */
bool page_cache_is_same(const struct route_request *a, const struct route_request *b);

/* The document that a page shows, and its count; 0: none. */
uint64_t page_cache_document(const struct page_cache_asker *asker, const struct route_request *request, struct id *document);

/* Takes a copy if it may be kept; `asker`, and `changed` of page_cache_document(), are from before the answer was made. */
void page_cache_keep(struct page_cache *cache, const struct page_cache_asker *asker, uint64_t changed,
                     const struct route_request *request, const struct route_answer *answer);

#endif
