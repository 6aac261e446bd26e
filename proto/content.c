/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/content.h"

#include "proto/file.h"
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
    uint8_t list[LIMIT_CHUNKS * ID_LEN];
    size_t len = 0;

    if (file.len <= LIMIT_CHUNK)
        return id_hash(ID_BLOB, file);
    for (size_t i = 0; i < file_chunks(file.len); i++, len += ID_LEN) {
        struct id chunk = id_hash(ID_BLOB, bytes_of(file.at + i * LIMIT_CHUNK, file_chunk_size(file.len, i)));

        memcpy(list + len, chunk.at, ID_LEN);
    }
    return file_digest(file.len, bytes_of(list, len));
}

/* The one form of a file's line in the manifest, LF included. */
static size_t write_line(const struct id *digest, uint64_t size, struct bytes name, char line[LINE_MAX_LEN])
{
    char hex[ID_TEXT_LEN + 1];
    int len;

    id_to_text(digest, hex);
    len = snprintf(line, LINE_MAX_LEN, "file %s %llu ", hex, (unsigned long long)size);
    assert(len > 0 && (size_t)len + name.len < LINE_MAX_LEN);
    memcpy(line + len, name.at, name.len);
    line[(size_t)len + name.len] = '\n';
    return (size_t)len + name.len + 1;
}

/* ---- packing ---- */

static int by_name(const void *a, const void *b)
{
    return bytes_compare(((const struct content_file *)a)->name, ((const struct content_file *)b)->name);
}

/* Measures a file where the caller has not, and checks what a reader would refuse. */
static enum err measure(struct content_file *file)
{
    if (!text_is_file_name(file->name))
        return ERR_FORMAT;
    if (id_is_zero(&file->digest)) {
        if (file->bytes.len > LIMIT_FILE)
            return ERR_LIMIT;
        file->digest = content_digest(file->bytes);
        file->size = file->bytes.len;
    }
    return file->size > LIMIT_FILE ? ERR_LIMIT : ERR_OK;
}

/* Takes the files over, in the order of the manifest. */
static enum err sort_files(const struct content_file files[], size_t count, struct content *sorted)
{
    enum err err = ERR_OK;

    if (count > LIMIT_FILES)
        return ERR_LIMIT;
    if (count == 0)
        return ERR_FORMAT;
    sorted->count = count;
    memcpy(sorted->files, files, count * sizeof *files);
    for (size_t i = 0; i < count && !err; i++)
        err = measure(&sorted->files[i]);
    qsort(sorted->files, count, sizeof *sorted->files, by_name);
    for (size_t i = 1; i < count && !err; i++)
        if (bytes_equal(sorted->files[i - 1].name, sorted->files[i].name))
            err = ERR_FORMAT;
    return err;
}

static void write_manifest(const struct content *content, const uint8_t salt[CONTENT_SALT_LEN], struct buffer *manifest)
{
    char line[LINE_MAX_LEN];

    buffer_text(manifest, HEAD);
    buffer_hex(manifest, bytes_of(salt, CONTENT_SALT_LEN));
    buffer_u8(manifest, '\n');
    for (size_t i = 0; i < content->count; i++) {
        const struct content_file *file = &content->files[i];

        buffer_add(manifest, bytes_of(line, write_line(&file->digest, file->size, file->name, line)));
    }
}

static enum err write_packed(const struct content *content, const uint8_t salt[CONTENT_SALT_LEN], struct buffer *packed,
                             struct id *id)
{
    const struct content_file *text = content_text(content);
    struct buffer manifest = BUFFER(LIMIT_MANIFEST);
    enum err err;

    write_manifest(content, salt, &manifest);
    err = buffer_error(&manifest);
    if (!err && text && text->bytes.len != text->size)
        err = ERR_FORMAT;
    if (!err && 4 + manifest.len + (text ? text->bytes.len : 0) > LIMIT_CONTENT)
        err = ERR_LIMIT;
    if (!err) {
        *id = id_hash(ID_CONTENT, buffer_bytes(&manifest));
        buffer_u32(packed, (uint32_t)manifest.len);
        buffer_add(packed, buffer_bytes(&manifest));
        buffer_add(packed, text ? text->bytes : bytes_of(NULL, 0));
        err = buffer_error(packed);
    }
    buffer_free(&manifest);
    return err;
}

enum err content_pack(const struct content_file files[], size_t count, const uint8_t salt[CONTENT_SALT_LEN],
                      struct buffer *packed, struct id *id)
{
    struct content *sorted = malloc(sizeof *sorted);
    enum err err = sorted ? sort_files(files, count, sorted) : ERR_MEMORY;

    if (!err)
        err = write_packed(sorted, salt, packed, id);
    free(sorted);
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
        id_from_text(digest, &file->digest) != ERR_OK || id_is_zero(&file->digest) || !text_to_number(size, &len) ||
        !text_is_file_name(rest))
        return ERR_FORMAT;
    if (len > LIMIT_FILE)
        return ERR_LIMIT;
    file->name = rest;
    file->size = len;
    file->bytes = bytes_of(NULL, 0);
    return bytes_equal(bytes_of(line, write_line(&file->digest, len, rest, line) - 1), read) ? ERR_OK : ERR_FORMAT;
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

/* The count where there is none of that name. */
static size_t place_of(const struct content *content, const char *name)
{
    size_t i = 0;

    while (i < content->count && !bytes_equal(content->files[i].name, bytes_text(name)))
        i++;
    return i;
}

enum err content_read(struct bytes packed, struct content *content)
{
    size_t len;

    if (packed.len < 4)
        return ERR_FORMAT;
    len = (size_t)packed.at[0] << 24 | (size_t)packed.at[1] << 16 | (size_t)packed.at[2] << 8 | packed.at[3];
    if (len > LIMIT_MANIFEST || packed.len > LIMIT_CONTENT)
        return ERR_LIMIT;
    if (len > packed.len - 4)
        return ERR_FORMAT;
    content->manifest = bytes_of(packed.at + 4, len);
    enum err err = read_manifest(content);
    if (err)
        return err;
    size_t text = place_of(content, CONTENT_DOCUMENT);
    if (text == content->count)
        text = place_of(content, CONTENT_NAME);
    struct bytes rest = bytes_from(packed, 4 + len);
    if (rest.len != (text < content->count ? content->files[text].size : 0))
        return ERR_FORMAT;
    if (text < content->count)
        content->files[text].bytes = rest;
    return ERR_OK;
}

enum err content_open(struct bytes packed, struct content *content)
{
    enum err err = content_read(packed, content);
    const struct content_file *text = err ? NULL : content_text(content);

    if (text) {
        struct id digest = content_digest(text->bytes);
        err = id_equal(&digest, &text->digest) ? ERR_OK : ERR_AUTH;
    }
    if (!err)
        content->id = id_hash(ID_CONTENT, content->manifest);
    return err;
}

const struct content_file *content_text(const struct content *content)
{
    const struct content_file *document = content_find(content, CONTENT_DOCUMENT);

    return document ? document : content_find(content, CONTENT_NAME);
}

const struct content_file *content_find(const struct content *content, const char *name)
{
    size_t place = place_of(content, name);

    return place < content->count ? &content->files[place] : NULL;
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
