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
    return r.err || bundle->flags > MESSAGE_LAST ? ERR_FORMAT : ERR_OK;
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
