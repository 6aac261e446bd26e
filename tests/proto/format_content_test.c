/* SPDX-License-Identifier: AGPL-3.0-or-later */

/* The examples of docs/FORMAT.md, 11, are read from the document itself, and their bytes are made again. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/bundle.h"
#include "proto/charter.h"
#include "proto/content.h"
#include "proto/invitation.h"
#include "proto/text.h"
#include "tests/vectors.h"

enum { KEYS, CHARTER, IDS, MANIFEST, PACKED, CONTENT, FIELDS, INVITATIONS, BUNDLE, BLOCKS };

static const char DOCUMENT_MD[] = "# Water\n\nThe well is shared.\n";
static const char WELL_TXT[] = "depth 120 m\n";

static char document[1 << 17];
static struct bytes blocks[BLOCKS];

static int read_document(void **state)
{
    FILE *file = fopen(FORMAT_DOCUMENT, "rb");
    const char *at;

    (void)state;
    assert_non_null(file);
    assert_true(fread(document, 1, sizeof document - 1, file) > 0 && feof(file));
    fclose(file);
    at = strstr(document, "\n## 11. ");
    assert_non_null(at);
    for (size_t i = 0; i < BLOCKS; i++) {
        const char *begin = strstr(at, "\n```\n");
        const char *end = begin ? strstr(begin + 5, "```\n") : NULL;

        if (!end)
            fail_msg("the section has too few blocks");
        blocks[i] = bytes_of(begin + 5, (size_t)(end - (begin + 5)));
        at = end + 3;
    }
    assert_null(strstr(at, "```"));
    return 0;
}

/* The line of that number in a block, behind `name` and a space. */
static struct bytes line_of(size_t block, size_t number, const char *name)
{
    struct bytes rest = blocks[block];
    struct bytes line;

    for (size_t i = 0; i <= number; i++)
        assert_true(text_take(&rest, '\n', &line));
    if (!text_take_prefix(&line, name))
        fail_msg("line %zu of block %zu does not begin with '%s'", number, block, name);
    return line;
}

/* The word of that number. */
static struct id word_of(struct bytes line, size_t number)
{
    struct bytes word;
    struct id id;

    for (size_t i = 0; i < number; i++)
        assert_true(text_take(&line, ' ', &word));
    if (!text_take(&line, ' ', &word))
        word = line;
    assert_int_equal(id_from_text(word, &id), ERR_OK);
    return id;
}

static struct bytes binary_of(size_t block)
{
    static char hex[1 << 14];

    assert_true(blocks[block].len < sizeof hex);
    memcpy(hex, blocks[block].at, blocks[block].len);
    hex[blocks[block].len] = '\0';
    return vectors_from_hex(hex);
}

static struct id network(void)
{
    return word_of(line_of(IDS, 0, "network "), 0);
}

static void assert_same(struct id a, struct id b)
{
    assert_memory_equal(a.at, b.at, ID_LEN);
}

static void keys_and_cards_follow_from_their_seeds(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct bytes line = line_of(KEYS, i, i < 2 ? "steward " : "card ");
        struct id seed = word_of(line, 0);
        struct signing_key key;

        sshsig_key_from_seed(&key, seed.at);
        assert_same(key.public, word_of(line, 1));
        if (i >= 2)
            assert_same(id_hash(ID_CARD, id_bytes(&key.public)), word_of(line, 2));
    }
}

static void the_charter_is_read_and_written(void **state)
{
    struct charter charter;
    struct buffer again = BUFFER(LIMIT_CHARTER);

    (void)state;
    assert_int_equal(charter_read(blocks[CHARTER], &charter), ERR_OK);
    assert_same(charter.network, network());
    assert_int_equal(charter.founder_count, 2);
    assert_int_equal(charter.majority, 2);
    assert_int_equal(charter.admission, 1);
    for (size_t i = 0; i < 2; i++) {
        assert_same(charter.founders[i].kibbutz, word_of(line_of(IDS, i + 1, "kibbutz "), 0));
        assert_same(charter.founders[i].stewards[0].key, word_of(line_of(KEYS, i, "steward "), 1));
        assert_same(charter.founders[i].card, word_of(line_of(KEYS, i + 2, "card "), 2));
    }
    charter_write(&again, &charter);
    assert_true(bytes_equal(buffer_bytes(&again), blocks[CHARTER]));
    buffer_free(&again);
}

static void the_content_is_packed_and_opened(void **state)
{
    const struct content_file files[] = {
        {.name = bytes_text("well.txt"), .bytes = bytes_text(WELL_TXT)},
        {.name = bytes_text(CONTENT_DOCUMENT), .bytes = bytes_text(DOCUMENT_MD)},
    };
    struct id salt = word_of(line_of(MANIFEST, 1, "salt "), 0);
    struct id want = word_of(line_of(CONTENT, 0, "content "), 0);
    struct bytes packed = binary_of(PACKED);
    struct buffer again = BUFFER(LIMIT_CONTENT);
    struct content content;
    struct id id;

    (void)state;
    assert_int_equal(content_pack(files, 2, salt.at, &again, &id), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&again), packed));
    assert_same(id, want);
    assert_int_equal(content_open(packed, &content), ERR_OK);
    assert_true(bytes_equal(content.manifest, blocks[MANIFEST]));
    assert_same(content.id, want);
    buffer_free(&again);
}

static void the_invitations_are_read_and_written(void **state)
{
    static const enum invitation_kind kinds[] = {INVITATION_KIBBUTZ, INVITATION_NODE};
    struct bytes address = line_of(FIELDS, 3, "address ");

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bytes line = line_of(INVITATIONS, i, "");
        struct id seed = word_of(line_of(FIELDS, 0, "seed "), 0);
        struct id grant = word_of(line_of(FIELDS, 1, "grant "), 0);
        struct buffer again = BUFFER(KIB(2));
        struct invitation invitation;

        assert_int_equal(invitation_read(line, &invitation), ERR_OK);
        assert_int_equal(invitation.kind, kinds[i]);
        assert_same(invitation.network, network());
        assert_same(invitation.root, network());
        assert_memory_equal(invitation.seed, seed.at, sizeof invitation.seed);
        assert_same(invitation.grant, grant);
        assert_same(invitation.kibbutz, i == 0 ? grant : word_of(line_of(IDS, 1, "kibbutz "), 0));
        assert_same(invitation.channel, word_of(line_of(FIELDS, 2, "channel "), 0));
        assert_true(bytes_equal(bytes_text(invitation.address), address));
        invitation_write(&again, &invitation);
        assert_true(bytes_equal(buffer_bytes(&again), line));
        buffer_free(&again);
    }
}

static void the_bundle_is_read_and_written(void **state)
{
    struct bytes bundle = binary_of(BUNDLE);
    struct bytes packed = binary_of(PACKED);
    struct id id = network();
    struct id steward = word_of(line_of(KEYS, 0, "steward "), 1);
    struct buffer again = BUFFER(LIMIT_BUNDLE);
    struct bundle_reader reader;
    struct bundle_record record;

    (void)state;
    bundle_begin(&again, &id);
    bundle_add_charter(&again, blocks[CHARTER]);
    bundle_add_content(&again, &steward, 1, packed);
    assert_true(bytes_equal(buffer_bytes(&again), bundle));
    assert_int_equal(bundle_open(&reader, bundle, &id), ERR_OK);
    assert_int_equal(bundle_next(&reader, &record), ERR_OK);
    assert_int_equal(record.kind, BUNDLE_CHARTER);
    assert_true(bytes_equal(record.bytes, blocks[CHARTER]));
    assert_int_equal(bundle_next(&reader, &record), ERR_OK);
    assert_int_equal(record.kind, BUNDLE_CONTENT);
    assert_same(record.log, steward);
    assert_int_equal(record.seq, 1);
    assert_true(bytes_equal(record.bytes, packed));
    assert_int_equal(bundle_next(&reader, &record), ERR_OK);
    assert_int_equal(record.kind, BUNDLE_END);
    buffer_free(&again);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_cards_follow_from_their_seeds),
        cmocka_unit_test(the_charter_is_read_and_written),
        cmocka_unit_test(the_content_is_packed_and_opened),
        cmocka_unit_test(the_invitations_are_read_and_written),
        cmocka_unit_test(the_bundle_is_read_and_written),
    };

    return cmocka_run_group_tests(tests, read_document, NULL);
}
