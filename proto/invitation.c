/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/invitation.h"

#include "proto/text.h"
#include "proto/wire.h"

#include <assert.h>
#include <sodium.h>

#define PREFIX "igum1:"
#define CHECK_LEN 4
#define BINARY_MAX (1 + 6 * ID_LEN + 1 + LIMIT_ADDRESS + CHECK_LEN)
#define TEXT_MAX sodium_base64_ENCODED_LEN(BINARY_MAX, sodium_base64_VARIANT_URLSAFE_NO_PADDING)

_Static_assert(SSHSIG_SEED_LEN == ID_LEN, "BINARY_MAX counts the seed as an id");

/* Secrets pass through these buffers: they are fixed, so that nothing is left behind by growing. */
struct line {
    uint8_t binary[BINARY_MAX];
    char text[TEXT_MAX];
    size_t len;
};

static void put(struct line *line, const void *from, size_t len)
{
    assert(len <= sizeof line->binary - line->len);
    memcpy(line->binary + line->len, from, len);
    line->len += len;
}

static void put_u8(struct line *line, size_t value)
{
    const uint8_t byte = (uint8_t)value;

    put(line, &byte, 1);
}

void invitation_write(struct buffer *out, const struct invitation *invitation)
{
    struct line line = {.len = 0};
    size_t address_len = strnlen(invitation->address, sizeof invitation->address);
    struct id check;

    assert(address_len <= LIMIT_ADDRESS);
    put_u8(&line, (size_t)invitation->kind);
    put(&line, invitation->network.at, ID_LEN);
    put(&line, invitation->root.at, ID_LEN);
    put(&line, invitation->seed, SSHSIG_SEED_LEN);
    put(&line, invitation->grant.at, ID_LEN);
    if (invitation->kind != INVITATION_KIBBUTZ)
        put(&line, invitation->kibbutz.at, ID_LEN);
    put(&line, invitation->channel.at, ID_LEN);
    put_u8(&line, address_len);
    put(&line, invitation->address, address_len);
    check = id_hash(ID_BLOB, bytes_of(line.binary, line.len));
    put(&line, check.at, CHECK_LEN);
    sodium_bin2base64(line.text, sizeof line.text, line.binary, line.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    buffer_text(out, PREFIX);
    buffer_text(out, line.text);
    sodium_memzero(&line, sizeof line);
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct bytes trimmed(struct bytes text)
{
    while (text.len > 0 && is_space(text.at[0]))
        text = bytes_from(text, 1);
    while (text.len > 0 && is_space(text.at[text.len - 1]))
        text.len--;
    return text;
}

static enum err check_sum(struct bytes in, struct bytes *body)
{
    struct id check;

    if (in.len < CHECK_LEN)
        return ERR_FORMAT;
    *body = bytes_of(in.at, in.len - CHECK_LEN);
    check = id_hash(ID_BLOB, *body);
    return memcmp(check.at, in.at + body->len, CHECK_LEN) == 0 ? ERR_OK : ERR_AUTH;
}

static enum err parse(struct bytes body, struct invitation *invitation)
{
    struct wire_reader r = wire_reader(body);
    uint8_t kind = wire_u8(&r);
    struct bytes address;

    if (kind < INVITATION_KIBBUTZ || kind > INVITATION_NODE)
        return ERR_FORMAT;
    invitation->kind = (enum invitation_kind)kind;
    wire_copy(&r, invitation->network.at, ID_LEN);
    wire_copy(&r, invitation->root.at, ID_LEN);
    wire_copy(&r, invitation->seed, SSHSIG_SEED_LEN);
    wire_copy(&r, invitation->grant.at, ID_LEN);
    if (invitation->kind == INVITATION_KIBBUTZ)
        invitation->kibbutz = invitation->grant;
    else
        wire_copy(&r, invitation->kibbutz.at, ID_LEN);
    wire_copy(&r, invitation->channel.at, ID_LEN);
    address = wire_read(&r, wire_u8(&r));
    if (wire_finish(&r) != ERR_OK || id_is_zero(&invitation->channel) || (address.len > 0 && !text_is_address(address)))
        return ERR_FORMAT;
    if (address.len > 0)
        memcpy(invitation->address, address.at, address.len);
    invitation->address[address.len] = '\0';
    return ERR_OK;
}

/*
 * Rebuilds and compares: libsodium 1.0.18 takes some bytes above 127 for letters.  Also a wrong last letter may leave no
 * base64 at all, so what cannot be decoded is a wrong letter like any other.
 */
static enum err decode(struct bytes text, struct line *line)
{
    if (text.len == 0 || text.len >= TEXT_MAX)
        return ERR_FORMAT;
    if (sodium_base642bin(line->binary, sizeof line->binary, (const char *)text.at, text.len, NULL, &line->len, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return ERR_AUTH;
    sodium_bin2base64(line->text, sizeof line->text, line->binary, line->len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return strlen(line->text) == text.len && sodium_memcmp(line->text, text.at, text.len) == 0 ? ERR_OK : ERR_AUTH;
}

enum err invitation_read(struct bytes line, struct invitation *invitation)
{
    struct line decoded = {.len = 0};
    struct bytes text = trimmed(line);
    struct bytes body;
    enum err err;

    memset(invitation, 0, sizeof *invitation);
    if (!text_take_prefix(&text, PREFIX))
        return ERR_VERSION;
    if (!(err = decode(text, &decoded)))
        err = check_sum(bytes_of(decoded.binary, decoded.len), &body);
    if (!err)
        err = parse(body, invitation);
    if (err)
        invitation_wipe(invitation);
    sodium_memzero(&decoded, sizeof decoded);
    return err;
}

void invitation_wipe(struct invitation *invitation)
{
    sodium_memzero(invitation, sizeof *invitation);
}
