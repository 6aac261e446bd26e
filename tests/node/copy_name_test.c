/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/copy_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define A "00112233445566778899aabbccddeeff"
#define B "ffeeddccbbaa99887766554433221100"

static void expect(const char *path, const char *file, const char *name)
{
    char text[COPY_NAME_SIZE];

    copy_name(path, bytes_text(file), text);
    assert_string_equal(text, name);
}

static void pages_are_files_of_their_name(void **state)
{
    (void)state;
    expect("/", "", "index.html");
    expect("/documents", "", "documents.html");
    expect("/documents?kind=decision&page=2", "", "documents_kind-decision_page-2.html");
    expect("/feed/all.atom", "", "feed/all.atom");
    expect("/igum.css", "", "igum.css");
    expect("/book/0123456789abcdef/2026/print", "", "book/0123456789abcdef/2026/print.html");
}

static void ids_are_cut_and_the_first_is_a_directory(void **state)
{
    (void)state;
    expect("/d/" A B, "", "d/00/112233445566778899aabbccddeeff.html");
    expect("/d/" A B "/r/" B A, "", "d/00/112233445566778899aabbccddeeff/r/" B ".html");
    expect("/fork/" A B "/proof", "", "fork/00/112233445566778899aabbccddeeff/proof.bin");
}

static void attachments_are_what_cannot_run(void **state)
{
    (void)state;
    expect("/a/" A B "/0", "plan.PDF", "a/00/112233445566778899aabbccddeeff/0.pdf");
    expect("/a/" A B "/1", "page.html", "a/00/112233445566778899aabbccddeeff/1.bin");
    expect("/a/" A B "/1", "image.svg", "a/00/112233445566778899aabbccddeeff/1.bin");
    expect("/a/" A B "/1", "setup.pdf.exe", "a/00/112233445566778899aabbccddeeff/1.bin");
    expect("/a/" A B "/1", ".pdf", "a/00/112233445566778899aabbccddeeff/1.bin");
}

static void nothing_leads_out_of_the_copy(void **state)
{
    char text[COPY_NAME_SIZE], path[4 * COPY_NAME_SIZE] = "/";

    (void)state;
    expect("/../../x", "", "_./_./x.html");
    expect("//x", "", "_x.html");
    expect("/a%2F\\\n\"", "", "a_2____.html");
    memset(path + 1, 'a', sizeof path - 2);
    copy_name(path, bytes_text(""), text);
    assert_int_equal(strlen(text), COPY_NAME_SIZE - 1);
}

static void ways_are_relative(void **state)
{
    struct buffer out = BUFFER(1024);

    (void)state;
    copy_name_relative("index.html", "d/00/1.html", &out);
    buffer_text(&out, " ");
    copy_name_relative("d/00/1.html", "index.html", &out);
    assert_int_equal(out.len, strlen("d/00/1.html ../../index.html"));
    assert_memory_equal(out.at, "d/00/1.html ../../index.html", out.len);
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_files_of_their_name),
        cmocka_unit_test(ids_are_cut_and_the_first_is_a_directory),
        cmocka_unit_test(attachments_are_what_cannot_run),
        cmocka_unit_test(nothing_leads_out_of_the_copy),
        cmocka_unit_test(ways_are_relative),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
