/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "node/page_maker.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char home[] = "/tmp/igum-maker-XXXXXX"; /* Without an archive: pages of it are not available. */

static int make_home(void **state)
{
    (void)state;
    return mkdtemp(home) != NULL ? 0 : -1;
}

static int remove_home(void **state)
{
    (void)state;
    return rmdir(home);
}

static int start_maker(void **state)
{
    *state = page_maker_start(home, -1);
    return *state != NULL ? 0 : -1;
}

static int stop_maker(void **state)
{
    page_maker_stop(*state);
    return 0;
}

static uint64_t no_changes(void *context, const struct id *document)
{
    (void)context;
    (void)document;
    return 0;
}

static const struct page_cache_asker asker = {.stamp = {.opening = 1, .version = 7}, .changed = no_changes};

static struct page_order *order(struct page_maker *maker, const char *path, bool is_awaited)
{
    const struct route_request request = {.path = bytes_text(path), .host = bytes_text("archive"), .page = 1};
    struct page_order *ordered = page_maker_order(maker, &asker, true, &request, is_awaited);

    assert_non_null(ordered);
    return ordered;
}

static struct page_order *wait_for_one(struct page_maker *maker)
{
    struct pollfd ready = {.fd = page_maker_fd(maker), .events = POLLIN};
    struct page_order *made;

    while ((made = page_maker_take(maker)) == NULL)
        assert_int_equal(poll(&ready, 1, 60000), 1);
    return made;
}

static void what_is_ordered_is_made(void **state)
{
    struct page_order *ordered = order(*state, "/igum.css", true), *made = wait_for_one(*state);

    assert_ptr_equal(made, ordered);
    assert_int_equal(made->answer.status, 200);
    assert_true(made->answer.page.out.len > 0);
    assert_int_equal(made->answer.etag[0], '"');
    assert_true(bytes_equal(made->request.path, bytes_text("/igum.css")));
    assert_true(bytes_equal(made->request.host, bytes_text("archive")));
    assert_null(page_maker_take(*state));
    page_order_free(made);
}

static void a_page_that_cannot_be_made_says_so(void **state)
{
    struct page_order *made;

    (void)order(*state, "/documents", true);
    made = wait_for_one(*state);
    assert_int_equal(made->answer.status, 503);
    assert_int_equal(made->answer.etag[0], '\0');
    page_order_free(made);
}

/* Whatever the thread has come to by then. */
static void who_wants_the_same_gets_the_same(void **state)
{
    struct page_order *first = order(*state, "/igum.css", false), *other = order(*state, "/mark.svg", true), *made[2];

    assert_ptr_equal(order(*state, "/igum.css", true), first);
    assert_ptr_not_equal(other, first);
    assert_ptr_equal(order(*state, "/mark.svg", false), other);
    made[0] = wait_for_one(*state);
    made[1] = wait_for_one(*state);
    assert_true((made[0] == first && made[1] == other) || (made[0] == other && made[1] == first));
    assert_null(page_maker_take(*state));
    page_order_free(first);
    page_order_free(other);
    page_order_free((order(*state, "/igum.css", true), wait_for_one(*state))); /* Anew: the first one was taken. */
}

/* The tool that looks for lost memory sees to it. */
static void the_end_frees_what_was_not_taken(void **state)
{
    char path[32];

    for (size_t i = 0; i < 50; i++) {
        (void)snprintf(path, sizeof path, "/nothing/%zu", i);
        (void)order(*state, path, i % 2 == 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_maker, stop_maker)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_ordered_is_made),
        TEST(a_page_that_cannot_be_made_says_so),
        TEST(who_wants_the_same_gets_the_same),
        TEST(the_end_frees_what_was_not_taken),
    };

    return cmocka_run_group_tests_name("page_maker", tests, make_home, remove_home);
}
