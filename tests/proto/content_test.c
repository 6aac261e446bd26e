/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/content.h"
#include "proto/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define RUN_MAX (2 * LIMIT_CONTENT)

static const uint8_t SALT[CONTENT_SALT_LEN] = {1, 2, 3};

static struct content_file file(const char *name, const char *text)
{
    return (struct content_file){.name = bytes_text(name), .bytes = bytes_text(text)};
}

static struct buffer packed_sample(struct id *id)
{
    const struct content_file files[] = {file("photo.png", "PNG"), file("document.md", "# Water\n"), file("empty", "")};
    struct buffer packed = BUFFER(RUN_MAX);

    assert_int_equal(content_pack(files, 3, SALT, &packed, id), ERR_OK);
    return packed;
}

/* A packed content with any manifest. */
static enum err open_manifest(const char *manifest, const char *run)
{
    struct buffer packed = BUFFER(RUN_MAX);
    struct content content;
    enum err err;

    buffer_u32(&packed, (uint32_t)strlen(manifest));
    buffer_text(&packed, manifest);
    buffer_text(&packed, run);
    err = content_open(buffer_bytes(&packed), &content);
    buffer_free(&packed);
    return err;
}

#define SALT_LINE "salt 0102030000000000000000000000000000000000000000000000000000000000\n"

/* Opens a manifest of these lines, each with the digest of its bytes; "%" stands for the digest of the run "abc". */
static enum err open_lines(const char *lines, const char *run)
{
    char manifest[4096] = "igum content 1\n" SALT_LINE;
    char digest[ID_TEXT_LEN + 1];
    struct id id = content_digest(bytes_text("abc"));
    size_t len = strlen(manifest);

    id_to_text(&id, digest);
    for (; *lines; lines++)
        if (*lines == '%')
            len += (size_t)snprintf(manifest + len, sizeof manifest - len, "%s", digest);
        else
            manifest[len++] = *lines;
    manifest[len] = '\0';
    return open_manifest(manifest, run);
}

static void files_are_found_again_in_order_of_name(void **state)
{
    struct id id;
    struct buffer packed = packed_sample(&id);
    struct content content;
    const struct content_file *found;

    (void)state;
    assert_int_equal(content_open(buffer_bytes(&packed), &content), ERR_OK);
    assert_int_equal(content.count, 3);
    assert_true(id_equal(&content.id, &id));
    assert_true(bytes_equal(content.files[0].name, bytes_text(CONTENT_DOCUMENT)));
    assert_true(bytes_equal(content.files[1].name, bytes_text("empty")));
    assert_int_equal(content.files[1].size, 0);
    assert_true(bytes_equal(content_text(&content)->bytes, bytes_text("# Water\n")));
    found = content_find(&content, "photo.png");
    assert_non_null(found);
    assert_int_equal(found->size, 3);
    assert_int_equal(found->bytes.len, 0); /* It travels apart. */
    assert_null(content_find(&content, "photo.pn"));
    buffer_free(&packed);
}

static void the_order_given_does_not_change_the_bytes(void **state)
{
    const struct content_file one[] = {file("a", "1"), file("b", "2"), file("ab", "3")};
    const struct content_file other[] = {file("ab", "3"), file("b", "2"), file("a", "1")};
    struct buffer left = BUFFER(RUN_MAX);
    struct buffer right = BUFFER(RUN_MAX);
    struct id ids[2];

    (void)state;
    assert_int_equal(content_pack(one, 3, SALT, &left, &ids[0]), ERR_OK);
    assert_int_equal(content_pack(other, 3, SALT, &right, &ids[1]), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&left), buffer_bytes(&right)));
    assert_true(id_equal(&ids[0], &ids[1]));
    buffer_free(&left);
    buffer_free(&right);
}

static void another_salt_is_another_id(void **state)
{
    const uint8_t salt[CONTENT_SALT_LEN] = {1, 2, 4};
    const struct content_file one = file("a", "1");
    struct buffer packed = BUFFER(RUN_MAX);
    struct id ids[2];

    (void)state;
    assert_int_equal(content_pack(&one, 1, SALT, &packed, &ids[0]), ERR_OK);
    assert_int_equal(content_pack(&one, 1, salt, &packed, &ids[1]), ERR_OK);
    assert_false(id_equal(&ids[0], &ids[1]));
    buffer_free(&packed);
}

static void any_changed_bit_and_any_other_length_is_refused(void **state)
{
    struct id id;
    struct buffer packed = packed_sample(&id);
    struct content content;

    (void)state;
    for (size_t len = 0; len < packed.len; len++)
        assert_int_not_equal(content_open(bytes_of(packed.at, len), &content), ERR_OK);
    for (size_t bit = 0; bit < 8 * packed.len; bit++) {
        packed.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (content_open(buffer_bytes(&packed), &content) == ERR_OK)
            assert_false(id_equal(&content.id, &id)); /* A bit of the salt or of a name: another content. */
        packed.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buffer_u8(&packed, 0);
    assert_int_equal(content_open(buffer_bytes(&packed), &content), ERR_FORMAT);
    buffer_free(&packed);
}

static void a_changed_file_is_a_matter_of_its_digest(void **state)
{
    struct id id;
    struct buffer packed = packed_sample(&id);
    struct content content;

    (void)state;
    packed.at[packed.len - 1] ^= 1;
    assert_int_equal(content_open(buffer_bytes(&packed), &content), ERR_AUTH);
    buffer_free(&packed);
}

static void a_manifest_has_one_form(void **state)
{
    (void)state;
    assert_int_equal(open_lines("file % 3 document.md\n", "abc"), ERR_OK);
    assert_int_equal(open_lines("file % 3 name.txt\n", "abc"), ERR_OK);
    assert_int_equal(open_lines("file % 3 document.md\nfile % 3 name.txt\n", "abc"), ERR_OK);
    assert_int_equal(open_lines("file % 3 document.md\nfile % 3 name.txt\n", "abcabc"), ERR_FORMAT);
    assert_int_equal(open_lines("file % 3 a\nfile % 3 document.md\n", "abc"), ERR_OK);
    assert_int_equal(open_lines("file % 3 a\nfile % 3 document.md\n", "abcabc"), ERR_FORMAT);
    assert_int_equal(open_lines("file % 3 document.md\nfile % 3 a\n", "abc"), ERR_FORMAT);
    assert_int_equal(open_lines("file % 3 a\nfile % 3 a\n", ""), ERR_FORMAT);
    assert_int_equal(open_lines("file % 3 a\n", ""), ERR_OK);
    assert_int_equal(open_lines("file % 3 a\n", "abc"), ERR_FORMAT);
    assert_int_equal(open_lines("file 0000000000000000000000000000000000000000000000000000000000000000 3 a\n", ""),
                     ERR_FORMAT);
    assert_int_equal(open_lines("file % 3 document.md", "abc"), ERR_FORMAT);
    assert_int_equal(open_lines("file % 3 document.md\n\n", "abc"), ERR_FORMAT);
    assert_int_equal(open_lines("file % 03 document.md\n", "abc"), ERR_FORMAT);
    assert_int_equal(open_lines("file % 4 document.md\n", "abc"), ERR_FORMAT);
    assert_int_equal(open_lines("file % 2 document.md\n", "abc"), ERR_FORMAT);
    assert_int_equal(open_lines("file % 3 \n", "abc"), ERR_FORMAT);
    assert_int_equal(open_lines("file %  3 document.md\n", "abc"), ERR_FORMAT);
    assert_int_equal(open_lines("File % 3 document.md\n", "abc"), ERR_FORMAT);
    assert_int_equal(open_lines("", ""), ERR_FORMAT);
    assert_int_equal(open_manifest("igum content 2\n" SALT_LINE, ""), ERR_FORMAT);
    assert_int_equal(open_manifest("", ""), ERR_FORMAT);
}

static void a_name_that_could_be_a_path_is_refused(void **state)
{
    static const char *const bad[] = {".", "..", "a/b", "/a", "a\\b", "a\x01", "a\x7f", "\xff", "\xc0\xaf"};
    struct buffer packed = BUFFER(RUN_MAX);
    struct id id;
    char lines[64];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct content_file one = file(bad[i], "abc");

        assert_int_equal(content_pack(&one, 1, SALT, &packed, &id), ERR_FORMAT);
        snprintf(lines, sizeof lines, "file %% 3 %s\n", bad[i]);
        assert_int_equal(open_lines(lines, ""), ERR_FORMAT);
    }
    assert_int_equal(open_lines("file % 3 ...\n", ""), ERR_OK);
    buffer_free(&packed);
}

static void a_repeated_or_missing_file_is_not_packed(void **state)
{
    const struct content_file twice[] = {file("a", "1"), file("b", "2"), file("a", "3")};
    struct buffer packed = BUFFER(RUN_MAX);
    struct id id;

    (void)state;
    assert_int_equal(content_pack(twice, 3, SALT, &packed, &id), ERR_FORMAT);
    assert_int_equal(content_pack(twice, 0, SALT, &packed, &id), ERR_FORMAT);
    assert_int_equal(packed.len, 0);
    buffer_free(&packed);
}

static void the_largest_number_of_files_with_the_longest_names_fits(void **state)
{
    static char names[LIMIT_FILES + 1][LIMIT_FILE_NAME + 1];
    struct content_file *files = calloc(LIMIT_FILES + 1, sizeof *files);
    struct content *content = malloc(sizeof *content);
    struct buffer packed = BUFFER(RUN_MAX);
    struct id id;

    (void)state;
    assert_non_null(files);
    assert_non_null(content);
    for (size_t i = 0; i <= LIMIT_FILES; i++) {
        memset(names[i], 'n', LIMIT_FILE_NAME);
        snprintf(names[i] + LIMIT_FILE_NAME - 3, 4, "%03zu", i);
        files[i] = file(names[i], "abc");
    }
    assert_int_equal(content_pack(files, LIMIT_FILES + 1, SALT, &packed, &id), ERR_LIMIT);
    assert_int_equal(content_pack(files, LIMIT_FILES, SALT, &packed, &id), ERR_OK);
    assert_int_equal(content_open(buffer_bytes(&packed), content), ERR_OK);
    assert_int_equal(content->count, LIMIT_FILES);
    buffer_free(&packed);
    free(content);
    free(files);
}

static void one_file_too_many_is_refused_by_the_reader(void **state)
{
    struct buffer manifest = BUFFER(LIMIT_MANIFEST);
    struct buffer packed = BUFFER(RUN_MAX);
    struct content *content = malloc(sizeof *content);
    struct id empty = content_digest(bytes_of(NULL, 0));
    char line[128];
    char digest[ID_TEXT_LEN + 1];

    (void)state;
    assert_non_null(content);
    id_to_text(&empty, digest);
    buffer_text(&manifest, "igum content 1\n" SALT_LINE);
    for (size_t i = 0; i <= LIMIT_FILES; i++) {
        buffer_clear(&packed);
        snprintf(line, sizeof line, "file %s 0 %03zu\n", digest, i);
        buffer_text(&manifest, line);
        buffer_u32(&packed, (uint32_t)manifest.len);
        buffer_add(&packed, buffer_bytes(&manifest));
        assert_int_equal(content_open(buffer_bytes(&packed), content), i < LIMIT_FILES ? ERR_OK : ERR_LIMIT);
    }
    buffer_free(&packed);
    buffer_free(&manifest);
    free(content);
}

static void a_content_is_at_most_so_large(void **state)
{
    uint8_t *bytes = calloc(1, LIMIT_CONTENT + 1);
    struct content_file one = {.name = bytes_text(CONTENT_DOCUMENT), .bytes = bytes_of(bytes, 0)};
    struct buffer packed = BUFFER(RUN_MAX);
    struct content *content = malloc(sizeof *content);
    struct id id;
    size_t overhead;

    (void)state;
    assert_non_null(bytes);
    assert_non_null(content);
    one.bytes.len = 1000000; /* As many digits as the largest. */
    assert_int_equal(content_pack(&one, 1, SALT, &packed, &id), ERR_OK);
    overhead = packed.len - one.bytes.len;
    buffer_clear(&packed);
    one.bytes.len = LIMIT_CONTENT - overhead;
    assert_int_equal(content_pack(&one, 1, SALT, &packed, &id), ERR_OK);
    assert_int_equal(packed.len, LIMIT_CONTENT);
    assert_int_equal(content_open(buffer_bytes(&packed), content), ERR_OK);
    buffer_u8(&packed, 0);
    assert_int_equal(content_open(buffer_bytes(&packed), content), ERR_LIMIT);
    buffer_clear(&packed);
    one.bytes.len++;
    assert_int_equal(content_pack(&one, 1, SALT, &packed, &id), ERR_LIMIT);
    one.bytes.len = LIMIT_CONTENT + 1;
    assert_int_equal(content_pack(&one, 1, SALT, &packed, &id), ERR_LIMIT);
    buffer_free(&packed);
    free(content);
    free(bytes);
}

static void numbers_from_outside_meet_their_limits(void **state)
{
    static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff, 0};
    static const uint8_t over[] = {0, 1, 0x80, 1, 0}; /* LIMIT_MANIFEST + 1 */
    static const uint8_t cut[] = {0, 1, 0x80, 0, 0};
    struct content content;

    (void)state;
    assert_int_equal(content_open(bytes_of(huge, sizeof huge), &content), ERR_LIMIT);
    assert_int_equal(content_open(bytes_of(over, sizeof over), &content), ERR_LIMIT);
    assert_int_equal(content_open(bytes_of(cut, sizeof cut), &content), ERR_FORMAT);
    assert_int_equal(open_lines("file % 9007199254740991 a\n", "abc"), ERR_LIMIT);
    assert_int_equal(open_lines("file % 9007199254740992 a\n", "abc"), ERR_FORMAT);
    assert_int_equal(open_lines("file % 18446744073709551619 a\n", "abc"), ERR_FORMAT);
}

static void an_attachment_is_named_by_digest_and_size(void **state)
{
    uint8_t list[LIMIT_CHUNKS * ID_LEN] = {0};
    const struct id digest = file_digest(LIMIT_FILE, bytes_of(list, sizeof list));
    struct content_file files[] = {file("document.md", "# Water\n"),
                                   {.name = bytes_text("scan.pdf"), .size = LIMIT_FILE, .digest = digest}};
    struct buffer packed = BUFFER(RUN_MAX);
    struct content content;
    struct id id;

    (void)state;
    assert_int_equal(content_pack(files, 2, SALT, &packed, &id), ERR_OK);
    assert_int_equal(content_open(buffer_bytes(&packed), &content), ERR_OK);
    assert_int_equal(content.files[1].size, LIMIT_FILE);
    assert_true(id_equal(&content.files[1].digest, &digest));
    files[1].size++;
    assert_int_equal(content_pack(files, 2, SALT, &packed, &id), ERR_LIMIT);
    buffer_free(&packed);
}

/* Digests by another implementation: hashlib.blake2b with person, over bytes i * 7 % 251. */
static void large_files_are_hashed_by_chunks(void **state)
{
    static const struct {
        size_t len;
        const char *digest;
    } cases[] = {
        {0, "dcb6c0517a77b4ac5ef566519cbeb0a445a4e1f61f2dab09c0cc21674605f02e"},
        {1, "3d606ecc6e7d7e183ea293256d53edf93969ab1bb6244672b39359e72015cadd"},
        {LIMIT_CHUNK, "567a75becfea8d0a10fe751a40adc819588e71d880f0034a6b90cf36e28018f4"},
        {LIMIT_CHUNK + 1, "4aedbfd7c835ec4eacb956d93d41b3ef2ec9e57f5c4025d8962a9701696c6a16"},
        {2 * LIMIT_CHUNK, "da64540e45300f67dafeb000fd5e89827aa463f25aa9f945698f91745329eff6"},
        {2 * LIMIT_CHUNK + 1, "1e45f750f12243c344d51ea99c969449ecb8db062f95743c85d3d0af36e69b55"},
    };
    uint8_t *bytes = malloc(2 * LIMIT_CHUNK + 1);
    char text[ID_TEXT_LEN + 1];

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < 2 * LIMIT_CHUNK + 1; i++)
        bytes[i] = (uint8_t)(i * 7 % 251);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct id digest = content_digest(bytes_of(bytes, cases[i].len));

        id_to_text(&digest, text);
        assert_string_equal(text, cases[i].digest);
    }
    free(bytes);
}

static void a_name_is_one_line_and_is_read_back(void **state)
{
    char longest[LIMIT_NAME + 2];
    struct buffer packed = BUFFER(RUN_MAX);
    struct content content;
    struct bytes name;
    struct id id;

    (void)state;
    memset(longest, 'n', sizeof longest);
    longest[LIMIT_NAME + 1] = '\0';
    assert_int_equal(content_pack_name(longest, SALT, &packed, &id), ERR_FORMAT);
    longest[LIMIT_NAME] = '\0';
    assert_int_equal(content_pack_name(longest, SALT, &packed, &id), ERR_OK);
    assert_int_equal(content_open(buffer_bytes(&packed), &content), ERR_OK);
    assert_int_equal(content_name(&content, &name), ERR_OK);
    assert_true(bytes_equal(name, bytes_text(longest)));
    assert_int_equal(content_pack_name("", SALT, &packed, &id), ERR_FORMAT);
    assert_int_equal(content_pack_name("two\nlines", SALT, &packed, &id), ERR_FORMAT);
    buffer_free(&packed);
}

static void a_bad_name_file_is_no_name(void **state)
{
    static const char *const bad[] = {"", "Ruth", "Ruth\nLevi\n", "Ruth\n\n", " Ruth\n", "\n", "Ruth\r\n"};
    struct buffer packed = BUFFER(RUN_MAX);
    struct content content;
    struct bytes name;
    struct id id;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct content_file one = file(CONTENT_NAME, bad[i]);

        buffer_clear(&packed);
        assert_int_equal(content_pack(&one, 1, SALT, &packed, &id), ERR_OK);
        assert_int_equal(content_open(buffer_bytes(&packed), &content), ERR_OK);
        assert_int_equal(content_name(&content, &name), ERR_FORMAT);
    }
    buffer_free(&packed);
    packed = packed_sample(&id);
    assert_int_equal(content_open(buffer_bytes(&packed), &content), ERR_OK);
    assert_int_equal(content_name(&content, &name), ERR_MISSING);
    buffer_free(&packed);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_found_again_in_order_of_name),
        cmocka_unit_test(the_order_given_does_not_change_the_bytes),
        cmocka_unit_test(another_salt_is_another_id),
        cmocka_unit_test(any_changed_bit_and_any_other_length_is_refused),
        cmocka_unit_test(a_changed_file_is_a_matter_of_its_digest),
        cmocka_unit_test(a_manifest_has_one_form),
        cmocka_unit_test(a_name_that_could_be_a_path_is_refused),
        cmocka_unit_test(a_repeated_or_missing_file_is_not_packed),
        cmocka_unit_test(the_largest_number_of_files_with_the_longest_names_fits),
        cmocka_unit_test(one_file_too_many_is_refused_by_the_reader),
        cmocka_unit_test(a_content_is_at_most_so_large),
        cmocka_unit_test(numbers_from_outside_meet_their_limits),
        cmocka_unit_test(an_attachment_is_named_by_digest_and_size),
        cmocka_unit_test(large_files_are_hashed_by_chunks),
        cmocka_unit_test(a_name_is_one_line_and_is_read_back),
        cmocka_unit_test(a_bad_name_file_is_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
