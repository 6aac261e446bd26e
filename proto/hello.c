/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/hello.h"

#include <assert.h>

#include "proto/wire.h"

void hello_encode(struct buffer *out, const struct hello *hello)
{
    assert(hello->software.len <= HELLO_SOFTWARE_MAX);
    buffer_add(out, id_bytes(&hello->node));
    buffer_u64(out, hello->store_id);
    buffer_u8(out, hello->version_min);
    buffer_u8(out, hello->version_max);
    buffer_u32(out, hello->features);
    buffer_u8(out, (uint8_t)hello->software.len);
    buffer_add(out, hello->software);
}

enum err hello_decode(struct bytes in, struct hello *hello)
{
    struct wire_reader r = wire_reader(in);

    wire_copy(&r, hello->node.at, ID_LEN);
    hello->store_id = wire_u64(&r);
    hello->version_min = wire_u8(&r);
    hello->version_max = wire_u8(&r);
    hello->features = wire_u32(&r);
    hello->software = wire_read(&r, wire_u8(&r));
    if (hello->software.len > HELLO_SOFTWARE_MAX || hello->version_min > hello->version_max)
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
