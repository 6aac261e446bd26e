/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/stream_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/files.h"
static const char *path_in(const char *home, const char *name)
{
    static char path[FILES_PATH_SIZE];

    assert_int_equal(files_join(path, home, name), ERR_OK);
    return path;
}

static enum err count_name(void *context, const char *name)
{
    (void)name;
    (*(size_t *)context)++;
    return ERR_OK;
}

static size_t count_names(const char *home)
{
    size_t count = 0;

    assert_int_equal(files_each(home, count_name, &count), ERR_OK);
    return count;
}

static void file_is_there_only_when_it_is_finished(void **state)
{
    char home[] = "/tmp/igum_stream_XXXXXX";
    struct stream_file *f = NULL;
    struct buffer back = BUFFER(100);

    (void)state;
    assert_non_null(mkdtemp(home));
    assert_int_equal(stream_file_create(path_in(home, "a"), &f), ERR_OK);
    assert_int_equal(stream_file_write(f, bytes_text("one ")), ERR_OK);
    assert_int_equal(stream_file_write(f, bytes_text("two")), ERR_OK);
    assert_false(files_exists(path_in(home, "a")));
    assert_int_equal(stream_file_finish(f), ERR_OK);
    assert_int_equal(count_names(home), 1);
    assert_int_equal(stream_file_open(path_in(home, "a"), &f), ERR_OK);
    assert_int_equal(stream_file_size(f), 7);
    assert_int_equal(stream_file_read(f, 5, &back), ERR_OK);
    assert_int_equal(back.len, 5);
    assert_int_equal(stream_file_read(f, 50, &back), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&back), bytes_text("one two")));
    stream_file_close(f);
    buffer_free(&back);
    assert_int_equal(files_remove_tree(home), ERR_OK);
}

static void file_that_is_given_up_leaves_nothing(void **state)
{
    char home[] = "/tmp/igum_stream_XXXXXX";
    struct stream_file *f = NULL;

    (void)state;
    assert_non_null(mkdtemp(home));
    assert_int_equal(stream_file_create(path_in(home, "a"), &f), ERR_OK);
    assert_int_equal(stream_file_write(f, bytes_text("one")), ERR_OK);
    stream_file_close(f);
    assert_int_equal(count_names(home), 0);
    assert_int_equal(stream_file_create(path_in(home, "no/a"), &f), ERR_MISSING);
    assert_int_equal(files_remove_tree(home), ERR_OK);
}

/* Row 52: what is on a stick is opened only where it is a plain file. */
static void attack_52_repository_or_pipe_on_the_stick_is_not_opened(void **state)
{
    char home[] = "/tmp/igum_stream_XXXXXX";
    struct stream_file *f = NULL;

    (void)state;
    assert_non_null(mkdtemp(home));
    assert_int_equal(mkdir(path_in(home, "archive.git"), 0700), 0);
    assert_int_equal(stream_file_open(path_in(home, "archive.git"), &f), ERR_FORMAT);
    assert_int_equal(mkfifo(path_in(home, "pipe"), 0600), 0);
    assert_int_equal(stream_file_open(path_in(home, "pipe"), &f), ERR_FORMAT); /* And does not wait for a writer. */
    assert_int_equal(stream_file_open("/dev/zero", &f), ERR_FORMAT);
    assert_int_equal(stream_file_open(path_in(home, "nothing"), &f), ERR_MISSING);
    assert_int_equal(files_remove_tree(home), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_is_there_only_when_it_is_finished),
        cmocka_unit_test(file_that_is_given_up_leaves_nothing),
        cmocka_unit_test(attack_52_repository_or_pipe_on_the_stick_is_not_opened),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
