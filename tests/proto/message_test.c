/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/samples.h"

#define ROOTS_LEN (32 + 4 + 8)
#define ITEM_LEN (ID_LEN + 8 + MESSAGE_TAG_LEN + 1)

static struct buffer sample_roots(void)
{
    struct message_roots roots = {.frontier = sample_id(1), .missing = 77, .receipts = UINT64_C(0x0102030405060708)};
    struct buffer out = BUFFER(KIB(1));

    message_write_roots(&out, &roots);
    return out;
}

static void roots_come_back_as_they_were_written(void **state)
{
    struct buffer out = sample_roots();
    struct message_roots roots;
    struct id frontier = sample_id(1);

    (void)state;
    assert_int_equal(out.len, ROOTS_LEN);
    assert_int_equal(out.at[ROOTS_LEN - 9], 77); /* Big-endian. */
    assert_int_equal(out.at[ROOTS_LEN - 1], 8);
    assert_int_equal(message_read_roots(buffer_bytes(&out), &roots), ERR_OK);
    assert_memory_equal(roots.frontier.at, frontier.at, ID_LEN);
    assert_int_equal(roots.missing, 77);
    assert_int_equal(roots.receipts, UINT64_C(0x0102030405060708));
    buffer_free(&out);
}

static void a_lean_push_comes_back_as_it_was_written(void **state)
{
    struct message_lean lean = {
        .runs = {{.log = {1}, .seq = UINT32_MAX, .entry = {2}, .count = 255}, {.seq = 7, .count = 1}},
        .check = {5},
        .lean = {.clock = 77, .signature = {{3}}, .root = sample_id(4), .salt = {6}}};
    struct message_lean read;

    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct buffer out = BUFFER(KIB(1)), again = BUFFER(KIB(1));

        lean.run_count = 1 + i % 2;
        lean.has_root = i & 2;
        lean.lean.has_content = i & 4;
        lean.frame = bytes_text(i == 7 ? "" : "frame");
        message_write_lean(&out, &lean);
        assert_int_equal(message_read_lean(buffer_bytes(&out), &read), ERR_OK);
        message_write_lean(&again, &read);
        assert_true(bytes_equal(buffer_bytes(&again), buffer_bytes(&out)));
        assert_true(bytes_equal(read.frame, lean.frame));
        assert_int_equal(read.runs[0].seq, UINT32_MAX);
        for (size_t len = 0; len < out.len - lean.frame.len; len++)
            assert_int_equal(message_read_lean(bytes_of(out.at, len), &read), ERR_FORMAT);
        buffer_free(&out);
        buffer_free(&again);
    }
}

static void a_lean_push_that_rests_on_nothing_is_refused(void **state)
{
    struct message_lean lean = {.runs = {{.seq = 5, .count = 5}}, .run_count = 1}, read;

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        struct buffer out = BUFFER(KIB(1));

        lean.runs[0].count = i == 1 ? 0 : i == 2 ? 6 : 5;
        lean.runs[0].seq = i == 3 ? 0 : 5;
        message_write_lean(&out, &lean);
        out.at[0] = i == 4 ? 0x00 : i == 5 ? 0x14 : out.at[0];
        assert_int_equal(message_read_lean(buffer_bytes(&out), &read), i == 0 ? ERR_OK : ERR_FORMAT);
        buffer_free(&out);
    }
}

static void roots_of_another_size_are_refused(void **state)
{
    struct buffer out = sample_roots();
    struct message_roots roots;

    (void)state;
    for (size_t len = 0; len < out.len; len++)
        assert_int_equal(message_read_roots(bytes_of(out.at, len), &roots), ERR_FORMAT);
    buffer_u8(&out, 0);
    assert_int_equal(message_read_roots(buffer_bytes(&out), &roots), ERR_FORMAT);
    buffer_free(&out);
}

static struct head sample_head(unsigned number, enum role role)
{
    return (struct head){.log = sample_id(number), .seq = number, .entry = sample_id(number + 100), .role = role};
}

static void items_of_a_vector_come_back_one_by_one(void **state)
{
    struct buffer out = BUFFER(KIB(1));
    struct message_item item;

    (void)state;
    for (unsigned role = ROLE_STEWARD; role <= ROLE_CARD; role++) {
        struct head head = sample_head(role, (enum role)role);

        message_write_item(&out, &head);
    }
    assert_int_equal(out.len, ROLE_CARD * ITEM_LEN);
    struct bytes rest = buffer_bytes(&out);
    for (unsigned role = ROLE_STEWARD; role <= ROLE_CARD; role++) {
        struct head head = sample_head(role, (enum role)role);

        assert_int_equal(message_next_item(&rest, &item), ERR_OK);
        assert_memory_equal(item.log.at, head.log.at, ID_LEN);
        assert_memory_equal(item.tag, head.entry.at, MESSAGE_TAG_LEN);
        assert_int_equal(item.seq, role);
        assert_int_equal(item.role, role);
    }
    assert_int_equal(rest.len, 0);
    buffer_free(&out);
}

static void a_cut_item_is_refused_and_nothing_taken(void **state)
{
    struct buffer out = BUFFER(KIB(1));
    struct head head = sample_head(1, ROLE_NODE);
    struct message_item item;

    (void)state;
    message_write_item(&out, &head);
    for (size_t len = 0; len < out.len; len++) {
        struct bytes rest = bytes_of(out.at, len);

        assert_int_equal(message_next_item(&rest, &item), ERR_FORMAT);
        assert_int_equal(rest.len, len);
    }
    buffer_u8(&out, 1); /* One byte more is the beginning of another item. */
    struct bytes rest = buffer_bytes(&out);
    assert_int_equal(message_next_item(&rest, &item), ERR_OK);
    assert_int_equal(message_next_item(&rest, &item), ERR_FORMAT);
    buffer_free(&out);
}

static enum err item_with(uint64_t seq, enum role role)
{
    struct buffer out = BUFFER(KIB(1));
    struct head head = sample_head(1, role);
    struct message_item item;
    enum err err;

    head.seq = seq;
    message_write_item(&out, &head);
    struct bytes rest = buffer_bytes(&out);
    err = message_next_item(&rest, &item);
    buffer_free(&out);
    return err;
}

static void an_item_s_numbers_are_within_bounds(void **state)
{
    (void)state;
    assert_int_equal(item_with(1, ROLE_STEWARD), ERR_OK);
    assert_int_equal(item_with(LIMIT_NUMBER, ROLE_CARD), ERR_OK);
    assert_int_equal(item_with(0, ROLE_STEWARD), ERR_FORMAT);
    assert_int_equal(item_with(LIMIT_NUMBER + 1, ROLE_STEWARD), ERR_FORMAT);
    assert_int_equal(item_with(UINT64_MAX, ROLE_STEWARD), ERR_FORMAT);
    assert_int_equal(item_with(1, ROLE_NONE), ERR_FORMAT);
    assert_int_equal(item_with(1, (enum role)(ROLE_CARD + 1)), ERR_FORMAT);
}

/* A WANT or WANT_CONTENT of so many ranges; the `i`th is of log `i`, from i + 1 to i + 9. */
static struct buffer sample_ranges(size_t count, bool content_only)
{
    struct buffer out = BUFFER(KIB(64));

    buffer_u32(&out, 42);
    for (unsigned i = 0; i < count; i++) {
        struct message_range range = {.log = sample_id(i), .from = i + 1, .to = i + 9};

        message_write_range(&out, &range, content_only);
    }
    return out;
}

static enum err read_ranges(struct bytes in, bool content_only, size_t *count)
{
    static struct message_range ranges[LIMIT_RANGES];
    uint32_t request = 0;
    enum err err = message_read_ranges(in, content_only, &request, ranges, count);

    for (unsigned i = 0; !err && i < *count; i++) {
        struct id log = sample_id(i);

        assert_int_equal(request, 42);
        assert_memory_equal(ranges[i].log.at, log.at, ID_LEN);
        assert_int_equal(ranges[i].from, i + 1);
        assert_int_equal(ranges[i].to, content_only ? i + 1 : i + 9);
    }
    return err;
}

static void wants_come_back_as_they_were_written_up_to_the_limit(void **state)
{
    (void)state;
    for (int content_only = 0; content_only <= 1; content_only++)
        for (size_t count = 0; count <= LIMIT_RANGES + 1; count += count < 2 ? 1 : LIMIT_RANGES - 3) {
            struct buffer out = sample_ranges(count, content_only);
            enum err wanted = count == 0 ? ERR_FORMAT : ERR_OK;
            size_t read;

            assert_int_equal(read_ranges(buffer_bytes(&out), content_only, &read), wanted);
            assert_int_equal(read, count);
            buffer_free(&out);
        }
}

static void one_range_more_than_the_limit_is_refused(void **state)
{
    (void)state;
    for (int content_only = 0; content_only <= 1; content_only++) {
        struct buffer most = sample_ranges(LIMIT_RANGES, content_only);
        struct buffer more = sample_ranges(LIMIT_RANGES + 1, content_only);
        size_t count;

        assert_int_equal(read_ranges(buffer_bytes(&most), content_only, &count), ERR_OK);
        assert_int_equal(count, LIMIT_RANGES);
        assert_int_equal(read_ranges(buffer_bytes(&more), content_only, &count), ERR_LIMIT);
        buffer_free(&most);
        buffer_free(&more);
    }
}

static void a_cut_want_is_refused(void **state)
{
    (void)state;
    for (int content_only = 0; content_only <= 1; content_only++) {
        struct buffer out = sample_ranges(1, content_only);
        size_t count;

        for (size_t len = 0; len < out.len; len++)
            assert_int_equal(read_ranges(bytes_of(out.at, len), content_only, &count), ERR_FORMAT);
        buffer_u8(&out, 0);
        assert_int_equal(read_ranges(buffer_bytes(&out), content_only, &count), ERR_FORMAT);
        buffer_free(&out);
    }
}

static enum err range_with(uint64_t from, uint64_t to)
{
    struct buffer out = BUFFER(KIB(1));
    struct message_range range = {.log = sample_id(1), .from = from, .to = to}, read[LIMIT_RANGES];
    uint32_t request;
    size_t count;
    enum err err;

    buffer_u32(&out, 1);
    message_write_range(&out, &range, false);
    err = message_read_ranges(buffer_bytes(&out), false, &request, read, &count);
    buffer_free(&out);
    return err;
}

static void a_range_does_not_run_backwards_or_out_of_bounds(void **state)
{
    (void)state;
    assert_int_equal(range_with(1, 1), ERR_OK);
    assert_int_equal(range_with(1, LIMIT_NUMBER), ERR_OK);
    assert_int_equal(range_with(LIMIT_NUMBER, LIMIT_NUMBER), ERR_OK);
    assert_int_equal(range_with(0, 1), ERR_FORMAT);
    assert_int_equal(range_with(2, 1), ERR_FORMAT);
    assert_int_equal(range_with(1, LIMIT_NUMBER + 1), ERR_FORMAT);
    assert_int_equal(range_with(LIMIT_NUMBER + 1, LIMIT_NUMBER + 1), ERR_FORMAT);
    assert_int_equal(range_with(1, UINT64_MAX), ERR_FORMAT);
}

static void bundles_come_back_as_they_were_written(void **state)
{
    static const struct {
        uint8_t flags;
        const char *frame;
        enum err wanted;
    } cases[] = {
        {0, "a frame", ERR_OK}, {MESSAGE_LAST, "", ERR_OK}, {MESSAGE_AFTER, "a frame", ERR_OK},
        {3, "", ERR_OK},        {4, "", ERR_FORMAT},        {0x81, "", ERR_FORMAT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out = BUFFER(KIB(1));
        struct message_bundle bundle;

        message_write_bundle(&out, UINT32_C(0x01020304), cases[i].flags, bytes_text(cases[i].frame));
        assert_int_equal(message_read_bundle(buffer_bytes(&out), &bundle), cases[i].wanted);
        if (!cases[i].wanted) {
            assert_int_equal(bundle.request, UINT32_C(0x01020304));
            assert_int_equal(bundle.flags, cases[i].flags);
            assert_true(bytes_equal(bundle.frame, bytes_text(cases[i].frame)));
        }
        for (size_t len = 0; len < 5; len++)
            assert_int_equal(message_read_bundle(bytes_of(out.at, len), &bundle), ERR_FORMAT);
        buffer_free(&out);
    }
}

static void refusals_come_back_with_their_cause(void **state)
{
    static const enum message_refusal causes[] = {MESSAGE_REFUSED_USED, MESSAGE_REFUSED_STRANGER,
                                                  MESSAGE_REFUSED_WAITING, MESSAGE_REFUSED_REVOKED};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct buffer out = BUFFER(KIB(1));
        struct bytes text;
        enum message_refusal cause;

        message_write_refused(&out, causes[i], "ההזמנה נוצלה");
        assert_int_equal(out.at[0], i + 1);
        assert_int_equal(message_read_refused(buffer_bytes(&out), &cause, &text), ERR_OK);
        assert_int_equal(cause, causes[i]);
        assert_true(bytes_equal(text, bytes_text("ההזמנה נוצלה")));
        buffer_free(&out);
    }
}

static enum err refused_with(size_t len, struct bytes *text)
{
    static uint8_t body[1 + LIMIT_NAME + 1];
    enum message_refusal cause;

    body[0] = MESSAGE_REFUSED_USED;
    memset(body + 1, 'x', sizeof body - 1);
    return message_read_refused(bytes_of(body, 1 + len), &cause, text);
}

static void a_refusal_says_no_more_than_a_line(void **state)
{
    struct bytes text;
    enum message_refusal cause;

    (void)state;
    assert_int_equal(refused_with(LIMIT_NAME, &text), ERR_OK);
    assert_int_equal(text.len, LIMIT_NAME);
    assert_int_equal(refused_with(LIMIT_NAME + 1, &text), ERR_FORMAT);
    assert_int_equal(refused_with(0, &text), ERR_OK);
    assert_int_equal(text.len, 0);
    assert_int_equal(message_read_refused(bytes_of(NULL, 0), &cause, &text), ERR_FORMAT);
    assert_int_equal(message_read_refused(bytes_text("\1\033[2J"), &cause, &text), ERR_OK); /* Left out whole. */
    assert_int_equal(text.len, 0);
    assert_int_equal(message_read_refused(bytes_text("\5"), &cause, &text), ERR_OK); /* Of a later version. */
    assert_int_equal(cause, MESSAGE_REFUSED_STRANGER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_come_back_as_they_were_written),
        cmocka_unit_test(a_lean_push_comes_back_as_it_was_written),
        cmocka_unit_test(a_lean_push_that_rests_on_nothing_is_refused),
        cmocka_unit_test(roots_of_another_size_are_refused),
        cmocka_unit_test(items_of_a_vector_come_back_one_by_one),
        cmocka_unit_test(a_cut_item_is_refused_and_nothing_taken),
        cmocka_unit_test(an_item_s_numbers_are_within_bounds),
        cmocka_unit_test(wants_come_back_as_they_were_written_up_to_the_limit),
        cmocka_unit_test(one_range_more_than_the_limit_is_refused),
        cmocka_unit_test(a_cut_want_is_refused),
        cmocka_unit_test(a_range_does_not_run_backwards_or_out_of_bounds),
        cmocka_unit_test(bundles_come_back_as_they_were_written),
        cmocka_unit_test(refusals_come_back_with_their_cause),
        cmocka_unit_test(a_refusal_says_no_more_than_a_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
