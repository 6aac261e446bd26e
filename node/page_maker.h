/* SPDX-License-Identifier: AGPL-3.0-or-later */
#ifndef NODE_PAGE_MAKER_H
#define NODE_PAGE_MAKER_H

/*
 * One thread makes pages, while another speaks HTTP: who asks for what is kept (node/page_cache.h) never waits for what is made.
 * One, because a second would have all of the archive's names and words in memory once more.
 *
 *     page_maker_order()   a page that is wanted; who wants the same gets the same order
 *     page_maker_take()    what is made, when page_maker_fd() is readable
 *
 * All calls are of the thread that started it.
 */

#include "node/page_cache.h"

struct page_maker;

struct page_order {
    struct page_cache_asker asker; /* For whom, and what was known when it was ordered. */
    bool is_known;                 /* The asker's stamp is; else nothing of it may be kept. */
    uint64_t changed;              /* page_cache_document() of then. */
    struct route_request request;
    struct route_answer answer; /* Once it is made; with its version. */
    size_t waiting;             /* How many wait for it: the caller's. */

    struct buffer texts; /* Of the request. */
    bool is_begun;
    struct page_order *next;
};

/* NULL: memory or threads are out.  What the first pages wait for is read at once.  `errand_fd`: of site_set_errands(). */
struct page_maker *page_maker_start(const char *home, int errand_fd);
/* Ends the thread, and frees all that was not taken.  Accepts NULL. */
void page_maker_stop(struct page_maker *maker);

int page_maker_fd(const struct page_maker *maker);

/* What is awaited goes before what is only made anew.  Lent until it is taken.  NULL: memory is out. */
struct page_order *page_maker_order(struct page_maker *maker, const struct page_cache_asker *asker, bool is_known,
                                    const struct route_request *request, bool is_awaited);

/* The next one that is made, now the caller's; NULL: there is none. */
struct page_order *page_maker_take(struct page_maker *maker);
void page_order_free(struct page_order *order); /* Accepts NULL. */

#endif
