/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/tokenizer.h"

#include "proto/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct terms *terms;

/* The terms of a text, parted by spaces. */
static const char *told(const char *text)
{
    static char out[400];
    struct buffer list = BUFFER(KIB(4));
    size_t len = 0;

    assert_int_equal(tokenizer_write(terms, bytes_text(text), &list), ERR_OK);
    for (size_t at = 0; at < list.len; at += 1u + list.at[at]) {
        assert_true(list.at[at] > 0 && at + list.at[at] < list.len);
        len += (size_t)snprintf(out + len, sizeof out - len, "%s%.*s", len > 0 ? " " : "", list.at[at],
                                (const char *)list.at + at + 1);
    }
    out[len] = '\0';
    buffer_free(&list);
    return out;
}

static void each_term_is_told_once(void **state)
{
    (void)state;
    assert_string_equal(told("\005pump, pump 12"), "pump 12");
    assert_string_equal(told("\005pumps pump"), "pumps =pump pump");
    assert_string_equal(told("\005pump pump pump pump"), "pump +pump");
    assert_string_equal(told("pump"), "pump"); /* Without a mark it is text. */
    assert_string_equal(told(""), "");
}

static void the_head_is_told_by_its_fields(void **state)
{
    (void)state;
    assert_string_equal(told("\001pump"), "pump \001pump \002pump");
    assert_string_equal(told("\002pump\005pump"), "pump \002pump");
    assert_string_equal(told("\005pump\002pump"), "pump \002pump");
    assert_string_equal(told("\003pump"), "pump \002pump \003pump");
    assert_string_equal(told("\004pump"), "pump \002pump \004pump");
}

static void facets_stand_as_they_are(void **state)
{
    (void)state;
    assert_string_equal(told("\006all  k1 y2026"), "~all ~k1 ~y2026");
}

static int set_up(void **state)
{
    (void)state;
    terms = terms_new(1000);
    return terms ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    terms_free(terms);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_term_is_told_once),
        cmocka_unit_test(the_head_is_told_by_its_fields),
        cmocka_unit_test(facets_stand_as_they_are),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
