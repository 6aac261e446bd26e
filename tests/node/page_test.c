/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/date.h"
#include "node/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void expect_text(const char *in, size_t len, const char *out)
{
    struct page page = {.out = BUFFER(PAGE_LIMIT)};

    page_text(&page, bytes_of(in, len));
    assert_int_equal(buffer_error(&page.out), ERR_OK);
    assert_int_equal(page.out.len, strlen(out));
    if (page.out.len > 0)
        assert_memory_equal(page.out.at, out, page.out.len);
    buffer_free(&page.out);
}

#define EXPECT(in, out) expect_text(in, sizeof in - 1, out)

static void markup_characters_become_references(void **state)
{
    (void)state;
    EXPECT("", "");
    EXPECT("<b a=\"x\" c='y'>&amp;</b>", "&lt;b a=&quot;x&quot; c=&#39;y&#39;&gt;&amp;amp;&lt;/b&gt;");
    EXPECT("שלום & ברכה", "שלום &amp; ברכה");
    EXPECT("a\tb\nc", "a\tb\nc");
}

static void control_characters_are_replaced(void **state)
{
    (void)state;
    EXPECT("a\0b", "a\xEF\xBF\xBD"
                   "b");
    EXPECT("\x1b[31m\r\x7f", "\xEF\xBF\xBD[31m\xEF\xBF\xBD\xEF\xBF\xBD");
    EXPECT("\xC2\x85\xC2\xA0", "\xEF\xBF\xBD\xC2\xA0"); /* NEL goes, a no-break space stays. */
}

static void what_is_not_utf8_is_replaced_and_swallows_nothing(void **state)
{
    (void)state;
    EXPECT("\xD7<", "\xEF\xBF\xBD&lt;");            /* Cut short before a tag. */
    EXPECT("\xD7", "\xEF\xBF\xBD");                 /* Cut short at the end. */
    EXPECT("\xC0\xBC", "\xEF\xBF\xBD\xEF\xBF\xBD"); /* An overlong '<'. */
    EXPECT("\xE0\x80\xBC", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    EXPECT("\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"); /* A surrogate. */
    EXPECT("\xF4\x90\x80\x80<", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD&lt;");
    EXPECT("\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF");
    EXPECT("\xFE\xFF", "\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void direction_overrides_are_shown_and_embeddings_dropped(void **state)
{
    (void)state;
    EXPECT("invoice\xE2\x80\xAE"
           "fdp.exe",
           "invoice[U+202E]fdp.exe");
    EXPECT("\xE2\x80\xAD"
           "1",
           "[U+202D]1");
    EXPECT("\xE2\x80\xAB"
           "א\xE2\x80\xAC\xE2\x81\xA6"
           "b\xE2\x81\xA9",
           "אb");
    EXPECT("\xE2\x80\x8F"
           "א",
           "\xE2\x80\x8F"
           "א"); /* A right-to-left mark is harmless. */
}

static void a_block_takes_the_direction_of_most_of_its_letters(void **state)
{
    static const struct {
        const char *text;
        enum page_script script;
    } cases[] = {
        {"", PAGE_NO_SCRIPT},
        {"14/26 — 1,284,000 ₪", PAGE_NO_SCRIPT},
        {"שלום world", PAGE_LATIN},
        {"שלום word", PAGE_HEBREW},
        {"Meridian Power Supply נמוכה", PAGE_LATIN},
        {"גיא Guy הציג", PAGE_HEBREW},
        {"مرحبا", PAGE_ARABIC},
        {"Здравствуйте", PAGE_OTHER},
        {"חוה״ד", PAGE_HEBREW},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct page_letters letters = {0};

        page_count_letters(&letters, bytes_text(cases[i].text));
        assert_int_equal(page_dominant(&letters), cases[i].script);
    }
}

static void links_hand_a_chosen_language_on(void **state)
{
    struct page page = {.out = BUFFER(PAGE_LIMIT), .language = READER_ENGLISH, .chosen = true};

    (void)state;
    page_href(&page, "/");
    page_href(&page, "/?page=2");
    page.chosen = false;
    page_href(&page, "/");
    buffer_u8(&page.out, 0);
    assert_string_equal((const char *)page.out.at, " href=\"/?lang=en\" href=\"/?page=2&amp;lang=en\" href=\"/\"");
    buffer_free(&page.out);
}

static void every_text_is_there_in_both_languages(void **state)
{
    (void)state;
    for (enum reader_text text = 0; text < READER_TEXT_COUNT; text++)
        for (enum reader_language language = READER_HEBREW; language <= READER_ENGLISH; language++)
            assert_non_null(reader_text(language, text));
}

static void dates_are_read_and_written_as_people_do(void **state)
{
    struct date date;
    char text[DATE_TEXT_SIZE];

    (void)state;
    assert_true(date_parse(bytes_text("2026-11-17"), &date));
    date_short(READER_HEBREW, &date, text);
    assert_string_equal(text, "17.11.2026");
    date_short(READER_ENGLISH, &date, text);
    assert_string_equal(text, "17 Nov 2026");
    assert_string_equal(date_weekday(READER_HEBREW, &date), "יום שלישי");
    assert_string_equal(date_weekday(READER_ENGLISH, &date), "Tuesday");
    assert_true(date_parse(bytes_text("2024-02-29T10:00:00Z"), &date));
    assert_string_equal(date_weekday(READER_ENGLISH, &date), "Thursday");
}

static void days_that_do_not_exist_are_no_dates(void **state)
{
    static const char *const bad[] = {
        "",           "2026-11-1",  "2025-02-29", "1900-02-29",  "2026-13-01", "2026-00-10", "2026-04-31",
        "2026-04-00", "0000-01-01", "2026/04/01", "2026-04-011", "20a6-04-01", "17.11.2026"};
    struct date date;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(date_parse(bytes_text(bad[i]), &date));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_characters_become_references),
        cmocka_unit_test(control_characters_are_replaced),
        cmocka_unit_test(what_is_not_utf8_is_replaced_and_swallows_nothing),
        cmocka_unit_test(direction_overrides_are_shown_and_embeddings_dropped),
        cmocka_unit_test(a_block_takes_the_direction_of_most_of_its_letters),
        cmocka_unit_test(links_hand_a_chosen_language_on),
        cmocka_unit_test(every_text_is_there_in_both_languages),
        cmocka_unit_test(dates_are_read_and_written_as_people_do),
        cmocka_unit_test(days_that_do_not_exist_are_no_dates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
