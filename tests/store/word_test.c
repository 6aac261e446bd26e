/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/word.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* The forms of all words of a text, parted by spaces, letters of one byte as UTF-8. */
static const char *forms(const char *text)
{
    static char out[1000];
    struct word_reader reader = word_reader(bytes_text(text));
    struct word word;
    size_t len = 0;

    while (word_next(&reader, &word)) {
        assert_true(word.range.at >= (const uint8_t *)text && word.form.len <= WORD_SIZE_MAX);
        if (len > 0)
            out[len++] = ' ';
        for (size_t i = 0; i < word.form.len; i++) {
            if (word.kind == WORD_HEBREW) {
                out[len++] = (char)0xd7;
                out[len++] = (char)(word.form.at[i] - 0x50);
            } else
                out[len++] = (char)word.form.at[i];
        }
    }
    out[len] = '\0';
    return out;
}

static void points_are_dropped_and_finals_folded(void **state)
{
    (void)state;
    assert_string_equal(forms("הַחְלָטָה בְּאֲסֵפַת חֲבֵרִים"), "החלטה באספת חברימ");
    assert_string_equal(forms("שָׁלוֹם עוֹלָם"), "שלומ עולמ");
    assert_string_equal(forms("שׁלוֹם ײִדיש װאַרשע"), "שלומ יידיש ווארשע");
}

static void quotation_marks_belong_to_a_word_only_within_it(void **state)
{
    (void)state;
    assert_string_equal(forms("תק״צ ח\"כ צה''ל חוה”ד"), "תקצ חכ צהל חוהד");
    assert_string_equal(forms("צ'ק ג׳ירפה רח' הרצל"), "צק גירפה רח הרצל");
    assert_string_equal(forms("\"ועד הנהלה\", אמר"), "ועד הנהלה אמר");
    assert_string_equal(forms("don't \"quote\" it"), "dont quote it");
}

static void maqaf_and_hyphen_part_words(void **state)
{
    (void)state;
    assert_string_equal(forms("תל־אביב בית-ספר ה-GIS הGIS"), "תל אביב בית ספר ה gis ה gis");
    assert_string_equal(forms("ב־30% מ-2018"), "ב 30 מ 2018");
    assert_string_equal(forms("a_b dana@example.org"), "a b dana example org");
}

static void latin_is_lower_case_without_marks(void **state)
{
    (void)state;
    assert_string_equal(forms("ÉCOLE Straße Łódź Œuvre naïve"), "ecole strasse lodz oeuvre naive");
    assert_string_equal(forms("cafe\xcc\x81 ПРИВЕТ Ελλάδα"), "cafe привет ελλάδα");
}

static void numbers_have_one_form(void **state)
{
    (void)state;
    assert_string_equal(forms("9/18 09/18 9.18 9-18"), "9/18 9/18 9/18 9/18");
    assert_string_equal(forms("1.5.2018 01/05/2018 2018-05-01 1.5.18"), "1/5/2018 1/5/2018 1/5/2018 1/5/2018");
    assert_string_equal(forms("1,250 1,250,000 12,50 1,2345"), "1250 1250000 12/50 1/2345");
    assert_string_equal(forms("052-1234567, 04-999-9999."), "0521234567 049999999");
    assert_string_equal(forms("20:30 3.5 1.2.3.4.5"), "20/30 3/5 1.2.3.4.5");
    assert_string_equal(forms("4x4 A4 covid19"), "4x4 a4 covid19");
}

static void invisible_characters_part_no_word(void **state)
{
    (void)state;
    assert_string_equal(forms("של\xe2\x80\x8fום מיל\xc2\xad" "ה"), "שלומ מילה");
}

static void what_is_no_text_parts_words(void **state)
{
    (void)state;
    assert_string_equal(forms("א\xffב \xd7 \xc3"), "א ב");
    assert_string_equal(forms(""), "");
    assert_string_equal(forms("... !? ״ ' \" - _"), "");
}

static void a_long_word_is_cut_and_read_to_its_end(void **state)
{
    char text[3 * WORD_SIZE_MAX + 3];
    struct word_reader reader;
    struct word word;

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text + sizeof text - 3, " y", 3);
    reader = word_reader(bytes_text(text));
    assert_true(word_next(&reader, &word));
    assert_int_equal(word.form.len, WORD_SIZE_MAX);
    assert_int_equal(word.range.len, sizeof text - 3);
    assert_true(word_next(&reader, &word) && word.form.len == 1);
    assert_false(word_next(&reader, &word));
    memset(text, '1', sizeof text - 1);
    text[4] = text[7] = '.';
    reader = word_reader(bytes_text(text));
    assert_true(word_next(&reader, &word));
    assert_true(word.form.len <= WORD_SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_are_dropped_and_finals_folded),
        cmocka_unit_test(quotation_marks_belong_to_a_word_only_within_it),
        cmocka_unit_test(maqaf_and_hyphen_part_words),
        cmocka_unit_test(latin_is_lower_case_without_marks),
        cmocka_unit_test(numbers_have_one_form),
        cmocka_unit_test(invisible_characters_part_no_word),
        cmocka_unit_test(what_is_no_text_parts_words),
        cmocka_unit_test(a_long_word_is_cut_and_read_to_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
