/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/word_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/igum-words-XXXXXX";

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Whether some set has both. */
static bool says(const struct word_list *list, const char *a, const char *b)
{
    struct bytes words[WORD_LIST_WORDS_MAX];

    for (size_t i = 0; i < word_list_count(list); i++) {
        size_t count = word_list_set(list, i, words);
        int found = 0;

        for (size_t k = 0; k < count; k++)
            found += bytes_equal(words[k], bytes_text(a)) + bytes_equal(words[k], bytes_text(b));
        if (found == 2)
            return true;
    }
    return false;
}

static void the_shipped_list_is_whole(void **state)
{
    struct word_list *list = word_list_load("/nonexistent/words.txt");

    (void)state;
    assert_non_null(list);
    assert_true(word_list_count(list) >= 150);
    assert_int_equal(word_list_bad(list), 0);
    assert_true(says(list, "אסיפה", "אספה") && says(list, "חוה״ד", "חוות דעת"));
    assert_false(word_list_is_stale(list));
    word_list_free(list);
}

static void the_home_adds_and_takes_back(void **state)
{
    struct word_list *list;

    (void)state;
    write_file("\xef\xbb\xbf# שלנו\r\nחדר כושר =  מכון כושר\r\n\n- אסיפה = אספה\nבלי שווה\n= ריק\na=b=c=d=e=f=g=h=i");
    list = word_list_load(path);
    assert_non_null(list);
    assert_true(says(list, "חדר כושר", "מכון כושר"));
    assert_false(says(list, "אסיפה", "אספה"));
    assert_true(says(list, "חוה״ד", "חוות דעת"));
    assert_int_equal(word_list_bad(list), 3);
    word_list_free(list);
}

static void an_edited_list_is_stale(void **state)
{
    struct word_list *list;

    (void)state;
    write_file("א = ב\n");
    list = word_list_load(path);
    assert_false(word_list_is_stale(list));
    write_file("א = ב\nג = ד\n");
    assert_true(word_list_is_stale(list));
    word_list_free(list);
    list = word_list_load(path);
    assert_int_equal(unlink(path), 0);
    assert_true(word_list_is_stale(list));
    word_list_free(list);
}

static void what_is_no_list_is_no_danger(void **state)
{
    struct word_list *list;

    (void)state;
    write_file("\xff\xfe = \xff\n=\n====\n-\n-=\n");
    list = word_list_load(path);
    assert_non_null(list);
    assert_int_equal(word_list_bad(list), 5);
    word_list_free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_list_is_whole),
        cmocka_unit_test(the_home_adds_and_takes_back),
        cmocka_unit_test(an_edited_list_is_stale),
        cmocka_unit_test(what_is_no_list_is_no_danger),
    };
    int file = mkstemp(path), failed;

    if (file < 0)
        return 1;
    (void)close(file);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)unlink(path);
    return failed;
}
