/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/absent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/samples.h"

static void add(struct absent *a, unsigned digest, unsigned entry)
{
    struct id file = sample_id(digest), id = sample_id(entry);

    assert_int_equal(absent_add(a, &file, &id), ERR_OK);
}

static void a_file_that_came_is_lacked_by_nobody(void **state)
{
    struct absent *a = absent_new();
    struct id one = sample_id(1), three = sample_id(3), other = sample_id(11);

    (void)state;
    assert_non_null(a);
    add(a, 1, 10);
    add(a, 1, 11);
    add(a, 1, 10);
    add(a, 2, 11);
    assert_int_equal(absent_count(a), 3);
    assert_non_null(absent_find(a, &one)); /* Either of its two. */
    assert_null(absent_find(a, &three));
    assert_false(absent_came(a, &three));
    assert_true(absent_came(a, &one));
    assert_null(absent_find(a, &one));
    assert_false(absent_came(a, &one));
    assert_int_equal(absent_count(a), 1);
    assert_true(id_equal(absent_entry(a, 0), &other)); /* Its second file is still on its way. */
    absent_forget_at(a, 0);
    assert_int_equal(absent_count(a), 0);
    absent_free(a);
    absent_free(NULL);
}

static void more_than_can_be_remembered_is_said(void **state)
{
    struct absent *a = absent_new();
    struct id file = {{0}}, id = {{0}};

    (void)state;
    assert_non_null(a);
    for (unsigned i = 0; i < LIMIT_WANTED; i++) {
        id.at[0] = (uint8_t)(i >> 8);
        id.at[1] = (uint8_t)i;
        assert_int_equal(absent_add(a, &file, &id), ERR_OK);
    }
    assert_int_equal(absent_add(a, &file, &id), ERR_OK); /* Known. */
    id.at[2] = 1;
    assert_int_equal(absent_add(a, &file, &id), ERR_LIMIT);
    assert_int_equal(absent_count(a), LIMIT_WANTED);
    absent_free(a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_came_is_lacked_by_nobody),
        cmocka_unit_test(more_than_can_be_remembered_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
