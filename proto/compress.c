/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/compress.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "proto/limits.h"

#define MAGIC_LEN 4
#define WINDOW_MAX (UINT64_C(1) << LIMIT_WINDOW_LOG)

static enum err run(ZSTD_CCtx *context, struct bytes plain, struct buffer *frame)
{
    size_t before = frame->len;
    size_t room = ZSTD_compressBound(plain.len);

    /* What compresses well may fit where the worst case would not. */
    if (room > frame->limit - frame->len)
        room = frame->limit - frame->len;
    uint8_t *at = buffer_extend(frame, room);
    if (buffer_error(frame))
        return buffer_error(frame);
    size_t len = ZSTD_compress2(context, at, room, plain.at, plain.len);
    frame->len = ZSTD_isError(len) ? before : before + len;
    if (!ZSTD_isError(len))
        return ERR_OK;
    return ZSTD_getErrorCode(len) == ZSTD_error_dstSize_tooSmall ? ERR_LIMIT : ERR_MEMORY;
}

struct setting {
    ZSTD_cParameter name;
    int value;
};

static enum err set(ZSTD_CCtx *context, const struct setting settings[], size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ZSTD_isError(ZSTD_CCtx_setParameter(context, settings[i].name, settings[i].value)))
            return ERR_MEMORY;
    return ERR_OK;
}

enum err compress_frame(struct bytes plain, int level, struct buffer *frame)
{
    const struct setting settings[] = {{ZSTD_c_compressionLevel, level}, {ZSTD_c_windowLog, LIMIT_WINDOW_LOG}};
    ZSTD_CCtx *context = ZSTD_createCCtx();
    enum err err = context ? set(context, settings, 2) : ERR_MEMORY;

    if (!err)
        err = plain.len > LIMIT_BUNDLE ? ERR_LIMIT : run(context, plain, frame);
    ZSTD_freeCCtx(context);
    return err;
}

/*
 * zstd chooses for so short a text what takes in a base slowly: trees, 40 ms for 384 KiB. Chains of matches of six bytes, three
 * Hebrew letters, find nearly as much of it in 2 ms. A table with room for the whole window takes longer to clear than to
 * use; one with room for the base does as well in half the time.
 */
enum err compress_after(struct bytes base, struct bytes plain, struct buffer *frame)
{
    /* Of many texts a search half as deep costs a thirtieth of the bytes, and takes half the time. */
    const struct setting settings[] = {
        {ZSTD_c_compressionLevel, 12}, {ZSTD_c_windowLog, 20},
        {ZSTD_c_strategy, ZSTD_lazy2}, {ZSTD_c_minMatch, 6},
        {ZSTD_c_hashLog, 19},          {ZSTD_c_chainLog, 19},
        {ZSTD_c_searchLog, plain.len > LIMIT_BUNDLE_FIRST ? 3 : 6},
    };
    ZSTD_CCtx *context = ZSTD_createCCtx();
    enum err err = context ? set(context, settings, sizeof settings / sizeof *settings) : ERR_MEMORY;

    if (!err && base.len > 0 && ZSTD_isError(ZSTD_CCtx_refPrefix(context, base.at, base.len)))
        err = ERR_MEMORY;
    if (!err)
        err = plain.len > LIMIT_BUNDLE_SMALL || base.len > LIMIT_PUSH_BASE ? ERR_LIMIT : run(context, plain, frame);
    ZSTD_freeCCtx(context);
    return err;
}

/* ---- in pieces ---- */

#define PIECE KIB(128)

static enum err run_slowly(ZSTD_CCtx *context, struct bytes plain, compress_stop_fn *stop, void *stop_context,
                           uint8_t *at, size_t size, size_t *len)
{
    ZSTD_outBuffer out = {.dst = at, .size = size};
    ZSTD_inBuffer in = {.src = plain.at ? plain.at : (const uint8_t *)""};
    size_t left = ZSTD_CCtx_setPledgedSrcSize(context, plain.len);

    while (!ZSTD_isError(left)) {
        bool last = plain.len - in.size <= PIECE;

        if (stop(stop_context))
            return ERR_BUSY;
        in.size = last ? plain.len : in.size + PIECE;
        left = ZSTD_compressStream2(context, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (last && left == 0)
            break;
        if (out.pos == out.size)
            return ERR_LIMIT;
    }
    *len = out.pos;
    return ZSTD_isError(left) ? ERR_MEMORY : ERR_OK;
}

enum err compress_slowly(struct bytes plain, int level, compress_stop_fn *stop, void *context, struct buffer *frame)
{
    const struct setting settings[] = {{ZSTD_c_compressionLevel, level}, {ZSTD_c_windowLog, LIMIT_WINDOW_LOG}};
    size_t before = frame->len, len = 0, room = ZSTD_compressBound(plain.len);
    ZSTD_CCtx *zstd = ZSTD_createCCtx();
    enum err err = !zstd ? ERR_MEMORY : plain.len > LIMIT_BUNDLE ? ERR_LIMIT : set(zstd, settings, 2);

    if (room > frame->limit - frame->len)
        room = frame->limit - frame->len;
    uint8_t *at = err ? NULL : buffer_extend(frame, room);
    if (!err && !(err = buffer_error(frame)))
        err = run_slowly(zstd, plain, stop, context, at, room, &len);
    frame->len = before + (err ? 0 : len);
    ZSTD_freeCCtx(zstd);
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
    return compress_open_after(bytes_of(NULL, 0), frame, limit, plain);
}

/* One-shot: the declared size is all the memory it takes, whatever window it declares. */
static size_t expand(struct bytes base, struct bytes frame, uint8_t *at, size_t size)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    size_t len = (size_t)-ZSTD_error_memory_allocation;

    if (context && !ZSTD_isError(ZSTD_DCtx_refPrefix(context, base.at, base.len)))
        len = ZSTD_decompressDCtx(context, at, size, frame.at, frame.len);
    ZSTD_freeDCtx(context);
    return len;
}

enum err compress_open_after(struct bytes base, struct bytes frame, size_t limit, struct buffer *plain)
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
    size_t len = expand(base, frame, at, (size_t)size);
    if (len != size) {
        plain->len = before;
        return ZSTD_getErrorCode(len) == ZSTD_error_memory_allocation ? ERR_MEMORY : ERR_FORMAT;
    }
    return ERR_OK;
}
