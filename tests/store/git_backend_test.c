/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/git_backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/home.h"

#define REF "refs/igum/log/0123456789012345678901234567890123456789012345678901234567890123"

struct world {
    struct home directory;
    char path[160];
    struct git_backend *g;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    w->directory = home_make();
    snprintf(w->path, sizeof w->path, "%s/r.git", w->directory.path);
    assert_int_equal(git_backend_create(w->path), ERR_OK);
    assert_int_equal(git_backend_open(w->path, true, &w->g), ERR_OK);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    git_backend_close(w->g);
    home_remove(&w->directory);
    free(w);
    return 0;
}

static struct sha1 add(struct world *w, const char *text)
{
    struct sha1 name;

    assert_int_equal(git_backend_add(w->g, PACK_BLOB, bytes_text(text), &name), ERR_OK);
    return name;
}

static enum err read_text(struct world *w, const struct sha1 *name, const char *text)
{
    struct buffer out = BUFFER(KIB(1));
    enum err err = git_backend_read(w->g, PACK_BLOB, name, &out);

    if (!err)
        assert_true(bytes_equal(buffer_bytes(&out), bytes_text(text)));
    buffer_free(&out);
    return err;
}

static void repository_is_made_once_and_stock_git_takes_it(void **state)
{
    struct world *w = *state;
    struct git_backend *other;

    assert_int_equal(git_backend_create(w->path), ERR_EXISTS);
    assert_int_equal(git_backend_open(w->directory.path, true, &other), ERR_FORMAT);
    assert_int_equal(git_backend_open("/nonexistent", true, &other), ERR_MISSING);
    assert_int_equal(home_run("git -C %s fsck --full --strict", w->path), 0);
    assert_int_equal(
        home_run("test $(git -C %s config core.fsync) = all && test $(git -C %s config gc.auto) = 0", w->path, w->path),
        0);
}

static void object_is_read_back_and_only_as_what_it_is(void **state)
{
    struct world *w = *state;
    struct sha1 name = add(w, "hello\n");
    struct buffer out = BUFFER(5);
    char text[GIT_BACKEND_NAME_SIZE];

    git_backend_name_text(&name, text);
    assert_string_equal(text, "ce013625030ba8dba906f756967f9e9ca394464a");
    assert_int_equal(read_text(w, &name, "hello\n"), ERR_OK);
    assert_int_equal(git_backend_read(w->g, PACK_TREE, &name, &out), ERR_LIMIT);
    out.limit = 6;
    buffer_clear(&out);
    assert_int_equal(git_backend_read(w->g, PACK_TREE, &name, &out), ERR_FORMAT);
    name.at[0] ^= 1;
    assert_int_equal(read_text(w, &name, ""), ERR_MISSING);
    buffer_free(&out);
}

static void what_is_gathered_is_seen_at_the_end(void **state)
{
    struct world *w = *state;

    assert_int_equal(git_backend_begin(w->g), ERR_OK);
    struct sha1 one = add(w, "one"), two = add(w, "two");
    assert_int_equal(read_text(w, &one, "one"), ERR_MISSING);
    assert_int_equal(git_backend_end(w->g), ERR_OK);
    assert_int_equal(read_text(w, &one, "one"), ERR_OK);
    assert_int_equal(read_text(w, &two, "two"), ERR_OK);
    assert_int_equal(git_backend_begin(w->g), ERR_OK);
    struct sha1 lost = add(w, "lost");
    git_backend_abandon(w->g);
    assert_int_equal(read_text(w, &lost, "lost"), ERR_MISSING);
}

static void damaged_file_is_told_and_mended_by_writing_again(void **state)
{
    struct world *w = *state;
    struct sha1 name = add(w, "hello\n");
    const char *path = home_file(&w->directory, "r.git/objects/ce/013625030ba8dba906f756967f9e9ca394464a");
    static const char *const bad[] = {"", "x", "rubbish that is longer"};
    struct buffer good = home_read(path);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        home_write(path, bytes_text(bad[i]));
        assert_int_equal(read_text(w, &name, ""), ERR_AUTH);
        (void)add(w, "hello\n");
        assert_int_equal(read_text(w, &name, "hello\n"), ERR_OK);
    }
    for (size_t len = 0; len < good.len; len++) {
        home_write(path, bytes_of(good.at, len));
        assert_int_equal(read_text(w, &name, ""), ERR_AUTH);
    }
    buffer_u8(&good, 0);
    home_write(path, buffer_bytes(&good));
    assert_int_equal(read_text(w, &name, ""), ERR_AUTH);
    buffer_free(&good);
}

static void ref_moves_only_from_where_it_is(void **state)
{
    struct world *w = *state;
    struct sha1 one = add(w, "one"), two = add(w, "two"), found;

    assert_int_equal(git_backend_ref(w->g, REF, &found), ERR_MISSING);
    assert_int_equal(git_backend_move(w->g, REF, &one, &two), ERR_FORK);
    assert_int_equal(git_backend_move(w->g, REF, NULL, &one), ERR_OK);
    assert_int_equal(git_backend_move(w->g, REF, NULL, &two), ERR_FORK);
    assert_int_equal(git_backend_move(w->g, REF, &two, &one), ERR_FORK);
    assert_int_equal(git_backend_ref(w->g, REF, &found), ERR_OK);
    assert_memory_equal(&found, &one, sizeof one);
    assert_int_equal(git_backend_move(w->g, REF, &one, &two), ERR_OK);
    assert_int_equal(git_backend_ref(w->g, REF, &found), ERR_OK);
    assert_memory_equal(&found, &two, sizeof two);
}

static enum err count_ref(void *context, const char *part, const struct sha1 *target)
{
    unsigned *counts = context;

    assert_int_equal(strlen(part), 64);
    counts[target ? 1 : 0]++;
    return ERR_OK;
}

static void damaged_ref_is_told_and_locked_one_is_busy(void **state)
{
    struct world *w = *state;
    struct sha1 one = add(w, "one"), two = add(w, "two");
    unsigned counts[2] = {0, 0};
    char path[300];

    assert_int_equal(git_backend_move(w->g, REF, NULL, &one), ERR_OK);
    snprintf(path, sizeof path, "%s/" REF ".lock", w->path);
    home_write(path, bytes_text(""));
    assert_int_equal(git_backend_move(w->g, REF, &one, &two), ERR_BUSY);
    git_backend_close(w->g);
    assert_int_equal(git_backend_open(w->path, true, &w->g), ERR_OK);
    assert_int_equal(git_backend_move(w->g, REF, &one, &two), ERR_OK);
    assert_int_equal(git_backend_each_ref(w->g, "refs/igum/log/", count_ref, counts), ERR_OK);
    assert_true(counts[0] == 0 && counts[1] == 1);
    snprintf(path, sizeof path, "%s/" REF, w->path);
    home_write(path, bytes_text(""));
    assert_int_equal(git_backend_each_ref(w->g, "refs/igum/log/", count_ref, counts), ERR_OK);
    assert_true(counts[0] == 1 && counts[1] == 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(repository_is_made_once_and_stock_git_takes_it),
        TEST(object_is_read_back_and_only_as_what_it_is),
        TEST(what_is_gathered_is_seen_at_the_end),
        TEST(damaged_file_is_told_and_mended_by_writing_again),
        TEST(ref_moves_only_from_where_it_is),
        TEST(damaged_ref_is_told_and_locked_one_is_busy),
    };

    return cmocka_run_group_tests_name("store.git_backend", tests, NULL, NULL);
}
