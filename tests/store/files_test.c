/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/files.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/home.h"

/* The linker sends these calls of files.c here: see tests/CMakeLists.txt. */
int __real_fsync(int descriptor);
int __wrap_fsync(int descriptor);
ssize_t __real_write(int descriptor, const void *at, size_t len);
ssize_t __wrap_write(int descriptor, const void *at, size_t len);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

static struct {
    unsigned syncs, fail_sync_at, short_writes;
    int sync_error, write_error, rename_error;
} system_calls;

int __wrap_fsync(int descriptor)
{
    if (++system_calls.syncs == system_calls.fail_sync_at) {
        errno = system_calls.sync_error;
        return -1;
    }
    return __real_fsync(descriptor);
}

ssize_t __wrap_write(int descriptor, const void *at, size_t len)
{
    if (system_calls.write_error) {
        errno = system_calls.write_error;
        return -1;
    }
    if (system_calls.short_writes && len > 1) {
        system_calls.short_writes--;
        len /= 2;
    }
    return __real_write(descriptor, at, len);
}

int __wrap_rename(const char *from, const char *to)
{
    if (system_calls.rename_error) {
        errno = system_calls.rename_error;
        return -1;
    }
    return __real_rename(from, to);
}

static int setup(void **state)
{
    struct home *home = malloc(sizeof *home);

    *home = home_make();
    *state = home;
    memset(&system_calls, 0, sizeof system_calls);
    return 0;
}

static int teardown(void **state)
{
    memset(&system_calls, 0, sizeof system_calls);
    home_remove(*state);
    free(*state);
    return 0;
}

static void assert_file(const char *path, const char *text)
{
    struct buffer read = home_read(path);

    assert_int_equal(read.len, strlen(text));
    assert_memory_equal(read.at, text, read.len);
    buffer_free(&read);
}

static void replaced_file_holds_the_new_text_and_the_mode(void **state)
{
    const char *path = home_file(*state, "a");
    struct stat status;

    assert_int_equal(files_replace(path, bytes_text("old"), 0600), ERR_OK);
    assert_int_equal(files_replace(path, bytes_text("new text"), 0640), ERR_OK);
    assert_file(path, "new text");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0640);
}

static void replacing_syncs_the_file_and_then_its_directory(void **state)
{
    assert_int_equal(files_replace(home_file(*state, "a"), bytes_text("x"), 0600), ERR_OK);
    assert_int_equal(system_calls.syncs, 2);
}

static void short_writes_are_continued(void **state)
{
    const char *path = home_file(*state, "a");

    system_calls.short_writes = 5;
    assert_int_equal(files_replace(path, bytes_text("a text of some length"), 0600), ERR_OK);
    assert_file(path, "a text of some length");
}

static void assert_failure_keeps_the_old_file(const struct home *home, enum err expected, unsigned syncs)
{
    const char *path = home_file(home, "a");

    assert_int_equal(files_replace(path, bytes_text("new"), 0600), expected);
    assert_file(path, "old");
    assert_int_equal(system_calls.syncs, syncs);
    assert_int_equal(home_run("test $(ls -A %s | wc -l) = 1", home->path), 0);
}

static void failed_write_leaves_the_old_file_and_nothing_else(void **state)
{
    static const struct {
        int number;
        enum err err;
    } cases[] = {{ENOSPC, ERR_FULL}, {EDQUOT, ERR_FULL}, {EROFS, ERR_FULL}, {EIO, ERR_IO}};

    assert_int_equal(files_replace(home_file(*state, "a"), bytes_text("old"), 0600), ERR_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        system_calls.syncs = 0;
        system_calls.write_error = cases[i].number;
        assert_failure_keeps_the_old_file(*state, cases[i].err, 0);
    }
}

static void failed_sync_is_reported_and_never_tried_again(void **state)
{
    assert_int_equal(files_replace(home_file(*state, "a"), bytes_text("old"), 0600), ERR_OK);
    system_calls.syncs = 0;
    system_calls.fail_sync_at = 1;
    system_calls.sync_error = EIO;
    assert_failure_keeps_the_old_file(*state, ERR_IO, 1);
}

static void failed_sync_of_the_directory_is_reported(void **state)
{
    system_calls.fail_sync_at = 2;
    system_calls.sync_error = EIO;
    assert_int_equal(files_replace(home_file(*state, "a"), bytes_text("new"), 0600), ERR_IO);
    assert_int_equal(system_calls.syncs, 2);
}

static void failed_rename_leaves_nothing(void **state)
{
    system_calls.rename_error = EIO;
    assert_int_equal(files_replace(home_file(*state, "a"), bytes_text("new"), 0600), ERR_IO);
    assert_int_equal(home_run("test -z \"$(ls -A %s)\"", ((struct home *)*state)->path), 0);
}

static void reading_stops_at_the_limit(void **state)
{
    const char *path = home_file(*state, "a");
    struct buffer text = BUFFER(100);

    home_write(path, bytes_text("12345"));
    assert_int_equal(files_read(path, 5, &text), ERR_OK);
    assert_int_equal(text.len, 5);
    assert_int_equal(files_read(path, 4, &text), ERR_LIMIT);
    assert_int_equal(files_read(home_file(*state, "b"), 4, &text), ERR_MISSING);
    buffer_free(&text);
}

static void file_is_compared_to_its_last_byte(void **state)
{
    static uint8_t bytes[16384 + 3];
    const char *path = home_file(*state, "a");

    memset(bytes, 'x', sizeof bytes);
    for (size_t len = sizeof bytes - 4; len <= sizeof bytes; len++) {
        home_write(path, bytes_of(bytes, len));
        assert_int_equal(files_compare(path, bytes_of(bytes, len)), ERR_OK);
        assert_int_equal(files_compare(path, bytes_of(bytes, len - 1)), ERR_AUTH);
        bytes[len - 1] = 'y';
        assert_int_equal(files_compare(path, bytes_of(bytes, len)), ERR_AUTH);
        bytes[len - 1] = 'x';
    }
    home_write(path, bytes_of(bytes, 16384));
    assert_int_equal(files_compare(path, bytes_of(bytes, 16385)), ERR_AUTH);
    assert_int_equal(files_compare(home_file(*state, "b"), bytes_of(bytes, 1)), ERR_MISSING);
}

static void directory_is_made_once(void **state)
{
    assert_int_equal(files_make_directory(home_file(*state, "d"), 0700), ERR_OK);
    assert_int_equal(system_calls.syncs, 1);
    assert_int_equal(files_make_directory(home_file(*state, "d"), 0700), ERR_EXISTS);
    assert_int_equal(files_make_directory(home_file(*state, "none/d"), 0700), ERR_MISSING);
}

static void tree_is_removed_with_everything_in_it(void **state)
{
    const char *path = home_file(*state, "d");

    assert_int_equal(home_run("mkdir -p %s/e && touch %s/e/f", path, path), 0);
    assert_int_equal(files_remove_tree(path), ERR_OK);
    assert_false(files_exists(path));
    assert_int_equal(files_remove_tree(path), ERR_OK);
    assert_int_equal(files_remove(path), ERR_OK);
}

static void long_path_is_refused(void **state)
{
    char name[FILES_PATH_SIZE + 10], path[FILES_PATH_SIZE];

    (void)state;
    memset(name, 'a', sizeof name);
    name[FILES_PATH_SIZE - 3] = '\0';
    assert_int_equal(files_join(path, "d", name), ERR_OK);
    name[FILES_PATH_SIZE - 3] = 'a';
    name[FILES_PATH_SIZE - 2] = '\0';
    assert_int_equal(files_join(path, "d", name), ERR_LIMIT);
}

/* The lock belongs to the open file: a second open of the same process is refused like another process. */
static void second_node_is_refused_and_told_by_whom(void **state)
{
    const struct home *home = *state;
    struct files_lock first, second;
    long holder = 0;

    assert_int_equal(files_lock(home->path, &first, &holder), ERR_OK);
    assert_int_equal(files_lock(home->path, &second, &holder), ERR_BUSY);
    assert_int_equal(holder, getpid());
    files_unlock(&first);
    assert_int_equal(files_lock(home->path, &second, NULL), ERR_OK);
    files_unlock(&second);
}

static void lock_ends_with_its_process(void **state)
{
    const struct home *home = *state;
    struct files_lock lock;
    int status;
    pid_t child = fork();

    if (child == 0) {
        if (files_lock(home->path, &lock, NULL))
            _exit(1);
        (void)kill(getpid(), SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(files_lock(home->path, &lock, NULL), ERR_OK);
    files_unlock(&lock);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(replaced_file_holds_the_new_text_and_the_mode),
        TEST(replacing_syncs_the_file_and_then_its_directory),
        TEST(short_writes_are_continued),
        TEST(failed_write_leaves_the_old_file_and_nothing_else),
        TEST(failed_sync_is_reported_and_never_tried_again),
        TEST(failed_sync_of_the_directory_is_reported),
        TEST(failed_rename_leaves_nothing),
        TEST(reading_stops_at_the_limit),
        TEST(file_is_compared_to_its_last_byte),
        TEST(directory_is_made_once),
        TEST(tree_is_removed_with_everything_in_it),
        TEST(long_path_is_refused),
        TEST(second_node_is_refused_and_told_by_whom),
        TEST(lock_ends_with_its_process),
    };

    return cmocka_run_group_tests_name("store.files", tests, NULL, NULL);
}
