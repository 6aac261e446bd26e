/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* The worked example of docs/FORMAT.md, 10, is read from the document itself, and its bytes are made again. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/commit.h"
#include "proto/entry.h"
#include "proto/limits.h"
#include "proto/text.h"
#include "tests/vectors.h"

#define ENTRIES 2
#define BLOCKS (1 + 3 * ENTRIES)

static char document[1 << 17];
static struct bytes blocks[BLOCKS]; /* The seed and the fields; then of each entry its payload, wire form and names. */

static struct bytes next_block(struct bytes *rest)
{
    const char *begin = strstr((const char *)rest->at, "\n```\n");
    const char *end = begin ? strstr(begin + 5, "\n```\n") : NULL;

    if (!end)
        fail_msg("the section has too few blocks");
    *rest = bytes_from(*rest, (size_t)(end + 5 - (const char *)rest->at));
    return bytes_of(begin + 5, (size_t)(end + 1 - (begin + 5)));
}

static int read_document(void **state)
{
    FILE *file = fopen(FORMAT_DOCUMENT, "rb");
    size_t len = file ? fread(document, 1, sizeof document - 1, file) : 0;
    const char *section;
    const char *end;

    (void)state;
    assert_non_null(file);
    assert_true(feof(file));
    fclose(file);
    section = strstr(document, "\n## 10. ");
    end = strstr(document, "```\n\n## 11. ");
    assert_true(len > 0 && section && end && section < end);
    struct bytes rest = bytes_of(section, (size_t)(end + 3 - section));
    for (size_t i = 0; i < BLOCKS; i++)
        blocks[i] = next_block(&rest);
    assert_int_equal(rest.len, 0);
    return 0;
}

/* The value of a line `name value` of a block. */
static struct bytes value_of(struct bytes block, const char *name)
{
    struct bytes line;

    while (text_take(&block, '\n', &line))
        if (text_take_prefix(&line, name) && text_take_prefix(&line, " "))
            return line;
    fail_msg("no line '%s'", name);
    return line;
}

static struct id id_of(struct bytes block, const char *name)
{
    struct id id;

    assert_int_equal(id_from_text(value_of(block, name), &id), ERR_OK);
    return id;
}

static struct bytes wire_of(size_t number)
{
    char *hex = strndup((const char *)blocks[3 * number + 2].at, blocks[3 * number + 2].len);
    struct bytes wire = vectors_from_hex(hex);

    free(hex);
    return wire;
}

static struct signing_key signer(void)
{
    struct id seed = id_of(blocks[0], "seed");
    struct signing_key key;

    sshsig_key_from_seed(&key, seed.at);
    return key;
}

static void fields_are_those_of_the_wire_form(void **state)
{
    struct id network = id_of(blocks[0], "network"), kibbutz = id_of(blocks[0], "kibbutz"),
              root = id_of(blocks[0], "root");
    struct signing_key key = signer();
    struct entry entry;

    (void)state;
    for (size_t i = 0; i < ENTRIES; i++) {
        assert_int_equal(entry_decode(wire_of(i), &network, &entry), ERR_OK);
        assert_true(id_equal(&entry.log, &key.public));
        assert_int_equal(entry.seq, i + 1);
        assert_true(id_equal(&entry.root, &root));
        if (i == 0) {
            assert_true(id_equal(&entry.kibbutz, &kibbutz));
            assert_int_equal(entry.role, role_from_name(value_of(blocks[0], "role")));
        }
    }
}

static void wire_form_verifies_to_the_payload_and_the_names(void **state)
{
    struct id network = id_of(blocks[0], "network");
    struct head head = {.seq = 0};

    (void)state;
    for (size_t i = 0; i < ENTRIES; i++) {
        struct buffer commit_bytes = BUFFER(LIMIT_COMMIT), payload = BUFFER(LIMIT_COMMIT);
        struct id id = id_of(blocks[3 * i + 3], "entry");
        struct entry entry;
        struct commit commit;
        struct sha1 name;

        assert_int_equal(entry_decode(wire_of(i), &network, &entry), ERR_OK);
        assert_int_equal(entry_verify(&entry, &head, &head, &commit_bytes), ERR_OK);
        assert_int_equal(commit_read(buffer_bytes(&commit_bytes), &commit), ERR_OK);
        commit_write_payload(&payload, &commit);
        assert_true(bytes_equal(buffer_bytes(&payload), blocks[3 * i + 1]));
        assert_true(id_equal(&head.entry, &id));
        assert_int_equal(sha1_from_text(value_of(blocks[3 * i + 3], "commit"), &name), ERR_OK);
        assert_memory_equal(&head.commit, &name, sizeof name);
        buffer_free(&commit_bytes);
        buffer_free(&payload);
    }
}

static void seed_and_fields_make_the_wire_form(void **state)
{
    struct signing_key key = signer();
    struct buffer commit = BUFFER(LIMIT_COMMIT);
    struct head head = {.seq = 0};
    uint64_t time;

    (void)state;
    assert_true(text_to_number(value_of(blocks[0], "time"), &time));
    for (size_t i = 0; i < ENTRIES; i++) {
        struct bytes payload = blocks[3 * i + 1], act = value_of(payload, "act");
        struct entry entry = {
            .network = id_of(blocks[0], "network"),
            .kibbutz = id_of(blocks[0], "kibbutz"),
            .role = role_from_name(value_of(blocks[0], "role")),
            .root = id_of(blocks[0], "root"),
            .act = act_from_name(act),
            .body = bytes_from(payload, (size_t)(act.at + act.len + 1 - payload.at)),
        };
        struct buffer wire = BUFFER(LIMIT_ENTRY);

        assert_int_equal(entry_sign(&entry, &head, &key, time), ERR_OK);
        entry_encode(&wire, &entry);
        assert_true(bytes_equal(buffer_bytes(&wire), wire_of(i)));
        assert_int_equal(entry_verify(&entry, &head, &head, &commit), ERR_OK);
        buffer_free(&wire);
    }
    buffer_free(&commit);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_those_of_the_wire_form),
        cmocka_unit_test(wire_form_verifies_to_the_payload_and_the_names),
        cmocka_unit_test(seed_and_fields_make_the_wire_form),
    };

    return cmocka_run_group_tests(tests, read_document, NULL);
}
