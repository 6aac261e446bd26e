/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/packs.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/limits.h"
#include "store/deflate.h"
#include "store/files.h"

/*
 * An open file each: more than a tidy archive has (store/git_house.c), for after much work it is not.  The rest is the library's, which
 * then looks through all of them: it maps their indexes, some 60 KB of each.
 */
#define PACKS_MAX 256
#define OBJECT_MAX MIB(16)
#define FIRST_READ KIB(4)    /* With which most texts are read whole. */
#define READ_AT_ONCE KIB(16) /* Objects up to this size may have been; of larger ones all is read first. */
#define ROOM_KEPT KIB(256)
#define NEAR 48 /* Names on either side of where one should be. */
#define FANOUT_AT 8
#define NAMES_AT (FANOUT_AT + 1024)

struct one {
    struct files_view index, objects; /* The latter is open of the last one that was read from alone. */
    uint32_t upto[256];               /* So many names begin with this byte or a lower one. */
    char stem[];                      /* Of their names. */
};

struct packs {
    char directory[FILES_PATH_SIZE];
    struct files_change seen;
    struct one *at[PACKS_MAX];
    size_t count, last; /* The one that was read last: neighbours are read next. */
    struct deflate *deflate;
    struct buffer room;
};

struct packs *packs_new(const char *directory)
{
    struct packs *packs = calloc(1, sizeof *packs);

    if (!packs)
        return NULL;
    packs->room = BUFFER(OBJECT_MAX * 2);
    packs->deflate = deflate_new(1);
    if (packs->deflate && strlen(directory) < sizeof packs->directory) {
        memcpy(packs->directory, directory, strlen(directory) + 1);
        return packs;
    }
    packs_free(packs);
    return NULL;
}

/* ---- which packs there are ---- */

static void close_one(struct one *one)
{
    files_view_close(&one->index);
    files_view_close(&one->objects);
    free(one);
}

static void close_all(struct packs *packs)
{
    while (packs->count > 0)
        close_one(packs->at[--packs->count]);
    packs->last = 0;
}

void packs_free(struct packs *packs)
{
    if (!packs)
        return;
    close_all(packs);
    deflate_free(packs->deflate);
    buffer_free(&packs->room);
    free(packs);
}

static uint32_t number(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static enum err read_part(struct packs *packs, const struct files_view *view, uint64_t offset, size_t len)
{
    buffer_clear(&packs->room);
    return files_view_read(view, offset, len, &packs->room);
}

static enum err read_fanout(struct packs *packs, struct one *one)
{
    static const uint8_t begins[FANOUT_AT] = {0xff, 't', 'O', 'c', 0, 0, 0, 2};
    enum err err = read_part(packs, &one->index, 0, NAMES_AT);

    if (!err && (packs->room.len < NAMES_AT || memcmp(packs->room.at, begins, sizeof begins) != 0))
        err = ERR_FORMAT;
    for (size_t i = 0; !err && i < 256; i++)
        one->upto[i] = number(packs->room.at + FANOUT_AT + 4 * i);
    for (size_t i = 1; !err && i < 256; i++)
        err = one->upto[i] < one->upto[i - 1] ? ERR_FORMAT : ERR_OK;
    return err;
}

static enum err path_of(const struct packs *packs, const struct one *one, const char *suffix,
                        char path[FILES_PATH_SIZE])
{
    char name[300];

    (void)snprintf(name, sizeof name, "%s%s", one->stem, suffix);
    return files_join(path, packs->directory, name);
}

static enum err open_file(const struct packs *packs, const struct one *one, const char *suffix, struct files_view *view)
{
    char path[FILES_PATH_SIZE];
    enum err err = path_of(packs, one, suffix, path);

    return err ? err : files_view_open(path, view);
}

/* Whether what is open of it is what goes by its name. */
static bool is_there(const struct packs *packs, const struct one *one)
{
    char path[FILES_PATH_SIZE];

    return !path_of(packs, one, ".idx", path) && files_view_is(&one->index, path) &&
           (one->objects.descriptor < 0 || (!path_of(packs, one, ".pack", path) && files_view_is(&one->objects, path)));
}

static bool is_open(const struct packs *packs, const char *name, size_t len)
{
    for (size_t i = 0; i < packs->count; i++)
        if (strncmp(packs->at[i]->stem, name, len) == 0 && packs->at[i]->stem[len] == '\0')
            return true;
    return false;
}

static enum err open_one(struct packs *packs, struct one *one)
{
    enum err err = open_file(packs, one, ".idx", &one->index);

    return err ? err : read_fanout(packs, one);
}

/* What cannot be opened is left to the library. */
static enum err take_name(void *context, const char *name)
{
    struct packs *packs = context;
    size_t len = strlen(name), suffix = strlen(".idx");
    struct one *one;

    if (len <= suffix || len >= 256 || strcmp(name + len - suffix, ".idx") != 0 || packs->count == PACKS_MAX ||
        is_open(packs, name, len - suffix))
        return ERR_OK;
    if (!(one = calloc(1, sizeof *one + len)))
        return ERR_MEMORY;
    one->index = one->objects = FILES_VIEW;
    memcpy(one->stem, name, len - suffix);
    if (open_one(packs, one) == ERR_OK)
        packs->at[packs->count++] = one;
    else
        close_one(one);
    return ERR_OK;
}

/* A pack that was taken away must not be held: its bytes may have been erased. */
static void close_gone(struct packs *packs)
{
    size_t kept = 0, last = 0;

    for (size_t i = 0; i < packs->count; i++) {
        if (!is_there(packs, packs->at[i])) {
            close_one(packs->at[i]);
            continue;
        }
        if (i == packs->last)
            last = kept;
        packs->at[kept++] = packs->at[i];
    }
    packs->count = kept;
    packs->last = last;
}

/* Those that are still there stay open: where much comes in, a pack comes with every batch. */
static enum err look(struct packs *packs)
{
    struct files_change now;
    bool is_past = false;
    enum err err = files_view_change(packs->directory, &now, &is_past);

    if (!err && memcmp(&now, &packs->seen, sizeof now) == 0)
        return ERR_OK;
    close_gone(packs);
    packs->seen = (struct files_change){.seconds = 0};
    if (!err)
        err = files_each(packs->directory, take_name, packs);
    if (!err && is_past) /* Else it is looked again. */
        packs->seen = now;
    return err == ERR_MEMORY ? err : err ? ERR_MISSING : ERR_OK;
}

/* ---- where an object is ---- */

/* Among the names of the pack from the one place to the other, which are in room; `place` is where it is, or would be. */
static bool halve(const struct packs *packs, uint32_t from, uint32_t to, const struct sha1 *name, uint32_t *place)
{
    uint32_t low = 0, high = to - from;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = memcmp(packs->room.at + (size_t)middle * SHA1_LEN, name->at, SHA1_LEN);

        if (order == 0) {
            *place = from + middle;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *place = from + low;
    return false;
}

static enum err search_names(struct packs *packs, const struct one *one, uint32_t from, uint32_t to,
                             const struct sha1 *name, uint32_t *place)
{
    size_t len = (size_t)(to - from) * SHA1_LEN;
    enum err err = read_part(packs, &one->index, NAMES_AT + (uint64_t)from * SHA1_LEN, len);

    if (!err && packs->room.len < len)
        err = ERR_MISSING;
    return err ? err : halve(packs, from, to, name, place) ? ERR_OK : ERR_MISSING;
}

/* Names are hashes, so they lie evenly: first where it should be, then among all that begin so. */
static enum err find_place(struct packs *packs, const struct one *one, const struct sha1 *name, uint32_t *place)
{
    uint32_t first = name->at[0] > 0 ? one->upto[name->at[0] - 1] : 0, end = one->upto[name->at[0]];
    uint32_t guess = first + (uint32_t)((uint64_t)(end - first) * (name->at[1] * 256u + name->at[2]) / 65536);
    uint32_t from = guess - first > NEAR ? guess - NEAR : first, to = end - guess > NEAR ? guess + NEAR : end;
    enum err err = first == end ? ERR_MISSING : search_names(packs, one, from, to, name, place);

    if (err == ERR_MISSING && first < end && ((*place == from && from > first) || (*place == to && to < end)))
        err = search_names(packs, one, first, end, name, place);
    return err;
}

static enum err find(struct packs *packs, const struct one *one, const struct sha1 *name, uint64_t *offset)
{
    uint32_t place = 0, count = one->upto[255];
    enum err err = find_place(packs, one, name, &place);

    if (!err)
        err = read_part(packs, &one->index, NAMES_AT + (uint64_t)count * (SHA1_LEN + 4) + UINT64_C(4) * place, 4);
    if (err || packs->room.len < 4)
        return err ? err : ERR_MISSING;
    *offset = number(packs->room.at);
    return *offset >> 31 ? ERR_MISSING : ERR_OK;
}

/* ---- what it says ---- */

/* Before the stream stand its kind and size, seven bits at a time.  0: this is not read here. */
static size_t read_head(struct bytes in, enum pack_kind *kind, uint64_t *size)
{
    size_t len = 1;
    unsigned shift = 4;

    if (in.len == 0)
        return 0;
    *kind = (enum pack_kind)(in.at[0] >> 4 & 7);
    *size = in.at[0] & 15;
    while (in.at[len - 1] & 0x80) {
        if (len == in.len || shift > 25)
            return 0;
        *size |= (uint64_t)(in.at[len++] & 0x7f) << shift;
        shift += 7;
    }
    return *kind >= PACK_COMMIT && *kind <= PACK_BLOB && *size <= OBJECT_MAX ? len : 0;
}

static enum err inflate(struct packs *packs, size_t head, uint64_t size, struct buffer *out)
{
    return deflate_read_sized(packs->deflate, bytes_from(buffer_bytes(&packs->room), head), (size_t)size, out);
}

static enum err read_object(struct packs *packs, const struct one *one, uint64_t offset, enum pack_kind *kind,
                            struct buffer *out)
{
    uint64_t size = 0;
    enum err err = read_part(packs, &one->objects, offset, FIRST_READ);
    size_t head = err ? 0 : read_head(buffer_bytes(&packs->room), kind, &size);

    if (err || head == 0)
        return err ? err : ERR_MISSING;
    err = size <= READ_AT_ONCE ? inflate(packs, head, size, out) : ERR_AUTH;
    if (err == ERR_AUTH && packs->room.len == FIRST_READ) { /* Longer than that, most likely. */
        err = read_part(packs, &one->objects, offset, head + (size_t)(size + size / 512 + 64));
        if (!err)
            err = inflate(packs, head, size, out);
    }
    return err;
}

/* That of the pack which was read from before is closed. */
static enum err open_objects(struct packs *packs, size_t at)
{
    if (packs->last != at)
        files_view_close(&packs->at[packs->last]->objects);
    packs->last = at;
    return packs->at[at]->objects.descriptor >= 0 ? ERR_OK
                                                  : open_file(packs, packs->at[at], ".pack", &packs->at[at]->objects);
}

static enum err read_named(struct packs *packs, size_t at, const struct sha1 *name, enum pack_kind *kind,
                           struct buffer *out)
{
    const struct one *one = packs->at[at];
    size_t before = out->len;
    uint64_t offset = 0;
    enum err err = find(packs, one, name, &offset);

    if (err)
        return err == ERR_MEMORY ? err : ERR_MISSING;
    if (!(err = open_objects(packs, at)))
        err = read_object(packs, one, offset, kind, out);
    if (!err) {
        struct sha1 found = sha1_of_object(pack_kind_name(*kind), bytes_from(buffer_bytes(out), before));
        err = memcmp(found.at, name->at, SHA1_LEN) == 0 ? ERR_OK : ERR_MISSING;
    }
    if (err && out->len > before)
        out->len = before;
    return err == ERR_OK || err == ERR_MEMORY || err == ERR_LIMIT ? err : ERR_MISSING;
}

enum err packs_read(struct packs *packs, const struct sha1 *name, enum pack_kind *kind, struct buffer *out)
{
    enum err err = look(packs);

    if (err)
        return err;
    err = ERR_MISSING;
    for (size_t i = 0, last = packs->last; err == ERR_MISSING && i < packs->count; i++)
        err = read_named(packs, (last + i) % packs->count, name, kind, out);
    if (packs->room.size > ROOM_KEPT)
        buffer_free(&packs->room);
    return err;
}
