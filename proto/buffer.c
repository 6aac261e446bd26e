/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/buffer.h"

#include <stdlib.h>

#define FIRST_SIZE 256

void buffer_free(struct buffer *b)
{
    free(b->at);
    *b = BUFFER(b->limit);
}

void buffer_clear(struct buffer *b)
{
    b->len = 0;
    b->err = ERR_OK;
}

void buffer_drop(struct buffer *b, size_t count)
{
    if (count >= b->len) {
        b->len = 0;
        return;
    }
    memmove(b->at, b->at + count, b->len - count);
    b->len -= count;
}

static bool grow(struct buffer *b, size_t needed)
{
    size_t size = b->size < FIRST_SIZE ? FIRST_SIZE : b->size;

    while (size < needed)
        size = size > b->limit / 2 ? b->limit : size * 2;
    uint8_t *at = realloc(b->at, size);
    if (!at) {
        b->err = ERR_MEMORY;
        return false;
    }
    b->at = at;
    b->size = size;
    return true;
}

uint8_t *buffer_extend(struct buffer *b, size_t count)
{
    if (b->err)
        return NULL;
    if (count > b->limit - b->len) {
        b->err = ERR_LIMIT;
        return NULL;
    }
    if (count > b->size - b->len && !grow(b, b->len + count))
        return NULL;
    uint8_t *at = b->at + b->len;
    b->len += count;
    return at;
}

void buffer_add(struct buffer *b, struct bytes run)
{
    if (run.len == 0)
        return;
    uint8_t *at = buffer_extend(b, run.len);
    if (at)
        memcpy(at, run.at, run.len);
}

void buffer_text(struct buffer *b, const char *text)
{
    buffer_add(b, bytes_text(text));
}

void buffer_number(struct buffer *b, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buffer_add(b, bytes_of(digits + at, sizeof digits - at));
}

void buffer_hex(struct buffer *b, struct bytes run)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *at = buffer_extend(b, run.len * 2);

    for (size_t i = 0; at && i < run.len; i++) {
        at[2 * i] = (uint8_t)digits[run.at[i] >> 4];
        at[2 * i + 1] = (uint8_t)digits[run.at[i] & 15];
    }
}

static void add_number(struct buffer *b, uint64_t value, size_t len)
{
    uint8_t *at = buffer_extend(b, len);

    for (size_t i = 0; at && i < len; i++)
        at[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
}

void buffer_u8(struct buffer *b, uint8_t value)
{
    add_number(b, value, 1);
}

void buffer_u16(struct buffer *b, uint16_t value)
{
    add_number(b, value, 2);
}

void buffer_u32(struct buffer *b, uint32_t value)
{
    add_number(b, value, 4);
}

void buffer_u64(struct buffer *b, uint64_t value)
{
    add_number(b, value, 8);
}
