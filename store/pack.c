/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/pack.h"

#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "proto/text.h"

#define HEADER_LEN 12
#define FIRST_TABLE 1024
#define LARGE KIB(64) /* From here on it is worth a look whether deflating gains anything. */
#define SAMPLE KIB(16)

struct object {
    struct sha1 name;
    uint32_t offset;
    uint32_t crc;
};

struct pack {
    struct libdeflate_compressor *compressor;
    struct libdeflate_compressor *storer; /* Of level 0: for what is dense already. */
    struct libdeflate_decompressor *decompressor;
    struct buffer bytes;
    struct buffer index;
    struct object *objects;
    uint32_t count;
    uint32_t size;
    uint32_t *table; /* Open addressing: places in `objects` plus 1, by name. */
    uint32_t table_size;
    bool finished;
};

const char *pack_kind_name(enum pack_kind kind)
{
    switch (kind) {
    case PACK_COMMIT: return "commit";
    case PACK_TREE: return "tree";
    case PACK_BLOB: return "blob";
    }
    return "?";
}

struct pack *pack_new(int level)
{
    struct pack *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->compressor = libdeflate_alloc_compressor(level);
    p->storer = libdeflate_alloc_compressor(0);
    p->decompressor = libdeflate_alloc_decompressor();
    if (!p->compressor || !p->storer || !p->decompressor) {
        pack_free(p);
        return NULL;
    }
    p->bytes = BUFFER(PACK_LIMIT);
    p->index = BUFFER(PACK_LIMIT);
    return p;
}

void pack_free(struct pack *p)
{
    if (!p)
        return;
    libdeflate_free_compressor(p->compressor);
    libdeflate_free_compressor(p->storer);
    libdeflate_free_decompressor(p->decompressor);
    buffer_free(&p->bytes);
    buffer_free(&p->index);
    free(p->objects);
    free(p->table);
    free(p);
}

void pack_clear(struct pack *p)
{
    buffer_free(&p->bytes);
    buffer_free(&p->index);
    free(p->objects);
    free(p->table);
    p->objects = NULL;
    p->table = NULL;
    p->count = p->size = p->table_size = 0;
    p->finished = false;
}

uint32_t pack_count(const struct pack *p)
{
    return p->count;
}

uint64_t pack_size(const struct pack *p)
{
    return p->bytes.len;
}

const struct sha1 *pack_name(const struct pack *p, uint32_t index)
{
    return &p->objects[index].name;
}

/* The place in the table where `name` is, or would go.  Names are hashes already. */
static uint32_t place_of(const struct pack *p, const struct sha1 *name)
{
    uint32_t at;

    memcpy(&at, name->at, sizeof at);
    for (at &= p->table_size - 1; p->table[at] != 0; at = (at + 1) & (p->table_size - 1)) {
        if (memcmp(p->objects[p->table[at] - 1].name.at, name->at, SHA1_LEN) == 0)
            break;
    }
    return at;
}

/* Keeps the table at most half full, and the list as long as that. */
static enum err make_room(struct pack *p)
{
    if (p->table_size != 0 && p->count < p->table_size / 2)
        return ERR_OK;
    uint32_t size = p->table_size == 0 ? FIRST_TABLE : p->table_size * 2;
    uint32_t *table = calloc(size, sizeof *table);
    struct object *objects = realloc(p->objects, size / 2 * sizeof *objects);

    if (objects)
        p->objects = objects;
    if (!table || !objects) {
        free(table);
        return ERR_MEMORY;
    }
    free(p->table);
    p->table = table;
    p->table_size = size;
    for (uint32_t i = 0; i < p->count; i++)
        p->table[place_of(p, &p->objects[i].name)] = i + 1;
    return ERR_OK;
}

/* Whether a sample from the middle of a large object gains less than a thirty-second part. */
static bool is_dense(struct pack *p, struct bytes in)
{
    uint8_t room[SAMPLE];

    if (in.len < LARGE)
        return false;
    return libdeflate_zlib_compress(p->compressor, in.at + (in.len - SAMPLE) / 2, SAMPLE, room, SAMPLE - SAMPLE / 32) ==
           0;
}

static enum err deflate(struct pack *p, struct bytes in, struct buffer *out)
{
    struct libdeflate_compressor *compressor = is_dense(p, in) ? p->storer : p->compressor;
    size_t bound = libdeflate_zlib_compress_bound(compressor, in.len);
    uint8_t *at = buffer_extend(out, bound);

    if (!at)
        return buffer_error(out);
    size_t len = libdeflate_zlib_compress(compressor, in.len ? in.at : (const uint8_t *)"", in.len, at, bound);
    if (len == 0)
        return ERR_MEMORY;
    out->len -= bound - len;
    return ERR_OK;
}

/* Kind and length: four bits of it first, then seven each. */
static void object_header(struct buffer *out, enum pack_kind kind, size_t len)
{
    uint8_t byte = (uint8_t)((unsigned)kind << 4 | (len & 15));

    for (len >>= 4; len > 0; len >>= 7) {
        buffer_u8(out, byte | 0x80);
        byte = (uint8_t)(len & 0x7f);
    }
    buffer_u8(out, byte);
}

static void begin(struct pack *p)
{
    buffer_text(&p->bytes, "PACK");
    buffer_u32(&p->bytes, 2);
    buffer_u32(&p->bytes, 0); /* The count is known at the end. */
}

enum err pack_add(struct pack *p, enum pack_kind kind, const struct sha1 *name, struct bytes object)
{
    enum err err = p->finished ? ERR_EXISTS : make_room(p);

    if (err)
        return err;
    uint32_t place = place_of(p, name);
    if (p->table[place] != 0)
        return ERR_OK;
    if (p->bytes.len == 0)
        begin(p);
    size_t start = p->bytes.len;
    object_header(&p->bytes, kind, object.len);
    err = deflate(p, object, &p->bytes);
    if (err)
        return err;
    uint32_t crc = libdeflate_crc32(0, p->bytes.at + start, p->bytes.len - start);
    p->objects[p->count] = (struct object){.name = *name, .offset = (uint32_t)start, .crc = crc};
    p->table[place] = ++p->count;
    return ERR_OK;
}

static int compare_objects(const void *a, const void *b)
{
    const struct object *const *left = a, *const *right = b;

    return memcmp((*left)->name.at, (*right)->name.at, SHA1_LEN);
}

/* Version 2: fan-out, names, checksums, offsets, the pack's trailer, its own. */
static void write_index(struct pack *p, const struct object *const sorted[], const struct sha1 *trailer)
{
    struct buffer *out = &p->index;
    uint32_t at = 0;

    buffer_u32(out, 0xff744f63);
    buffer_u32(out, 2);
    for (uint32_t byte = 0; byte < 256; byte++) {
        while (at < p->count && sorted[at]->name.at[0] <= byte)
            at++;
        buffer_u32(out, at);
    }
    for (uint32_t i = 0; i < p->count; i++)
        buffer_add(out, bytes_of(sorted[i]->name.at, SHA1_LEN));
    for (uint32_t i = 0; i < p->count; i++)
        buffer_u32(out, sorted[i]->crc);
    for (uint32_t i = 0; i < p->count; i++)
        buffer_u32(out, sorted[i]->offset);
    buffer_add(out, bytes_of(trailer->at, SHA1_LEN));
    if (buffer_error(out))
        return;
    struct bytes all = buffer_bytes(out);
    struct sha1 own = sha1_of(&all, 1);
    buffer_add(out, bytes_of(own.at, SHA1_LEN));
}

enum err pack_finish(struct pack *p, struct bytes *pack, struct bytes *index, struct sha1 *name)
{
    if (p->finished || p->count == 0)
        return ERR_MISSING;
    const struct object **sorted = calloc(p->count, sizeof(const struct object *));
    if (!sorted)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < p->count; i++)
        sorted[i] = &p->objects[i];
    qsort(sorted, p->count, sizeof sorted[0], compare_objects);
    for (size_t i = 0; i < 4; i++)
        p->bytes.at[HEADER_LEN - 4 + i] = (uint8_t)(p->count >> (24 - 8 * i));
    struct bytes all = buffer_bytes(&p->bytes);
    *name = sha1_of(&all, 1);
    buffer_add(&p->bytes, bytes_of(name->at, SHA1_LEN));
    write_index(p, sorted, name);
    free(sorted);
    p->finished = true;
    *pack = buffer_bytes(&p->bytes);
    *index = buffer_bytes(&p->index);
    return buffer_error(&p->bytes) ? buffer_error(&p->bytes) : buffer_error(&p->index);
}

enum err pack_loose(struct pack *p, enum pack_kind kind, struct bytes object, struct buffer *out)
{
    struct buffer plain = BUFFER(PACK_LIMIT);
    char header[32];
    int len = snprintf(header, sizeof header, "%s %zu", pack_kind_name(kind), object.len);

    buffer_add(&plain, bytes_of(header, (size_t)len + 1));
    buffer_add(&plain, object);
    enum err err = buffer_error(&plain);
    if (!err)
        err = deflate(p, buffer_bytes(&plain), out);
    buffer_free(&plain);
    return err;
}

/* How long it becomes is not known before: the room doubles until it fits. */
static enum err inflate(struct pack *p, struct bytes file, struct buffer *plain)
{
    size_t room = file.len < KIB(1) ? KIB(4) : file.len < MIB(1) ? file.len * 4 : file.len, taken, len;

    for (;; room *= 2) {
        buffer_clear(plain);
        uint8_t *at = buffer_extend(plain, room);
        if (!at)
            return buffer_error(plain);
        switch (libdeflate_zlib_decompress_ex(p->decompressor, file.at, file.len, at, room, &taken, &len)) {
        case LIBDEFLATE_SUCCESS: plain->len = len; return taken == file.len ? ERR_OK : ERR_AUTH;
        case LIBDEFLATE_INSUFFICIENT_SPACE: break;
        case LIBDEFLATE_BAD_DATA:
        case LIBDEFLATE_SHORT_OUTPUT: return ERR_AUTH;
        }
    }
}

static bool read_header(struct bytes *rest, enum pack_kind *kind)
{
    static const enum pack_kind kinds[] = {PACK_COMMIT, PACK_TREE, PACK_BLOB};
    struct bytes name, len;
    uint64_t number;

    if (!text_take(rest, ' ', &name) || !text_take(rest, '\0', &len) || !text_to_number(len, &number) ||
        number != rest->len)
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        *kind = kinds[i];
        if (bytes_equal(name, bytes_text(pack_kind_name(kinds[i]))))
            return true;
    }
    return false;
}

enum err pack_read_loose(struct pack *p, struct bytes file, enum pack_kind *kind, struct buffer *out)
{
    struct buffer plain = BUFFER(PACK_LIMIT);
    enum err err = file.len > 0 ? inflate(p, file, &plain) : ERR_AUTH;
    struct bytes rest = buffer_bytes(&plain);

    if (!err && !read_header(&rest, kind))
        err = ERR_AUTH;
    if (!err) {
        buffer_add(out, rest);
        err = buffer_error(out);
    }
    buffer_free(&plain);
    return err;
}
