/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Twice the same bytes: as a line, and as what a line stands for, with the right check behind it. */

#include <sodium.h>

#include "proto/invitation.h"
#include "tests/fuzz/fuzz.h"

#define BODY_MAX 512

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void read_line(struct bytes line)
{
    struct buffer again = BUFFER(KIB(2));
    struct invitation invitation;

    if (invitation_read(line, &invitation) != ERR_OK)
        return;
    while (line.len > 0 && is_space(line.at[0]))
        line = bytes_from(line, 1);
    while (line.len > 0 && is_space(line.at[line.len - 1]))
        line.len--;
    invitation_write(&again, &invitation);
    FUZZ_REQUIRE(bytes_equal(buffer_bytes(&again), line));
    buffer_free(&again);
}

static void read_body(struct bytes body)
{
    uint8_t binary[BODY_MAX + 4];
    char text[2 * sizeof binary];
    struct buffer line = BUFFER(KIB(2));
    struct id check = id_hash(ID_BLOB, body);

    if (body.len == 0 || body.len > BODY_MAX)
        return;
    memcpy(binary, body.at, body.len);
    memcpy(binary + body.len, check.at, 4);
    sodium_bin2base64(text, sizeof text, binary, body.len + 4, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    buffer_text(&line, "igum1:");
    buffer_text(&line, text);
    read_line(buffer_bytes(&line));
    buffer_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_line(bytes_of(data, size));
    read_body(bytes_of(data, size));
    return 0;
}
