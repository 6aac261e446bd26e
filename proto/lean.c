/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/lean.h"

#include <stdlib.h>

#include "proto/wire.h"

#define CONTENT_LINE "content "
#define SALT_AT (sizeof "igum content 1\nsalt " - 1)

static const struct id NOTHING;

/* Where the digits of the content's id stand in the act's lines; NULL: it names none. */
static const uint8_t *find_content(struct bytes body)
{
    size_t line = 0, len = sizeof CONTENT_LINE - 1;

    while (line + len + ID_TEXT_LEN < body.len) {
        if (memcmp(body.at + line, CONTENT_LINE, len) == 0)
            return body.at + line + len;
        const uint8_t *end = memchr(body.at + line, '\n', body.len - line);
        if (!end)
            return NULL;
        line = (size_t)(end - body.at) + 1;
    }
    return NULL;
}

/* The lines, with another id in the place of the content's. */
static void write_body(struct buffer *out, struct bytes body, const uint8_t *at, const struct id *content)
{
    size_t before = (size_t)(at - body.at);

    buffer_add(out, bytes_of(body.at, before));
    buffer_hex(out, id_bytes(content));
    buffer_add(out, bytes_from(body, before + ID_TEXT_LEN));
}

/* ---- writing ---- */

static void write_files(struct buffer *text, const struct content *content)
{
    buffer_u8(text, (uint8_t)content->count);
    for (size_t i = 0; i < content->count; i++) {
        const struct content_file *file = &content->files[i];

        buffer_u8(text, (uint8_t)file->name.len);
        buffer_add(text, file->name);
        buffer_u8(text, file == content_text(content));
        if (file == content_text(content)) {
            buffer_u32(text, (uint32_t)file->bytes.len);
            buffer_add(text, file->bytes);
        } else {
            buffer_u64(text, file->size);
            buffer_add(text, id_bytes(&file->digest));
        }
    }
}

/* Opens the content; ERR_MISSING unless it is what the entry signs. */
static enum err open_content(const struct entry *entry, struct bytes packed, struct content *content, struct lean *lean)
{
    struct id wanted, salt;

    if (content_open(packed, content) || content->count > LEAN_FILES || act_id(entry->body, ACT_CONTENT, 0, &wanted) ||
        !id_equal(&wanted, &content->id) || !find_content(entry->body) ||
        id_from_text(bytes_of(content->manifest.at + SALT_AT, ID_TEXT_LEN), &salt))
        return ERR_MISSING;
    memcpy(lean->salt, salt.at, CONTENT_SALT_LEN);
    return ERR_OK;
}

static void write_head(struct buffer *text, const struct entry *entry)
{
    buffer_u8(text, (uint8_t)entry->act_name.len);
    buffer_add(text, entry->act_name);
    buffer_u16(text, (uint16_t)entry->body.len);
}

static enum err write_with_content(const struct entry *entry, struct bytes packed, struct buffer *text,
                                   struct lean *lean)
{
    struct content *content = malloc(sizeof *content);
    enum err err = content ? open_content(entry, packed, content, lean) : ERR_MEMORY;

    if (!err) {
        write_head(text, entry);
        write_body(text, entry->body, find_content(entry->body), &NOTHING);
        write_files(text, content);
    }
    free(content);
    return err;
}

enum err lean_write(const struct entry *entry, struct bytes content, struct buffer *text, struct lean *lean)
{
    *lean = (struct lean){
        .clock = entry->clock, .root = entry->root, .signature = entry->signature, .has_content = content.len > 0};
    if (lean->has_content) {
        enum err err = write_with_content(entry, content, text, lean);

        if (err)
            return err;
    } else {
        write_head(text, entry);
        buffer_add(text, entry->body);
    }
    return buffer_error(text);
}

/* ---- reading ---- */

static enum err read_files(struct wire_reader *r, const uint8_t salt[CONTENT_SALT_LEN], struct buffer *packed,
                           struct id *content)
{
    struct content_file files[LEAN_FILES] = {{.name = {0}}};
    size_t count = wire_u8(r);

    if (count > LEAN_FILES)
        return ERR_FORMAT;
    for (size_t i = 0; i < count; i++) {
        files[i].name = wire_read(r, wire_u8(r));
        uint8_t is_text = wire_u8(r);
        if (is_text > 1)
            wire_fail(r);
        if (is_text) {
            files[i].bytes = wire_read(r, wire_u32(r));
            continue;
        }
        files[i].size = wire_u64(r);
        wire_copy(r, files[i].digest.at, ID_LEN);
    }
    return r->err ? r->err : content_pack(files, count, salt, packed, content);
}

/* One form only: where the content's id is to stand there are zeros. */
static bool is_blank(const uint8_t *at)
{
    struct id id;

    return !id_from_text(bytes_of(at, ID_TEXT_LEN), &id) && id_equal(&id, &NOTHING);
}

enum err lean_read(struct bytes text, const struct lean *lean, struct entry *entry, struct buffer *wire,
                   struct buffer *packed)
{
    struct wire_reader r = wire_reader(text);
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    enum err err = ERR_OK;
    struct id content;

    entry->act_name = wire_read(&r, wire_u8(&r));
    entry->act = act_from_name(entry->act_name);
    entry->body = wire_read(&r, wire_u16(&r));
    entry->clock = lean->clock;
    entry->root = lean->root;
    entry->signature = lean->signature;
    if (lean->has_content) {
        const uint8_t *at = find_content(entry->body);

        err = at && !r.err && is_blank(at) ? read_files(&r, lean->salt, packed, &content) : ERR_FORMAT;
        if (!err)
            write_body(&body, entry->body, at, &content);
        entry->body = buffer_bytes(&body);
    }
    if (!err)
        err = wire_finish(&r);
    if (!err)
        err = buffer_error(&body);
    if (!err) {
        entry_encode(wire, entry);
        err = buffer_error(wire);
    }
    entry->body = bytes_of(NULL, 0);
    buffer_free(&body);
    return err;
}
