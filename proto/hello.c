/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/hello.h"

#include <assert.h>

#include "proto/wire.h"

void hello_encode(struct buffer *out, const struct hello *hello)
{
    assert(hello->software.len <= HELLO_SOFTWARE_MAX);
    buffer_u8(out, hello->version_min);
    buffer_u8(out, hello->version_max);
    buffer_u32(out, hello->features);
    buffer_u32(out, hello->clock_min);
    buffer_u8(out, (uint8_t)hello->software.len);
    buffer_add(out, hello->software);
    if (hello->first_type)
        hello_add_first(out, hello->first_type, hello->first);
}

void hello_add_first(struct buffer *out, uint8_t type, struct bytes first)
{
    assert(type != 0 && first.len <= HELLO_FIRST_MAX);
    buffer_u8(out, type);
    buffer_add(out, first);
}

enum err hello_decode(struct bytes in, struct hello *hello)
{
    struct wire_reader r = wire_reader(in);

    hello->version_min = wire_u8(&r);
    hello->version_max = wire_u8(&r);
    hello->features = wire_u32(&r);
    hello->clock_min = wire_u32(&r);
    hello->software = wire_read(&r, wire_u8(&r));
    bool rides = r.rest.len > 0;
    hello->first_type = rides ? wire_u8(&r) : 0;
    hello->first = wire_read(&r, r.rest.len);
    if ((rides && hello->first_type == 0) || hello->software.len > HELLO_SOFTWARE_MAX ||
        hello->first.len > HELLO_FIRST_MAX || hello->version_min > hello->version_max)
        wire_fail(&r);
    return wire_finish(&r);
}

enum err hello_agree(const struct hello *own, const struct hello *peer, uint8_t used)
{
    uint8_t best = own->version_max < peer->version_max ? own->version_max : peer->version_max;
    bool both = best >= own->version_min && best >= peer->version_min;

    if (used < peer->version_min || used > peer->version_max)
        return ERR_VERSION;
    return both && best > used ? ERR_VERSION : ERR_OK;
}
