/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/council_root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/support/samples.h"

static struct council_root *empty(void)
{
    struct council_root *root = calloc(1, sizeof *root);

    assert_non_null(root);
    return root;
}

static void root_that_is_read_and_written_is_the_same(void **state)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY), again = BUFFER(LIMIT_ENTRY_BODY);
    struct council_root *root = empty();

    (void)state;
    for (size_t many = 1; many <= 3; many++) {
        buffer_clear(&body);
        buffer_clear(&again);
        sample_act(&body, ACT_COUNCIL, many);
        assert_int_equal(council_root_read(root, buffer_bytes(&body)), ERR_OK);
        assert_int_equal(root->line_count, many);
        council_root_write(&again, root);
        assert_int_equal(buffer_error(&again), ERR_OK);
        assert_true(bytes_equal(buffer_bytes(&body), buffer_bytes(&again)));
    }
    buffer_free(&body);
    buffer_free(&again);
    free(root);
}

static void root_is_written_in_order_whatever_order_it_is_in(void **state)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    struct council_root *root = empty();

    (void)state;
    *root = (struct council_root){.base = sample_id(1), .majority = 2, .admission = 1};
    for (unsigned i = 0; i < 20; i++) {
        struct council_line *line = &root->lines[root->line_count++];

        *line = (struct council_line){.kibbutz = sample_id(50 + i), .votes = i % 2 == 0, .card = sample_card(100 + i)};
        for (unsigned k = 0; k < LIMIT_STEWARDS; k++)
            line->keys[line->key_count++] = sample_key(10 + 3 * i + k);
        root->cuts[root->cut_count++] = (struct council_pin){sample_key(90 + i), sample_id(50 + i), i, sample_id(i)};
        root->keeps[root->keep_count++] =
            (struct council_pin){sample_key(10 + 3 * i), sample_id(50 + i), i + 1, sample_id(i)};
        root->closed[root->closed_count++] = sample_id(200 + i);
        root->over[root->over_count++] = sample_id(150 + i);
    }
    council_root_write(&body, root);
    assert_int_equal(buffer_error(&body), ERR_OK);
    assert_int_equal(act_check(ACT_COUNCIL, buffer_bytes(&body)), ERR_OK);
    buffer_free(&body);
    free(root);
}

static void bodies_that_are_no_council_act_are_refused(void **state)
{
    struct buffer body = BUFFER(LIMIT_ENTRY_BODY);
    struct council_root *root = empty();

    (void)state;
    sample_act(&body, ACT_COUNCIL, 2);
    assert_int_equal(council_root_read(root, bytes_of(body.at, body.len - 1)), ERR_FORMAT);
    assert_int_equal(council_root_read(root, bytes_of(body.at, 0)), ERR_FORMAT);
    buffer_free(&body);
    free(root);
}

static void charter_is_the_first_root(void **state)
{
    struct charter *charter = malloc(sizeof *charter);
    struct council_root *root = empty();

    (void)state;
    assert_non_null(charter);
    *charter = sample_charter(3, 2);
    for (size_t i = 0; i < 3; i++)
        charter->founders[i].kibbutz = sample_id((unsigned)i);
    council_root_from_charter(root, charter);
    assert_int_equal(root->line_count, 3);
    assert_int_equal(council_root_voters(root), 3);
    assert_int_equal(root->lines[2].key_count, 2);
    assert_true(council_line_has(&root->lines[2], &charter->founders[2].stewards[1].key));
    assert_false(council_line_has(&root->lines[1], &charter->founders[2].stewards[1].key));
    assert_ptr_equal(council_root_find(root, &root->lines[1].kibbutz), &root->lines[1]);
    assert_null(council_root_find(root, &charter->founders[2].stewards[1].key));
    free(charter);
    free(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_that_is_read_and_written_is_the_same),
        cmocka_unit_test(root_is_written_in_order_whatever_order_it_is_in),
        cmocka_unit_test(bodies_that_are_no_council_act_are_refused),
        cmocka_unit_test(charter_is_the_first_root),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
