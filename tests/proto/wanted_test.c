/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/wanted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static struct id id_of(unsigned number)
{
    struct id id = {.at = {(uint8_t)(number >> 8), (uint8_t)number, 1}};

    return id;
}

static void add(struct wanted *w, unsigned number, uint64_t size, unsigned kibbutz, unsigned author)
{
    const struct wanted_file file = {
        .digest = id_of(number), .size = size, .seq = 1, .kibbutz = id_of(1000 + kibbutz), .log = id_of(2000 + author)};

    assert_int_equal(wanted_add(w, &file), ERR_OK);
}

static unsigned next(struct wanted *w, unsigned link, size_t *chunk)
{
    const struct wanted_file *file;

    return wanted_next(w, link, &file, chunk) ? (unsigned)(file->digest.at[0] << 8 | file->digest.at[1]) : 0;
}

static void each_chunk_is_asked_for_once(void **state)
{
    struct wanted *w = wanted_new(NULL, NULL);
    uint8_t list[3 * ID_LEN] = {0};
    struct id digest = id_of(7);
    size_t chunk;

    (void)state;
    add(w, 7, 2 * LIMIT_CHUNK + 1, 1, 1);
    assert_int_equal(next(w, 0, &chunk), 7);
    assert_true(chunk == WANTED_LIST);
    assert_int_equal(next(w, 1, &chunk), 0); /* Nothing before the list is here. */
    wanted_keep_list(w, &digest, bytes_of(list, sizeof list));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(next(w, (unsigned)i % 2, &chunk), 7);
        assert_int_equal(chunk, i);
    }
    assert_int_equal(next(w, 0, &chunk), 0);
    wanted_unask(w, &digest, 1);
    assert_int_equal(next(w, 1, &chunk), 7);
    assert_int_equal(chunk, 1);
    assert_false(wanted_keep_chunk(w, &digest, 1));
    assert_false(wanted_keep_chunk(w, &digest, 0));
    assert_true(wanted_keep_chunk(w, &digest, 2));
    assert_int_equal(wanted_count(w), 0);
    wanted_free(w);
}

/* One kibbutz publishes a hundred files, another one a single one afterwards. */
static void kibbutzim_take_turns(void **state)
{
    struct wanted *w = wanted_new(NULL, NULL);
    size_t chunk;

    (void)state;
    for (unsigned i = 1; i <= 12; i++)
        add(w, i, 1000, 1, 1);
    assert_int_equal(next(w, 0, &chunk), 1);
    assert_int_equal(next(w, 0, &chunk), 2);
    add(w, 500, 1000, 2, 2);
    add(w, 501, 1000, 2, 2);
    unsigned own[] = {next(w, 0, &chunk), next(w, 0, &chunk), next(w, 0, &chunk), next(w, 0, &chunk)};
    unsigned of_second = 0;
    for (size_t i = 0; i < 4; i++)
        of_second += own[i] >= 500;
    assert_int_equal(of_second, 2);
    wanted_free(w);
}

static void authors_of_one_kibbutz_take_turns(void **state)
{
    struct wanted *w = wanted_new(NULL, NULL);
    size_t chunk;

    (void)state;
    for (unsigned i = 1; i <= 6; i++)
        add(w, i, 1000, 1, 1);
    (void)next(w, 0, &chunk);
    (void)next(w, 0, &chunk);
    add(w, 500, 1000, 1, 2);
    unsigned first = next(w, 0, &chunk), second = next(w, 0, &chunk);
    assert_true(first == 500 || second == 500);
    wanted_free(w);
}

static void who_has_it_not_is_not_asked_until_there_is_hope(void **state)
{
    struct wanted *w = wanted_new(NULL, NULL);
    struct id digest = id_of(7);
    size_t chunk;

    (void)state;
    assert_false(wanted_may_come(w, &digest, 100)); /* Nobody is asked for it. */
    add(w, 7, 10, 1, 1);
    assert_true(wanted_may_come(w, &digest, 100));
    wanted_refuse(w, &digest, 100);
    assert_false(wanted_may_come(w, &digest, 100));
    assert_true(wanted_may_come(w, &digest, 101));
    assert_int_equal(next(w, 100, &chunk), 0);
    wanted_offer(w, &digest, 100);
    assert_int_equal(next(w, 100, &chunk), 7);
    wanted_unask(w, &digest, 0);
    wanted_refuse(w, &digest, 100);
    wanted_hope(w, 100);
    assert_int_equal(next(w, 100, &chunk), 7);
    wanted_free(w);
}

static void so_many_are_under_way_at_once(void **state)
{
    struct wanted *w = wanted_new(NULL, NULL);
    size_t chunk;

    (void)state;
    for (unsigned i = 1; i <= LIMIT_FILES_OPEN + 1; i++)
        add(w, i, 2 * LIMIT_CHUNK, i, i);
    for (unsigned i = 1; i <= LIMIT_FILES_OPEN; i++)
        assert_true(next(w, 0, &chunk) != 0);
    assert_int_equal(next(w, 0, &chunk), 0);
    wanted_free(w);
}

static void all_here(void *context, const struct id *digest, uint64_t size, struct file_state *state)
{
    (void)context;
    (void)digest;
    (void)size;
    *state = (struct file_state){.whole = true};
}

static void what_is_here_is_not_wanted(void **state)
{
    struct wanted *w = wanted_new(all_here, NULL);

    (void)state;
    add(w, 7, 10, 1, 1);
    assert_int_equal(wanted_count(w), 0);
    wanted_free(w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_chunk_is_asked_for_once),
        cmocka_unit_test(kibbutzim_take_turns),
        cmocka_unit_test(authors_of_one_kibbutz_take_turns),
        cmocka_unit_test(who_has_it_not_is_not_asked_until_there_is_hope),
        cmocka_unit_test(so_many_are_under_way_at_once),
        cmocka_unit_test(what_is_here_is_not_wanted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
