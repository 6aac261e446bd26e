/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/store/archive_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/files.h"
#include "store/index.h"

/* ---- making and opening ---- */

static void archive_is_made_once(void **state)
{
    struct world *w = *state;
    uint64_t store_id = archive_store_id(w->a);

    assert_int_equal(archive_create(w->home, &w->network), ERR_EXISTS);
    world_reopen(w);
    assert_int_equal(archive_store_id(w->a), store_id);
    assert_int_not_equal(store_id, 0);
    struct id network = archive_network(w->a);
    assert_true(id_equal(&network, &w->network));
    assert_int_equal(archive_charter(w->a).len, 0);
    assert_true(world_git_is_content(w));
}

static void missing_archive_is_told(void **state)
{
    struct world *w = *state;
    struct archive *a;

    assert_int_equal(archive_open(w->directory.path, ARCHIVE_READ, &a), ERR_MISSING);
    assert_null(a);
    assert_true(strlen(archive_open_reason()) > 0);
}

static void half_made_archive_is_made_anew(void **state)
{
    struct world *w = *state;
    char home[512];

    snprintf(home, sizeof home, "%s/other", w->directory.path);
    assert_int_equal(home_run("mkdir -p %s/archive.git.new/objects && echo x > %s/network", home, home), 0);
    assert_int_equal(archive_create(home, &w->network), ERR_OK);
}

static void charter_must_be_that_of_the_network(void **state)
{
    struct world *w = *state;

    assert_int_equal(archive_set_charter(w->a, bytes_text("another charter")), ERR_NETWORK);
    assert_int_equal(archive_charter(w->a).len, 0);
    assert_int_equal(archive_set_charter(w->a, bytes_text("a charter")), ERR_OK);
    assert_int_equal(archive_set_charter(w->a, bytes_text("a charter")), ERR_OK);
    world_reopen(w);
    assert_true(bytes_equal(archive_charter(w->a), bytes_text("a charter")));
    assert_true(world_git_is_content(w));
}

/* What a restored clone has: the repository and nothing else. */
static void charter_tells_the_network_of_a_restored_archive(void **state)
{
    struct world *w = *state;
    uint64_t store_id = archive_store_id(w->a);
    struct scribe_item made;

    assert_int_equal(archive_set_charter(w->a, bytes_text("a charter")), ERR_OK);
    world_publish(&w->scribe, "text", &made);
    world_append(w, &made.item);
    world_close(w);
    assert_int_equal(
        home_run("cd %s && git clone -q --mirror archive.git clone.git && rm -rf archive.git network store_id "
                 "index.sqlite* && mv clone.git archive.git",
                 w->home),
        0);
    world_open(w);
    struct id network = archive_network(w->a);
    assert_true(id_equal(&network, &w->network));
    assert_int_not_equal(archive_store_id(w->a), store_id);
    world_assert_has(w->a, &made, true);
    scribe_item_free(&made);
    world_append_text(w, &w->scribe, "after the restore");
    assert_int_equal(world_verify(w->a, NULL).entries, 2);
    assert_true(world_git_is_content(w));
}

/* ---- appending ---- */

static void appended_entry_is_read_back_the_same(void **state)
{
    struct world *w = *state;
    struct scribe_item made[2];

    world_publish(&w->scribe, "שלום", &made[0]);
    world_append(w, &made[0].item);
    scribe_approve(&w->scribe, &made[1]);
    world_append(w, &made[1].item);
    world_assert_has(w->a, &made[0], true);
    world_assert_has(w->a, &made[1], false);
    world_reopen(w);
    world_assert_has(w->a, &made[0], true);
    assert_int_equal(world_head_of(w->a, &w->scribe.key.public), 2);
    assert_true(world_git_is_content(w));
    scribe_item_free(&made[0]);
    scribe_item_free(&made[1]);
}

/* What the journal was told outlives the loss of all that was done by it, of the index too. */
static void little_is_durable_by_the_journal(void **state)
{
    struct world *w = *state;
    struct scribe_item made[3];

    world_close(w);
    world_open(w);
    assert_int_equal(home_run("cp -a %s %s/before", w->home, w->directory.path), 0);
    for (size_t i = 0; i < 3; i++) {
        world_publish(&w->scribe, "a text", &made[i]);
        world_append(w, &made[i].item);
    }
    assert_int_equal(home_run("cp %s/archive.git/journal %s/before/archive.git/", w->home, w->directory.path), 0);
    world_close(w);
    assert_int_equal(home_run("rm -r %s && mv %s/before %s", w->home, w->directory.path, w->home), 0);
    world_open(w);
    for (size_t i = 0; i < 3; i++) {
        world_assert_has(w->a, &made[i], true);
        scribe_item_free(&made[i]);
    }
    assert_int_equal(world_head_of(w->a, &w->scribe.key.public), 3);
    assert_int_equal(world_verify(w->a, NULL).contents, 3);
    assert_true(world_git_is_content(w));
}

static void batch_becomes_one_pack(void **state)
{
    struct world *w = *state;
    struct scribe other;
    struct scribe_item made[30];
    struct item items[30];

    scribe_begin(&other, &w->network, 2, ROLE_STEWARD);
    for (size_t i = 0; i < 30; i++) {
        world_publish(i % 3 ? &w->scribe : &other, "a text", &made[i]);
        items[i] = made[i].item;
    }
    assert_int_equal(archive_append(w->a, items, 30), ERR_OK);
    assert_int_equal(home_run("test $(ls %s/archive.git/objects/pack/*.pack | wc -l) = 1", w->home), 0);
    world_reopen(w);
    for (size_t i = 0; i < 30; i++) {
        world_assert_has(w->a, &made[i], true);
        scribe_item_free(&made[i]);
    }
    assert_int_equal(world_verify(w->a, NULL).contents, 30);
    assert_true(world_git_is_content(w));
    assert_int_equal(home_run("git clone --mirror %s/archive.git %s/clone.git && git -C %s/clone.git fsck --strict",
                              w->home, w->home, w->home),
                     0);
}

/* How many documents the index lists, and how many of them by the title in their text. */
struct listed {
    size_t all, titled;
};

static enum err count_listed(void *context, const struct index_revision *revision)
{
    struct listed *listed = context;

    listed->all++;
    listed->titled += bytes_equal(revision->title, bytes_text("Minutes"));
    return ERR_OK;
}

static struct listed list_documents(const struct world *w)
{
    const struct index_filter all = {.limit = 1000};
    struct listed listed = {.all = 0};
    struct index *index;
    char path[FILES_PATH_SIZE];

    assert_int_equal(files_join(path, w->home, "index.sqlite"), ERR_OK);
    assert_int_equal(index_open(path, false, &index, NULL), ERR_OK);
    assert_int_equal(index_each_document(index, &all, count_listed, &listed), ERR_OK);
    index_close(index);
    return listed;
}

static void texts_of_a_large_batch_are_read_behind_it(void **state)
{
    enum { COUNT = 40 };
    struct world *w = *state;
    struct scribe_item made[COUNT];
    struct item items[COUNT];
    struct archive *reader;
    bool more = true;

    archive_read_later(w->a, 32);
    world_append_text(w, &w->scribe, "# Minutes\n");
    assert_int_equal(archive_unread(w->a), 0); /* One document is there at once. */
    for (size_t i = 0; i < COUNT; i++) {
        world_publish(&w->scribe, "# Minutes\n", &made[i]);
        items[i] = made[i].item;
    }
    assert_true(archive_index_is_flushed(w->a));
    assert_int_equal(archive_append(w->a, items, COUNT), ERR_OK);
    assert_int_equal(archive_unread(w->a), COUNT);
    assert_false(archive_index_is_flushed(w->a));
    assert_int_equal(list_documents(w).all, 1); /* Others wait for more of it. */
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
    assert_int_equal(archive_find_in(reader, &w->scribe.key.public, &made[7].item.head.entry), ERR_OK);
    assert_int_equal(archive_find_in(reader, &w->network, &made[7].item.head.entry), ERR_MISSING);
    assert_int_equal(archive_find_in(reader, &w->scribe.key.public, &w->network), ERR_MISSING);
    archive_close(reader);
    assert_int_equal(archive_flush_index(w->a), ERR_OK);
    assert_true(archive_index_is_flushed(w->a));
    assert_int_equal(list_documents(w).all, 1);
    world_assert_has(w->a, &made[COUNT - 1], true);
    world_reopen(w); /* What waits outlives the process. */
    for (size_t rounds = 0; more; rounds++) {
        assert_true(rounds < 4);
        assert_int_equal(archive_read_unread(w->a, NULL, 16, &more), ERR_OK);
        assert_int_equal(list_documents(w).titled, more ? 1 : COUNT + 1); /* Others see many of them at once. */
        assert_int_equal(list_documents(w).all, list_documents(w).titled);
    }
    assert_int_equal(archive_unread(w->a), 0);
    assert_true(archive_index_is_flushed(w->a));
    for (size_t i = 0; i < COUNT; i++)
        scribe_item_free(&made[i]);
}

static void nothing_is_appended_well(void **state)
{
    struct world *w = *state;

    assert_int_equal(archive_append(w->a, NULL, 0), ERR_OK);
}

/* The buckets of a thousand: names around their border, in the order that git asks for. */
static void long_log_stays_in_the_order_of_git(void **state)
{
    struct world *w = *state;
    struct scribe_item *made = calloc(1102, sizeof *made);
    struct item *items = calloc(1102, sizeof *items);

    for (size_t i = 0; i < 1102; i++) {
        if (i < 95 || i > 995)
            world_publish(&w->scribe, "x", &made[i]);
        else
            scribe_approve(&w->scribe, &made[i]);
        items[i] = made[i].item;
    }
    assert_int_equal(archive_append(w->a, items, 1101), ERR_OK);
    world_append(w, &items[1101]);
    assert_true(world_git_is_content(w));
    assert_int_equal(world_verify(w->a, NULL).contents, 95 + 106);
    world_assert_has(w->a, &made[998], true);
    world_assert_has(w->a, &made[1101], true);
    for (size_t i = 0; i < 1102; i++)
        scribe_item_free(&made[i]);
    free(made);
    free(items);
}

static void assert_refused(struct world *w, const struct item *item, enum err expected)
{
    uint64_t before = world_head_of(w->a, &w->scribe.key.public);
    struct item two[2] = {*item, *item};

    assert_int_equal(archive_append(w->a, item, 1), expected);
    assert_int_equal(archive_append(w->a, two, 2), expected);
    assert_int_equal(world_head_of(w->a, &w->scribe.key.public), before);
}

static void what_does_not_follow_is_refused_and_harms_nothing(void **state)
{
    struct world *w = *state;
    struct scribe twin = w->scribe;
    struct scribe_item first, second, third, rival, rival_second;
    struct item wrong;

    world_publish(&w->scribe, "one", &first);
    world_publish(&w->scribe, "two", &second);
    world_publish(&w->scribe, "three", &third);
    world_publish(&twin, "another one", &rival);
    world_publish(&twin, "another two", &rival_second);
    assert_refused(w, &second.item, ERR_GAP);
    world_append(w, &first.item);
    assert_refused(w, &third.item, ERR_GAP);
    assert_refused(w, &rival_second.item, ERR_GAP); /* What it hangs from is not here. */
    wrong = second.item;
    wrong.head.commit.at[0] ^= 1;
    assert_refused(w, &wrong, ERR_AUTH);
    wrong = second.item;
    wrong.content = third.item.content;
    assert_refused(w, &wrong, ERR_AUTH);
    wrong = second.item;
    wrong.content_id = (struct id){{1}}; /* Verified to be another one than the entry signs. */
    assert_refused(w, &wrong, ERR_AUTH);
    world_append(w, &second.item);
    world_append(w, &third.item);
    assert_int_equal(world_verify(w->a, NULL).contents, 3);
    scribe_item_free(&first);
    scribe_item_free(&second);
    scribe_item_free(&third);
    scribe_item_free(&rival);
    scribe_item_free(&rival_second);
}

static void what_is_here_already_is_passed_over(void **state)
{
    struct world *w = *state;
    struct scribe_item made[3];
    struct item items[3];

    for (size_t i = 0; i < 3; i++) {
        world_publish(&w->scribe, "text", &made[i]);
        items[i] = made[i].item;
    }
    assert_int_equal(archive_append(w->a, items, 2), ERR_OK);
    assert_int_equal(archive_append(w->a, items, 1), ERR_OK);
    assert_int_equal(archive_append(w->a, items, 3), ERR_OK);
    items[0].content = bytes_of(NULL, 0);
    assert_int_equal(archive_append(w->a, items, 1), ERR_OK);
    assert_int_equal(world_head_of(w->a, &w->scribe.key.public), 3);
    for (size_t i = 0; i < 3; i++) {
        world_assert_has(w->a, &made[i], true);
        scribe_item_free(&made[i]);
    }
    assert_int_equal(world_verify(w->a, NULL).contents, 3);
}

static void content_may_come_later(void **state)
{
    struct world *w = *state;
    struct scribe_item made[3];
    struct item items[3];

    for (size_t i = 0; i < 3; i++) {
        world_publish(&w->scribe, "text", &made[i]);
        items[i] = scribe_without_content(&made[i]);
    }
    items[1] = made[1].item;
    assert_int_equal(archive_append(w->a, items, 3), ERR_OK);
    assert_int_equal(world_missing(w->a), 13);
    world_assert_has(w->a, &made[0], false);
    items[0] = scribe_late_content(&made[0]);
    world_append(w, &items[0]);
    assert_int_equal(world_missing(w->a), 3);
    world_assert_has(w->a, &made[0], true);
    items[0] = scribe_late_content(&made[2]);
    items[0].content = made[0].item.content;
    assert_int_equal(archive_append(w->a, items, 1), ERR_AUTH);
    items[0] = scribe_late_content(&made[2]);
    items[0].head.seq = 4;
    assert_int_equal(archive_append(w->a, items, 1), ERR_MISSING);
    items[0] = scribe_late_content(&made[2]);
    world_append(w, &items[0]);
    assert_int_equal(world_missing(w->a), 0);
    world_reopen(w);
    assert_int_equal(world_verify(w->a, NULL).contents_missing, 0);
    for (size_t i = 0; i < 3; i++)
        scribe_item_free(&made[i]);
}

static void content_may_follow_its_entry_in_a_batch(void **state)
{
    struct world *w = *state;
    struct scribe_item made[2];
    struct item items[3];

    world_publish(&w->scribe, "one", &made[0]);
    world_publish(&w->scribe, "two", &made[1]);
    items[0] = scribe_without_content(&made[0]);
    items[1] = scribe_without_content(&made[1]);
    items[2] = scribe_late_content(&made[0]);
    assert_int_equal(archive_append(w->a, items, 3), ERR_OK);
    world_assert_has(w->a, &made[0], true);
    assert_int_equal(world_missing(w->a), 2);
    scribe_item_free(&made[0]);
    scribe_item_free(&made[1]);
}

static void all_entries_are_told_as_they_are(void **state)
{
    struct world *w = *state;
    struct scribe_item approval;
    struct scribe steward;
    struct loaded loaded = {.world = w};

    assert_int_equal(archive_set_charter(w->a, bytes_text("a charter")), ERR_OK);
    scribe_begin(&steward, &w->network, 2, ROLE_STEWARD);
    world_append_text(w, &w->scribe, "one");
    world_append_text(w, &w->scribe, "two");
    world_append_text(w, &steward, "one");
    scribe_approve(&steward, &approval);
    world_append(w, &approval.item);
    assert_int_equal(archive_load_entries(w->a, world_compare_entry, &loaded), ERR_OK);
    assert_int_equal(loaded.count, 4);
    scribe_item_free(&approval);
}

/* ---- the index is derived ---- */

static void lost_or_damaged_index_is_made_anew(void **state)
{
    static const char *const commands[] = {"rm -f index.sqlite*", "echo rubbish > index.sqlite",
                                           "truncate -s 5000 index.sqlite"};
    struct world *w = *state;
    struct scribe_item made;

    world_append_text(w, &w->scribe, "one");
    world_publish(&w->scribe, "two", &made);
    world_append(w, &made.item);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        world_close(w);
        assert_int_equal(home_run("cd %s && %s", w->home, commands[i]), 0);
        world_open(w);
        world_assert_has(w->a, &made, true);
        assert_int_equal(world_missing(w->a), 0);
    }
    scribe_item_free(&made);
}

static void reader_without_an_index_finds_everything(void **state)
{
    struct world *w = *state;
    struct archive *reader;
    struct scribe_item made[2];
    struct item without;
    uint64_t digits = 0;

    world_publish(&w->scribe, "one", &made[0]);
    world_append(w, &made[0].item);
    world_publish(&w->scribe, "two", &made[1]);
    without = scribe_without_content(&made[1]);
    world_append(w, &without);
    world_close(w);
    assert_int_equal(home_run("rm -f %s/index.sqlite*", w->home), 0);
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
    world_assert_has(reader, &made[0], true);
    world_assert_has(reader, &made[1], false);
    assert_int_equal(world_missing(reader), 2);
    assert_int_equal(archive_load_entries(reader, world_count_entry, &digits), ERR_OK);
    assert_int_equal(digits, 12);
    archive_close(reader);
    world_open(w);
    scribe_item_free(&made[0]);
    scribe_item_free(&made[1]);
}

/* A repository that was restored from a backup, beside the index of today. */
static void index_of_another_past_is_forgotten(void **state)
{
    struct world *w = *state;
    struct scribe twin;
    struct scribe_item lost, kept;

    world_append_text(w, &w->scribe, "one");
    twin = w->scribe;
    world_close(w);
    assert_int_equal(home_run("cp -a %s/archive.git %s/backup", w->home, w->home), 0);
    world_open(w);
    world_publish(&w->scribe, "two", &lost);
    world_append(w, &lost.item);
    world_close(w);
    assert_int_equal(home_run("cd %s && rm -rf archive.git && mv backup archive.git", w->home), 0);
    world_open(w);
    struct id log;
    uint64_t seq;
    assert_int_equal(archive_find(w->a, &lost.item.head.entry, &log, &seq), ERR_MISSING);
    assert_int_equal(world_head_of(w->a, &twin.key.public), 1);
    world_publish(&twin, "another two", &kept);
    world_append(w, &kept.item);
    world_assert_has(w->a, &kept, true);
    scribe_item_free(&lost);
    scribe_item_free(&kept);
}

static void reader_sees_what_is_appended_beside_it(void **state)
{
    struct world *w = *state;
    struct archive *reader;
    struct scribe_item made[62];
    struct item items[62];

    world_append_text(w, &w->scribe, "before");
    assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
    assert_int_equal(world_head_of(reader, &w->scribe.key.public), 1);
    for (size_t i = 0; i < 62; i++) {
        world_publish(&w->scribe, "beside", &made[i]);
        items[i] = made[i].item;
    }
    world_append(w, &items[0]);
    world_assert_has(reader, &made[0], true);
    assert_int_equal(archive_append(w->a, items + 1, 61), ERR_OK);
    world_assert_has(reader, &made[61], true);
    assert_int_equal(world_head_of(reader, &w->scribe.key.public), 63);
    assert_int_equal(archive_append(reader, items, 1), ERR_IO);
    archive_close(reader);
    for (size_t i = 0; i < 62; i++)
        scribe_item_free(&made[i]);
}

/* ---- tidying ---- */

static void packs_are_joined_and_a_reader_does_not_notice(void **state)
{
    struct world *w = *state;
    struct archive *reader;
    struct scribe_item made[100];
    struct item items[2];

    for (size_t i = 0; i < 100; i++)
        world_publish(&w->scribe, "text", &made[i]);
    for (size_t i = 0; i < 100; i += 2) {
        if (i == 60)
            assert_int_equal(archive_open(w->home, ARCHIVE_READ, &reader), ERR_OK);
        items[0] = made[i].item;
        items[1] = made[i + 1].item;
        assert_int_equal(archive_append(w->a, items, 2), ERR_OK);
    }
    while (archive_shrink(w->a))
        ;
    assert_int_equal(home_run("test $(ls %s/archive.git/objects/pack/*.pack | wc -l) -le 41", w->home), 0);
    for (size_t i = 0; i < 100; i++) {
        world_assert_has(w->a, &made[i], true);
        world_assert_has(reader, &made[i], true);
        scribe_item_free(&made[i]);
    }
    archive_close(reader);
    assert_int_equal(world_verify(w->a, NULL).contents, 100);
    assert_true(world_git_is_content(w));
    world_append_text(w, &w->scribe, "after");
    world_reopen(w);
    assert_int_equal(world_verify(w->a, NULL).entries, 101);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        TEST(archive_is_made_once),
        TEST(missing_archive_is_told),
        TEST(half_made_archive_is_made_anew),
        TEST(charter_must_be_that_of_the_network),
        TEST(charter_tells_the_network_of_a_restored_archive),
        TEST(appended_entry_is_read_back_the_same),
        TEST(little_is_durable_by_the_journal),
        TEST(batch_becomes_one_pack),
        TEST(texts_of_a_large_batch_are_read_behind_it),
        TEST(nothing_is_appended_well),
        TEST(long_log_stays_in_the_order_of_git),
        TEST(what_does_not_follow_is_refused_and_harms_nothing),
        TEST(what_is_here_already_is_passed_over),
        TEST(content_may_come_later),
        TEST(content_may_follow_its_entry_in_a_batch),
        TEST(all_entries_are_told_as_they_are),
        TEST(lost_or_damaged_index_is_made_anew),
        TEST(reader_without_an_index_finds_everything),
        TEST(index_of_another_past_is_forgotten),
        TEST(reader_sees_what_is_appended_beside_it),
        TEST(packs_are_joined_and_a_reader_does_not_notice),
    };

    return cmocka_run_group_tests_name("store.archive", tests, NULL, NULL);
}
