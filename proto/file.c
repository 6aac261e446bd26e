/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/file.h"

size_t file_chunks(uint64_t size)
{
    return size == 0 ? 1 : (size_t)((size - 1) / LIMIT_CHUNK + 1);
}

size_t file_chunk_size(uint64_t size, size_t index)
{
    uint64_t left = size - (uint64_t)index * LIMIT_CHUNK;

    return (size_t)(left < LIMIT_CHUNK ? left : LIMIT_CHUNK);
}

struct id file_digest(uint64_t size, struct bytes list)
{
    uint8_t number[8];
    const struct bytes parts[] = {bytes_of(number, sizeof number), list};

    for (size_t i = 0; i < sizeof number; i++)
        number[i] = (uint8_t)(size >> (8 * (sizeof number - 1 - i)));
    return id_hash_parts(ID_CHUNKS, parts, 2);
}

bool file_list_is(const struct id *digest, uint64_t size, struct bytes list)
{
    if (size <= LIMIT_CHUNK)
        return list.len == 0;
    if (size > LIMIT_FILE || list.len != file_chunks(size) * ID_LEN)
        return false;
    struct id found = file_digest(size, list);
    return id_equal(&found, digest);
}

bool file_chunk_is(const struct id *digest, uint64_t size, struct bytes list, size_t index, struct bytes bytes)
{
    if (index >= file_chunks(size) || bytes.len != file_chunk_size(size, index))
        return false;
    struct id found = id_hash(ID_BLOB, bytes);
    return memcmp(found.at, list.len > 0 ? list.at + index * ID_LEN : digest->at, ID_LEN) == 0;
}

void file_state_add(struct file_state *state, size_t index)
{
    if (!file_state_has(state, index))
        state->count++;
    state->have[index / 8] |= (uint8_t)(1 << index % 8);
}
