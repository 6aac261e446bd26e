/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/calendar.h"
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

static void a_text_is_found_in_the_catalogue_or_stays_english(void **state)
{
    (void)state;
    assert_string_equal(reader_text(READER_HEBREW, "In force"), "בתוקף");
    assert_string_equal(reader_text(READER_ENGLISH, "In force"), "In force");
    assert_string_equal(reader_text(READER_HEBREW, "in no catalogue"), "in no catalogue");
    assert_string_equal(reader_text(READER_HEBREW, ""), strchr(reader_text(READER_HEBREW, ""), 'P')); /* Its head. */
    assert_string_equal(reader_text(READER_HEBREW, SAY_IN("list", "Minutes")), "פרוטוקולים");
    assert_string_equal(reader_text(READER_HEBREW, "Minutes"), "פרוטוקול");
    assert_string_equal(reader_text(READER_ENGLISH, SAY_IN("list", "Minutes")), "Minutes");
}

static void numbers_take_the_form_of_the_language(void **state)
{
    static const struct {
        uint64_t number;
        const char *hebrew, *english;
    } cases[] = {
        {0, "לפני %1 ימים", "%1 days ago"}, {1, "לפני יום אחד", "one day ago"},  {2, "לפני יומיים", "%1 days ago"},
        {3, "לפני %1 ימים", "%1 days ago"}, {10, "לפני %1 ימים", "%1 days ago"}, {11, "לפני %1 יום", "%1 days ago"},
        {20, "לפני %1 יום", "%1 days ago"}, {101, "לפני %1 יום", "%1 days ago"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(reader_plural(READER_HEBREW, "one day ago", "%1 days ago", cases[i].number),
                            cases[i].hebrew);
        assert_string_equal(reader_plural(READER_ENGLISH, "one day ago", "%1 days ago", cases[i].number),
                            cases[i].english);
    }
    assert_string_equal(reader_plural(READER_HEBREW, "one cat", "%1 cats", 5), "%1 cats");
}

static void slots_are_filled_and_escaped(void **state)
{
    struct page page = {.out = BUFFER(PAGE_LIMIT), .language = READER_ENGLISH};

    (void)state;
    page_fill(&page, "%2 of 100% %1%", PAGE_NUMBER(7), PAGE_ISOLATED(bytes_text("<b>")));
    page_say_count(&page, 3, "one day ago", "%1 days ago");
    buffer_u8(&page.out, 0);
    assert_string_equal((const char *)page.out.at,
                        "<bdi>&lt;b&gt;</bdi> of 100% <bdi dir=\"ltr\">7</bdi>%<bdi dir=\"ltr\">3</bdi> days ago");
    buffer_free(&page.out);
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
    assert_true(date_parse(bytes_text("2024-02-29T10:00:00Z"), &date));
    assert_int_equal(date.day, 29);
}

static void the_hebrew_date_is_in_words(void **state)
{
    static const struct {
        const char *iso, *hebrew, *english;
    } cases[] = {
        {"2026-11-17", "יום שלישי, ז׳ בכסלו תשפ״ז", "Tuesday, 7 Kislev 5787"},
        {"2024-02-29", "יום חמישי, כ׳ באדר א׳ תשפ״ד", "Thursday, 20 Adar I 5784"},
        {"1948-05-14", "יום שישי, ה׳ באייר תש״ח", "Friday, 5 Iyar 5708"},
        {"2026-11-24", "יום שלישי, י״ד בכסלו תשפ״ז", "Tuesday, 14 Kislev 5787"},
        {"2026-11-25", "יום רביעי, ט״ו בכסלו תשפ״ז", "Wednesday, 15 Kislev 5787"},
    };
    char text[CALENDAR_TEXT_SIZE];
    struct date date;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(date_parse(bytes_text(cases[i].iso), &date));
        calendar_words(READER_HEBREW, &date, text);
        assert_string_equal(text, cases[i].hebrew);
        calendar_words(READER_ENGLISH, &date, text);
        assert_string_equal(text, cases[i].english);
    }
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
        cmocka_unit_test(a_text_is_found_in_the_catalogue_or_stays_english),
        cmocka_unit_test(numbers_take_the_form_of_the_language),
        cmocka_unit_test(slots_are_filled_and_escaped),
        cmocka_unit_test(the_hebrew_date_is_in_words),
        cmocka_unit_test(dates_are_read_and_written_as_people_do),
        cmocka_unit_test(days_that_do_not_exist_are_no_dates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
