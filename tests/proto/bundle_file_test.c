/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/bundle_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/samples.h"

#define BODIES 4

static const char *const bodies[BODIES] = {"first frame", "", "IGFR IGFR in a body", "the last one of them"};

static struct buffer file_of(bool is_last)
{
    struct bundle_file_header header = {
        .network = sample_id(1), .from = sample_id(2), .to = sample_id(3), .clock_ms = 1234567890123, .part = 1};
    struct bundle_file_writer w;
    struct buffer out = BUFFER(KIB(4));

    bundle_file_begin(&w, &header, &out);
    assert_int_equal(out.len, BUNDLE_FILE_HEADER_LEN);
    for (size_t i = 0; i < BODIES; i++)
        bundle_file_add(&w, BUNDLE_FILE_BUNDLE, bytes_text(bodies[i]), &out);
    bundle_file_end(&w, is_last, &out);
    assert_int_equal(buffer_error(&out), ERR_OK);
    assert_int_equal(w.size, out.len);
    return out;
}

struct seen {
    bool is[BODIES];
    size_t frames, damaged;
    bool is_ended, is_whole, is_last, is_cut;
    enum err opened;
};

/* Reads it, handing over `step` bytes more whenever it asks. */
static struct seen read_it(struct bytes file, size_t step)
{
    struct id network = sample_id(1);
    struct bundle_file_reader r;
    struct seen seen = {.frames = 0};
    size_t header = file.len < BUNDLE_FILE_HEADER_LEN ? file.len : BUNDLE_FILE_HEADER_LEN, at = header, have = 0;

    seen.opened = bundle_file_open(&r, bytes_of(file.at, header), &network);
    for (;;) {
        bool is_all = at + have == file.len;

        switch (bundle_file_next(&r, bytes_of(file.at + at, have), is_all)) {
        case BUNDLE_FILE_MORE:
            assert_false(is_all);
            have = at + have + step < file.len ? have + step : file.len - at;
            break;
        case BUNDLE_FILE_FRAME:
            for (size_t i = 0; i < BODIES; i++)
                seen.is[i] = seen.is[i] || bytes_equal(r.body, bytes_text(bodies[i]));
            seen.frames++;
            break;
        case BUNDLE_FILE_DAMAGED: seen.damaged += r.used; break;
        case BUNDLE_FILE_ENDED:
            seen.is_ended = true;
            seen.is_whole = r.is_whole;
            seen.is_last = r.is_last;
            return seen;
        case BUNDLE_FILE_CUT: seen.is_cut = true; return seen;
        }
        assert_true(r.used <= have);
        at += r.used;
        have -= r.used;
    }
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    for (int is_last = 0; is_last < 2; is_last++)
        for (size_t step = 1; step < 400; step += 13) {
            struct buffer file = file_of(is_last == 1);
            struct seen seen = read_it(buffer_bytes(&file), step);

            assert_int_equal(seen.opened, ERR_OK);
            assert_int_equal(seen.frames, BODIES);
            for (size_t i = 0; i < BODIES; i++)
                assert_true(seen.is[i]);
            assert_true(seen.is_ended && seen.is_whole && !seen.is_cut);
            assert_int_equal(seen.is_last, is_last == 1);
            assert_int_equal(seen.damaged, 0);
            buffer_free(&file);
        }
}

static void header_tells_of_itself(void **state)
{
    struct buffer file = file_of(true);
    struct id network = sample_id(1), other = sample_id(9), to = sample_id(3);
    struct bundle_file_reader r;

    (void)state;
    assert_int_equal(bundle_file_open(&r, bytes_of(file.at, BUNDLE_FILE_HEADER_LEN), &network), ERR_OK);
    assert_true(id_equal(&r.header.to, &to));
    assert_int_equal(r.header.clock_ms, 1234567890123);
    assert_int_equal(r.header.part, 1);
    assert_int_equal(bundle_file_open(&r, bytes_of(file.at, BUNDLE_FILE_HEADER_LEN), &other), ERR_NETWORK);
    file.at[8]++;
    assert_int_equal(bundle_file_open(&r, bytes_of(file.at, BUNDLE_FILE_HEADER_LEN), &network), ERR_VERSION);
    file.at[0]++;
    assert_int_equal(bundle_file_open(&r, bytes_of(file.at, BUNDLE_FILE_HEADER_LEN), &network), ERR_FORMAT);
    buffer_free(&file);
}

/* Row 51: whichever byte is altered, every other frame comes, nothing that was not written does, and it is told. */
static void attack_51_stick_altered_byte_costs_one_frame(void **state)
{
    struct buffer file = file_of(true);

    (void)state;
    for (size_t at = 0; at < file.len; at++)
        for (int bit = 0; bit < 8; bit++) {
            struct seen seen;
            size_t own = 0;

            file.at[at] ^= (uint8_t)(1u << bit);
            seen = read_it(buffer_bytes(&file), 64);
            for (size_t i = 0; i < BODIES; i++)
                own += seen.is[i];
            assert_int_equal(own, seen.frames);
            assert_true(own >= BODIES - 1);
            assert_false(seen.is_ended && seen.is_whole);
            file.at[at] ^= (uint8_t)(1u << bit);
        }
    buffer_free(&file);
}

static void attack_51_stick_cut_file_gives_its_whole_frames(void **state)
{
    struct buffer file = file_of(true);
    size_t before = 0;

    (void)state;
    for (size_t len = 0; len < file.len; len++) {
        struct seen seen = read_it(bytes_of(file.at, len), 50);

        assert_true(seen.is_cut && !seen.is_ended);
        assert_true(seen.frames >= before && seen.frames <= before + 1);
        before = seen.frames;
    }
    assert_int_equal(before, BODIES);
    buffer_free(&file);
}

/* A frame that claims more than there may be, or more than there is, hides none of those behind it. */
static void attack_51_stick_lying_length_hides_nothing(void **state)
{
    struct buffer file = file_of(true), lying = BUFFER(KIB(8));
    static const uint8_t huge[] = {'I', 'G', 'F', 'R', 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0};
    static const uint8_t large[] = {'I', 'G', 'F', 'R', 2, 0, 0x40, 0, 0, 1, 2, 3};
    struct seen seen;

    (void)state;
    buffer_add(&lying, bytes_of(file.at, BUNDLE_FILE_HEADER_LEN));
    buffer_add(&lying, bytes_of(huge, sizeof huge));
    buffer_add(&lying, bytes_of(large, sizeof large));
    buffer_add(&lying, bytes_from(buffer_bytes(&file), BUNDLE_FILE_HEADER_LEN));
    seen = read_it(buffer_bytes(&lying), 100);
    assert_int_equal(seen.frames, BODIES);
    assert_int_equal(seen.damaged, sizeof huge + sizeof large);
    assert_true(seen.is_ended && !seen.is_whole);
    buffer_free(&file);
    buffer_free(&lying);
}

/* Each of a hundred thousand beginnings claims four MiB: what that costs is bounded, and the file comes to its end. */
static void attack_51_stick_many_false_frames_cost_little(void **state)
{
    static const uint8_t large[] = {'I', 'G', 'F', 'R', 2, 0, 0x3f, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    struct buffer file = file_of(true), lying = BUFFER(MIB(16));
    struct id network = sample_id(1);
    struct bundle_file_reader r;
    enum bundle_file_event event = BUNDLE_FILE_MORE;
    struct bytes rest;
    size_t events = 0;

    (void)state;
    buffer_add(&lying, bytes_of(file.at, BUNDLE_FILE_HEADER_LEN));
    while (lying.len < MIB(9))
        buffer_add(&lying, bytes_of(large, sizeof large));
    rest = buffer_bytes(&lying);
    (void)bundle_file_open(&r, bytes_of(rest.at, BUNDLE_FILE_HEADER_LEN), &network);
    rest = bytes_from(rest, BUNDLE_FILE_HEADER_LEN);
    while (event != BUNDLE_FILE_CUT) {
        event = bundle_file_next(&r, rest, true);
        rest = bytes_from(rest, r.used);
        events++;
    }
    assert_true(r.wasted < 40 * BUNDLE_FILE_BODY);
    assert_true(events > 10);
    buffer_free(&file);
    buffer_free(&lying);
}

static void largest_frame_fits_the_window(void **state)
{
    struct bundle_file_header header = {.network = sample_id(1), .part = 1};
    struct buffer out = BUFFER(BUNDLE_FILE_WINDOW + KIB(1)), body = BUFFER(BUNDLE_FILE_BODY);
    struct bundle_file_writer w;
    struct seen seen;

    (void)state;
    assert_non_null(buffer_extend(&body, BUNDLE_FILE_BODY));
    memset(body.at, 'I', body.len);
    bundle_file_begin(&w, &header, &out);
    bundle_file_add(&w, BUNDLE_FILE_BUNDLE, buffer_bytes(&body), &out);
    bundle_file_end(&w, true, &out);
    seen = read_it(buffer_bytes(&out), KIB(512));
    assert_int_equal(seen.frames, 1);
    assert_true(seen.is_whole);
    out.at[BUNDLE_FILE_HEADER_LEN + 100]++; /* As many false beginnings as there may be: still one pass. */
    seen = read_it(buffer_bytes(&out), KIB(512));
    assert_int_equal(seen.frames, 0);
    assert_true(seen.is_ended && !seen.is_whole);
    buffer_free(&out);
    buffer_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(header_tells_of_itself),
        cmocka_unit_test(attack_51_stick_altered_byte_costs_one_frame),
        cmocka_unit_test(attack_51_stick_cut_file_gives_its_whole_frames),
        cmocka_unit_test(attack_51_stick_lying_length_hides_nothing),
        cmocka_unit_test(attack_51_stick_many_false_frames_cost_little),
        cmocka_unit_test(largest_frame_fits_the_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
