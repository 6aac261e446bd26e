/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/page_maker.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#define TEXTS_LIMIT KIB(32) /* More than the headers of a connection may be. */
#define REST_S 300          /* Without an order. */

struct list {
    struct page_order *first, *last;
};

struct page_maker {
    struct site *site; /* The thread's. */
    uv_thread_t thread;
    bool is_started;
    int fd;
    uv_mutex_t lock;
    uv_cond_t ordered;

    /* under the lock */
    bool stopping;
    struct list awaited, spare, made;
    struct page_order *at_work;
};

static void append(struct list *list, struct page_order *order)
{
    order->next = NULL;
    if (list->last != NULL)
        list->last->next = order;
    else
        list->first = order;
    list->last = order;
}

static struct page_order *take_first(struct list *list)
{
    struct page_order *order = list->first;

    if (order != NULL && (list->first = order->next) == NULL)
        list->last = NULL;
    return order;
}

static void remove_from(struct list *list, const struct page_order *order)
{
    struct list rest = {NULL, NULL};
    struct page_order *next;

    while ((next = take_first(list)) != NULL)
        if (next != order)
            append(&rest, next);
    *list = rest;
}

void page_order_free(struct page_order *order)
{
    if (order == NULL)
        return;
    route_answer_free(&order->answer);
    buffer_free(&order->texts);
    free(order);
}

/* ---- the thread ---- */

/* Pages hold names and counts beside their entry, so what names a version of one is the hash of its bytes. */
static void tag(struct route_answer *answer)
{
    struct id digest;

    if (answer->etag[0] != '\0' || answer->status != 200)
        return;
    digest = id_hash(ID_BLOB, buffer_bytes(&answer->page.out));
    route_answer_tag(answer, &digest);
}

static void make(struct site *site, struct page_order *order)
{
    site_set_near(site, order->asker.is_near);
    route_answer_begin(&order->answer, &order->request);
    route(site, &order->request, &order->answer);
    tag(&order->answer);
}

/* Under the lock; false: nobody came for so long that there is time to rest. */
static bool sleep_until_ordered(struct page_maker *maker, bool is_resting)
{
    if (!is_resting)
        return uv_cond_timedwait(&maker->ordered, &maker->lock, REST_S * UINT64_C(1000000000)) == 0;
    uv_cond_wait(&maker->ordered, &maker->lock);
    return true;
}

/* Sleeps unless there is something to read beforehand.  NULL: it is the end. */
static struct page_order *wait_for_order(struct page_maker *maker)
{
    struct page_order *order = NULL;
    bool is_warm = false, is_resting = false;

    uv_mutex_lock(&maker->lock);
    while (!maker->stopping && (order = take_first(&maker->awaited)) == NULL &&
           (order = take_first(&maker->spare)) == NULL) {
        if (is_warm && sleep_until_ordered(maker, is_resting))
            continue;
        uv_mutex_unlock(&maker->lock);
        if (is_warm)
            site_rest(maker->site);
        is_resting = is_warm;
        is_warm = is_warm || !site_warm(maker->site);
        uv_mutex_lock(&maker->lock);
    }
    maker->at_work = order;
    if (order != NULL)
        order->is_begun = true;
    uv_mutex_unlock(&maker->lock);
    return order;
}

static void work(void *context)
{
    struct page_maker *maker = context;
    struct page_order *order;

    while ((order = wait_for_order(maker)) != NULL) {
        make(maker->site, order);
        uv_mutex_lock(&maker->lock);
        maker->at_work = NULL;
        append(&maker->made, order);
        uv_mutex_unlock(&maker->lock);
        (void)eventfd_write(maker->fd, 1);
    }
}

/* ---- starting and ending ---- */

struct page_maker *page_maker_start(const char *home, int errand_fd)
{
    struct page_maker *maker = calloc(1, sizeof *maker);

    if (maker == NULL)
        return NULL;
    uv_mutex_init(&maker->lock);
    uv_cond_init(&maker->ordered);
    maker->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if ((maker->site = site_open(home)) != NULL)
        site_set_errands(maker->site, errand_fd);
    if (maker->fd < 0 || maker->site == NULL || uv_thread_create(&maker->thread, work, maker) != 0) {
        page_maker_stop(maker);
        return NULL;
    }
    maker->is_started = true;
    return maker;
}

static void free_all(struct list *list)
{
    struct page_order *order;

    while ((order = take_first(list)) != NULL)
        page_order_free(order);
}

void page_maker_stop(struct page_maker *maker)
{
    if (maker == NULL)
        return;
    uv_mutex_lock(&maker->lock);
    maker->stopping = true;
    uv_cond_signal(&maker->ordered);
    uv_mutex_unlock(&maker->lock);
    if (maker->is_started)
        (void)uv_thread_join(&maker->thread);
    free_all(&maker->awaited);
    free_all(&maker->spare);
    free_all(&maker->made);
    site_close(maker->site);
    if (maker->fd >= 0)
        close(maker->fd);
    uv_cond_destroy(&maker->ordered);
    uv_mutex_destroy(&maker->lock);
    free(maker);
}

int page_maker_fd(const struct page_maker *maker)
{
    return maker->fd;
}

/* ---- orders ---- */

static void copy_text(struct buffer *texts, struct bytes *text)
{
    struct bytes copy = bytes_of(texts->at + texts->len, text->len);

    buffer_add(texts, *text); /* There is room: it does not move. */
    *text = copy;
}

static struct page_order *new_order(const struct page_cache_asker *asker, bool is_known,
                                    const struct route_request *request)
{
    struct page_order *order = calloc(1, sizeof *order);
    struct id document;
    size_t size = request->path.len + request->host.len;

    if (order == NULL)
        return NULL;
    for (size_t i = 0; i < ROUTE_ARGUMENTS; i++)
        size += request->argument[i].len;
    *order = (struct page_order){.asker = *asker, .is_known = is_known, .request = *request};
    order->texts = BUFFER(TEXTS_LIMIT);
    if (size > TEXTS_LIMIT || buffer_extend(&order->texts, size) == NULL) {
        page_order_free(order);
        return NULL;
    }
    buffer_clear(&order->texts);
    copy_text(&order->texts, &order->request.path);
    copy_text(&order->texts, &order->request.host);
    for (size_t i = 0; i < ROUTE_ARGUMENTS; i++)
        copy_text(&order->texts, &order->request.argument[i]);
    order->changed = is_known ? page_cache_document(asker, request, &document) : 0;
    return order;
}

/* What is begun tells of the archive as it was then. */
static bool answers(const struct page_order *order, const struct page_cache_asker *asker, bool is_known,
                    const struct route_request *request)
{
    const struct site_stamp *then = &order->asker.stamp, *now = &asker->stamp;

    if (order->is_begun && !(order->is_known && is_known && then->opening == now->opening &&
                             then->version == now->version && then->recalls == now->recalls))
        return false;
    return order->asker.is_near == asker->is_near && page_cache_is_same(&order->request, request);
}

static struct page_order *find_in(const struct list *list, const struct page_cache_asker *asker, bool is_known,
                                  const struct route_request *request)
{
    for (struct page_order *order = list->first; order != NULL; order = order->next)
        if (answers(order, asker, is_known, request))
            return order;
    return NULL;
}

/* One that was to be made anew only moves up when somebody waits for it. */
static struct page_order *find_order(struct page_maker *maker, const struct page_cache_asker *asker, bool is_known,
                                     const struct route_request *request, bool is_awaited)
{
    struct page_order *order = find_in(&maker->awaited, asker, is_known, request);

    if (order == NULL && maker->at_work != NULL && answers(maker->at_work, asker, is_known, request))
        order = maker->at_work;
    if (order == NULL)
        order = find_in(&maker->made, asker, is_known, request);
    if (order == NULL && (order = find_in(&maker->spare, asker, is_known, request)) != NULL && is_awaited) {
        remove_from(&maker->spare, order);
        append(&maker->awaited, order);
    }
    return order;
}

struct page_order *page_maker_order(struct page_maker *maker, const struct page_cache_asker *asker, bool is_known,
                                    const struct route_request *request, bool is_awaited)
{
    struct page_order *order;

    uv_mutex_lock(&maker->lock);
    order = find_order(maker, asker, is_known, request, is_awaited);
    if (order == NULL && (order = new_order(asker, is_known, request)) != NULL) {
        append(is_awaited ? &maker->awaited : &maker->spare, order);
        uv_cond_signal(&maker->ordered);
    }
    uv_mutex_unlock(&maker->lock);
    return order;
}

struct page_order *page_maker_take(struct page_maker *maker)
{
    struct page_order *order;
    eventfd_t count;

    uv_mutex_lock(&maker->lock);
    if ((order = take_first(&maker->made)) == NULL)
        (void)eventfd_read(maker->fd, &count);
    uv_mutex_unlock(&maker->lock);
    return order;
}
