/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/content.h"

#include "proto/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define HEAD "igum content 1\nsalt "
#define HEAD_LEN (sizeof HEAD - 1 + 2 * (size_t)CONTENT_SALT_LEN + 1)
#define LINE_MAX_LEN (sizeof "file " + ID_TEXT_LEN + sizeof " 18446744073709551615 " + LIMIT_FILE_NAME + 1)

_Static_assert(CONTENT_SALT_LEN == ID_LEN, "a salt is written as an id is");
_Static_assert(HEAD_LEN + LIMIT_FILES * LINE_MAX_LEN <= LIMIT_MANIFEST, "the largest manifest fits");

struct id content_digest(struct bytes file)
{
    struct id_hasher hasher;
    uint8_t size[8];

    if (file.len <= LIMIT_CHUNK)
        return id_hash(ID_BLOB, file);
    for (size_t i = 0; i < sizeof size; i++)
        size[i] = (uint8_t)((uint64_t)file.len >> (8 * (sizeof size - 1 - i)));
    id_hasher_begin(&hasher, ID_CHUNKS);
    id_hasher_add(&hasher, bytes_of(size, sizeof size));
    for (size_t at = 0; at < file.len; at += LIMIT_CHUNK) {
        size_t left = file.len - at;
        struct id chunk = id_hash(ID_BLOB, bytes_of(file.at + at, left < LIMIT_CHUNK ? left : LIMIT_CHUNK));

        id_hasher_add(&hasher, id_bytes(&chunk));
    }
    return id_hasher_end(&hasher);
}

/* The one form of a file's line in the manifest, LF included. */
static size_t write_line(const struct id *digest, size_t size, struct bytes name, char line[LINE_MAX_LEN])
{
    char hex[ID_TEXT_LEN + 1];
    int len;

    id_to_text(digest, hex);
    len = snprintf(line, LINE_MAX_LEN, "file %s %zu ", hex, size);
    assert(len > 0 && (size_t)len + name.len < LINE_MAX_LEN);
    memcpy(line + len, name.at, name.len);
    line[(size_t)len + name.len] = '\n';
    return (size_t)len + name.len + 1;
}

/* ---- packing ---- */

static int by_name(const void *a, const void *b)
{
    const struct content_file *const *left = a;
    const struct content_file *const *right = b;

    return bytes_compare((*left)->name, (*right)->name);
}

/* Puts the files into the order of the manifest and checks what a reader would refuse. */
static enum err sort_files(const struct content_file files[], size_t count, const struct content_file *sorted[])
{
    size_t total = 0;

    if (count > LIMIT_FILES)
        return ERR_LIMIT;
    if (count == 0)
        return ERR_FORMAT;
    for (size_t i = 0; i < count; i++) {
        if (!text_is_file_name(files[i].name))
            return ERR_FORMAT;
        if (files[i].bytes.len > LIMIT_CONTENT - total)
            return ERR_LIMIT;
        total += files[i].bytes.len;
        sorted[i] = &files[i];
    }
    qsort(sorted, count, sizeof *sorted, by_name);
    for (size_t i = 1; i < count; i++)
        if (bytes_equal(sorted[i - 1]->name, sorted[i]->name))
            return ERR_FORMAT;
    return ERR_OK;
}

static void write_manifest(const struct content_file *const sorted[], size_t count,
                           const uint8_t salt[CONTENT_SALT_LEN], struct buffer *manifest)
{
    char line[LINE_MAX_LEN];

    buffer_text(manifest, HEAD);
    buffer_hex(manifest, bytes_of(salt, CONTENT_SALT_LEN));
    buffer_u8(manifest, '\n');
    for (size_t i = 0; i < count; i++) {
        struct id digest = content_digest(sorted[i]->bytes);

        buffer_add(manifest, bytes_of(line, write_line(&digest, sorted[i]->bytes.len, sorted[i]->name, line)));
    }
}

enum err content_pack(const struct content_file files[], size_t count, const uint8_t salt[CONTENT_SALT_LEN],
                      struct buffer *packed, struct id *id)
{
    const struct content_file *sorted[LIMIT_FILES];
    struct buffer manifest = BUFFER(LIMIT_MANIFEST);
    size_t before = packed->len;
    enum err err = sort_files(files, count, sorted);

    if (err)
        return err;
    write_manifest(sorted, count, salt, &manifest);
    err = buffer_error(&manifest);
    if (err)
        goto out;
    *id = id_hash(ID_CONTENT, buffer_bytes(&manifest));
    buffer_u32(packed, (uint32_t)manifest.len);
    buffer_add(packed, buffer_bytes(&manifest));
    for (size_t i = 0; i < count; i++)
        buffer_add(packed, sorted[i]->bytes);
    err = buffer_error(packed);
    if (!err && packed->len - before > LIMIT_CONTENT)
        err = ERR_LIMIT;
out:
    buffer_free(&manifest);
    return err;
}

enum err content_pack_name(const char *name, const uint8_t salt[CONTENT_SALT_LEN], struct buffer *packed, struct id *id)
{
    char line[LIMIT_NAME + 1];
    size_t len = strlen(name);

    if (!text_is_line(bytes_of(name, len), LIMIT_NAME))
        return ERR_FORMAT;
    memcpy(line, name, len);
    line[len] = '\n';
    const struct content_file file = {.name = bytes_text(CONTENT_NAME), .bytes = bytes_of(line, len + 1)};
    return content_pack(&file, 1, salt, packed, id);
}

/* ---- opening ---- */

/* Takes "igum content 1" and the salt. */
static bool take_head(struct bytes *manifest)
{
    struct bytes salt;
    struct id id;

    return text_take_prefix(manifest, HEAD) && text_take(manifest, '\n', &salt) && id_from_text(salt, &id) == ERR_OK;
}

/* Takes one line of the manifest and rebuilds it: digest, size and name into `file`, whose bytes have no place yet. */
static enum err take_file(struct bytes *manifest, struct content_file *file)
{
    char line[LINE_MAX_LEN];
    struct bytes read;
    struct bytes rest;
    struct bytes digest;
    struct bytes size;
    uint64_t len;

    if (!text_take(manifest, '\n', &read))
        return ERR_FORMAT;
    rest = read;
    if (!text_take_prefix(&rest, "file ") || !text_take(&rest, ' ', &digest) || !text_take(&rest, ' ', &size) ||
        id_from_text(digest, &file->digest) != ERR_OK || !text_to_number(size, &len) || !text_is_file_name(rest))
        return ERR_FORMAT;
    if (len > LIMIT_CONTENT)
        return ERR_LIMIT;
    file->name = rest;
    file->bytes = bytes_of(NULL, (size_t)len);
    return bytes_equal(bytes_of(line, write_line(&file->digest, (size_t)len, rest, line) - 1), read) ? ERR_OK
                                                                                                     : ERR_FORMAT;
}

static enum err read_manifest(struct content *content)
{
    struct bytes rest = content->manifest;

    content->count = 0;
    if (!take_head(&rest) || rest.len == 0)
        return ERR_FORMAT;
    while (rest.len > 0) {
        struct content_file *file = &content->files[content->count];
        enum err err;

        if (content->count == LIMIT_FILES)
            return ERR_LIMIT;
        err = take_file(&rest, file);
        if (err)
            return err;
        if (content->count > 0 && bytes_compare(file[-1].name, file->name) >= 0)
            return ERR_FORMAT;
        content->count++;
    }
    return ERR_OK;
}

/* Gives each file its bytes of the run, which must be used up. */
static enum err place_files(struct content *content, struct bytes run)
{
    for (size_t i = 0; i < content->count; i++) {
        struct content_file *file = &content->files[i];

        if (file->bytes.len > run.len)
            return ERR_FORMAT;
        file->bytes.at = run.at;
        run = bytes_from(run, file->bytes.len);
    }
    return run.len == 0 ? ERR_OK : ERR_FORMAT;
}

static enum err verify_files(const struct content *content)
{
    for (size_t i = 0; i < content->count; i++) {
        struct id digest = content_digest(content->files[i].bytes);

        if (!id_equal(&digest, &content->files[i].digest))
            return ERR_AUTH;
    }
    return ERR_OK;
}

enum err content_open(struct bytes packed, struct content *content)
{
    size_t len;
    enum err err;

    if (packed.len > LIMIT_CONTENT)
        return ERR_LIMIT;
    if (packed.len < 4)
        return ERR_FORMAT;
    len = (size_t)packed.at[0] << 24 | (size_t)packed.at[1] << 16 | (size_t)packed.at[2] << 8 | packed.at[3];
    if (len > LIMIT_MANIFEST)
        return ERR_LIMIT;
    if (len > packed.len - 4)
        return ERR_FORMAT;
    content->manifest = bytes_of(packed.at + 4, len);
    err = read_manifest(content);
    if (!err)
        err = place_files(content, bytes_from(packed, 4 + len));
    if (!err)
        err = verify_files(content);
    if (!err)
        content->id = id_hash(ID_CONTENT, content->manifest);
    return err;
}

const struct content_file *content_find(const struct content *content, const char *name)
{
    for (size_t i = 0; i < content->count; i++)
        if (bytes_equal(content->files[i].name, bytes_text(name)))
            return &content->files[i];
    return NULL;
}

enum err content_name(const struct content *content, struct bytes *name)
{
    const struct content_file *file = content_find(content, CONTENT_NAME);
    struct bytes rest;

    if (!file)
        return ERR_MISSING;
    rest = file->bytes;
    return text_take(&rest, '\n', name) && rest.len == 0 && text_is_line(*name, LIMIT_NAME) ? ERR_OK : ERR_FORMAT;
}
