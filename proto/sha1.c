/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/sha1.h"

#include <stdio.h>

#include "proto/text.h"

struct state {
    uint32_t h[5];
    uint8_t block[64];
    size_t used;
    uint64_t len;
};

static uint32_t rotate(uint32_t word, unsigned by)
{
    return word << by | word >> (32 - by);
}

static void compress(struct state *s, const uint8_t block[64])
{
    uint32_t w[80];
    uint32_t a = s->h[0], b = s->h[1], c = s->h[2], d = s->h[3], e = s->h[4];

    for (size_t t = 0; t < 16; t++)
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 | (uint32_t)block[4 * t + 2] << 8 |
               block[4 * t + 3];
    for (size_t t = 16; t < 80; t++)
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (size_t t = 0; t < 80; t++) {
        uint32_t f, k;

        if (t < 20)
            f = (b & c) | (~b & d), k = 0x5a827999;
        else if (t < 40)
            f = b ^ c ^ d, k = 0x6ed9eba1;
        else if (t < 60)
            f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
        else
            f = b ^ c ^ d, k = 0xca62c1d6;
        uint32_t next = rotate(a, 5) + f + e + k + w[t];
        e = d, d = c, c = rotate(b, 30), b = a, a = next;
    }
    s->h[0] += a, s->h[1] += b, s->h[2] += c, s->h[3] += d, s->h[4] += e;
}

static void add(struct state *s, struct bytes run)
{
    s->len += run.len;
    while (run.len > 0) {
        size_t take = sizeof s->block - s->used;

        if (take > run.len)
            take = run.len;
        memcpy(s->block + s->used, run.at, take);
        s->used += take;
        run = bytes_from(run, take);
        if (s->used == sizeof s->block) {
            compress(s, s->block);
            s->used = 0;
        }
    }
}

struct sha1 sha1_of(const struct bytes parts[], size_t count)
{
    static const uint8_t padding[64] = {0x80};
    struct state s = {.h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};
    struct sha1 out;
    uint8_t bits[8];

    for (size_t i = 0; i < count; i++)
        add(&s, parts[i]);
    for (size_t i = 0; i < 8; i++)
        bits[i] = (uint8_t)(s.len * 8 >> (56 - 8 * i));
    add(&s, bytes_of(padding, (s.used < 56 ? 56 : 120) - s.used));
    add(&s, bytes_of(bits, sizeof bits));
    for (size_t i = 0; i < SHA1_LEN; i++)
        out.at[i] = (uint8_t)(s.h[i / 4] >> (24 - 8 * (i % 4)));
    return out;
}

struct sha1 sha1_of_commit(struct bytes commit)
{
    char header[32];
    int len = snprintf(header, sizeof header, "commit %zu", commit.len);
    struct bytes parts[] = {bytes_of(header, (size_t)len + 1), commit};

    return sha1_of(parts, 2);
}

enum err sha1_from_text(struct bytes text, struct sha1 *sha1)
{
    return text_from_hex(text, sha1->at, SHA1_LEN) ? ERR_OK : ERR_FORMAT;
}
