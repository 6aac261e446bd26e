/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/page_cache.h"

#include "proto/text.h"

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

/* Since when it is not current; UINT64_MAX: it is.  A clock that went back makes it old. */
static uint64_t late_since(const struct page_cache *cache, const struct page_cache_slot *slot,
                           const struct page_cache_asker *asker)
{
    uint64_t life_ms = slot->receipts == asker->stamp.receipts ? slot->life_ms : PAGE_CACHE_MS;

    if (asker->now_ms < slot->made_ms)
        return 0;
    if (slot->version != cache->stamp.version)
        return slot->current_ms;
    return asker->now_ms - slot->made_ms < life_ms ? UINT64_MAX : slot->made_ms + life_ms;
}

static bool is_too_late(const struct page_cache *cache, const struct page_cache_slot *slot,
                        const struct page_cache_asker *asker)
{
    uint64_t since = late_since(cache, slot, asker);

    return since != UINT64_MAX && (since == 0 || asker->now_ms - since >= PAGE_CACHE_LATE_MS);
}

/* Whether the document that a page shows is as it was; asked once for each version of the index. */
static bool shows_the_same(const struct page_cache *cache, struct page_cache_slot *slot,
                           const struct page_cache_asker *asker)
{
    if (id_is_zero(&slot->document) || slot->looked == cache->stamp.version)
        return true;
    if (asker->changed(asker->context, &slot->document) != slot->changed)
        return false;
    slot->looked = cache->stamp.version;
    return true;
}

bool page_cache_is_same(const struct route_request *a, const struct route_request *b)
{
    bool is_same = a->language == b->language && a->chosen == b->chosen && a->page == b->page &&
                   a->only_looks == b->only_looks &&
                   bytes_equal(a->path, b->path) && bytes_equal(a->host, b->host);

    for (size_t i = 0; is_same && i < ROUTE_ARGUMENTS; i++)
        is_same = bytes_equal(a->argument[i], b->argument[i]);
    return is_same;
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

        if (slot->bytes.len > 0 && is_too_late(cache, slot, asker))
            drop(cache, slot);
        else if (slot->bytes.len > 0 && bytes_equal(key_of(slot), key))
            found = slot;
    }
    if (found == NULL || shows_the_same(cache, found, asker))
        return found;
    drop(cache, found);
    return NULL;
}

/* The last moment at which all that is kept was known to be current counts for what is current no more. */
static void follow(struct page_cache *cache, const struct page_cache_asker *asker)
{
    const struct site_stamp *stamp = &asker->stamp;

    if (cache->stamp.opening != stamp->opening || cache->stamp.recalls != stamp->recalls)
        page_cache_free(cache);
    if (cache->stamp.opening != stamp->opening || cache->stamp.recalls != stamp->recalls ||
        cache->stamp.version != stamp->version) {
        for (size_t i = 0; i < PAGE_CACHE_ANSWERS; i++)
            if (cache->slots[i].version == cache->stamp.version)
                cache->slots[i].current_ms = cache->seen_ms;
        cache->stamped_ms = asker->now_ms;
    }
    cache->stamp = *stamp;
    cache->seen_ms = asker->now_ms;
}

/* Each is said to be due once, and again only when nothing came of it. */
static bool is_due(const struct page_cache *cache, struct page_cache_slot *slot, const struct page_cache_asker *asker)
{
    uint64_t since = late_since(cache, slot, asker);

    if (since == UINT64_MAX || asker->now_ms - since < (slot->version == cache->stamp.version ? 0 : PAGE_CACHE_CALM_MS))
        return false;
    if (slot->due_ms != 0 && asker->now_ms - slot->due_ms < PAGE_CACHE_LATE_MS)
        return false;
    slot->due_ms = asker->now_ms;
    return true;
}

enum page_cache_found page_cache_find(struct page_cache *cache, const struct page_cache_asker *asker,
                                      const struct route_request *request, struct route_answer *answer)
{
    struct buffer key = BUFFER(KEY_LIMIT);
    struct page_cache_slot *slot = NULL;

    follow(cache, asker);
    make_key(&key, asker->is_near, request);
    if (!buffer_error(&key))
        slot = find(cache, asker, buffer_bytes(&key));
    buffer_free(&key);
    if (slot == NULL)
        return PAGE_CACHE_NOTHING;
    buffer_add(&answer->page.out, bytes_from(buffer_bytes(&slot->bytes), slot->key_len));
    if (buffer_error(&answer->page.out)) {
        buffer_clear(&answer->page.out);
        return PAGE_CACHE_NOTHING;
    }
    answer->type = slot->type;
    answer->modified_ms = slot->modified_ms;
    memcpy(answer->etag, slot->etag, sizeof answer->etag);
    return is_due(cache, slot, asker) ? PAGE_CACHE_DUE : PAGE_CACHE_KEPT;
}

uint64_t page_cache_document(const struct page_cache_asker *asker, const struct route_request *request,
                             struct id *document)
{
    struct bytes rest = request->path;

    *document = (struct id){.at = {0}};
    if (!text_take_prefix(&rest, "/d/") || rest.len < ID_TEXT_LEN ||
        id_from_text(bytes_of(rest.at, ID_TEXT_LEN), document) != ERR_OK)
        return 0;
    return asker->changed(asker->context, document);
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

/* The slots are a ring: the next one is the oldest, and so are those behind it.  What it is made anew of goes. */
static void take(struct page_cache *cache, const struct page_cache_slot *slot)
{
    for (size_t i = 0; i < PAGE_CACHE_ANSWERS; i++)
        if (bytes_equal(key_of(&cache->slots[i]), key_of(slot)))
            drop(cache, &cache->slots[i]);
    drop(cache, &cache->slots[cache->next]);
    for (size_t i = cache->next; cache->used + slot->bytes.size > PAGE_CACHE_BYTES; i = (i + 1) % PAGE_CACHE_ANSWERS)
        drop(cache, &cache->slots[i]);
    cache->slots[cache->next] = *slot;
    cache->used += slot->bytes.size;
    cache->next = (cache->next + 1) % PAGE_CACHE_ANSWERS;
}

void page_cache_keep(struct page_cache *cache, const struct page_cache_asker *asker, uint64_t changed,
                     const struct route_request *request, const struct route_answer *answer)
{
    struct page_cache_slot slot = {.type = answer->type,
                                   .modified_ms = answer->modified_ms,
                                   .made_ms = asker->now_ms,
                                   .current_ms = asker->now_ms,
                                   .life_ms = life(cache, asker->now_ms),
                                   .receipts = asker->stamp.receipts,
                                   .version = asker->stamp.version,
                                   .looked = asker->stamp.version,
                                   .changed = changed};
    struct buffer key = BUFFER(KEY_LIMIT);

    if (!may_keep(request, answer) || cache->stamp.opening != asker->stamp.opening ||
        cache->stamp.recalls != asker->stamp.recalls)
        return;
    (void)page_cache_document(asker, request, &slot.document);
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
