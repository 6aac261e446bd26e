/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/person_match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct bytes bytes(const char *text)
{
    return bytes_of((const uint8_t *)text, strlen(text));
}

static bool meets(const char *words)
{
    const struct index_person person = {.name = bytes("גיא סלעי"),
                                        .role = bytes("רכז מים"),
                                        .kibbutz = bytes("ניר אשל"),
                                        .title = bytes("דליפה בקו הראשי"),
                                        .phone = bytes("050-555-0171")};

    return person_match(&person, bytes(words));
}

static void any_of_the_facts_will_do(void **state)
{
    (void)state;
    assert_true(meets("גיא"));
    assert_true(meets("סלעי גיא"));
    assert_true(meets("מים ניר"));
    assert_true(meets("דליפה"));
    assert_true(meets("סַלְעִי"));
    assert_true(meets("ראשי") == false);
    assert_true(meets("דלי"));
    assert_true(meets(""));
}

static void every_word_must_be_met(void **state)
{
    (void)state;
    assert_false(meets("גיא כהן"));
    assert_false(meets("לעי"));
    assert_false(person_match_text(bytes("מים"), bytes("מים חשמל")));
    assert_true(person_match_text(bytes("מים וחשמל"), bytes("מים")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_of_the_facts_will_do),
        cmocka_unit_test(every_word_must_be_met),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
