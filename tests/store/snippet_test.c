/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/snippet.h"

#include "proto/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct terms *asked, *read_terms;
static struct search_plan plan;

static void ask(const char *typed)
{
    struct search_query query;

    search_query_read(bytes_text(typed), &query);
    assert_int_equal(search_plan_make(&plan, &query, asked, NULL, (struct search_names){.count = 0}), ERR_OK);
}

/* The snippet with what was found in brackets. */
static const char *show(const char *text)
{
    static char out[4 * SNIPPET_SIZE_MAX];
    struct snippet snippet;
    size_t at = 0, len = 0;

    snippet_make(&plan, read_terms, bytes_text(text), &snippet);
    assert_true(snippet.len < sizeof snippet.text && text_is_utf8(bytes_of(snippet.text, snippet.len)));
    for (size_t i = 0; i < snippet.mark_count; i++) {
        struct snippet_mark mark = snippet.marks[i];

        assert_true(mark.at >= at && mark.at + mark.len <= snippet.len);
        len += (size_t)snprintf(out + len, sizeof out - len, "%.*s", (int)(mark.at - at), snippet.text + at);
        len += (size_t)snprintf(out + len, sizeof out - len, "[%.*s]", (int)mark.len, snippet.text + mark.at);
        at = mark.at + mark.len;
    }
    (void)snprintf(out + len, sizeof out - len, "%.*s", (int)(snippet.len - at), snippet.text + at);
    return out;
}

static void what_was_found_is_marked_in_all_forms(void **state)
{
    (void)state;
    ask("אסיפה");
    assert_string_equal(show("הוחלט באסיפות החברים"), "הוחלט [באסיפות] החברים");
    assert_string_equal(show("אין כאן דבר"), "אין כאן דבר");
    assert_string_equal(show(""), "");
}

static void markup_is_left_out_and_nothing_becomes_markup(void **state)
{
    (void)state;
    ask("אסיפה");
    assert_string_equal(show("# כותרת\n\n**האסיפה** | [קישור](x)\n---\n> סוף"), "[האסיפה] קישור (x) סוף");
    assert_string_equal(show("אסיפה <script>alert(1)</script>"), "[אסיפה] <script alert(1)</script");
}

static void a_long_text_is_cut_around_what_was_found(void **state)
{
    char text[4000] = "";
    const char *shown;

    (void)state;
    for (int i = 0; i < 100; i++)
        strncat(text, "מילים רבות ", sizeof text - strlen(text) - 1);
    strncat(text, "אסיפה ", sizeof text - strlen(text) - 1);
    for (int i = 0; i < 60; i++)
        strncat(text, "ועוד מילה ", sizeof text - strlen(text) - 1);
    ask("אסיפה");
    shown = show(text);
    assert_non_null(strstr(shown, "[אסיפה]"));
    assert_int_equal(strncmp(shown, "…", 3), 0);
    assert_string_equal(shown + strlen(shown) - 3, "…");
    assert_true(strlen(shown) < SNIPPET_SIZE_MAX + 16);
}

static void the_first_place_with_all_as_typed_is_shown(void **state)
{
    char text[6000] = "";

    (void)state;
    strcat(text, "על אסיפות דובר. ");
    for (int i = 0; i < 60; i++)
        strcat(text, "ועוד מילה ");
    strcat(text, "כך קבעה אסיפה על תקציב השנה והאסיפה ");
    for (int i = 0; i < 100; i++)
        strcat(text, "ועוד מילה ");
    strcat(text, "אסיפה תקציב אסיפה תקציב אסיפה תקציב");
    ask("אסיפה תקציב");
    assert_non_null(strstr(show(text), "כך קבעה [אסיפה] על [תקציב] השנה [והאסיפה] ועוד"));
    ask("אסיפה השנה תקציב"); /* Never together as typed at the end: the one place that has all three. */
    assert_non_null(strstr(show(text), "קבעה [אסיפה] על [תקציב] [השנה]"));
    ask("דובר אסיפה תקציב"); /* All three nowhere: the heaviest of what there is, to the very end. */
    assert_non_null(strstr(show(text), "[אסיפה] [תקציב] [אסיפה] [תקציב]"));
}

static void controls_and_turns_of_direction_are_dropped(void **state)
{
    (void)state;
    ask("מים");
    assert_string_equal(show("א\x1b[31m \xe2\x80\xaeמים\xe2\x80\xac ב"), "א 31m [מים] ב");
}

static void a_phrase_is_words_one_after_the_other(void **state)
{
    (void)state;
    ask("\"ועד הנהלה\"");
    assert_true(snippet_has_phrase(&plan.units[0], bytes_text("כך קבע ועד־הנהלה.")));
    assert_true(snippet_has_phrase(&plan.units[0], bytes_text("שבוועד הנהלה ושבועד הנהלה")));
    assert_false(snippet_has_phrase(&plan.units[0], bytes_text("ועד הפועל הנהלה")));
    assert_false(snippet_has_phrase(&plan.units[0], bytes_text("הנהלה ועד")));
    assert_false(snippet_has_phrase(&plan.units[0], bytes_text("ועד")));
}

static void a_title_is_marked_where_it_stands(void **state)
{
    struct snippet_mark marks[SNIPPET_MARKS_MAX];

    (void)state;
    ask("מכסות מים");
    assert_int_equal(snippet_mark_line(&plan, read_terms, bytes_text("על המים"), marks), 1);
    assert_int_equal(marks[0].at, strlen("על "));
    assert_int_equal(marks[0].len, strlen("המים"));
}

static int begin(void **state)
{
    (void)state;
    asked = terms_new(1000);
    read_terms = terms_new(1000);
    return asked && read_terms ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    terms_free(asked);
    terms_free(read_terms);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_found_is_marked_in_all_forms),
        cmocka_unit_test(markup_is_left_out_and_nothing_becomes_markup),
        cmocka_unit_test(a_long_text_is_cut_around_what_was_found),
        cmocka_unit_test(the_first_place_with_all_as_typed_is_shown),
        cmocka_unit_test(controls_and_turns_of_direction_are_dropped),
        cmocka_unit_test(a_phrase_is_words_one_after_the_other),
        cmocka_unit_test(a_title_is_marked_where_it_stands),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
