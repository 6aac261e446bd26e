/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/compress.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "proto/limits.h"

#define MAGIC_LEN 4
#define WINDOW_MAX (UINT64_C(1) << LIMIT_WINDOW_LOG)

enum err compress_frame(struct bytes plain, int level, struct buffer *frame)
{
    enum err err = ERR_MEMORY;
    size_t before = frame->len;
    size_t room = ZSTD_compressBound(plain.len);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    uint8_t *at;

    if (!context)
        goto out;
    if (plain.len > LIMIT_BUNDLE) {
        err = ERR_LIMIT;
        goto out;
    }
    if (ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, LIMIT_WINDOW_LOG)))
        goto out;
    /* What compresses well may fit where the worst case would not. */
    if (room > frame->limit - frame->len)
        room = frame->limit - frame->len;
    at = buffer_extend(frame, room);
    err = buffer_error(frame);
    if (err)
        goto out;
    size_t len = ZSTD_compress2(context, at, room, plain.at, plain.len);
    frame->len = ZSTD_isError(len) ? before : before + len;
    if (ZSTD_isError(len))
        err = ZSTD_getErrorCode(len) == ZSTD_error_dstSize_tooSmall ? ERR_LIMIT : ERR_MEMORY;
out:
    ZSTD_freeCCtx(context);
    return err;
}

/* Little-endian, as zstd has it. */
static uint64_t number(struct bytes run)
{
    uint64_t value = 0;

    for (size_t i = run.len; i > 0; i--)
        value = value << 8 | run.at[i - 1];
    return value;
}

/* Reads the frame header (RFC 8878, 3.1.1.1), which needs no memory. */
static enum err read_header(struct bytes frame, uint64_t *size)
{
    static const size_t size_lens[] = {0, 2, 4, 8};
    uint8_t descriptor = frame.len > MAGIC_LEN ? frame.at[MAGIC_LEN] : 0;
    bool single = descriptor >> 5 & 1;
    size_t size_len = size_lens[descriptor >> 6];
    size_t at = MAGIC_LEN + 1;

    if (size_len == 0 && single)
        size_len = 1;
    /* A dictionary id, the reserved and the unused bit, or no declared size: nothing that we write. */
    if (frame.len <= MAGIC_LEN || number(bytes_of(frame.at, MAGIC_LEN)) != ZSTD_MAGICNUMBER || descriptor & 0x1b ||
        size_len == 0 || frame.len < at + !single + size_len)
        return ERR_FORMAT;
    if (!single) {
        uint64_t base = UINT64_C(1) << (10 + (frame.at[at] >> 3));

        if (base + base / 8 * (frame.at[at] & 7) > WINDOW_MAX)
            return ERR_FORMAT;
        at++;
    }
    *size = number(bytes_of(frame.at + at, size_len)) + (size_len == 2 ? 256 : 0);
    return ERR_OK;
}

enum err compress_open(struct bytes frame, size_t limit, struct buffer *plain)
{
    size_t before = plain->len;
    uint64_t size;
    enum err err = read_header(frame, &size);

    if (err)
        return err;
    if (size > limit)
        return ERR_LIMIT;
    if (ZSTD_findFrameCompressedSize(frame.at, frame.len) != frame.len)
        return ERR_FORMAT;
    uint8_t *at = buffer_extend(plain, (size_t)size);
    if (buffer_error(plain))
        return buffer_error(plain);
    size_t len = ZSTD_decompress(at, (size_t)size, frame.at, frame.len);
    if (len != size) {
        plain->len = before;
        return ZSTD_getErrorCode(len) == ZSTD_error_memory_allocation ? ERR_MEMORY : ERR_FORMAT;
    }
    return ERR_OK;
}
