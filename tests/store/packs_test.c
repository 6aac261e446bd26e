/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/packs.h"

#include "proto/limits.h"
#include "store/files.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#define COUNT 3000

/* The linker sends our calls here: see tests/CMakeLists.txt. */
enum err __real_files_view_open(const char *path, struct files_view *view);
enum err __wrap_files_view_open(const char *path, struct files_view *view);

static unsigned indexes_opened;

enum err __wrap_files_view_open(const char *path, struct files_view *view)
{
    size_t len = strlen(path);

    indexes_opened += len > 4 && strcmp(path + len - 4, ".idx") == 0;
    return __real_files_view_open(path, view);
}

struct place {
    char directory[64];
    struct packs *packs;
    struct pack *pack;
};

static struct bytes text_of(size_t number, struct buffer *text)
{
    char line[64];
    size_t lines = number == 7 ? 40000 : number % 50; /* Empty, small, longer than a first read, and long. */

    buffer_clear(text);
    for (size_t i = 0; i < lines; i++) {
        (void)snprintf(line, sizeof line, "line %zu of %zu, %zx\n", i, number, (i + 1) * (number + 1) * 2654435761u);
        buffer_text(text, line);
    }
    buffer_u8(text, (uint8_t)(number % 251));
    buffer_u8(text, (uint8_t)(number / 251));
    return buffer_bytes(text);
}

static void path_of(const struct place *p, const char *name, const char *suffix, char path[FILES_PATH_SIZE])
{
    char file[64];

    (void)snprintf(file, sizeof file, "pack-%s%s", name, suffix);
    assert_int_equal(files_join(path, p->directory, file), ERR_OK);
}

/* The texts of these numbers, every second one a tree by its kind alone. */
static void write_pack(struct place *p, const char *name, size_t from, size_t to)
{
    struct buffer text = BUFFER(MIB(8));
    struct bytes pack, index;
    char path[FILES_PATH_SIZE];
    struct sha1 digest;

    pack_clear(p->pack);
    for (size_t i = from; i < to; i++) {
        enum pack_kind kind = i % 2 ? PACK_TREE : PACK_BLOB;
        struct bytes object = text_of(i, &text);
        struct sha1 id = sha1_of_object(pack_kind_name(kind), object);

        assert_int_equal(pack_add(p->pack, kind, &id, object), ERR_OK);
    }
    assert_int_equal(pack_finish(p->pack, &pack, &index, &digest), ERR_OK);
    path_of(p, name, ".pack", path);
    assert_int_equal(files_replace_unsynced(path, pack, 0444), ERR_OK);
    path_of(p, name, ".idx", path);
    assert_int_equal(files_replace_unsynced(path, index, 0444), ERR_OK);
    buffer_free(&text);
}

static enum err read_text(struct place *p, size_t number)
{
    struct buffer text = BUFFER(MIB(8)), out = BUFFER(MIB(8));
    struct bytes object = text_of(number, &text);
    enum pack_kind kind = number % 2 ? PACK_TREE : PACK_BLOB, found;
    struct sha1 id = sha1_of_object(pack_kind_name(kind), object);

    buffer_text(&out, "before");
    enum err err = packs_read(p->packs, &id, &found, &out);
    if (err == ERR_OK) {
        assert_int_equal(found, kind);
        assert_true(bytes_equal(bytes_from(buffer_bytes(&out), 6), object));
    } else {
        assert_int_equal(out.len, 6);
    }
    buffer_free(&text);
    buffer_free(&out);
    return err;
}

static void every_object_is_found(void **state)
{
    struct place *p = *state;

    assert_int_equal(read_text(p, 0), ERR_MISSING); /* There is no pack yet. */
    write_pack(p, "a", 0, COUNT);
    write_pack(p, "b", COUNT, COUNT + 1);
    for (size_t i = 0; i <= COUNT; i++)
        assert_int_equal(read_text(p, i), ERR_OK);
    assert_int_equal(read_text(p, COUNT + 1), ERR_MISSING);
}

static void packs_that_come_and_go_are_seen(void **state)
{
    struct place *p = *state;
    char path[FILES_PATH_SIZE];

    write_pack(p, "a", 0, 10);
    assert_int_equal(read_text(p, 3), ERR_OK);
    path_of(p, "a", ".idx", path);
    assert_int_equal(files_remove(path), ERR_OK);
    path_of(p, "a", ".pack", path);
    assert_int_equal(files_remove(path), ERR_OK);
    assert_int_equal(read_text(p, 3), ERR_MISSING);
    write_pack(p, "b", 5, 15);
    assert_int_equal(read_text(p, 3), ERR_MISSING);
    assert_int_equal(read_text(p, 12), ERR_OK);
}

static enum err count_name(void *context, const char *name)
{
    (void)name;
    ++*(size_t *)context;
    return ERR_OK;
}

static size_t descriptors(void)
{
    size_t count = 0;

    assert_int_equal(files_each("/proc/self/fd", count_name, &count), ERR_OK);
    return count;
}

/* As many as an archive has that came in bulk and is not tidy yet; of more the library has to tell. */
static void many_packs_take_an_open_file_each(void **state)
{
    struct place *p = *state;
    size_t before = descriptors(), found = 0;
    char name[16];

    for (size_t i = 0; i < 260; i++) {
        (void)snprintf(name, sizeof name, "%zu", i);
        write_pack(p, name, i, i + 1);
    }
    for (size_t i = 0; i < 260; i++)
        found += read_text(p, i) == ERR_OK;
    assert_int_equal(found, 256);
    assert_int_equal(descriptors() - before, 256 + 1); /* And the texts of the one that was read last. */
    assert_int_equal(read_text(p, 1000), ERR_MISSING);
}

static void packs_that_stay_are_not_opened_again(void **state)
{
    struct place *p = *state;
    char path[FILES_PATH_SIZE];

    write_pack(p, "a", 0, 10);
    write_pack(p, "b", 10, 20);
    indexes_opened = 0;
    assert_int_equal(read_text(p, 3), ERR_OK);
    assert_int_equal(indexes_opened, 2);
    write_pack(p, "c", 20, 30);
    assert_int_equal(read_text(p, 23), ERR_OK);
    assert_int_equal(read_text(p, 3), ERR_OK);
    assert_int_equal(read_text(p, 13), ERR_OK);
    assert_int_equal(indexes_opened, 3);
    path_of(p, "b", ".idx", path);
    assert_int_equal(files_remove(path), ERR_OK); /* Without it a pack is none, be it the last that was read from. */
    write_pack(p, "a", 30, 40);                   /* Another one of that name. */
    assert_int_equal(read_text(p, 13), ERR_MISSING);
    assert_int_equal(read_text(p, 3), ERR_MISSING);
    assert_int_equal(read_text(p, 33), ERR_OK);
    assert_int_equal(read_text(p, 23), ERR_OK);
    assert_int_equal(indexes_opened, 4);
}

static void tell_whole_second(const struct place *p, time_t second)
{
    const struct timespec time = {.tv_sec = second};

    assert_int_equal(utimensat(AT_FDCWD, p->directory, (struct timespec[]){time, time}, 0), 0);
}

/* As on file systems whose clock has ticks, be they of a second: the directory changes, and its time does not. */
static void pack_that_goes_within_one_tick_is_not_held(void **state)
{
    struct place *p = *state;
    char path[FILES_PATH_SIZE];
    struct stat before;

    write_pack(p, "a", 0, 10);
    assert_int_equal(stat(p->directory, &before), 0);
    tell_whole_second(p, before.st_mtim.tv_sec);
    assert_int_equal(read_text(p, 3), ERR_OK);
    path_of(p, "a", ".idx", path);
    assert_int_equal(files_remove(path), ERR_OK);
    path_of(p, "a", ".pack", path);
    assert_int_equal(files_remove(path), ERR_OK);
    tell_whole_second(p, before.st_mtim.tv_sec);
    assert_int_equal(read_text(p, 3), ERR_MISSING);
}

/* Puts a byte, or as many as there are to the end, into a file. */
static void spoil(struct place *p, const char *suffix, size_t at, bool cut)
{
    struct buffer file = BUFFER(MIB(8));
    char path[FILES_PATH_SIZE];

    path_of(p, "a", suffix, path);
    assert_int_equal(files_read(path, MIB(8), &file), ERR_OK);
    assert_true(at < file.len);
    file.at[at] ^= 0x5a;
    if (cut)
        file.len = at;
    assert_int_equal(files_replace_unsynced(path, buffer_bytes(&file), 0444), ERR_OK);
    buffer_free(&file);
}

static void what_is_damaged_is_not_given(void **state)
{
    struct place *p = *state;

    for (size_t at = 0; at < 60; at++) { /* Head and stream of the only object. */
        write_pack(p, "a", 9, 10);
        spoil(p, ".pack", 12 + at, at % 3 == 0);
        (void)read_text(p, 9); /* Asserts that it is right, or nothing. */
    }
    write_pack(p, "a", 9, 10);
    assert_int_equal(read_text(p, 9), ERR_OK);
    spoil(p, ".pack", 40, true);
    assert_int_equal(read_text(p, 9), ERR_MISSING);
    write_pack(p, "a", 9, 10);
    spoil(p, ".idx", 3, false);
    assert_int_equal(read_text(p, 9), ERR_MISSING);
    write_pack(p, "a", 9, 10);
    spoil(p, ".idx", 8 + 100, false); /* Numbers that do not grow. */
    assert_int_equal(read_text(p, 9), ERR_MISSING);
    for (size_t at = 8; at < 8 + 1024 + 28; at += 5) {
        write_pack(p, "a", 9, 10);
        spoil(p, ".idx", at, at % 2 == 0);
        (void)read_text(p, 9);
    }
}

static int begin(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    if (!p)
        return -1;
    (void)snprintf(p->directory, sizeof p->directory, "/tmp/igum-packs-XXXXXX");
    if (!mkdtemp(p->directory))
        return -1;
    p->packs = packs_new(p->directory);
    p->pack = pack_new(6);
    *state = p;
    return p->packs && p->pack ? 0 : -1;
}

static int end(void **state)
{
    struct place *p = *state;

    packs_free(p->packs);
    pack_free(p->pack);
    (void)files_remove_tree(p->directory);
    free(p);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_object_is_found, begin, end),
        cmocka_unit_test_setup_teardown(packs_that_come_and_go_are_seen, begin, end),
        cmocka_unit_test_setup_teardown(many_packs_take_an_open_file_each, begin, end),
        cmocka_unit_test_setup_teardown(packs_that_stay_are_not_opened_again, begin, end),
        cmocka_unit_test_setup_teardown(pack_that_goes_within_one_tick_is_not_held, begin, end),
        cmocka_unit_test_setup_teardown(what_is_damaged_is_not_given, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
