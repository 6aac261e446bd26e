/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/limits.h"
#include "tests/support/home.h"
#include "tests/support/scribe.h"

static struct sha1 name_of(enum pack_kind kind, struct bytes object)
{
    char header[32];
    int len = snprintf(header, sizeof header, "%s %zu", pack_kind_name(kind), object.len);
    struct bytes parts[] = {bytes_of(header, (size_t)len + 1), object};

    return sha1_of(parts, 2);
}

static void add(struct pack *p, enum pack_kind kind, struct bytes object)
{
    struct sha1 name = name_of(kind, object);

    assert_int_equal(pack_add(p, kind, &name, object), ERR_OK);
}

/* Writes a pack into a new repository; returns what stock git says to it and to the number of its objects. */
static int judge(struct pack *p, const struct home *home, size_t count)
{
    struct bytes pack, index;
    struct sha1 name;

    assert_int_equal(pack_finish(p, &pack, &index, &name), ERR_OK);
    if (home_run("git init -q --bare %s/r", home->path) != 0)
        return -1;
    home_write(home_file(home, "r/objects/pack/pack-0123456789012345678901234567890123456789.pack"), pack);
    home_write(home_file(home, "r/objects/pack/pack-0123456789012345678901234567890123456789.idx"), index);
    return home_run("cd %s/r && git verify-pack objects/pack/*.pack && git fsck --full --strict && "
                    "test $(git cat-file --batch-all-objects --batch-check | wc -l) = %zu",
                    home->path, count);
}

/* Lengths around each step of the header's encoding, and objects in numbers that make its tables grow. */
static void stock_git_reads_what_was_packed(void **state)
{
    static const size_t lengths[] = {0, 1, 15, 16, 17, 2047, 2048, 2049, 262143, 262144, 300000};
    struct home home = home_make();
    struct pack *p = pack_new(1);
    uint64_t seed = 7;
    size_t count = 0;
    static uint8_t bytes[300000];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(scribe_random(&seed) % 7);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++, count++)
        add(p, PACK_BLOB, bytes_of(bytes, lengths[i]));
    for (uint64_t i = 0; i < 3000; i++, count++) {
        uint64_t number = scribe_random(&seed);
        add(p, PACK_BLOB, bytes_of(&number, sizeof number));
    }
    add(p, PACK_TREE, bytes_of(NULL, 0));
    assert_int_equal(pack_count(p), count + 1);
    assert_int_equal(judge(p, &home, count + 1), 0);
    pack_free(p);
    home_remove(&home);
}

static void one_object_is_a_pack(void **state)
{
    struct home home = home_make();
    struct pack *p = pack_new(6);

    (void)state;
    add(p, PACK_BLOB, bytes_text("a"));
    assert_int_equal(judge(p, &home, 1), 0);
    pack_free(p);
    home_remove(&home);
}

static void object_that_comes_twice_stands_once(void **state)
{
    struct home home = home_make();
    struct pack *p = pack_new(1);

    (void)state;
    add(p, PACK_BLOB, bytes_text("a"));
    add(p, PACK_BLOB, bytes_text("b"));
    add(p, PACK_BLOB, bytes_text("a"));
    assert_int_equal(pack_count(p), 2);
    assert_int_equal(judge(p, &home, 2), 0);
    pack_free(p);
    home_remove(&home);
}

/* A whole pack whose only object is that many letters; whether it says that it was stored, and how long it is. */
static bool is_hasty(struct pack *p, bool stores, size_t letters, size_t *len)
{
    static uint8_t text[200000];
    struct bytes pack, index;
    struct sha1 name;

    memset(text, 'a', sizeof text);
    pack_clear(p);
    pack_store(p, stores);
    add(p, PACK_BLOB, bytes_of(text, letters));
    assert_int_equal(pack_finish(p, &pack, &index, &name), ERR_OK);
    *len = pack.len;
    return pack_is_hasty(bytes_of(pack.at, pack.len < PACK_START ? pack.len : PACK_START));
}

static void what_is_stored_says_so(void **state)
{
    static const size_t lengths[] = {0, 1, 15, 16, 2048, 200000};
    struct home home = home_make();
    struct pack *p = pack_new(1);
    size_t stored, compressed;

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        assert_true(is_hasty(p, true, lengths[i], &stored));
        assert_false(is_hasty(p, false, lengths[i], &compressed));
        assert_true(stored >= lengths[i] && (lengths[i] < 2048 || compressed < lengths[i] / 2));
    }
    assert_false(pack_is_hasty(bytes_text("PACK")));
    assert_false(pack_is_hasty(
        bytes_of((const uint8_t *)"PACK\0\0\0\2\0\0\0\1\x60\x78\x01", 15))); /* A delta, of another hand. */
    pack_clear(p);
    pack_store(p, true);
    for (unsigned i = 0; i < 3000; i++)
        add(p, i % 2 ? PACK_BLOB : PACK_TREE, bytes_of((const uint8_t *)&i, i % 2 ? sizeof i : 0));
    assert_int_equal(judge(p, &home, 1501), 0);
    pack_free(p);
    home_remove(&home);
}

static void empty_pack_is_none(void **state)
{
    struct pack *p = pack_new(1);
    struct bytes pack, index;
    struct sha1 name;

    (void)state;
    assert_int_equal(pack_finish(p, &pack, &index, &name), ERR_MISSING);
    pack_free(p);
}

static void finished_pack_takes_nothing_until_it_is_cleared(void **state)
{
    struct pack *p = pack_new(1);
    struct bytes object = bytes_text("b"), pack, index;
    struct sha1 name, other = name_of(PACK_BLOB, object);

    (void)state;
    add(p, PACK_BLOB, bytes_text("a"));
    assert_int_equal(pack_finish(p, &pack, &index, &name), ERR_OK);
    assert_int_equal(pack_add(p, PACK_BLOB, &other, object), ERR_EXISTS);
    pack_clear(p);
    assert_int_equal(pack_count(p), 0);
    assert_int_equal(pack_add(p, PACK_BLOB, &other, object), ERR_OK);
    pack_free(p);
}

static void run_backwards(void *self, size_t count, parallel_part_fn *part, void *context)
{
    (void)self;
    for (size_t i = count; i > 0; i--)
        part(context, i - 1);
}

/* By one thread or by more than it can use; of few objects and of some megabytes, large ones among them. */
static void same_objects_make_the_same_pack(void **state)
{
    static uint8_t bytes[3000000];
    uint64_t seed = 11;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(scribe_random(&seed) % 9);
    for (size_t count = 1; count < 3000; count = count * 5 + 1) {
        struct sha1 names[7];
        for (size_t width = 1; width <= 7; width++) {
            const struct parallel parallel = {.run = run_backwards, .width = width};
            struct pack *p = pack_new(1);
            struct bytes pack, index;
            pack_work_parallel(p, &parallel);
            for (size_t i = 0; i < count; i++)
                add(p, PACK_BLOB, bytes_of(bytes + i, i % 500 == 3 ? 2000000 : 2000 + i % 90));
            assert_int_equal(pack_finish(p, &pack, &index, &names[width - 1]), ERR_OK);
            assert_int_equal(pack_count(p), count);
            pack_free(p);
        }
        for (size_t i = 1; i < 7; i++)
            assert_memory_equal(&names[0], &names[i], sizeof names[0]);
    }
}

static void stock_git_reads_an_object_in_a_file_of_its_own(void **state)
{
    struct home home = home_make();
    struct pack *p = pack_new(1);
    struct buffer file = BUFFER(KIB(4));

    (void)state;
    assert_int_equal(pack_loose(p, PACK_BLOB, bytes_text("hello\n"), &file), ERR_OK);
    assert_int_equal(home_run("git init -q --bare %s/r && mkdir %s/r/objects/ce", home.path, home.path), 0);
    home_write(home_file(&home, "r/objects/ce/013625030ba8dba906f756967f9e9ca394464a"), buffer_bytes(&file));
    assert_int_equal(
        home_run("cd %s/r && git fsck --full --strict && test $(git cat-file -p ce0136250) = hello", home.path), 0);
    buffer_free(&file);
    pack_free(p);
    home_remove(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stock_git_reads_what_was_packed),
        cmocka_unit_test(one_object_is_a_pack),
        cmocka_unit_test(object_that_comes_twice_stands_once),
        cmocka_unit_test(what_is_stored_says_so),
        cmocka_unit_test(empty_pack_is_none),
        cmocka_unit_test(finished_pack_takes_nothing_until_it_is_cleared),
        cmocka_unit_test(same_objects_make_the_same_pack),
        cmocka_unit_test(stock_git_reads_an_object_in_a_file_of_its_own),
    };

    return cmocka_run_group_tests_name("store.pack", tests, NULL, NULL);
}
