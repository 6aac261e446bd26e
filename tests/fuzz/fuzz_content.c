/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* Twice the same bytes: as a packed content, and as a list of files to pack, which then must open. */

#include "proto/content.h"
#include "proto/wire.h"
#include "tests/fuzz/fuzz.h"

#define SALT_OFFSET 20 /* Behind "igum content 1\nsalt ". */
#define FILES_MAX 20

static struct content content; /* It is large for a stack. */

static void read_packed(struct bytes in)
{
    struct buffer again = BUFFER(LIMIT_CONTENT);
    struct bytes name;
    struct id salt;
    struct id id;

    if (content_open(in, &content) != ERR_OK)
        return;
    FUZZ_REQUIRE(id_from_text(bytes_of(content.manifest.at + SALT_OFFSET, ID_TEXT_LEN), &salt) == ERR_OK);
    FUZZ_REQUIRE(content_pack(content.files, content.count, salt.at, &again, &id) == ERR_OK);
    FUZZ_REQUIRE(bytes_equal(buffer_bytes(&again), in) && id_equal(&id, &content.id));
    (void)content_name(&content, &name);
    buffer_free(&again);
}

static void pack(struct bytes in)
{
    struct wire_reader r = wire_reader(in);
    struct content_file files[FILES_MAX];
    struct buffer packed = BUFFER(LIMIT_CONTENT);
    uint8_t salt[CONTENT_SALT_LEN];
    size_t count = 0;
    struct id id;

    wire_copy(&r, salt, sizeof salt);
    for (; count < FILES_MAX && r.rest.len > 0; count++) {
        files[count] = (struct content_file){.name = wire_read(&r, wire_u8(&r))};
        files[count].bytes = wire_read(&r, wire_u8(&r));
    }
    if (r.err == ERR_OK && content_pack(files, count, salt, &packed, &id) == ERR_OK) {
        FUZZ_REQUIRE(content_open(buffer_bytes(&packed), &content) == ERR_OK);
        FUZZ_REQUIRE(content.count == count && id_equal(&content.id, &id));
        read_packed(buffer_bytes(&packed));
    }
    buffer_free(&packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_packed(bytes_of(data, size));
    pack(bytes_of(data, size));
    return 0;
}
