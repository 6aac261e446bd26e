/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/passphrase.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static void first_line_is_the_passphrase(void **state)
{
    struct passphrase p;

    (void)state;
    assert_int_equal(passphrase_from_text(bytes_text("two words\nmore"), &p), ERR_OK);
    assert_string_equal(p.text, "two words");
    assert_int_equal(passphrase_from_text(bytes_text("two words\r\n"), &p), ERR_OK);
    assert_int_equal(p.len, 9);
    assert_int_equal(passphrase_from_text(bytes_text("סיסמה"), &p), ERR_OK);
    assert_string_equal(p.text, "סיסמה");
}

static void empty_and_too_long_are_refused(void **state)
{
    static char text[PASSPHRASE_MAX + 2];
    struct passphrase p;

    (void)state;
    assert_int_equal(passphrase_from_text(bytes_text(""), &p), ERR_MISSING);
    assert_int_equal(passphrase_from_text(bytes_text("\nsecond"), &p), ERR_MISSING);
    memset(text, 'a', sizeof text);
    assert_int_equal(passphrase_from_text(bytes_of(text, PASSPHRASE_MAX), &p), ERR_OK);
    assert_int_equal(passphrase_from_text(bytes_of(text, PASSPHRASE_MAX + 1), &p), ERR_LIMIT);
}

static void file_goes_before_command(void **state)
{
    char path[] = "/tmp/igum_passphrase_XXXXXX";
    int file = mkstemp(path);
    struct passphrase p;

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(write(file, "of the file\n", 12), 12);
    assert_int_equal(close(file), 0);
    assert_int_equal(setenv("IGUM_PASSPHRASE_COMMAND", "echo of the command", 1), 0);
    assert_int_equal(setenv("IGUM_PASSPHRASE_FILE", path, 1), 0);
    assert_int_equal(passphrase_get("x", false, &p), ERR_OK);
    assert_string_equal(p.text, "of the file");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(passphrase_get("x", false, &p), ERR_MISSING);
    assert_int_equal(unsetenv("IGUM_PASSPHRASE_FILE"), 0);
    assert_int_equal(passphrase_get("x", true, &p), ERR_OK);
    assert_string_equal(p.text, "of the command");
    assert_int_equal(setenv("IGUM_PASSPHRASE_COMMAND", "echo half; false", 1), 0);
    assert_int_equal(passphrase_get("x", false, &p), ERR_MISSING);
    assert_int_equal(p.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_line_is_the_passphrase),
        cmocka_unit_test(empty_and_too_long_are_refused),
        cmocka_unit_test(file_goes_before_command),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
