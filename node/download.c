/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/download.h"

#include "proto/file.h"
#include "proto/text.h"

/* ---- ranges: RFC 9110, 14.1 ---- */

enum download_wish download_range(const char *range, uint64_t size, uint64_t *from, uint64_t *count)
{
    struct bytes rest = bytes_text(range != NULL ? range : ""), first;
    uint64_t low = 0, high = size - 1;

    *from = 0;
    *count = size;
    if (!text_take_prefix(&rest, "bytes=") || !text_take(&rest, '-', &first))
        return DOWNLOAD_ALL;
    if ((first.len > 0 && !text_to_number(first, &low)) || (rest.len > 0 && !text_to_number(rest, &high)) ||
        (first.len == 0 && rest.len == 0))
        return DOWNLOAD_ALL;
    if (first.len == 0) { /* The last so many bytes. */
        low = high < size ? size - high : 0;
        high = high > 0 ? size - 1 : 0;
        if (rest.len == 1 && rest.at[0] == '0')
            return DOWNLOAD_NOTHING;
    } else if (rest.len > 0 && high < low)
        return DOWNLOAD_ALL;
    if (low >= size)
        return DOWNLOAD_NOTHING;
    *from = low;
    *count = (high < size ? high : size - 1) - low + 1;
    return DOWNLOAD_PART;
}

/* ---- reading ---- */

enum err download_read(struct download_cache *cache, struct archive *archive, const struct route_file *file,
                       uint64_t at, struct bytes *bytes)
{
    size_t index = (size_t)(at / LIMIT_CHUNK), place = 0;
    enum err err = ERR_OK;

    for (size_t i = 0; i < DOWNLOAD_CHUNKS; i++) {
        if (cache->chunks[i].bytes.len > 0 && cache->chunks[i].index == index &&
            id_equal(&cache->chunks[i].digest, &file->digest)) {
            place = i;
            break;
        }
        if (cache->chunks[i].used < cache->chunks[place].used)
            place = i;
    }
    struct buffer *chunk = &cache->chunks[place].bytes;
    if (chunk->len == 0 || cache->chunks[place].index != index ||
        !id_equal(&cache->chunks[place].digest, &file->digest)) {
        buffer_clear(chunk);
        chunk->limit = LIMIT_CHUNK;
        err = archive_read_chunk(archive, &file->digest, file->size, index, chunk);
        cache->chunks[place].digest = file->digest;
        cache->chunks[place].index = index;
    }
    cache->chunks[place].used = ++cache->clock;
    *bytes = bytes_from(buffer_bytes(chunk), (size_t)(at % LIMIT_CHUNK));
    return err;
}

void download_cache_free(struct download_cache *cache)
{
    for (size_t i = 0; i < DOWNLOAD_CHUNKS; i++)
        buffer_free(&cache->chunks[i].bytes);
}
