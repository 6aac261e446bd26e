/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/arguments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(words) ((int)(sizeof(words) / sizeof(words)[0]) - 1)

static void flags_are_taken_out_and_the_rest_keeps_its_order(void **state)
{
    char verb[] = "publish", a[] = "a.md", attach[] = "--attach", x[] = "x.pdf", kind[] = "--kind=minutes",
         y[] = "--attach=y";
    char b[] = "b.md", loud[] = "--loud";
    char *argv[] = {verb, a, attach, x, kind, b, y, loud, NULL};
    struct arguments_list list = {0};
    const char *value = NULL;
    bool is_loud = false;
    const struct arguments_flag flags[] = {
        {"attach", NULL, NULL, &list}, {"kind", NULL, &value, NULL}, {"loud", &is_loud, NULL, NULL}};
    int argc = COUNT(argv);

    (void)state;
    assert_true(arguments_parse(&argc, argv, flags, 3, 1, 5));
    assert_int_equal(argc, 3);
    assert_string_equal(argv[1], "a.md");
    assert_string_equal(argv[2], "b.md");
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0], "x.pdf");
    assert_string_equal(list.items[1], "y");
    assert_string_equal(value, "minutes");
    assert_true(is_loud);
    arguments_list_free(&list);
}

static void two_dashes_end_the_flags(void **state)
{
    char verb[] = "show", end[] = "--", odd[] = "--kind";
    char *argv[] = {verb, end, odd, NULL};
    int argc = COUNT(argv);

    (void)state;
    assert_true(arguments_parse(&argc, argv, NULL, 0, 1, 1));
    assert_int_equal(argc, 2);
    assert_string_equal(argv[1], "--kind");
}

static bool parses(char **argv, int argc, int least, int most)
{
    const char *value = NULL;
    bool is_set = false;
    const struct arguments_flag flags[] = {{"kind", NULL, &value, NULL}, {"raw", &is_set, NULL, NULL}};

    return arguments_parse(&argc, argv, flags, 2, least, most);
}

static void wrong_flags_are_refused(void **state)
{
    char verb[] = "show", unknown[] = "--kinds", lacking[] = "--kind", valued[] = "--raw=1", word[] = "x",
         single[] = "-k";

    (void)state;
    assert_false(parses((char *[]){verb, unknown, word, NULL}, 3, 0, 9));
    assert_false(parses((char *[]){verb, lacking, NULL}, 2, 0, 9));
    assert_false(parses((char *[]){verb, valued, NULL}, 2, 0, 9));
    assert_false(parses((char *[]){verb, single, NULL}, 2, 0, 9));
    assert_false(parses((char *[]){verb, lacking, word, lacking, word, NULL}, 5, 0, 9));
}

static void too_few_and_too_many_arguments_are_refused(void **state)
{
    char verb[] = "show", word[] = "x", other[] = "y";

    (void)state;
    assert_false(parses((char *[]){verb, NULL}, 1, 1, 1));
    assert_true(parses((char *[]){verb, word, NULL}, 2, 1, 1));
    assert_false(parses((char *[]){verb, word, other, NULL}, 3, 1, 1));
}

static void nearest_word_is_found_only_when_it_is_near(void **state)
{
    const char *const words[] = {"found", "publish", "list", "log"};

    (void)state;
    assert_string_equal(arguments_nearest("publsh", words, 4), "publish");
    assert_string_equal(arguments_nearest("lsit", words, 4), "list");
    assert_string_equal(arguments_nearest("fonud", words, 4), "found");
    assert_null(arguments_nearest("elephant", words, 4));
    assert_null(arguments_nearest("xyz", words, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_are_taken_out_and_the_rest_keeps_its_order),
        cmocka_unit_test(two_dashes_end_the_flags),
        cmocka_unit_test(wrong_flags_are_refused),
        cmocka_unit_test(too_few_and_too_many_arguments_are_refused),
        cmocka_unit_test(nearest_word_is_found_only_when_it_is_near),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
