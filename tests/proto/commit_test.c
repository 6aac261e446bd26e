/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "proto/commit.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/vectors.h"

/* ---- published ---- */

static void malleated_and_forged_signatures_are_told_from_bad_form(void **state)
{
    const json_t *cases = json_object_get(vectors_json("derived/sshsig-commit-malleability.json"), "cases");
    const json_t *one;
    size_t index, checked = 0;
    struct commit commit;

    (void)state;
    json_array_foreach(cases, index, one)
    {
        const char *name = vectors_text(one, "name");

        if (!strcmp(name, "S+L malleated signature") || !strcmp(name, "identity-point key, zero sig")) {
            assert_int_equal(commit_read(vectors_hex(one, "commit_hex"), &commit), ERR_AUTH);
            checked++;
        }
    }
    assert_int_equal(checked, 2);
}

static void commits_of_other_tools_are_refused(void **state)
{
    static const char directory[] = "git/gitoxide-object-fixtures";
    DIR *open = opendir(vectors_path(directory));
    struct dirent *found;
    size_t count = 0;

    (void)state;
    assert_non_null(open);
    while ((found = readdir(open))) {
        char name[512];
        struct commit commit;

        if (!strstr(found->d_name, "commit__") && !strstr(found->d_name, "fuzz_commit"))
            continue;
        snprintf(name, sizeof name, "%s/%s", directory, found->d_name);
        assert_int_not_equal(commit_read(vectors_file(name), &commit), ERR_OK);
        count++;
    }
    closedir(open);
    assert_true(count >= 17);
}

/* ---- our own ---- */

static struct signing_key test_key(void)
{
    struct signing_key key;

    sshsig_key_from_seed(&key, (const uint8_t[SSHSIG_SEED_LEN]){7});
    return key;
}

static struct commit sample(void)
{
    return (struct commit){
        .tree = commit_empty_tree(),
        .has_parent = true,
        .parent = {.at = {1, 2, 3}},
        .name = bytes_text("name"),
        .email = bytes_text("email@igum"),
        .seconds = 1700000000,
        .message = bytes_text("One\n\ntwo\tthree\n"),
    };
}

/* Writes a commit with a signature that is right for it, whatever it holds. */
static struct buffer signed_commit(struct commit commit)
{
    struct signing_key key = test_key();
    struct buffer payload = BUFFER(MIB(1)), out = BUFFER(MIB(1));

    commit_write_payload(&payload, &commit);
    commit.key = key.public;
    sshsig_sign(&key, "git", buffer_bytes(&payload), &commit.signature);
    commit_write(&out, &commit);
    assert_int_equal(buffer_error(&out), ERR_OK);
    buffer_free(&payload);
    return out;
}

static enum err verdict(struct commit commit)
{
    struct buffer bytes = signed_commit(commit);
    struct commit read;
    enum err err = commit_read(buffer_bytes(&bytes), &read);

    buffer_free(&bytes);
    return err;
}

static void commit_is_read_back(void **state)
{
    struct commit commit = sample(), read;
    struct buffer bytes = signed_commit(commit);
    struct signing_key key = test_key();

    (void)state;
    assert_int_equal(commit_read(buffer_bytes(&bytes), &read), ERR_OK);
    assert_memory_equal(&read.tree, &commit.tree, sizeof read.tree);
    assert_true(read.has_parent);
    assert_memory_equal(&read.parent, &commit.parent, sizeof read.parent);
    assert_true(bytes_equal(read.name, commit.name));
    assert_true(bytes_equal(read.email, commit.email));
    assert_int_equal(read.seconds, commit.seconds);
    assert_true(bytes_equal(read.message, commit.message));
    assert_memory_equal(&read.key, &key.public, sizeof read.key);
    buffer_free(&bytes);
}

static void kept_commit_is_read_without_its_signature(void **state)
{
    struct commit commit = sample(), read;
    struct sha1 parent;

    (void)state;
    commit.key = test_key().public;
    struct buffer forged = BUFFER(LIMIT_COMMIT);
    commit_write(&forged, &commit); /* Signed by nobody. */
    assert_int_equal(commit_read(buffer_bytes(&forged), &read), ERR_AUTH);
    assert_int_equal(commit_read_kept(buffer_bytes(&forged), &read), ERR_OK);
    assert_true(commit_parent(buffer_bytes(&forged), &parent));
    assert_memory_equal(&parent, &commit.parent, sizeof parent);
    forged.at[0] = 'T';
    assert_int_equal(commit_read_kept(buffer_bytes(&forged), &read), ERR_FORMAT);
    assert_false(commit_parent(buffer_bytes(&forged), &parent));
    buffer_free(&forged);
}

static void first_commit_has_no_parent(void **state)
{
    struct commit commit = sample(), read;
    struct buffer bytes;
    struct sha1 parent;

    (void)state;
    commit.has_parent = false;
    bytes = signed_commit(commit);
    assert_false(commit_parent(buffer_bytes(&bytes), &parent));
    assert_int_equal(commit_read(buffer_bytes(&bytes), &read), ERR_OK);
    assert_false(read.has_parent);
    assert_null(memmem(bytes.at, bytes.len, "parent", 6));
    buffer_free(&bytes);
}

static void every_wrong_bit_is_refused(void **state)
{
    struct buffer bytes = signed_commit(sample());
    struct commit read;

    (void)state;
    for (size_t bit = 0; bit < bytes.len * 8; bit++) {
        bytes.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_not_equal(commit_read(buffer_bytes(&bytes), &read), ERR_OK);
        bytes.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buffer_free(&bytes);
}

static void every_shorter_and_a_longer_run_is_refused(void **state)
{
    struct buffer bytes = signed_commit(sample());
    struct commit read;

    (void)state;
    for (size_t len = 0; len < bytes.len; len++)
        assert_int_not_equal(commit_read(bytes_of(bytes.at, len), &read), ERR_OK);
    buffer_text(&bytes, "\n");
    assert_int_equal(commit_read(buffer_bytes(&bytes), &read), ERR_FORMAT);
    buffer_free(&bytes);
}

static void persons_that_git_could_misread_are_refused(void **state)
{
    static const char *const bad[] = {"", " a", "a ", "a<b", "a>b", "a\nb", "a\x7f", "a\xe2\x80\xae", "\xff"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct commit name = sample(), email = sample();

        name.name = bytes_text(bad[i]);
        assert_int_equal(verdict(name), ERR_FORMAT);
        email.email = bytes_text(bad[i]);
        assert_int_equal(verdict(email), ERR_FORMAT);
    }
    assert_int_equal(verdict(sample()), ERR_OK);
}

static void messages_that_are_not_canonical_are_refused(void **state)
{
    static const char *const bad[] = {"", "\n", "a", "a\n\n", "\na\n", "a\r\n", "a\x1b\n", "\xff\n", "\xed\xa0\x80\n"};
    static const char *const good[] = {"a\n", "a\n\nb\n", "\ta\n", "\xd7\x90\n"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct commit commit = sample();

        commit.message = bytes_text(bad[i]);
        assert_int_equal(verdict(commit), ERR_FORMAT);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct commit commit = sample();

        commit.message = bytes_text(good[i]);
        assert_int_equal(verdict(commit), ERR_OK);
    }
    struct commit commit = sample();
    commit.message = bytes_of("a\0b\n", 4);
    assert_int_equal(verdict(commit), ERR_FORMAT);
}

static void time_is_bounded(void **state)
{
    struct commit commit = sample();

    (void)state;
    commit.seconds = 0;
    assert_int_equal(verdict(commit), ERR_OK);
    commit.seconds = LIMIT_CLOCK_SECONDS - 1;
    assert_int_equal(verdict(commit), ERR_OK);
    commit.seconds = LIMIT_CLOCK_SECONDS;
    assert_int_equal(verdict(commit), ERR_FORMAT);
}

static void size_is_bounded(void **state)
{
    static char text[LIMIT_COMMIT];
    struct commit commit = sample();
    struct buffer bytes = signed_commit(commit);
    size_t rest = bytes.len - commit.message.len;

    (void)state;
    buffer_free(&bytes);
    memset(text, 'a', sizeof text);
    text[LIMIT_COMMIT - rest - 1] = '\n';
    commit.message = bytes_of(text, LIMIT_COMMIT - rest);
    assert_int_equal(verdict(commit), ERR_OK);
    text[LIMIT_COMMIT - rest - 1] = 'a';
    text[LIMIT_COMMIT - rest] = '\n';
    commit.message = bytes_of(text, LIMIT_COMMIT - rest + 1);
    assert_int_equal(verdict(commit), ERR_LIMIT);
}

static void second_parent_is_refused(void **state)
{
    static const char line[] = "parent 0102030000000000000000000000000000000000\n";
    struct buffer bytes = signed_commit(sample()), two = BUFFER(KIB(4));
    const uint8_t *author = memmem(bytes.at, bytes.len, "author", 6);
    size_t front = (size_t)(author - bytes.at);
    struct commit read;

    (void)state;
    buffer_add(&two, bytes_of(bytes.at, front));
    buffer_text(&two, line);
    buffer_add(&two, bytes_from(buffer_bytes(&bytes), front));
    assert_int_equal(commit_read(buffer_bytes(&two), &read), ERR_FORMAT);
    buffer_free(&bytes);
    buffer_free(&two);
}

static void payload_is_the_commit_without_its_signature(void **state)
{
    struct commit commit = sample();
    struct buffer whole = signed_commit(commit), payload = BUFFER(KIB(4)), joined = BUFFER(KIB(4));
    const uint8_t *begin = memmem(whole.at, whole.len, "gpgsig ", 7);
    const uint8_t *end = memmem(whole.at, whole.len, "\n\n", 2);

    (void)state;
    commit_write_payload(&payload, &commit);
    buffer_add(&joined, bytes_of(whole.at, (size_t)(begin - whole.at)));
    buffer_add(&joined, bytes_from(buffer_bytes(&whole), (size_t)(end + 1 - whole.at)));
    assert_true(bytes_equal(buffer_bytes(&payload), buffer_bytes(&joined)));
    buffer_free(&whole);
    buffer_free(&payload);
    buffer_free(&joined);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(malleated_and_forged_signatures_are_told_from_bad_form),
        cmocka_unit_test(commits_of_other_tools_are_refused),
        cmocka_unit_test(commit_is_read_back),
        cmocka_unit_test(kept_commit_is_read_without_its_signature),
        cmocka_unit_test(first_commit_has_no_parent),
        cmocka_unit_test(every_wrong_bit_is_refused),
        cmocka_unit_test(every_shorter_and_a_longer_run_is_refused),
        cmocka_unit_test(persons_that_git_could_misread_are_refused),
        cmocka_unit_test(messages_that_are_not_canonical_are_refused),
        cmocka_unit_test(time_is_bounded),
        cmocka_unit_test(size_is_bounded),
        cmocka_unit_test(second_parent_is_refused),
        cmocka_unit_test(payload_is_the_commit_without_its_signature),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
