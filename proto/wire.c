/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/wire.h"

struct wire_reader wire_reader(struct bytes in)
{
    return (struct wire_reader){.rest = in};
}

void wire_fail(struct wire_reader *r)
{
    r->err = ERR_FORMAT;
    r->rest = bytes_of(NULL, 0);
}

struct bytes wire_read(struct wire_reader *r, size_t len)
{
    if (r->err || len > r->rest.len) {
        wire_fail(r);
        return bytes_of(NULL, 0);
    }
    struct bytes run = bytes_of(r->rest.at, len);
    r->rest = bytes_from(r->rest, len);
    return run;
}

void wire_copy(struct wire_reader *r, void *to, size_t len)
{
    struct bytes run = wire_read(r, len);

    if (run.len == len && len > 0)
        memcpy(to, run.at, len);
    else
        memset(to, 0, len);
}

static uint64_t number(struct wire_reader *r, size_t len)
{
    struct bytes run = wire_read(r, len);
    uint64_t value = 0;

    for (size_t i = 0; i < run.len; i++)
        value = value << 8 | run.at[i];
    return value;
}

uint8_t wire_u8(struct wire_reader *r)
{
    return (uint8_t)number(r, 1);
}

uint16_t wire_u16(struct wire_reader *r)
{
    return (uint16_t)number(r, 2);
}

uint32_t wire_u32(struct wire_reader *r)
{
    return (uint32_t)number(r, 4);
}

uint64_t wire_u64(struct wire_reader *r)
{
    return number(r, 8);
}

enum err wire_finish(const struct wire_reader *r)
{
    return r->err ? r->err : r->rest.len > 0 ? ERR_FORMAT : ERR_OK;
}
