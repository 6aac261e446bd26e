/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/crew.h"

#include "node/host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <uv.h>

#include <cmocka.h>

#define PARTS 1000

struct tally {
    atomic_size_t calls;
    unsigned char done[PARTS]; /* Each part has its own: it shares none. */
};

static void count_part(void *context, size_t index)
{
    struct tally *tally = context;

    atomic_fetch_add(&tally->calls, 1);
    tally->done[index]++;
}

static void each_part_is_done_once(void **state)
{
    struct crew *crew = NULL;

    (void)state;
    assert_int_equal(crew_new(&crew), ERR_OK);
    for (size_t count = 0; count <= PARTS; count += 1 + count / 7) { /* One piece of work after the other. */
        struct tally tally = {0};

        parallel_run(crew_parallel(crew), count, count_part, &tally);
        assert_int_equal(atomic_load(&tally.calls), count);
        for (size_t i = 0; i < PARTS; i++)
            assert_int_equal(tally.done[i], i < count);
    }
    crew_free(crew);
}

struct ranks {
    uv_thread_t caller;
    atomic_bool has_helped;
    atomic_int helper;
};

/* The caller's own part waits until a helper has taken the other one. */
static void note_rank(void *context, size_t index)
{
    struct ranks *ranks = context;
    uv_thread_t self = uv_thread_self();

    (void)index;
    if (uv_thread_equal(&self, &ranks->caller)) {
        while (!atomic_load(&ranks->has_helped))
            uv_sleep(1);
        return;
    }
    atomic_store(&ranks->helper, getpriority(PRIO_PROCESS, 0));
    atomic_store(&ranks->has_helped, true);
}

static void helpers_step_back_and_the_caller_does_not(void **state)
{
    struct ranks ranks = {.caller = uv_thread_self()};
    int rank = getpriority(PRIO_PROCESS, 0), behind = rank + HOST_BEHIND_READER;
    struct crew *crew = NULL;

    (void)state;
    assert_int_equal(crew_new(&crew), ERR_OK);
    if (crew_parallel(crew)->width == 1) { /* One processor: there is nobody else. */
        crew_free(crew);
        skip();
    }
    parallel_run(crew_parallel(crew), 2, note_rank, &ranks);
    assert_int_equal(atomic_load(&ranks.helper), behind < 19 ? behind : 19);
    assert_int_equal(getpriority(PRIO_PROCESS, 0), rank);
    crew_free(crew);
}

struct caller {
    const struct parallel *crew;
    bool is_right;
};

static void call_often(void *context)
{
    struct caller *caller = context;

    caller->is_right = true;
    for (size_t turn = 0; turn < 200; turn++) {
        struct tally tally = {0};

        parallel_run(caller->crew, PARTS, count_part, &tally);
        caller->is_right &= atomic_load(&tally.calls) == PARTS;
    }
}

static void two_callers_at_once_get_each_their_own(void **state)
{
    struct crew *crew = NULL;
    struct caller here, there;
    uv_thread_t thread;

    (void)state;
    assert_int_equal(crew_new(&crew), ERR_OK);
    here.crew = there.crew = crew_parallel(crew);
    assert_int_equal(uv_thread_create(&thread, call_often, &there), 0);
    call_often(&here);
    uv_thread_join(&thread);
    assert_true(here.is_right);
    assert_true(there.is_right);
    crew_free(crew);
}

static void a_crew_that_did_nothing_goes_home(void **state)
{
    struct crew *crew = NULL;

    (void)state;
    for (size_t i = 0; i < 50; i++) {
        assert_int_equal(crew_new(&crew), ERR_OK);
        crew_free(crew);
    }
    crew_free(NULL);
}

static void note_order(void *context, size_t index)
{
    size_t *expected = context;

    assert_int_equal(index, (*expected)++);
}

static void without_a_crew_parts_are_done_in_order(void **state)
{
    size_t expected = 0;

    (void)state;
    assert_null(crew_parallel(NULL));
    assert_int_equal(parallel_width(NULL), 1);
    parallel_run(NULL, 10, note_order, &expected);
    assert_int_equal(expected, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_is_done_once),
        cmocka_unit_test(helpers_step_back_and_the_caller_does_not),
        cmocka_unit_test(two_callers_at_once_get_each_their_own),
        cmocka_unit_test(a_crew_that_did_nothing_goes_home),
        cmocka_unit_test(without_a_crew_parts_are_done_in_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
