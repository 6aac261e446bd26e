/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/receipt.h"

#include <assert.h>

#include "proto/limits.h"
#include "proto/wire.h"

#define STATEMENT_MAX 512
#define TEXTS_ONLY (UINT32_C(1) << 31) /* Beside the number of those listed, as it travels. */

struct id receipt_lacks(const struct receipt_lack lacks[], size_t count)
{
    struct id_hasher hasher;

    id_hasher_begin(&hasher, ID_RECEIPT);
    for (size_t i = 0; i < count; i++) {
        id_hasher_add(&hasher, id_bytes(&lacks[i].entry));
        id_hasher_add(&hasher, bytes_of(&lacks[i].part, 1));
    }
    return id_hasher_end(&hasher);
}

static void write_id(struct buffer *out, const char *name, const struct id *id)
{
    buffer_text(out, name);
    buffer_hex(out, id_bytes(id));
    buffer_text(out, "\n");
}

static void write_number(struct buffer *out, const char *name, uint64_t number)
{
    buffer_text(out, name);
    buffer_number(out, number);
    buffer_text(out, "\n");
}

void receipt_write_statement(struct buffer *out, const struct id *network, const struct receipt *receipt)
{
    buffer_text(out, "igum receipt 1\n");
    write_id(out, "network ", network);
    write_id(out, "node ", &receipt->node);
    write_number(out, "store ", receipt->store_id);
    write_number(out, "number ", receipt->number);
    write_id(out, "root ", &receipt->root);
    if (receipt->lacking == RECEIPT_MANY)
        buffer_text(out, "lacking many\n");
    else
        write_number(out, "lacking ", receipt->lacking);
    if (receipt->texts_only)
        buffer_text(out, "attachments many\n");
    if (receipt_listed(receipt) > 0)
        write_id(out, "lacks ", &receipt->lacks);
}

enum err receipt_sign(struct receipt *receipt, const struct id *network, const struct signing_key *key)
{
    struct buffer text = BUFFER(STATEMENT_MAX);

    assert(id_equal(&key->public, &receipt->node));
    receipt_write_statement(&text, network, receipt);
    enum err err = buffer_error(&text);
    if (!err)
        sshsig_sign(key, RECEIPT_NAMESPACE, buffer_bytes(&text), &receipt->signature);
    buffer_free(&text);
    return err;
}

enum err receipt_verify(const struct receipt *receipt, const struct id *network)
{
    struct buffer text = BUFFER(STATEMENT_MAX);

    receipt_write_statement(&text, network, receipt);
    enum err err = buffer_error(&text);
    if (!err)
        err = sshsig_verify(&receipt->node, RECEIPT_NAMESPACE, buffer_bytes(&text), &receipt->signature);
    buffer_free(&text);
    return err;
}

void receipt_encode(struct buffer *out, const struct receipt *receipt)
{
    buffer_add(out, id_bytes(&receipt->node));
    buffer_u64(out, receipt->store_id);
    buffer_u64(out, receipt->number);
    buffer_add(out, id_bytes(&receipt->root));
    buffer_u32(out, receipt->lacking | (receipt->texts_only ? TEXTS_ONLY : 0));
    buffer_add(out, id_bytes(&receipt->lacks));
    buffer_add(out, bytes_of(receipt->signature.at, SSHSIG_LEN));
}

enum err receipt_decode(struct bytes *rest, struct receipt *receipt)
{
    struct wire_reader r = wire_reader(*rest);

    wire_copy(&r, receipt->node.at, ID_LEN);
    receipt->store_id = wire_u64(&r);
    receipt->number = wire_u64(&r);
    wire_copy(&r, receipt->root.at, ID_LEN);
    receipt->lacking = wire_u32(&r);
    wire_copy(&r, receipt->lacks.at, ID_LEN);
    wire_copy(&r, receipt->signature.at, SSHSIG_LEN);
    receipt->texts_only = receipt->lacking != RECEIPT_MANY && receipt->lacking & TEXTS_ONLY;
    if (receipt->texts_only)
        receipt->lacking -= TEXTS_ONLY;
    bool is_listed = receipt_listed(receipt) > 0;
    if (r.err || receipt->number == 0 || is_listed == id_is_zero(&receipt->lacks) ||
        (is_listed && receipt->lacking > LIMIT_RECEIPT_LACKS))
        return ERR_FORMAT;
    *rest = r.rest;
    return ERR_OK;
}
