/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/bundle.h"

#include "proto/limits.h"
#include "proto/wire.h"

#include <assert.h>

#define MAGIC "IGUM"
#define VERSION 1
#define CONTENT_HEAD_LEN (ID_LEN + 8)

enum { TYPE_ENTRY = 1, TYPE_CONTENT = 2, TYPE_CHARTER = 3 };

/* ---- writing ---- */

void bundle_begin(struct buffer *out, const struct id *network)
{
    buffer_text(out, MAGIC);
    buffer_u8(out, VERSION);
    buffer_add(out, id_bytes(network));
}

void bundle_add_entry(struct buffer *out, struct bytes entry)
{
    assert(entry.len <= LIMIT_ENTRY);
    buffer_u8(out, TYPE_ENTRY);
    buffer_u32(out, (uint32_t)entry.len);
    buffer_add(out, entry);
}

void bundle_add_content(struct buffer *out, const struct id *log, uint64_t seq, struct bytes packed)
{
    assert(seq > 0 && seq <= LIMIT_NUMBER && packed.len <= LIMIT_CONTENT);
    buffer_u8(out, TYPE_CONTENT);
    buffer_u32(out, (uint32_t)(CONTENT_HEAD_LEN + packed.len));
    buffer_add(out, id_bytes(log));
    buffer_u64(out, seq);
    buffer_add(out, packed);
}

void bundle_add_charter(struct buffer *out, struct bytes text)
{
    assert(text.len <= LIMIT_CHARTER);
    buffer_u8(out, TYPE_CHARTER);
    buffer_u32(out, (uint32_t)text.len);
    buffer_add(out, text);
}

/* ---- reading ---- */

enum err bundle_open(struct bundle_reader *reader, struct bytes bundle, const struct id *network)
{
    struct wire_reader r = wire_reader(bundle);
    struct bytes magic = wire_read(&r, sizeof MAGIC - 1);
    uint8_t version = wire_u8(&r);
    struct bytes id = wire_read(&r, ID_LEN);

    reader->rest = bytes_of(NULL, 0);
    if (bundle.len > LIMIT_BUNDLE)
        return ERR_LIMIT;
    if (!bytes_equal(magic, bytes_text(MAGIC)))
        return ERR_FORMAT;
    if (version > VERSION)
        return ERR_VERSION;
    if (r.err || version != VERSION)
        return ERR_FORMAT;
    if (!bytes_equal(id, id_bytes(network)))
        return ERR_NETWORK;
    reader->rest = r.rest;
    return ERR_OK;
}

/* The largest body of a record of this type; 0: no such type. */
static size_t body_limit(uint8_t type)
{
    switch (type) {
    case TYPE_ENTRY: return LIMIT_ENTRY;
    case TYPE_CONTENT: return CONTENT_HEAD_LEN + LIMIT_CONTENT;
    case TYPE_CHARTER: return LIMIT_CHARTER;
    default: return 0;
    }
}

static enum err read_content_head(struct bundle_record *record)
{
    struct wire_reader r = wire_reader(record->bytes);

    wire_copy(&r, record->log.at, ID_LEN);
    record->seq = wire_u64(&r);
    record->bytes = r.rest;
    return r.err || record->seq == 0 || record->seq > LIMIT_NUMBER ? ERR_FORMAT : ERR_OK;
}

enum err bundle_next(struct bundle_reader *reader, struct bundle_record *record)
{
    struct wire_reader r = wire_reader(reader->rest);
    enum err err = ERR_OK;
    uint8_t type;
    size_t len;

    *record = (struct bundle_record){.kind = BUNDLE_END};
    if (reader->rest.len == 0)
        return ERR_OK;
    type = wire_u8(&r);
    len = wire_u32(&r);
    if (body_limit(type) == 0)
        return ERR_FORMAT;
    if (len > body_limit(type))
        return ERR_LIMIT;
    record->bytes = wire_read(&r, len);
    if (r.err)
        return r.err;
    record->kind = type == TYPE_ENTRY ? BUNDLE_ENTRY : type == TYPE_CONTENT ? BUNDLE_CONTENT : BUNDLE_CHARTER;
    if (type == TYPE_CONTENT)
        err = read_content_head(record);
    if (err)
        *record = (struct bundle_record){.kind = BUNDLE_END};
    else
        reader->rest = r.rest; /* After an error the reader stays where it is, so the error stays too. */
    return err;
}
