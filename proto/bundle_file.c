/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/bundle_file.h"

#include "proto/wire.h"

#include <assert.h>

#define MAGIC "IGUMSTIK"
#define MAGIC_LEN 8
#define VERSION 1
#define FRAME_MAGIC "IGFR"
#define FRAME_MAGIC_LEN 4
#define CHECK_LEN 12
#define WASTE (16 * BUNDLE_FILE_BODY) /* That a file may cost beyond its own length by frames that are none. */
#define END_LEN (1 + 8 + ID_LEN)

_Static_assert(BUNDLE_FILE_HEADER_LEN == MAGIC_LEN + 1 + 3 * ID_LEN + 8 + 4 + 4, "as docs/FORMAT.md says");
_Static_assert(BUNDLE_FILE_FRAME_LEN == FRAME_MAGIC_LEN + 1 + 4 + CHECK_LEN, "likewise");

/* ---- writing ---- */

static void count(struct bundle_file_writer *w, const struct buffer *out, size_t before)
{
    if (buffer_error(out) != ERR_OK)
        return;
    id_hasher_add(&w->hasher, bytes_of(out->at + before, out->len - before));
    w->size += out->len - before;
}

void bundle_file_begin(struct bundle_file_writer *w, const struct bundle_file_header *header, struct buffer *out)
{
    size_t before = out->len;

    *w = (struct bundle_file_writer){.size = 0};
    id_hasher_begin(&w->hasher, ID_BLOB);
    buffer_text(out, MAGIC);
    buffer_u8(out, VERSION);
    buffer_add(out, id_bytes(&header->network));
    buffer_add(out, id_bytes(&header->from));
    buffer_add(out, id_bytes(&header->to));
    buffer_u64(out, header->clock_ms);
    buffer_u32(out, header->part);
    buffer_u32(out, 0);
    count(w, out, before);
}

/* Whether type, length and body are as they were written. */
static void make_check(uint8_t check[CHECK_LEN], uint8_t type, struct bytes body)
{
    const uint8_t start[5] = {type, (uint8_t)(body.len >> 24), (uint8_t)(body.len >> 16), (uint8_t)(body.len >> 8),
                              (uint8_t)body.len};
    const struct bytes parts[] = {bytes_of(start, sizeof start), body};
    struct id hash = id_hash_parts(ID_BLOB, parts, 2);

    memcpy(check, hash.at, CHECK_LEN);
}

void bundle_file_add(struct bundle_file_writer *w, enum bundle_file_type type, struct bytes body, struct buffer *out)
{
    uint8_t check[CHECK_LEN];
    size_t before = out->len;

    assert(body.len <= BUNDLE_FILE_BODY);
    make_check(check, (uint8_t)type, body);
    buffer_text(out, FRAME_MAGIC);
    buffer_u8(out, (uint8_t)type);
    buffer_u32(out, (uint32_t)body.len);
    buffer_add(out, bytes_of(check, sizeof check));
    buffer_add(out, body);
    count(w, out, before);
    w->frames++;
}

void bundle_file_end(struct bundle_file_writer *w, bool is_last, struct buffer *out)
{
    struct buffer body = BUFFER(END_LEN);
    struct id_hasher hasher = w->hasher;
    struct id digest = id_hasher_end(&hasher);

    buffer_u8(&body, is_last);
    buffer_u64(&body, w->frames);
    buffer_add(&body, id_bytes(&digest));
    bundle_file_add(w, BUNDLE_FILE_END, buffer_bytes(&body), out);
    buffer_free(&body);
}

/* ---- reading ---- */

enum err bundle_file_open(struct bundle_file_reader *r, struct bytes start, const struct id *network)
{
    struct wire_reader w = wire_reader(start);
    struct bytes magic = wire_read(&w, MAGIC_LEN);
    uint8_t version = wire_u8(&w);

    *r = (struct bundle_file_reader){.frames = 0};
    id_hasher_begin(&r->hasher, ID_BLOB);
    id_hasher_add(&r->hasher, start);
    wire_copy(&w, r->header.network.at, ID_LEN);
    wire_copy(&w, r->header.from.at, ID_LEN);
    wire_copy(&w, r->header.to.at, ID_LEN);
    r->header.clock_ms = wire_u64(&w);
    r->header.part = wire_u32(&w);
    (void)wire_u32(&w);
    if (wire_finish(&w) != ERR_OK || !bytes_equal(magic, bytes_text(MAGIC)))
        return ERR_FORMAT;
    if (version != VERSION)
        return ERR_VERSION;
    return id_equal(&r->header.network, network) ? ERR_OK : ERR_NETWORK;
}

/* The first place at or after `from` where a frame may begin: its magic stands there as far as the window goes. */
static size_t find_start(struct bytes window, size_t from)
{
    while (from < window.len) {
        const uint8_t *at = memchr(window.at + from, FRAME_MAGIC[0], window.len - from);
        size_t left;

        if (at == NULL)
            return window.len;
        from = (size_t)(at - window.at);
        left = window.len - from;
        if (memcmp(at, FRAME_MAGIC, left < FRAME_MAGIC_LEN ? left : FRAME_MAGIC_LEN) == 0)
            return from;
        from++;
    }
    return window.len;
}

enum look { WHOLE, SHORT, NONE, WRONG };

static enum look look_at(struct bytes window, uint8_t *type, struct bytes *body)
{
    struct wire_reader w = wire_reader(window);
    uint8_t check[CHECK_LEN];
    struct bytes told;
    uint32_t len;

    if (find_start(window, 0) != 0)
        return NONE;
    if (window.len < BUNDLE_FILE_FRAME_LEN)
        return SHORT;
    (void)wire_read(&w, FRAME_MAGIC_LEN);
    *type = wire_u8(&w);
    len = wire_u32(&w);
    told = wire_read(&w, CHECK_LEN);
    if (len > BUNDLE_FILE_BODY)
        return NONE;
    if (w.rest.len < len)
        return SHORT;
    *body = wire_read(&w, len);
    make_check(check, *type, *body);
    return bytes_equal(told, bytes_of(check, CHECK_LEN)) ? WHOLE : WRONG;
}

static enum bundle_file_event pass(struct bundle_file_reader *r, struct bytes window, size_t count_used)
{
    r->used = count_used;
    r->read += count_used;
    id_hasher_add(&r->hasher, bytes_of(window.at, count_used));
    return BUNDLE_FILE_DAMAGED;
}

static enum bundle_file_event end(struct bundle_file_reader *r)
{
    struct wire_reader w = wire_reader(r->body);
    struct id_hasher hasher = r->hasher;
    struct id digest = id_hasher_end(&hasher), told = {{0}};
    uint64_t frames;

    r->is_last = wire_u8(&w) != 0;
    frames = wire_u64(&w);
    wire_copy(&w, told.at, ID_LEN);
    r->is_whole = wire_finish(&w) == ERR_OK && frames == r->frames && id_equal(&told, &digest);
    return BUNDLE_FILE_ENDED;
}

enum bundle_file_event bundle_file_next(struct bundle_file_reader *r, struct bytes window, bool is_all)
{
    enum look look = look_at(window, &r->type, &r->body);

    r->used = 0;
    if (window.len == 0)
        return is_all ? BUNDLE_FILE_CUT : BUNDLE_FILE_MORE;
    if (look == SHORT && !is_all)
        return BUNDLE_FILE_MORE;
    if (look == WRONG)
        r->wasted += r->body.len;
    if (look == WRONG && r->wasted > r->read + WASTE) /* Somebody means it so: the next one is looked for behind it. */
        return pass(r, window, BUNDLE_FILE_FRAME_LEN + r->body.len);
    if (look != WHOLE)
        return pass(r, window, find_start(window, 1));
    r->used = BUNDLE_FILE_FRAME_LEN + r->body.len;
    r->read += r->used;
    if (r->type == BUNDLE_FILE_END)
        return end(r);
    id_hasher_add(&r->hasher, bytes_of(window.at, r->used));
    r->frames++;
    return BUNDLE_FILE_FRAME;
}
