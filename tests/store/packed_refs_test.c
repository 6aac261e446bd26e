/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/packed_refs.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "proto/limits.h"

#define HEADER "# pack-refs with: peeled fully-peeled sorted \n"
#define ONES "1111111111111111111111111111111111111111"
#define TWOS "2222222222222222222222222222222222222222"
#define THREES "3333333333333333333333333333333333333333"

static struct sha1 target(const char *hex)
{
    struct sha1 name;

    assert_int_equal(sha1_from_text(bytes_text(hex), &name), ERR_OK);
    return name;
}

static void assert_written(const char *before, const struct packed_ref refs[], size_t count, const char *after)
{
    struct buffer out = BUFFER(KIB(8));

    assert_int_equal(packed_refs_write(bytes_text(before), refs, count, &out), ERR_OK);
    buffer_u8(&out, 0);
    assert_string_equal((const char *)out.at, after);
    buffer_free(&out);
}

static void refs_are_written_in_their_order(void **state)
{
    const struct packed_ref refs[] = {
        {"refs/b", target(TWOS)}, {"refs/a/long", target(THREES)}, {"refs/a", target(ONES)}};

    (void)state;
    assert_written("", refs, 3, HEADER ONES " refs/a\n" THREES " refs/a/long\n" TWOS " refs/b\n");
    assert_written("", NULL, 0, HEADER);
}

static void others_are_kept_and_the_own_replaced(void **state)
{
    const struct packed_ref refs[] = {{"refs/b", target(TWOS)}};

    (void)state;
    /* A header of less, no order, a tag with what it leads to, no LF at the end. */
    assert_written("# pack-refs with: peeled \n" ONES " refs/tags/t\n^" THREES "\n" ONES " refs/b\n" ONES " refs/a",
                   refs, 1, HEADER ONES " refs/a\n" TWOS " refs/b\n" ONES " refs/tags/t\n^" THREES "\n");
}

static void a_limit_holds(void **state)
{
    const struct packed_ref refs[] = {{"refs/b", target(TWOS)}};
    struct buffer out = BUFFER(64);

    (void)state;
    assert_int_equal(packed_refs_write(bytes_text(""), refs, 1, &out), ERR_LIMIT);
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refs_are_written_in_their_order),
        cmocka_unit_test(others_are_kept_and_the_own_replaced),
        cmocka_unit_test(a_limit_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
