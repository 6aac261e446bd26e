/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/checks.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "proto/content.h"

static void run_backwards(void *self, size_t count, parallel_part_fn *part, void *context)
{
    (*(size_t *)self)++;
    for (size_t i = count; i > 0; i--)
        part(context, i - 1);
}

static const uint8_t SEED[SSHSIG_SEED_LEN] = {7};
static const uint8_t SALT[CONTENT_SALT_LEN] = {9};

static void add_signature(struct checks *checks, const char *said, const char *signed_text)
{
    struct signing_key key;
    struct signature signature;
    struct sshsig_check *check = checks_add_signature(checks);

    assert_non_null(check);
    sshsig_key_from_seed(&key, SEED);
    sshsig_sign(&key, "git", bytes_text(signed_text), &signature);
    sshsig_check_begin(check, &key.public, "git", bytes_text(said), &signature);
    sshsig_wipe(&key);
}

static void add_content(struct checks *checks, struct buffer *packed, bool altered)
{
    struct id id;

    assert_int_equal(content_pack_name("שם", SALT, packed, &id), ERR_OK);
    if (altered)
        packed->at[packed->len - 1] ^= 1;
    assert_int_equal(checks_add_content(checks, buffer_bytes(packed), &id), ERR_OK);
}

/* One wrong one among many is seen, wherever it stands; threads or not. */
static void one_that_is_wrong_is_enough(void **state)
{
    enum { COUNT = 9 };
    size_t runs = 0;
    const struct parallel parallel = {.run = run_backwards, .self = &runs, .width = 3};

    (void)state;
    for (size_t wrong = 0; wrong <= 2 * COUNT; wrong++) { /* The last time: none. */
        struct checks checks = {0};
        struct buffer packed[COUNT];

        for (size_t i = 0; i < COUNT; i++) {
            packed[i] = BUFFER(4096);
            add_signature(&checks, "said", wrong == 2 * i ? "other" : "said");
            add_content(&checks, &packed[i], wrong == 2 * i + 1);
        }
        assert_int_equal(checks_hold(&checks, NULL), wrong == 2 * COUNT);
        assert_int_equal(checks_hold(&checks, &parallel), wrong == 2 * COUNT);
        for (size_t i = 0; i < COUNT; i++)
            buffer_free(&packed[i]);
        checks_free(&checks);
    }
    assert_int_equal(runs, 2 * COUNT + 1);
}

static void nothing_holds(void **state)
{
    struct checks checks = {0};

    (void)state;
    assert_true(checks_hold(&checks, NULL));
    add_signature(&checks, "said", "other");
    assert_false(checks_hold(&checks, NULL));
    checks_clear(&checks);
    assert_true(checks_hold(&checks, NULL)); /* Those of another bundle are forgotten. */
    checks_free(&checks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_is_wrong_is_enough),
        cmocka_unit_test(nothing_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
