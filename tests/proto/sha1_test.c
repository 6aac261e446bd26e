/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/sha1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_sha1(struct sha1 got, const char *expected)
{
    struct sha1 want;

    assert_int_equal(sha1_from_text(bytes_text(expected), &want), ERR_OK);
    assert_memory_equal(got.at, want.at, SHA1_LEN);
}

static struct sha1 of_text(const char *text)
{
    struct bytes run = bytes_text(text);

    return sha1_of(&run, 1);
}

/* RFC 3174, 7.3, and the empty message. */
static void published_digests_are_reproduced(void **state)
{
    (void)state;
    assert_sha1(of_text(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    assert_sha1(of_text("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    assert_sha1(of_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
}

static void million_letters_are_hashed(void **state)
{
    static char letters[1000];
    struct bytes parts[1000];

    (void)state;
    memset(letters, 'a', sizeof letters);
    for (size_t i = 0; i < 1000; i++)
        parts[i] = bytes_of(letters, sizeof letters);
    assert_sha1(sha1_of(parts, 1000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

/* Around the block's edges the padding takes one block or two. */
static void digest_does_not_depend_on_how_the_run_is_cut(void **state)
{
    static uint8_t run[200];

    (void)state;
    for (size_t i = 0; i < sizeof run; i++)
        run[i] = (uint8_t)i;
    for (size_t len = 0; len <= sizeof run; len++) {
        struct bytes whole = bytes_of(run, len);
        struct sha1 expected = sha1_of(&whole, 1);

        for (size_t cut = 0; cut <= len; cut++) {
            struct bytes parts[] = {bytes_of(run, cut), bytes_of(run + cut, len - cut)};
            struct sha1 got = sha1_of(parts, 2);

            assert_memory_equal(got.at, expected.at, SHA1_LEN);
        }
    }
}

static void padding_is_right_at_the_edges_of_a_block(void **state)
{
    static const struct {
        size_t len;
        const char *digest;
    } cases[] = {
        /* Of that many letters "a", by Python's hashlib. */
        {54, "b05d71c64979cb95fa74a33cdb31a40d258ae02e"},  {55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"},
        {56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"},  {57, "f08f24908d682555111be7ff6f004e78283d989a"},
        {63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5"},  {64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"},
        {65, "11655326c708d70319be2610e8a57d9a5b959d3b"},  {119, "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56"},
        {120, "f34c1488385346a55709ba056ddd08280dd4c6d6"}, {128, "ad5b3fdbcb526778c2839d2f151ea753995e26a0"},
    };
    char *letters = malloc(200);

    (void)state;
    memset(letters, 'a', 200);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes run = bytes_of(letters, cases[i].len);

        assert_sha1(sha1_of(&run, 1), cases[i].digest);
    }
    free(letters);
}

/* As `git hash-object -t commit --literally --stdin` says. */
static void commit_is_named_as_git_names_it(void **state)
{
    (void)state;
    assert_sha1(sha1_of_object("commit", bytes_text("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n")),
                "e43fc45fe9861f11199bfc430939749be99df922");
    assert_sha1(sha1_of_object("commit", bytes_of(NULL, 0)), "dcf5b16e76cce7425d0beaef62d79a7d10fce1f5");
}

static void text_is_40_lower_case_digits_and_nothing_else(void **state)
{
    static const char good[] = "0123456789abcdef0123456789abcdef01234567";
    struct sha1 sha1;

    (void)state;
    assert_int_equal(sha1_from_text(bytes_text(good), &sha1), ERR_OK);
    assert_int_equal(sha1.at[0], 0x01);
    assert_int_equal(sha1.at[19], 0x67);
    assert_int_equal(sha1_from_text(bytes_of(good, 39), &sha1), ERR_FORMAT);
    assert_int_equal(sha1_from_text(bytes_of(good, 41), &sha1), ERR_FORMAT);
    assert_int_equal(sha1_from_text(bytes_text("0123456789ABCDEF0123456789abcdef01234567"), &sha1), ERR_FORMAT);
    assert_int_equal(sha1_from_text(bytes_text("0123456789abcdeg0123456789abcdef01234567"), &sha1), ERR_FORMAT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_digests_are_reproduced),
        cmocka_unit_test(million_letters_are_hashed),
        cmocka_unit_test(digest_does_not_depend_on_how_the_run_is_cut),
        cmocka_unit_test(padding_is_right_at_the_edges_of_a_block),
        cmocka_unit_test(commit_is_named_as_git_names_it),
        cmocka_unit_test(text_is_40_lower_case_digits_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
