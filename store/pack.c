/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/pack.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "proto/text.h"
#include "store/deflate.h"

#define HEADER_LEN 12
#define FIRST_TABLE 1024
#define SLICES 4        /* Threads that are of use here. */
#define GATHERED MIB(4) /* Plain bytes that are compressed at a time. */
#define STORED MIB(5)   /* What most packs that are stored have room in. */

struct object {
    struct sha1 name;
    uint32_t offset; /* While it is compressed: in its slice. */
    uint32_t crc;
};

/* What is not compressed yet: the last objects, in their order. */
struct waiting {
    enum pack_kind kind;
    size_t start, len; /* In `plain`. */
};

/* Neighbours among these that one thread compresses. */
struct slice {
    struct deflate *deflate;
    struct buffer out;
    uint32_t first, end;
    enum err err;
};

struct pack {
    int level;
    const struct parallel *parallel;
    struct slice slices[SLICES];
    struct buffer plain;
    struct waiting *waiting;
    uint32_t waiting_count, waiting_size;
    struct buffer bytes;
    struct buffer index;
    struct object *objects;
    uint32_t count;
    uint32_t size;
    uint32_t *table; /* Open addressing: places in `objects` plus 1, by name. */
    uint32_t table_size;
    bool stores;
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
    p->level = level;
    p->slices[0].deflate = deflate_new(level);
    if (!p->slices[0].deflate) {
        pack_free(p);
        return NULL;
    }
    p->plain = BUFFER(PACK_LIMIT);
    p->bytes = BUFFER(PACK_LIMIT);
    p->index = BUFFER(PACK_LIMIT);
    for (size_t i = 0; i < SLICES; i++)
        p->slices[i].out = BUFFER(PACK_LIMIT);
    return p;
}

void pack_work_parallel(struct pack *p, const struct parallel *parallel)
{
    p->parallel = parallel;
}

void pack_free(struct pack *p)
{
    if (!p)
        return;
    pack_clear(p);
    for (size_t i = 0; i < SLICES; i++)
        deflate_free(p->slices[i].deflate);
    free(p);
}

void pack_clear(struct pack *p)
{
    for (size_t i = 0; i < SLICES; i++)
        buffer_free(&p->slices[i].out);
    buffer_free(&p->plain);
    buffer_free(&p->bytes);
    buffer_free(&p->index);
    free(p->waiting);
    free(p->objects);
    free(p->table);
    p->waiting = NULL;
    p->objects = NULL;
    p->table = NULL;
    p->count = p->size = p->table_size = p->waiting_count = p->waiting_size = 0;
    p->finished = false;
}

void pack_store(struct pack *p, bool stores)
{
    p->stores = stores;
}

uint32_t pack_count(const struct pack *p)
{
    return p->count;
}

uint64_t pack_size(const struct pack *p)
{
    return p->bytes.len + p->plain.len;
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
    if (p->stores && buffer_extend(&p->bytes, STORED)) /* Else it would move each time it grows. */
        p->bytes.len = 0;
    buffer_text(&p->bytes, "PACK");
    buffer_u32(&p->bytes, 2);
    buffer_u32(&p->bytes, 0); /* The count is known at the end. */
}

/* ---- compressing ---- */

static void compress(void *context, size_t index)
{
    struct pack *p = context;
    struct slice *slice = &p->slices[index];
    uint32_t first = p->count - p->waiting_count;

    buffer_clear(&slice->out);
    slice->err = ERR_OK;
    for (uint32_t i = slice->first; !slice->err && i < slice->end; i++) {
        const struct waiting *waiting = &p->waiting[i];
        struct object *object = &p->objects[first + i];
        size_t start = slice->out.len;

        object_header(&slice->out, waiting->kind, waiting->len);
        slice->err = deflate_add(slice->deflate, bytes_of(p->plain.at + waiting->start, waiting->len), &slice->out);
        object->offset = (uint32_t)start;
        object->crc = slice->err ? 0 : deflate_crc(bytes_from(buffer_bytes(&slice->out), start));
    }
}

/* About as many bytes for each; returns how many there are. */
static size_t share_out(struct pack *p)
{
    size_t width = parallel_width(p->parallel) < SLICES ? parallel_width(p->parallel) : SLICES, used = 0;
    uint32_t next = 0;

    for (size_t i = 0; i < width && next < p->waiting_count; i++) {
        struct slice *slice = &p->slices[i];
        size_t until = i + 1 == width ? p->plain.len : p->plain.len / width * (i + 1);

        if (!slice->deflate && !(slice->deflate = deflate_new(p->level)))
            break;
        slice->first = next;
        while (next < p->waiting_count && (next == slice->first || p->waiting[next].start < until))
            next++;
        slice->end = next;
        used = i + 1;
    }
    p->slices[used - 1].end = p->waiting_count; /* The first one is always there. */
    return used;
}

static enum err compress_waiting(struct pack *p)
{
    uint32_t first = p->count - p->waiting_count;
    size_t count;

    if (p->waiting_count == 0)
        return ERR_OK;
    count = share_out(p);
    parallel_run(p->parallel, count, compress, p);
    for (size_t i = 0; i < count; i++) {
        const struct slice *slice = &p->slices[i];
        size_t base = p->bytes.len;

        if (slice->err)
            return slice->err;
        buffer_add(&p->bytes, buffer_bytes(&slice->out));
        for (uint32_t at = slice->first; at < slice->end; at++)
            p->objects[first + at].offset += (uint32_t)base;
    }
    p->waiting_count = 0;
    buffer_clear(&p->plain);
    return buffer_error(&p->bytes);
}

static enum err wait_for_more(struct pack *p, enum pack_kind kind, struct bytes object)
{
    if (p->waiting_count == p->waiting_size) {
        uint32_t size = p->waiting_size == 0 ? FIRST_TABLE : p->waiting_size * 2;
        struct waiting *waiting = realloc(p->waiting, size * sizeof *waiting);

        if (!waiting)
            return ERR_MEMORY;
        p->waiting = waiting;
        p->waiting_size = size;
    }
    p->waiting[p->waiting_count++] = (struct waiting){.kind = kind, .start = p->plain.len, .len = object.len};
    buffer_add(&p->plain, object);
    return buffer_error(&p->plain);
}

static enum err store(struct pack *p, enum pack_kind kind, struct bytes bytes, struct object *object)
{
    size_t start = p->bytes.len;

    object_header(&p->bytes, kind, bytes.len);
    enum err err = deflate_store(p->slices[0].deflate, bytes, &p->bytes);
    if (err) {
        p->bytes.len = start;
        return err;
    }
    object->offset = (uint32_t)start;
    object->crc = deflate_crc(bytes_from(buffer_bytes(&p->bytes), start));
    return ERR_OK;
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
    p->objects[p->count] = (struct object){.name = *name};
    err = p->stores ? store(p, kind, object, &p->objects[p->count]) : wait_for_more(p, kind, object);
    if (err)
        return err;
    p->table[place] = ++p->count;
    return p->plain.len >= GATHERED ? compress_waiting(p) : ERR_OK;
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
    enum err err = p->finished || p->count == 0 ? ERR_MISSING : compress_waiting(p);

    if (err)
        return err;
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

bool pack_is_hasty(struct bytes start)
{
    size_t at = HEADER_LEN;

    if (start.len <= at || memcmp(start.at, "PACK", 4) != 0)
        return false;
    unsigned kind = start.at[at] >> 4 & 7;
    while (at < start.len && (start.at[at] & 0x80) != 0)
        at++;
    return kind >= PACK_COMMIT && kind <= PACK_BLOB && at < start.len && deflate_is_hasty(bytes_from(start, at + 1));
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
        err = deflate_add(p->slices[0].deflate, buffer_bytes(&plain), out);
    buffer_free(&plain);
    return err;
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
    enum err err = deflate_read(p->slices[0].deflate, file, &plain);
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
