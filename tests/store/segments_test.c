/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/segments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/bundle.h"
#include "proto/limits.h"
#include "store/files.h"
#include "tests/support/home.h"
#include "tests/support/scribe.h"

struct world {
    struct home directory;
    char home[160];
    struct segments *s;
    uint64_t number; /* Of the last one. */
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    w->directory = home_make();
    snprintf(w->home, sizeof w->home, "%s", w->directory.path);
    assert_int_equal(segments_open(w->home, &w->s), ERR_OK);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    segments_close(w->s);
    home_remove(&w->directory);
    free(w);
    return 0;
}

static struct id log_of(uint8_t first)
{
    return (struct id){.at = {first}};
}

static void reopen(struct world *w)
{
    segments_close(w->s);
    assert_int_equal(segments_open(w->home, &w->s), ERR_OK);
}

static void add(struct world *w, uint8_t log, uint64_t from, uint64_t to, const char *frame)
{
    const struct replica_run runs[] = {{log_of(log), from, to}, {log_of(9), from, to}};

    assert_int_equal(segments_add(w->s, runs, 2, bytes_text(frame), &w->number), ERR_OK);
}

static void assert_frame(struct world *w, uint8_t log, uint64_t from, const char *expected)
{
    struct buffer frame = BUFFER(LIMIT_BUNDLE);
    struct segment segment;
    struct id id = log_of(log);

    assert_true(segments_find(w->s, &id, from, &segment));
    assert_int_equal(segments_read(w->s, &segment, &frame), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&frame), bytes_text(expected)));
    buffer_free(&frame);
}

static void what_is_kept_is_found_again(void **state)
{
    struct world *w = *state;
    struct id one = log_of(1), other = log_of(2);
    struct segment segment;

    add(w, 1, 1, 10, "frame");
    add(w, 1, 11, 15, "second");
    for (int again = 0; again < 2; again++) {
        assert_frame(w, 1, 1, "frame");
        assert_frame(w, 9, 1, "frame");
        assert_frame(w, 1, 11, "second");
        assert_false(segments_find(w->s, &one, 2, &segment));
        assert_false(segments_find(w->s, &other, 1, &segment));
        assert_int_equal(segments_until(w->s, &one), 15);
        assert_int_equal(segments_until(w->s, &other), 0);
        assert_int_equal(segments_entries(w->s), 30);
        reopen(w);
    }
}

static void what_holds_an_erased_content_is_dropped(void **state)
{
    struct world *w = *state;
    struct id one = log_of(1);
    struct segment segment;

    add(w, 1, 1, 10, "frame");
    add(w, 1, 11, 15, "second");
    segments_drop(w->s, &one, 10);
    for (int again = 0; again < 2; again++) {
        assert_false(segments_find(w->s, &one, 1, &segment));
        assert_frame(w, 1, 11, "second");
        reopen(w);
    }
    assert_int_equal(home_run("test $(ls %s/segments | wc -l) = 1", w->home), 0);
}

static void what_is_to_be_made_again_is_forgotten(void **state)
{
    struct world *w = *state;
    struct id one = log_of(1);
    struct segment segment;

    add(w, 1, 1, 10, "frame");
    add(w, 1, 11, 15, "second");
    segments_forget(w->s, w->number);
    segments_forget(w->s, w->number);
    assert_int_equal(segments_until(w->s, &one), 10);
    add(w, 1, 11, 20, "third");
    reopen(w);
    assert_frame(w, 1, 1, "frame");
    assert_frame(w, 1, 11, "third");
    assert_true(segments_find(w->s, &one, 11, &segment));
    assert_int_equal(segment.number, w->number);
}

static void a_damaged_frame_is_never_sent(void **state)
{
    struct world *w = *state;
    struct id one = log_of(1);
    struct segment segment;
    struct buffer frame = BUFFER(LIMIT_BUNDLE);

    add(w, 1, 1, 10, "frame");
    assert_int_equal(home_run("f=$(ls %s/segments/*); printf X | dd of=$f bs=1 seek=$(($(stat -c %%s $f) - 6)) "
                              "conv=notrunc status=none",
                              w->home),
                     0);
    reopen(w);
    assert_true(segments_find(w->s, &one, 1, &segment));
    assert_int_equal(segments_read(w->s, &segment, &frame), ERR_AUTH);
    assert_int_equal(frame.len, 0);
    assert_false(segments_find(w->s, &one, 1, &segment));
}

static void a_damaged_head_or_another_file_is_removed(void **state)
{
    struct world *w = *state;

    add(w, 1, 1, 10, "frame");
    assert_int_equal(home_run("f=$(ls %s/segments/*); printf X | dd of=$f bs=1 seek=20 conv=notrunc status=none; "
                              "echo x >$(dirname $f)/tmp_igum_x; echo x >$(dirname $f)/00000000000000ff",
                              w->home),
                     0);
    reopen(w);
    assert_int_equal(segments_entries(w->s), 0);
    assert_int_equal(home_run("test -z \"$(ls -A %s/segments)\"", w->home), 0);
}

/* ---- gathering ---- */

#define TEXT KIB(60)

static struct archive *archive_with(struct world *w, struct scribe *scribe, size_t count)
{
    static char text[TEXT];
    struct id network = log_of(7);
    struct archive *a;

    memset(text, 'x', sizeof text);
    assert_int_equal(archive_create(w->home, &network), ERR_OK);
    assert_int_equal(archive_open(w->home, ARCHIVE_WRITE, &a), ERR_OK);
    scribe_begin(scribe, &network, 1, ROLE_COORDINATOR);
    for (size_t i = 0; i < count; i++) {
        struct scribe_item made;

        scribe_publish(scribe, bytes_of((uint8_t *)text, sizeof text), &made);
        assert_int_equal(archive_append(a, &made.item, 1), ERR_OK);
        scribe_item_free(&made);
    }
    return a;
}

static void a_segment_is_gathered_of_what_there_is(void **state)
{
    struct world *w = *state;
    struct scribe scribe;
    struct archive *a = archive_with(w, &scribe, 70);
    struct replica_run wanted = {.log = scribe.head.log, .from = 1, .to = 20};
    struct segment_draft draft;
    struct bundle_reader reader;
    struct bundle_record record;
    struct id network = archive_network(a);
    uint64_t entries = 0;

    assert_int_equal(segment_gather(a, &wanted, 0, &draft), ERR_MISSING);
    segment_draft_free(&draft);
    assert_int_equal(segment_gather(a, &wanted, 1, &draft), ERR_OK);
    assert_false(draft.is_full);
    assert_int_equal(draft.runs[0].to, 20);
    segment_draft_free(&draft);
    wanted.to = 70;
    assert_int_equal(segment_gather(a, &wanted, 1, &draft), ERR_OK);
    assert_true(draft.is_full);
    assert_int_equal(draft.count, 1);
    assert_int_equal(draft.runs[0].from, 1);
    assert_in_range(draft.runs[0].to, 50, 60);
    assert_int_equal(bundle_open(&reader, buffer_bytes(&draft.plain), &network), ERR_OK);
    while (bundle_next(&reader, &record) == ERR_OK && record.kind != BUNDLE_END)
        entries += record.kind == BUNDLE_ENTRY;
    assert_int_equal(entries, draft.runs[0].to);
    segment_draft_free(&draft);
    archive_close(a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_kept_is_found_again),
        TEST(what_holds_an_erased_content_is_dropped),
        TEST(what_is_to_be_made_again_is_forgotten),
        TEST(a_damaged_frame_is_never_sent),
        TEST(a_damaged_head_or_another_file_is_removed),
        TEST(a_segment_is_gathered_of_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
