/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/git_backend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <unistd.h>

#include "proto/limits.h"
#include "store/git_house.h"
#include "tests/support/home.h"

#define REF "refs/igum/log/0123456789012345678901234567890123456789012345678901234567890123"

/* The linker sends our calls here: see tests/CMakeLists.txt. */
int __real_syncfs(int descriptor);
int __wrap_syncfs(int descriptor);
int __real_fsync(int descriptor);
int __wrap_fsync(int descriptor);

static unsigned system_syncs;
static unsigned directory_syncs; /* Of that in which the directories of objects are. */

int __wrap_syncfs(int descriptor)
{
    system_syncs++;
    return __real_syncfs(descriptor);
}

int __wrap_fsync(int descriptor)
{
    char link[32], path[256] = "";
    const char *last;

    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    (void)!readlink(link, path, sizeof path - 1);
    directory_syncs += (last = strrchr(path, '/')) != NULL && strcmp(last, "/objects") == 0;
    return __real_fsync(descriptor);
}

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

/* A number, from `from` on, whose name as a blob begins with that byte. */
static void number_of(uint8_t first, unsigned from, char text[16])
{
    struct sha1 name;

    do {
        snprintf(text, 16, "%u", from++);
        name = sha1_of_object("blob", bytes_text(text));
    } while (name.at[0] != first);
}

static void directory_of_an_object_is_made_and_durable_with_it(void **state)
{
    struct world *w = *state;
    const char *directory = home_file(&w->directory, "r.git/objects/ce");
    char text[16];

    assert_false(files_exists(directory));
    directory_syncs = 0;
    (void)add(w, "hello\n");
    assert_true(files_is_directory(directory));
    assert_int_equal(directory_syncs, 1);
    number_of(0xce, 0, text);
    (void)add(w, text);
    assert_int_equal(directory_syncs, 1); /* It was there. */

    /* One that the journal made is durable with the whole system, or with the next object that needs it. */
    number_of(0x17, 0, text);
    assert_int_equal(git_backend_begin_live(w->g), ERR_OK);
    struct sha1 live = add(w, text);
    assert_int_equal(git_backend_end(w->g), ERR_OK);
    assert_int_equal(directory_syncs, 1);
    assert_int_equal(read_text(w, &live, text), ERR_OK);
    number_of(0x17, (unsigned)atoi(text) + 1, text);
    struct sha1 next = add(w, text);
    assert_int_equal(directory_syncs, 2);
    assert_int_equal(read_text(w, &next, text), ERR_OK);
}

static void room_for_objects_is_made_at_once(void **state)
{
    struct world *w = *state;

    (void)add(w, "hello\n");
    assert_int_not_equal(home_run("test $(ls %s/objects | grep -c '^[0-9a-f][0-9a-f]$') = 256", w->path), 0);
    directory_syncs = 0;
    assert_int_equal(git_house_make_room(w->g), ERR_OK);
    assert_int_equal(directory_syncs, 1);
    assert_int_equal(home_run("test $(ls %s/objects | grep -c '^[0-9a-f][0-9a-f]$') = 256", w->path), 0);
    (void)add(w, "one");
    assert_int_equal(directory_syncs, 1);
    assert_int_equal(git_house_make_room(w->g), ERR_OK);
    assert_int_equal(home_run("rm -r %s/objects && touch %s/objects", w->path, w->path), 0);
    assert_int_equal(git_house_make_room(w->g), ERR_IO);
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

/* The ref of a log that has this one digit. */
static void ref_of(char digit, char ref[80])
{
    char name[65];

    memset(name, digit, 64);
    name[64] = '\0';
    snprintf(ref, 80, "refs/igum/log/%s", name);
}

static void assert_ref(struct world *w, const char *ref, const struct sha1 *target)
{
    struct sha1 found;

    assert_int_equal(git_backend_ref(w->g, ref, &found), ERR_OK);
    assert_memory_equal(&found, target, sizeof found);
}

static void many_refs_move_together(void **state)
{
    struct world *w = *state;
    struct sha1 one = add(w, "one"), two = add(w, "two"), found;
    char refs[3][80];
    struct git_backend_move first[] = {{refs[0], NULL, one}, {refs[1], NULL, one}};
    struct git_backend_move then[] = {{refs[1], &one, two}, {refs[2], NULL, two}};
    struct git_backend_move wrong[] = {{refs[0], &one, two}, {refs[1], &one, one}};

    for (size_t i = 0; i < 3; i++)
        ref_of((char)('a' + i), refs[i]);
    assert_int_equal(git_backend_move_together(w->g, first, 2), ERR_OK);
    assert_int_equal(git_backend_move_together(w->g, then, 2), ERR_OK);
    assert_int_equal(git_backend_move_together(w->g, wrong, 2), ERR_FORK); /* All of them, or none. */
    assert_int_equal(git_backend_move_together(w->g, first, 2), ERR_FORK);
    assert_ref(w, refs[0], &one);
    assert_ref(w, refs[1], &two);
    assert_ref(w, refs[2], &two);
    assert_false(git_backend_has_file(w->g, refs[1]));
    git_backend_close(w->g);
    assert_int_equal(git_backend_open(w->path, true, &w->g), ERR_OK);
    assert_ref(w, refs[1], &two);
    assert_int_equal(git_backend_move(w->g, refs[1], &two, &one), ERR_OK); /* Alone from there on, ... */
    assert_true(git_backend_has_file(w->g, refs[1]));
    assert_ref(w, refs[1], &one);
    wrong[1].from = &one;
    assert_int_equal(git_backend_move_together(w->g, &wrong[1], 1), ERR_FORK); /* ... which would hide it. */
    assert_int_equal(git_backend_remove(w->g, refs[1]), ERR_OK);
    assert_int_equal(git_backend_ref(w->g, refs[1], &found), ERR_MISSING);
    assert_int_equal(git_backend_remove(w->g, refs[2]), ERR_OK);
    assert_int_equal(git_backend_ref(w->g, refs[2], &found), ERR_MISSING);
    assert_ref(w, refs[0], &one);
    assert_int_equal(home_run("cd %s && git pack-refs --all && test $(git for-each-ref | wc -l) = 1", w->path), 0);
    assert_ref(w, refs[0], &one);
}

static void whoever_packs_refs_is_waited_for(void **state)
{
    struct world *w = *state;
    struct sha1 one = add(w, "one"), found;
    struct git_backend_move move = {REF, NULL, one};
    char lock[300];

    snprintf(lock, sizeof lock, "%s/packed-refs.lock", w->path);
    home_write(lock, bytes_text(""));
    assert_int_equal(git_backend_move_together(w->g, &move, 1), ERR_BUSY);
    assert_int_equal(git_backend_ref(w->g, REF, &found), ERR_MISSING);
    assert_true(files_exists(lock)); /* It is not ours. */
    git_backend_close(w->g);
    assert_int_equal(git_backend_open(w->path, true, &w->g), ERR_OK); /* What a crash left is removed. */
    assert_int_equal(git_backend_move_together(w->g, &move, 1), ERR_OK);
    assert_ref(w, REF, &one);
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

/* ---- live ---- */

#define OTHER REF "-other" /* It is no log, and a ref all the same. */

static void move_live(struct world *w, const struct sha1 *from, const char *text, struct sha1 *to)
{
    assert_int_equal(git_backend_begin_live(w->g), ERR_OK);
    *to = add(w, text);
    assert_int_equal(read_text(w, to, text), ERR_MISSING);
    assert_int_equal(git_backend_move(w->g, REF, from, to), ERR_OK);
    assert_int_equal(git_backend_end(w->g), ERR_OK);
    assert_int_equal(read_text(w, to, text), ERR_OK);
}

static bool is_at(struct world *w, const char *ref, const struct sha1 *target)
{
    struct sha1 found;

    return git_backend_ref(w->g, ref, &found) == ERR_OK && memcmp(&found, target, sizeof found) == 0;
}

static void reopen(struct world *w)
{
    git_backend_close(w->g);
    if (git_backend_open(w->path, true, &w->g))
        fail_msg("%s", git_backend_reason(NULL));
}

static uint64_t journal_size(const struct world *w)
{
    char path[300];
    uint64_t size = 0;

    snprintf(path, sizeof path, "%s/journal", w->path);
    assert_int_equal(files_size(path, &size), ERR_OK);
    return size;
}

/* Whatever a power cut left in their own places of what the journal tells. */
static void what_is_live_outlives_what_it_was_done_by(void **state)
{
    static const char *const left[] = {"true",
                                       "rm " REF,
                                       ": > " REF,
                                       "echo x > " REF,
                                       "cp old " REF,
                                       "cp first " REF,
                                       "rm -r objects/[0-9a-f]*/*",
                                       "for f in objects/[0-9a-f]*/*; do rm -f $f && : > $f; done"};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        struct sha1 one, two, old = add(w, "old");
        char text[2][8];

        snprintf(text[0], sizeof text[0], "one %zu", i);
        snprintf(text[1], sizeof text[1], "two %zu", i);
        assert_int_equal(git_backend_remove(w->g, REF), ERR_OK);
        assert_int_equal(git_backend_move(w->g, REF, NULL, &old), ERR_OK);
        assert_int_equal(journal_size(w), 0);
        assert_int_equal(home_run("cd %s && cp " REF " old", w->path), 0);
        move_live(w, &old, text[0], &one);
        assert_int_equal(home_run("cd %s && cp " REF " first && echo x > garbage", w->path), 0);
        move_live(w, &one, text[1], &two);
        assert_true(journal_size(w) > 0);
        assert_int_equal(home_run("cd %s && { %s; }", w->path, left[i]), 0);
        reopen(w);
        assert_true(is_at(w, REF, &two));
        assert_int_equal(read_text(w, &one, text[0]), ERR_OK);
        assert_int_equal(read_text(w, &two, text[1]), ERR_OK);
        assert_int_equal(journal_size(w), 0);
    }
}

/* A cut may bring back a journal that was emptied, though not synced so. */
static void journal_that_comes_back_moves_nothing_back(void **state)
{
    struct world *w = *state;
    struct sha1 one, two;

    move_live(w, NULL, "one", &one);
    assert_int_equal(home_run("cp %s/journal %s/kept", w->path, w->path), 0);
    assert_int_equal(git_backend_settle(w->g), ERR_OK);
    assert_int_equal(journal_size(w), 0);
    two = add(w, "two");
    assert_int_equal(git_backend_move(w->g, REF, &one, &two), ERR_OK);
    assert_int_equal(home_run("cp %s/kept %s/journal", w->path, w->path), 0);
    reopen(w);
    assert_true(is_at(w, REF, &two));
}

/* No ref leads to a name that a power cut may take. */
static void early_object_has_its_name_before_a_ref_leads_to_it(void **state)
{
    struct world *w = *state;
    struct sha1 early, late;

    system_syncs = 0;
    assert_int_equal(git_backend_add_early(w->g, PACK_BLOB, bytes_text("early"), &early), ERR_OK);
    assert_int_equal(read_text(w, &early, "early"), ERR_OK);
    assert_int_equal(system_syncs, 0);
    assert_int_equal(git_backend_move(w->g, REF, NULL, &early), ERR_OK);
    assert_int_equal(system_syncs, 1);
    late = add(w, "late");
    assert_int_equal(git_backend_move(w->g, REF, &early, &late), ERR_OK);
    assert_int_equal(system_syncs, 1);
}

static void other_moves_wait_until_the_journal_is_settled(void **state)
{
    struct world *w = *state;
    struct sha1 one;

    move_live(w, NULL, "one", &one);
    assert_int_equal(git_backend_move(w->g, OTHER, NULL, &one), ERR_OK);
    assert_int_equal(journal_size(w), 0);
    assert_int_equal(git_backend_begin_live(w->g), ERR_OK);
    assert_int_equal(git_backend_move(w->g, OTHER, NULL, &one), ERR_FORK);
    assert_int_equal(git_backend_move(w->g, REF, &(struct sha1){{1}}, &one), ERR_FORK);
    git_backend_abandon(w->g);
    assert_int_equal(journal_size(w), 0);
}

static void settling_leaves_what_came_in_between(void **state)
{
    struct git_backend_settling settling;
    struct world *w = *state;
    struct sha1 one, two;

    assert_false(git_backend_settling_begin(w->g, &settling));
    move_live(w, NULL, "one", &one);
    assert_true(git_backend_settling_begin(w->g, &settling));
    assert_int_equal(git_backend_settling_run(&settling), ERR_OK);
    move_live(w, &one, "two", &two);
    assert_int_equal(git_backend_settling_end(w->g, &settling, ERR_OK), ERR_OK);
    assert_true(journal_size(w) > 0);
    assert_true(git_backend_settling_begin(w->g, &settling));
    assert_int_equal(git_backend_settling_end(w->g, &settling, ERR_IO), ERR_IO);
    assert_true(journal_size(w) > 0);
    assert_true(git_backend_settling_begin(w->g, &settling));
    assert_int_equal(git_backend_settling_run(&settling), ERR_OK);
    assert_int_equal(git_backend_settling_end(w->g, &settling, ERR_OK), ERR_OK);
    assert_int_equal(journal_size(w), 0);
    assert_true(git_backend_settling_begin(w->g, &settling) == false);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(repository_is_made_once_and_stock_git_takes_it),
        TEST(object_is_read_back_and_only_as_what_it_is),
        TEST(directory_of_an_object_is_made_and_durable_with_it),
        TEST(room_for_objects_is_made_at_once),
        TEST(what_is_gathered_is_seen_at_the_end),
        TEST(damaged_file_is_told_and_mended_by_writing_again),
        TEST(ref_moves_only_from_where_it_is),
        TEST(many_refs_move_together),
        TEST(whoever_packs_refs_is_waited_for),
        TEST(damaged_ref_is_told_and_locked_one_is_busy),
        TEST(what_is_live_outlives_what_it_was_done_by),
        TEST(journal_that_comes_back_moves_nothing_back),
        TEST(early_object_has_its_name_before_a_ref_leads_to_it),
        TEST(other_moves_wait_until_the_journal_is_settled),
        TEST(settling_leaves_what_came_in_between),
    };

    return cmocka_run_group_tests_name("store.git_backend", tests, NULL, NULL);
}
