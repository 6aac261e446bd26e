/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A file of a document, by its entry and its place in the manifest: names from outside never choose what is read. */
#include "node/route.h"

#include "proto/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What browsers may show, told by its bytes and not by its name. */
static const struct {
    const char *type;
    size_t at;
    struct bytes magic;
    size_t then_at;
    struct bytes then;
} kinds[] = {
    {"image/png", 0, {(const uint8_t *)"\x89PNG\r\n\x1a\n", 8}, 0, {NULL, 0}},
    {"image/jpeg", 0, {(const uint8_t *)"\xff\xd8\xff", 3}, 0, {NULL, 0}},
    {"image/webp", 0, {(const uint8_t *)"RIFF", 4}, 8, {(const uint8_t *)"WEBP", 4}},
    {"application/pdf", 0, {(const uint8_t *)"%PDF-", 5}, 0, {NULL, 0}},
};

static bool holds(struct bytes file, size_t at, struct bytes magic)
{
    return file.len >= at + magic.len && (magic.len == 0 || memcmp(file.at + at, magic.at, magic.len) == 0);
}

const char *route_file_type(struct bytes file)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (holds(file, kinds[i].at, kinds[i].magic) && holds(file, kinds[i].then_at, kinds[i].then))
            return kinds[i].type;
    return "application/octet-stream";
}

bool route_name_is_picture(struct bytes name)
{
    static const char *const endings[] = {".png", ".jpg", ".jpeg", ".webp"};

    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        size_t len = strlen(endings[i]);

        if (name.len > len && strncasecmp((const char *)name.at + name.len - len, endings[i], len) == 0)
            return true;
    }
    return false;
}

/* RFC 8187: a plain name for old programs, the real one in percent form; either way only harmless characters. */
static void write_disposition(struct bytes name, struct route_answer *answer)
{
    static const char digits[] = "0123456789ABCDEF";
    struct buffer text = BUFFER(sizeof answer->disposition - 1);

    buffer_text(&text, "attachment; filename*=UTF-8''");
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
            c == '_') {
            buffer_u8(&text, c);
        } else {
            buffer_u8(&text, '%');
            buffer_u8(&text, (uint8_t)digits[c >> 4]);
            buffer_u8(&text, (uint8_t)digits[c & 15]);
        }
    }
    if (buffer_error(&text) == ERR_OK)
        memcpy(answer->disposition, text.at, text.len);
    else
        memcpy(answer->disposition, "attachment", sizeof "attachment");
    buffer_free(&text);
}

static bool turns(struct bytes name, size_t at)
{
    const uint8_t *c = name.at + at;

    return at + 3 <= name.len && c[0] == 0xE2 &&
           ((c[1] == 0x80 && c[2] >= 0xAA && c[2] <= 0xAE) || (c[1] == 0x81 && c[2] >= 0xA6 && c[2] <= 0xA9));
}

/* The name without what would turn its direction around: "gpj.exe" must not read as "exe.jpg". */
static struct bytes honest_name(struct bytes name, uint8_t copy[LIMIT_FILE_NAME])
{
    size_t len = 0;

    for (size_t i = 0; i < name.len && len < LIMIT_FILE_NAME;) {
        if (turns(name, i))
            i += 3;
        else
            copy[len++] = name.at[i++];
    }
    return bytes_of(copy, len);
}

void route_named_free(struct route_named *named)
{
    free(named->content);
    buffer_free(&named->packed);
}

enum err route_find_named(struct site *site, struct bytes rest, struct route_named *named)
{
    struct index_entry *entry = &named->entry;
    struct bytes text;
    struct id id;
    uint64_t place;
    enum err err;

    *named = (struct route_named){.packed = BUFFER(LIMIT_BUNDLE)};
    if (!text_take(&rest, '/', &text) || id_from_text(text, &id) != ERR_OK || !text_to_number(rest, &place))
        return ERR_MISSING;
    if ((err = index_find_id(site_index(site), &id, entry)) != ERR_OK)
        return err;
    if ((entry->audience == ACT_FOR_KIBBUTZ && !site_is_near(site)) ||
        (entry->act != ACT_PUBLISH && entry->act != ACT_REVISE))
        return ERR_MISSING;
    if ((err = archive_read_content_of(site_archive(site), &entry->entry, &named->packed)) != ERR_OK)
        return err;
    if ((named->content = malloc(sizeof *named->content)) == NULL)
        return ERR_MEMORY;
    if ((err = content_open(buffer_bytes(&named->packed), named->content)) != ERR_OK)
        return err;
    if (place >= named->content->count)
        return ERR_MISSING;
    named->place = (size_t)place;
    named->file = &named->content->files[place];
    return ERR_OK;
}

/* The text stands in the content; an attachment is read while it is sent, and its first part tells what it is. */
static enum err give_file(struct site *site, const struct route_named *named, struct route_answer *answer)
{
    const struct content_file *file = named->file;
    bool is_text = file == content_text(named->content);
    struct buffer first = BUFFER(LIMIT_CHUNK);
    uint8_t name[LIMIT_FILE_NAME];
    enum err err = ERR_OK;

    answer->no_store = named->entry.audience == ACT_FOR_KIBBUTZ;
    if (is_text) {
        buffer_add(&answer->page.out, file->bytes);
    } else if (!archive_has_file(site_archive(site), &file->digest)) {
        answer->status = 404;
        route_tell_absent(site, named, answer);
        return ERR_OK;
    } else {
        err = archive_read_chunk(site_archive(site), &file->digest, file->size, 0, &first);
    }
    if (err == ERR_OK) {
        answer->type = route_file_type(is_text ? file->bytes : buffer_bytes(&first));
        answer->file = (struct route_file){.is_set = !is_text, .digest = file->digest, .size = file->size};
        answer->modified_ms = ENTRY_CLOCK_MS(named->entry.clock);
        route_answer_tag(answer, &file->digest);
        write_disposition(honest_name(file->name, name), answer);
    }
    buffer_free(&first);
    return err;
}

enum err route_attachment(struct site *site, const struct route_request *request, struct bytes rest,
                          struct route_answer *answer)
{
    struct route_named named;
    enum err err = route_find_named(site, rest, &named);

    (void)request;
    if (err == ERR_OK)
        err = give_file(site, &named, answer);
    route_named_free(&named);
    return err;
}
