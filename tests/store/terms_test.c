/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/terms.h"

#include "store/dictionary.h"
#include "store/hebrew.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define WORDS_KEPT 600

static struct terms *terms;

static struct terms_word *word_of(const char *text)
{
    struct word_reader reader = word_reader(bytes_text(text));
    struct word word;
    struct terms_word *found;

    assert_true(word_next(&reader, &word));
    found = terms_of(terms, &word);
    assert_non_null(found);
    return found;
}

static bool meet(const char *a, const char *b)
{
    struct terms_word *one = word_of(a), *other = word_of(b);

    for (size_t i = 0; i < one->key_count; i++)
        for (size_t k = 0; k < other->key_count; k++)
            if (one->keys[i] == other->keys[k])
                return true;
    return false;
}

static const char *skeleton(const char *text)
{
    static char outs[2][2 * WORD_SIZE_MAX + 1];
    static unsigned turn;
    char *out = outs[turn++ % 2];
    struct word_reader reader = word_reader(bytes_text(text));
    uint8_t at[WORD_SIZE_MAX];
    struct word word;
    size_t len = 0;

    assert_true(word_next(&reader, &word));
    struct bytes bones = hebrew_skeleton(word.form, at);
    for (size_t i = 0; i < bones.len; i++) {
        out[len++] = (char)0xd7;
        out[len++] = (char)(bones.at[i] - 0x50);
    }
    out[len] = '\0';
    return out;
}

static void spellings_have_one_skeleton(void **state)
{
    (void)state;
    assert_string_equal(skeleton("קיבוץ"), skeleton("קבוץ"));
    assert_string_equal(skeleton("תוכנית"), skeleton("תכנית"));
    assert_string_equal(skeleton("וועדה"), skeleton("ועדה"));
    assert_string_equal(skeleton("אסיפה"), skeleton("אספה"));
    assert_string_not_equal(skeleton("דיור"), skeleton("דר")); /* Too little would be left. */
    assert_string_not_equal(skeleton("ילד"), skeleton("לד"));
}

/* By letters alone: the dictionary knows none of these. */
static void unknown_words_meet_by_guess(void **state)
{
    (void)state;
    assert_true(meet("אסיפות", "אסיפה"));
    assert_true(meet("שבאסיפת", "אסיפה"));
    assert_true(meet("בתק״צ", "תק\"צ"));
    assert_true(meet("והרבש״צ", "רבש״צ"));
    assert_true(meet("קבוצים", "קיבוץ"));
    assert_true(meet("לרפרנטים", "רפרנט"));
    assert_false(meet("רפרנט", "רבש״צ"));
}

static void known_words_meet_by_the_dictionary(void **state)
{
    (void)state;
    if (!dictionary_is_here())
        skip();
    assert_true(meet("החלטה", "שבהחלטותיהם"));
    assert_true(meet("פרוטוקולים", "הפרוטוקול"));
    assert_true(meet("ישיבת", "ישיבות"));
    assert_true(meet("אספות", "אסיפה"));
    assert_true(meet("לארנון", "ארנון"));
    assert_false(meet("ארנון", "נעמה")); /* Both of its list of names. */
    assert_false(meet("מזון", "מאזן"));
    assert_true(word_of("תקנון")->is_base && word_of("תקנון")->is_known);
    assert_false(word_of("החלטות")->is_base);
    assert_false(word_of("אסיפות")->is_known);
}

static void the_dictionary_knows_stems(void **state)
{
    struct dictionary_stem stems[DICTIONARY_STEMS_MAX];

    (void)state;
    if (!dictionary_is_here())
        skip();
    assert_int_equal(dictionary_stems(bytes_text("\xe5\xe4\xe7\xec\xe8\xe5\xfa"), stems), 1); /* והחלטות */
    assert_memory_equal(stems[0].at, "\xe4\xe7\xec\xe8\xe4", 5);
    assert_int_equal(dictionary_stems(bytes_text("abc"), stems), 0);
    assert_int_equal(dictionary_stems(bytes_text(""), stems), 0);
    assert_int_equal(dictionary_stems(bytes_text("\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0"
                                                 "\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0\xe0"),
                                      stems),
                     0);
}

static void latin_plurals_meet(void **state)
{
    (void)state;
    assert_true(meet("budgets", "Budget"));
    assert_false(meet("class", "clas"));
    assert_int_equal(word_of("9/18")->key_count, 0);
}

/* Counters begin anew with each text, and a word is the same thing within one. */
static void counters_are_of_one_text(void **state)
{
    (void)state;
    terms_begin(terms);
    struct terms_word *word = word_of("אסיפה");
    word->said = 7;
    word->keys[0]->count = 3;
    assert_ptr_equal(word_of("אסיפה"), word);
    assert_int_equal(word_of("אסיפה")->said, 7);
    terms_begin(terms);
    assert_int_equal(word_of("אסיפה")->said, 0);
    assert_int_equal(word_of("אסיפה")->keys[0]->count, 0);
}

/* More words than are read at once, some of them twice, and one as long as a word may be. */
static void words_are_read_several_at_once_in_their_order(void **state)
{
    char text[4000] = "";
    struct terms_word *words[TERMS_AHEAD], *again;
    struct word_reader reader;
    size_t count, all = 0, calls = 0;

    (void)state;
    for (int i = 0; i < 50; i++)
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "מילה%c %dx ", 'a' + i % 7, i);
    for (int i = 0; i < WORD_SIZE_MAX + 10; i++)
        strcat(text, "ל");
    reader = word_reader(bytes_text(text));
    struct word_reader single = word_reader(bytes_text(text));
    terms_begin(terms);
    do {
        assert_int_equal(terms_read(terms, &reader, words, &count), ERR_OK);
        assert_true(count <= TERMS_AHEAD);
        for (size_t i = 0; i < count; i++, all++) {
            struct word word;

            assert_true(word_next(&single, &word));
            again = terms_of(terms, &word);
            assert_ptr_equal(again, words[i]);
            assert_true(bytes_equal(word.form, words[i]->form));
            if (words[i]->key_count > 0)
                assert_true(words[i]->keys[0]->text == words[i]->text);
        }
        calls++;
    } while (count > 0);
    struct word none;
    assert_false(word_next(&single, &none));
    assert_true(all > 2 * TERMS_AHEAD && calls < all);
}

static void many_words_are_forgotten_between_texts(void **state)
{
    char text[32];

    (void)state;
    for (int round = 0; round < 3; round++) {
        terms_begin(terms);
        for (int i = 0; i < (2 * WORDS_KEPT - 100) * (1 + round % 2);
             i++) { /* More than is kept; more than memory is kept for. */
            (void)snprintf(text, sizeof text, "w%dx", i);
            assert_int_equal(word_of(text)->key_count, 1);
        }
    }
    assert_true(meet("אסיפות", "אסיפה"));
}

/* Those that many others have passed by are what they were, whether they were met meanwhile or not. */
static void words_stay_the_same(void **state)
{
    char text[32];

    (void)state;
    for (int i = 0; i < 8 * WORDS_KEPT; i++) {
        if (i % 10 == 0)
            terms_begin(terms);
        if (i % (WORDS_KEPT - 100) == 0) {
            struct terms_word *word = word_of("pumps");
            assert_int_equal(word->key_count, 1);
            assert_true(bytes_equal(word->form, bytes_text("pumps")));
            assert_true(bytes_equal(word->keys[0]->name, bytes_text("pump")));
            assert_int_equal(word->said, 0);
            assert_int_equal(word->keys[0]->count, 0);
            word->said = 7;
            word->keys[0]->count = 3;
            assert_true(meet("אסיפות", "אסיפה"));
        }
        (void)snprintf(text, sizeof text, "w%dx", i);
        (void)word_of(text);
    }
}

static void what_many_words_told_is_forgotten_at_rest(void **state)
{
    char text[32];

    (void)state;
    terms_rest(terms, 0);
    terms_begin(terms);
    for (int i = 0; i < WORDS_KEPT / 2; i++) {
        (void)snprintf(text, sizeof text, "w%dx", i);
        word_of(text)->said = 7;
    }
    terms_rest(terms, WORDS_KEPT / 2);
    assert_int_equal(word_of("w0x")->said, 7);
    terms_rest(terms, WORDS_KEPT / 2 - 1);
    assert_int_equal(word_of("w0x")->said, 0);
    assert_true(meet("אסיפות", "אסיפה"));
}

static void the_dictionary_is_read_again_when_it_is_asked(void **state)
{
    struct dictionary_stem stems[DICTIONARY_STEMS_MAX];
    static const uint8_t written[] = {0xf9, 0xec, 0xe5, 0xed}; /* שלום */
    size_t count = dictionary_stems(bytes_of(written, sizeof written), stems);

    (void)state;
    dictionary_forget();
    dictionary_forget();
    assert_int_equal(dictionary_stems(bytes_of(written, sizeof written), stems), count);
    assert_true(count > 0 || !dictionary_is_here());
}

static int begin(void **state)
{
    (void)state;
    terms = terms_new(WORDS_KEPT);
    return terms ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    terms_free(terms);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings_have_one_skeleton),
        cmocka_unit_test(unknown_words_meet_by_guess),
        cmocka_unit_test(known_words_meet_by_the_dictionary),
        cmocka_unit_test(the_dictionary_knows_stems),
        cmocka_unit_test(latin_plurals_meet),
        cmocka_unit_test(counters_are_of_one_text),
        cmocka_unit_test(words_are_read_several_at_once_in_their_order),
        cmocka_unit_test(many_words_are_forgotten_between_texts),
        cmocka_unit_test(words_stay_the_same),
        cmocka_unit_test(what_many_words_told_is_forgotten_at_rest),
        cmocka_unit_test(the_dictionary_is_read_again_when_it_is_asked),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
