/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/bundle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/samples.h"

#define HEAD_LEN (4 + 1 + ID_LEN)

static struct buffer begun(void)
{
    struct buffer bundle = BUFFER(2 * LIMIT_BUNDLE);
    struct id network = sample_id(1);

    bundle_begin(&bundle, &network);
    return bundle;
}

static struct buffer sample(void)
{
    struct buffer bundle = begun();
    struct id log = sample_id(2);

    bundle_add_charter(&bundle, bytes_text("the charter"));
    bundle_add_entry(&bundle, bytes_text("an entry"));
    bundle_add_content(&bundle, &log, 7, bytes_text("a content"));
    bundle_add_entry(&bundle, bytes_of(NULL, 0));
    assert_int_equal(buffer_error(&bundle), ERR_OK);
    return bundle;
}

static enum err opened(struct bytes bundle, struct bundle_reader *reader)
{
    struct id network = sample_id(1);

    return bundle_open(reader, bundle, &network);
}

/* Opens a bundle of one record with this head and so many bytes, and reads it. */
static enum err record(uint8_t type, uint32_t claimed, size_t len)
{
    struct buffer bundle = begun();
    struct bundle_reader reader;
    struct bundle_record next;
    uint8_t *body;
    enum err err;

    buffer_u8(&bundle, type);
    buffer_u32(&bundle, claimed);
    body = buffer_extend(&bundle, len);
    assert_true(len == 0 || body);
    if (len > 0)
        memset(body, 0, len);
    if (len >= ID_LEN + 8)
        body[ID_LEN + 7] = 1;
    assert_int_equal(opened(buffer_bytes(&bundle), &reader), ERR_OK);
    err = bundle_next(&reader, &next);
    if (err)
        assert_int_equal(bundle_next(&reader, &next), err);
    buffer_free(&bundle);
    return err;
}

static void records_are_read_in_their_order(void **state)
{
    struct buffer bundle = sample();
    struct bundle_reader reader;
    struct bundle_record next;
    struct id log = sample_id(2);

    (void)state;
    assert_int_equal(opened(buffer_bytes(&bundle), &reader), ERR_OK);
    assert_int_equal(bundle_next(&reader, &next), ERR_OK);
    assert_int_equal(next.kind, BUNDLE_CHARTER);
    assert_true(bytes_equal(next.bytes, bytes_text("the charter")));
    assert_int_equal(bundle_next(&reader, &next), ERR_OK);
    assert_int_equal(next.kind, BUNDLE_ENTRY);
    assert_true(bytes_equal(next.bytes, bytes_text("an entry")));
    assert_int_equal(bundle_next(&reader, &next), ERR_OK);
    assert_int_equal(next.kind, BUNDLE_CONTENT);
    assert_true(id_equal(&next.log, &log));
    assert_int_equal(next.seq, 7);
    assert_true(bytes_equal(next.bytes, bytes_text("a content")));
    assert_int_equal(bundle_next(&reader, &next), ERR_OK);
    assert_int_equal(next.kind, BUNDLE_ENTRY);
    assert_int_equal(next.bytes.len, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bundle_next(&reader, &next), ERR_OK);
        assert_int_equal(next.kind, BUNDLE_END);
    }
    buffer_free(&bundle);
}

static void an_empty_bundle_has_no_record(void **state)
{
    struct buffer bundle = begun();
    struct bundle_reader reader;
    struct bundle_record next;

    (void)state;
    assert_int_equal(bundle.len, HEAD_LEN);
    assert_int_equal(opened(buffer_bytes(&bundle), &reader), ERR_OK);
    assert_int_equal(bundle_next(&reader, &next), ERR_OK);
    assert_int_equal(next.kind, BUNDLE_END);
    buffer_free(&bundle);
}

static void a_cut_bundle_gives_its_whole_records_and_then_an_error(void **state)
{
    struct buffer bundle = sample();
    size_t ends = 0;

    (void)state;
    for (size_t len = 0; len <= bundle.len; len++) {
        struct bundle_reader reader;
        struct bundle_record next = {.kind = BUNDLE_ENTRY};
        enum err err = opened(bytes_of(bundle.at, len), &reader);

        assert_int_equal(err, len < HEAD_LEN ? ERR_FORMAT : ERR_OK);
        while (!err && next.kind != BUNDLE_END)
            err = bundle_next(&reader, &next);
        ends += !err;
    }
    assert_int_equal(ends, 5); /* After the head and after each of four records. */
    buffer_free(&bundle);
}

static void magic_version_and_network_are_told_apart(void **state)
{
    struct buffer bundle = sample();
    struct bundle_reader reader;
    struct bundle_record next;

    (void)state;
    for (size_t at = 0; at < HEAD_LEN; at++) {
        bundle.at[at] ^= 8;
        assert_int_equal(opened(buffer_bytes(&bundle), &reader), at < 4    ? ERR_FORMAT
                                                                 : at == 4 ? ERR_VERSION
                                                                           : ERR_NETWORK);
        assert_int_equal(bundle_next(&reader, &next), ERR_OK); /* Nothing is read of a bundle that did not open. */
        assert_int_equal(next.kind, BUNDLE_END);
        bundle.at[at] ^= 8;
    }
    bundle.at[4] = 0;
    assert_int_equal(opened(buffer_bytes(&bundle), &reader), ERR_FORMAT);
    buffer_free(&bundle);
}

static void an_unknown_record_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(record(0, 0, 0), ERR_FORMAT);
    assert_int_equal(record(5, 0, 0), ERR_FORMAT);
    assert_int_equal(record(255, 0, 0), ERR_FORMAT);
}

static void each_record_has_its_limit(void **state)
{
    (void)state;
    assert_int_equal(record(1, LIMIT_ENTRY, LIMIT_ENTRY), ERR_OK);
    assert_int_equal(record(1, LIMIT_ENTRY + 1, LIMIT_ENTRY + 1), ERR_LIMIT);
    assert_int_equal(record(2, LIMIT_CONTENT + 40, LIMIT_CONTENT + 40), ERR_OK);
    assert_int_equal(record(2, LIMIT_CONTENT + 41, LIMIT_CONTENT + 41), ERR_LIMIT);
    assert_int_equal(record(3, LIMIT_CHARTER, LIMIT_CHARTER), ERR_OK);
    assert_int_equal(record(3, LIMIT_CHARTER + 1, LIMIT_CHARTER + 1), ERR_LIMIT);
    assert_int_equal(record(1, UINT32_MAX, 5), ERR_LIMIT);
    assert_int_equal(record(1, 6, 5), ERR_FORMAT);
}

static void a_content_names_its_entry(void **state)
{
    struct buffer bundle = begun();
    struct bundle_reader reader;
    struct bundle_record next;

    (void)state;
    assert_int_equal(record(2, 40, 40), ERR_OK);
    assert_int_equal(record(2, 39, 39), ERR_FORMAT);
    assert_int_equal(record(2, 0, 0), ERR_FORMAT);
    for (unsigned i = 0; i < 3; i++) {
        struct id log = sample_id(1);

        bundle.len = HEAD_LEN;
        buffer_u8(&bundle, 2);
        buffer_u32(&bundle, 40);
        buffer_add(&bundle, id_bytes(&log));
        buffer_u64(&bundle, i == 0 ? 0 : LIMIT_NUMBER + i - 1);
        assert_int_equal(opened(buffer_bytes(&bundle), &reader), ERR_OK);
        assert_int_equal(bundle_next(&reader, &next), i == 1 ? ERR_OK : ERR_FORMAT);
    }
    buffer_free(&bundle);
}

static void a_bundle_is_at_most_so_large(void **state)
{
    uint8_t *bytes = calloc(1, LIMIT_BUNDLE + 1);
    struct buffer head = begun();
    struct bundle_reader reader;

    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, head.at, head.len);
    assert_int_equal(opened(bytes_of(bytes, LIMIT_BUNDLE), &reader), ERR_OK);
    assert_int_equal(opened(bytes_of(bytes, LIMIT_BUNDLE + 1), &reader), ERR_LIMIT);
    buffer_free(&head);
    free(bytes);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_read_in_their_order),
        cmocka_unit_test(an_empty_bundle_has_no_record),
        cmocka_unit_test(a_cut_bundle_gives_its_whole_records_and_then_an_error),
        cmocka_unit_test(magic_version_and_network_are_told_apart),
        cmocka_unit_test(an_unknown_record_is_an_error),
        cmocka_unit_test(each_record_has_its_limit),
        cmocka_unit_test(a_content_names_its_entry),
        cmocka_unit_test(a_bundle_is_at_most_so_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
