/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/page_cache.h"

#define KEY_LIMIT KIB(32) /* More than the headers of a connection may be. */

static void drop(struct page_cache *cache, struct page_cache_slot *slot)
{
    cache->used -= slot->bytes.size;
    buffer_free(&slot->bytes);
    *slot = (struct page_cache_slot){.bytes = BUFFER(0)};
}

void page_cache_free(struct page_cache *cache)
{
    for (size_t i = 0; i < PAGE_CACHE_ANSWERS; i++)
        drop(cache, &cache->slots[i]);
}

/* Each part with its length before it: where one ends and the next begins cannot be feigned. */
static void add_part(struct buffer *key, struct bytes part)
{
    buffer_u32(key, (uint32_t)part.len);
    buffer_add(key, part);
}

static void make_key(struct buffer *key, bool is_near, const struct route_request *request)
{
    buffer_u8(key, is_near);
    buffer_u8(key, (uint8_t)request->language);
    buffer_u8(key, request->chosen);
    buffer_u64(key, request->page);
    add_part(key, request->path);
    add_part(key, request->host);
    for (size_t i = 0; i < ROUTE_ARGUMENTS; i++)
        add_part(key, request->argument[i]);
}

static bool is_same(const struct site_stamp *a, const struct site_stamp *b)
{
    return a->opening == b->opening && a->version == b->version;
}

static bool is_fresh(const struct page_cache_slot *slot, const struct page_cache_asker *asker)
{
    uint64_t life_ms = slot->receipts == asker->stamp.receipts ? slot->life_ms : PAGE_CACHE_MS;

    return asker->now_ms >= slot->made_ms && asker->now_ms - slot->made_ms < life_ms;
}

static struct bytes key_of(const struct page_cache_slot *slot)
{
    return bytes_of(slot->bytes.at, slot->key_len);
}

/* NULL: there is none.  Drops on its way what is too old. */
static struct page_cache_slot *find(struct page_cache *cache, const struct page_cache_asker *asker, struct bytes key)
{
    struct page_cache_slot *found = NULL;

    for (size_t i = 0; i < PAGE_CACHE_ANSWERS; i++) {
        struct page_cache_slot *slot = &cache->slots[i];

        if (slot->bytes.len > 0 && !is_fresh(slot, asker))
            drop(cache, slot);
        else if (slot->bytes.len > 0 && bytes_equal(key_of(slot), key))
            found = slot;
    }
    return found;
}

bool page_cache_find(struct page_cache *cache, const struct page_cache_asker *asker,
                     const struct route_request *request, struct route_answer *answer)
{
    struct buffer key = BUFFER(KEY_LIMIT);
    struct page_cache_slot *slot = NULL;

    if (!is_same(&cache->stamp, &asker->stamp)) {
        page_cache_free(cache);
        cache->stamp = asker->stamp;
        cache->stamped_ms = asker->now_ms;
    }
    make_key(&key, asker->is_near, request);
    if (!buffer_error(&key))
        slot = find(cache, asker, buffer_bytes(&key));
    buffer_free(&key);
    if (slot == NULL)
        return false;
    buffer_add(&answer->page.out, bytes_from(buffer_bytes(&slot->bytes), slot->key_len));
    if (buffer_error(&answer->page.out)) {
        buffer_clear(&answer->page.out);
        return false;
    }
    answer->type = slot->type;
    answer->modified_ms = slot->modified_ms;
    memcpy(answer->etag, slot->etag, sizeof answer->etag);
    return true;
}

/* Each slot its own, so that what was made in one moment is not made again in another one. */
static uint64_t life(const struct page_cache *cache, uint64_t now_ms)
{
    if (now_ms < cache->stamped_ms + PAGE_CACHE_MS)
        return PAGE_CACHE_MS;
    return PAGE_CACHE_STILL_MS / 2 + cache->next * (PAGE_CACHE_STILL_MS / 2) / PAGE_CACHE_ANSWERS;
}

static bool may_keep(const struct route_request *request, const struct route_answer *answer)
{
    return answer->status == 200 && !answer->no_store && !answer->file.is_set && answer->disposition[0] == '\0' &&
           request->links == NULL && answer->page.out.len <= PAGE_CACHE_ANSWER;
}

/* The slots are a ring: the next one is the oldest, and so are those behind it. */
static void take(struct page_cache *cache, const struct page_cache_slot *slot)
{
    drop(cache, &cache->slots[cache->next]);
    for (size_t i = cache->next; cache->used + slot->bytes.size > PAGE_CACHE_BYTES; i = (i + 1) % PAGE_CACHE_ANSWERS)
        drop(cache, &cache->slots[i]);
    cache->slots[cache->next] = *slot;
    cache->used += slot->bytes.size;
    cache->next = (cache->next + 1) % PAGE_CACHE_ANSWERS;
}

void page_cache_keep(struct page_cache *cache, const struct page_cache_asker *asker,
                     const struct route_request *request, const struct route_answer *answer)
{
    struct page_cache_slot slot = {.type = answer->type,
                                   .modified_ms = answer->modified_ms,
                                   .made_ms = asker->now_ms,
                                   .life_ms = life(cache, asker->now_ms),
                                   .receipts = asker->stamp.receipts};
    struct buffer key = BUFFER(KEY_LIMIT);

    if (!may_keep(request, answer) || !is_same(&cache->stamp, &asker->stamp))
        return;
    make_key(&key, asker->is_near, request);
    slot.key_len = key.len;
    slot.bytes = BUFFER(key.len + answer->page.out.len);
    buffer_add(&slot.bytes, buffer_bytes(&key));
    buffer_add(&slot.bytes, buffer_bytes(&answer->page.out));
    memcpy(slot.etag, answer->etag, sizeof slot.etag);
    if (!buffer_error(&key) && !buffer_error(&slot.bytes))
        take(cache, &slot);
    else
        buffer_free(&slot.bytes);
    buffer_free(&key);
}

/* Pages hold names and counts beside their entry, so what names a version of one is the hash of its bytes. */
static void tag(struct route_answer *answer)
{
    struct id digest;

    if (answer->etag[0] != '\0' || answer->status != 200)
        return;
    digest = id_hash(ID_BLOB, buffer_bytes(&answer->page.out));
    route_answer_tag(answer, &digest);
}

void page_cache_route(struct page_cache *cache, struct site *site, const struct route_request *request, uint64_t now_ms,
                      struct route_answer *answer)
{
    struct page_cache_asker asker = {.is_near = site_is_near(site), .now_ms = now_ms};
    /* Before the answer is made: what changes meanwhile makes it old. */
    bool is_known = site_read_stamp(site, &asker.stamp) == ERR_OK;

    if (is_known && page_cache_find(cache, &asker, request, answer))
        return;
    route(site, request, answer);
    tag(answer);
    if (is_known)
        page_cache_keep(cache, &asker, request, answer);
}
