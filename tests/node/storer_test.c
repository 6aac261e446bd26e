/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/storer.h"

#include "tests/support/home.h"
#include "tests/support/scribe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MANY 40 /* More than are stored within the call. */

struct world {
    struct home directory;
    uv_loop_t loop;
    struct storer *storer;
    struct scribe scribe;
    struct scribe_item made[MANY];
    struct item items[MANY];
    size_t done;
    struct storer_outcome outcome;
};

static void on_done(void *context, const struct storer_outcome *outcome)
{
    struct world *w = context;

    w->outcome = *outcome;
    assert_true(w->done < MANY);
    w->done++;
}

/* The loop ends when that many are done, which are all. */
static void run_until(struct world *w, size_t done)
{
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(w->done, done);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct id network = id_hash(ID_NETWORK, bytes_text("a charter"));
    struct archive *archive = NULL;
    char home[160];

    w->directory = home_make();
    snprintf(home, sizeof home, "%s/home", w->directory.path);
    assert_int_equal(archive_create(home, &network), ERR_OK);
    assert_int_equal(archive_open(home, ARCHIVE_WRITE, &archive), ERR_OK);
    assert_int_equal(storer_new(archive, on_done, w, &w->storer), ERR_OK);
    assert_int_equal(uv_loop_init(&w->loop), 0);
    scribe_begin(&w->scribe, &network, 1, ROLE_COORDINATOR);
    for (size_t i = 0; i < MANY; i++) {
        scribe_publish(&w->scribe, bytes_text("minutes"), &w->made[i]);
        w->items[i] = w->made[i].item;
    }
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    storer_stop(w->storer);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    storer_free(w->storer);
    for (size_t i = 0; i < MANY; i++)
        scribe_item_free(&w->made[i]);
    home_remove(&w->directory);
    free(w);
    return 0;
}

/* An archive that is open until the loop's threads have ended: what git's library keeps of a thread goes then, if it is still in use. */
struct keeper {
    struct home directory;
    struct archive *archive;
};

static int open_keeper(void **state)
{
    static struct keeper keeper;
    struct id network = id_hash(ID_NETWORK, bytes_text("a charter"));
    char home[160];

    keeper.directory = home_make();
    snprintf(home, sizeof home, "%s/home", keeper.directory.path);
    assert_int_equal(archive_create(home, &network), ERR_OK);
    assert_int_equal(archive_open(home, ARCHIVE_READ, &keeper.archive), ERR_OK);
    *state = &keeper;
    return 0;
}

static int close_keeper(void **state)
{
    struct keeper *keeper = *state;

    uv_library_shutdown();
    archive_close(keeper->archive);
    home_remove(&keeper->directory);
    return 0;
}

static void store(struct world *w, size_t first, size_t count)
{
    storer_store(w->storer, &(struct storer_batch){.items = w->items + first, .count = count});
}

static void assert_has(struct world *w, size_t count)
{
    struct buffer wire = BUFFER(LIMIT_ENTRY);

    for (size_t i = 0; i < count; i++) {
        buffer_clear(&wire);
        assert_int_equal(archive_read_entry_of(storer_archive(w->storer), &w->items[i].head.entry, &wire), ERR_OK);
    }
    buffer_free(&wire);
}

static void without_a_loop_it_is_done_within_the_call(void **state)
{
    struct world *w = *state;

    store(w, 0, MANY);
    assert_int_equal(w->done, 1);
    assert_int_equal(w->outcome.err, ERR_OK);
    assert_false(w->outcome.is_judged);
    assert_false(storer_finish(w->storer));
    assert_has(w, MANY);
}

static void few_are_done_within_the_call(void **state)
{
    struct world *w = *state;

    storer_start(w->storer, &w->loop);
    store(w, 0, 1);
    assert_int_equal(w->done, 1);
    assert_has(w, 1);
}

static void many_are_done_when_the_loop_comes_to_it(void **state)
{
    struct world *w = *state;

    storer_start(w->storer, &w->loop);
    store(w, 0, MANY);
    assert_int_equal(w->done, 0);
    assert_has(w, MANY); /* Who asks for the archive waits. */
    assert_int_equal(w->done, 0);
    run_until(w, 1);
    assert_int_equal(w->outcome.err, ERR_OK);
    assert_false(w->outcome.governs);
}

static void few_are_done_beside_the_loop_when_more_follows(void **state)
{
    struct world *w = *state;

    archive_read_later(storer_archive(w->storer), MANY);
    storer_start(w->storer, &w->loop);
    storer_store(w->storer, &(struct storer_batch){.items = w->items, .count = 1, .more = true});
    assert_int_equal(w->done, 0);
    assert_has(w, 1);
    run_until(w, 1);
    assert_false(w->outcome.is_flushed);
    assert_int_equal(archive_unread(storer_archive(w->storer)), 1);
    store(w, 1, 1); /* And the last of them at once. */
    assert_int_equal(w->done, 2);
    assert_int_equal(archive_unread(storer_archive(w->storer)), 1);
    assert_has(w, 2);
}

static void who_cannot_wait_finishes_it(void **state)
{
    struct world *w = *state;

    storer_start(w->storer, &w->loop);
    store(w, 0, MANY / 2);
    assert_true(storer_finish(w->storer));
    assert_int_equal(w->done, 1);
    assert_false(storer_finish(w->storer));
    store(w, MANY / 2, MANY / 2); /* The loop has not heard of the first one's end yet, and never will. */
    run_until(w, 2);
    assert_has(w, MANY);
}

static void several_are_done_in_their_order(void **state)
{
    struct world *w = *state;

    storer_start(w->storer, &w->loop);
    store(w, 0, MANY / 2); /* Each rests on the one before it. */
    store(w, MANY / 2, MANY / 2 - 1);
    store(w, MANY - 1, 1); /* However few: those before it are not done. */
    assert_int_equal(w->done, 0);
    run_until(w, 3);
    assert_int_equal(w->outcome.err, ERR_OK);
    assert_has(w, MANY);
    assert_false(storer_finish(w->storer));
}

static void who_stops_waits_for_all_of_them(void **state)
{
    struct world *w = *state;

    storer_start(w->storer, &w->loop);
    store(w, 0, MANY / 2);
    store(w, MANY / 2, MANY / 2);
    storer_stop(w->storer);
    assert_int_equal(w->done, 2);
    assert_has(w, MANY);
    storer_stop(w->storer); /* It was. */
    store(w, 0, MANY);
    assert_int_equal(w->done, 3); /* Within the call, as before there was a loop. */
}

static void a_failure_is_told_and_harms_nothing(void **state)
{
    struct world *w = *state;

    storer_start(w->storer, &w->loop);
    store(w, 1, MANY - 1); /* The first is missing. */
    run_until(w, 1);
    assert_int_equal(w->outcome.err, ERR_GAP);
    store(w, 0, MANY);
    run_until(w, 2);
    assert_int_equal(w->outcome.err, ERR_OK);
    assert_has(w, MANY);
}

static void nothing_is_stored_behind_a_failure(void **state)
{
    struct world *w = *state;
    struct buffer wire = BUFFER(LIMIT_ENTRY);

    storer_start(w->storer, &w->loop);
    store(w, 1, MANY - 1); /* The first is missing. */
    store(w, 0, MANY / 2); /* By itself it could be stored. */
    run_until(w, 1);
    assert_int_equal(w->outcome.err, ERR_GAP);
    assert_false(storer_finish(w->storer));
    assert_int_equal(archive_read_entry_of(storer_archive(w->storer), &w->items[0].head.entry, &wire), ERR_MISSING);
    store(w, 0, MANY);
    run_until(w, 2);
    assert_int_equal(w->outcome.err, ERR_OK);
    assert_has(w, MANY);
    buffer_free(&wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_a_loop_it_is_done_within_the_call, setup, teardown),
        cmocka_unit_test_setup_teardown(few_are_done_within_the_call, setup, teardown),
        cmocka_unit_test_setup_teardown(many_are_done_when_the_loop_comes_to_it, setup, teardown),
        cmocka_unit_test_setup_teardown(few_are_done_beside_the_loop_when_more_follows, setup, teardown),
        cmocka_unit_test_setup_teardown(who_cannot_wait_finishes_it, setup, teardown),
        cmocka_unit_test_setup_teardown(several_are_done_in_their_order, setup, teardown),
        cmocka_unit_test_setup_teardown(who_stops_waits_for_all_of_them, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failure_is_told_and_harms_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_stored_behind_a_failure, setup, teardown),
    };

    return cmocka_run_group_tests(tests, open_keeper, close_keeper);
}
