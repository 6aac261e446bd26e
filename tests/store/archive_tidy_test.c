/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "store/archive_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/store/archive_world.h"

/* What came in bulk is stored, and compressed behind. */

enum { COUNT = 40, BATCHES = 3 };

static const char *text_of(size_t number)
{
    static char text[4096];
    size_t len = (size_t)snprintf(text, sizeof text, "# Minutes\n\nneedle-%zu\n", number);

    memset(text + len, 'a', sizeof text - 1 - len);
    text[sizeof text - 1] = '\0';
    return text;
}

static void append_batches(struct world *w, struct scribe_item made[BATCHES][COUNT])
{
    struct item items[COUNT];

    for (size_t b = 0; b < BATCHES; b++) {
        for (size_t i = 0; i < COUNT; i++) {
            world_publish(&w->scribe, text_of(b * COUNT + i), &made[b][i]);
            items[i] = made[b][i].item;
        }
        assert_int_equal(archive_append(w->a, items, COUNT), ERR_OK);
    }
}

static void free_batches(struct scribe_item made[BATCHES][COUNT])
{
    for (size_t b = 0; b < BATCHES; b++)
        for (size_t i = 0; i < COUNT; i++)
            scribe_item_free(&made[b][i]);
}

/* That many packs have these very letters in their bytes. */
static bool lie_plain(const struct world *w, const char *letters, unsigned packs)
{
    return home_run("test $(grep -la -- '%s' %s/archive.git/objects/pack/*.pack | wc -l) = %u", letters, w->home,
                    packs) == 0;
}

static bool are_packs(const struct world *w, unsigned packs)
{
    return home_run("test $(ls %s/archive.git/objects/pack/*.pack | wc -l) = %u && test $(ls "
                    "%s/archive.git/objects/pack | wc -l) = %u",
                    w->home, packs, w->home, 2 * packs) == 0;
}

static void assert_all_are_here(struct archive *a, struct scribe_item made[BATCHES][COUNT])
{
    for (size_t b = 0; b < BATCHES; b++)
        for (size_t i = 0; i < COUNT; i++)
            world_assert_has(a, &made[b][i], true);
}

static void what_was_stored_is_compressed_pack_by_pack(void **state)
{
    struct world *w = *state;
    struct scribe_item made[BATCHES][COUNT];
    struct archive *reader;

    append_batches(w, made);
    assert_true(lie_plain(w, "needle-", BATCHES));
    assert_true(world_git_is_content(w));
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
    assert_all_are_here(reader, made);
    assert_false(archive_shrink(reader)); /* Only a writer does it. */
    assert_true(lie_plain(w, "needle-", BATCHES));
    assert_true(archive_shrink(w->a));
    assert_true(lie_plain(w, "needle-", BATCHES - 1));
    assert_all_are_here(reader, made);
    world_reopen(w); /* What is still to be done outlives the process. */
    assert_true(archive_shrink(w->a));
    assert_false(archive_shrink(w->a));
    assert_true(lie_plain(w, "needle-", 0));
    assert_true(are_packs(w, BATCHES));
    assert_all_are_here(reader, made);
    assert_all_are_here(w->a, made);
    archive_close(reader);
    assert_true(home_run("test $(du -sk %s/archive.git/objects/pack | cut -f1) -lt 160", w->home) ==
                0); /* Of half a MiB. */
    assert_int_equal(world_verify(w->a, NULL).contents, BATCHES * COUNT);
    assert_true(world_git_is_content(w));
    world_reopen(w);
    assert_false(archive_shrink(w->a));
    assert_true(are_packs(w, BATCHES));
    world_append_text(w, &w->scribe, "after");
    assert_int_equal(world_verify(w->a, NULL).entries, BATCHES * COUNT + 1);
    free_batches(made);
}

static void what_is_damaged_stays_as_it_is(void **state)
{
    struct world *w = *state;
    struct scribe_item made[BATCHES][COUNT];
    struct damages damages = {.count = 0};

    append_batches(w, made);
    world_close(w);
    assert_int_equal(
        home_run("cd %s/archive.git/objects/pack && chmod u+w *.pack && sed -i s/needle-/Needle-/ *.pack", w->home), 0);
    world_open(w);
    (void)archive_shrink(w->a);
    assert_false(archive_shrink(w->a)); /* Not again and again. */
    assert_true(lie_plain(w, "Needle-", BATCHES));
    world_append_text(w, &w->scribe, "after");
    (void)world_verify(w->a, &damages);
    assert_true(damages.count > 0);
    free_batches(made);
}

static struct archive_place place_of(const struct scribe_item *made)
{
    return (struct archive_place){
        .branch = {.log = made->item.head.log}, .seq = made->item.head.seq, .entry = made->item.head.entry};
}

/* Whichever way it is kept. */
static void what_is_erased_leaves_either_kind(void **state)
{
    struct world *w = *state;
    struct scribe_item made[BATCHES][COUNT];

    append_batches(w, made);
    assert_true(archive_shrink(w->a)); /* One of the packs. */
    for (size_t b = 0; b < BATCHES; b++) {
        struct archive_place place = place_of(&made[b][7]);
        assert_int_equal(archive_erase(w->a, &place, 1), ERR_OK);
    }
    assert_true(lie_plain(w, "needle-", 0));
    while (archive_shrink(w->a))
        ;
    for (size_t b = 0; b < BATCHES; b++) {
        assert_true(home_run("cd %s/archive.git && git cat-file --batch-all-objects --batch | grep -aq 'needle-%zu$'",
                             w->home, b * COUNT + 8) == 0);
        assert_false(home_run("cd %s/archive.git && git cat-file --batch-all-objects --batch | grep -aq 'needle-%zu$'",
                              w->home, b * COUNT + 7) == 0);
    }
    assert_true(world_git_is_content(w));
    free_batches(made);
}

static bool are_packs_between(const struct world *w, unsigned least, unsigned most)
{
    return home_run("n=$(ls %s/archive.git/objects/pack/*.pack | wc -l); test $n -ge %u && test $n -le %u", w->home,
                    least, most) == 0;
}

/* Each batch is a pack: few and small ones would be files of single objects. */
static void append_few(struct world *w, size_t batches, size_t each, const char *text)
{
    struct scribe_item made[COUNT];
    struct item items[COUNT];

    for (size_t b = 0; b < batches; b++) {
        for (size_t i = 0; i < each; i++) {
            world_publish(&w->scribe, text, &made[i]);
            items[i] = made[i].item;
        }
        assert_int_equal(archive_append(w->a, items, each), ERR_OK);
        for (size_t i = 0; i < each; i++)
            scribe_item_free(&made[i]);
    }
}

/* All at once would take a second for each thousand documents, in which nobody can publish. */
static void packs_are_joined_a_few_at_a_time_when_nobody_waits(void **state)
{
    enum { PAIRS = 45, LEN = 600000 };

    struct world *w = *state;
    char *text = malloc(LEN + 1);

    assert_non_null(text);
    for (size_t b = 0, seed = 1; b < PAIRS; b++) {
        for (size_t i = 0; i < LEN; i++) {
            seed = seed * 6364136223846793005U + 1442695040888963407U;
            text[i] = (char)('!' + (seed >> 33) % 90);
        }
        text[LEN] = '\0';
        append_few(w, 1, 2, text);
    }
    free(text);
    assert_true(are_packs_between(w, PAIRS, PAIRS));
    while (archive_shrink(w->a))
        ;
    assert_true(are_packs_between(w, 5, 41));
    assert_int_equal(world_verify(w->a, NULL).contents, 2 * PAIRS);
    assert_true(world_git_is_content(w));
    assert_false(archive_shrink(w->a));
}

/* As for who publishes by hand, without a node: so many are stored as they came, and then four times as many as else. */
static void where_nobody_tends_packs_stay_bounded(void **state)
{
    struct world *w = *state;

    append_few(w, 400, 9, "text");
    assert_true(are_packs_between(w, 400, 400));
    append_few(w, 50, 9, "text");
    assert_true(are_packs_between(w, 256, 256 + 161));
    assert_int_equal(world_verify(w->a, NULL).contents, 450 * 9);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_was_stored_is_compressed_pack_by_pack), TEST(what_is_damaged_stays_as_it_is),
        TEST(what_is_erased_leaves_either_kind),          TEST(packs_are_joined_a_few_at_a_time_when_nobody_waits),
        TEST(where_nobody_tends_packs_stay_bounded),
    };

    return cmocka_run_group_tests_name("store.archive_tidy", tests, NULL, NULL);
}
