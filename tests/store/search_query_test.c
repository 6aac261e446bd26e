/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/search_query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* The parts, each as -FIELD:"text" with what applies of it. */
static const char *parts(const char *typed)
{
    static const char *const names[] = {"", "kind:", "kibbutz:", "body:", "year:", "person:", "state:"};
    static char out[2000];
    struct search_query query;
    size_t len = 0;

    search_query_read(bytes_text(typed), &query);
    out[0] = '\0';
    for (size_t i = 0; i < query.count; i++) {
        const struct search_part *part = &query.parts[i];
        const char *mark = part->is_phrase ? "\"" : "";
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%s%s%s%.*s%s", i > 0 ? " " : "",
                                part->is_excluded ? "-" : "", names[part->field], mark, (int)part->text.len,
                                (const char *)part->text.at, mark);
    }
    return out;
}

static void words_are_parts(void **state)
{
    (void)state;
    assert_string_equal(parts("מכסות מים"), "מכסות מים");
    assert_string_equal(parts("  a\t\nb  "), "a b");
    assert_string_equal(parts(""), "");
}

static void marks_make_phrases(void **state)
{
    (void)state;
    assert_string_equal(parts("\"ועד הנהלה\" מים"), "\"ועד הנהלה\" מים");
    assert_string_equal(parts("״ועד הנהלה״"), "\"ועד הנהלה\"");
    assert_string_equal(parts("“a b”"), "\"a b\"");
    assert_string_equal(parts("\"ועדת צח\"י אזורית\""), "\"ועדת צח\"י אזורית\"");
}

static void marks_within_words_are_theirs(void **state)
{
    (void)state;
    assert_string_equal(parts("צח\"י חוה״ד"), "צח\"י חוה״ד");
    assert_string_equal(parts("תק\"צ"), "תק\"צ");
}

static void what_is_not_closed_means_nothing(void **state)
{
    (void)state;
    assert_string_equal(parts("\"ועד הנהלה"), "\"ועד הנהלה");
    assert_string_equal(parts("\"\" \" -"), "");
    assert_string_equal(parts("kind: body:\"\""), "");
    assert_string_equal(parts("* ? ( ) ^ ~ {}"), "");
    assert_string_equal(parts("NEAR(a b) OR NOT"), "NEAR(a b) OR NOT");
}

static void a_minus_leaves_out(void **state)
{
    (void)state;
    assert_string_equal(parts("מים -גינון -\"דגי נוי\""), "מים -גינון -\"דגי נוי\"");
    assert_string_equal(parts("בית-ספר -5 - מים"), "בית-ספר -5 מים");
}

static void fields_have_names(void **state)
{
    (void)state;
    assert_string_equal(parts("סוג:החלטה KIND:minutes"), "kind:החלטה kind:minutes");
    assert_string_equal(parts("קיבוץ:\"גבעת ארנון\" שנה:2018"), "kibbutz:\"גבעת ארנון\" year:2018");
    assert_string_equal(parts("אדם:נעמה -מצב:בטל גוף:מזכירות"), "person:נעמה -state:בטל body:מזכירות");
    assert_string_equal(parts("http://example.org 20:30"), "http://example.org 20:30");
}

static void too_much_is_not_read(void **state)
{
    char typed[4 * SEARCH_QUERY_SIZE_MAX + 1];
    struct search_query query;

    (void)state;
    for (size_t i = 0; i < sizeof typed - 1; i++)
        typed[i] = i % 2 ? ' ' : 'a';
    typed[sizeof typed - 1] = '\0';
    search_query_read(bytes_text(typed), &query);
    assert_int_equal(query.count, SEARCH_PARTS_MAX);
    memset(typed, 'a', sizeof typed - 1);
    search_query_read(bytes_text(typed), &query);
    assert_int_equal(query.count, 1);
    assert_int_equal(query.parts[0].text.len, SEARCH_QUERY_SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_parts),
        cmocka_unit_test(marks_make_phrases),
        cmocka_unit_test(marks_within_words_are_theirs),
        cmocka_unit_test(what_is_not_closed_means_nothing),
        cmocka_unit_test(a_minus_leaves_out),
        cmocka_unit_test(fields_have_names),
        cmocka_unit_test(too_much_is_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
