/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/message.h"

#include "proto/limits.h"
#include "proto/text.h"
#include "proto/wire.h"

static bool is_seq(uint64_t seq)
{
    return seq >= 1 && seq <= LIMIT_NUMBER;
}

void message_write_roots(struct buffer *out, const struct message_roots *roots)
{
    buffer_add(out, id_bytes(&roots->frontier));
    buffer_u32(out, roots->missing);
    buffer_u64(out, roots->receipts);
}

enum err message_read_roots(struct bytes in, struct message_roots *roots)
{
    struct wire_reader r = wire_reader(in);

    wire_copy(&r, roots->frontier.at, ID_LEN);
    roots->missing = wire_u32(&r);
    roots->receipts = wire_u64(&r);
    return wire_finish(&r);
}

void message_write_item(struct buffer *out, const struct head *head)
{
    buffer_add(out, id_bytes(&head->log));
    buffer_u64(out, head->seq);
    buffer_add(out, bytes_of(head->entry.at, MESSAGE_TAG_LEN));
    buffer_u8(out, (uint8_t)head->role);
}

enum err message_next_item(struct bytes *rest, struct message_item *item)
{
    struct wire_reader r = wire_reader(*rest);

    wire_copy(&r, item->log.at, ID_LEN);
    item->seq = wire_u64(&r);
    wire_copy(&r, item->tag, MESSAGE_TAG_LEN);
    uint8_t role = wire_u8(&r);
    if (r.err || !is_seq(item->seq) || role < ROLE_STEWARD || role > ROLE_CARD)
        return ERR_FORMAT;
    item->role = (enum role)role;
    *rest = r.rest;
    return ERR_OK;
}

void message_write_range(struct buffer *out, const struct message_range *range, bool content_only)
{
    buffer_add(out, id_bytes(&range->log));
    buffer_u64(out, range->from);
    if (!content_only)
        buffer_u64(out, range->to);
    buffer_add(out, bytes_of(range->tag, MESSAGE_TAG_LEN));
}

enum err message_read_ranges(struct bytes in, bool content_only, uint32_t *request, struct message_range ranges[],
                             size_t *count)
{
    struct wire_reader r = wire_reader(in);

    *request = wire_u32(&r);
    *count = 0;
    while (!r.err && r.rest.len > 0) {
        struct message_range range;

        if (*count == LIMIT_RANGES)
            return ERR_LIMIT;
        wire_copy(&r, range.log.at, ID_LEN);
        range.from = wire_u64(&r);
        range.to = content_only ? range.from : wire_u64(&r);
        wire_copy(&r, range.tag, MESSAGE_TAG_LEN);
        if (r.err || !is_seq(range.from) || !is_seq(range.to) || range.from > range.to)
            return ERR_FORMAT;
        ranges[(*count)++] = range;
    }
    return r.err || *count == 0 ? ERR_FORMAT : ERR_OK;
}

void message_write_bundle(struct buffer *out, uint32_t request, uint8_t flags, struct bytes frame)
{
    buffer_u32(out, request);
    buffer_u8(out, flags);
    buffer_add(out, frame);
}

enum err message_read_bundle(struct bytes in, struct message_bundle *bundle)
{
    struct wire_reader r = wire_reader(in);

    bundle->request = wire_u32(&r);
    bundle->flags = wire_u8(&r);
    bundle->frame = r.rest;
    return r.err || bundle->flags > (MESSAGE_LAST | MESSAGE_AFTER) ? ERR_FORMAT : ERR_OK;
}

void message_write_want_file(struct buffer *out, const struct message_want_file *want)
{
    buffer_u32(out, want->request);
    buffer_add(out, id_bytes(&want->log));
    buffer_u64(out, want->seq);
    buffer_add(out, bytes_of(want->tag, MESSAGE_TAG_LEN));
    buffer_add(out, id_bytes(&want->digest));
    buffer_u16(out, want->chunk);
}

enum err message_read_want_file(struct bytes in, struct message_want_file *want)
{
    struct wire_reader r = wire_reader(in);

    want->request = wire_u32(&r);
    wire_copy(&r, want->log.at, ID_LEN);
    want->seq = wire_u64(&r);
    wire_copy(&r, want->tag, MESSAGE_TAG_LEN);
    wire_copy(&r, want->digest.at, ID_LEN);
    want->chunk = wire_u16(&r);
    if (wire_finish(&r) || !is_seq(want->seq) || (want->chunk >= LIMIT_CHUNKS && want->chunk != MESSAGE_LIST))
        return ERR_FORMAT;
    return ERR_OK;
}

void message_write_file(struct buffer *out, const struct message_file *file)
{
    buffer_u32(out, file->request);
    buffer_u8(out, file->has_it);
    buffer_add(out, file->bytes);
}

enum err message_read_file(struct bytes in, struct message_file *file)
{
    struct wire_reader r = wire_reader(in);
    uint8_t has_it;

    file->request = wire_u32(&r);
    has_it = wire_u8(&r);
    file->has_it = has_it == 1;
    file->bytes = r.rest;
    return r.err || has_it > 1 || (has_it == 0 && r.rest.len > 0) ? ERR_FORMAT : ERR_OK;
}

void message_write_refused(struct buffer *out, enum message_refusal cause, const char *text)
{
    buffer_u8(out, (uint8_t)cause);
    buffer_text(out, text);
}

enum err message_read_refused(struct bytes in, enum message_refusal *cause, struct bytes *text)
{
    struct wire_reader r = wire_reader(in);
    uint8_t code = wire_u8(&r);

    if (r.err || r.rest.len > LIMIT_NAME)
        return ERR_FORMAT;
    *cause = code >= MESSAGE_REFUSED_USED && code <= MESSAGE_REFUSED_REVOKED ? (enum message_refusal)code
                                                                             : MESSAGE_REFUSED_STRANGER;
    *text = text_is_line(r.rest, LIMIT_NAME) ? r.rest : bytes_of(NULL, 0);
    return ERR_OK;
}

/* ---- LEAN ---- */

enum { LEAN_HAS_CONTENT = 1, LEAN_HAS_ROOT = 2, LEAN_RUNS_SHIFT = 4 };

void message_check(const struct id last[], size_t count, struct bytes base, uint8_t check[MESSAGE_SHORT_TAG_LEN])
{
    struct id_hasher hasher;

    id_hasher_begin(&hasher, ID_BLOB);
    for (size_t i = 0; i < count; i++)
        id_hasher_add(&hasher, id_bytes(&last[i]));
    id_hasher_add(&hasher, base);
    struct id hash = id_hasher_end(&hasher);
    memcpy(check, hash.at, MESSAGE_SHORT_TAG_LEN);
}

void message_write_lean(struct buffer *out, const struct message_lean *m)
{
    unsigned flags = (m->lean.has_content ? LEAN_HAS_CONTENT : 0) | (m->has_root ? LEAN_HAS_ROOT : 0);

    buffer_u8(out, (uint8_t)(flags | m->run_count << LEAN_RUNS_SHIFT));
    for (size_t i = 0; i < m->run_count; i++) {
        buffer_add(out, bytes_of(m->runs[i].log, MESSAGE_SHORT_TAG_LEN));
        buffer_u32(out, (uint32_t)m->runs[i].seq);
        buffer_add(out, bytes_of(m->runs[i].entry, MESSAGE_SHORT_TAG_LEN));
        buffer_u8(out, m->runs[i].count);
    }
    buffer_add(out, bytes_of(m->check, MESSAGE_SHORT_TAG_LEN));
    buffer_u64(out, m->lean.clock);
    buffer_add(out, bytes_of(m->lean.signature.at, sizeof m->lean.signature.at));
    if (m->has_root)
        buffer_add(out, id_bytes(&m->lean.root));
    if (m->lean.has_content)
        buffer_add(out, bytes_of(m->lean.salt, CONTENT_SALT_LEN));
    buffer_add(out, m->frame);
}

enum err message_read_lean(struct bytes in, struct message_lean *m)
{
    struct wire_reader r = wire_reader(in);
    unsigned flags = wire_u8(&r);

    *m = (struct message_lean){.run_count = flags >> LEAN_RUNS_SHIFT,
                               .has_root = flags & LEAN_HAS_ROOT,
                               .lean = {.has_content = flags & LEAN_HAS_CONTENT}};
    if (m->run_count < 1 || m->run_count > MESSAGE_RUNS || (flags & 12))
        return ERR_FORMAT;
    for (size_t i = 0; i < m->run_count; i++) {
        wire_copy(&r, m->runs[i].log, MESSAGE_SHORT_TAG_LEN);
        m->runs[i].seq = wire_u32(&r);
        wire_copy(&r, m->runs[i].entry, MESSAGE_SHORT_TAG_LEN);
        m->runs[i].count = wire_u8(&r);
        if (m->runs[i].seq == 0 || m->runs[i].count == 0 || m->runs[i].count > m->runs[i].seq)
            return ERR_FORMAT;
    }
    wire_copy(&r, m->check, MESSAGE_SHORT_TAG_LEN);
    m->lean.clock = wire_u64(&r);
    wire_copy(&r, m->lean.signature.at, sizeof m->lean.signature.at);
    if (m->has_root)
        wire_copy(&r, m->lean.root.at, ID_LEN);
    if (m->lean.has_content)
        wire_copy(&r, m->lean.salt, CONTENT_SALT_LEN);
    m->frame = r.rest;
    return r.err;
}
