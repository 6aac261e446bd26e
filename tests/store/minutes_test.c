/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/minutes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

/* "a agenda item|d decision|" in their order. */
static void expect(const char *markdown, const char *parts)
{
    struct minutes minutes;
    struct buffer seen = BUFFER(1 << 20);

    assert_int_equal(minutes_read(bytes_text(markdown), &minutes), ERR_OK);
    for (size_t i = 0; i < minutes.count; i++) {
        buffer_text(&seen, minutes.parts[i].is_decision ? "d " : "a ");
        buffer_add(&seen, minutes.parts[i].text);
        buffer_u8(&seen, '|');
    }
    buffer_u8(&seen, 0);
    assert_string_equal((const char *)seen.at, parts);
    buffer_free(&seen);
    minutes_free(&minutes);
}

static void headings_are_the_agenda_where_none_is_written(void **state)
{
    (void)state;
    expect("# פרוטוקול\n\nהאסיפה נפתחה.\n\n## 1. אישור הפרוטוקול\n\nאושר.\n\n## 2. מאזן\n\n### פירוט\n",
           "a אישור הפרוטוקול|a מאזן|");
    expect("", "");
    expect("רק טקסט\n", "");
}

static void a_written_agenda_is_the_agenda(void **state)
{
    (void)state;
    expect("## על סדר היום\n\n1. מים\n2) חשמל\n   ותאורה\n- גדר\n\n## דיון\n\n- לא סעיף\n",
           "a מים|a חשמל ותאורה|a גדר|");
    expect("## סדר היום:\n\n### מים\n\nדיון.\n\n### חשמל\n\n## שונות\n", "a מים|a חשמל|");
    expect("## Agenda\n- Water\n", "a Water|");
}

static void decisions_are_found_by_their_word(void **state)
{
    (void)state;
    expect("**הוחלט:** לאשר את *המאזן*. בעד 79.\n", "d לאשר את המאזן. בעד 79.|");
    expect("**הוחלט**: לאשר\nואת השאר.\n", "d לאשר ואת השאר.|");
    expect("סוכם: ניפגש [כאן](https://a.example/b) ב\\*שעה.\n", "d ניפגש כאן ב*שעה.|");
    expect("הוחלט לתקן את הגדר.\n", "d הוחלט לתקן את הגדר.|");
    expect("- הוחלט: אחת\n- שתיים\n- הוחלט: שלוש\n", "d אחת|d שלוש|");
    expect("**Decided:** to join.\n", "d to join.|");
}

static void what_was_not_decided_is_no_decision(void **state)
{
    (void)state;
    expect("**לא הוחלט.** יחזור לסדר היום.\n", "");
    expect("לא סוכם דבר.\n\nNot decided: later.\n", "");
    expect("החלטה קשה הייתה לפנינו.\n\nהוחלטו דברים.\n\nAgreed sums were paid.\n", "");
    expect("```\nהוחלט: קוד\n```\n", "");
    expect("| הוחלט | טבלה |\n", "");
}

static void decisions_stand_in_a_list_of_their_own(void **state)
{
    (void)state;
    expect("## החלטות\n\n1. לאשר.\n2. לדחות.\n\nופסקה.\n\n## משימות\n\n- נועה\n",
           "d לאשר.|d לדחות.|d ופסקה.|a משימות|");
    expect("**הוחלט:**\n\n1. לאשר.\n2. לדחות.\n\nסוף.\n\n- לא זה\n", "d לאשר.|d לדחות.|");
}

static void long_ones_are_cut_between_characters_and_many_are_not_kept(void **state)
{
    struct minutes minutes;
    struct buffer text = BUFFER(1 << 20);

    (void)state;
    buffer_text(&text, "הוחלט: ");
    for (int i = 0; i < 1500; i++)
        buffer_text(&text, "א");
    for (int i = 0; i < 2 * MINUTES_PARTS; i++)
        buffer_text(&text, "\n\nהוחלט: ב");
    assert_int_equal(minutes_read(buffer_bytes(&text), &minutes), ERR_OK);
    assert_int_equal(minutes.count, MINUTES_PARTS);
    assert_int_equal(minutes.parts[0].text.len, MINUTES_PART_MAX);
    assert_int_equal(minutes.parts[0].text.at[MINUTES_PART_MAX - 2], 0xD7);
    minutes_free(&minutes);
    buffer_clear(&text);
    for (int i = 0; i < 20000; i++) /* A line without end. */
        buffer_text(&text, "מילה ");
    assert_int_equal(minutes_read(buffer_bytes(&text), &minutes), ERR_OK);
    assert_int_equal(minutes.count, 0);
    minutes_free(&minutes);
    buffer_free(&text);
}

static void outcomes_are_told_from_other_paragraphs(void **state)
{
    (void)state;
    assert_true(minutes_is_outcome(bytes_text("**הוחלט:** לאשר")));
    assert_true(minutes_is_outcome(bytes_text("לא הוחלט. יחזור")));
    assert_true(minutes_is_outcome(bytes_text("Decided: yes")));
    assert_false(minutes_is_outcome(bytes_text("")));
    assert_false(minutes_is_outcome(bytes_text("החלטה קשה")));
    assert_false(minutes_is_outcome(bytes_text("הוחלטו")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headings_are_the_agenda_where_none_is_written),
        cmocka_unit_test(a_written_agenda_is_the_agenda),
        cmocka_unit_test(decisions_are_found_by_their_word),
        cmocka_unit_test(what_was_not_decided_is_no_decision),
        cmocka_unit_test(decisions_stand_in_a_list_of_their_own),
        cmocka_unit_test(long_ones_are_cut_between_characters_and_many_are_not_kept),
        cmocka_unit_test(outcomes_are_told_from_other_paragraphs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
