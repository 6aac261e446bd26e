/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/deflate.h"

#include <libdeflate.h>
#include <stdlib.h>

#include "proto/limits.h"

#define LARGE KIB(64) /* From here on it is worth a look whether deflating gains anything. */
#define SAMPLE KIB(16)

/* The second byte of a stream says in its two highest bits how much work went into it (RFC 1950, FLEVEL): some, and with it a check. */
#define HASTE 0x01
#define WORK 0x5e

struct deflate {
    struct libdeflate_compressor *compressor;
    struct libdeflate_compressor *storer; /* Of level 0: for what is dense already. */
    struct libdeflate_decompressor *decompressor;
};

struct deflate *deflate_new(int level)
{
    struct deflate *d = calloc(1, sizeof *d);

    if (!d)
        return NULL;
    d->compressor = libdeflate_alloc_compressor(level);
    d->storer = libdeflate_alloc_compressor(0);
    d->decompressor = libdeflate_alloc_decompressor();
    if (!d->compressor || !d->storer || !d->decompressor) {
        deflate_free(d);
        return NULL;
    }
    return d;
}

void deflate_free(struct deflate *d)
{
    if (!d)
        return;
    libdeflate_free_compressor(d->compressor);
    libdeflate_free_compressor(d->storer);
    libdeflate_free_decompressor(d->decompressor);
    free(d);
}

/* Whether a sample from the middle of a large object gains less than a thirty-second part. */
static bool is_dense(struct deflate *d, struct bytes in)
{
    uint8_t room[SAMPLE];

    if (in.len < LARGE)
        return false;
    return libdeflate_zlib_compress(d->compressor, in.at + (in.len - SAMPLE) / 2, SAMPLE, room, SAMPLE - SAMPLE / 32) ==
           0;
}

static enum err add(struct libdeflate_compressor *compressor, uint8_t effort, struct bytes plain, struct buffer *out)
{
    size_t bound = libdeflate_zlib_compress_bound(compressor, plain.len);
    uint8_t *at = buffer_extend(out, bound);

    if (!at)
        return buffer_error(out);
    size_t len = libdeflate_zlib_compress(compressor, plain.len ? plain.at : (const uint8_t *)"", plain.len, at, bound);
    if (len == 0)
        return ERR_MEMORY;
    at[1] = effort;
    out->len -= bound - len;
    return ERR_OK;
}

enum err deflate_add(struct deflate *d, struct bytes plain, struct buffer *out)
{
    return add(is_dense(d, plain) ? d->storer : d->compressor, WORK, plain, out);
}

enum err deflate_store(struct deflate *d, struct bytes plain, struct buffer *out)
{
    return add(d->storer, HASTE, plain, out);
}

bool deflate_is_hasty(struct bytes start)
{
    return start.len >= 2 && start.at[1] == HASTE;
}

/* How long it becomes is not known before: the room doubles until it fits. */
enum err deflate_read(struct deflate *d, struct bytes stream, struct buffer *plain)
{
    size_t room = stream.len < KIB(1) ? KIB(4) : stream.len < MIB(1) ? stream.len * 4 : stream.len, taken, len;

    if (stream.len == 0)
        return ERR_AUTH;
    for (;; room *= 2) {
        buffer_clear(plain);
        uint8_t *at = buffer_extend(plain, room);
        if (!at)
            return buffer_error(plain);
        switch (libdeflate_zlib_decompress_ex(d->decompressor, stream.at, stream.len, at, room, &taken, &len)) {
        case LIBDEFLATE_SUCCESS: plain->len = len; return taken == stream.len ? ERR_OK : ERR_AUTH;
        case LIBDEFLATE_INSUFFICIENT_SPACE: break;
        case LIBDEFLATE_BAD_DATA:
        case LIBDEFLATE_SHORT_OUTPUT: return ERR_AUTH;
        }
    }
}

enum err deflate_read_sized(struct deflate *d, struct bytes stream, size_t size, struct buffer *plain)
{
    size_t before = plain->len, taken, len = 0;
    uint8_t none, *at = size > 0 ? buffer_extend(plain, size) : &none;

    if (!at)
        return buffer_error(plain);
    if (libdeflate_zlib_decompress_ex(d->decompressor, stream.at, stream.len, at, size, &taken, &len) ==
            LIBDEFLATE_SUCCESS &&
        len == size)
        return ERR_OK;
    plain->len = before;
    return ERR_AUTH;
}

uint32_t deflate_crc(struct bytes bytes)
{
    return libdeflate_crc32(0, bytes.at, bytes.len);
}
