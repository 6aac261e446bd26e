/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/changes.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include "proto/buffer.h"

struct told {
    struct buffer script, before, after;
    size_t removed, added;
};

static void note(void *context, enum changes_kind kind, struct bytes line)
{
    static const char marks[] = {[CHANGES_SAME] = ' ', [CHANGES_REMOVED] = '-', [CHANGES_ADDED] = '+'};
    struct told *told = context;

    buffer_u8(&told->script, (uint8_t)marks[kind]);
    buffer_add(&told->script, line);
    buffer_u8(&told->script, '\n');
    if (kind != CHANGES_ADDED) {
        buffer_add(&told->before, line);
        buffer_u8(&told->before, '\n');
    }
    if (kind != CHANGES_REMOVED) {
        buffer_add(&told->after, line);
        buffer_u8(&told->after, '\n');
    }
    told->removed += kind == CHANGES_REMOVED;
    told->added += kind == CHANGES_ADDED;
}

static struct told told_of(const char *before, const char *after)
{
    struct told told = {BUFFER(1 << 20), BUFFER(1 << 20), BUFFER(1 << 20), 0, 0};

    assert_int_equal(changes_each(bytes_text(before), bytes_text(after), note, &told), ERR_OK);
    return told;
}

static void forget(struct told *told)
{
    buffer_free(&told->script);
    buffer_free(&told->before);
    buffer_free(&told->after);
}

static void assert_script(const char *before, const char *after, const char *script)
{
    struct told told = told_of(before, after);

    buffer_u8(&told.script, 0);
    assert_string_equal(told.script.at, script);
    forget(&told);
}

static void equal_texts_have_no_changes(void **state)
{
    (void)state;
    assert_script("", "", "");
    assert_script("a\nb\n", "a\nb\n", " a\n b\n");
    assert_script("a\r\nb", "a\nb\n", " a\n b\n");
}

static void lines_are_told_as_removed_and_added(void **state)
{
    (void)state;
    assert_script("", "a\n", "+a\n");
    assert_script("a\n", "", "-a\n");
    assert_script("a\nb\nc\n", "a\nx\nc\n", " a\n-b\n+x\n c\n");
    assert_script("a\nb\nc\n", "a\nc\n", " a\n-b\n c\n");
    assert_script("a\nc\n", "a\nb\nc\n", " a\n+b\n c\n");
    assert_script("a\nb\nc\nd\n", "b\nc\nx\nd\n", "-a\n b\n c\n+x\n d\n");
}

/* Myers's own example: five changes, and no fewer. */
static void the_fewest_lines_change(void **state)
{
    struct told told = told_of("a\nb\nc\na\nb\nb\na\n", "c\nb\na\nb\na\nc\n");

    (void)state;
    assert_int_equal(told.removed + told.added, 5);
    forget(&told);
}

/* Whatever is told, taking it as one side or the other gives back the two texts. */
static void what_is_told_gives_both_texts_back(void **state)
{
    uint32_t random = 7;

    (void)state;
    for (int round = 0; round < 300; round++) {
        char texts[2][64] = {"", ""};

        for (int side = 0; side < 2; side++)
            for (size_t i = 0; i < (random >> 8) % 15; i++) {
                random = random * 1664525 + 1013904223;
                texts[side][2 * i] = (char)('a' + (random >> 24) % 3);
                texts[side][2 * i + 1] = '\n';
            }
        struct told told = told_of(texts[0], texts[1]);
        assert_true(bytes_equal(buffer_bytes(&told.before), bytes_text(texts[0])));
        assert_true(bytes_equal(buffer_bytes(&told.after), bytes_text(texts[1])));
        forget(&told);
        random = random * 1664525 + 1013904223;
    }
}

static void too_many_changes_are_told_whole(void **state)
{
    size_t lines = CHANGES_MAX;
    char *before = calloc(lines * 2 + 8, 1), *after = calloc(lines * 2 + 8, 1);

    (void)state;
    assert_non_null(before);
    assert_non_null(after);
    for (size_t i = 0; i < lines; i++) {
        memcpy(before + 2 * i, "a\n", 2);
        memcpy(after + 2 * i, "b\n", 2);
    }
    memcpy(before + 2 * lines, "end\n", 4);
    memcpy(after + 2 * lines, "end\n", 4);
    struct told told = told_of(before, after);
    assert_int_equal(told.removed, lines);
    assert_int_equal(told.added, lines);
    assert_true(bytes_equal(buffer_bytes(&told.before), bytes_text(before)));
    forget(&told);
    free(before);
    free(after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_have_no_changes),     cmocka_unit_test(lines_are_told_as_removed_and_added),
        cmocka_unit_test(the_fewest_lines_change),         cmocka_unit_test(what_is_told_gives_both_texts_back),
        cmocka_unit_test(too_many_changes_are_told_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
