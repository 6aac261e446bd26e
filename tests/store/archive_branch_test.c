/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/store/archive_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define TREE 8

/* 1 2 3 of one log; another 2 and 3; after that 2 one more 3; another 1; and after the first 3 a 4. */
static void make_tree(struct world *w, struct scribe_item made[TREE])
{
    static const int parents[TREE] = {-1, 0, 1, 0, 3, 3, -1, 2};
    struct scribe at[TREE];
    char text[16];

    for (int i = 0; i < TREE; i++) {
        at[i] = parents[i] < 0 ? w->scribe : at[parents[i]];
        at[i].seed = w->scribe.seed + (uint64_t)i; /* Another salt. */
        snprintf(text, sizeof text, "text %d", i);
        world_publish(&at[i], text, &made[i]);
    }
}

static void assert_in_tree(struct archive *a, const struct scribe_item *made, bool with_content)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY), packed = BUFFER(LIMIT_CONTENT);
    const struct id *id = &made->item.head.entry;

    assert_int_equal(archive_read_entry_of(a, id, &wire), ERR_OK);
    assert_true(bytes_equal(buffer_bytes(&wire), made->item.entry));
    assert_int_equal(archive_read_content_of(a, id, &packed), with_content ? ERR_OK : ERR_MISSING);
    assert_true(bytes_equal(buffer_bytes(&packed), with_content ? made->item.content : bytes_of(NULL, 0)));
    buffer_free(&wire);
    buffer_free(&packed);
}

static void assert_on_the_way(struct archive *a, const struct scribe_item *later, uint64_t seq,
                              const struct scribe_item *expected)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY);
    struct id entry;

    assert_int_equal(archive_read_entry_before(a, &later->item.head.entry, seq, &entry, &wire), ERR_OK);
    assert_true(id_equal(&entry, &expected->item.head.entry));
    assert_true(bytes_equal(buffer_bytes(&wire), expected->item.entry));
    buffer_free(&wire);
}

static void assert_tree(struct archive *a, const struct scribe_item made[TREE], size_t count)
{
    struct frontier *tips = frontier_new();
    struct head head;
    const struct id *log = &made[0].item.head.log;
    size_t first;

    assert_non_null(tips);
    for (size_t i = 0; i < count; i++) {
        const struct id *id = &made[i].item.head.entry;

        assert_in_tree(a, &made[i], true);
        assert_int_equal(archive_find_head(a, log, made[i].item.head.seq, bytes_of(id->at, 16), &head), ERR_OK);
        assert_memory_equal(&head.entry, id, ID_LEN);
        assert_memory_equal(head.commit.at, made[i].item.head.commit.at, SHA1_LEN);
        assert_int_equal(head.clock, made[i].item.head.clock);
        assert_int_equal(head.role, made[i].item.head.role);
    }
    assert_int_equal(archive_load_frontier(a, tips), ERR_OK);
    assert_int_equal(frontier_tips(tips, log, &first), 4);
    assert_int_equal(frontier_count(tips), 4);
    assert_non_null(frontier_tip(tips, log, &made[count - 1].item.head.entry));
    assert_on_the_way(a, &made[5], 3, &made[5]);
    assert_on_the_way(a, &made[5], 2, &made[3]);
    assert_on_the_way(a, &made[4], 1, &made[0]);
    assert_on_the_way(a, &made[6], 1, &made[6]);
    frontier_free(tips);
}

static void append_tree(struct world *w, struct scribe_item made[TREE], bool at_once)
{
    struct item items[TREE];

    make_tree(w, made);
    for (size_t i = 0; i < TREE; i++) {
        items[i] = made[i].item;
        if (!at_once)
            world_append(w, &items[i]);
    }
    if (at_once)
        assert_int_equal(archive_append(w->a, items, TREE), ERR_OK);
}

static void free_tree(struct scribe_item made[TREE])
{
    for (size_t i = 0; i < TREE; i++)
        scribe_item_free(&made[i]);
}

static void both_sides_of_a_fork_are_kept(void **state)
{
    struct world *w = *state;
    struct scribe_item made[TREE];

    append_tree(w, made, false);
    assert_tree(w->a, made, TREE);
    world_assert_has(w->a, &made[7], true); /* The way to the main head. */
    world_assert_has(w->a, &made[1], true);
    for (size_t i = 0; i < TREE; i++)
        world_append(w, &made[i].item); /* All of it is here. */
    assert_int_equal(world_verify(w->a, NULL).entries, TREE);
    assert_int_equal(world_verify(w->a, NULL).contents, TREE);
    free_tree(made);
}

static void a_tree_comes_in_one_batch(void **state)
{
    struct world *w = *state;
    struct scribe_item made[TREE];

    append_tree(w, made, true);
    assert_tree(w->a, made, TREE);
    world_reopen(w);
    assert_tree(w->a, made, TREE);
    assert_int_equal(world_verify(w->a, NULL).contents, TREE);
    free_tree(made);
}

static void branches_are_found_again_with_a_new_index_and_without_one(void **state)
{
    struct world *w = *state;
    struct scribe_item made[TREE];
    struct loaded loaded = {.world = w};
    struct archive *reader;

    assert_int_equal(archive_set_charter(w->a, bytes_text("a charter")), ERR_OK);
    append_tree(w, made, false);
    world_close(w);
    assert_true(world_git_is_content(w));
    assert_int_equal(home_run("rm -f %s/index.sqlite*", w->home), 0);
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
    assert_tree(reader, made, TREE);
    world_assert_has(reader, &made[7], true);
    archive_close(reader);
    world_open(w);
    assert_tree(w->a, made, TREE);
    assert_int_equal(archive_load_entries(w->a, world_compare_entry, &loaded), ERR_OK);
    assert_int_equal(loaded.count, TREE);
    free_tree(made);
}

/* Each branch has contents of its own: one that comes late reaches its own entry and no other. */
static void late_contents_of_branches_reach_their_own_entries(void **state)
{
    struct world *w = *state;
    struct scribe_item made[TREE];
    struct item item;

    make_tree(w, made);
    for (size_t i = 0; i < TREE; i++) {
        item = scribe_without_content(&made[i]);
        world_append(w, &item);
    }
    for (size_t i = 0; i < TREE; i += 2) {
        item = scribe_late_content(&made[i]);
        world_append(w, &item);
    }
    world_reopen(w);
    for (size_t i = 0; i < TREE; i++)
        assert_in_tree(w->a, &made[i], i % 2 == 0);
    assert_int_equal(world_verify(w->a, NULL).contents_missing, TREE / 2);
    free_tree(made);
}

static void a_log_may_have_so_many_branches_and_no_more(void **state)
{
    struct world *w = *state;
    struct scribe_item made;

    for (uint64_t i = 0; i <= LIMIT_BRANCHES; i++) {
        struct scribe at = w->scribe;

        at.seed += i;
        world_publish(&at, "text", &made);
        assert_int_equal(archive_append(w->a, &made.item, 1), i < LIMIT_BRANCHES ? ERR_OK : ERR_LIMIT);
        scribe_item_free(&made);
    }
    assert_int_equal(world_verify(w->a, NULL).entries, LIMIT_BRANCHES);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(both_sides_of_a_fork_are_kept),
        TEST(a_tree_comes_in_one_batch),
        TEST(branches_are_found_again_with_a_new_index_and_without_one),
        TEST(late_contents_of_branches_reach_their_own_entries),
        TEST(a_log_may_have_so_many_branches_and_no_more),
    };

    return cmocka_run_group_tests_name("store.archive_branch", tests, NULL, NULL);
}
