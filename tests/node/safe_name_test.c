/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/safe_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

static void expect(const char *text, const char *name)
{
    char got[SAFE_NAME_SIZE];

    safe_name(bytes_text(text), "instead", got);
    assert_string_equal(got, name);
}

static void hebrew_stays(void **state)
{
    (void)state;
    expect("פרוטוקול אסיפה כללית", "פרוטוקול אסיפה כללית");
    expect("ח\"כ ודו\"ח 14/26", "ח״כ ודו״ח 14-26");
    expect("שָׁלוֹם", "שָׁלוֹם");
}

static void forms_are_composed(void **state)
{
    (void)state;
    expect("cafe\xCC\x81", "caf\xC3\xA9");
}

static void what_file_systems_reserve_goes(void **state)
{
    (void)state;
    expect("../../etc/passwd", "-..-etc-passwd");
    expect("a<b>c:d|e?f*g\\h", "a_b_c-d-e_f_g-h");
    expect("say \"this\"", "say 'this'");
    expect("  two   words.. ", "two words");
    expect("...", "instead");
    expect("", "instead");
    expect("con", "_con");
    expect("NUL.txt", "_NUL.txt");
    expect("Com1", "_Com1");
    expect("console", "console");
}

static void what_deceives_goes(void **state)
{
    (void)state;
    expect("x\xE2\x80\xAE"
           "fdp.exe",
           "xfdp.exe");
    expect("a\x1b[31m\x07z", "a[31mz");
    expect("a\xFFz", "a_z");
    expect("\xEF\xBB\xBF"
           "bom",
           "bom");
}

static void names_are_short_and_whole(void **state)
{
    char text[4096], name[SAFE_NAME_SIZE];
    size_t len = 0;

    (void)state;
    for (; len + 2 < sizeof text; len += 2)
        memcpy(text + len, "א", 2);
    safe_name(bytes_of((const uint8_t *)text, len), "x", name);
    assert_int_equal(strlen(name), 2 * SAFE_NAME_LETTERS);
    for (len = 0; len + 4 < sizeof text; len += 4)
        memcpy(text + len, "😀", 4);
    safe_name(bytes_of((const uint8_t *)text, len), "x", name);
    assert_int_equal(strlen(name), 4 * SAFE_NAME_LETTERS);
}

static void files_keep_their_ending(void **state)
{
    char text[400], name[SAFE_NAME_SIZE];

    (void)state;
    memset(text, 'a', sizeof text);
    memcpy(text + sizeof text - 4, ".pdf", 4);
    safe_name_of_file(bytes_of((const uint8_t *)text, sizeof text), "file", name);
    assert_int_equal(strlen(name), SAFE_NAME_LETTERS + 4);
    assert_string_equal(name + SAFE_NAME_LETTERS, ".pdf");
    safe_name_of_file(bytes_text("מפה.png"), "file", name);
    assert_string_equal(name, "מפה.png");
    safe_name_of_file(bytes_text(".hidden"), "file", name);
    assert_string_equal(name, "hidden");
    safe_name_of_file(bytes_text("?.pdf"), "file", name);
    assert_string_equal(name, "_.pdf");
    safe_name_of_file(bytes_text("\x01.pdf"), "file", name);
    assert_string_equal(name, "file.pdf");
}

static void case_makes_no_difference_on_windows(void **state)
{
    char folded[SAFE_NAME_SIZE];

    (void)state;
    safe_name_fold("MiNUTES É אב", folded);
    assert_string_equal(folded, "minutes é אב");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hebrew_stays),
        cmocka_unit_test(forms_are_composed),
        cmocka_unit_test(what_file_systems_reserve_goes),
        cmocka_unit_test(what_deceives_goes),
        cmocka_unit_test(names_are_short_and_whole),
        cmocka_unit_test(files_keep_their_ending),
        cmocka_unit_test(case_makes_no_difference_on_windows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
