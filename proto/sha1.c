/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/sha1.h"

#include <nettle/sha1.h>
#include <stdio.h>

#include "proto/text.h"

_Static_assert(SHA1_LEN == SHA1_DIGEST_SIZE, "a name is what the hash gives");

struct sha1 sha1_of(const struct bytes parts[], size_t count)
{
    struct sha1_ctx state;
    struct sha1 out;

    sha1_init(&state);
    for (size_t i = 0; i < count; i++)
        sha1_update(&state, parts[i].len, parts[i].at);
    sha1_digest(&state, SHA1_LEN, out.at);
    return out;
}

struct sha1 sha1_of_object(const char *kind, struct bytes object)
{
    char header[32];
    int len = snprintf(header, sizeof header, "%s %zu", kind, object.len);
    struct bytes parts[] = {bytes_of(header, (size_t)len + 1), object};

    return sha1_of(parts, 2);
}

enum err sha1_from_text(struct bytes text, struct sha1 *sha1)
{
    return text_from_hex(text, sha1->at, SHA1_LEN) ? ERR_OK : ERR_FORMAT;
}
